// The end of a started client at every step of its way: every operation completes once.
#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("whatever ends a started client at whatever step every operation ends once", "[lib][running][life]") {
    enum class step { begun, hook, handshake, open, waiting };
    enum class blow { stop, destroy, disconnect, leave, destroy_in_handler, stop_loop };
    for (auto const at : {step::begun, step::hook, step::handshake, step::open, step::waiting})
        for (auto const with : {blow::stop, blow::destroy, blow::disconnect, blow::leave, blow::destroy_in_handler, blow::stop_loop}) {
            CAPTURE(static_cast<int>(at), static_cast<int>(with));
            auto w = std::make_unique<world>();
            auto c = std::make_unique<client>(w->io, GENERATE(lamp, lasting_lamp)(protocol::v5));
            std::vector<connect_attempt>     held;
            disconnect_outcome               ran, left;
            outcome<error_code, std::size_t> drained;
            publish_outcome                  published;
            receive_outcome                  received;
            connect_outcome                  connected;
            w->server.answers_connect = at != step::handshake;
            w->server.acknowledges = false;
            bool const asks = at == step::hook;
            auto const delay = at == step::waiting ? 1h : 1ms;
            c->async_run(reconnect_policy{}.delays(delay, delay).jitter(0).before_attempt([&w, &held, asks](connect_attempt attempt) {
                if (asks) held.push_back(attempt);
                else attempt.go(w->wire());
            }), ran.handler());
            c->async_publish("t", "x", published.handler());
            c->async_receive(received.handler());
            c->async_wait_connected(connected.handler());
            if (at == step::hook) REQUIRE(w->run_until([&] { return !held.empty(); }));
            if (at == step::handshake) REQUIRE(w->run_until([&] { return !w->server.connects.empty(); }));
            if (at == step::open || at == step::waiting) REQUIRE(w->run_until([&] { return !w->server.arrivals.empty(); }));
            if (at == step::waiting) {
                w->server.drop_all();
                REQUIRE(w->run_until([&] { return std::holds_alternative<link_state::lost>(c->state()); }));
            }

            if (with == blow::stop) c->stop();
            if (with == blow::destroy) c.reset();
            if (with == blow::disconnect) c->async_disconnect(left.handler());
            if (with == blow::leave) c->async_disconnect(1ms, drained.handler());
            if (with == blow::destroy_in_handler) asio::post(w->io, [&] { c.reset(); });
            if (with == blow::stop_loop) {
                held.clear();
                c.reset();
                w.reset();
                continue;
            }
            w->settle();
            if (at == step::handshake) w->server.drop_all();       // it would not even read the end
            REQUIRE(w->run_until([&] { return ran.is_done(); }));
            if (with == blow::leave) REQUIRE(w->run_until([&] { return drained.is_done(); }));
            if (!held.empty()) held.front().go(w->wire());         // too late
            held.clear();
            w->settle();
            c.reset();
            w->settle();
            CHECK(ran.calls() == 1);
            CHECK(published.calls() == 1);
            CHECK(received.calls() == 1);
            CHECK(connected.calls() == 1);
            CHECK(left.calls() == (with == blow::disconnect ? 1 : 0));
            CHECK(drained.calls() == (with == blow::leave ? 1 : 0));
        }
}
