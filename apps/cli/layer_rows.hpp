// The options of what lies between TCP and MQTT: TLS, WebSocket, proxies; and the names of servers.
#pragma once

#include <string_view>
#include <vector>

#include "options.hpp"

namespace aldis::app {

/// Their rows of the table of options.
std::vector<option_row> make_layer_rows();

} // namespace aldis::app
