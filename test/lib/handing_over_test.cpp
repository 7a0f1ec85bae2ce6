// When a received message is acknowledged, and how long it lives.
#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("a QoS 2 message taken from the queue after a reconnect is acknowledged", "[lib][life][MQTT-4.3.3-10]") {
    auto const manual = GENERATE(false, true);
    world  w;
    client c(w.io, lasting_lamp().manual_acknowledge(manual));
    w.connect(c);
    w.server.send_all("t", "x", qos_2);
    w.settle();
    w.server.drop_all();
    w.settle();
    REQUIRE_FALSE(c.is_connected());

    auto const m = w.receive(c);                                   // still in the queue
    CHECK(m.text() == "x");
    if (manual) c.acknowledge(m);
    w.settle();
    w.connect(c);

    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 1; }));
    auto const next = w.start_receive(c);
    w.settle();
    CHECK_FALSE(next.is_done());                                   // once is enough
}

TEST_CASE("acknowledging by hand is what completes the server's delivery", "[lib][life]") {
    auto const qos = GENERATE(qos_1, qos_2);
    world  w;
    client c(w.io, lamp().manual_acknowledge(true));
    w.connect(c);
    w.server.send_all("t", "x", qos);
    auto const m = w.receive(c);
    w.settle();
    CHECK(w.server.deliveries_done == 0);

    c.acknowledge(m);
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 1; }));
}

TEST_CASE("a message is acknowledged after its handler has returned", "[lib][life]") {
    world       w;
    client      c(w.io, lamp());
    std::size_t acknowledged = 99;
    c.on_message([&](received_message const&) {
        w.settle();                                                // whatever could leave leaves now
        acknowledged = w.server.deliveries_done;
    });
    w.connect(c);
    w.server.send_all("t", "x", qos_1);
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 1; }));
    CHECK(acknowledged == 0);
}

TEST_CASE("a kept message outlives the receive buffer", "[lib][life]") {
    auto const size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{3000});
    world                         w;
    std::vector<received_message> kept;
    client                        c(w.io, lamp().topic_alias_maximum(4));
    c.on_message([&](received_message const& m) { kept.push_back(m); });
    w.connect(c);
    for (char i = 'a'; i < 'e'; ++i) {
        w.server.send_all("some/topic", std::string(size, i));
        w.server.send_all("some/topic", std::string(size, i));
        w.settle();
    }
    w.disconnect(c);

    REQUIRE(kept.size() == 8);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        CHECK(kept[i].topic() == "some/topic");
        CHECK(kept[i].text() == std::string(size, static_cast<char>('a' + static_cast<int>(i / 2))));
    }
}
