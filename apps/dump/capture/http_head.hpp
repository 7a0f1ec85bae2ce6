// The head of an HTTP message, as far as an Upgrade needs it.
#pragma once

#include <algorithm>
#include <string_view>

namespace aldis::app::dump {

/// The same but for upper and lower case.
inline bool is_same_text(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Looks into the text of a head, which must outlive it.
class http_head {
public:
    explicit http_head(std::string_view text) noexcept : text_(text) {}

    std::string_view first_line() const noexcept { return text_.substr(0, text_.find("\r\n")); }
    /// Of a response; 0 when there is none.
    int status() const noexcept {
        auto const line = first_line();
        int        value = 0;
        for (std::size_t i = 9; i < 12 && i < line.size() && line[i] >= '0' && line[i] <= '9'; ++i) value = 10 * value + (line[i] - '0');
        return value;
    }
    /// What follows the first field of that name; empty when there is none.
    std::string_view value(std::string_view name) const noexcept {
        auto rest = text_;
        for (auto end = rest.find("\r\n"); end != std::string_view::npos; end = rest.find("\r\n")) {
            auto const line = rest.substr(0, end);
            rest = rest.substr(end + 2);
            auto const colon = line.find(':');
            if (colon != std::string_view::npos && is_same_text(line.substr(0, colon), name)) return trimmed(line.substr(colon + 1));
        }
        return {};
    }
    /// Whether `word` is among those of the field, which are separated by commas, semicolons and blanks.
    bool has(std::string_view name, std::string_view word) const noexcept {
        constexpr std::string_view separators = ",; \t=";
        for (auto rest = value(name); !rest.empty();) {
            auto const end = std::min(rest.find_first_of(separators), rest.size());
            if (is_same_text(rest.substr(0, end), word)) return true;
            rest = rest.substr(std::min(end + 1, rest.size()));
        }
        return false;
    }

private:
    static std::string_view trimmed(std::string_view text) noexcept {
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
        return text;
    }

    std::string_view text_;
};

} // namespace aldis::app::dump
