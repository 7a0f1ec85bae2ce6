// The hot path of publishing allocates nothing. A program of its own, since it counts operator new.
#include <algorithm>

#include <support/no_alloc.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("a burst of plain publishes at QoS 0 allocates nothing", "[lib][alloc]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world  w;
    client c(w.io, lamp(version));
    w.connect(c);
    auto const how = publish_options{}.qos(qos_0);

    // The first rounds grow the output to the size of a burst, sooner or later by how the writes fall; then both of its halves are reused.
    std::size_t allocated = 1'000'000, sent = 0;
    for (int round = 0; round < 12; ++round) {
        bool done = false;
        asio::post(w.io, [&] {
            allocation_count const count;
            for (int i = 0; i < 500; ++i) sent += c.publish("some/topic", "a payload of some length", how) ? 1 : 0;
            allocated = std::min(allocated, count.so_far());
            done = true;
        });
        REQUIRE(w.run_until([&] { return done && w.server.arrivals.size() == sent; }));
    }
    CHECK(sent == 6'000);
    CHECK(allocated <= (ALDIS_SANITIZED ? 1U : 0U));               // Asio keeps the memory of the posted flush, except under a sanitizer
}

TEST_CASE("bursts of half a megabyte reuse the output of the one before", "[lib][alloc]") {
    world  w;
    client c(w.io, lamp(protocol::v5));
    w.connect(c);
    auto const        how = publish_options{}.qos(qos_0);
    std::string const payload(1'000, 'x');
    std::size_t       sent = 0;
    auto const        burst = [&](int messages) {
        std::size_t allocated = 0;
        bool        done = false;
        asio::post(w.io, [&] {
            allocation_count const count;
            for (int i = 0; i < messages; ++i) sent += c.publish("some/topic", payload, how) ? 1 : 0;
            allocated = count.so_far();
            done = true;
        });
        REQUIRE(w.run_until([&] { return done && w.server.arrivals.size() == sent; }));
        return allocated;
    };

    std::size_t least = 1'000'000;
    for (int round = 0; round < 12; ++round) least = std::min(least, burst(500));
    CHECK(least <= (ALDIS_SANITIZED ? 1U : 0U));

    for (int round = 0; round < 2; ++round) (void)burst(1);        // after small batches, both halves, it was given back
    CHECK(burst(500) > 5);
}
