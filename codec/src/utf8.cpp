// Well-formed UTF-8 without U+0000 (1.5.4; the well-formed sequences are those of table 3-7 of the Unicode standard).
#include <aldis/codec/utf8.hpp>

#include <cstdint>

#include "swar.hpp"

namespace aldis::codec {
namespace {

bool is_continuation(unsigned char c) noexcept { return (c & 0xC0) == 0x80; }

/// The bytes of the character at the front of `at`, which is not ASCII; 0 when it is ill-formed.
std::size_t sequence_length(unsigned char const* at, std::size_t left) noexcept {
    unsigned char const lead = at[0];
    if (lead < 0xC2 || lead > 0xF4) return 0;                      // continuation, overlong, beyond U+10FFFF
    if (left < 2 || !is_continuation(at[1])) return 0;
    if (lead < 0xE0) return 2;
    if (left < 3 || !is_continuation(at[2])) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;                    // overlong
    if (lead == 0xED && at[1] > 0x9F) return 0;                    // surrogates [MQTT-1.5.4-1]
    if (lead < 0xF0) return 3;                                     // U+FEFF is a character like any other [MQTT-1.5.4-3] [v3-MQTT-1.5.3-3]
    if (left < 4 || !is_continuation(at[3])) return 0;
    if (lead == 0xF0 && at[1] < 0x90) return 0;                    // overlong
    if (lead == 0xF4 && at[1] > 0x8F) return 0;                    // beyond U+10FFFF
    return 4;
}

} // namespace

std::size_t find_invalid_text(std::string_view text) noexcept {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(text.data());
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.size() - at >= 8 && is_plain_text(load_word(text.data() + at))) {
            at += 8;
        } else if (bytes[at] == 0) {
            return at;                                             // [MQTT-1.5.4-2]
        } else if (bytes[at] < 0x80) {
            ++at;
        } else {
            auto const length = sequence_length(bytes + at, text.size() - at);
            if (length == 0) return at;
            at += length;
        }
    }
    return text.size();
}

} // namespace aldis::codec
