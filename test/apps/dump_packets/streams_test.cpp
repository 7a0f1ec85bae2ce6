// Streams to packets: what is MQTT, in which version, and what happens where bytes are missing.
#include <random>

#include <support/catch.hpp>

#include "seen.hpp"

using namespace aldis;
using namespace aldis::test;
using lines = std::vector<std::string>;

namespace {

constexpr auto connect_311 = "10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 78";
constexpr auto connect_5 = "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 78";
constexpr auto connack_311 = "20 02 00 00";
constexpr auto connack_5 = "20 03 00 00 00";
constexpr auto lamp_311 = "32 12 00 0c 6c 61 6d 70 2f 31 2f 73 74 61 74 65 00 01 6f 6e";       // lamp/1/state, id 1, "on"
constexpr auto lamp_5 = "32 13 00 0c 6c 61 6d 70 2f 31 2f 73 74 61 74 65 00 01 00 6f 6e";
constexpr auto subscribe_311 = "82 08 00 01 00 03 61 2f 62 00";

byte_buffer joined(std::initializer_list<std::string_view> parts) {
    byte_buffer all;
    for (auto const part : parts) {
        auto const bytes = from_hex(part);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

} // namespace

TEST_CASE("packets split anywhere come out whole in the frame that completes them", "[dump][streams]") {
    auto const all = joined({connect_5, lamp_5, "c0 00"});
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        wire w;
        auto& c = w.talk(true);
        auto const middle = all.begin() + static_cast<std::ptrdiff_t>(cut);
        w.send(c, 0, {all.begin(), middle}).send(c, 0, {middle, all.end()});
        auto const frame = [&](std::size_t end) { return std::string(end <= cut ? "1." : "2."); };
        auto const got = w.done();

        REQUIRE(got.size() == 3);
        CHECK(got[0].starts_with(frame(16)));
        CHECK(got[1].starts_with(frame(37)));
        CHECK(got[2].starts_with(frame(39)));
    }
}

TEST_CASE("a stream that comes byte by byte is the same stream", "[dump][streams]") {
    auto const all = joined({connect_311, lamp_311, "e0 00"});
    wire       w;
    auto&      c = w.talk(true);
    for (auto const b : all) w.send(c, 0, {b});

    CHECK(w.done() == lines{"15.0 3.1.1 Connect Command c", "35.0 3.1.1 Publish Message (id=1) [lamp/1/state] c", "37.0 3.1.1 Disconnect Req c"});
}

TEST_CASE("MQTT is found on any port by its CONNECT, and what is not MQTT is left out", "[dump][streams]") {
    wire w;
    auto& web = w.talk(true, 80);
    w.send(web, 0, {std::byte{'G'}, std::byte{'E'}, std::byte{'T'}, std::byte{' '}}).client(connect_311).server(connack_311);

    CHECK(w.done() == lines{"2.0 3.1.1 Connect Command c", "3.0 3.1.1 Connect Ack s"});
}

TEST_CASE("without a CONNECT the version is that whose grammar all packets fit, and earlier packets are shown in it", "[dump][streams]") {
    wire five{{}, false};
    five.client(lamp_5).server("40 02 00 01").client(lamp_5).server("40 03 00 01 10");
    wire three{{}, false};
    three.client(subscribe_311).server("90 03 00 01 00").server(lamp_311);

    CHECK(five.done() == lines{"1.0 ~5.0 Publish Message (id=1) [lamp/1/state]", "2.0 ~5.0 Publish Ack (id=1)",
                               "3.0 ~5.0 Publish Message (id=1) [lamp/1/state]", "4.0 ~5.0 Publish Ack (id=1)"});
    CHECK(three.done() == lines{"1.0 ~3.1.1 Subscribe Request (id=1) [a/b] c", "2.0 ~3.1.1 Subscribe Ack (id=1) s",
                                "3.0 ~3.1.1 Publish Message (id=1) [lamp/1/state] s"});
}

TEST_CASE("the version that the command line tells stands against CONNECT and guess", "[dump][streams]") {
    stream_options options;
    options.packets.version = protocol::v5;
    wire w{options};
    w.client(connect_311).client(lamp_5);

    CHECK(w.done() == lines{"1.0 3.1.1 Connect Command c", "2.0 5.0 Publish Message (id=1) [lamp/1/state] c"});
}

TEST_CASE("a second CONNECT breaks a rule and switches the version", "[dump][streams][MQTT-3.1.0-2]") {
    wire w;
    w.client(connect_311).server(connack_311).client(connect_5).server(connack_5);

    CHECK(w.done() == lines{"1.0 3.1.1 Connect Command c", "2.0 3.1.1 Connect Ack s", "3.0 5.0 Connect Command !MQTT-3.1.0-2 c", "4.0 5.0 Connect Ack s"});
}

TEST_CASE("a first packet that is no CONNECT breaks a rule where it is known to be the first", "[dump][streams][MQTT-3.1.0-1]") {
    wire w{{}, true, 1883};
    w.client(lamp_311).client(subscribe_311);

    CHECK(w.done() == lines{"1.0 ~3.1.1 Publish Message (id=1) [lamp/1/state] !MQTT-3.1.0-1 c", "2.0 ~3.1.1 Subscribe Request (id=1) [a/b] c"});
}

TEST_CASE("aliases belong to the end that set them", "[dump][streams][MQTT-3.3.2-7]") {
    constexpr auto sets_a = "30 07 00 01 61 03 23 00 01";
    constexpr auto sets_b = "30 07 00 01 62 03 23 00 01";
    constexpr auto uses = "30 06 00 00 03 23 00 01";
    wire           w;
    w.client(connect_5).server(connack_5).client(sets_a).server(sets_b).client(uses).server(uses).server("30 06 00 00 03 23 00 02");
    auto const got = w.done();

    REQUIRE(got.size() == 7);
    CHECK(got[4] == "5.0 5.0 Publish Message [a] c");
    CHECK(got[5] == "6.0 5.0 Publish Message [b] s");
    CHECK(got[6] == "7.0 5.0 Publish Message [] s");
}

TEST_CASE("a gap inside a packet is bridged, since its end is known", "[dump][streams]") {
    wire w;
    w.client(connect_311).client("32 12 00 0c 6c 61 6d 70").gap(0, 10).client("6f 6e c0 00");

    CHECK(w.done() == lines{"1.0 3.1.1 Connect Command c", "gap 10+0", "4.0 3.1.1 Publish Message cut 8/20 c", "4.1 3.1.1 Ping Request c"});
}

TEST_CASE("behind a gap of unknown length packets begin again with a chain, and none is invented", "[dump][streams]") {
    wire w;
    w.client(connect_311).gap(0, 0).client("6f 6e 40 02 00 09").client(lamp_311).client(lamp_311);

    CHECK(w.done() == lines{"1.0 3.1.1 Connect Command c", "gap 0+6", "4.0 3.1.1 Publish Message (id=1) [lamp/1/state] c",
                            "5.0 3.1.1 Publish Message (id=1) [lamp/1/state] c"});
}

TEST_CASE("random bytes behind a gap are skipped", "[dump][streams]") {
    std::mt19937 random{7};
    wire         w;
    auto&        c = w.talk(true);
    w.send(c, 0, from_hex(connect_311));
    w.in().gap(c, 0, {2, 2}, 0, false);
    for (int i = 0; i < 200; ++i) {
        byte_buffer noise(1000);
        for (auto& b : noise) b = static_cast<std::byte>(random());
        w.send(c, 0, noise);
    }

    CHECK(w.done() == lines{"1.0 3.1.1 Connect Command c", "gap 0+200000"});
}

TEST_CASE("random conversations on any port are not MQTT", "[dump][streams]") {
    std::mt19937 random{11};
    for (int round = 0; round < 200; ++round) {
        wire  w{{}, false, 1883};
        auto& c = w.talk((round & 1) != 0, 1883);
        for (int i = 0; i < 20; ++i) {
            byte_buffer noise(1 + random() % 300);
            for (auto& b : noise) b = static_cast<std::byte>(random());
            w.send(c, static_cast<unsigned>(i & 1), noise);
        }
        REQUIRE(w.done().empty());
    }
}

TEST_CASE("a Remaining Length of five bytes is shown, and what follows is looked at anew", "[dump][streams]") {
    wire w;
    w.client(connect_5).client("30 80 80 80 80 01").client(lamp_5).client(lamp_5);
    auto const got = w.done();

    REQUIRE(got.size() == 5);
    CHECK(got[1] == "2.0 5.0 Publish Message[Malformed Packet] !2.1.4 c");
    CHECK(got[2] == "gap 0+1");
    CHECK(got[3] == "3.0 5.0 Publish Message (id=1) [lamp/1/state] c");
}

TEST_CASE("packets of other conversations wait behind an undecided one, so that frames stay in order", "[dump][streams]") {
    wire  w;
    auto& other = w.talk(true);
    auto& late = w.talk(false, 1883);
    w.send(late, 0, from_hex("40 02 00 09")).send(other, 0, from_hex(connect_311));
    CHECK(w.out.lines.empty());
    w.send(late, 1, from_hex(lamp_311)).send(late, 0, from_hex(subscribe_311));

    CHECK(w.done() == lines{"1.0 ~3.1.1 Publish Ack (id=9)", "2.0 3.1.1 Connect Command c", "3.0 ~3.1.1 Publish Message (id=1) [lamp/1/state]",
                            "4.0 ~3.1.1 Subscribe Request (id=1) [a/b] c"});
}

TEST_CASE("what waits for a decision is bounded", "[dump][streams]") {
    stream_options options;
    options.max_held = 10'000;
    wire  w{options};
    auto& late = w.talk(false, 9000);
    auto& other = w.talk(true);
    w.send(late, 0, from_hex("40 02 00 09")).send(other, 0, from_hex(connect_311));
    for (int i = 0; i < 200; ++i) w.send(other, 0, from_hex(lamp_311));

    CHECK(w.out.lines.size() >= 100);
}

TEST_CASE("of a packet that is too large the beginning is kept and its end is found", "[dump][streams]") {
    stream_options options;
    options.packets.max_packet = 100'000;
    wire  w{options};
    auto& c = w.talk(true);
    w.send(c, 0, from_hex(connect_311));
    auto packet = from_hex("30 83 9a 0c 00 01 61");                // Remaining Length 199,939
    packet.resize(4 + 199'939, std::byte{'x'});
    for (std::size_t at = 0; at < packet.size(); at += 7'000)
        w.send(c, 0, {packet.begin() + static_cast<std::ptrdiff_t>(at), packet.begin() + static_cast<std::ptrdiff_t>(std::min(at + 7'000, packet.size()))});
    w.send(c, 0, from_hex("c0 00"));
    auto const got = w.done();

    REQUIRE(got.size() == 3);
    CHECK(got[1].find("Publish Message [a] cut ") != std::string::npos);
    CHECK(got[2].find("Ping Request") != std::string::npos);
}

TEST_CASE("a stream that ends inside a packet is told of", "[dump][streams]") {
    wire w;
    w.client(connect_311).client("32 12 00 0c").end();

    CHECK(w.done().back() == "note the stream ends inside a packet: 4 of 20 bytes came");
}

TEST_CASE("a conversation that is forgotten leaves nothing behind", "[dump][streams]") {
    wire  w;
    auto& late = w.talk(false, 9000);
    w.send(late, 0, from_hex("40 02 00 09")).client(connect_311);
    w.in().forget(late);

    CHECK(w.done() == lines{"2.0 3.1.1 Connect Command c"});
}
