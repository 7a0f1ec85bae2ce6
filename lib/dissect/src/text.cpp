// Text from packets made fit to be shown.
#include <aldis/dissect/text.hpp>

#include <array>
#include <charconv>
#include <cstring>

namespace aldis::dissect {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr char             digits[] = "0123456789abcdef";

/// One character at the front of a text. Where it is not well-formed, `size` is what a decoder replaces by one U+FFFD: the longest run that
/// begins a character.
struct character {
    char32_t    code = 0;
    std::size_t size = 1;
    bool        valid = true;
};

/// What the second byte behind `lead` may be: overlong forms, surrogates and what is beyond U+10FFFF begin well and go wrong there.
struct range { unsigned low, high; };
constexpr range second_of(unsigned lead) noexcept {
    switch (lead) {
    case 0xE0: return {0xA0, 0xBF};
    case 0xED: return {0x80, 0x9F};
    case 0xF0: return {0x90, 0xBF};
    case 0xF4: return {0x80, 0x8F};
    default: return {0x80, 0xBF};
    }
}

character next_character(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    auto const lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    if (lead < 0xC2 || lead > 0xF4) return {lead, 1, false};
    std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    char32_t          code = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        auto const allowed = i == 1 ? second_of(lead) : range{0x80, 0xBF};
        if (i >= text.size() || byte(i) < allowed.low || byte(i) > allowed.high) return {lead, i, false};
        code = code << 6 | (byte(i) & 0x3F);
    }
    return {code, size, true};
}

/// Could deceive who looks at a terminal: C1 controls, line separators, marks that turn the direction of writing.
bool is_deceptive(char32_t c) noexcept {
    return (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// The bytes that both forms of output copy as they are.
constexpr auto plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7F; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

std::size_t plain_run(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size() && plain[static_cast<unsigned char>(text[i])]) ++i;
    return i;
}

void append_code(std::string& out, char32_t code, unsigned width) {
    for (unsigned i = width; i-- > 0;) out += digits[code >> (4 * i) & 0xF];
}

void append_shown_control(std::string& out, unsigned c) {
    constexpr std::string_view letters = "abtnvfr";                // 7 to 13
    out += '\\';
    if (c >= 7 && c <= 13) {
        out += letters[c - 7];
        return;
    }
    for (unsigned shift : {6U, 3U, 0U}) out += digits[c >> shift & 7];
}

void append_json_control(std::string& out, char32_t c) {
    constexpr std::string_view short_forms = "btn fr";             // 8 to 13, without 11
    if (c >= 8 && c <= 13 && c != 11) {
        out += '\\';
        out += short_forms[c - 8];
        return;
    }
    out += "\\u";
    append_code(out, c, 4);
}

} // namespace

void append_number(std::string& out, std::uint64_t number) {
    char       buffer[20];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    out.append(buffer, end);
}

void append_hex(std::string& out, bytes_view bytes) {
    auto const at = out.size();
    out.resize(at + 2 * bytes.size());
    auto* to = out.data() + at;
    for (auto const b : bytes) {
        *to++ = digits[std::to_integer<unsigned>(b) >> 4];
        *to++ = digits[std::to_integer<unsigned>(b) & 0xF];
    }
}

void append_shown(std::string& out, std::string_view text) {
    for (;;) {
        auto const run = plain_run(text);
        out.append(text.data(), run);
        text.remove_prefix(run);
        if (text.empty()) return;
        auto const c = next_character(text);
        if (!c.valid) out += replacement;
        else if (c.code < 0x20 || c.code == 0x7F) append_shown_control(out, static_cast<unsigned>(c.code));
        else if (!is_deceptive(c.code)) out.append(text.data(), c.size);
        else out += "\\u{", append_code(out, c.code, 4), out += '}';
        text.remove_prefix(c.size);
    }
}

void append_json(std::string& out, std::string_view text) {
    for (;;) {
        auto const run = plain_run(text);
        out.append(text.data(), run);
        text.remove_prefix(run);
        if (text.empty()) return;
        auto const c = next_character(text);
        if (!c.valid) out += replacement;
        else if (c.code == '"' || c.code == '\\') out += '\\', out += static_cast<char>(c.code);
        else if (c.code < 0x20 || is_deceptive(c.code)) append_json_control(out, c.code);
        else out.append(text.data(), c.size);
        text.remove_prefix(c.size);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_json(out, text);
    out += '"';
}

std::size_t whole_characters(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) return text.size();
    std::size_t cut = most;
    for (std::size_t back = 0; back < 3 && cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80; ++back) --cut;
    return (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80 ? most : cut;
}

bool is_readable(std::string_view text) noexcept {
    while (!text.empty()) {
        auto const c = next_character(text);
        bool const layout = c.code == '\t' || c.code == '\n' || c.code == '\r';
        if (!c.valid || (c.code < 0x20 && !layout) || is_deceptive(c.code)) return false;
        text.remove_prefix(c.size);
    }
    return true;
}

} // namespace aldis::dissect
