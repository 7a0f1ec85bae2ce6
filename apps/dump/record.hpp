// What flows through `dump` once streams are cut into packets, in the words of the library that follows conversations.
#pragma once

#include <aldis/follow/printer.hpp>
#include <aldis/follow/record.hpp>

#include "source.hpp"

namespace aldis::app::dump {

using follow::extra;
using follow::findings;
using follow::flow_kind;
using follow::hole;
using follow::output;
using follow::packet_mark;
using follow::passing_stage;
using follow::printer;
using follow::record;
using follow::stage;
using follow::version_source;

} // namespace aldis::app::dump
