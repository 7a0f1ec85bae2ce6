// From the options of a command line to the way to the broker: its address and what lies between TCP and MQTT.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/transport/connect_options.hpp>
#include <aldis/transport/endpoint.hpp>

#include "options.hpp"

namespace aldis::app {

/// How TLS and WebSocket are stacked.
transport::scheme scheme_of(connection_options const& c) noexcept;

/// Where the broker is: with the port that fits where none was given.
transport::endpoint endpoint_of(connection_options const& c);

/// Everything else the transport is told. Throws start_error when a file cannot be read or -A has no address.
transport::connect_options way_of(connection_options const& c);

/// Refuses options of the way that do not go together, and adds to `given.warnings` what is only suspicious. Throws usage_error.
void check_way(options& given);

} // namespace aldis::app
