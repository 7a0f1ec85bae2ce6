// A broker as a service: it starts, reads its configuration again when it is told to, and ends.
#pragma once

#include "request.hpp"

namespace aldis::app {

/// Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again. Problems go to standard error until the log is open. Exit code.
int serve(broker_request const& request, config::configuration first);

/// Prints each problem on a line of standard error.
void print_problems(config::problems const& told);

} // namespace aldis::app
