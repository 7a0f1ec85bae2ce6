// Keep-alive of both roles, and the other deadlines.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;

TEST_CASE("a client that has nothing to say pings in time and stays connected",
          "[session][MQTT-3.1.2-20][v3-MQTT-3.1.2-23][MQTT-3.12.4-1][v3-MQTT-3.12.4-1][MQTT-3.2.2-22]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .keep_alive = 10}};

    peers.pass(100s);

    CHECK(peers.from_client.count<packet::pingreq>() >= 10);
    CHECK(peers.from_server.count<packet::pingresp>() == peers.from_client.count<packet::pingreq>());
    CHECK_FALSE(peers.client.closed);
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("a client pings at the part of the keep-alive that it was told", "[session][MQTT-3.1.2-20]") {
    session_pair::options how{.keep_alive = 10};
    how.client.ping_after = 500;
    session_pair peers{how};

    peers.pass(4900ms);
    CHECK(peers.from_client.count<packet::pingreq>() == 0);
    peers.pass(200ms);
    CHECK(peers.from_client.count<packet::pingreq>() == 1);
}

TEST_CASE("a client that sends anyway does not ping", "[session][MQTT-3.1.2-20]") {
    session_pair peers{{.keep_alive = 10}};
    for (auto i = 0; i < 20; ++i) {
        peers.pass(5s);
        peers.publish(peers.client, "a", "x", at_most_once);
        peers.run();
    }
    CHECK(peers.from_client.count<packet::pingreq>() == 0);
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("a server gives up a client that is silent for one and a half keep-alives",
          "[session][MQTT-3.1.2-22][v3-MQTT-3.1.2-24][MQTT-3.14.4-3]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .keep_alive = 10}};
    auto const start = peers.now;
    peers.now = start + 14999ms;
    peers.server.engine->tick(peers.now);
    CHECK_FALSE(peers.server.engine->finished());

    peers.now = start + 15s;
    peers.server.engine->tick(peers.now);
    peers.server.drain(peers.now);

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->expired == session::timer::silence);
    CHECK_FALSE(peers.server.closed->discard_will);
    CHECK(peers.server.engine->pending(peers.now).empty() == (version == protocol::v3_1_1));    // 5.0 says why: 0x8D
}

TEST_CASE("keep-alive 0 turns it off", "[session][MQTT-3.1.2-22]") {
    session_pair peers;
    CHECK_FALSE(peers.client.engine->deadline());
    CHECK_FALSE(peers.server.engine->deadline());
}

TEST_CASE("the server's keep-alive replaces the client's", "[session][MQTT-3.1.2-21][MQTT-3.2.2-21]") {
    session_pair peers{{.keep_alive = 100, .connect = false}};
    peers.server.connack_props.add<property_id::server_keep_alive>(10);
    (void)peers.connect(true);
    peers.run();
    CHECK(peers.client.keep_alive == 10);

    peers.pass(30s);

    CHECK(peers.from_client.count<packet::pingreq>() == 3);
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("a server that does not answer a ping is given up", "[session]") {
    session_pair peers{{.keep_alive = 10}};
    auto& client = *peers.client.engine;
    peers.now += 9s;
    client.tick(peers.now);
    auto const views = client.pending(peers.now);
    REQUIRE(views.size() == 1);
    client.sent(views[0].size(), peers.now);

    SECTION("bytes that still arrive give it more time") {
        peers.now += 8s;
        peers.feed(peers.client, packet::publish{.topic = "a"});
        peers.now += 8s;
        client.tick(peers.now);
        CHECK_FALSE(client.finished());
    }
    SECTION("not while we do not read") {
        client.pause(true, peers.now);
        CHECK_FALSE(client.wants_input());
        peers.now += 60s;
        client.tick(peers.now);
        CHECK_FALSE(client.finished());
        client.pause(false, peers.now);
        CHECK(client.wants_input());
        peers.now += 9s;
        client.tick(peers.now);
        CHECK_FALSE(client.finished());
    }
    peers.now += 10s;
    client.tick(peers.now);
    peers.client.drain(peers.now);
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->expired == session::timer::ping_response);
    CHECK(peers.client.closed->reason == reason_code::keep_alive_timeout);
}

TEST_CASE("the silence of a peer that we do not read from does not count", "[session]") {
    session_pair peers{{.keep_alive = 10}};
    peers.server.engine->pause(true, peers.now);
    peers.now += 100s;
    peers.server.engine->tick(peers.now);
    CHECK_FALSE(peers.server.engine->finished());

    peers.server.engine->pause(false, peers.now);
    peers.now += 15s;
    peers.server.engine->tick(peers.now);
    CHECK(peers.server.engine->finished());
}

TEST_CASE("a packet that trickles in for too long ends the connection", "[session]") {
    session_pair::options how;
    how.server.packet_timeout = 30s;
    session_pair peers{how};
    std::byte const head[] = {std::byte{0x30}, std::byte{0x64}};
    peers.feed(peers.server, bytes_view{head});
    for (auto i = 0; i < 29; ++i) {
        peers.now += 1s;
        peers.feed(peers.server, bytes_view{head}.subspan(1));
        peers.server.engine->tick(peers.now);
        REQUIRE_FALSE(peers.server.engine->finished());
    }
    peers.now += 1s;
    peers.server.engine->tick(peers.now);
    peers.server.drain(peers.now);
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->expired == session::timer::packet);
}

TEST_CASE("after a tick no deadline lies in the past", "[session]") {
    session_pair peers{{.keep_alive = 1}};
    for (auto i = 0; i < 100; ++i) {
        peers.now += 313ms;
        for (auto* p : {&peers.client, &peers.server}) {
            p->engine->tick(peers.now);
            if (auto const at = p->engine->deadline()) CHECK(*at > peers.now);
        }
        peers.run();
    }
}

TEST_CASE("nothing received and nothing sent counts for nothing", "[session][MQTT-3.1.2-20]") {
    session_pair::options how{.keep_alive = 10};
    how.client.packet_timeout = 5s;
    session_pair peers{how};
    auto& client = *peers.client.engine;
    auto const ping = client.deadline();

    peers.now += 3s;
    (void)client.prepare();
    client.received(0, peers.now);
    client.sent(0, peers.now);
    CHECK(client.deadline() == ping);

    peers.now += 1s;
    peers.publish(peers.client, "a", "x", at_most_once);
    peers.run();
    CHECK(client.deadline() == *ping + 4s);
}

TEST_CASE("an engine that is finished has no time left to keep", "[session]") {
    session_pair peers{{.keep_alive = 10}};
    auto& client = *peers.client.engine;
    REQUIRE(client.disconnect({}, peers.now));

    peers.now += 100s;
    client.tick(peers.now);
    client.pause(true, peers.now);
    client.opened(peers.now);
    std::ranges::fill(client.prepare(), std::byte{});
    client.received(1, peers.now);
    CHECK_FALSE(client.deadline());
    peers.client.drain(peers.now);

    REQUIRE(peers.client.closed);
    CHECK_FALSE(peers.client.closed->expired);
    CHECK(peers.client.closed->who == session::event::closed::by::us);
}

TEST_CASE("an engine told again that the transport is up does not wait for a handshake again", "[session]") {
    session_pair peers;
    peers.server.engine->opened(peers.now);
    peers.client.engine->opened(peers.now);
    CHECK_FALSE(peers.server.engine->deadline());
    CHECK_FALSE(peers.client.engine->deadline());
}

TEST_CASE("a pause told twice is one and without a keep-alive changes no deadline", "[session]") {
    auto const keep_alive = GENERATE(std::uint16_t{0}, std::uint16_t{10});
    session_pair peers{{.keep_alive = keep_alive}};
    auto& server = *peers.server.engine;

    server.pause(false, peers.now);                                // it was not paused
    peers.now += 5s;
    server.pause(true, peers.now);
    server.pause(true, peers.now);
    CHECK_FALSE(server.wants_input());
    CHECK_FALSE(server.deadline());
    peers.now += 5s;
    server.pause(false, peers.now);
    CHECK(server.wants_input());

    CHECK(server.deadline().has_value() == (keep_alive != 0));
    if (keep_alive != 0) CHECK(*server.deadline() == peers.now + 15s);
}

TEST_CASE("a pause before the connection is open leaves the handshake its time", "[session]") {
    session_pair peers{{.keep_alive = 10, .connect = false}};
    auto& server = *peers.server.engine;
    server.opened(peers.now);
    auto const end = server.deadline();

    server.pause(true, peers.now);
    CHECK(server.deadline() == end);
    server.pause(false, peers.now);
    CHECK(server.deadline() == end);
}

TEST_CASE("a client pings while it does not read and waits for the answer once it reads again", "[session]") {
    session_pair peers{{.keep_alive = 10}};
    auto& client = *peers.client.engine;
    client.pause(true, peers.now);
    peers.now += 9s;
    client.tick(peers.now);
    CHECK_FALSE(client.pending(peers.now).empty());
    peers.now += 100s;
    client.tick(peers.now);
    CHECK_FALSE(client.finished());

    client.pause(false, peers.now);
    peers.now += 10s;
    client.tick(peers.now);
    peers.client.drain(peers.now);
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->expired == session::timer::ping_response);
}

TEST_CASE("what arrives while its owner is paused starts no clock against the peer", "[session]") {
    session_pair peers{{.keep_alive = 10}};
    peers.server.engine->pause(true, peers.now);
    peers.feed(peers.server, packet::publish{.topic = "a"});       // read before the pause
    CHECK(peers.server.received("a").size() == 1);
    CHECK_FALSE(peers.server.engine->deadline());
}

TEST_CASE("the clock of a packet stops with a pause and begins anew after it", "[session]") {
    session_pair::options how;
    how.server.packet_timeout = 30s;
    session_pair peers{how};
    auto& server = *peers.server.engine;
    std::byte const head[] = {std::byte{0x30}, std::byte{0x64}};
    auto const in_the_middle = GENERATE(true, false);
    if (in_the_middle) peers.feed(peers.server, bytes_view{head});

    server.pause(true, peers.now);
    peers.now += 100s;
    server.tick(peers.now);
    CHECK_FALSE(server.finished());
    server.pause(false, peers.now);

    CHECK(server.deadline().has_value() == in_the_middle);
    if (in_the_middle) CHECK(*server.deadline() == peers.now + 30s);
}

TEST_CASE("each packet has its own time and between packets there is none", "[session]") {
    session_pair::options how;
    how.server.packet_timeout = 30s;
    session_pair peers{how};
    auto& server = *peers.server.engine;
    byte_buffer bytes;
    REQUIRE(codec::encode(packet::publish{.topic = "a"}, {}, bytes));
    auto const one = bytes.size();
    REQUIRE(codec::encode(packet::publish{.topic = "a"}, {}, bytes));
    auto const begin = peers.now;

    peers.feed(peers.server, bytes_view{bytes}.first(2));
    CHECK(server.deadline() == begin + 30s);
    peers.now += 20s;
    peers.feed(peers.server, bytes_view{bytes}.subspan(2, one));   // the rest, and two bytes of the next one
    CHECK(server.deadline() == begin + 50s);
    peers.now += 20s;
    peers.feed(peers.server, bytes_view{bytes}.subspan(2 + one));
    CHECK_FALSE(server.deadline());
    CHECK(peers.server.received("a").size() == 2);
}

TEST_CASE("a server that takes no packet at all is not pinged", "[session][MQTT-3.2.2-15]") {
    session_pair::options how{.keep_alive = 10};
    how.server.own.maximum_packet_size = 1;
    session_pair peers{how};

    peers.now += 9s;
    peers.client.engine->tick(peers.now);

    CHECK(peers.client.engine->pending(peers.now).empty());
    CHECK_FALSE(peers.client.engine->finished());
}
