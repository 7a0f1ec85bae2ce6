// How connections begin: CONNECT, CONNACK, Session Present, limits.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;

TEST_CASE("a client connects and publishes at every QoS", "[session]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    REQUIRE(peers.client.session_present == false);

    for (auto const qos : {qos_level::at_most_once, qos_level::at_least_once, qos_level::exactly_once}) {
        auto const no = peers.client.engine->publish({.topic = "a", .payload = to_bytes("x"), .qos = qos}, peers.now);
        REQUIRE(no);
        peers.run();
        if (qos != qos_level::at_most_once) CHECK(peers.client.deliveries.at(*no).how == session::event::outcome::acknowledged);
    }

    CHECK(peers.server.received("a") == std::vector<std::string>{"x", "x", "x"});
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("a QoS 2 message is delivered once although its PUBREC was lost", "[session][qos2][MQTT-4.3.3-10][MQTT-4.4.0-1]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.from_server.cut_before = packet_type::pubrec;
    auto const no = peers.client.engine->publish({.topic = "a", .payload = to_bytes("x"), .qos = qos_level::exactly_once}, peers.now);
    peers.run();

    peers.reconnect();

    CHECK(peers.client.session_present == true);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.client.deliveries.at(*no).how == session::event::outcome::acknowledged);
}
