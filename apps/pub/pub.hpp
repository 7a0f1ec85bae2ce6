// `aldis pub`.
#pragma once

#include <string>

#include <aldis/request.hpp>

#include "../cli/options.hpp"

namespace aldis::app {

/// Publishes what the options say; the program's exit code. Ends when all of QoS 1 and 2 is acknowledged. Throws usage_error.
int pub_run(options const& given);

/// QoS, retain and properties of what `pub` and `rr` publish.
publish_options how_to_publish(options const& given, protocol version);

/// What -m, -f, -n or -s gives. Throws input_error.
std::string payload_of(pub_options const& wanted);

} // namespace aldis::app
