// Receive Maximum, Maximum Packet Size, topic aliases, order of acknowledgements, expiry.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;
using session::refusal;

TEST_CASE("no more is in flight than the peer's Receive Maximum and everything else still flows",
          "[session][MQTT-3.3.4-7][MQTT-3.3.4-9][MQTT-4.9.0-1][MQTT-4.9.0-2][MQTT-4.9.0-3][MQTT-3.3.4-8][MQTT-3.3.4-10]") {
    auto const server_sends = GENERATE(false, true);
    session_pair::options how;
    (server_sends ? how.client : how.server).own.receive_maximum = 2;
    session_pair peers{how};
    auto& from = server_sends ? peers.server : peers.client;
    auto& to = server_sends ? peers.client : peers.server;
    to.acknowledges = false;

    for (auto const* payload : {"1", "2", "3"}) peers.publish(from, "a", payload, at_least_once);
    peers.publish(from, "a", "0", at_most_once);
    peers.publish(to, "b", "back", at_least_once);
    peers.run();

    CHECK(to.received("a") == std::vector<std::string>{"0", "1", "2"});
    CHECK(from.received("b") == std::vector<std::string>{"back"});
    CHECK(to.deliveries.size() == 1);
    if (!server_sends) {
        auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
        REQUIRE(from.engine->subscribe(filters, {}, peers.now));
        peers.run();
        CHECK(from.subscribed.size() == 1);
    }

    REQUIRE(to.engine->acknowledge(to.messages.at(1).arrival, peers.now));
    peers.run();
    CHECK(to.received("a").size() == 4);
}

TEST_CASE("a bound of our own below the peer's is kept and 0 is none", "[session][MQTT-4.9.0-1]") {
    session_pair::options how;
    how.client.max_in_flight = GENERATE(std::uint16_t{0}, std::uint16_t{2});
    how.server.own.receive_maximum = 3;
    session_pair peers{how};
    peers.server.acknowledges = false;
    for (auto const* payload : {"1", "2", "3", "4"}) peers.publish(peers.client, "a", payload, at_least_once);
    peers.run();

    CHECK(peers.server.messages.size() == (how.client.max_in_flight == 0 ? 3U : 2U));
}

TEST_CASE("an acknowledgement with properties that may not ride in it is refused", "[session][MQTT-3.4.2-1]") {
    session_pair peers;
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "x", at_least_once);
    peers.run();
    auto const misplaced = property_list{}.add<property_id::content_type>("t");

    CHECK(peers.server.engine->acknowledge(1, reason_code::success, misplaced, peers.now).error() == refusal::invalid);
    CHECK(peers.server.engine->acknowledge(1, peers.now));
}

TEST_CASE("PUBREC does not return quota but PUBCOMP does", "[session][MQTT-4.9.0-2]") {
    session_pair::options how;
    how.server.own.receive_maximum = 1;
    session_pair peers{how};
    peers.from_client.cut_before = packet_type::pubrel;
    peers.publish(peers.client, "a", "1", exactly_once);
    peers.publish(peers.client, "a", "2", exactly_once);
    peers.run();
    CHECK(peers.server.received("a") == std::vector<std::string>{"1"});

    peers.reconnect();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a peer above our Receive Maximum is disconnected with 0x93", "[session][MQTT-3.3.4-7][MQTT-3.3.4-9][MQTT-4.13.1-1]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair::options how;
    how.server.own.receive_maximum = 2;
    session_pair peers{how};
    peers.server.acknowledges = false;
    for (packet_id id = 1; id <= 3; ++id) peers.feed(peers.server, packet::publish{.topic = "a", .qos = qos, .id = id});
    peers.run();

    CHECK(peers.server.messages.size() == 2);
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::receive_maximum_exceeded);
    CHECK(peers.from_server.all<packet::disconnect>().at(0).reason == reason_code::receive_maximum_exceeded);
}

TEST_CASE("a smaller Receive Maximum after a reconnect is kept while the old messages go out again", "[session][MQTT-3.3.4-9][MQTT-4.4.0-1]") {
    session_pair::options how;
    session_pair peers{how};
    peers.server.acknowledges = false;
    for (auto const* payload : {"1", "2", "3"}) peers.publish(peers.client, "a", payload, at_least_once);
    peers.run();
    peers.server.settings.own.receive_maximum = 1;
    peers.server.messages.clear();

    peers.reconnect();
    CHECK(peers.server.received("a") == std::vector<std::string>{"1"});
    CHECK_FALSE(peers.server.closed);

    peers.server.acknowledges = true;
    (void)peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, peers.now);
    peers.run();
    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("acknowledgements leave in the order of arrival whatever the order of the answers",
          "[session][MQTT-4.6.0-2][MQTT-4.6.0-3][v3-MQTT-4.6.0-2][v3-MQTT-4.6.0-3]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers{{.version = version}};
    peers.client.acknowledges = false;
    for (auto const* payload : {"1", "2", "3"}) peers.publish(peers.server, "a", payload, qos);
    peers.run();
    peers.from_client.clear();
    auto const sent = [&] { return peers.from_client.count<packet::puback>() + peers.from_client.count<packet::pubrec>(); };

    REQUIRE(peers.client.engine->acknowledge(peers.client.messages.at(2).arrival, peers.now));
    peers.run();
    CHECK(sent() == 0);
    REQUIRE(peers.client.engine->acknowledge(peers.client.messages.at(0).arrival, peers.now));
    peers.run();
    CHECK(sent() == 1);
    REQUIRE(peers.client.engine->acknowledge(peers.client.messages.at(1).arrival, peers.now));
    peers.run();

    std::vector<packet_id> ids;
    for (auto const& p : peers.from_client.all<packet::puback>()) ids.push_back(p.id);
    for (auto const& p : peers.from_client.all<packet::pubrec>()) ids.push_back(p.id);
    CHECK(ids == std::vector<packet_id>{1, 2, 3});
}

TEST_CASE("PUBACKs and PUBRECs do not wait for each other", "[session][MQTT-4.6.0-2]") {
    session_pair peers;
    peers.client.acknowledges = false;
    peers.publish(peers.server, "a", "1", at_least_once);
    peers.publish(peers.server, "a", "2", exactly_once);
    peers.run();

    REQUIRE(peers.client.engine->acknowledge(peers.client.messages.at(1).arrival, peers.now));
    peers.run();

    CHECK(peers.from_client.count<packet::pubrec>() == 1);
    CHECK(peers.from_client.count<packet::puback>() == 0);
}

TEST_CASE("nothing above the peer's Maximum Packet Size is sent", "[session][MQTT-3.1.2-24][MQTT-3.2.2-15][MQTT-3.1.2-25]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 50;
    how.server.own.maximum_packet_size = 50;
    session_pair peers{how};
    std::string const big(60, 'x');

    CHECK(peers.client.engine->publish({.topic = "a", .payload = to_bytes(big)}, peers.now).error() == refusal::too_large);
    CHECK(peers.client.engine->publish({.topic = "a", .payload = to_bytes(big), .qos = at_least_once}, peers.now).error() == refusal::too_large);
    auto const filters = wire_builder<subscription>{}.add({.filter = big});
    CHECK(peers.client.engine->subscribe(filters, {}, peers.now).error() == refusal::too_large);
    CHECK(peers.client.state.identifiers_in_use() == 0);

    SECTION("a server counts it as delivered and the next one goes out") {
        std::string const close(45, 'x');                          // fits only without the head
        auto const no = peers.server.engine->publish({.topic = "a", .payload = to_bytes(close), .qos = at_least_once}, peers.now);
        REQUIRE(no);
        peers.publish(peers.server, "a", "small", at_least_once);
        peers.run();
        CHECK(peers.server.deliveries.at(*no).how == outcome::acknowledged);
        CHECK(peers.client.received("a") == std::vector<std::string>{"small"});
    }
    SECTION("a client is told") {
        std::string const close(45, 'x');
        auto const no = peers.client.engine->publish({.topic = "a", .payload = to_bytes(close), .qos = at_least_once}, peers.now);
        REQUIRE(no);
        peers.run();
        CHECK(peers.client.deliveries.at(*no).how == outcome::too_large);
        CHECK(peers.server.messages.empty());
    }
    CHECK_FALSE(peers.client.closed);
}

TEST_CASE("a packet above our Maximum Packet Size ends the connection before its body came", "[session][MQTT-3.1.2-24][MQTT-3.2.2-15]") {
    session_pair::options how;
    how.server.own.maximum_packet_size = 100;
    session_pair peers{how};
    std::byte const head[] = {std::byte{0x30}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0x7F}};

    peers.feed(peers.server, bytes_view{head});
    peers.run();

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::packet_too_large);
    CHECK(peers.from_server.all<packet::disconnect>().at(0).reason == reason_code::packet_too_large);
}

TEST_CASE("topics get aliases by themselves up to what the peer allows",
          "[session][MQTT-3.3.2-8][MQTT-3.3.2-12][MQTT-3.2.2-17][MQTT-3.1.2-26]") {
    auto const qos = GENERATE(at_most_once, at_least_once, exactly_once);
    session_pair::options how;
    how.server.own.topic_alias_maximum = 2;
    session_pair peers{how};

    for (auto const* topic : {"one", "two", "one", "three", "one", "two"}) {
        peers.publish(peers.client, topic, topic, qos);
        peers.run();
    }

    std::vector<std::string> topics;
    for (auto const& p : peers.from_client.all<packet::publish>()) {
        topics.emplace_back(p.topic);
        CHECK(p.props.get<property_id::topic_alias>().value_or(0) <= 2);
    }
    CHECK(topics == std::vector<std::string>{"one", "two", "", "three", "", "two"});    // three took the alias least recently used
    for (auto const& m : peers.server.messages) CHECK(m.topic == m.payload);
    CHECK(peers.server.messages.size() == 6);
}

TEST_CASE("no alias is sent to a peer that allows none", "[session][MQTT-3.1.2-27][MQTT-3.2.2-18]") {
    session_pair peers;
    peers.publish(peers.client, "one", "x", at_most_once);
    peers.publish(peers.server, "one", "x", at_most_once);
    peers.run();

    CHECK(peers.from_client.all<packet::publish>().at(0).props.empty());
    CHECK(peers.from_server.all<packet::publish>().at(0).props.empty());
    auto const by_hand = property_list{}.add<property_id::topic_alias>(1);
    CHECK(peers.client.engine->publish({.topic = "a", .props = by_hand}, peers.now).error() == refusal::alias_invalid);
}

TEST_CASE("an alias by hand is used as given and refused when it cannot be", "[session][MQTT-3.3.2-9][MQTT-3.3.2-11]") {
    session_pair::options how;
    how.server.own.topic_alias_maximum = 3;
    how.client.automatic_aliases = 0;
    session_pair peers{how};
    auto const three = property_list{}.add<property_id::topic_alias>(3);
    auto const four = property_list{}.add<property_id::topic_alias>(4);

    CHECK(peers.client.engine->publish({.topic = "", .props = three}, peers.now).error() == refusal::alias_invalid);
    CHECK(peers.client.engine->publish({.topic = "a", .props = four}, peers.now).error() == refusal::alias_invalid);
    REQUIRE(peers.client.engine->publish({.topic = "a", .payload = to_bytes("1"), .props = three}, peers.now));
    REQUIRE(peers.client.engine->publish({.topic = "", .payload = to_bytes("2"), .props = three}, peers.now));
    REQUIRE(peers.client.engine->publish({.topic = "", .payload = to_bytes("3"), .qos = at_least_once, .props = three}, peers.now));
    peers.run();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "2", "3"});
    CHECK(peers.from_client.all<packet::publish>().at(1).topic.empty());
}

TEST_CASE("aliases end with their connection", "[session][MQTT-3.3.2-7]") {
    session_pair::options how;
    how.server.own.topic_alias_maximum = 3;
    session_pair peers{how};
    peers.publish(peers.client, "one", "1", at_least_once);
    peers.run();

    peers.reconnect();
    peers.publish(peers.client, "one", "2", at_least_once);
    peers.run();

    CHECK(peers.from_client.all<packet::publish>().back().topic == "one");
    SECTION("on the receiving side too") {
        auto const alias = property_list{}.add<property_id::topic_alias>(2);
        peers.feed(peers.server, packet::publish{.topic = "", .props = alias});
        REQUIRE(peers.server.closed);
        CHECK(peers.server.closed->reason == reason_code::protocol_error);
    }
}

TEST_CASE("an alias above our maximum ends the connection with 0x94", "[session][MQTT-3.3.2-9][MQTT-3.3.2-11][MQTT-3.3.2-8][MQTT-3.3.2-10]") {
    session_pair::options how;
    how.server.own.topic_alias_maximum = 2;
    session_pair peers{how};
    auto const alias = property_list{}.add<property_id::topic_alias>(3);

    peers.feed(peers.server, packet::publish{.topic = "a", .props = alias});

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::topic_alias_invalid);
    CHECK(peers.server.messages.empty());
}

TEST_CASE("what the server does not support is refused here and there",
          "[session][MQTT-3.2.2-9][MQTT-3.2.2-11][MQTT-3.2.2-14][MQTT-3.2.2-10][MQTT-3.2.2-13]") {
    session_pair::options how;
    how.server.own.maximum_qos = at_least_once;
    how.server.own.retain_available = false;
    session_pair peers{how};

    CHECK(peers.client.engine->publish({.topic = "a", .qos = exactly_once}, peers.now).error() == refusal::qos_not_supported);
    CHECK(peers.client.engine->publish({.topic = "a", .retain = true}, peers.now).error() == refusal::retain_not_supported);

    SECTION("QoS from a peer that does not care") {
        peers.feed(peers.server, packet::publish{.topic = "a", .qos = exactly_once, .id = 1});
        CHECK(peers.server.closed->reason == reason_code::qos_not_supported);
    }
    SECTION("retain from a peer that does not care") {
        peers.feed(peers.server, packet::publish{.topic = "a", .retain = true});
        CHECK(peers.server.closed->reason == reason_code::retain_not_supported);
    }
    SECTION("queued before anybody knew") {
        peers.cut();
        auto const taken = peers.client.state.enqueue(*session::message::make("a", {}, {}), {.qos = exactly_once}, {}, peers.now);
        peers.reconnect();
        CHECK(peers.client.deliveries.at(taken.no).how == outcome::not_supported);
    }
}

TEST_CASE("a message expires in the queue and its remaining time is told when it is sent",
          "[session][MQTT-3.3.2-5][MQTT-3.3.2-6][MQTT-4.3.3-7][MQTT-4.3.3-13]") {
    session_pair::options how;
    how.server.own.receive_maximum = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    auto const ten = property_list{}.add<property_id::message_expiry_interval>(10);
    auto const sixty = property_list{}.add<property_id::message_expiry_interval>(60);
    auto const started = peers.client.engine->publish({.topic = "a", .payload = to_bytes("1"), .qos = exactly_once, .props = ten}, peers.now);
    auto const expires = peers.client.engine->publish({.topic = "a", .payload = to_bytes("2"), .qos = exactly_once, .props = ten}, peers.now);
    auto const waits = peers.client.engine->publish({.topic = "a", .payload = to_bytes("3"), .qos = exactly_once, .props = sixty}, peers.now);
    peers.run();

    peers.pass(20s);
    peers.server.acknowledges = true;
    (void)peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, peers.now);
    peers.run();

    CHECK(peers.client.deliveries.at(*started).how == outcome::acknowledged);    // it was under way, so it is brought to its end
    CHECK(peers.client.deliveries.at(*expires).how == outcome::expired);
    CHECK(peers.client.deliveries.at(*waits).how == outcome::acknowledged);
    auto const sent = peers.from_client.all<packet::publish>();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].props.get<property_id::message_expiry_interval>() == 10U);
    CHECK(sent[1].props.get<property_id::message_expiry_interval>() == 40U);
}

TEST_CASE("a message keeps its properties and a 3.1.1 subscriber gets it without", "[session][MQTT-3.3.2-4][MQTT-3.3.2-15][MQTT-3.3.2-16][MQTT-3.3.2-17][MQTT-3.3.2-18][MQTT-3.3.2-20][MQTT-3.3.4-3]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    property_list props;
    props.add<property_id::content_type>("text/plain").add<property_id::user_property>({"k", "1"}).add<property_id::user_property>({"k", "2"});
    props.add<property_id::response_topic>("r").add<property_id::correlation_data>(to_bytes("c")).add<property_id::payload_format_indicator>(1);
    auto const content = session::message::make("a", props, to_bytes("x"));
    REQUIRE(content);
    std::uint32_t const ids[] = {5, 9};

    REQUIRE(peers.server.engine->publish(*content, {.qos = at_least_once, .subscription_ids = ids}, peers.now));
    peers.run();

    auto const& m = peers.client.messages.at(0);
    if (version == protocol::v5) {
        props.add<property_id::subscription_identifier>(5).add<property_id::subscription_identifier>(9);
        CHECK(m.props == props);
    } else {
        CHECK(m.props.empty());
    }
}

TEST_CASE("a client sends no Subscription Identifier with a PUBLISH", "[session][MQTT-3.3.4-6]") {
    session_pair peers;
    auto const props = property_list{}.add<property_id::subscription_identifier>(1);
    auto const qos = GENERATE(at_most_once, at_least_once);

    CHECK(peers.client.engine->publish({.topic = "a", .qos = qos, .props = props}, peers.now).error() == refusal::invalid);
    CHECK(peers.client.state.queued_messages() == 0);
}
