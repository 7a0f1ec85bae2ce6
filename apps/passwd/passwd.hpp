// `aldis passwd`: writes and checks password files of a broker.
#pragma once

#include <string>
#include <vector>

namespace aldis::app {

/// Takes the words behind the tool's name; returns the exit code.
int passwd_run(std::vector<std::string> const& words);

} // namespace aldis::app
