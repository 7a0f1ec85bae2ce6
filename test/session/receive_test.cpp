// The receiving half at its edges: what the peer repeats, what waits for its turn, what is too much.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::refusal;

TEST_CASE("acknowledgements of a long queue leave in order while more arrives", "[session][MQTT-4.6.0-2][MQTT-4.6.0-3]") {
    auto const qos = GENERATE(at_least_once, exactly_once);
    session_pair peers;
    peers.client.acknowledges = false;
    auto const send = [&](int count) {
        for (auto i = 0; i < count; ++i) peers.publish(peers.server, "a", std::to_string(i), qos);
        peers.run();
    };
    send(150);
    for (std::size_t i = 0; i < 100; ++i) REQUIRE(peers.client.engine->acknowledge(peers.client.messages[i].arrival, peers.now));
    peers.run();
    send(50);
    for (std::size_t i = 200; i-- > 100;) REQUIRE(peers.client.engine->acknowledge(peers.client.messages[i].arrival, peers.now));
    peers.run();

    std::vector<packet_id> ids;
    for (auto const& p : peers.from_client.all<packet::puback>()) ids.push_back(p.id);
    for (auto const& p : peers.from_client.all<packet::pubrec>()) ids.push_back(p.id);
    REQUIRE(ids.size() == 200);
    for (std::size_t i = 0; i < 200; ++i) CHECK(ids[i] == peers.from_server.all<packet::publish>()[i].id);
    CHECK(peers.server.deliveries.size() == 200);
    CHECK(peers.server.state.identifiers_in_use() == 0);
}

TEST_CASE("a refused QoS 2 message that comes again while its PUBREC waits is not handed on again", "[session][qos2][MQTT-4.3.3-9]") {
    session_pair peers;
    peers.server.acknowledges = false;
    packet::publish const first{.topic = "a", .payload = to_bytes("1"), .qos = exactly_once, .id = 1};
    packet::publish const second{.topic = "a", .payload = to_bytes("2"), .qos = exactly_once, .id = 2};
    peers.feed(peers.server, first);
    peers.feed(peers.server, second);
    auto const arrivals = std::pair{peers.server.messages.at(0).arrival, peers.server.messages.at(1).arrival};
    REQUIRE(peers.server.engine->acknowledge(arrivals.second, reason_code::quota_exceeded, {}, peers.now));

    peers.feed(peers.server, second);
    peers.run();
    CHECK(peers.server.messages.size() == 2);
    CHECK(peers.from_server.count<packet::pubrec>() == 0);         // the first one's comes first

    REQUIRE(peers.server.engine->acknowledge(arrivals.first, peers.now));
    peers.run();
    auto const pubrecs = peers.from_server.all<packet::pubrec>();
    REQUIRE(pubrecs.size() == 2);
    CHECK(pubrecs[1].reason == reason_code::quota_exceeded);
    CHECK(peers.server.messages.size() == 2);
}

TEST_CASE("an identifier whose QoS 2 message is with its owner carries no QoS 1 message", "[session][qos1][qos2][MQTT-2.2.1-3]") {
    auto const accepted = GENERATE(false, true);
    session_pair peers;
    peers.server.acknowledges = accepted;
    peers.feed(peers.server, packet::publish{.topic = "a", .payload = to_bytes("2"), .qos = exactly_once, .id = 7});

    peers.feed(peers.server, packet::publish{.topic = "a", .payload = to_bytes("1"), .qos = at_least_once, .id = 7});

    // After PUBREC a late PUBREL may be all that is left of the first one: the message is taken.
    CHECK(peers.server.received("a").size() == (accepted ? 2U : 1U));
    CHECK(peers.server.closed.has_value() != accepted);
    if (!accepted) CHECK(peers.server.closed->reason == reason_code::protocol_error);
}

TEST_CASE("an identifier of QoS 1 is free again for QoS 2 and the other way round", "[session][qos1][qos2][MQTT-4.3.2-5]") {
    session_pair peers;
    peers.feed(peers.server, packet::publish{.topic = "a", .qos = exactly_once, .id = 3});
    peers.feed(peers.server, packet::publish{.topic = "a", .qos = at_least_once, .id = 7});
    peers.feed(peers.server, packet::publish{.topic = "a", .qos = exactly_once, .id = 7});
    peers.feed(peers.server, packet::pubrel{.id = 7});
    peers.feed(peers.server, packet::publish{.topic = "a", .qos = at_least_once, .id = 7});
    peers.run();

    CHECK(peers.server.received("a").size() == 4);
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("an owner answers QoS 2 messages of an earlier connection once each", "[session][qos2]") {
    session_pair peers;
    peers.server.acknowledges = false;
    for (auto const* payload : {"1", "2", "3"}) peers.publish(peers.client, "a", payload, exactly_once);
    peers.run();
    std::vector<session::arrival_no> arrivals;
    for (auto const& m : peers.server.messages) arrivals.push_back(m.arrival);
    peers.cut();
    peers.client.renew();
    peers.server.renew();
    peers.server.accepts = false;
    (void)peers.connect(false);
    peers.run();
    auto& server = *peers.server.engine;
    REQUIRE(server.accept({}, peers.server.state, peers.now));     // nothing of the client has come yet

    REQUIRE(server.acknowledge(arrivals[1], peers.now));
    CHECK(server.acknowledge(arrivals[1], peers.now).error() == refusal::stale);
    REQUIRE(server.acknowledge(arrivals[2], reason_code::quota_exceeded, {}, peers.now));
    CHECK(server.acknowledge(arrivals[2], peers.now).error() == refusal::stale);
    REQUIRE(server.acknowledge(arrivals[0], peers.now));
    CHECK(peers.server.state.incoming() == 2);
    peers.server.acknowledges = true;
    peers.run();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "2", "3", "3"});    // what was refused comes as new
    CHECK(peers.client.deliveries.size() == 3);
    CHECK(peers.server.state.incoming() == 0);
}

TEST_CASE("a message as long as many reads leaves no large buffer behind", "[session]") {
    session_pair peers;
    std::string const large(200'000, 'x');
    peers.publish(peers.client, "a", large, at_most_once);
    peers.run();
    CHECK(peers.server.received("a") == std::vector<std::string>{large});
    auto const after = peers.server.engine->prepare().size();

    CHECK(after <= 64U << 10U);
    peers.publish(peers.client, "a", "small", at_most_once);
    peers.run();
    CHECK(peers.server.received("a").back() == "small");
}

TEST_CASE("a burst of small messages leaves in batches and all of it arrives", "[session]") {
    session_pair peers;
    std::string const payload(1000, 'x');
    for (auto i = 0; i < 600; ++i) peers.publish(peers.client, "a", payload, at_most_once);
    for (auto i = 0; i < 600; ++i) peers.publish(peers.client, "b", payload, at_least_once);
    std::size_t shown = 0;
    for (auto const v : peers.client.engine->pending(peers.now)) shown += v.size();
    CHECK(shown > 600'000);                                        // QoS 0 is in the output already
    CHECK(peers.client.state.in_flight() == 600);

    peers.run();

    CHECK(peers.server.received("a").size() == 600);
    CHECK(peers.server.received("b").size() == 600);
    CHECK(peers.client.engine->output_size() == 0);
}

TEST_CASE("after a violation nothing but the reason goes out even if a large message waits", "[session][MQTT-4.13.1-1]") {
    session_pair peers;
    auto const large = *session::message::make("a", {}, to_bytes(std::string(5000, 'x')));
    REQUIRE(peers.server.engine->publish(large, {}, peers.now));
    REQUIRE(peers.server.engine->publish(large, {}, peers.now));
    CHECK(peers.server.engine->output_size() > 10'000);

    peers.feed(peers.server, packet::connect{.client_id = "again"});

    CHECK(peers.server.engine->output_size() < 10);
    peers.run();
    CHECK(peers.from_server.log.back().as<packet::disconnect>());
    CHECK(peers.client.messages.empty());
}

TEST_CASE("a QoS 0 message that its owner keeps goes out with all that belongs to it", "[session][MQTT-3.3.4-3][MQTT-3.3.2-6]") {
    session_pair::options how;
    how.client.own.topic_alias_maximum = 5;
    session_pair peers{how};
    std::string const payload(GENERATE(std::size_t{10}, std::size_t{5000}), 'x');
    std::uint32_t const ids[] = {3, 4};
    auto const typed = property_list{}.add<property_id::content_type>("t");
    auto const content = *session::message::make("a", typed, to_bytes(payload));

    REQUIRE(peers.server.engine->publish(
        content, {.retain = true, .topic_alias = 5, .expires_at = peers.now + 60s, .subscription_ids = ids}, peers.now));
    peers.run();

    auto const& m = peers.client.messages.at(0);
    CHECK((m.payload == payload && m.retain && m.qos == at_most_once));
    auto const expected = property_list{typed}.add<property_id::message_expiry_interval>(60).add<property_id::subscription_identifier>(3)
                              .add<property_id::subscription_identifier>(4).add<property_id::topic_alias>(5);
    CHECK(m.props == expected);
}

TEST_CASE("a QoS 0 message that waited and is too large is given up", "[session][MQTT-3.1.2-24]") {
    session_pair::options how;
    how.server.own.maximum_packet_size = 50;
    how.connect = false;
    session_pair peers{how};
    auto const put = [&](std::string const& payload) {
        return peers.client.state.enqueue(*session::message::make("a", {}, to_bytes(payload)), {}, {}, peers.now).no;
    };
    auto const large = put(std::string(60, 'x'));
    auto const small = put("x");

    (void)peers.connect(true);
    peers.run();

    CHECK(peers.client.deliveries.at(large).how == session::event::outcome::too_large);
    CHECK(peers.client.deliveries.at(small).how == session::event::outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
}
