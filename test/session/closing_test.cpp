// How connections end, from either side, and what is said.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::refusal;
using by = session::event::closed::by;

TEST_CASE("a client that leaves says DISCONNECT last and nothing after it",
          "[session][MQTT-3.14.4-1][MQTT-3.14.4-2][MQTT-3.14.4-3][v3-MQTT-3.14.4-1][v3-MQTT-3.14.4-2][v3-MQTT-3.14.4-3][MQTT-3.1.2-8][MQTT-3.1.2-10]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.publish(peers.client, "a", "x", at_most_once);

    REQUIRE(peers.client.engine->disconnect({}, peers.now));
    CHECK(peers.client.engine->finished());
    CHECK(peers.client.engine->publish({.topic = "a"}, peers.now).error() == refusal::not_connected);
    CHECK(peers.client.engine->disconnect({}, peers.now).error() == refusal::not_connected);
    peers.run();

    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->who == by::us);
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->who == by::peer);
    CHECK(peers.server.closed->discard_will);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
    CHECK(peers.from_client.log.back().as<packet::disconnect>());
}

TEST_CASE("a client can leave its will behind", "[session][MQTT-3.14.4-3][MQTT-3.1.2-8]") {
    session_pair peers;
    REQUIRE(peers.client.engine->disconnect({.reason = reason_code::disconnect_with_will}, peers.now));
    peers.run();
    CHECK_FALSE(peers.server.closed->discard_will);
}

TEST_CASE("in 3.1.1 only a normal end has a packet and only the client may send it", "[session][v3-MQTT-3.14.4-1]") {
    session_pair peers{{.version = protocol::v3_1_1}};

    SECTION("client with a reason") {
        REQUIRE(peers.client.engine->disconnect({.reason = reason_code::disconnect_with_will}, peers.now));
        peers.run();
        CHECK(peers.from_client.count<packet::disconnect>() == 0);
        CHECK(peers.client.engine->finished());
    }
    SECTION("server") {
        REQUIRE(peers.server.engine->disconnect({.reason = reason_code::server_shutting_down}, peers.now));
        peers.run();
        CHECK(peers.from_server.count<packet::disconnect>() == 0);
        CHECK(peers.server.engine->finished());
    }
}

TEST_CASE("a server says why it ends a 5.0 connection", "[session][MQTT-4.13.2-1][MQTT-3.14.0-1]") {
    session_pair peers;
    auto const elsewhere = property_list{}.add<property_id::server_reference>("other:1883");

    REQUIRE(peers.server.engine->disconnect({.reason = reason_code::use_another_server, .props = elsewhere}, peers.now));
    peers.run();

    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->who == by::peer);
    CHECK(peers.client.closed->reason == reason_code::use_another_server);
    CHECK(peers.client.closed->props.view().get<property_id::server_reference>() == "other:1883");
}

TEST_CASE("a server sends no DISCONNECT before CONNACK", "[session][MQTT-3.14.0-1]") {
    session_pair peers{{.connect = false}};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    CHECK(peers.server.engine->disconnect({.reason = reason_code::server_busy}, peers.now).error() == refusal::not_connected);
}

TEST_CASE("the session expiry can be changed when leaving but not from nothing", "[session][MQTT-3.14.2-1][MQTT-3.14.2-2][MQTT-3.1.2-23]") {
    auto const later = property_list{}.add<property_id::session_expiry_interval>(5);
    SECTION("changed") {
        session_pair peers;
        REQUIRE(peers.client.engine->disconnect({.props = later}, peers.now));
        peers.run();
        CHECK(peers.client.state.expiry() == 5);
        CHECK(peers.server.state.expiry() == 5);
    }
    SECTION("refused here") {
        session_pair peers{{.expiry = 0}};
        CHECK(peers.client.engine->disconnect({.props = later}, peers.now).error() == refusal::invalid);
        CHECK_FALSE(peers.client.engine->finished());
    }
    SECTION("refused there") {
        session_pair peers{{.expiry = 0}};
        peers.feed(peers.server, packet::disconnect{.props = later});
        REQUIRE(peers.server.closed);
        CHECK(peers.server.closed->reason == reason_code::protocol_error);
        CHECK_FALSE(peers.server.closed->discard_will);
    }
}

TEST_CASE("a malformed packet ends the connection with its reason and its byte",
          "[session][MQTT-4.13.1-1][MQTT-2.1.3-1][v3-MQTT-2.2.2-2][v3-MQTT-4.8.0-1]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    std::byte const bad_qos[] = {std::byte{0x36}, std::byte{0x04}, std::byte{0}, std::byte{1}, std::byte{'a'}, std::byte{1}};

    peers.feed(peers.server, bytes_view{bad_qos});
    peers.feed(peers.server, packet::publish{.topic = "a"});
    peers.run();

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->who == by::violation);
    CHECK(peers.server.closed->reason == reason_code::malformed_packet);
    CHECK(peers.server.closed->cause->code == codec::errc::qos_invalid);
    CHECK(peers.server.messages.empty());                          // nothing behind it is looked at
    CHECK(peers.from_server.count<packet::disconnect>() == (version == protocol::v5 ? 1U : 0U));
}

TEST_CASE("words that do not fit the peer are left out", "[session][MQTT-3.14.2-3][MQTT-3.14.2-4][MQTT-3.4.2-2][MQTT-3.4.2-3][MQTT-3.5.2-2][MQTT-3.5.2-3][MQTT-3.9.2-1][MQTT-3.6.2-2][MQTT-3.6.2-3][MQTT-3.7.2-2][MQTT-3.7.2-3]"
                                                         "[MQTT-3.9.2-2][MQTT-3.11.2-1][MQTT-3.11.2-2][MQTT-3.15.2-2][MQTT-3.15.2-3]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 30;
    how.props.add<property_id::authentication_method>("m");
    session_pair peers{how};
    std::string const long_text(100, 'x');
    auto const words = property_list{}.add<property_id::reason_string>(long_text).add<property_id::user_property>({"k", long_text});
    peers.server.acknowledges = peers.server.answers_requests = false;

    SECTION("PUBACK and PUBREC") {
        auto const one = peers.publish(peers.client, "a", "x", at_least_once);
        auto const two = peers.publish(peers.client, "a", "x", exactly_once);
        peers.run();
        for (auto const& m : peers.server.messages) REQUIRE(peers.server.engine->acknowledge(m.arrival, reason_code::quota_exceeded, words, peers.now));
        peers.run();
        CHECK(peers.client.deliveries.at(one).reason == reason_code::quota_exceeded);
        CHECK(peers.client.deliveries.at(two).reason == reason_code::quota_exceeded);
    }
    SECTION("PUBREL and PUBCOMP have none") {
        peers.server.acknowledges = true;
        peers.publish(peers.client, "a", "x", exactly_once);
        peers.run();
        CHECK(peers.from_client.all<packet::pubrel>().at(0).props.empty());
        CHECK(peers.from_server.all<packet::pubcomp>().at(0).props.empty());
    }
    SECTION("SUBACK and UNSUBACK") {
        auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
        auto const names = wire_builder<std::string_view>{}.add("a");
        auto const codes = wire_builder<reason_code>{}.add(reason_code::success);
        auto const s = *peers.client.engine->subscribe(filters, {}, peers.now);
        auto const u = *peers.client.engine->unsubscribe(names, {}, peers.now);
        peers.run();
        REQUIRE(peers.server.engine->answer(packet::suback{.id = s, .codes = codes, .props = words}, peers.now));
        REQUIRE(peers.server.engine->answer(packet::unsuback{.id = u, .codes = codes, .props = words}, peers.now));
        peers.run();
        CHECK(peers.client.subscribed.size() == 1);
        CHECK(peers.client.unsubscribed.size() == 1);
    }
    SECTION("DISCONNECT") {
        REQUIRE(peers.server.engine->disconnect({.reason = reason_code::server_busy, .props = words}, peers.now));
        peers.run();
        CHECK(peers.client.closed->reason == reason_code::server_busy);
        CHECK(peers.client.closed->props.empty());
    }
    SECTION("AUTH") {
        auto again = property_list{}.add<property_id::authentication_method>("m");
        REQUIRE(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = again}, peers.now));
        peers.run();
        again.add<property_id::reason_string>(long_text);
        REQUIRE(peers.server.engine->authenticate({.reason = reason_code::success, .props = again}, peers.now));
        peers.run();
        CHECK(peers.client.auths.size() == 1);
    }
}

TEST_CASE("a client that wants no problem information gets no words", "[session][MQTT-3.1.2-29]") {
    session_pair::options how;
    how.props.add<property_id::request_problem_information>(0);
    session_pair peers{how};
    auto const words = property_list{}.add<property_id::reason_string>("why");
    peers.server.acknowledges = false;
    auto const no = peers.publish(peers.client, "a", "x", at_least_once);
    auto const plain = peers.publish(peers.client, "a", "y", at_least_once);
    peers.run();

    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, reason_code::quota_exceeded, words, peers.now));
    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(1).arrival, reason_code::not_authorized, {}, peers.now));
    REQUIRE(peers.server.engine->disconnect({.reason = reason_code::server_busy, .props = words}, peers.now));
    peers.run();

    CHECK(peers.client.deliveries.at(no).reason == reason_code::quota_exceeded);
    CHECK(peers.client.deliveries.at(no).props.empty());
    CHECK(peers.client.deliveries.at(plain).reason == reason_code::not_authorized);
    CHECK(peers.client.closed->props.view().has(property_id::reason_string));    // there they are allowed
}

TEST_CASE("a lost connection is told once", "[session]") {
    session_pair peers;
    peers.cut();
    peers.cut();
    CHECK(peers.client.closed_count == 1);
    CHECK(peers.client.closed->who == by::network);
    CHECK_FALSE(peers.server.closed->discard_will);
    CHECK(peers.client.engine->finished());
    CHECK_FALSE(peers.client.engine->wants_input());
    CHECK_FALSE(peers.client.engine->deadline());
}

TEST_CASE("what is no CONNECT of MQTT is met with silence", "[session][MQTT-3.1.2-1][MQTT-3.1.4-1][v3-MQTT-3.1.2-1]") {
    std::string const body = GENERATE(std::string("\0\4MQTT", 6), std::string("\0\4MQT", 5), std::string("\0\4HTTP\5\2\0\0\0", 11),
                                      std::string("\0\6MQIsdp\3\2\0\0", 12), std::string{});
    session_pair peers{{.connect = false}};
    byte_buffer bytes{std::byte{0x10}, static_cast<std::byte>(body.size())};
    for (auto const c : body) bytes.push_back(static_cast<std::byte>(c));

    peers.feed(peers.server, bytes_view{bytes});
    peers.run();

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->cause.has_value());
    CHECK(peers.from_server.log.empty());
}
