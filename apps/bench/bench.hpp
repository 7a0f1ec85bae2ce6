// `aldis bench`.
#pragma once

#include <string>
#include <vector>

namespace aldis::app {

/// Runs what the words behind `aldis bench` say; the program's exit code: 1 when anything went wrong.
int bench_run(std::vector<std::string> const& words);

} // namespace aldis::app
