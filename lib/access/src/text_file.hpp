// Files of lines, read and replaced as a whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aldis::access {

inline constexpr std::size_t max_file_size = 16U << 20U;

/// Throws file_error: not there, not readable, too large.
std::string read_text_file(std::string const& path);

/// Writes a file beside `path` and puts it in its place once it is on the disk. Throws file_error.
void replace_text_file(std::string const& path, std::string_view text);

/// Calls `each(line, number)` for the lines of `text`, without their ends, counted from 1.
template <class Each>
void for_each_line(std::string_view text, Each each) {
    std::size_t number = 0;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto       line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        each(line, ++number);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
}

/// Throws file_error: "name:number: what".
[[noreturn]] void fail_at(std::string_view name, std::size_t number, std::string const& what);

/// `text` for a message: without control characters, and not long.
std::string quoted(std::string_view text);

} // namespace aldis::access
