// Options from a file: ~/.config/aldis_pub, ~/.config/aldis_sub, or else those of the tools they replace.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace aldis::app {

/// One option of a file, ready for the option table.
struct file_option {
    std::string name{};
    std::string value{};
    bool        has_value = false;
    std::size_t line = 0;
};

/// The options in the text of a file: one `-option value` a line, `#` first for a comment, spaces in the value kept.
/// Throws usage_error for a line longer than 1,023 bytes.
std::vector<file_option> read_options_text(std::string_view text);

/// Where the file of `which` can be, in order: $XDG_CONFIG_HOME/aldis_pub or $HOME/.config/aldis_pub, then mosquitto_pub there.
/// `environment` gives the value of a variable, or null.
std::vector<std::string> options_files(tool which, std::function<char const*(char const*)> const& environment);

/// Applies the first of `paths` that exists. Throws usage_error, which names file and line.
void apply_options_file(options& given, std::vector<std::string> const& paths);

} // namespace aldis::app
