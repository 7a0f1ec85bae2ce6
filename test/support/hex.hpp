// Hexadecimal to bytes and back: "10 0c"_hex.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::test {

/// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The bytes that `text` spells, two digits each; spaces between bytes are free. Throws std::invalid_argument on anything else.
inline byte_buffer from_hex(std::string_view text) {
    byte_buffer bytes;
    int         high = -1;
    for (char const c : text) {
        if (c == ' ' && high < 0) continue;
        int const digit = hex_digit(c);
        if (digit < 0) throw std::invalid_argument("not hexadecimal: '" + std::string(text) + "'");
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::byte>(high * 16 + digit));
            high = -1;
        }
    }
    if (high >= 0) throw std::invalid_argument("odd number of hexadecimal digits: '" + std::string(text) + "'");
    return bytes;
}

/// "10 0c 00": the bytes as the vectors spell them.
inline std::string to_hex(bytes_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string           text;
    for (auto const b : bytes) {
        if (!text.empty()) text += ' ';
        text += digits[std::to_integer<unsigned>(b) >> 4];
        text += digits[std::to_integer<unsigned>(b) & 0xF];
    }
    return text;
}

namespace literals {
inline byte_buffer operator""_hex(char const* text, std::size_t size) { return from_hex({text, size}); }
} // namespace literals

} // namespace aldis::test
