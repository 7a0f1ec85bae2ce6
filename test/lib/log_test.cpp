// The log of a client: levels, and packets in the words of mosquitto's tools.
#include <algorithm>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

struct line {
    log_level   level;
    std::string text;

    friend bool operator==(line const&, line const&) = default;
};

} // namespace

TEST_CASE("a client logs its packets as debug and its connections as notices", "[lib][log]") {
    world             w;
    client            c(w.io, lamp(protocol::v3_1_1));
    std::vector<line> seen;
    c.log([&](log_level level, std::string_view text) { seen.push_back({level, std::string(text)}); });

    w.connect(c);
    w.subscribe(c, subscribe_list{"a/b", qos_1});
    w.run(w.start_publish(c, "a/b", "hello"));
    w.receive(c);
    w.settle();
    w.disconnect(c);

    auto const has = [&](log_level level, std::string const& text) {
        INFO(text);
        return std::ranges::count(seen, line{level, text}) == 1;
    };
    CHECK(has(log_level::debug, "Client lamp sending CONNECT"));
    CHECK(has(log_level::debug, "Client lamp received CONNACK (0)"));
    CHECK(has(log_level::notice, "Client lamp connected"));
    CHECK(has(log_level::debug, "Client lamp sending SUBSCRIBE (Mid: 1, Topic: a/b, QoS: 1, Options: 0x00)"));
    CHECK(has(log_level::debug, "Client lamp received SUBACK"));
    CHECK(has(log_level::debug, "Subscribed (mid: 1): 1"));
    CHECK(has(log_level::debug, "Client lamp sending PUBLISH (d0, q1, r0, m2, 'a/b', ... (5 bytes))"));
    CHECK(has(log_level::debug, "Client lamp received PUBACK (Mid: 2, RC:0)"));
    CHECK(has(log_level::debug, "Client lamp received PUBLISH (d0, q1, r0, m1, 'a/b', ... (5 bytes))"));
    CHECK(has(log_level::debug, "Client lamp sending PUBACK (m1, rc0)"));
    CHECK(has(log_level::debug, "Client lamp sending DISCONNECT"));
    CHECK(has(log_level::notice, "Client lamp disconnected"));
}

TEST_CASE("the tap and the log see the same packets", "[lib][log]") {
    world       w;
    client      c(w.io, lamp());
    std::size_t frames = 0, lines = 0;
    c.log([&](log_level level, std::string_view) { lines += level == log_level::debug; });
    c.tap([&](direction, bytes_view) { ++frames; });

    w.connect(c);

    CHECK(frames == 2);
    CHECK(lines == 2);
    c.log({});
    w.disconnect(c);
    CHECK(frames == 3);
    CHECK(lines == 2);
}

TEST_CASE("a lost connection and a refused one are warnings", "[lib][log]") {
    world                    w;
    client                   c(w.io, lamp());
    std::vector<std::string> warnings;
    c.log([&](log_level level, std::string_view text) {
        if (level == log_level::warning) warnings.emplace_back(text);
    });
    w.connect(c);
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return warnings.size() == 1; }));
    CHECK(warnings[0].starts_with("Client lamp connection lost: "));

    w.server.refuse_connect = reason_code::banned;
    auto const done = w.start_connect(c);
    w.run(done);
    REQUIRE(w.run_until([&] { return warnings.size() == 2; }));
    CHECK(warnings[1] == "Client lamp not connected: " + make_error_code(reason_code::banned).message());
}

TEST_CASE("each level has its name", "[lib][log]") {
    CHECK(name_of(log_level::error) == "error");
    CHECK(name_of(log_level::warning) == "warning");
    CHECK(name_of(log_level::notice) == "notice");
    CHECK(name_of(log_level::info) == "info");
    CHECK(name_of(log_level::debug) == "debug");
}
