// UTF-8 as MQTT wants it: every code point and every sequence of one to three bytes against a naive reading, at every alignment.
#include <string>

#include <aldis/codec/utf8.hpp>
#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using codec::find_invalid_text;

namespace {

std::string utf8(std::uint32_t point) {
    auto const tail = [point](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) return {static_cast<char>(point)};
    if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), tail(0)};
    if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

/// How long the well-formed sequence at the front of `text` is, 0 without one: Table 3-7 of Unicode, one row after the other.
std::size_t well_formed(std::string_view text) {
    auto const in = [&](std::size_t i, unsigned low, unsigned high) {
        if (i >= text.size()) return false;
        auto const b = static_cast<unsigned char>(text[i]);
        return b >= low && b <= high;
    };
    if (in(0, 0x01, 0x7F)) return 1;
    if (in(0, 0xC2, 0xDF) && in(1, 0x80, 0xBF)) return 2;
    if (in(0, 0xE0, 0xE0) && in(1, 0xA0, 0xBF) && in(2, 0x80, 0xBF)) return 3;
    if (in(0, 0xE1, 0xEC) && in(1, 0x80, 0xBF) && in(2, 0x80, 0xBF)) return 3;
    if (in(0, 0xED, 0xED) && in(1, 0x80, 0x9F) && in(2, 0x80, 0xBF)) return 3;
    if (in(0, 0xEE, 0xEF) && in(1, 0x80, 0xBF) && in(2, 0x80, 0xBF)) return 3;
    if (in(0, 0xF0, 0xF0) && in(1, 0x90, 0xBF) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF)) return 4;
    if (in(0, 0xF1, 0xF3) && in(1, 0x80, 0xBF) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF)) return 4;
    if (in(0, 0xF4, 0xF4) && in(1, 0x80, 0x8F) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF)) return 4;
    return 0;
}

std::size_t naive(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        auto const size = well_formed(text.substr(at));
        if (size == 0) break;
        at += size;
    }
    return at;
}

} // namespace

TEST_CASE("every code point is text but the null character and surrogates",
          "[codec][utf8][MQTT-1.5.4-1][MQTT-1.5.4-2][v3-MQTT-1.5.3-1][v3-MQTT-1.5.3-2]") {
    std::size_t wrong = 0;
    for (std::uint32_t point = 0; point <= 0x1F'FFFF; ++point) {
        bool const good = point != 0 && point <= 0x10'FFFF && (point < 0xD800 || point > 0xDFFF);
        if (codec::is_mqtt_text(utf8(point)) != good) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("every sequence of up to three bytes is judged as Unicode does", "[codec][utf8][MQTT-1.5.4-1][v3-MQTT-1.5.3-1]") {
    std::size_t wrong = 0;
    for (unsigned a = 0; a < 256; ++a) {
        std::string text(1, static_cast<char>(a));
        if (find_invalid_text(text) != naive(text)) ++wrong;
        for (unsigned b = 0; b < 256; ++b) {
            text = {static_cast<char>(a), static_cast<char>(b)};
            if (find_invalid_text(text) != naive(text)) ++wrong;
            for (unsigned c = 0; c < 256; ++c) {
                text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
                if (find_invalid_text(text) != naive(text)) ++wrong;
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("the edges of four-byte sequences are judged as Unicode does", "[codec][utf8][MQTT-1.5.4-1]") {
    constexpr unsigned edges[] = {0x00, 0x01, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF};
    for (unsigned a = 0xE0; a < 256; ++a)
        for (auto const b : edges)
            for (auto const c : edges)
                for (auto const d : edges) {
                    std::string const text{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
                    REQUIRE(find_invalid_text(text) == naive(text));
                }
}

TEST_CASE("a bad sequence is found at its first byte wherever it stands", "[codec][utf8]") {
    using namespace std::string_literals;
    for (auto const& bad : {"\x00"s, "\x80"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE2\x82"s, "\xF0\x9F\x98"s, "\xFF"s})
        for (std::size_t before = 0; before < 40; ++before)
            for (std::size_t behind = 0; behind < 20; ++behind) {
                auto const text = std::string(before, 'a') + bad + std::string(behind, 'z');
                REQUIRE(find_invalid_text(text) == before);
            }
}

TEST_CASE("characters of every length pass at every alignment", "[codec][utf8]") {
    for (auto const* character : {"a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        for (std::size_t before = 0; before < 20; ++before)
            for (int copies = 0; copies < 20; ++copies) {
                std::string text(before, 'a');
                for (int i = 0; i < copies; ++i) text += character;
                REQUIRE(codec::is_mqtt_text(text));
            }
}

TEST_CASE("a byte order mark is a character like others and stays", "[codec][utf8][MQTT-1.5.4-3][v3-MQTT-1.5.3-3]") {
    using namespace test;
    CHECK(codec::is_mqtt_text("\xEF\xBB\xBF"));
    CHECK(verdict(packet_of(0x30, "00 04 ef bb bf 61"), v4) == R"(PUBLISH "\xef\xbb\xbfa" qos=0 payload="")");
    CHECK(verdict(packet_of(0x30, "00 04 ef bb bf 61 00"), v5) == R"(PUBLISH "\xef\xbb\xbfa" qos=0 payload="")");
}

TEST_CASE("control characters and non-characters are permitted", "[codec][utf8]") {
    CHECK(codec::is_mqtt_text("\x01\x1F\x7F"));
    CHECK(codec::is_mqtt_text("\xC2\x9F"));
    CHECK(codec::is_mqtt_text("\xEF\xBF\xBE"));
    CHECK(codec::is_mqtt_text(""));
}
