// `aldis pub`.
#pragma once

#include "../cli/options.hpp"

namespace aldis::app {

/// Publishes what the options say; the program's exit code. Ends when all of QoS 1 and 2 is acknowledged. Throws usage_error.
int pub_run(options const& given);

} // namespace aldis::app
