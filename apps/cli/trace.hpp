// -d: a line for each packet sent and received, made safe where a terminal shows it.
#pragma once

#include <aldis/log.hpp>

#include "terminal.hpp"

namespace aldis::app {

/// `escape` is for a terminal: see append_visible().
inline packet_lines packet_trace(bool escape) noexcept { return packet_lines(escape ? &visible : nullptr); }

} // namespace aldis::app
