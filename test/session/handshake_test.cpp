// How connections begin: CONNECT, CONNACK, Session Present, limits.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::phase;

TEST_CASE("a client connects and publishes at every QoS", "[session][MQTT-3.3.4-1][MQTT-4.3.2-4][MQTT-4.3.3-1][MQTT-4.3.1-1][v3-MQTT-4.3.1-1][MQTT-3.1.4-5][v3-MQTT-3.1.4-4][MQTT-4.5.0-2]"
                                                          "[v3-MQTT-4.5.0-2][v3-MQTT-3.3.4-1]") {
    auto const version = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    REQUIRE(peers.client.session_present == false);

    for (auto const qos : {at_most_once, at_least_once, exactly_once}) {
        auto const no = peers.publish(peers.client, "a", "x", qos);
        peers.run();
        if (qos != at_most_once) CHECK(peers.client.deliveries.at(no).how == session::event::outcome::acknowledged);
    }

    CHECK(peers.server.received("a") == std::vector<std::string>{"x", "x", "x"});
    CHECK_FALSE(peers.from_client.all<packet::publish>()[0].dup);
    CHECK(peers.client.state.identifiers_in_use() == 0);
    CHECK(peers.server.state.incoming() == 0);
}

TEST_CASE("the first packet of a client is CONNECT and of a server CONNACK",
          "[session][MQTT-3.1.0-1][v3-MQTT-3.1.0-1][MQTT-3.2.0-1][v3-MQTT-3.2.0-1][MQTT-3.2.0-2]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};

    REQUIRE(peers.from_client.log.size() == 1);
    REQUIRE(peers.from_server.log.size() == 1);
    CHECK(peers.from_client.log[0].as<packet::connect>());
    CHECK(peers.from_server.log[0].as<packet::connack>());

    SECTION("a second CONNACK is a protocol error") {
        peers.feed(peers.client, packet::connack{});
        REQUIRE(peers.client.closed);
        CHECK(peers.client.closed->reason == reason_code::protocol_error);
    }
    SECTION("the server refuses to accept twice") {
        CHECK(peers.server.engine->accept({}, peers.server.state, peers.now).error() == session::refusal::not_connected);
    }
}

TEST_CASE("a server closes without a word when the first packet is not CONNECT", "[session][MQTT-3.1.0-1][v3-MQTT-3.1.0-1][MQTT-3.14.0-1]") {
    session_pair peers{{.connect = false}};

    peers.feed(peers.server, packet::pingreq{});

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::protocol_error);
    CHECK(peers.server.engine->pending(peers.now).empty());
    CHECK(peers.server.engine->finished());
}

TEST_CASE("a second CONNECT ends the connection", "[session][MQTT-3.1.0-2][v3-MQTT-3.1.0-2]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};

    peers.feed(peers.server, packet::connect{.version = version, .client_id = "again"});

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::protocol_error);
}

TEST_CASE("a malformed CONNECT is answered in 5.0 and met with silence in 3.1.1",
          "[session][MQTT-3.1.4-1][v3-MQTT-3.1.4-1][MQTT-4.13.1-1][v3-MQTT-4.8.0-1]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .connect = false}};
    byte_buffer bytes;
    REQUIRE(codec::encode(packet::connect{.version = version, .client_id = "x"}, {version, sender::client}, bytes));
    bytes[9] |= std::byte{1};                                      // the reserved flag

    peers.feed(peers.server, bytes_view{bytes});
    peers.run();

    REQUIRE(peers.server.closed);
    REQUIRE(peers.server.closed->cause);
    CHECK(peers.server.closed->cause->code == codec::errc::connect_reserved_flag);
    CHECK(peers.from_server.count<packet::connack>() == (version == protocol::v5 ? 1U : 0U));
}

TEST_CASE("a protocol level nobody knows is refused in the newest form that fits", "[session][MQTT-3.1.2-2][v3-MQTT-3.1.2-2]") {
    auto const level = GENERATE(std::uint8_t{2}, std::uint8_t{6});
    session_pair peers{{.version = level > 5 ? protocol::v5 : protocol::v3_1_1, .connect = false}};
    byte_buffer bytes;
    REQUIRE(codec::encode(packet::connect{.version = protocol::v3_1_1, .client_id = "x"}, {}, bytes));
    bytes[8] = std::byte{level};

    peers.feed(peers.server, bytes_view{bytes});
    peers.run();

    REQUIRE(peers.server.closed);
    REQUIRE(peers.from_server.log.size() == 1);
    CHECK(peers.from_server.log[0].as<packet::connack>()->reason == reason_code::unsupported_protocol_version);
}

TEST_CASE("an empty client identifier without Clean Session is refused with return code 2", "[session][v3-MQTT-3.1.3-8][v3-MQTT-3.1.3-9][MQTT-3.1.3-8]") {
    session_pair peers{{.version = protocol::v3_1_1, .connect = false}};
    std::uint8_t const connect[] = {0x10, 0x0C, 0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 60, 0, 0};

    peers.feed(peers.server, bytes_view{std::as_bytes(std::span{connect})});
    peers.run();

    REQUIRE(peers.from_server.log.size() == 1);
    CHECK(peers.from_server.log[0].as<packet::connack>()->reason == reason_code::client_identifier_not_valid);
    CHECK(peers.server.engine->finished());
}

TEST_CASE("a refused client gets its reason and nothing it sent behind CONNECT is looked at",
          "[session][MQTT-3.1.4-2][MQTT-3.1.4-6][v3-MQTT-3.1.4-5][MQTT-3.2.2-7][v3-MQTT-3.2.2-5][MQTT-4.13.2-1][MQTT-3.2.2-6]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .connect = false}};
    peers.server.connack.reason = reason_code::not_authorized;
    peers.server.connack.session_present = true;
    byte_buffer bytes;
    REQUIRE(codec::encode(packet::connect{.version = version, .client_id = "x"}, {version, sender::client}, bytes));
    REQUIRE(codec::encode(packet::publish{.topic = "a"}, {version, sender::client}, bytes));
    (void)peers.connect(true);
    peers.client.drain(peers.now);

    peers.feed(peers.server, bytes_view{bytes});
    peers.run();

    CHECK(peers.server.messages.empty());
    CHECK(peers.server.engine->finished());
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->who == session::event::closed::by::peer);
    CHECK(peers.client.closed->reason == reason_code::not_authorized);
    CHECK_FALSE(peers.from_server.log[0].as<packet::connack>()->session_present);
}

TEST_CASE("a reason that 3.1.1 has no return code for closes without CONNACK", "[session][v3-MQTT-3.2.2-6][v3-MQTT-3.2.2-4]") {
    session_pair peers{{.version = protocol::v3_1_1, .connect = false}};
    peers.server.connack.reason = reason_code::banned;
    (void)peers.connect(true);
    peers.run();

    CHECK(peers.from_server.log.empty());
    CHECK(peers.server.engine->finished());
}

TEST_CASE("Session Present tells whether the server has a session whatever its owner says",
          "[session][MQTT-3.2.2-2][MQTT-3.2.2-3][MQTT-3.1.2-4][MQTT-3.1.2-5][MQTT-3.1.2-6][MQTT-3.1.4-4][MQTT-3.1.2-23][MQTT-4.1.0-1]"
          "[v3-MQTT-3.2.2-1][v3-MQTT-3.2.2-2][v3-MQTT-3.2.2-3][v3-MQTT-3.1.2-4][v3-MQTT-3.1.2-6][v3-MQTT-3.1.4-3][v3-MQTT-4.1.0-1][v3-MQTT-4.1.0-2]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.server.connack.session_present = true;                   // not its to say
    CHECK(peers.client.session_present == false);

    SECTION("it resumes") {
        peers.publish(peers.server, "late", "m", at_least_once);
        peers.reconnect(false);
        CHECK(peers.client.session_present == true);
        CHECK(peers.client.received("late") == std::vector<std::string>{"m"});
    }
    SECTION("a client that begins anew gets a new session on both sides") {
        peers.server.answers_requests = false;
        peers.cut();
        peers.how.expiry = version == protocol::v5 ? 3600 : 0;
        (void)peers.server.state.enqueue(*session::message::make("old", {}, {}), {.qos = at_least_once}, {}, peers.now);
        peers.client.renew();
        peers.server.renew();
        (void)peers.connect(true);
        peers.run();
        CHECK(peers.client.session_present == false);
        CHECK(peers.client.received("old").empty());
        CHECK(peers.server.state.queued_messages() == 0);
    }
    SECTION("a server that lost its session says so") {
        peers.cut();
        peers.server.state.clear();
        peers.reconnect(false);
        CHECK(peers.client.session_present == false);
    }
}

TEST_CASE("a client without a session begins anew unless its owner vouches", "[session][MQTT-3.2.2-4][MQTT-3.2.2-5]") {
    session_pair peers;
    peers.cut();
    peers.client.state = session::state{};

    SECTION("Clean Start by itself") {
        peers.reconnect(false);
        CHECK(peers.from_client.all<packet::connect>().back().clean_start);
        CHECK(peers.client.session_present == false);
    }
    SECTION("on its word") {
        peers.client.settings.resume = true;
        peers.reconnect(false);
        CHECK_FALSE(peers.from_client.all<packet::connect>().back().clean_start);
        CHECK(peers.client.session_present == true);
    }
    SECTION("Session Present 1 after Clean Start is a lie") {
        peers.server.accepts = false;
        peers.client.renew();
        peers.server.renew();
        (void)peers.connect(false);
        peers.run();
        peers.feed(peers.client, packet::connack{.session_present = true});
        REQUIRE(peers.client.closed);
        CHECK(peers.client.closed->reason == reason_code::protocol_error);
    }
}

TEST_CASE("limits of both sides travel in CONNECT and CONNACK",
          "[session][MQTT-3.2.2-9][MQTT-3.1.2-26][MQTT-3.1.2-27][MQTT-3.2.2-17][MQTT-3.2.2-18][MQTT-3.1.2-28]") {
    session_pair::options how;
    how.client.own = {.receive_maximum = 7, .maximum_packet_size = 5000, .topic_alias_maximum = 3};
    how.server.own = {.receive_maximum = 9, .maximum_packet_size = 6000, .topic_alias_maximum = 4, .maximum_qos = at_least_once,
                      .retain_available = false, .wildcard_subscription_available = false, .subscription_identifier_available = false,
                      .shared_subscription_available = false};
    session_pair peers{how};

    CHECK(peers.client.peer_limits == how.server.own);
    CHECK(peers.server.engine->peer_limits().receive_maximum == 7);
    CHECK(peers.server.engine->peer_limits().maximum_packet_size == 5000);
    CHECK(peers.server.engine->peer_limits().topic_alias_maximum == 3);
    CHECK_FALSE(peers.client.connack_seen.view().has(property_id::response_information));
}

TEST_CASE("what the owner says of a limit is not said twice", "[session]") {
    session_pair::options how;
    how.server.own.receive_maximum = 9;
    session_pair peers{[&] { how.connect = false; return how; }()};
    peers.server.connack_props.add<property_id::receive_maximum>(5);

    (void)peers.connect(true);
    peers.run();

    CHECK(peers.client.peer_limits.receive_maximum == 5);
}

TEST_CASE("Response Information goes only to a client that asked for it", "[session][MQTT-3.1.2-28]") {
    auto const asks = GENERATE(false, true);
    session_pair::options how;
    how.connect = false;
    if (asks) how.props.add<property_id::request_response_information>(1);
    session_pair peers{how};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const info = property_list{}.add<property_id::response_information>("answers/");

    auto const done = peers.server.engine->accept({.props = info}, peers.server.state, peers.now);

    CHECK(done.has_value() == asks);
    if (!done) CHECK(done.error() == session::refusal::invalid);
}

TEST_CASE("an assigned client identifier reaches the client", "[session][MQTT-3.1.3-7][MQTT-3.2.2-16]") {
    session_pair::options how;
    how.client_id = "";
    how.connect = false;
    session_pair peers{how};
    peers.server.connack_props.add<property_id::assigned_client_identifier>("made-up");

    (void)peers.connect(true);
    peers.run();

    CHECK(peers.client.client_id == "made-up");
}

TEST_CASE("a 5.0 client without an identifier is not accepted without one", "[session][MQTT-3.1.3-7]") {
    session_pair::options how;
    how.client_id = "";
    how.connect = false;
    session_pair peers{how};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();

    CHECK(peers.server.engine->accept({}, peers.server.state, peers.now).error() == session::refusal::invalid);
}

TEST_CASE("a session that expires with its connection is not resumed", "[session][MQTT-3.1.2-23][v3-MQTT-3.1.2-6][v3-MQTT-4.1.0-2]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .expiry = 0}};
    peers.publish(peers.server, "old", "m", at_least_once);
    peers.cut();
    peers.client.settings.resume = true;                           // asks for it all the same
    peers.client.renew();
    peers.server.renew();
    peers.how.expiry = 3600;

    (void)peers.connect(false);
    peers.run();

    CHECK_FALSE(peers.from_client.all<packet::connect>().back().clean_start);
    CHECK(peers.client.session_present == false);
    CHECK(peers.client.received("old").empty());
}

TEST_CASE("a CONNACK above the peer's maximum is sent without its words", "[session][MQTT-3.2.2-19][MQTT-3.2.2-20]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 40;
    how.connect = false;
    session_pair peers{how};
    std::string const long_text(100, 'x');
    peers.server.connack_props.add<property_id::reason_string>(long_text).add<property_id::user_property>({"n", long_text});
    peers.server.connack_props.add<property_id::assigned_client_identifier>("id");

    (void)peers.connect(true);
    peers.run();

    REQUIRE(peers.client.session_present.has_value());
    CHECK(peers.client.client_id == "id");
    CHECK_FALSE(peers.client.connack_seen.view().has(property_id::reason_string));
    CHECK_FALSE(peers.client.connack_seen.view().has(property_id::user_property));
}

TEST_CASE("a handshake that takes too long is given up by both sides", "[session]") {
    session_pair peers{{.connect = false}};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();

    peers.pass(30s);

    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->expired == session::timer::handshake);
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->expired == session::timer::handshake);
}

TEST_CASE("a server that heard no CONNECT gives up silently", "[session]") {
    session_pair peers{{.connect = false}};
    peers.server.engine->opened(peers.now);

    peers.pass(30s);

    REQUIRE(peers.server.closed);
    CHECK(peers.server.engine->pending(peers.now).empty());
}

TEST_CASE("a client reads nothing but CONNACK and AUTH before it is connected", "[session][MQTT-3.2.0-1]") {
    session_pair peers{{.connect = false}};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();

    peers.feed(peers.client, packet::publish{.topic = "a"});

    REQUIRE(peers.client.closed);
    CHECK(peers.client.messages.empty());
    CHECK(peers.client.engine->pending(peers.now).empty());
}
