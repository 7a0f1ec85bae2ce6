// What a second connection makes of what the first one left.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;

namespace {

/// A new connection whose server has accepted and sent nothing else; the client has not written anything yet.
void reopen(session_pair& peers) {
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    peers.server.accepts = false;
    (void)peers.connect(false);
    peers.run();
    peers.from_client.clear();
    peers.feed(peers.client, packet::connack{.session_present = true});
}

} // namespace

TEST_CASE("an acknowledgement that comes before the message went out again ends it", "[session][qos1][qos2][MQTT-4.4.0-1]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers;
    peers.server.acknowledges = false;
    auto const first = peers.publish(peers.client, "a", "1", qos);
    peers.publish(peers.client, "a", "2", qos);
    peers.run();

    reopen(peers);
    if (qos == at_least_once) peers.feed(peers.client, packet::puback{.id = 1});
    else peers.feed(peers.client, packet::pubrec{.id = 1, .reason = reason_code::quota_exceeded});
    peers.run();

    CHECK(peers.client.deliveries.contains(first));
    auto const sent = peers.from_client.all<packet::publish>();
    REQUIRE(sent.size() == 1);                                     // the other one
    CHECK(sent[0].id == 2);
    CHECK(peers.client.state.in_flight() == 1);
}

TEST_CASE("a PUBCOMP that comes before the PUBREL went out again ends the delivery", "[session][qos2]") {
    session_pair peers;
    peers.from_client.cut_before = packet_type::pubrel;
    auto const no = peers.publish(peers.client, "a", "1", exactly_once);
    peers.run();

    reopen(peers);
    peers.feed(peers.client, packet::pubcomp{.id = 1});
    peers.run();

    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
    CHECK(peers.from_client.log.empty());
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("what the server supports no longer is given up instead of sent again", "[session][MQTT-3.2.2-11][MQTT-3.2.2-14]") {
    session_pair peers;
    peers.server.acknowledges = false;
    auto const two = peers.publish(peers.client, "a", "two", exactly_once);
    auto const retained = peers.publish(peers.client, "a", "kept", at_least_once, true);
    auto const plain = peers.publish(peers.client, "a", "plain", at_least_once);
    peers.run();
    peers.server.acknowledges = true;
    peers.server.settings.own = {.maximum_qos = at_least_once, .retain_available = false};
    peers.server.messages.clear();

    peers.reconnect();

    CHECK(peers.client.deliveries.at(two).how == outcome::not_supported);
    CHECK(peers.client.deliveries.at(retained).how == outcome::not_supported);
    CHECK(peers.client.deliveries.at(plain).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"plain"});
    CHECK_FALSE(peers.client.closed);
}

TEST_CASE("a retained message reaches a server that keeps them and is given up in the queue of one that does not", "[session][MQTT-3.2.2-14]") {
    auto const keeps = GENERATE(false, true);
    session_pair::options how;
    how.server.own.retain_available = keeps;
    how.connect = false;
    session_pair peers{how};
    auto const no = peers.client.state.enqueue(*session::message::make("a", {}, {}), {.qos = at_least_once, .retain = true}, {}, peers.now).no;

    (void)peers.connect(true);
    peers.run();

    CHECK(peers.client.deliveries.at(no).how == (keeps ? outcome::acknowledged : outcome::not_supported));
    REQUIRE(peers.server.messages.size() == (keeps ? 1U : 0U));
    if (keeps) CHECK(peers.server.messages[0].retain);
}

TEST_CASE("what was begun and never written is published anew when the session is lost", "[session][MQTT-3.2.2-5]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers;
    auto const no = peers.publish(peers.client, "a", "x", qos);    // begun, but the connection ends before it is written
    REQUIRE(peers.client.state.in_flight() == 1);
    peers.cut();
    peers.server.state.clear();

    peers.reconnect();

    CHECK(peers.client.session_present == false);
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
}

TEST_CASE("a 3.1 session goes on although its CONNACK cannot say so", "[session][qos2]") {
    session_pair peers{{.version = protocol::v3_1}};
    auto const lost = GENERATE(packet_type::pubrec, packet_type::pubcomp);
    peers.from_server.cut_before = lost;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();

    peers.reconnect();

    CHECK_FALSE(peers.from_server.all<packet::connack>().back().session_present);    // 3.1 has no such flag
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.server.state.incoming() == 0);                     // or the identifier's next message would be taken for this one
}

TEST_CASE("a client that began anew and heard nothing does so again", "[session][MQTT-3.1.2-4][MQTT-3.2.2-4]") {
    session_pair peers;
    peers.from_server.cut_before = packet_type::pubrec;
    auto const old = peers.publish(peers.client, "a", "old", exactly_once);
    peers.run();
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    peers.from_server.cut_before = packet_type::connack;           // the server has a new session, and the client does not know
    (void)peers.connect(true);
    peers.run();
    REQUIRE_FALSE(peers.client.session_present == true);

    peers.reconnect(false);

    CHECK(peers.from_client.all<packet::connect>().back().clean_start);
    CHECK(peers.client.session_present == false);
    CHECK(peers.client.deliveries.at(old).how == outcome::session_lost);
    CHECK(peers.server.received("a") == std::vector<std::string>{"old"});    // not once more in the new session
}

TEST_CASE("a session that ends with its connection is begun anew by itself", "[session][MQTT-3.1.2-23][MQTT-3.2.2-4]") {
    session_pair peers{{.expiry = 0}};
    CHECK(peers.client.state.exists());

    peers.reconnect(false);

    CHECK(peers.from_client.all<packet::connect>().back().clean_start);
    CHECK(peers.client.session_present == false);
}

TEST_CASE("a client may leave before CONNACK and its session stays what it was", "[session][MQTT-3.14.4-1]") {
    session_pair peers;
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    peers.server.accepts = false;
    (void)peers.connect(false);
    auto const later = property_list{}.add<property_id::session_expiry_interval>(5);

    REQUIRE(peers.client.engine->disconnect({.props = later}, peers.now));
    peers.run();

    CHECK(peers.client.engine->finished());
    CHECK(peers.from_client.log.back().as<packet::disconnect>());
    CHECK(peers.client.state.expiry() == 3600);                    // whether the server took its word nobody knows
}

TEST_CASE("a 3.1 session that begins anew does", "[session]") {
    session_pair peers{{.version = protocol::v3_1}};
    peers.from_server.cut_before = packet_type::pubrec;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();
    peers.how.expiry = 0;                                          // Clean Session

    peers.reconnect();

    CHECK(peers.client.deliveries.at(no).how == outcome::session_lost);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.server.state.incoming() == 0);
}
