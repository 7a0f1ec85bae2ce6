// Eight characters at a time in a general register.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace aldis::codec {

inline constexpr std::uint64_t every_byte_1 = 0x0101'0101'0101'0101;
inline constexpr std::uint64_t every_byte_80 = 0x8080'8080'8080'8080;

inline std::uint64_t load_word(char const* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Fewer than eight characters, some perhaps twice, and harmless ones in the bytes left over.
inline std::uint64_t load_short(char const* at, std::size_t size) noexcept {
    if (size >= 4) {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::memcpy(&first, at, sizeof first);
        std::memcpy(&last, at + size - sizeof last, sizeof last);
        return std::uint64_t{last} << 32 | first;
    }
    constexpr std::uint64_t harmless = every_byte_1 * 'x';
    if (size == 0) return harmless;
    auto const byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
    return harmless << 24 | byte(size - 1) << 16 | byte(size / 2) << 8 | byte(0);
}

/// A zero byte of `word` sets its high bit here, and so may what stands left of it: not 0 exactly when a byte is 0, given that no
/// byte of `word` has its high bit set.
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept { return (word - every_byte_1) & every_byte_80; }

/// `+` (0x2B) and `#` (0x23) become 0: they differ in one bit.
constexpr std::uint64_t wildcards_to_zero(std::uint64_t word) noexcept { return (word | every_byte_1 * 0x08) ^ every_byte_1 * '+'; }

/// True when each of the eight bytes is an ASCII character other than NUL.
constexpr bool is_plain_text(std::uint64_t word) noexcept { return ((word & every_byte_80) | zero_bytes(word)) == 0; }

/// True when each of the eight bytes is an ASCII character other than NUL, `+` and `#`.
constexpr bool is_plain_topic(std::uint64_t word) noexcept {
    return ((word & every_byte_80) | zero_bytes(word) | zero_bytes(wildcards_to_zero(word))) == 0;
}

/// True when `plain` holds for all of `text`, read in words; those at the end overlap.
template <class Plain>
bool all_plain(std::string_view text, Plain plain) noexcept {
    auto const* at = text.data();
    if (text.size() < 8) return plain(load_short(at, text.size()));
    auto const* const last = at + text.size() - 8;
    for (; at < last; at += 8)
        if (!plain(load_word(at))) return false;
    return plain(load_word(last));
}

/// True for ASCII without NUL: nearly every text there is.
inline bool is_plain_text(std::string_view text) noexcept {
    return all_plain(text, [](std::uint64_t word) { return is_plain_text(word); });
}

/// True for ASCII without NUL, `+` and `#`: nearly every topic there is. Such a text is a valid topic, unless it is empty.
inline bool is_plain_topic(std::string_view text) noexcept {
    return all_plain(text, [](std::uint64_t word) { return is_plain_topic(word); });
}

/// The place in memory order of the lowest marked byte of `marks`, which marks bytes by their high bits.
constexpr std::size_t first_marked(std::uint64_t marks) noexcept {
    if constexpr (std::endian::native == std::endian::little) return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    else return static_cast<std::size_t>(std::countl_zero(marks)) / 8;
}

/// `marks` without that of the byte at `place`.
constexpr std::uint64_t clear_mark(std::uint64_t marks, std::size_t place) noexcept {
    auto const shift = std::endian::native == std::endian::little ? 8 * place : 56 - 8 * place;
    return marks & ~(std::uint64_t{0x80} << shift);
}

/// Marks exactly the bytes of `word` that are 0, given that no byte has its high bit set.
constexpr std::uint64_t exact_zero_bytes(std::uint64_t word) noexcept { return ~(word + (every_byte_80 - every_byte_1)) & every_byte_80; }

} // namespace aldis::codec
