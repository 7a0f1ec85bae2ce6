// QoS 1 and 2 from end to end: identifiers, resending, order, sessions that are lost.
#include <set>

#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;

TEST_CASE("a QoS 2 message is delivered once although its PUBREC was lost",
          "[session][qos2][MQTT-4.3.3-10][MQTT-4.4.0-1][v3-MQTT-4.4.0-1][v3-MQTT-4.3.3-2]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.from_server.cut_before = packet_type::pubrec;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();

    peers.reconnect();

    CHECK(peers.client.session_present == true);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
}

TEST_CASE("a PUBLISH is not sent twice once its PUBREL went out",
          "[session][qos2][MQTT-4.3.3-2][MQTT-4.3.3-6][MQTT-4.3.3-3][MQTT-4.3.3-4][MQTT-4.3.3-5][v3-MQTT-4.3.3-1]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const lost = GENERATE(packet_type::pubrel, packet_type::pubcomp);
    session_pair peers{{.version = version}};
    (lost == packet_type::pubrel ? peers.from_client : peers.from_server).cut_before = lost;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();
    CHECK_FALSE(peers.client.deliveries.contains(no));             // unacknowledged until PUBCOMP

    peers.from_client.clear();
    peers.reconnect();

    CHECK(peers.from_client.count<packet::publish>() == 0);
    CHECK(peers.from_client.count<packet::pubrel>() == 1);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
}

TEST_CASE("a QoS 1 PUBLISH is sent again with its identifier and DUP until its PUBACK came",
          "[session][qos1][MQTT-3.3.1-1][v3-MQTT-3.3.1-1][v3-MQTT-3.3.1.-1][MQTT-4.4.0-1][v3-MQTT-4.4.0-1][MQTT-4.3.2-1][MQTT-4.3.2-2][MQTT-4.3.2-3]"
          "[v3-MQTT-4.3.2-1][v3-MQTT-2.3.1-3]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.from_server.cut_before = packet_type::puback;
    auto const no = peers.publish(peers.client, "a", "x", at_least_once);
    peers.run();
    CHECK(peers.client.state.in_flight() == 1);

    peers.reconnect();

    auto const sent = peers.from_client.all<packet::publish>();
    REQUIRE(sent.size() == 2);
    CHECK_FALSE(sent[0].dup);
    CHECK(sent[1].dup);
    CHECK(sent[0].id == sent[1].id);
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x", "x"});
}

TEST_CASE("DUP of an outgoing PUBLISH has nothing to do with that of an incoming one", "[session][MQTT-3.3.1-3][v3-MQTT-3.3.1-3]") {
    session_pair peers;
    peers.server.acknowledges = false;
    peers.feed(peers.server, packet::publish{.topic = "a", .qos = at_least_once, .dup = true, .id = 1});

    auto const& in = peers.server.messages.at(0);
    CHECK(in.dup);
    (void)peers.server.engine->publish({.topic = in.topic, .qos = at_least_once, .dup = true}, peers.now);
    peers.run();

    CHECK_FALSE(peers.from_server.all<packet::publish>().at(0).dup);
}

TEST_CASE("a message that was queued but never written is no duplicate", "[session][MQTT-3.3.1-1]") {
    session_pair::options how;
    how.server.own.receive_maximum = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "1", at_least_once);
    peers.publish(peers.client, "a", "2", at_least_once);
    peers.run();

    peers.from_client.clear();
    peers.server.acknowledges = true;
    peers.reconnect();

    auto const sent = peers.from_client.all<packet::publish>();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].dup);
    CHECK_FALSE(sent[1].dup);
}

TEST_CASE("what is sent again goes out in its first order and PUBRELs in the order of their PUBRECs",
          "[session][MQTT-4.6.0-1][MQTT-4.6.0-4][v3-MQTT-4.6.0-1][v3-MQTT-4.6.0-4]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.server.acknowledges = false;
    for (auto const* payload : {"1", "2", "3", "4"}) peers.publish(peers.client, "a", payload, exactly_once);
    peers.publish(peers.client, "a", "5", at_least_once);
    peers.run();
    peers.feed(peers.client, packet::pubrec{.id = 3});             // out of order, as no server should
    peers.feed(peers.client, packet::pubrec{.id = 1});

    peers.from_client.clear();
    peers.reconnect();

    std::vector<packet_id> pubrels, publishes;
    for (auto const& w : peers.from_client.log) {
        if (auto const* p = w.as<packet::pubrel>()) {
            CHECK(publishes.empty());                              // all PUBRELs first
            pubrels.push_back(p->id);
        }
        if (auto const* p = w.as<packet::publish>()) publishes.push_back(p->id);
    }
    CHECK(pubrels == std::vector<packet_id>{3, 1});
    CHECK(publishes == std::vector<packet_id>{2, 4, 5});
}

TEST_CASE("identifiers rise from 1 for all operations and none in use is given again",
          "[session][MQTT-2.2.1-3][MQTT-2.2.1-4][v3-MQTT-2.3.1-2][v3-MQTT-2.3.1-3][v3-MQTT-2.3.1-4]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .connect = false}};
    peers.client.state = session::state{4};                        // identifiers 1 to 4
    (void)peers.connect(true);
    peers.run();
    peers.server.acknowledges = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});

    peers.publish(peers.client, "a", "1", at_least_once);
    CHECK(*peers.client.engine->subscribe(filters, {}, peers.now) == 2);
    peers.publish(peers.client, "a", "3", exactly_once);
    peers.run();                                                   // 2 is free again
    peers.publish(peers.client, "a", "4", at_least_once);
    peers.publish(peers.client, "a", "2 again", at_least_once);
    peers.publish(peers.client, "a", "waits", at_least_once);
    CHECK(peers.client.engine->subscribe(filters, {}, peers.now).error() == session::refusal::no_identifier);
    peers.run();

    std::vector<packet_id> ids;
    for (auto const& p : peers.from_client.all<packet::publish>()) ids.push_back(p.id);
    CHECK(ids == std::vector<packet_id>{1, 3, 4, 2});
    CHECK(peers.client.state.queued_messages() == 1);

    peers.server.acknowledges = true;
    for (auto const& m : peers.server.messages) (void)peers.server.engine->acknowledge(m.arrival, peers.now);
    peers.run();
    CHECK(peers.server.messages.size() == 5);
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("acknowledgements carry the identifier of what they acknowledge",
          "[session][MQTT-2.2.1-5][MQTT-2.2.1-6][v3-MQTT-2.3.1-6][v3-MQTT-2.3.1-7]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    for (auto i = 0; i < 3; ++i) {
        peers.publish(peers.client, "a", "1", at_least_once);
        peers.publish(peers.client, "a", "2", exactly_once);
    }
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    auto const id = *peers.client.engine->subscribe(filters, {}, peers.now);
    peers.run();

    std::vector<packet_id> pubacks, pubrecs, pubcomps;
    for (auto const& p : peers.from_server.all<packet::puback>()) pubacks.push_back(p.id);
    for (auto const& p : peers.from_server.all<packet::pubrec>()) pubrecs.push_back(p.id);
    for (auto const& p : peers.from_server.all<packet::pubcomp>()) pubcomps.push_back(p.id);
    CHECK(pubacks == std::vector<packet_id>{1, 3, 5});
    CHECK(pubrecs == std::vector<packet_id>{2, 4, 6});
    CHECK(pubcomps == pubrecs);
    CHECK(peers.from_server.all<packet::suback>().at(0).id == id);
}

TEST_CASE("a refused message is complete and its identifier free", "[session][MQTT-4.3.3-9][MQTT-4.4.0-2][MQTT-3.4.2-1][MQTT-3.5.2-1]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers;
    peers.server.acknowledges = false;
    auto const no = peers.publish(peers.client, "a", "x", qos);
    peers.run();
    auto const why = property_list{}.add<property_id::reason_string>("full");

    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, reason_code::quota_exceeded, why, peers.now));
    peers.run();

    auto const& end = peers.client.deliveries.at(no);
    CHECK(end.how == outcome::refused);
    CHECK(end.reason == reason_code::quota_exceeded);
    CHECK(end.props.view().get<property_id::reason_string>() == "full");
    CHECK(peers.client.state.identifiers_in_use() == 0);
    CHECK(peers.server.state.incoming() == 0);
}

TEST_CASE("3.1.1 cannot refuse a message - it is acknowledged or the connection closed", "[session][v3-MQTT-3.3.5-2]") {
    session_pair::options how{.version = protocol::v3_1_1};
    how.server.close_to_refuse = GENERATE(false, true);
    session_pair peers{how};
    peers.server.acknowledges = false;
    auto const no = peers.publish(peers.client, "a", "x", at_least_once);
    peers.run();

    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, reason_code::not_authorized, {}, peers.now));
    peers.run();

    CHECK(peers.server.engine->finished() == how.server.close_to_refuse);
    CHECK(peers.client.deliveries.contains(no) != how.server.close_to_refuse);
}

TEST_CASE("an identifier is a new message after its exchange ended", "[session][MQTT-4.3.3-12][v3-MQTT-4.3.2-2][MQTT-4.3.2-5]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers;
    for (auto i = 0; i < 2; ++i) {
        peers.feed(peers.server, packet::publish{.topic = "a", .payload = to_bytes("x"), .qos = qos, .id = 7});
        if (qos == exactly_once) peers.feed(peers.server, packet::pubrel{.id = 7});
    }
    CHECK(peers.server.received("a").size() == 2);
}

TEST_CASE("the end of a session decides each message by what is known of it", "[session][MQTT-3.2.2-5]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.server.acknowledges = false;
    auto const qos_1 = peers.publish(peers.client, "a", "one", at_least_once);
    auto const in_doubt = peers.publish(peers.client, "a", "two", exactly_once);
    auto const there = peers.publish(peers.client, "a", "three", exactly_once);
    peers.run();
    peers.feed(peers.client, packet::pubrec{.id = 3});
    peers.cut();
    (void)peers.client.state.enqueue(*session::message::make("a", {}, to_bytes("four")), {.qos = at_least_once}, {}, peers.now);
    peers.server.state.clear();
    peers.server.messages.clear();
    peers.from_client.clear();
    peers.server.acknowledges = true;

    peers.reconnect();

    CHECK(peers.client.deliveries.at(qos_1).how == outcome::acknowledged);
    CHECK(peers.client.deliveries.at(in_doubt).how == outcome::session_lost);
    CHECK(peers.client.deliveries.at(there).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"one", "four"});
    for (auto const& p : peers.from_client.all<packet::publish>()) CHECK_FALSE(p.dup);
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("an incoming QoS 2 message still with its owner is not handed on again after a reconnect", "[session][qos2][MQTT-4.3.3-10]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const acknowledged_meanwhile = GENERATE(false, true);
    session_pair peers{{.version = version}};
    peers.server.acknowledges = false;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();
    auto const arrival = peers.server.messages.at(0).arrival;
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    (void)peers.connect(false);
    if (acknowledged_meanwhile) {
        peers.client.drain(peers.now);
        peers.run();
    } else {
        peers.run();
    }

    CHECK(peers.server.messages.size() == 1);
    REQUIRE(peers.server.engine->acknowledge(arrival, peers.now));
    CHECK(peers.server.engine->acknowledge(arrival, peers.now).error() == session::refusal::stale);
    peers.run();
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
}

TEST_CASE("an answer given before the peer sent its QoS 2 message again is used when it does", "[session][qos2]") {
    session_pair::options how;
    how.server.own.receive_maximum = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();
    auto const arrival = peers.server.messages.at(0).arrival;
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    peers.server.accepts = false;
    (void)peers.connect(false);
    peers.run();
    REQUIRE(peers.server.engine->accept({}, peers.server.state, peers.now));
    REQUIRE(peers.server.engine->acknowledge(arrival, peers.now));
    peers.run();

    CHECK(peers.server.messages.size() == 1);
    CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
}

TEST_CASE("QoS 1 and 2 work from server to client alike", "[session][MQTT-2.2.1-4][v3-MQTT-2.3.1-4]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    auto const one = peers.publish(peers.server, "a", "1", at_least_once);
    auto const two = peers.publish(peers.server, "a", "2", exactly_once);
    peers.run();

    CHECK(peers.client.received("a") == std::vector<std::string>{"1", "2"});
    CHECK(peers.server.deliveries.at(one).how == outcome::acknowledged);
    CHECK(peers.server.deliveries.at(two).how == outcome::acknowledged);
    std::set<packet_id> ids;
    for (auto const& p : peers.from_server.all<packet::publish>()) ids.insert(p.id);
    CHECK(ids == std::set<packet_id>{1, 2});
}
