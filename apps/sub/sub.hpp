// `aldis sub`.
#pragma once

#include "../cli/options.hpp"

namespace aldis::app {

/// Subscribes and prints until told to stop; the program's exit code. Throws usage_error.
int sub_run(options const& given);

} // namespace aldis::app
