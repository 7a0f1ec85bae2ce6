// Ends in every state: leaving, closing, destroying, losing the connection. Run with AddressSanitizer this is where use after free would show.
#include <algorithm>
#include <functional>
#include <stdexcept>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// How far a client has come when its end does.
enum class stage { made, connecting, handshake, open, subscribing, publishing, receiving, throttled, paused_wire, leaving, lost };
constexpr stage stages[] = {stage::made,      stage::connecting, stage::handshake,   stage::open,    stage::subscribing, stage::publishing,
                            stage::receiving, stage::throttled,  stage::paused_wire, stage::leaving, stage::lost};

/// What is then done to it.
enum class blow { destroy, close, disconnect, drop, destroy_in_handler, move_away, stop_loop };
constexpr blow blows[] = {blow::destroy, blow::close, blow::disconnect, blow::drop, blow::destroy_in_handler, blow::move_away, blow::stop_loop};

struct scene {
    world                                w;
    std::unique_ptr<client>              c;
    transport::memory_control            steer{};
    std::vector<std::function<int()>>    calls{};                  // of each handler

    template <class Outcome>
    auto watch(Outcome const& done) {
        calls.push_back([done] { return done.calls(); });
        return done;
    }

    explicit scene(connect_options const& options) : c(std::make_unique<client>(w.io, options)) {}

    void reach(stage to) {
        if (to == stage::made) return;
        w.server.answers_connect = to != stage::handshake;
        w.server.acknowledges = to != stage::publishing;
        connect_outcome connected;
        c->async_connect(w.wire(transport::memory_options{}.control(steer)), watch(connected).handler());
        if (to == stage::connecting) return;
        w.settle();
        if (to == stage::handshake || to == stage::open) return;
        REQUIRE_FALSE(connected.ec());
        if (to == stage::paused_wire) steer.stall(transport::direction::first_to_second);
        subscribe_outcome subscribed;
        c->async_subscribe("t", watch(subscribed).handler());
        if (to == stage::subscribing) return;
        for (auto const qos : {qos_0, qos_1, qos_2}) {
            publish_outcome published;
            c->async_publish("t", "x", publish_options{}.qos(qos), watch(published).handler());
        }
        if (to == stage::throttled)
            for (int i = 0; i < 50; ++i) w.server.send_all("t", "y", qos_1);
        w.settle();
        if (to == stage::receiving)
            for (int i = 0; i < 9; ++i) {
                receive_outcome received;
                c->async_receive(watch(received).handler());
            }
        if (to == stage::lost) {
            w.server.drop_all();
            w.settle();
        }
        if (to == stage::leaving) leave();
    }

    void leave() {
        disconnect_outcome left;
        c->async_disconnect(watch(left).handler());
    }
};

void strike(scene& s, blow with) {
    switch (with) {
    case blow::destroy: s.c.reset(); break;
    case blow::close: s.c->close(); break;
    case blow::disconnect: s.leave(); break;
    case blow::drop: s.w.server.drop_all(); break;
    case blow::destroy_in_handler: asio::post(s.w.io, [&s] { s.c.reset(); }); break;
    case blow::move_away: {
        client taken(std::move(*s.c));
        s.c.reset();
        break;
    }
    case blow::stop_loop: break;
    }
}

} // namespace

TEST_CASE("whatever is done to a client in whatever state every handler runs once", "[lib][life]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const lasting = GENERATE(false, true);
    for (auto const at : stages)
        for (auto const with : blows) {
            CAPTURE(version, lasting, static_cast<int>(at), static_cast<int>(with));
            auto options = lasting ? lasting_lamp(version) : lamp(version);
            auto s = std::make_unique<scene>(options.incoming_queue(3, 1U << 20U));
            s->reach(at);

            strike(*s, with);
            if (with == blow::stop_loop) {                         // handlers that never run are destroyed with the loop
                s.reset();
                continue;
            }
            // A connection that nobody answers on is given up by the client's own end, not by the test's.
            auto const all_called = [&] { return std::all_of(s->calls.begin(), s->calls.end(), [](auto const& calls) { return calls() > 0; }); };
            s->w.settle();
            if (!all_called()) {
                s->steer.release(transport::direction::first_to_second);
                s->w.settle();
                s->c.reset();
                s->w.settle();
            }
            REQUIRE(all_called());
            for (auto const& calls : s->calls) CHECK(calls() == 1);
        }
}

TEST_CASE("destroying a client completes everything with operation_aborted", "[lib][life]") {
    world w;
    w.server.acknowledges = false;
    auto const options = GENERATE(lamp, lasting_lamp)(protocol::v5);
    auto       c = std::make_unique<client>(w.io, options);
    bool       called = false;
    c->on_delivered([&](session::delivery_no, error_code, publish_result const&) { called = true; });
    c->on_disconnected([&](error_code, disconnect_result const&) { called = true; });
    w.connect(*c);
    REQUIRE(c->publish("a", "plain"));
    auto const            one = w.start_publish(*c, "a", "b");
    auto const            two = w.start_receive(*c);
    subscribe_outcome     three;
    c->async_subscribe("x", three.handler());

    c.reset();
    CHECK_FALSE(one.is_done());
    w.settle();

    CHECK(one.ec() == asio::error::operation_aborted);
    CHECK(two.ec() == asio::error::operation_aborted);
    CHECK(three.ec() == asio::error::operation_aborted);
    CHECK_FALSE(called);
    CHECK(w.io.stopped());                                         // nothing is left that would keep the loop busy
}

TEST_CASE("a handler may destroy the client", "[lib][life]") {
    world w;
    auto  c = std::make_unique<client>(w.io, lamp());
    bool  gone = false;
    SECTION("on a message") {
        c->on_message([&](received_message const& m) {
            auto const text = std::string(m.text());
            c.reset();
            gone = text == "x";
        });
        w.connect(*c);
        w.server.send_all("t", "x", qos_1);
    }
    SECTION("on the answer to CONNECT") {
        c->async_connect(w.wire(), [&](error_code, connect_result const&) {
            c.reset();
            gone = true;
        });
    }
    SECTION("on the loss of the connection") {
        c->on_disconnected([&](error_code, disconnect_result const&) {
            c.reset();
            gone = true;
        });
        w.connect(*c);
        w.server.drop_all();
    }
    SECTION("on a delivery") {
        c->on_delivered([&](session::delivery_no, error_code, publish_result const&) {
            c.reset();
            gone = true;
        });
        w.connect(*c);
        REQUIRE(c->publish("t", "x"));
    }
    REQUIRE(w.run_until([&] { return gone; }));
    w.settle();
    CHECK_FALSE(c);
}

TEST_CASE("a handler that throws does not end the connection", "[lib][life]") {
    world       w;
    client      c(w.io, lamp());
    std::size_t got = 0;
    c.on_message([&](received_message const&) {
        if (++got == 1) throw std::runtime_error("not now");
    });
    w.connect(c);
    w.server.send_all("t", "1");
    w.server.send_all("t", "2");

    CHECK_THROWS(w.run_until([&] { return got == 2; }));
    REQUIRE(w.run_until([&] { return got == 2; }));
    CHECK(c.is_connected());
}

TEST_CASE("hundreds of clients live on one loop", "[lib][life]") {
    world                                w;
    std::vector<std::unique_ptr<client>> all;
    std::vector<connect_outcome>         connected;
    std::size_t                          got = 0;
    for (int i = 0; i < 300; ++i) {
        auto const version = i % 2 == 0 ? protocol::v5 : protocol::v3_1_1;
        all.push_back(std::make_unique<client>(w.io, connect_options{}.client_id("c" + std::to_string(i)).version(version)));
        all.back()->on_message([&](received_message const&) { ++got; });
        connected.push_back(w.start_connect(*all.back()));
    }
    for (auto const& each : connected) {
        w.run(each);
        REQUIRE_FALSE(each.ec());
    }
    std::vector<subscribe_outcome> subscribed(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i]->async_subscribe("everyone", subscribed[i].handler());
    for (auto const& each : subscribed) w.run(each);

    w.run(w.start_publish(*all[0], "everyone", "hello"));
    REQUIRE(w.run_until([&] { return got == all.size(); }));
    all.clear();
    w.settle();
    CHECK(w.server.connections() == 0);
}
