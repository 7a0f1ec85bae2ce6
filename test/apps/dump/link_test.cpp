// From frames to segments: link layers, tags, IP options and extension headers, fragments.
#include <dump/capture/segment.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/hex.hpp"
#include "wire.hpp"

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;

namespace {

segment const said{.seq = 77, .acked = 88, .flags = ack | psh, .data = "payload"};

byte_buffer ipv4() { return ipv4_bytes(tcp_bytes(said), 0); }

// IPv6 from fe80::1 to 2001:db8::2 with these headers in between; `first` is the number of the first of them.
byte_buffer ipv6(unsigned first = 6, bytes_view headers = {}, bytes_view carried = tcp_bytes(said)) {
    byte_buffer out = "60 00 00 00"_hex;
    put(out, headers.size() + carried.size(), 2);
    put(out, first, 1);
    put(out, 64, 1);
    put(out, "fe80 0000 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002"_hex);
    put(out, headers);
    put(out, carried);
    return out;
}

byte_buffer operator+(byte_buffer a, byte_buffer const& b) {
    put(a, b);
    return a;
}

std::string payload(unsigned link, byte_buffer const& frame) { return play(pcap_of({frame}, link)).stream(0, 0); }

} // namespace

TEST_CASE("every link layer that is read leads to the segment", "[dump][link]") {
    for (auto const& ip : {ipv4(), ipv6()}) {
        bool const  v6 = ip[0] == std::byte{0x60};
        auto const  type = v6 ? "86 dd"_hex : "08 00"_hex;
        byte_buffer fourteen(14), twelve(12);

        CHECK(payload(1, twelve + type + ip) == "payload");
        CHECK(payload(1, twelve + "81 00 00 05"_hex + type + ip) == "payload");
        CHECK(payload(1, twelve + "88 a8 00 05 81 00 00 07"_hex + type + ip) == "payload");
        CHECK(payload(1, twelve + "91 00 00 05"_hex + type + ip) == "payload");
        CHECK(payload(1, twelve + "00 40 aa aa 03 00 00 00"_hex + type + ip) == "payload");
        CHECK(payload(1, twelve + "88 64 11 00 00 01 00 40"_hex + (v6 ? "00 57"_hex : "00 21"_hex) + ip) == "payload");
        CHECK(payload(113, fourteen + type + ip) == "payload");
        CHECK(payload(276, type + byte_buffer(18) + ip) == "payload");
        for (unsigned const link : {12U, 14U, 101U, 228U, 229U}) CHECK(payload(link, ip) == "payload");
        CHECK(payload(0, (v6 ? "0a 00 00 00"_hex : "02 00 00 00"_hex) + ip) == "payload");
        CHECK(payload(0, (v6 ? "00 00 00 1e"_hex : "00 00 00 02"_hex) + ip) == "payload");
        CHECK(payload(108, (v6 ? "00 00 00 18"_hex : "00 00 00 02"_hex) + ip) == "payload");
    }
}

TEST_CASE("other protocols and other link types bring nothing - the latter with a note", "[dump][link]") {
    CHECK(payload(1, byte_buffer(12) + "08 06"_hex + ipv4()).empty());
    CHECK(payload(0, "07 00 00 00"_hex + ipv4()).empty());

    auto const told = play(pcap_of({ipv4(), ipv4()}, 220));

    CHECK(told.notes == lines{"Frames of link type 220 are not read (frame 1 is the first)."});
    CHECK(told.done == 2);
}

TEST_CASE("options of IPv4 and TCP and padding are no payload", "[dump][ip]") {
    CHECK(payload(1, ethernet(ipv4_bytes(tcp_bytes(said), 0, 0, 1, "01 01 01 01 94 04 00 00"_hex)) + byte_buffer(9)) == "payload");

    auto with_options = tcp_bytes({.seq = 77});
    with_options[12] = std::byte{0x80};
    put(with_options, "01 01 08 0a 00 00 00 01 00 00 00 02"_hex);
    put(with_options, "payload");
    CHECK(payload(1, ethernet(ipv4_bytes(with_options, 0))) == "payload");
}

TEST_CASE("a packet whose length the network card would have filled in is as long as its frame", "[dump][ip]") {
    auto ip = ipv4();
    ip[2] = ip[3] = std::byte{0};
    CHECK(payload(1, ethernet(ip)) == "payload");
    auto ip6 = ipv6();
    ip6[4] = ip6[5] = std::byte{0};
    CHECK(payload(1, ethernet(ip6, 0x86DD)) == "payload");
}

TEST_CASE("IPv6 extension headers are stepped over", "[dump][ip]") {
    auto const hop = "3c 00 01 04 00 00 00 00"_hex, destination = "2b 01"_hex + byte_buffer(14), routing = "33 00"_hex + byte_buffer(6),
               authentication = "06 04"_hex + byte_buffer(22);
    CHECK(payload(101, ipv6(0, hop + destination + routing + authentication)) == "payload");
    CHECK(payload(101, ipv6(0, "00 ff 00 00 00 00 00 00"_hex)).empty());

    byte_buffer many;
    for (int i = 0; i < 40; ++i) put(many, "00 00 00 00 00 00 00 00"_hex);
    CHECK(payload(101, ipv6(0, many)).empty());
}

TEST_CASE("addresses are written as people write them", "[dump][ip]") {
    CHECK(to_text(ip_address{0, 0x0A0000FF}, 4) == "10.0.0.255");
    CHECK(to_text(ip_address{0, 1}, 6) == "::1");
    CHECK(to_text(ip_address{0, 0}, 6) == "::");
    CHECK(to_text(ip_address{0x20010DB800000000, 2}, 6) == "2001:db8::2");
    CHECK(to_text(ip_address{0xFE80000000000000, 0}, 6) == "fe80::");
    CHECK(to_text(ip_address{0x2001000000000001, 0x0000000000000001}, 6) == "2001:0:0:1::1");
    CHECK(to_text(ip_address{0x2001000000010001, 0x0001000100010001}, 6) == "2001:0:1:1:1:1:1:1");
}

TEST_CASE("IPv4 fragments are put together in any order", "[dump][fragments]") {
    auto const whole = tcp_bytes({.seq = 5, .data = std::string(100, 'x') + "end"});
    auto const piece = [&](std::size_t begin, std::size_t end) {
        auto const part = bytes_view{whole}.subspan(begin, end - begin);
        return ethernet(ipv4_bytes(part, 0, static_cast<unsigned>(begin / 8) | (end < whole.size() ? 0x2000 : 0)));
    };
    auto const a = piece(0, 48), b = piece(48, 80), c = piece(80, whole.size()), wide = piece(24, 96);
    auto const expected = std::string(100, 'x') + "end";

    CHECK(play(pcap_of({a, b, c})).lines == lines{"3 c: " + expected});
    CHECK(play(pcap_of({c, a, b})).lines == lines{"3 c: " + expected});
    CHECK(play(pcap_of({b, a, a, c})).lines == lines{"4 c: " + expected});
    CHECK(play(pcap_of({a, wide, c})).lines == lines{"3 c: " + expected});
    CHECK(play(pcap_of({a, c})).lines.empty());
}

TEST_CASE("IPv6 fragments are put together", "[dump][fragments]") {
    auto const whole = tcp_bytes({.seq = 5, .data = std::string(60, 'y')});
    auto const a = ipv6(44, "06 00 00 01 00 00 00 09"_hex, bytes_view{whole}.first(40));
    auto const b = ipv6(44, "06 00 00 28 00 00 00 09"_hex, bytes_view{whole}.subspan(40));

    CHECK(play(pcap_of({b, a}, 101)).lines == lines{"2 c: " + std::string(60, 'y')});
}

TEST_CASE("fragments that never become whole are dropped in the end and told once", "[dump][fragments]") {
    std::vector<byte_buffer> frames;
    auto const               part = tcp_bytes({.data = "abcd"});
    for (unsigned id = 0; id < 200; ++id) frames.push_back(ethernet(ipv4_bytes(part, 0, 0x2000, id)));

    auto const told = play(pcap_of(frames));

    CHECK(told.notes == lines{"IP fragments are missing: datagrams that were not complete are left out."});
    CHECK(told.lines.empty());
}
