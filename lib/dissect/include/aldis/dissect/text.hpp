// Text from packets made fit to be shown: escaped, as JSON, as hexadecimal; numbers without a format string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::dissect {

/// Appends `number` in decimal.
void append_number(std::string& out, std::uint64_t number);

/// Appends `bytes` as lower-case hexadecimal digits.
void append_hex(std::string& out, bytes_view bytes);

/// Text as Wireshark shows it: \n, \t, other control characters as \004, ill-formed bytes as U+FFFD. Nothing that a terminal could take for a
/// command comes out: C1 controls, line separators and what turns the direction of writing become \u{202e}.
void append_shown(std::string& out, std::string_view text);

/// The inside of a JSON string: ill-formed bytes become U+FFFD as a strict decoder makes them, control characters and those that could
/// deceive on a terminal are escaped.
void append_json(std::string& out, std::string_view text);

/// The same with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// How many of the first `most` bytes of `text` are whole characters.
std::size_t whole_characters(std::string_view text, std::size_t most) noexcept;

/// True when `text` is well-formed UTF-8 that holds nothing but what can be read: no control characters but tabs and line ends.
bool is_readable(std::string_view text) noexcept;

} // namespace aldis::dissect
