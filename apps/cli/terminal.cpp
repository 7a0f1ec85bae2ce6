// Text from elsewhere, made safe for a terminal.
#include "terminal.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <unistd.h>

namespace aldis::app {
namespace {

/// One character at the front of `text`, well-formed or not.
struct character {
    char32_t    code = 0;
    std::size_t size = 1;
    bool        valid = true;
};

character next_character(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const first = byte(0);
    if (first < 0x80) return {first, 1, true};
    std::size_t const size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return {first, 1, false};
    char32_t code = first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
        code = code << 6 | (byte(i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < smallest[size] || code > 0x10FFFF || surrogate) return {first, 1, false};
    return {code, size, true};
}

bool is_bidi_control(char32_t c) noexcept {
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool is_line_break(char32_t c) noexcept { return c == 0x2028 || c == 0x2029; }

bool needs_escape(char32_t c) noexcept {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || is_bidi_control(c) || is_line_break(c);
}

void append_escape(std::string& out, character c) {
    auto const code = static_cast<std::uint32_t>(c.code);
    auto const at = std::back_inserter(out);
    if (!c.valid) fmt::format_to(at, "\\x{:02x}", code);
    else if (code == '\n') out += "\\n";
    else if (code == '\r') out += "\\r";
    else if (code == '\t') out += "\\t";
    else if (code < 0x80) fmt::format_to(at, "\\x{:02x}", code);
    else fmt::format_to(at, "\\u{{{:04x}}}", code);
}

} // namespace

void append_visible(std::string& out, std::string_view text) {
    while (!text.empty()) {
        auto const c = next_character(text);
        if (c.valid && !needs_escape(c.code)) out += text.substr(0, c.size);
        else append_escape(out, c);
        text.remove_prefix(c.size);
    }
}

void append_visible_json(std::string& out, std::string_view json) {
    while (!json.empty()) {
        auto const c = next_character(json);
        bool const layout = c.code == '\n' || c.code == '\t';      // of --pretty: within strings they are escaped already
        if (c.valid && (layout || !needs_escape(c.code))) out += json.substr(0, c.size);
        else fmt::format_to(std::back_inserter(out), "\\u{:04x}", c.valid ? static_cast<std::uint32_t>(c.code) : 0xFFFDU);
        json.remove_prefix(c.size);
    }
}

bool output_is_terminal() noexcept { return ::isatty(STDOUT_FILENO) == 1; }

} // namespace aldis::app
