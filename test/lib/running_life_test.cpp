// The end of a started client at every step of its way, with every kind of operation under way, with and without a store: each completes once.
#include <algorithm>
#include <deque>
#include <functional>

#include <aldis/session_store.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// How far the client has come.
enum class step { begun, hook, handshake, open, subscribed, busy, full, lost, waiting, leaving, resumed };
constexpr step steps[] = {step::begun, step::hook, step::handshake, step::open, step::subscribed, step::busy, step::full, step::lost, step::waiting, step::leaving, step::resumed};

/// What is then done to it.
enum class blow { stop, destroy, disconnect, leave, drop, destroy_in_handler, destroy_in_state, move_away, stop_loop };
constexpr blow blows[] = {blow::stop, blow::destroy, blow::disconnect, blow::leave, blow::drop, blow::destroy_in_handler, blow::destroy_in_state, blow::move_away, blow::stop_loop};

enum class keeping { nothing, session, memory, never_commits };

/// Commits nothing that it is given until the test lets it.
class stuck_store final : public session_store {
public:
    error_code load(contents&) override { return {}; }
    void       commit(std::shared_ptr<batch const>, commit_handler done) override { waiting.push_back(std::move(done)); }
    void       close() noexcept override {}

    std::vector<commit_handler> waiting{};
};

connect_options options_for(keeping what) {
    switch (what) {
    case keeping::nothing: return lamp();
    case keeping::session: return lasting_lamp();
    case keeping::memory: return lasting_lamp().store(make_memory_store());
    case keeping::never_commits: return lasting_lamp().store(std::make_shared<stuck_store>());
    }
    return lamp();
}

struct scene {
    world                             w;
    std::unique_ptr<client>           c;
    std::vector<connect_attempt>      held{};
    std::vector<std::function<int()>> calls{};
    std::deque<client_subscription>   made{};
    bool                              asks = false;                // the hook holds what it is given
    bool                              ends_in_state = false;

    explicit scene(connect_options const& how) : c(std::make_unique<client>(w.io, how)) {}

    template <class Outcome>
    auto watch(Outcome done) {
        calls.push_back([done] { return done.calls(); });
        return done.handler();
    }

    void start(std::chrono::milliseconds delay) {
        c->on_state([this](connection_state const&) {
            if (std::exchange(ends_in_state, false)) c.reset();
        });
        c->async_run(reconnect_policy{}.delays(delay, delay).jitter(0).before_attempt([this](connect_attempt attempt) {
            if (asks) held.push_back(attempt);
            else attempt.go(w.wire());
        }), watch(disconnect_outcome{}));
        c->async_wait_connected(watch(connect_outcome{}));
        c->async_wait_connected(1h, watch(connect_outcome{}));
        ask();
    }

    /// One of each kind of operation that may wait.
    void ask() {
        for (auto const qos : {qos_0, qos_1, qos_2}) c->async_publish("t", "x", publish_options{}.qos(qos), watch(publish_outcome{}));
        if (c->options().store()) c->async_publish("t", "x", publish_options{}.until_stored(true), watch(publish_outcome{}));
        c->async_publish("t", "x", publish_options{}.deadline(1h), watch(publish_outcome{}));
        c->async_receive(watch(receive_outcome{}));
        c->async_request("service", "x", request_options{}.timeout(1h), watch(receive_outcome{}));
        c->async_reauthenticate(watch(disconnect_outcome{}));
        c->async_subscribe("u", watch(subscribe_outcome{}));
        made.push_back(c->subscribe("s/" + std::to_string(made.size())));
        made.back().async_receive(watch(receive_outcome{}));
        made.back().async_wait_answer(watch(subscribe_outcome{}));
    }

    void leave() { c->async_disconnect(watch(disconnect_outcome{})); }

    void reach(step to) {
        bool const never = to == step::waiting || to == step::lost;
        asks = to == step::hook;
        w.server.answers_connect = to != step::handshake;
        w.server.acknowledges = to == step::resumed;
        start(never ? std::chrono::milliseconds(1h) : 1ms);
        if (to == step::begun) return;
        if (to == step::hook) return require([&] { return !held.empty(); });
        if (to == step::handshake) return require([&] { return !w.server.connects.empty(); });
        require([&] { return c->is_connected(); });
        if (to == step::open) return;
        w.settle();
        if (to == step::subscribed) return;
        ask();
        if (to == step::busy) return;
        w.settle();
        if (to == step::full)
            for (int i = 0; i < 50; ++i) w.server.send_all("s/0", "y", qos_1);
        if (to == step::leaving) c->async_disconnect(1h, watch(outcome<error_code, std::size_t>{}));
        if (to == step::full || to == step::leaving) return w.settle();
        w.server.drop_all();
        if (to == step::lost) return;
        if (to == step::waiting) return require([&] { return std::holds_alternative<link_state::lost>(c->state()); });
        require([&] { return w.server.connects.size() == 2 && c->is_connected(); });
    }

    bool all_done() const {
        return std::all_of(calls.begin(), calls.end(), [](auto const& each) { return each() > 0; });
    }

private:
    template <class Predicate>
    void require(Predicate is_reached) { REQUIRE(w.run_until(is_reached)); }
};

void strike(scene& s, blow with) {
    switch (with) {
    case blow::stop: return s.c->stop();
    case blow::destroy: return s.c.reset();
    case blow::disconnect: return s.leave();
    case blow::leave: return s.c->async_disconnect(1ms, s.watch(outcome<error_code, std::size_t>{}));
    case blow::drop: return s.w.server.drop_all();
    case blow::destroy_in_handler: return asio::post(s.w.io, [&s] { s.c.reset(); });
    case blow::destroy_in_state:
        s.ends_in_state = true;
        return s.c->stop();
    case blow::move_away: {
        client const taken(std::move(*s.c));
        return s.c.reset();
    }
    case blow::stop_loop: return;
    }
}

} // namespace

TEST_CASE("whatever ends a started client at whatever step every operation ends once", "[lib][running][life]") {
    auto const keep = GENERATE(keeping::nothing, keeping::session, keeping::memory, keeping::never_commits);
    for (auto const at : steps)
        for (auto const with : blows) {
            CAPTURE(static_cast<int>(keep), static_cast<int>(at), static_cast<int>(with));
            auto s = std::make_unique<scene>(options_for(keep).incoming_queue(3, 1U << 20U));
            s->reach(at);

            strike(*s, with);
            if (with == blow::stop_loop) {                         // handlers that never run are destroyed with the loop
                s.reset();
                continue;
            }
            s->w.settle();
            if (at == step::handshake) s->w.server.drop_all();     // it would not even read the end
            s->w.settle();
            if (!s->held.empty()) s->held.front().go(s->w.wire()); // too late
            s->w.settle();
            s->c.reset();                                          // where it was not the end
            REQUIRE(s->w.run_until([&] { return s->all_done(); }));
            s->held.clear();
            s->made.clear();
            s->w.settle();
            for (auto const& calls : s->calls) CHECK(calls() == 1);
        }
}

TEST_CASE("a stopped client keeps nothing busy and starts again", "[lib][running][life]") {
    auto const keep = GENERATE(keeping::nothing, keeping::session, keeping::memory);
    for (auto const at : steps) {
        CAPTURE(static_cast<int>(keep), static_cast<int>(at));
        scene s(options_for(keep));
        s.reach(at);
        s.c->stop();
        s.w.server.drop_all();
        s.held.clear();
        s.w.io.restart();
        s.w.io.poll();
        CHECK(s.w.io.stopped());                                   // no timer, no read, no work is left
        REQUIRE(s.all_done());

        s.asks = false;
        s.w.server.answers_connect = s.w.server.acknowledges = true;
        connect_outcome connected;
        publish_outcome published;
        s.start(1ms);
        s.c->async_wait_connected(connected.handler());
        s.c->async_publish("again", "x", published.handler());
        s.w.run(connected);
        CHECK_FALSE(connected.ec());
        s.w.run(published);
        CHECK_FALSE(published.ec());
    }
}
