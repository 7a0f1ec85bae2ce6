// Eight characters at a time in a general register.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aldis::codec {

inline constexpr std::uint64_t every_byte_1 = 0x0101'0101'0101'0101;
inline constexpr std::uint64_t every_byte_80 = 0x8080'8080'8080'8080;

inline std::uint64_t load_word(void const* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// True when each of the eight bytes is an ASCII character other than NUL.
/// Taking 1 from each byte sets a high bit only where a byte was 0 (or to the left of one), given that none was set before.
constexpr bool is_plain_text(std::uint64_t word) noexcept { return (((word - every_byte_1) | word) & every_byte_80) == 0; }

/// Not zero exactly when one of the eight bytes is `c`, given that all are ASCII.
constexpr std::uint64_t find_byte(std::uint64_t word, unsigned char c) noexcept {
    auto const zero_there = word ^ (every_byte_1 * c);
    return (zero_there - every_byte_1) & ~zero_there & every_byte_80;
}

/// True when each of the eight bytes is an ASCII character other than NUL, `+` and `#`.
constexpr bool is_plain_topic(std::uint64_t word) noexcept {
    return is_plain_text(word) && (find_byte(word, '+') | find_byte(word, '#')) == 0;
}

} // namespace aldis::codec
