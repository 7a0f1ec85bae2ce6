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

/// Marks exactly the bytes of `word` that are 0 by their high bits.
constexpr std::uint64_t exact_zero_bytes(std::uint64_t word) noexcept { return ~(((word & ~every_byte_80) + ~every_byte_80) | word) & every_byte_80; }

/// As many characters as `Word` has bytes, the first in the lowest byte.
template <class Word = std::uint64_t>
Word load_ordered(char const* at) noexcept {
    Word word = 0;
    if constexpr (std::endian::native == std::endian::little) std::memcpy(&word, at, sizeof word);
    else
        for (unsigned i = 0; i < sizeof word; ++i) word |= Word{static_cast<unsigned char>(at[i])} << 8 * i;
    return word;
}

/// Fewer than eight characters in that order, and level separators in the bytes left over.
inline std::uint64_t load_short_ordered(std::string_view text) noexcept {
    auto const rest = every_byte_1 * '/' << 8 * text.size();
    auto const* const at = text.data();
    if (text.size() >= 4) return rest | load_ordered<std::uint32_t>(at) | std::uint64_t{load_ordered<std::uint32_t>(at + text.size() - 4)} << 8 * (text.size() - 4);
    if (text.empty()) return rest;
    auto const byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i; };
    return rest | byte(0) | byte(text.size() / 2) | byte(text.size() - 1);
}

/// A filter as far as wildcards go, eight characters of it at a time.
class filter_scan {
public:
    explicit filter_scan(std::string_view filter) noexcept : first_(filter.data()), end_(filter.data() + filter.size()) {}

    /// True when each `+` and `#` stands alone in its level and `#` in the last one, and, if `Plain`, all else is ASCII without NUL.
    template <bool Plain>
    bool passes() const noexcept {
        if (end_ - first_ < 8) return short_passes<Plain>();
        auto const* at = first_;
        for (; end_ - at > 8; at += 8)
            if (!word_passes<Plain>(at)) [[unlikely]] return false;
        return word_passes<Plain>(end_ - 8);                       // some of it for the second time
    }

private:
    static constexpr std::uint64_t last_mark = std::uint64_t{0x80} << 56;

    template <bool Plain>
    [[gnu::always_inline]] bool word_passes(char const* at) const noexcept {
        return is_plain_topic(load_word(at)) || wild_word_passes<Plain>(at);
    }

    template <bool Plain>
    bool wild_word_passes(char const* at) const noexcept {
        auto const word = load_ordered(at);
        if (Plain && !is_plain_text(word)) [[unlikely]] return false;
        bool const last = at + 8 == end_;
        auto const before = at == first_ || at[-1] == '/' ? std::uint64_t{0x80} : 0;
        auto const after = last || at[8] == '/' ? last_mark : 0;
        return are_alone(word, before, after, last ? last_mark : 0);
    }

    template <bool Plain>
    bool short_passes() const noexcept {
        std::string_view const text{first_, static_cast<std::size_t>(end_ - first_)};
        auto const word = load_short_ordered(text);
        if (Plain && !is_plain_text(word)) [[unlikely]] return false;
        auto const last = text.empty() ? 0 : std::uint64_t{0x80} << 8 * (text.size() - 1);
        return are_alone(word, 0x80, last_mark, last);
    }

    /// `before` and `after` mark the first and the last character if a level begins there or ends there; `last` the filter's last one.
    static constexpr bool are_alone(std::uint64_t word, std::uint64_t before, std::uint64_t after, std::uint64_t last) noexcept {
        auto const wild = exact_zero_bytes(wildcards_to_zero(word));
        auto const slashes = exact_zero_bytes(word ^ every_byte_1 * '/');
        auto const hashes = exact_zero_bytes(word ^ every_byte_1 * '#');
        auto const free = (slashes << 8 | before) & (slashes >> 8 | after);   // [MQTT-4.7.1-2] [v3-MQTT-4.7.1-3]
        return ((wild & ~free) | (hashes & ~last)) == 0;           // [MQTT-4.7.1-1] [v3-MQTT-4.7.1-2]
    }

    char const* first_;
    char const* end_;
};

} // namespace aldis::codec
