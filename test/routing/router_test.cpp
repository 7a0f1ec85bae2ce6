// Who receives a message, and how (3.3.4, 3.8.4, 4.8.2).
#include <algorithm>
#include <string>
#include <vector>

#include <aldis/routing/router.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::routing;

namespace {

constexpr auto qos0 = qos_level::at_most_once;
constexpr auto qos1 = qos_level::at_least_once;
constexpr auto qos2 = qos_level::exactly_once;

struct copy {
    session_no                 to = 0;
    qos_level                  qos = qos0;
    bool                       retain = false;
    bool                       is_shared = false;
    std::vector<std::uint32_t> ids{};
    friend bool operator==(copy const&, copy const&) = default;
};
using copies = std::vector<copy>;

template <class Ready>
copies sent(router& to, routed const& message, Ready ready) {
    copies all;
    to.route(message, ready, [&](routed_copy const& c) {
        all.push_back({c.to, c.qos, c.retain, c.is_shared, {c.subscription_ids.begin(), c.subscription_ids.end()}});
        std::sort(all.back().ids.begin(), all.back().ids.end());
    });
    return all;
}
copies sent(router& to, routed const& message) {
    return sent(to, message, [](session_no) { return readiness::now; });
}

std::vector<session_no> turns(router& to, int count, std::vector<readiness> const& of) {
    std::vector<session_no> all;
    for (int i = 0; i < count; ++i)
        for (auto const& each : sent(to, {.topic = "a"}, [&](session_no s) { return of[s]; })) all.push_back(each.to);
    return all;
}

} // namespace

TEST_CASE("several subscriptions of a session bring one copy, at their highest QoS and with all identifiers",
          "[routing][router][MQTT-3.3.4-2][MQTT-3.3.4-3][MQTT-3.3.4-4]") {
    router to;
    to.subscribe(1, {.filter = "a/#", .qos = qos0}, 7);
    to.subscribe(1, {.filter = "a/+", .qos = qos2}, 8);
    to.subscribe(1, {.filter = "a/b", .qos = qos1}, 0);
    to.subscribe(2, {.filter = "a/b", .qos = qos1}, 9);

    CHECK(sent(to, {.topic = "a/b", .qos = qos2}) == copies{{1, qos2, false, false, {7, 8}}, {2, qos1, false, false, {9}}});
    CHECK(sent(to, {.topic = "a/b", .qos = qos0}) == copies{{1, qos0, false, false, {7, 8}}, {2, qos0, false, false, {9}}});
    CHECK(sent(to, {.topic = "a", .qos = qos2}) == copies{{1, qos0, false, false, {7}}});
    CHECK(sent(to, {.topic = "b", .qos = qos2}).empty());
}

TEST_CASE("RETAIN is forwarded to those who asked for it as published", "[routing][router][MQTT-3.3.1-12][MQTT-3.3.1-13]") {
    router to;
    to.subscribe(1, {.filter = "a"}, 0);
    to.subscribe(2, {.filter = "a", .retain_as_published = true}, 0);

    CHECK(sent(to, {.topic = "a", .retain = true}) == copies{{.to = 1}, {.to = 2, .retain = true}});
    CHECK(sent(to, {.topic = "a", .retain = false}) == copies{{.to = 1}, {.to = 2}});
}

TEST_CASE("no local keeps a session's own messages from it, but not from its other subscriptions", "[routing][router][MQTT-3.8.3-3]") {
    router to;
    to.subscribe(1, {.filter = "a", .qos = qos2, .no_local = true}, 5);

    CHECK(sent(to, {.topic = "a", .from = 1}).empty());
    CHECK(sent(to, {.topic = "a", .from = 2}).size() == 1);
    CHECK(sent(to, {.topic = "a"}).size() == 1);

    to.subscribe(1, {.filter = "+", .qos = qos1}, 6);
    CHECK(sent(to, {.topic = "a", .qos = qos2, .from = 1}) == copies{{1, qos1, false, false, {6}}});
}

TEST_CASE("subscribing again with a filter replaces the subscription", "[routing][router][MQTT-3.8.4-3][v3-MQTT-3.8.4-3]") {
    router to;

    CHECK(to.subscribe(1, {.filter = "a", .qos = qos2}, 5) == subscribed::added);
    CHECK(to.subscribe(1, {.filter = "a", .qos = qos1, .retain_as_published = true}, 6) == subscribed::replaced);

    CHECK(to.size() == 1);
    CHECK(sent(to, {.topic = "a", .qos = qos2, .retain = true}) == copies{{1, qos1, true, false, {6}}});
    CHECK(to.unsubscribe(1, "a"));
    CHECK_FALSE(to.unsubscribe(1, "a"));
    CHECK(sent(to, {.topic = "a"}).empty());
}

TEST_CASE("wildcards in front do not reach topics that begin with a dollar sign", "[routing][router][MQTT-4.7.2-1][v3-MQTT-4.7.2-1]") {
    router to;
    to.subscribe(1, {.filter = "#"}, 0);
    to.subscribe(2, {.filter = "+/x"}, 0);
    to.subscribe(3, {.filter = "$SYS/#"}, 0);
    to.subscribe(4, {.filter = "$share/g/#"}, 0);

    CHECK(sent(to, {.topic = "$SYS/x"}) == copies{{.to = 3}});
    CHECK(sent(to, {.topic = "y/x"}).size() == 3);
}

TEST_CASE("members of a group take turns, each at the QoS granted to it", "[routing][router][shared][MQTT-4.8.2-3]") {
    router to;
    to.subscribe(1, {.filter = "$share/g/a", .qos = qos1}, 4);
    to.subscribe(2, {.filter = "$share/g/a", .qos = qos2}, 0);
    to.subscribe(1, {.filter = "a", .qos = qos0}, 3);

    auto const one = copies{{1, qos0, false, false, {3}}, {1, qos1, false, true, {4}}};
    auto const two = copies{{1, qos0, false, false, {3}}, {2, qos2, false, true, {}}};
    CHECK(sent(to, {.topic = "a", .qos = qos2}) == one);
    CHECK(sent(to, {.topic = "a", .qos = qos2}) == two);
    CHECK(sent(to, {.topic = "a", .qos = qos2}) == one);

    CHECK(to.subscribe(3, {.filter = "$share/h/a"}, 0) == subscribed::added);
    CHECK(sent(to, {.topic = "a"}).size() == 3);                   // each group gets its own copy
}

TEST_CASE("a group skips members that cannot take a message, and waits for one only when all must", "[routing][router][shared]") {
    using enum readiness;
    router to;
    for (session_no s = 1; s <= 3; ++s) to.subscribe(s, {.filter = "$share/g/a"}, 0);

    CHECK(turns(to, 3, {never, now, later, now}) == std::vector<session_no>{1, 3, 1});
    CHECK(turns(to, 3, {never, never, later, later}) == std::vector<session_no>{2, 3, 2});
    CHECK(turns(to, 2, {never, never, never, never}).empty());
}

TEST_CASE("who leaves a group takes no turn from another, and the last one takes the group along", "[routing][router][shared]") {
    using enum readiness;
    std::vector<readiness> const all(4, now);
    router                       to;
    for (session_no s = 1; s <= 3; ++s) to.subscribe(s, {.filter = "$share/g/a"}, 0);

    CHECK(turns(to, 1, all) == std::vector<session_no>{1});
    to.remove(1);
    CHECK(turns(to, 2, all) == std::vector<session_no>{2, 3});
    CHECK(to.unsubscribe(3, "$share/g/a"));
    CHECK(turns(to, 2, all) == std::vector<session_no>{2, 2});
    to.remove(2);
    CHECK(turns(to, 1, all).empty());
    CHECK(to.size() == 0);
    to.subscribe(1, {.filter = "$share/g/a"}, 0);
    CHECK(turns(to, 1, all) == std::vector<session_no>{1});
}

TEST_CASE("each limit of subscriptions refuses and leaves what was there", "[routing][router]") {
    router to{{.subscriptions = 2, .levels = 2}};

    CHECK(to.subscribe(1, {.filter = "a/b/c"}, 0) == subscribed::too_deep);
    CHECK(to.subscribe(1, {.filter = "$share/g/a/b"}, 0) == subscribed::added);
    CHECK(to.subscribe(1, {.filter = "$share/g/a/b/c"}, 0) == subscribed::too_deep);
    CHECK(to.subscribe(1, {.filter = "b"}, 0) == subscribed::added);
    CHECK(to.subscribe(1, {.filter = "c"}, 0) == subscribed::too_many);
    CHECK(to.subscribe(1, {.filter = "b", .qos = qos1}, 0) == subscribed::replaced);
    CHECK(to.subscribe(2, {.filter = "c"}, 0) == subscribed::added);

    CHECK(to.size(1) == 2);
    CHECK(to.size(2) == 1);
    CHECK(to.size() == 3);
}
