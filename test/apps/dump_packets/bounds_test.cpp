// What is kept of packets that are not complete, and of aliases, is bounded over all conversations together.
#include <support/catch.hpp>

#include "seen.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

constexpr auto connect_5 = "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 78";

/// A PUBLISH to "a" of 2,003 bytes in all.
byte_buffer long_publish() {
    auto all = from_hex("30 d0 0f 00 01 61 00");
    all.resize(2003, std::byte{'x'});
    return all;
}

byte_buffer part(byte_buffer const& of, std::size_t from, std::size_t size) {
    auto const at = of.begin() + static_cast<std::ptrdiff_t>(from);
    return {at, at + static_cast<std::ptrdiff_t>(size)};
}

} // namespace

TEST_CASE("of packets that are not complete little is kept once all conversations together hold too much", "[dump][streams]") {
    stream_options options;
    options.packets.max_held = 1000;
    wire       w{options};
    auto&      first = w.talk(true);
    auto&      second = w.talk(true);
    auto const whole = long_publish();

    for (auto* const each : {&first, &second}) w.send(*each, 0, from_hex(connect_5)).send(*each, 0, part(whole, 0, 900));
    for (auto* const each : {&first, &second}) w.send(*each, 0, part(whole, 900, 1103)).send(*each, 0, from_hex("c0 00"));
    w.send(first, 0, part(whole, 0, 900)).send(first, 0, from_hex("e0"));

    REQUIRE(w.done().size() >= 6);
    CHECK(w.out.lines[0] == "1.0 5.0 Connect Command c");
    CHECK(w.out.lines[2] == "5.0 5.0 Publish Message [a] cut 900/2003 c");      // what it held already
    CHECK(w.out.lines[3] == "6.0 5.0 Ping Request c");
    CHECK(w.out.lines[4] == "7.0 5.0 Publish Message [a] cut 256/2003 c");
    CHECK(w.out.lines[5] == "8.0 5.0 Ping Request c");
}

TEST_CASE("a conversation that ends gives back what it held", "[dump][streams]") {
    stream_options options;
    options.packets.max_held = 3000;
    wire       w{options};
    auto const whole = long_publish();

    for (int i = 0; i < 10; ++i) {
        auto& c = w.talk(true);
        w.send(c, 0, from_hex(connect_5)).send(c, 0, part(whole, 0, 1900));
        w.in().forget(c);
    }
    auto& last = w.talk(true);
    w.send(last, 0, from_hex(connect_5)).send(last, 0, part(whole, 0, 1900)).send(last, 0, part(whole, 1900, 103));
    CHECK(w.done().back() == "23.0 5.0 Publish Message [a] c");
}

TEST_CASE("aliases beyond what all conversations may hold are shown as unknown", "[dump][streams]") {
    stream_options options;
    options.packets.max_aliases = 250;                             // two short ones, with what the table needs for each
    wire  w{options};
    auto& c = w.talk(true);
    w.send(c, 0, from_hex(connect_5));
    for (auto const* const sets : {"30 08 00 01 61 03 23 00 01 78", "30 08 00 01 62 03 23 00 02 78", "30 08 00 01 63 03 23 00 03 78"}) w.send(c, 0, from_hex(sets));
    for (auto const* const uses : {"30 07 00 00 03 23 00 01 78", "30 07 00 00 03 23 00 02 78", "30 07 00 00 03 23 00 03 78"}) w.send(c, 0, from_hex(uses));

    auto const& lines = w.done();
    REQUIRE(lines.size() == 7);
    CHECK(lines[4].find("[a]") != std::string::npos);
    CHECK(lines[5].find("[b]") != std::string::npos);
    CHECK(lines[6].find("[]") != std::string::npos);

    w.send(c, 0, from_hex(connect_5)).send(c, 0, from_hex("30 08 00 01 64 03 23 00 03 78")).send(c, 0, from_hex("30 07 00 00 03 23 00 03 78"));
    CHECK(w.done().back().find("[d]") != std::string::npos);       // a new connection has new ones
}
