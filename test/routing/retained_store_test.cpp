// Retained messages: what is kept, found, refused and forgotten (3.3.1.3).
#include <string>
#include <vector>

#include <aldis/routing/retained_store.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::routing;
using namespace std::chrono_literals;

namespace {

constexpr session::time_point start{};

retained_message text(std::string_view topic, std::string_view payload, std::optional<session::time_point> expires_at = {}) {
    return {*session::message::make(topic, {}, std::as_bytes(std::span(payload))), qos_level::at_least_once, expires_at};
}

std::vector<std::string> topics(retained_store const& from, std::string_view filter, session::time_point now = start) {
    std::vector<std::string> all;
    from.match(filter, now, [&](retained_message const& m) { all.emplace_back(m.message.topic()); });
    return all;
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("a message with RETAIN takes the place of the one before, with its QoS", "[routing][retained][MQTT-3.3.1-5][v3-MQTT-3.3.1-5]") {
    retained_store store;
    auto           second = text("a/b", "two");
    second.qos = qos_level::exactly_once;

    CHECK(store.set(text("a/b", "one"), start) == retained_outcome::kept);
    CHECK(store.set(second, start) == retained_outcome::replaced);

    REQUIRE(store.find("a/b", start));
    CHECK(store.find("a/b", start)->message.payload().size() == 3);
    CHECK(store.find("a/b", start)->qos == qos_level::exactly_once);
    CHECK(store.size() == 1);
    CHECK(store.bytes() == second.message.size() + retained_store::overhead);
}

TEST_CASE("an empty payload removes what is retained and is never kept",
          "[routing][retained][MQTT-3.3.1-6][MQTT-3.3.1-7][v3-MQTT-3.3.1-10][v3-MQTT-3.3.1-11]") {
    retained_store store;
    store.set(text("a", "x"), start);

    CHECK(store.set(text("a", ""), start) == retained_outcome::removed);
    CHECK(store.set(text("a", ""), start) == retained_outcome::absent);

    CHECK_FALSE(store.find("a", start));
    CHECK(store.size() == 0);
    CHECK(store.bytes() == 0);
}

TEST_CASE("filters find retained messages in the order of topics", "[routing][retained][MQTT-4.7.2-1]") {
    retained_store store;
    for (auto const* topic : {"a", "a!", "a/b", "a/b/c", "a/c", "b/b", "/", "$SYS/x", "a/\x01"}) store.set(text(topic, "x"), start);

    CHECK(topics(store, "a/#") == list{"a", "a/\x01", "a/b", "a/b/c", "a/c"});
    CHECK(topics(store, "+/b") == list{"a/b", "b/b"});
    CHECK(topics(store, "+/b/#") == list{"a/b", "a/b/c", "b/b"});
    CHECK(topics(store, "a/+/c") == list{"a/b/c"});
    CHECK(topics(store, "/+") == list{"/"});
    CHECK(topics(store, "+") == list{"a", "a!"});
    CHECK(topics(store, "+/x").empty());
    CHECK(topics(store, "$SYS/#") == list{"$SYS/x"});
    CHECK(topics(store, "#").size() == 8);
    CHECK(topics(store, "a/b") == list{"a/b"});
}

TEST_CASE("a retained message ends with its expiry and leaves nothing", "[routing][retained]") {
    retained_store store;
    store.set(text("a", "x", start + 10s), start);
    store.set(text("b", "x", start + 20s), start);
    store.set(text("c", "x"), start);
    CHECK(store.deadline() == start + 10s);

    CHECK(store.find("a", start + 9'999ms));
    CHECK_FALSE(store.find("a", start + 10s));
    CHECK(topics(store, "+", start + 10s) == list{"b", "c"});
    CHECK(topics(store, "a", start + 10s).empty());

    CHECK(store.expire(start + 10s) == 1);
    CHECK(store.deadline() == start + 20s);
    CHECK(store.set(text("b", "y"), start + 11s) == retained_outcome::replaced);
    CHECK(store.deadline() == std::nullopt);
    CHECK(store.expire(start + 1h) == 0);
    CHECK(store.size() == 2);
}

TEST_CASE("what has expired when it arrives removes the one before and is not kept", "[routing][retained]") {
    retained_store store;
    store.set(text("a", "x"), start);

    CHECK(store.set(text("a", "y", start), start) == retained_outcome::replaced);

    CHECK(store.size() == 0);
    CHECK(store.bytes() == 0);
}

TEST_CASE("each limit of retained messages refuses and leaves what was there", "[routing][retained]") {
    auto const     cost = text("a", "x").message.size() + retained_store::overhead;
    retained_store store{{.messages = 2, .bytes = 2 * cost + 1, .levels = 3}};

    CHECK(store.set(text("a/b/c", "x"), start) == retained_outcome::kept);
    CHECK(store.set(text("a/b/c/d", "x"), start) == retained_outcome::too_deep);
    CHECK(store.set(text("a/b/c", ""), start) == retained_outcome::removed);

    CHECK(store.set(text("a", "x"), start) == retained_outcome::kept);
    CHECK(store.set(text("b", "x", start + 1s), start) == retained_outcome::kept);
    CHECK(store.set(text("c", "x"), start) == retained_outcome::too_many);
    CHECK(store.set(text("a", "xy"), start) == retained_outcome::replaced);
    CHECK(store.set(text("a", "xyz"), start) == retained_outcome::too_large);
    CHECK(store.find("a", start)->message.payload().size() == 2);
    CHECK(store.bytes() == 2 * cost + 1);

    CHECK(store.set(text("c", "x"), start + 1s) == retained_outcome::kept);       // b has expired and makes room
    CHECK(topics(store, "#", start + 1s) == list{"a", "c"});
}

TEST_CASE("a walk over retained messages can pause", "[routing][retained]") {
    retained_store store;
    for (auto const* topic : {"a/x", "b/y", "c/x"}) store.set(text(topic, "x"), start);

    auto const* const one = store.first("+/x", start);
    REQUIRE(one);
    CHECK(one->message.topic() == "a/x");
    store.set(text("b/x", "x"), start);
    auto const* const two = store.next(*one, "+/x", start);
    REQUIRE(two);
    CHECK(two->message.topic() == "b/x");
    CHECK_FALSE(store.next(*store.next(*two, "+/x", start), "+/x", start));
}
