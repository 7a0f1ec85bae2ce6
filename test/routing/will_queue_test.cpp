// When a will is published, and when it is not (3.1.2.5, 3.1.3.2.2).
#include <string>
#include <vector>

#include <aldis/routing/will_queue.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::routing;
using namespace std::chrono_literals;

namespace {

constexpr session::time_point start{};

will left(std::string_view topic, session::duration delay = 0s) {
    return {.message = *session::message::make(topic, {}, {}), .qos = qos_level::at_least_once, .retain = true, .delay = delay};
}

std::vector<std::string> published(will_queue& from, session::time_point now) {
    std::vector<std::string> all;
    while (auto const due = from.take_due(now)) all.emplace_back(due->what.message.topic());
    return all;
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("a will is published once, when its connection ended without DISCONNECT",
          "[routing][will][MQTT-3.1.2-7][MQTT-3.1.2-8][MQTT-3.1.2-10][v3-MQTT-3.1.2-8][v3-MQTT-3.1.2-10]") {
    will_queue wills;
    wills.connected(1, left("a"));
    CHECK(published(wills, start + 1h).empty());
    CHECK(wills.size() == 1);

    wills.disconnected(1, start, start);
    auto const due = wills.take_due(start);

    REQUIRE(due);
    CHECK(due->session == 1);
    CHECK(due->what.message.topic() == "a");
    CHECK(due->what.qos == qos_level::at_least_once);
    CHECK(due->what.retain);
    CHECK_FALSE(wills.take_due(start + 1h));
    CHECK(wills.size() == 0);
    CHECK_FALSE(wills.deadline());
}

TEST_CASE("DISCONNECT takes the will along, and without a will nothing is published",
          "[routing][will][MQTT-3.14.4-3][v3-MQTT-3.14.4-3][v3-MQTT-3.1.2-12]") {
    will_queue wills;
    wills.connected(1, left("a"));
    wills.connected(2, {});

    wills.drop(1);
    wills.disconnected(1, start, start);
    wills.disconnected(2, start, start);

    CHECK(published(wills, start + 1h).empty());
    CHECK(wills.size() == 0);
}

TEST_CASE("a will waits for its delay or for the end of the session, whichever is first", "[routing][will][MQTT-3.1.2-8]") {
    will_queue wills;
    for (session_no s = 1; s <= 3; ++s) wills.connected(s, left(std::string(1, static_cast<char>('a' + s - 1)), 10s));

    wills.disconnected(1, start, start + 1h);
    wills.disconnected(2, start, start + 5s);
    wills.disconnected(3, start + 1s, std::nullopt);

    CHECK(wills.deadline() == start + 5s);
    CHECK(published(wills, start + 4'999ms).empty());
    CHECK(published(wills, start + 5s) == list{"b"});
    CHECK(wills.deadline() == start + 10s);
    CHECK(published(wills, start + 1h) == list{"a", "c"});
}

TEST_CASE("a delay does not begin anew when the same end is told twice", "[routing][will]") {
    will_queue wills;
    wills.connected(1, left("a", 10s));
    wills.disconnected(1, start, std::nullopt);
    wills.disconnected(1, start + 5s, std::nullopt);

    CHECK(wills.deadline() == start + 10s);
}

TEST_CASE("a new connection within the delay keeps the will from being published", "[routing][will][MQTT-3.1.3-9]") {
    will_queue wills;
    wills.connected(1, left("old", 10s));
    wills.disconnected(1, start, std::nullopt);

    wills.connected(1, left("new", 3s));

    CHECK(published(wills, start + 1h).empty());
    wills.disconnected(1, start + 1h, std::nullopt);
    CHECK(published(wills, start + 1h + 3s) == list{"new"});
}

TEST_CASE("a session that ends early makes its waiting will due at once", "[routing][will][MQTT-3.1.2-8]") {
    will_queue wills;
    wills.connected(1, left("a", 10s));
    wills.ended(1, start);
    CHECK(published(wills, start + 1h).empty());                   // its connection still stands

    wills.disconnected(1, start, std::nullopt);
    wills.ended(1, start + 2s);
    CHECK(published(wills, start + 2s) == list{"a"});
    wills.ended(1, start + 2s);
    CHECK(wills.size() == 0);
}
