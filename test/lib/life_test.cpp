// Ends in every state: cancelling, leaving, closing, destroying, losing the connection. Run with AddressSanitizer this is where use after
// free would show.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>

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

TEST_CASE("operations are cancelled one by one", "[lib][life]") {
    auto const              type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
    bool const              is_total = type == asio::cancellation_type::total;
    world                   w;
    asio::cancellation_signal signal;
    client                  c(w.io, lasting_lamp());
    auto const              bound = [&](auto const& done) { return asio::bind_cancellation_slot(signal.slot(), outcome(done).handler()); };

    SECTION("async_receive") {
        w.connect(c);
        receive_outcome done;
        c.async_receive(bound(done));
        signal.emit(type);
        CHECK_FALSE(done.is_done());
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        auto const next = w.start_receive(c);
        w.server.send_all("t", "x");
        w.run(next);
        CHECK(next.value().text() == "x");
    }
    SECTION("async_publish stops waiting and the message is delivered") {
        w.server.acknowledges = false;
        w.connect(c);
        publish_outcome done;
        c.async_publish("t", "x", bound(done));
        w.settle();
        signal.emit(type);
        w.settle();
        CHECK(done.is_done() != is_total);
        w.server.acknowledge_all();
        REQUIRE(w.run_until([&] { return c.unacknowledged() == 0; }));
        w.run(done);
        CHECK(done.ec() == (is_total ? error_code{} : asio::error::operation_aborted));
        CHECK(w.server.arrivals.size() == 1);
    }
    SECTION("async_publish that was not started is withdrawn by total alone") {
        publish_outcome done;
        c.async_publish("t", "x", bound(done));
        w.settle();
        CHECK(c.unacknowledged() == 1);
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        CHECK(c.unacknowledged() == (is_total ? 0U : 1U));
    }
    SECTION("async_subscribe") {
        w.connect(c);
        subscribe_outcome done;
        c.async_subscribe("t", bound(done));
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == (is_total ? error_code{} : asio::error::operation_aborted));
        CHECK(c.is_connected());
    }
    SECTION("async_connect") {
        w.server.answers_connect = false;
        connect_outcome done;
        c.async_connect(w.wire(), bound(done));
        w.settle();
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        w.server.answers_connect = true;
        w.connect(c);
    }
    SECTION("async_connect while dialling") {
        c.options(connect_options{"mqtt://127.0.0.1:9"}.client_id("lamp"));
        connect_outcome done;
        c.async_connect(bound(done));
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        w.connect(c);
    }
    SECTION("async_disconnect") {
        transport::memory_control steer;
        w.run(w.start_connect(c, transport::memory_options{}.control(steer)));
        steer.stall(transport::direction::first_to_second);
        disconnect_outcome done;
        c.async_disconnect(bound(done));
        w.settle();
        CHECK_FALSE(done.is_done());
        signal.emit(type);
        if (type != asio::cancellation_type::terminal) steer.release(transport::direction::first_to_second);
        w.run(done);
        CHECK_FALSE(done.ec());
        CHECK_FALSE(c.is_connected());
    }
    // Late cancellations find nothing.
    signal.emit(type);
    w.settle();
}

TEST_CASE("the end of a connection is told with its cause", "[lib][life]") {
    world                            w;
    client                           c(w.io, lasting_lamp());
    std::vector<error_code>          causes;
    std::vector<disconnect_result>   ends;
    c.on_disconnected([&](error_code ec, disconnect_result const& how) {
        causes.push_back(ec);
        ends.push_back(how);
    });
    w.connect(c);
    auto const pending = w.start_receive(c);

    SECTION("cut off") {
        w.server.drop_all();
        w.run(pending);
        CHECK(pending.ec() == error::connection_lost);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK(causes[0] == condition::connection_lost);
        CHECK(ends[0].who() == disconnect_result::by::network);
    }
    SECTION("sent away") {
        w.server.dismiss_all(reason_code::server_shutting_down);
        w.run(pending);
        CHECK(pending.ec() == reason_code::server_shutting_down);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK(causes[0] == condition::connection_lost);
        CHECK(ends[0].who() == disconnect_result::by::peer);
        CHECK(ends[0].reason() == reason_code::server_shutting_down);
        CHECK(ends[0].session_kept());
    }
    SECTION("left") {
        w.disconnect(c);
        w.run(pending);
        CHECK(pending.ec() == error::disconnected);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK_FALSE(causes[0]);
        CHECK(ends[0].who() == disconnect_result::by::us);
    }
    CHECK(causes.size() == 1);
    w.connect(c);                                                  // and again
    CHECK(c.connected_as().session_present());
}

TEST_CASE("without a session that is kept publishes end with the connection", "[lib][life]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world w;
    w.server.acknowledges = false;
    client                          c(w.io, lamp(version));
    std::vector<session::delivery_no> plain;
    c.on_delivered([&](session::delivery_no no, error_code ec, publish_result const&) {
        CHECK(ec == error::session_ended);
        plain.push_back(no);
    });
    w.connect(c);
    auto const one = w.start_publish(c, "a", "1");
    auto const two = w.start_publish(c, "a", "2", publish_options{}.qos(qos_2));
    auto const three = c.publish("a", "3");
    w.settle();

    w.server.drop_all();
    w.run(one);
    w.run(two);
    w.settle();

    CHECK(one.ec() == error::session_ended);
    CHECK(two.ec() == condition::undelivered);
    CHECK(plain == std::vector{*three});
    CHECK(c.unacknowledged() == 0);
    w.server.acknowledges = true;
    w.connect(c);
    CHECK_FALSE(c.connected_as().session_present());
    w.run(w.start_publish(c, "a", "4"));
}

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
