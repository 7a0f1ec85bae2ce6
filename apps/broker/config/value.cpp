// Values taken from the text behind a key.
#include "value.hpp"

#include <charconv>

#include "problems.hpp"

namespace aldis::app::config {
namespace {

value_result wrong(std::string fault, std::string advice) { return {std::nullopt, std::move(fault), std::move(advice)}; }

value_result good(std::string_view given, std::int64_t n = 0, bool is_on = false) { return {value{is_on, n, std::string(given), {}}, {}, {}}; }

value_result parse_flag(std::string_view given) {
    if (given == "true" || given == "1") return good(given, 1, true);
    if (given == "false" || given == "0") return good(given, 0, false);
    return wrong(quoted(given) + " is neither true nor false", "write true or false");
}

std::string range_of(value_rule const& rule) {
    if (rule.most == INT64_MAX) return "from " + std::to_string(rule.least) + " on";
    return "from " + std::to_string(rule.least) + " to " + std::to_string(rule.most);
}

value_result parse_number(value_rule const& rule, std::string_view given) {
    std::int64_t n = 0;
    auto const [end, ec] = std::from_chars(given.data(), given.data() + given.size(), n, rule.kind == value_kind::octal ? 8 : 10);
    if (ec == std::errc::result_out_of_range) return wrong(quoted(given) + " is out of range", "try a number " + range_of(rule));
    if (ec != std::errc{} || end != given.data() + given.size())
        return rule.kind == value_kind::octal ? wrong(quoted(given) + " are no permissions", "write them as chmod has them, 660 for instance")
                                              : wrong(quoted(given) + " is not a whole number", "try one " + range_of(rule));
    if (n < rule.least || n > rule.most)
        return wrong(std::string(given) + " is " + (n < rule.least ? "too small" : "too large"),
                     rule.kind == value_kind::octal ? "write permissions as chmod has them, 660 for instance" : "try a number " + range_of(rule));
    return good(given, n);
}

struct unit_row {
    char         letter;
    std::int64_t seconds;
};
constexpr std::int64_t day = 86'400;
constexpr unit_row     units[]{{'h', 3'600}, {'d', day}, {'w', 7 * day}, {'m', 30 * day}, {'y', 365 * day}};

value_result parse_duration(std::string_view given) {
    constexpr std::string_view advice = "write a number and h, d, w, m or y, for instance 14d";
    for (auto const& unit : units) {
        if (!given.ends_with(unit.letter)) continue;
        auto const   digits = given.substr(0, given.size() - 1);
        std::int64_t n = 0;
        auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        if (ec != std::errc{} || end != digits.data() + digits.size() || n < 1) break;
        if (n > 100 * 365 * day / unit.seconds) return wrong(quoted(given) + " is more than 100 years", "leave the key out to keep sessions as long as the broker does");
        return good(given, n * unit.seconds);
    }
    return wrong(quoted(given) + " is no duration", std::string(advice));
}

value_result parse_text(value_rule const& rule, std::string_view given) {
    if (given.size() > static_cast<std::size_t>(rule.most))
        return wrong("a value of " + std::to_string(given.size()) + " bytes", "the longest has " + std::to_string(rule.most));
    return good(given);
}

value_result parse_word(value_rule const& rule, std::string_view given) {
    std::int64_t at = 0;
    for (auto left = rule.words; !left.empty(); ++at)
        if (next_word(left) == given) return good(given, at);
    return wrong(quoted(given) + " is unknown here", "possible: " + std::string(rule.words));
}

value_result parse(value_rule const& rule, std::string_view given) {
    switch (rule.kind) {
    case value_kind::flag:     return parse_flag(given);
    case value_kind::number:
    case value_kind::octal:    return parse_number(rule, given);
    case value_kind::duration: return parse_duration(given);
    case value_kind::text:     return parse_text(rule, given);
    case value_kind::word:     return parse_word(rule, given);
    case value_kind::line:     break;
    }
    return good(given);
}

bool is_one_word(value_kind kind) noexcept { return kind != value_kind::text && kind != value_kind::line; }

} // namespace

std::string_view trimmed(std::string_view text) noexcept {
    auto const first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view next_word(std::string_view& text) noexcept {
    text = trimmed(text);
    auto const found = text.substr(0, text.find_first_of(" \t"));
    text = trimmed(text.substr(found.size()));
    return found;
}

value_result parse_value(value_rule const& rule, std::string_view given) {
    if (given.empty() && rule.kind != value_kind::line) return wrong("there is no value", "write one behind the key, or leave the line out");
    if (!is_one_word(rule.kind)) return parse(rule, given);
    auto       rest = given;
    auto const first = next_word(rest);
    auto       out = parse(rule, first);
    // mosquitto looks at the first word only, so that files have remarks there; what is no remark may have been meant.
    if (out.good && !rest.empty()) {
        if (!rest.starts_with('#')) return wrong("there is more behind the value: " + quoted(rest), "one value, and remarks on lines of their own");
        out.good->remark = "the remark " + quoted(rest) + " is not part of the value";
    }
    return out;
}

} // namespace aldis::app::config
