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
