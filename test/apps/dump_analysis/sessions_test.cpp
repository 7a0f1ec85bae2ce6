// Sessions over connections: redelivery tied to its original, take-over, clean start; deliveries tied to what was published.
#include <support/catch.hpp>

#include "followed.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("a message sent again on the next connection is tied to its original", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_311), a.server(connack_311), a.client(q1_311);
    a.end();
    auto b = w.open();

    CHECK(b.client(resume_311) == " before=1");
    CHECK(b.server(present_311) == " acks=6 +1.000ms");
    CHECK(b.client(q1_dup_311) == " again=3");
    auto const frame = std::to_string(w.frame());
    CHECK(b.server(puback) == " acks=" + frame + " +1.000ms [a/b]");
    CHECK(w.out.found.back().latency == 1'000'000);
}

TEST_CASE("a PUBREL sent again on the next connection is tied to the one before", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_5), a.server(connack_5), a.server(q2_5), a.client(pubrec), a.server(pubrel);
    a.end();
    auto b = w.open();
    b.client(resume_5), b.server(present_5);

    CHECK(b.server(pubrel) == " again=5");
    auto const frame = w.frame();
    CHECK(b.client(pubcomp) == " acks=" + std::to_string(frame) + " +1.000ms");
}

TEST_CASE("another message with DUP and the same identifier is not taken for the same", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_311), a.server(connack_311), a.client(q1_311);
    a.end();
    auto b = w.open();
    b.client(resume_311), b.server(present_311);

    CHECK(b.client("3a 08 00 03 61 2f 62 00 05 79").empty());
}

TEST_CASE("a clean start forgets what was open", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_5), a.server(connack_5), a.client(q1_5);
    a.end();
    auto b = w.open();
    b.client(connect_5), b.server(connack_5);

    CHECK(b.client(q1_dup_5).empty());
}

TEST_CASE("Session Present 0 forgets what was open", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_311), a.server(connack_311), a.client(q1_311);
    a.end();
    auto b = w.open();
    b.client(resume_311), b.server(connack_311);

    CHECK(b.client(q1_dup_311).empty());
}

TEST_CASE("a take-over is seen, and the loser is held to nothing any more", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_311), a.server(connack_311), a.client(q1_311);
    auto b = w.open();

    CHECK(b.client(resume_311) == " takes-over=1");
    b.server(present_311);
    CHECK(b.client(q1_dup_311) == " again=3");
    CHECK(a.client(q1_311).empty());
    a.end();
    for (auto const& l : w.out.lines) CHECK_FALSE(l.starts_with("note "));
}

TEST_CASE("a CONNECT that is refused takes nothing over", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client(resume_311), a.server(connack_311), a.client(q1_311);
    auto b = w.open();
    b.client(resume_311), b.server("20 02 00 05");

    CHECK(a.server(puback) == " acks=3 +3.000ms [a/b]");
}

TEST_CASE("an identifier that the server assigned names the session", "[dump][analysis]") {
    watch w;
    auto  a = w.open();
    a.client("10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00"), a.server("20 07 00 00 04 12 00 01 78"), a.client(q1_5);
    a.end();
    auto b = w.open();

    CHECK(b.client(resume_5) == " before=1");
}

TEST_CASE("what the server delivers is tied to what was published, one by one", "[dump][analysis]") {
    watch w;
    auto  publisher = w.open();
    auto  receiver = w.open("10.0.0.2");
    publisher.client(connect_311), publisher.server(connack_311);
    receiver.client("10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 79"), receiver.server(connack_311), receiver.client("82 08 00 07 00 03 61 2f 62 00");
    constexpr std::string_view on = "30 07 00 03 61 2f 62 6f 6e";
    publisher.client(on), publisher.client(on), publisher.client("30 08 00 03 61 2f 62 6f 66 66");

    CHECK(receiver.server(on) == " from=6 +3.000ms");
    CHECK(receiver.server(on) == " from=7 +3.000ms");
    CHECK(receiver.server("30 08 00 03 61 2f 62 6f 66 66") == " from=8 +3.000ms");
    CHECK(receiver.server("30 07 00 03 61 2f 63 6f 6e").empty());
    CHECK(w.out.found[8].delivery_of.stream == 0);
    CHECK(w.out.found[8].delay == 3'000'000);
}

TEST_CASE("a message too old to be delivered now is not taken for the origin, unless it was retained", "[dump][analysis]") {
    watch w;
    auto  publisher = w.open();
    auto  receiver = w.open("10.0.0.2");
    publisher.client(connect_311), publisher.server(connack_311);
    receiver.client("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 79"), receiver.server(connack_311), receiver.client("82 08 00 07 00 03 61 2f 62 00");
    publisher.client("30 07 00 03 61 2f 62 6f 6e"), publisher.client("31 07 00 03 61 2f 63 6f 6e");
    w.pass(61);

    CHECK(receiver.server("30 07 00 03 61 2f 62 6f 6e").empty());
    CHECK(receiver.server("31 07 00 03 61 2f 63 6f 6e") == " from=7 +61002.000ms");
}

TEST_CASE("a session is left by a second CONNECT on its connection, and nobody is there to be thrown out later", "[dump][analysis]") {
    watch w;
    auto  first = w.open();
    first.client(resume_5), first.server(connack_5), first.client(resume_5);
    first.end();

    auto second = w.open();
    CHECK(second.client(resume_5) == " before=1");
    CHECK(second.server(connack_5) == " acks=6 +1.000ms");
}
