// All that a program embedding Aldis needs.
#pragma once

#include <aldis/cancel_after.hpp>
#include <aldis/client.hpp>
#include <aldis/codec/topic.hpp>
#include <aldis/connection.hpp>
#include <aldis/error.hpp>
#include <aldis/log.hpp>
#include <aldis/reconnect.hpp>
#include <aldis/request_response.hpp>
#include <aldis/session_store.hpp>
#include <aldis/subscription.hpp>
