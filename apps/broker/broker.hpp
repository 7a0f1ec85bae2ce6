// `aldis broker`: a broker with mosquitto's configuration files.
#pragma once

#include <string>
#include <vector>

namespace aldis::app {

/// Takes the words behind the tool's name; returns the exit code.
int broker_run(std::vector<std::string> const& words);

} // namespace aldis::app
