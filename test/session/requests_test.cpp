// SUBSCRIBE and UNSUBSCRIBE, and what may be asked of whom.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::refusal;

TEST_CASE("a subscription is answered for each of its filters in order",
          "[session][MQTT-3.8.4-1][MQTT-3.8.4-2][MQTT-3.8.4-6][MQTT-3.8.4-5][MQTT-3.9.3-1][v3-MQTT-3.8.4-1][v3-MQTT-3.8.4-2][v3-MQTT-3.8.4-4]"
          "[v3-MQTT-3.8.4-5][v3-MQTT-3.9.3-1]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    auto const filters = wire_builder<subscription>{}.add({.filter = "a/#", .qos = exactly_once}).add({.filter = "+", .qos = at_most_once});

    auto const id = peers.client.engine->subscribe(filters, {}, peers.now);
    REQUIRE(id);
    peers.run();

    CHECK(peers.server.filters == std::vector<std::string>{"a/#", "+"});
    CHECK(peers.client.subscribed == std::vector<packet_id>{*id});
    CHECK(peers.client.granted.at(0) == std::vector{reason_code::granted_qos_2, reason_code::success});
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("an unsubscription is answered with its identifier",
          "[session][MQTT-3.10.4-4][MQTT-3.10.4-5][MQTT-3.10.4-6][MQTT-3.11.3-1][v3-MQTT-3.10.4-4][v3-MQTT-3.10.4-5][v3-MQTT-3.10.4-6]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    auto const filters = wire_builder<std::string_view>{}.add("a/#").add("+");

    auto const id = peers.client.engine->unsubscribe(filters, {}, peers.now);
    REQUIRE(id);
    peers.run();

    CHECK(peers.server.filters == std::vector<std::string>{"a/#", "+"});
    CHECK(peers.client.unsubscribed == std::vector<packet_id>{*id});
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("an answer that fits no request ends the connection", "[session][MQTT-2.2.1-6][MQTT-3.8.4-6][MQTT-4.13.1-1]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"}).add({.filter = "b"});
    auto const id = *peers.client.engine->subscribe(filters, {}, peers.now);
    peers.run();
    auto const one = wire_builder<reason_code>{}.add(reason_code::success);
    auto const two = wire_builder<reason_code>{}.add(reason_code::success).add(reason_code::success);

    SECTION("another identifier") { peers.feed(peers.client, packet::suback{.id = static_cast<packet_id>(id + 1), .codes = two}); }
    SECTION("another kind") { peers.feed(peers.client, packet::unsuback{.id = id, .codes = two}); }
    SECTION("another number of codes") { peers.feed(peers.client, packet::suback{.id = id, .codes = one}); }
    SECTION("an acknowledgement of a message") { peers.feed(peers.client, packet::puback{.id = id}); }

    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->reason == reason_code::protocol_error);
    CHECK(peers.client.subscribed.empty());
}

TEST_CASE("a server answers each request once and completely", "[session][MQTT-3.8.4-6][MQTT-3.11.3-1]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"}).add({.filter = "b"});
    auto const id = *peers.client.engine->subscribe(filters, {}, peers.now);
    peers.run();
    auto const one = wire_builder<reason_code>{}.add(reason_code::success);
    auto const two = wire_builder<reason_code>{}.add(reason_code::success).add(reason_code::not_authorized);
    auto& server = *peers.server.engine;

    CHECK(server.answer(packet::suback{.id = 77, .codes = two}, peers.now).error() == refusal::stale);
    CHECK(server.answer(packet::unsuback{.id = id, .codes = two}, peers.now).error() == refusal::stale);
    CHECK(server.answer(packet::suback{.id = id, .codes = one}, peers.now).error() == refusal::invalid);
    CHECK(server.answer(packet::suback{.id = id, .codes = two}, peers.now));
    CHECK(server.answer(packet::suback{.id = id, .codes = two}, peers.now).error() == refusal::stale);
    peers.run();
    CHECK(peers.client.granted.at(0) == std::vector{reason_code::success, reason_code::not_authorized});
}

TEST_CASE("to a 3.1.1 client every refusal of a filter is 0x80", "[session][v3-MQTT-3.9.3-2][v3-MQTT-3.8.4-5]") {
    session_pair peers{{.version = protocol::v3_1_1}};
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    auto const id = *peers.client.engine->subscribe(filters, {}, peers.now);
    peers.run();
    auto const codes = wire_builder<reason_code>{}.add(reason_code::not_authorized);
    auto const words = property_list{}.add<property_id::reason_string>("no");

    REQUIRE(peers.server.engine->answer(packet::suback{.id = id, .codes = codes, .props = words}, peers.now));
    peers.run();

    CHECK(peers.client.granted.at(0) == std::vector{reason_code::unspecified_error});
}

TEST_CASE("what the server said it cannot do is not asked of it and not taken from a client that asks",
          "[session][MQTT-3.8.3-4][MQTT-3.2.2-12]") {
    session_pair::options how;
    how.server.own = {.wildcard_subscription_available = false, .subscription_identifier_available = false, .shared_subscription_available = false};
    session_pair peers{how};
    auto const wild = wire_builder<subscription>{}.add({.filter = "a/+"});
    auto const shared = wire_builder<subscription>{}.add({.filter = "$share/g/a"});
    auto const plain = wire_builder<subscription>{}.add({.filter = "a"});
    auto const with_id = property_list{}.add<property_id::subscription_identifier>(1);

    CHECK(peers.client.engine->subscribe(wild, {}, peers.now).error() == refusal::wildcard_not_supported);
    CHECK(peers.client.engine->subscribe(shared, {}, peers.now).error() == refusal::shared_not_supported);
    CHECK(peers.client.engine->subscribe(plain, with_id, peers.now).error() == refusal::subscription_id_not_supported);

    SECTION("wildcard") {
        peers.feed(peers.server, packet::subscribe{.id = 1, .filters = wild});
        CHECK(peers.server.closed->reason == reason_code::wildcard_subscriptions_not_supported);
    }
    SECTION("shared") {
        peers.feed(peers.server, packet::subscribe{.id = 1, .filters = shared});
        CHECK(peers.server.closed->reason == reason_code::shared_subscriptions_not_supported);
    }
    SECTION("identifier") {
        peers.feed(peers.server, packet::subscribe{.id = 1, .filters = plain, .props = with_id});
        CHECK(peers.server.closed->reason == reason_code::subscription_identifiers_not_supported);
    }
}

TEST_CASE("only an open client may ask and only an open server may answer", "[session]") {
    session_pair peers{{.connect = false}};
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    auto const codes = wire_builder<reason_code>{}.add(reason_code::success);
    CHECK(peers.client.engine->subscribe(filters, {}, peers.now).error() == refusal::not_connected);
    CHECK(peers.server.engine->answer(packet::suback{.id = 1, .codes = codes}, peers.now).error() == refusal::not_connected);
    CHECK(peers.server.engine->answer(packet::unsuback{.id = 1, .codes = codes}, peers.now).error() == refusal::not_connected);
    (void)peers.connect(true);
    peers.run();
    CHECK(peers.server.engine->subscribe(filters, {}, peers.now).error() == refusal::not_connected);
}

TEST_CASE("a filter list with a fault is refused before a byte is written", "[session][MQTT-3.8.3-2]") {
    session_pair peers;
    auto const none = wire_builder<subscription>{};
    auto const bad = wire_builder<subscription>{}.add({.filter = "a#"});
    CHECK(peers.client.engine->subscribe(none, {}, peers.now).error() == refusal::invalid);
    CHECK(peers.client.engine->subscribe(bad, {}, peers.now).error() == refusal::invalid);
    CHECK(peers.client.state.identifiers_in_use() == 0);
    CHECK(peers.client.engine->pending(peers.now).empty());
}

TEST_CASE("a request whose identifier is in use ends the connection", "[session][MQTT-2.2.1-3]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    peers.feed(peers.server, packet::subscribe{.id = 5, .filters = filters});
    CHECK_FALSE(peers.server.closed);
    peers.feed(peers.server, packet::subscribe{.id = 5, .filters = filters});
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::protocol_error);
}

TEST_CASE("identifiers of requests that a lost connection left open are free again", "[session]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    REQUIRE(peers.client.engine->subscribe(filters, {}, peers.now));
    peers.run();
    CHECK(peers.client.state.identifiers_in_use() == 1);

    peers.cut();

    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("a client asks no more while the transport does not take its output", "[session]") {
    session_pair::options how;
    how.client.max_output = 10;
    session_pair peers{how};
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    auto const names = wire_builder<std::string_view>{}.add("a");
    peers.publish(peers.client, "a", "longer than that", at_most_once);

    CHECK(peers.client.engine->subscribe(filters, {}, peers.now).error() == refusal::queue_full);
    CHECK(peers.client.engine->unsubscribe(names, {}, peers.now).error() == refusal::queue_full);
    CHECK(peers.client.state.identifiers_in_use() == 0);
    peers.run();
    CHECK(peers.client.engine->subscribe(filters, {}, peers.now));
}

TEST_CASE("plain filters may be asked of a server that supports nothing more", "[session][MQTT-3.2.2-12]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair::options how{.version = version};
    how.server.own = {.wildcard_subscription_available = false, .subscription_identifier_available = false, .shared_subscription_available = false};
    session_pair peers{how};
    auto filters = wire_builder<subscription>{}.add({.filter = "a/b"});
    if (version == protocol::v3_1_1) filters.add({.filter = "$share/g/a"});    // there it is a filter like any other

    REQUIRE(peers.client.engine->subscribe(filters, {}, peers.now));
    peers.run();

    CHECK(peers.server.filters.size() == filters.view().size());
    CHECK(peers.client.granted.size() == 1);
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("an UNSUBSCRIBE whose identifier is in use ends the connection", "[session][MQTT-2.2.1-3]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const names = wire_builder<std::string_view>{}.add("a");
    peers.feed(peers.server, packet::unsubscribe{.id = 5, .filters = names});
    CHECK_FALSE(peers.server.closed);

    peers.feed(peers.server, packet::unsubscribe{.id = 5, .filters = names});

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::protocol_error);
    CHECK(peers.server.requests.size() == 1);
}

TEST_CASE("each kind of request has its own kind of answer and only a server gives it", "[session][MQTT-3.8.4-2][MQTT-3.10.4-5][MQTT-3.11.3-1]") {
    session_pair peers;
    peers.server.answers_requests = false;
    auto const names = wire_builder<std::string_view>{}.add("a").add("b");
    auto const id = *peers.client.engine->unsubscribe(names, {}, peers.now);
    peers.run();
    auto const one = wire_builder<reason_code>{}.add(reason_code::success);
    auto const two = wire_builder<reason_code>{}.add(reason_code::success).add(reason_code::no_subscription_existed);
    auto& server = *peers.server.engine;

    CHECK(peers.client.engine->answer(packet::suback{.id = id, .codes = two}, peers.now).error() == refusal::not_connected);
    CHECK(peers.client.engine->answer(packet::unsuback{.id = id, .codes = two}, peers.now).error() == refusal::not_connected);
    CHECK(server.answer(packet::suback{.id = id, .codes = two}, peers.now).error() == refusal::stale);
    CHECK(server.answer(packet::unsuback{.id = 77, .codes = two}, peers.now).error() == refusal::stale);
    CHECK(server.answer(packet::unsuback{.id = id, .codes = one}, peers.now).error() == refusal::invalid);
    CHECK(server.answer(packet::unsuback{.id = id, .codes = two}, peers.now));
    CHECK(server.answer(packet::unsuback{.id = id, .codes = two}, peers.now).error() == refusal::stale);
    peers.run();
    CHECK(peers.client.unsubscribed == std::vector<packet_id>{id});
}

TEST_CASE("an answer that the client would not take stays owed", "[session][MQTT-3.1.2-24]") {
    auto const waits_for_store = GENERATE(false, true);
    session_pair::options how;
    how.client.own.maximum_packet_size = 30;
    session_pair peers{how};
    peers.server.answers_requests = false;
    if (waits_for_store) peers.server_clock = {.filling = 5, .done = 4};
    wire_builder<subscription> filters;
    wire_builder<std::string_view> names;
    wire_builder<reason_code> codes;
    for (auto i = 0; i < 40; ++i) {
        filters.add({.filter = "a"});
        names.add("a");
        codes.add(reason_code::success);
    }
    auto const s = *peers.client.engine->subscribe(filters, {}, peers.now);
    auto const u = *peers.client.engine->unsubscribe(names, {}, peers.now);
    peers.run();
    auto& server = *peers.server.engine;

    for (auto i = 0; i < 2; ++i) {
        CHECK(server.answer(packet::suback{.id = s, .codes = codes}, peers.now).error() == refusal::too_large);
        CHECK(server.answer(packet::unsuback{.id = u, .codes = codes}, peers.now).error() == refusal::too_large);
    }

    peers.server_clock = {.filling = 6, .done = 5};
    peers.run();
    CHECK(peers.from_server.log.size() == 1);                      // CONNACK
    CHECK(server.output_size() == 0);
}

TEST_CASE("an answer whose words do not fit waits for its commit without them", "[session][commit][MQTT-3.9.2-1][MQTT-3.11.2-1]") {
    session_pair::options how;
    how.client.own.maximum_packet_size = 30;
    session_pair peers{how};
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    auto const names = wire_builder<std::string_view>{}.add("a");
    auto const codes = wire_builder<reason_code>{}.add(reason_code::success);
    auto const words = property_list{}.add<property_id::reason_string>(std::string(100, 'x'));
    auto const s = *peers.client.engine->subscribe(filters, {}, peers.now);
    auto const u = *peers.client.engine->unsubscribe(names, {}, peers.now);
    peers.run();
    auto& server = *peers.server.engine;

    peers.server_clock = {.filling = 5, .done = 4};
    REQUIRE(server.answer(packet::suback{.id = s, .codes = codes, .props = words}, peers.now));
    peers.server_clock.filling = 6;
    REQUIRE(server.answer(packet::unsuback{.id = u, .codes = codes, .props = words}, peers.now));
    peers.run();
    CHECK(peers.client.subscribed.empty());

    peers.server_clock.done = 5;                                   // the first batch only
    peers.run();
    CHECK(peers.client.subscribed.size() == 1);
    CHECK(peers.client.unsubscribed.empty());
    peers.server_clock = {.filling = 7, .done = 6};
    peers.run();
    CHECK(peers.client.unsubscribed.size() == 1);
    CHECK_FALSE(peers.client.closed);
}

TEST_CASE("a shared subscription is asked for and granted where there are any", "[session][MQTT-3.8.3-4]") {
    session_pair peers;
    auto const filters = wire_builder<subscription>{}.add({.filter = "$share/g/a/+", .qos = at_least_once});

    REQUIRE(peers.client.engine->subscribe(filters, {}, peers.now));
    peers.run();

    CHECK(peers.server.filters == std::vector<std::string>{"$share/g/a/+"});
    CHECK(peers.client.granted.at(0) == std::vector{reason_code::granted_qos_1});
}
