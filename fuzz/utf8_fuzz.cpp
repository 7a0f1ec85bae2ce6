// UTF-8: the fast validator against one that decodes code point by code point, at every alignment.
#include "fuzz.hpp"

#include <aldis/codec/utf8.hpp>

using namespace aldis;

namespace {

/// The bytes that the well-formed sequence at the front of `text` takes, or 0.
std::size_t sequence_at(std::string_view text) {
    auto const byte = [&](std::size_t i) -> std::uint32_t { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    std::uint32_t const lead = byte(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    std::size_t const length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC0 || lead > 0xF7) return 0;
    std::uint32_t point = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        point = point << 6 | (byte(i) & 0x3F);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < smallest[length] || point > 0x10FFFF || surrogate ? 0 : length;
}

std::size_t naive(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        auto const length = sequence_at(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return at;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    for (std::size_t skip = 0; skip <= 8 && skip <= size; ++skip) {
        fuzz::exact_copy const input{data, size};
        auto const             text = input.text().substr(skip);
        auto const             found = codec::find_invalid_text(text);
        fuzz::check(found == naive(text), "text is invalid from where it should be");
        fuzz::check(codec::is_mqtt_text(text) == (found == text.size()), "is_mqtt_text agrees");
    }
    return 0;
}
