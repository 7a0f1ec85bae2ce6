// Memory stays flat over a long life. Hidden: some ten seconds. test/run.sh --long memory runs it.
#include <unistd.h>

#include <fstream>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// Resident, in bytes.
std::size_t memory_in_use() {
    std::size_t   all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// What the test's own server remembers is not what is measured.
void forget(small_server& server) {
    server.arrivals.clear();
    server.connects.clear();
    server.connect_props.clear();
    server.ends.clear();
    server.end_reasons.clear();
    server.subscribed.clear();
}

/// Does `step` so many times, and compares the memory after a tenth of them with that at the end.
template <class Step>
void check_flat(std::size_t rounds, Step step) {
    std::size_t early = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
        step(i);
        if (i == rounds / 10) early = memory_in_use();
    }
    auto const late = memory_in_use();
    WARN("resident after a tenth: " << early / 1024 << " KiB, at the end: " << late / 1024 << " KiB");
    CHECK(late < early + (1U << 20U));
}

} // namespace

TEST_CASE("memory is flat over a million publishes", "[.long][lib][running]") {
    world               w;
    client              c(w.io, lasting_lamp());
    std::size_t         got = 0, ended = 0;
    client_subscription mine = c.subscribe("t", qos_2, [&](received_message const&) { ++got; });
    c.start(reconnect_policy{}.delays(1ms, 1ms).before_attempt([&](connect_attempt attempt) { attempt.go(w.wire()); }));
    REQUIRE(w.run_until([&] { return mine.is_active(); }));
    constexpr std::size_t batch = 100;
    check_flat(10'000, [&](std::size_t i) {
        for (std::size_t k = 0; k < batch; ++k)
            c.async_publish("t", "some text", publish_options{}.qos(static_cast<qos_level>(k % 3)), [&](error_code ec, publish_result const&) {
                if (!ec) ++ended;
            });
        auto const all = (i + 1) * batch;
        REQUIRE(w.run_until([&] { return ended == all && got == all; }));
        forget(w.server);
    });
    CHECK(got == 1'000'000);
}

TEST_CASE("memory is flat over ten thousand reconnects", "[.long][lib][running]") {
    world               w;
    client              c(w.io, lasting_lamp());
    std::size_t         got = 0, ended = 0;
    client_subscription mine = c.subscribe("t", qos_1, [&](received_message const&) { ++got; });
    c.start(reconnect_policy{}.delays(0ms, 0ms).before_attempt([&](connect_attempt attempt) { attempt.go(w.wire()); }));
    check_flat(10'000, [&](std::size_t i) {
        REQUIRE(w.run_until([&] { return c.is_connected() && mine.is_active(); }));
        c.async_publish("t", "x", [&](error_code ec, publish_result const&) {
            if (!ec) ++ended;
        });
        if (i % 2 == 0) REQUIRE(w.run_until([&] { return ended == i + 1; }));    // the other half goes on over the loss
        w.server.drop_all();
        REQUIRE(w.run_until([&] { return !c.is_connected(); }));
        if (i % 7 == 0) w.server.forget_sessions();
        forget(w.server);
    });
    REQUIRE(w.run_until([&] { return ended == 10'000; }));
    CHECK(got >= 9'000);
}
