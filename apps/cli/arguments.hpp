// The command line of one tool, read.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"

namespace aldis::app {

/// Applies the words of a command line, the program's name left out, to `given`, in their order. Throws usage_error.
void apply_arguments(options& given, std::vector<std::string> const& words);

/// The text of `--help`.
std::string help_text(tool which, std::string const& program);

/// The version line of `program`.
std::string version_text(std::string const& program);

} // namespace aldis::app
