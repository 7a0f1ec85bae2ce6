// Byte streams without a capture: raw, and hexadecimal text in the forms that tools print.
#include <dump/capture/stream_source.hpp>
#include <dump/capture/stream_text.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

recorder stream(std::string_view text, stream_form form = stream_form::detect, unsigned from = 0) {
    recorder   told;
    auto const source = open_stream_over(memory_input(to_bytes(text)), form, from);
    while (source->step(told)) {}
    return told;
}

std::string hex(std::string_view text) { return to_hex(to_bytes(stream(text, stream_form::text).stream(0, 0))); }

std::string error_of(std::string_view text) {
    try {
        stream(text, stream_form::text);
        return {};
    } catch (input_error const& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("raw bytes are one direction", "[dump][stream]") {
    std::string const bytes("\x30\x05\x00\x01", 4);
    auto const        told = stream(bytes);

    CHECK(told.lines == lines{"1 c: " + bytes, "2 c end", "2 s end"});
    CHECK(told.vias.at(0) == carrier::raw);
    CHECK(stream(bytes, stream_form::bytes, 1).stream(0, 1) == bytes);
    CHECK(stream("3005", stream_form::bytes).stream(0, 0) == "3005");
    CHECK(stream("").lines.empty());
    CHECK_FALSE(looks_like_text(to_bytes(std::string_view{"0\x12\0\x05" "abcdef", 10})));
    CHECK_FALSE(looks_like_text(to_bytes("GET / HTTP/1.1")));
}

TEST_CASE("hexadecimal text is detected and read - a frame for each line", "[dump][stream]") {
    CHECK(stream("41 42\n\n# what follows is more\n4344\n").lines == lines{"1 c: AB", "4 c: CD", "5 c end", "5 s end"});
    CHECK(stream("# a comment first\n41").stream(0, 0) == "A");
    CHECK(hex("0x30, 0x05\r\n\\x00\\x01 aa:bb-cc;DD\n") == "30 05 00 01 aa bb cc dd");
}

TEST_CASE("tags tell who sent a line and hold until the next", "[dump][stream]") {
    auto const told = stream("> 41\n< 42\n43\nc2s 44\ns2c: 45\n>46\n");

    CHECK(told.lines == lines{"1 c: A", "2 s: B", "3 s: C", "4 c: D", "5 s: E", "6 c: F", "7 c end", "7 s end"});
}

TEST_CASE("what xxd and hexdump print is read without offsets and characters", "[dump][stream]") {
    CHECK(hex("00000000: 1014 0004 4d51 5454 0502 003c 0321 000a  ....MQTT...<.!..\n00000010: 0000 be                                  ...\n")
          == "10 14 00 04 4d 51 54 54 05 02 00 3c 03 21 00 0a 00 00 be");
    CHECK(hex("00000000: 6162 6364 6566 6162  abcdefab\n00000008: ab                   .\n") == "61 62 63 64 65 66 61 62 ab");
    CHECK(hex("00000000  10 14 00 04 4d 51 54 54  05 02 00 3c 03 21 00 0a  |....MQTT...<.!..|\n00000010  ab cd                                             |..|\n00000012\n")
          == "10 14 00 04 4d 51 54 54 05 02 00 3c 03 21 00 0a ab cd");
    CHECK(hex("0000  10 14 00 04 4d 51 54 54 05 02 00 3c 03 21 00 0a   ....MQTT...<.!..\n0010  ab                                                .\n")
          == "10 14 00 04 4d 51 54 54 05 02 00 3c 03 21 00 0a ab");
    CHECK(stream("00000000: 3005  0.\n< 00000000: 4002  @.\n").lines == lines{"1 c: 0\x05", "2 s: @\x02", "3 c end", "3 s end"});
}

TEST_CASE("what is no text is refused with its place", "[dump][stream]") {
    CHECK(error_of("30 05\n30 zz\n") == "Line 2, column 4: no hexadecimal digit; bytes are written like '30 05 00 01' or '30050001'.");
    CHECK(error_of("305") == "Line 1, column 3: one digit where two make a byte; bytes are written like '30 05 00 01' or '30050001'.");
    CHECK(error_of("> 0x") == "Line 1, column 5: no hexadecimal digit; bytes are written like '30 05 00 01' or '30050001'.");
}
