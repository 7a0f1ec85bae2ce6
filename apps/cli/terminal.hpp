// Text from elsewhere, made safe for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace aldis::app {

/// Appends `text` so that a terminal cannot take any of it for a command: control characters (C0, DEL, C1), characters that turn
/// the direction of writing, and bytes that are not UTF-8 are shown as \n, \t, \r, \xHH or \u{HHHH}.
void append_visible(std::string& out, std::string_view text);

/// The same within JSON text, where control characters can stand in strings only: \u00HH, so that it stays the same JSON.
void append_visible_json(std::string& out, std::string_view json);

/// True when standard output is a terminal.
bool output_is_terminal() noexcept;

/// What `append_visible` makes of `text`.
inline std::string visible(std::string_view text) {
    std::string out;
    append_visible(out, text);
    return out;
}

} // namespace aldis::app
