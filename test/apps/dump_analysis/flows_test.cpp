// Questions and answers: matched with their latency, told of where they stay open, never matched where another could be meant.
#include <questions.hpp>
#include <support/catch.hpp>

#include "followed.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("a PUBACK names its PUBLISH, the time between and the topic", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311);

    CHECK(c.server(puback) == " acks=3 +1.000ms [a/b]");
    auto const& found = w.out.found.back();
    CHECK(found.completes);
    CHECK(found.latency == 1'000'000);
    CHECK(found.qos == 1);
    CHECK(found.question.frame == 3);
    CHECK(w.out.topics.back() == "a/b");
}

TEST_CASE("a QoS 2 exchange is followed step by step, from both ends", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_5), c.server(connack_5), c.server(q2_5), c.client(q2_5);

    CHECK(c.client(pubrec) == " acks=3 +2.000ms [a/b]");
    CHECK(c.server(pubrec) == " acks=4 +2.000ms [a/b]");
    CHECK(c.client(pubrel) == " acks=6 +1.000ms [a/b]");
    CHECK(c.server(pubrel) == " acks=5 +3.000ms [a/b]");
    CHECK_FALSE(w.out.found.back().completes);
    CHECK(c.client(pubcomp) == " acks=8 +1.000ms flow=3 +6.000ms [a/b]");
    CHECK(c.server(pubcomp) == " acks=7 +3.000ms flow=4 +6.000ms [a/b]");
    CHECK(w.out.found.back().completes);
    CHECK(w.out.found.back().latency == 6'000'000);
}

TEST_CASE("a PUBREC with a failure ends its exchange in 5.0", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_5), c.server(connack_5), c.client(q2_5);

    CHECK(c.server("50 03 00 05 97") == " acks=3 +1.000ms [a/b]");
    CHECK(w.out.found.back().completes);
    CHECK(c.client(q2_5).empty());                                 // the identifier is free
}

TEST_CASE("requests, pings and CONNECT find their answers", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311);
    CHECK(c.server(connack_311) == " acks=1 +1.000ms");
    c.client("82 08 00 07 00 03 61 2f 62 00"), c.client("a2 07 00 08 00 03 61 2f 62"), c.client(pingreq), c.client(pingreq);

    CHECK(c.server("b0 02 00 08") == " acks=4 +3.000ms");
    CHECK(c.server("90 03 00 07 00") == " acks=3 +5.000ms");
    CHECK(c.server(pingresp) == " acks=5 +4.000ms");
    CHECK(c.server(pingresp) == " acks=6 +4.000ms");
    CHECK(w.out.found.back().flow == flow_kind::ping);
}

TEST_CASE("the ends of a conversation have their own identifiers", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311), c.server(q1_311);

    CHECK(c.client(puback) == " acks=4 +1.000ms [a/b]");
    CHECK(c.server(puback) == " acks=3 +3.000ms [a/b]");
}

TEST_CASE("what was never answered is told when a conversation ends, in the order of frames", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311), c.client(pingreq), c.client("82 08 00 07 00 03 61 2f 62 00"), c.server(puback);
    c.client("34 08 00 03 61 2f 62 00 09 78"), c.server("50 02 00 09");
    c.end();

    CHECK(w.out.lines.back() == "note conversation 0 (\"x\") has no answer to PINGREQ of frame 4, SUBSCRIBE (id=7) of frame 5, PUBREC (id=9) of frame 8");
}

TEST_CASE("what is not answered when the input ends is told then", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311);

    CHECK(w.done().back() == "note conversation 0 (\"x\") has no answer to PUBLISH (id=5) of frame 3");
}

TEST_CASE("a conversation in which all was answered ends without a note", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311), c.server(puback), c.client(pingreq), c.server(pingresp), c.client(disconnect);
    c.end();

    for (auto const& l : w.done()) CHECK_FALSE(l.starts_with("note "));
}

TEST_CASE("behind missing answers a question is neither matched nor told of as open", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311), c.client(pingreq);
    c.lose(1);
    c.server(q2_311), c.server("32 08 00 03 61 2f 62 00 06 78"), c.server("32 08 00 03 61 2f 62 00 07 78");
    c.server(puback), c.server(pingresp);
    c.client(q1_311);
    auto const asked = std::to_string(w.frame());
    CHECK(c.server(puback) == " acks=" + asked + " +1.000ms [a/b]");
    for (auto const& l : w.out.lines) {
        CHECK(l.find("acks=3") == std::string::npos);
        CHECK(l.find('!') == std::string::npos);
    }
}

TEST_CASE("an answer captured in front of its question is held against nobody and matched with nothing", "[dump][analysis]") {
    watch w;
    auto  c = w.open();
    c.client(connect_311), c.server(connack_311), c.client(q1_311);
    CHECK(c.ahead(1, puback).empty());
    CHECK(c.ahead(1, "40 02 00 09").empty());
    CHECK(c.client("32 08 00 03 61 2f 62 00 09 78").empty());      // the late one
    CHECK(c.client(q1_311).empty());
    CHECK(c.server(puback) == " acks=7 +1.000ms [a/b]");
}

TEST_CASE("open questions are bounded and those that were dropped are not told of", "[dump][analysis]") {
    follow::question_pool  pool;
    follow::question_table first{pool}, second{pool};
    first.complete = second.complete = true;
    first.add(1);
    for (unsigned id = 1; id <= 32'768; ++id) second.add(static_cast<std::uint16_t>(id));

    CHECK(first.find(1) == nullptr);
    CHECK_FALSE(first.complete);
    CHECK(second.complete);
    CHECK(second.find(32'768) != nullptr);
}
