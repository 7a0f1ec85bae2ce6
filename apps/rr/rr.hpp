// `aldis rr`.
#pragma once

#include "../cli/options.hpp"

namespace aldis::app {

/// Subscribes to the response topic, publishes the request, prints the first message that comes; the program's exit code. Throws usage_error.
int rr_run(options const& given);

} // namespace aldis::app
