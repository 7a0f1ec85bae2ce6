// `aldis dump`: shows the MQTT packets of captures, live interfaces and byte streams.
#pragma once

#include <string>
#include <vector>

namespace aldis::app {

/// Runs `aldis dump` with the words behind it; returns the exit status.
int dump_run(std::vector<std::string> const& words);

} // namespace aldis::app
