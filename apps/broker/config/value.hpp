// What may stand behind a key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::app::config {

enum class value_kind : std::uint8_t {
    flag,                                                          // true or false, 1 or 0
    number,
    duration,                                                      // a number and h, d, w, m or y; gives seconds
    octal,                                                         // permissions
    text,                                                          // the rest of the line
    word,                                                          // one of some
    line,                                                          // taken apart by who uses it; may be empty
};

/// A kind with its bounds. `words` are separated by spaces.
struct value_rule {
    value_kind       kind = value_kind::line;
    std::int64_t     least = 0;
    std::int64_t     most = 0;
    std::string_view words{};
};

constexpr value_rule flag() noexcept { return {value_kind::flag}; }
constexpr value_rule number(std::int64_t least, std::int64_t most) noexcept { return {value_kind::number, least, most}; }
constexpr value_rule duration() noexcept { return {value_kind::duration}; }
constexpr value_rule octal(std::int64_t most) noexcept { return {value_kind::octal, 0, most}; }
/// Of `most` bytes at most.
constexpr value_rule text(std::int64_t most) noexcept { return {value_kind::text, 1, most}; }
constexpr value_rule path() noexcept { return text(4095); }
constexpr value_rule word(std::string_view words) noexcept { return {value_kind::word, 0, 0, words}; }
constexpr value_rule line() noexcept { return {}; }

struct value {
    bool         is_on = false;
    std::int64_t number = 0;                                       // of a word: its place among the words
    std::string  text{};                                           // as it was given
    std::string  remark{};                                         // what was overlooked; empty where nothing was
};

/// A value, or what is wrong with it.
struct value_result {
    std::optional<value> good{};
    std::string          fault{};                                  // "\"x\" is not a number"
    std::string          advice{};                                 // "from 0 to 65535"
};

value_result parse_value(value_rule const& rule, std::string_view given);

/// The word at the front of `text`, taken off it with the spaces around it.
std::string_view next_word(std::string_view& text) noexcept;

/// Without spaces and tabs around it.
std::string_view trimmed(std::string_view text) noexcept;

} // namespace aldis::app::config
