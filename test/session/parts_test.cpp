// Parts that stand alone: the map of identifiers, limits, words for people.
#include <map>
#include <random>
#include <set>

#include <support/catch.hpp>
#include <support/pair.hpp>

#include "../../session/src/id_map.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("the map of identifiers holds what was put into it whatever the order", "[session]") {
    session::id_map<int> map;
    std::map<packet_id, int> model;
    std::minstd_rand random{GENERATE(1U, 2U, 3U)};
    packet_id const most = GENERATE(packet_id{9}, packet_id{300}, packet_id{65'535});

    for (auto step = 0; step < 4000; ++step) {
        auto const id = static_cast<packet_id>(1 + random() % most);
        if (random() % 2 == 0 && !model.contains(id)) {
            map.insert(id, step);
            model[id] = step;
        } else {
            map.erase(id);                                         // there or not
            model.erase(id);
        }
        auto const* const found = map.find(id);
        REQUIRE((found != nullptr) == model.contains(id));
    }

    CHECK(map.size() == model.size());
    for (auto const& [id, value] : model) {
        auto const* const found = map.find(id);
        REQUIRE(found);
        CHECK(*found == value);
    }
    std::map<packet_id, int> visited;
    map.for_each([&](packet_id id, int value) { visited[id] = value; });
    CHECK(visited == model);
    map.clear();
    CHECK(map.size() == 0);
    CHECK_FALSE(map.find(1));
}

TEST_CASE("limits are equal when each of them is", "[session]") {
    session::limits const plain;
    session::limits const others[] = {
        {.receive_maximum = 1}, {.maximum_packet_size = 1}, {.topic_alias_maximum = 1}, {.maximum_qos = qos_level::at_least_once},
        {.retain_available = false}, {.wildcard_subscription_available = false}, {.subscription_identifier_available = false},
        {.shared_subscription_available = false},
    };

    CHECK(plain == session::limits{});
    for (auto const& other : others) {
        CHECK(other == other);
        CHECK(other != plain);
    }
}

TEST_CASE("every refusal and every outcome has its words", "[session]") {
    using session::event::outcome;
    std::set<std::string_view> words;
    int count = 0;
    for (; count <= static_cast<int>(session::refusal::alias_invalid); ++count) words.insert(text_of(static_cast<session::refusal>(count)));
    for (auto how = 0; how <= static_cast<int>(outcome::dropped); ++how, ++count) words.insert(session::name_of(static_cast<outcome>(how)));

    CHECK(static_cast<int>(words.size()) == count);                // no two are the same
    CHECK_FALSE(words.contains(""));
    CHECK(text_of(session::refusal::queue_full).find("full") != std::string_view::npos);
    CHECK(session::name_of(outcome::session_lost) == "session lost");
    CHECK(text_of(static_cast<session::refusal>(200)) == "refused");
    CHECK(session::name_of(static_cast<outcome>(200)) == "unknown");
}

TEST_CASE("a phase that a role does not have lets nothing in and says nothing", "[session]") {
    using session::phase;
    using session::role;
    for (auto const version : {protocol::v3_1_1, protocol::v5}) {
        CHECK(session::may_receive(role::client, phase::accepting, version) == 0);
        CHECK(session::may_receive(role::client, phase::authenticating, version) == 0);
        CHECK(session::may_receive(role::server, phase::connecting, version) == 0);
        CHECK(session::farewell_for(role::client, phase::start, version) == session::farewell::nothing);
    }
}

TEST_CASE("an engine can be moved and goes on where it was", "[session]") {
    session_pair peers;
    peers.publish(peers.client, "a", "1", qos_level::at_least_once);

    session::engine elsewhere{std::move(*peers.client.engine)};
    CHECK(elsewhere.version() == protocol::v5);
    CHECK(elsewhere.where() == session::phase::open);
    peers.client.engine = std::make_unique<session::engine>(session::role::client, session::settings{});
    *peers.client.engine = std::move(elsewhere);
    peers.run();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1"});
    CHECK(peers.client.state.in_flight() == 0);
}

TEST_CASE("a message holds the properties that are the same for all who get it", "[session][message]") {
    using session::message;
    property_list kept, all, twice, bad_text;
    kept.add<property_id::content_type>("t");
    all.add<property_id::subscription_identifier>(9).add<property_id::content_type>("t").add<property_id::topic_alias>(3);
    twice.add<property_id::content_type>("t").add<property_id::content_type>("t");
    bad_text.add<property_id::content_type>("\xFF");

    for (auto const& given : {kept, all}) {
        CHECK(message::make("a", given, {})->props() == kept.view());
        CHECK(message::adopt({.topic = "a", .props = given}, nullptr).props() == kept.view());
    }
    CHECK_FALSE(message::make("a", twice, {}));
    CHECK_FALSE(message::make("a", bad_text, {}));
    CHECK(message{}.size() == 0);
}
