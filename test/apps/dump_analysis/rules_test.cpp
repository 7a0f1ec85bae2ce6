// Rules of the state: each broken once, and once not broken where it could seem so.
#include <support/catch.hpp>

#include "followed.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// A conversation of 5.0 in which both ends told what they take.
watch::line agreed(watch& w, std::string_view connect, std::string_view connack) {
    auto c = w.open();
    c.client(connect), c.server(connack);
    c.client(pingreq), c.server(pingresp);                         // the client has heard it
    return c;
}

constexpr std::string_view connect_limits = "10 19 00 04 4d 51 54 54 05 02 00 3c 0b 21 00 01 22 00 02 27 00 00 00 14 00 01 78";  // 1 message, 2 aliases, 20 bytes
constexpr std::string_view connack_limits = "20 0e 00 00 0b 21 00 01 22 00 02 27 00 00 00 14";
constexpr std::string_view connack_poor = "20 0d 00 00 0a 24 00 25 00 28 00 29 00 2a 00";   // QoS 0, no retain, wildcards, identifiers, shared

} // namespace

TEST_CASE("an identifier that is in use is not to be used", "[dump][analysis][MQTT-2.2.1-3][v3-MQTT-2.3.1-2]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    five.client(q1_5);
    CHECK(five.client("32 09 00 03 61 2f 63 00 05 00 78") == " !MQTT-2.2.1-3");
    CHECK(five.client("82 09 00 05 00 00 03 61 2f 62 00") == " !MQTT-2.2.1-3");
    auto three = agreed(w, connect_311, connack_311);
    three.client("82 08 00 05 00 03 61 2f 62 00");
    CHECK(three.client(q1_311) == " !MQTT-2.3.1-2");
    three.server(puback);
    CHECK(three.client(q1_311).empty());
}

TEST_CASE("a server is held to its own identifiers", "[dump][analysis][MQTT-2.2.1-4][v3-MQTT-2.3.1-4]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    five.client(q1_5), five.server(q1_5);
    CHECK(five.server("32 09 00 03 61 2f 63 00 05 00 78") == " !MQTT-2.2.1-4");
    auto three = agreed(w, connect_311, connack_311);
    three.server(q1_311);
    CHECK(three.server("32 08 00 03 61 2f 63 00 05 78") == " !MQTT-2.3.1-4");
}

TEST_CASE("a message is sent again only on another connection, in 5.0", "[dump][analysis][MQTT-4.4.0-1]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    five.client(q1_5);
    CHECK(five.client(q1_dup_5) == " again=5 !MQTT-4.4.0-1");
    auto three = agreed(w, connect_311, connack_311);
    three.client(q1_311);
    CHECK(three.client(q1_dup_311).find('!') == std::string::npos);
    three.server(puback);
    CHECK(three.server(puback).empty());                           // one for each time
}

TEST_CASE("an acknowledgement belongs to a PUBLISH", "[dump][analysis][MQTT-2.2.1-5][v3-MQTT-2.3.1-6]") {
    for (auto const packet : {puback, pubrec, pubrel, pubcomp}) {
        watch w;
        auto  five = agreed(w, connect_5, connack_5);
        CHECK(five.server(packet) == " !MQTT-2.2.1-5");
        auto three = agreed(w, connect_311, connack_311);
        CHECK(three.client(packet) == " !MQTT-2.3.1-6");
    }
}

TEST_CASE("a PUBACK comes once", "[dump][analysis][MQTT-2.2.1-5]") {
    watch w;
    auto  c = agreed(w, connect_5, connack_5);
    c.client(q1_5), c.server(puback);

    CHECK(c.server(puback) == " !MQTT-2.2.1-5");
}

TEST_CASE("what acknowledges messages of a session that goes on is not judged", "[dump][analysis]") {
    watch w;
    auto  c = agreed(w, resume_5, present_5);

    CHECK(c.server(puback).empty());
    CHECK(c.client(pubrel).empty());
}

TEST_CASE("an answer belongs to a request, and has one code for each filter", "[dump][analysis][MQTT-2.2.1-6][v3-MQTT-2.3.1-7][MQTT-3.8.4-6][v3-MQTT-3.8.4-5]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    CHECK(five.server("90 04 00 07 00 00") == " !MQTT-2.2.1-6");
    five.client("82 09 00 08 00 00 03 61 2f 62 00");
    CHECK(five.server("90 05 00 08 00 00 00") == " acks=6 +1.000ms !MQTT-3.8.4-6");
    auto three = agreed(w, connect_311, connack_311);
    CHECK(three.server("b0 02 00 07") == " !MQTT-2.3.1-7");
    three.client("82 08 00 08 00 03 61 2f 62 00");
    CHECK(three.server("90 04 00 08 00 00").ends_with(" !MQTT-3.8.4-5"));
}

TEST_CASE("QoS 1 is acknowledged by PUBACK, QoS 2 by PUBREC", "[dump][analysis][MQTT-4.3.2-4][MQTT-4.3.3-8][v3-MQTT-4.3.2-2][v3-MQTT-4.3.3-2]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    five.client(q1_5);
    CHECK(five.server(pubrec) == " !MQTT-4.3.2-4");
    auto three = agreed(w, connect_311, connack_311);
    three.client(q2_311);
    CHECK(three.server(puback) == " !MQTT-4.3.3-2");
}

TEST_CASE("nothing is sent behind DISCONNECT", "[dump][analysis][MQTT-3.14.4-1][v3-MQTT-3.14.4-2]") {
    watch w;
    auto  five = agreed(w, connect_5, connack_5);
    five.client(disconnect);
    CHECK(five.client(pingreq) == " !MQTT-3.14.4-1");
    auto three = agreed(w, connect_311, connack_311);
    three.client(disconnect);
    CHECK(three.client(pingreq) == " !MQTT-3.14.4-2");
    CHECK(three.server(q1_311).empty());                           // under way
}

TEST_CASE("a server that refused says no more", "[dump][analysis][MQTT-3.2.2-7][v3-MQTT-3.2.2-5]") {
    watch w;
    auto  five = w.open();
    five.client(connect_5), five.server("20 03 00 87 00");
    CHECK(five.server("30 05 00 01 61 00 78") == " !MQTT-3.2.2-7");
    auto three = w.open();
    three.client(connect_311), three.server("20 02 00 05");
    CHECK(three.server("30 04 00 01 61 78").ends_with(" !MQTT-3.2.2-5"));
}

TEST_CASE("CONNACK comes once, and without a session where a clean start was asked for", "[dump][analysis][MQTT-3.2.0-2][MQTT-3.2.2-2][v3-MQTT-3.2.2-1]") {
    watch w;
    auto  five = w.open();
    five.client(connect_5);
    CHECK(five.server(present_5) == " acks=1 +1.000ms !MQTT-3.2.2-2");
    CHECK(five.server(connack_5) == " !MQTT-3.2.0-2");
    auto three = w.open();
    three.client(connect_311);
    CHECK(three.server(present_311).ends_with(" !MQTT-3.2.2-1"));
}

TEST_CASE("a PINGRESP answers a PINGREQ", "[dump][analysis]") {
    watch w;
    auto  c = agreed(w, connect_5, connack_5);

    CHECK(c.server(pingresp) == " !3.13");
}

TEST_CASE("aliases stay within what the receiver takes", "[dump][analysis][MQTT-3.3.2-9][MQTT-3.3.2-11][MQTT-3.2.2-18][MQTT-3.1.2-27]") {
    constexpr std::string_view one = "30 07 00 01 61 03 23 00 01", three = "30 07 00 01 61 03 23 00 03";
    watch                      w;
    auto                       c = agreed(w, connect_limits, connack_limits);
    CHECK(c.client(one).empty());
    CHECK(c.client(three) == " !MQTT-3.3.2-9");
    CHECK(c.server(three).ends_with(" !MQTT-3.3.2-11"));
    auto none = agreed(w, connect_5, connack_5);
    CHECK(none.client(one) == " !MQTT-3.2.2-18");
    CHECK(none.server(one).ends_with(" !MQTT-3.1.2-27"));
}

TEST_CASE("an alias stands for a topic that its sender gave it", "[dump][analysis]") {
    watch w;
    auto  c = agreed(w, connect_limits, connack_limits);
    c.server("30 07 00 01 61 03 23 00 01");

    CHECK(c.client("30 06 00 00 03 23 00 01") == " !3.3.2.3.4");
    CHECK(c.server("30 06 00 00 03 23 00 01").find('!') == std::string::npos);
    CHECK(w.out.topics.back() == "a");
}

TEST_CASE("the Receive Maximum is kept by both ends", "[dump][analysis][MQTT-3.3.4-7][MQTT-3.3.4-9]") {
    constexpr std::string_view next = "32 09 00 03 61 2f 62 00 06 00 78";
    watch                      w;
    auto                       c = agreed(w, connect_limits, connack_limits);
    CHECK(c.client(q2_5).empty());
    CHECK(c.client(next) == " !MQTT-3.3.4-7");
    CHECK(c.server(q2_5).find('!') == std::string::npos);
    CHECK(c.server(next).ends_with(" !MQTT-3.3.4-9"));
    c.server("40 02 00 06"), c.server(pubrec), c.client(pubrel);
    CHECK(c.client(next) == " !MQTT-3.3.4-7");                     // PUBCOMP is not there yet
    c.server("40 02 00 06"), c.server(pubcomp);
    CHECK(c.client(next).empty());
}

TEST_CASE("a client is held to CONNACK only when it has heard it", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_limits), c.server(connack_limits);

    CHECK(c.unheard(0, "30 07 00 01 61 03 23 00 03").empty());
    CHECK(c.client(pingreq).empty());
    CHECK(c.client("30 07 00 01 61 03 23 00 03") == " !MQTT-3.3.2-9");
}

TEST_CASE("packets stay within the receiver's Maximum Packet Size", "[dump][analysis][MQTT-3.2.2-15][MQTT-3.1.2-24]") {
    constexpr std::string_view large = "30 13 00 01 61 00 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78";   // 21 bytes
    constexpr std::string_view full = "30 12 00 01 61 00 78 78 78 78 78 78 78 78 78 78 78 78 78 78";
    watch                      w;
    auto                       c = agreed(w, connect_limits, connack_limits);
    CHECK(c.client(large) == " !MQTT-3.2.2-15");
    CHECK(c.client(full).empty());
    CHECK(c.server(large).ends_with(" !MQTT-3.1.2-24"));
    CHECK(c.server(full).find('!') == std::string::npos);
}

TEST_CASE("what the server does not have is not asked of it", "[dump][analysis][MQTT-3.2.2-11][MQTT-3.2.2-14]") {
    watch w;
    auto  c = agreed(w, connect_5, connack_poor);
    CHECK(c.client(q1_5) == " !MQTT-3.2.2-11");
    CHECK(c.client("31 05 00 01 61 00 78") == " !MQTT-3.2.2-14");
    CHECK(c.client("82 09 00 07 00 00 03 61 2f 23 00") == " !3.2.2.3.11");
    CHECK(c.client("82 0b 00 08 02 0b 05 00 03 61 2f 62 00") == " !3.2.2.3.12");
    CHECK(c.client("82 12 00 09 00 00 0c 24 73 68 61 72 65 2f 67 2f 61 2f 62 00") == " !3.2.2.3.13");
    CHECK(c.client("82 09 00 0a 00 00 03 61 2f 62 00").empty());
    CHECK(c.client("30 05 00 01 61 00 78").empty());
}

TEST_CASE("a client speaks within one and a half Keep Alive periods", "[dump][analysis][MQTT-3.1.2-20][v3-MQTT-3.1.2-23]") {
    watch w;
    auto  three = agreed(w, connect_311, connack_311);
    w.pass(89);
    CHECK(three.client(pingreq).empty());
    w.pass(91);
    CHECK(three.client(pingreq) == " !MQTT-3.1.2-23");
    auto five = agreed(w, connect_5, connack_5);
    w.pass(91);
    CHECK(five.client(pingreq) == " !MQTT-3.1.2-20");
}

TEST_CASE("the server's Keep Alive replaces that of the client", "[dump][analysis][MQTT-3.2.2-21]") {
    watch w;
    auto  c = agreed(w, connect_5, "20 06 00 00 03 13 00 0a");
    w.pass(16);

    CHECK(c.client(pingreq) == " !MQTT-3.2.2-21");
}

TEST_CASE("AUTH is for those who asked for a method", "[dump][analysis][MQTT-4.12.0-6][MQTT-4.12.0-7]") {
    constexpr std::string_view auth = "f0 06 18 04 15 00 01 6d";
    watch                      w;
    auto                       c = agreed(w, connect_5, connack_5);

    CHECK(c.client(auth) == " !MQTT-4.12.0-7");
    CHECK(c.server(auth) == " !MQTT-4.12.0-6");
}

TEST_CASE("missing bytes and a second CONNECT end all judgement that depends on them", "[dump][analysis]") {
    watch w;
    auto  lost = agreed(w, connect_5, connack_5);
    lost.client(q1_5);
    lost.lose(1);
    CHECK(lost.client(q1_5).find('!') == std::string::npos);       // its PUBACK may be missing
    auto asked = agreed(w, connect_5, connack_5);
    asked.lose(0);
    CHECK(asked.server(puback).empty());                           // its PUBLISH may be missing
    auto twice = agreed(w, connect_5, connack_5);
    CHECK(twice.client(connect_5) == " !MQTT-3.1.0-2");
    CHECK(twice.client(puback).empty());
}

TEST_CASE("a client is not held to what stood in the missing part of a CONNACK", "[dump][analysis]") {
    constexpr std::string_view large = "30 13 00 01 61 00 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78";
    watch                      w;
    auto                       c = w.open();
    c.client(connect_5), c.cut(1, "20 09 00", 8);                  // 3 of 11 bytes
    c.client(pingreq), c.server(pingresp);

    CHECK(c.client("30 07 00 01 61 03 23 00 01").empty());         // Topic Alias Maximum may have stood there
    CHECK(c.client(large).empty());
    w.pass(91);
    CHECK(c.client(pingreq).empty());                              // and Server Keep Alive
    auto other = w.open();
    other.cut(0, "10 19 00 04 4d 51 54 54 05 02 00 3c", 15), other.server(connack_limits);
    CHECK(other.server(large).find('!') == std::string::npos);
    CHECK(other.server("30 07 00 01 61 03 23 00 01").find('!') == std::string::npos);
}
