// Option values read strictly: a number is a number to its last character.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace aldis::app {

/// `text` as a decimal number, all of it; nothing when it is not one or does not fit.
template <class Number>
std::optional<Number> to_number(std::string_view text) noexcept {
    Number value{};
    if (text.starts_with('+')) text.remove_prefix(1);
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

/// The same, and within `low` to `high`.
template <class Number>
std::optional<Number> to_number(std::string_view text, Number low, Number high) noexcept {
    auto const value = to_number<Number>(text);
    if (!value || !(*value >= low && *value <= high)) return std::nullopt;
    return value;
}

} // namespace aldis::app
