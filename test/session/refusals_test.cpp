// What an owner may not ask: it is refused with its reason, and nothing changed.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;
using session::phase;
using session::refusal;

namespace {

property_list const misplaced = property_list{}.add<property_id::server_keep_alive>(1).add<property_id::content_type>("t");

session::message made(std::string_view payload, properties const& props = {}) { return *session::message::make("a", props, to_bytes(payload)); }

/// CONNECT is with the server, and its owner has not decided.
session_pair undecided(session_pair::options how = {}) {
    how.connect = false;
    session_pair peers{std::move(how)};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    return peers;
}

} // namespace

// ---- Handshake --------------------------------------------------------------------------------------------------------

TEST_CASE("a client connects once and a server never does", "[session]") {
    session_pair peers;

    CHECK(peers.client.engine->connect({.client_id = "x"}, peers.client.state, peers.now).error() == refusal::not_connected);
    CHECK(peers.server.engine->connect({.client_id = "x"}, peers.server.state, peers.now).error() == refusal::not_connected);

    CHECK(peers.client.engine->pending(peers.now).empty());
    CHECK(peers.server.engine->pending(peers.now).empty());
}

TEST_CASE("a CONNECT that breaks a rule is refused and the next one may be better", "[session]") {
    session_pair peers{{.connect = false}};
    std::string const with_nul("a\0b", 3);

    CHECK(peers.client.engine->connect({.client_id = with_nul}, peers.client.state, peers.now).error() == refusal::invalid);

    CHECK(peers.client.engine->where() == phase::start);
    CHECK(peers.client.engine->pending(peers.now).empty());
    REQUIRE(peers.connect(true));
    peers.run();
    CHECK(peers.client.session_present == false);
}

TEST_CASE("a server decides once about each CONNECT and a client never", "[session]") {
    session_pair nobody{{.connect = false}};
    CHECK(nobody.server.engine->accept({}, nobody.server.state, nobody.now).error() == refusal::not_connected);
    CHECK(nobody.server.engine->reject({.reason = reason_code::banned}, nobody.now).error() == refusal::not_connected);
    CHECK(nobody.client.engine->accept({}, nobody.client.state, nobody.now).error() == refusal::not_connected);
    CHECK(nobody.client.engine->reject({.reason = reason_code::banned}, nobody.now).error() == refusal::not_connected);

    auto peers = undecided();
    auto& server = *peers.server.engine;
    CHECK(server.accept({.reason = reason_code::banned}, peers.server.state, peers.now).error() == refusal::invalid);
    CHECK(server.accept({.props = misplaced}, peers.server.state, peers.now).error() == refusal::invalid);
    CHECK(server.reject({}, peers.now).error() == refusal::invalid);
    CHECK(server.reject({.reason = reason_code::banned, .props = misplaced}, peers.now).error() == refusal::invalid);
    CHECK(server.where() == phase::accepting);
    CHECK_FALSE(server.wants_input());
    CHECK_FALSE(peers.server.state.exists());

    REQUIRE(server.accept({}, peers.server.state, peers.now));
    CHECK(server.accept({}, peers.server.state, peers.now).error() == refusal::not_connected);
    CHECK(server.reject({.reason = reason_code::banned}, peers.now).error() == refusal::not_connected);
    peers.run();
    CHECK(peers.client.session_present == false);
    CHECK(server.wants_input());
}

TEST_CASE("an acceptance that waits for the store is neither repeated nor taken back", "[session][commit]") {
    session_pair peers{{.connect = false}};
    peers.server_clock = {.filling = 2, .done = 1};
    (void)peers.connect(true);
    peers.run();
    auto& server = *peers.server.engine;
    REQUIRE(server.where() == phase::accepting);

    CHECK(server.accept({}, peers.server.state, peers.now).error() == refusal::not_connected);
    CHECK(server.reject({.reason = reason_code::banned}, peers.now).error() == refusal::not_connected);

    peers.server_clock = {.filling = 3, .done = 2};
    server.committed(peers.now);
    peers.run();
    CHECK(peers.from_server.log.size() == 1);
    CHECK(peers.client.session_present == false);
}

TEST_CASE("a refusal that fits no packet the client would take is silence", "[session][MQTT-3.1.2-24]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 4;
    auto peers = undecided(how);
    auto const why = property_list{}.add<property_id::reason_string>("no");

    REQUIRE(peers.server.engine->reject({.reason = reason_code::not_authorized, .props = why}, peers.now));
    peers.run();

    CHECK(peers.from_server.log.empty());
    CHECK(peers.server.engine->finished());
    CHECK(peers.server.closed->reason == reason_code::not_authorized);
}

TEST_CASE("a reason that MQTT does not have is refused in 5.0 and silence in 3.1.1", "[session][v3-MQTT-3.2.2-6]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto peers = undecided({.version = version});

    auto const done = peers.server.engine->reject({.reason = static_cast<reason_code>(0xFE)}, peers.now);
    peers.run();

    CHECK(done.has_value() == (version == protocol::v3_1_1));
    CHECK(peers.server.engine->finished() == (version == protocol::v3_1_1));
    CHECK(peers.from_server.log.empty());
}

TEST_CASE("an acceptance that fits no packet the client would take is refused", "[session][MQTT-3.1.2-24]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 4;
    auto peers = undecided(how);

    CHECK(peers.server.engine->accept({}, peers.server.state, peers.now).error() == refusal::too_large);

    CHECK(peers.server.engine->where() == phase::accepting);
    CHECK_FALSE(peers.server.state.exists());
}

// ---- Publishing -------------------------------------------------------------------------------------------------------

TEST_CASE("nothing is published before there is a session or after the connection ended", "[session]") {
    session_pair peers{{.connect = false}};
    auto& client = *peers.client.engine;
    for (auto const qos : {at_most_once, at_least_once, exactly_once}) {
        CHECK(client.publish({.topic = "a", .qos = qos}, peers.now).error() == refusal::not_connected);
        CHECK(client.publish(made("x"), {.qos = qos}, peers.now).error() == refusal::not_connected);
    }
    CHECK(client.acknowledge(1, peers.now).error() == refusal::not_connected);

    REQUIRE(peers.connect(true));
    peers.run();
    REQUIRE(client.disconnect({}, peers.now));
    for (auto const qos : {at_most_once, at_least_once, exactly_once}) {
        CHECK(client.publish({.topic = "a", .qos = qos}, peers.now).error() == refusal::not_connected);
        CHECK(client.publish(made("x"), {.qos = qos}, peers.now).error() == refusal::not_connected);
    }
    CHECK(client.acknowledge(1, peers.now).error() == refusal::not_connected);
    peers.run();
    CHECK(peers.server.messages.empty());
    CHECK(peers.client.state.queued_messages() == 0);
}

TEST_CASE("what is published while CONNACK is awaited waits for it unless it is QoS 0", "[session]") {
    auto peers = undecided();
    auto& client = *peers.client.engine;

    CHECK(client.publish({.topic = "a"}, peers.now).error() == refusal::not_connected);
    auto const no = client.publish({.topic = "a", .payload = to_bytes("x"), .qos = at_least_once}, peers.now);
    REQUIRE(no);
    peers.run();
    CHECK(peers.from_client.count<packet::publish>() == 0);

    REQUIRE(peers.server.engine->accept({}, peers.server.state, peers.now));
    peers.run();
    CHECK(peers.client.deliveries.at(*no).how == outcome::acknowledged);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
}

TEST_CASE("an alias is no topic before the server said how many it takes", "[session][MQTT-3.3.2-8]") {
    auto peers = undecided();
    auto const alias = property_list{}.add<property_id::topic_alias>(1);

    CHECK(peers.client.engine->publish({.topic = "", .qos = at_least_once, .props = alias}, peers.now).error() == refusal::invalid);
    CHECK(peers.client.engine->publish({.topic = "a", .qos = at_least_once, .props = alias}, peers.now));

    REQUIRE(peers.server.engine->accept({}, peers.server.state, peers.now));
    peers.run();
    CHECK(peers.server.received("a").size() == 1);
    CHECK(peers.from_client.all<packet::publish>().at(0).props.empty());    // it takes none
}

TEST_CASE("a message that has no form on the wire is refused when it is published", "[session][MQTT-3.3.2-2][MQTT-3.3.4-6]") {
    session_pair::options how;
    how.server.own.topic_alias_maximum = GENERATE(std::uint16_t{0}, std::uint16_t{4});
    session_pair peers{how};
    auto& client = *peers.client.engine;
    std::uint32_t const ids[] = {1};
    auto const past = peers.now;

    for (auto const qos : {at_most_once, at_least_once}) {
        CHECK(client.publish({.topic = "a/+", .qos = qos}, peers.now).error() == refusal::invalid);
        CHECK(client.publish({.topic = "", .qos = qos}, peers.now).error() == refusal::invalid);
        CHECK(client.publish({.topic = "a", .qos = qos, .props = misplaced}, peers.now).error() == refusal::invalid);
        CHECK(client.publish(session::message{}, {.qos = qos}, peers.now).error() == refusal::invalid);
        CHECK(client.publish(made("x"), {.qos = qos, .subscription_ids = ids}, peers.now).error() == refusal::invalid);
        CHECK(client.publish(made("x"), {.qos = qos, .expires_at = past}, peers.now).error() == refusal::stale);
    }

    CHECK(client.pending(peers.now).empty());
    CHECK(peers.client.state.queued_messages() + peers.client.state.in_flight() == 0);
}

TEST_CASE("a message that its owner keeps is refused for the same reasons as one given as a packet", "[session][MQTT-3.2.2-11][MQTT-3.2.2-14]") {
    session_pair::options how;
    how.server.own = {.maximum_packet_size = 200, .maximum_qos = at_least_once, .retain_available = false};
    how.client.max_output = 50;
    session_pair peers{how};
    auto& client = *peers.client.engine;

    CHECK(client.publish(made("x"), {.qos = exactly_once}, peers.now).error() == refusal::qos_not_supported);
    CHECK(client.publish(made("x"), {.retain = true}, peers.now).error() == refusal::retain_not_supported);
    CHECK(client.publish(made(std::string(300, 'x')), {}, peers.now).error() == refusal::too_large);
    CHECK(client.publish(made(std::string(60, 'x')), {}, peers.now));
    CHECK(client.publish(made("x"), {}, peers.now).error() == refusal::queue_full);
    peers.run();
    CHECK(peers.server.messages.size() == 1);
}

TEST_CASE("a 3.1.1 client has no properties to send", "[session]") {
    session_pair peers{{.version = protocol::v3_1_1}};
    auto const typed = property_list{}.add<property_id::content_type>("t");
    auto const qos = GENERATE(at_most_once, at_least_once);

    CHECK(peers.client.engine->publish(made("x", typed), {.qos = qos}, peers.now).error() == refusal::invalid);
    CHECK(peers.server.engine->publish(made("x", typed), {.qos = qos}, peers.now));    // a server has subscribers of both versions
    peers.run();

    CHECK(peers.server.messages.empty());
    CHECK(peers.client.received("a").size() == 1);
}

// ---- Answers ----------------------------------------------------------------------------------------------------------

TEST_CASE("an acknowledgement says only what its packet can say", "[session][MQTT-3.4.2-1][MQTT-3.5.2-1]") {
    session_pair peers;
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "x", at_least_once);
    peers.run();
    auto& server = *peers.server.engine;
    auto const arrival = peers.server.messages.at(0).arrival;
    property_list twice;
    twice.add<property_id::reason_string>("a").add<property_id::reason_string>("b");

    CHECK(server.acknowledge(arrival, reason_code::granted_qos_2, {}, peers.now).error() == refusal::invalid);
    CHECK(server.acknowledge(arrival, reason_code::packet_identifier_not_found, {}, peers.now).error() == refusal::invalid);
    CHECK(server.acknowledge(arrival, reason_code::success, twice, peers.now).error() == refusal::invalid);
    CHECK(server.acknowledge(arrival + 1, peers.now).error() == refusal::stale);
    CHECK(server.acknowledge(arrival, reason_code::no_matching_subscribers, {}, peers.now));
    CHECK(server.acknowledge(arrival, peers.now).error() == refusal::stale);
    peers.run();

    CHECK(peers.from_server.count<packet::puback>() == 1);
    CHECK(peers.client.deliveries.at(1).reason == reason_code::no_matching_subscribers);
}

TEST_CASE("a DISCONNECT that breaks a rule leaves the connection open", "[session]") {
    session_pair peers;

    CHECK(peers.client.engine->disconnect({.props = misplaced}, peers.now).error() == refusal::invalid);
    CHECK(peers.client.engine->disconnect({.reason = reason_code::granted_qos_1}, peers.now).error() == refusal::invalid);

    CHECK(peers.client.engine->where() == phase::open);
    peers.publish(peers.client, "a", "x", at_most_once);
    peers.run();
    CHECK(peers.server.received("a").size() == 1);
}
