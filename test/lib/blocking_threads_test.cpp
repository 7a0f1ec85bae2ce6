// The blocking client among threads: calls inside handlers, stopping at any moment, many publishers, signals.
#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "blocking_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// Everything that can be called, by name; those that block must say so inside a handler, all others must return.
struct call {
    char const*                                     name;
    bool                                            blocks;
    std::function<void(blocking_client&, publish_token)> make;
};

std::vector<call> calls(blocking_config const& config) {
    return {
        {"connect", true, [](blocking_client& c, publish_token) { c.connect(); }},
        {"wait", true, [](blocking_client&, publish_token t) { t.wait(); }},
        {"wait_for", true, [](blocking_client&, publish_token t) { (void)t.wait_for(1ms); }},
        {"run", true, [](blocking_client& c, publish_token) { c.run(); }},
        {"run_for", true, [](blocking_client& c, publish_token) { c.run_for(1ms); }},
        {"run_until_signal", true, [](blocking_client& c, publish_token) { c.run_until_signal(); }},
        {"publish", false, [](blocking_client& c, publish_token) { c.publish("from/handler", "x", 0); }},
        {"subscribe", false, [](blocking_client& c, publish_token) { c.subscribe("more", 0); }},
        {"unsubscribe", false, [](blocking_client& c, publish_token) { c.unsubscribe("more"); }},
        {"connect_async", false, [](blocking_client& c, publish_token) { c.connect_async(); }},
        {"reconnect", false, [](blocking_client& c, publish_token) { c.reconnect(); }},
        {"disconnect", false, [](blocking_client& c, publish_token) { c.disconnect(); }},
        {"stop", false, [](blocking_client& c, publish_token) { c.stop(); }},
        {"start", false, [](blocking_client& c, publish_token) { c.start(); }},
        {"stop and start", false, [](blocking_client& c, publish_token) { c.stop(); c.start(); c.connect_async(); }},
        {"set_will", false, [](blocking_client& c, publish_token) { c.set_will("will"); }},
        {"reinitialise", false, [config](blocking_client& c, publish_token) { c.reinitialise(config); }},
        {"own handlers", false, [](blocking_client& c, publish_token) {
             c.on_message({});
             c.on_connected({});
             c.on_published({});
             c.on_subscribed({});
             c.on_unsubscribed({});
             c.on_disconnected({});
             c.on_log({});
         }},
        {"filters", false, [](blocking_client& c, publish_token) {
             c.add_message_handler("x", [](received_message const&) {});
             c.remove_message_handler("x");
         }},
    };
}

std::vector<std::string> const handler_names{"connected", "message", "filter", "published", "subscribed", "unsubscribed", "disconnected", "log"};

/// Hangs `inside` into the handler of that name.
void set(blocking_client& c, std::string const& name, std::function<void()> inside) {
    if (name == "connected") c.on_connected([inside](connect_result const&) { inside(); });
    if (name == "message") c.on_message([inside](received_message const&) { inside(); });
    if (name == "filter") c.add_message_handler("t/#", [inside](received_message const&) { inside(); });
    if (name == "published") c.on_published([inside](publish_token const&) { inside(); });
    if (name == "subscribed") c.on_subscribed([inside](subscribe_token const&) { inside(); });
    if (name == "unsubscribed") c.on_unsubscribed([inside](subscribe_token const&) { inside(); });
    if (name == "disconnected") c.on_disconnected([inside](disconnected_notice const&) { inside(); });
    if (name == "log") c.on_log([inside](log_level, std::string_view) { inside(); });
}

/// So that each handler has something to tell.
void bring_about(blocking_client& c) {
    try {
        c.connect();
        c.subscribe("t", 1).wait();
        c.publish("t", "x").wait();
        c.unsubscribe("t").wait();
        c.disconnect();
    } catch (exception const&) {}                                  // what is called in the handler may end any of it
}

} // namespace

TEST_CASE("each call inside each handler returns or says that it would wait for itself", "[lib][blocking][threads][handlers]") {
    scripted_server s;
    auto const      mode = GENERATE(run_mode::own_thread, run_mode::caller);
    auto const      config = s.config().reconnect_delay(1ms, 2ms).mode(mode);
    for (auto const& name : handler_names) {
        for (auto const& each : calls(config)) {
            INFO(each.name << " in the handler for " << name);
            blocking_client   c(config);
            auto const        token = c.publish("before", "x");
            std::atomic<bool> came{false}, was_told{false}, was_wrong{false};
            set(c, name, [&] {
                if (came.exchange(true)) return;
                try {
                    each.make(c, token);
                } catch (validation_error const& e) {
                    was_told = e.code() == std::errc::resource_deadlock_would_occur;
                } catch (...) { was_wrong = true; }
            });
            bring_about(c);
            if (mode == run_mode::caller)
                for (int i = 0; i < 1'000 && !came; ++i) c.run_for(10ms);
            CHECK(eventually([&] { return came.load(); }));
            c.stop();                                              // after the handler's end
            CHECK(was_told == each.blocks);
            CHECK_FALSE(was_wrong);
        }
    }
}

TEST_CASE("a client may be destroyed inside its own handlers", "[lib][blocking][threads][handlers]") {
    scripted_server s;
    for (auto const& name : {"connected", "message", "published", "subscribed", "log"}) {
        INFO(name);
        auto              c = std::make_unique<blocking_client>(s.config());
        std::atomic<bool> gone{false};
        set(*c, name, [&] {
            if (gone) return;
            c.reset();
            gone = true;
        });
        c->connect_async();
        c->subscribe("t", 1);
        c->publish("t", "x");
        auto* const raw = c.get();
        raw->start();
        CHECK(eventually([&] { return gone.load(); }));
    }
}

TEST_CASE("a client stops at any moment, from another thread", "[lib][blocking][threads][stop]") {
    scripted_server s;
    auto const      mode = GENERATE(run_mode::own_thread, run_mode::caller);
    for (int moment = 0; moment < 40; ++moment) {
        blocking_client          c(s.config().mode(mode));
        std::atomic<int>         steps{0};
        std::vector<publish_token> sent;
        c.on_log([&](log_level, std::string_view) { ++steps; });
        for (int qos = 0; qos < 3; ++qos) sent.push_back(c.publish("t", "x", qos));
        auto const  asked = c.subscribe("t", 2);
        std::thread stopper([&] {
            while (steps < moment && steps < 15) std::this_thread::yield();
            c.stop();
        });
        if (mode == run_mode::caller) {
            try {
                c.run();
            } catch (exception const&) {}
        } else {
            try {
                c.connect();
                for (auto const& each : sent) each.wait();
            } catch (exception const&) {}
        }
        stopper.join();
        c.stop();
        for (auto const& each : sent) CHECK(each.is_done());       // nobody waits for ever
        CHECK(asked.is_done());
        CHECK_FALSE(c.is_connected());
    }
}

TEST_CASE("a stopped client can be used again", "[lib][blocking][threads][stop]") {
    scripted_server s;
    blocking_client c(s.config());
    for (int i = 0; i < 5; ++i) {
        c.connect();
        c.publish("again", i).wait();
        c.stop();
        CHECK_FALSE(c.is_connected());
    }
    CHECK(s.seen.count("CONNECT") == 5);
}

TEST_CASE("a stop that comes before the run ends it all the same", "[lib][blocking][threads][stop]") {
    scripted_server s;
    blocking_client c(s.config().mode(run_mode::caller));
    c.stop();
    c.run();
    CHECK(s.seen.all().empty());
    CHECK_FALSE(c.run_for(0ms));
}

TEST_CASE("a client stops from a signal set of the program's own", "[lib][blocking][threads][signal]") {
    scripted_server         s;
    blocking_client         c(s.config().mode(run_mode::caller));
    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGUSR1);
    signals.async_wait([&](boost::system::error_code, int) { c.stop(); });
    std::thread program([&] { io.run(); });
    c.on_connected([](connect_result const&) { std::raise(SIGUSR1); });
    c.run();
    program.join();
    CHECK_FALSE(c.is_connected());
}

TEST_CASE("a client runs until a signal comes, and leaves properly", "[lib][blocking][threads][signal]") {
    scripted_server s;
    auto const      mode = GENERATE(run_mode::own_thread, run_mode::caller);
    auto const      number = GENERATE(SIGINT, SIGTERM);
    blocking_client c(s.config().mode(mode));
    c.on_connected([&](connect_result const&) { std::raise(number); });
    if (mode == run_mode::own_thread) c.start();
    CHECK(c.run_until_signal() == number);
    CHECK(eventually([&] { return s.seen.has("DISCONNECT"); }));
    CHECK_FALSE(c.is_connected());
}

TEST_CASE("threads publish at the same time, and each message arrives once", "[lib][blocking][threads]") {
    mosquitto_server s;
    constexpr int    threads = 4, each = 50;
    notes            got;
    blocking_client  listener(s.config("listener"));
    listener.connect();
    listener.subscribe("many/#", [&](received_message const& m) { got.add(std::string(m.topic()) + " " + std::string(m.text())); }, 2).wait();
    blocking_client          c(s.config("lamp"));
    std::atomic<int>         told{0};
    std::vector<std::thread> all;
    c.on_published([&](publish_token const&) { ++told; });
    c.connect();
    std::atomic<int> wrong{0};
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            std::vector<publish_token> sent;
            for (int i = 0; i < each; ++i) sent.push_back(c.publish("many/" + std::to_string(t), i, qos_value(i % 2 + 1).level()));
            for (auto const& one : sent) {
                one.wait();
                wrong += !one.is_published();
            }
        });
    }
    for (auto& one : all) one.join();
    CHECK(wrong == 0);
    CHECK(eventually([&] { return told == threads * each && got.all().size() >= threads * each; }));
    for (int t = 0; t < threads; ++t)
        for (int i = 0; i < each; ++i) CHECK(got.count("many/" + std::to_string(t) + " " + std::to_string(i)) == 1);
}

TEST_CASE("threads call everything at the same time", "[lib][blocking][threads]") {
    scripted_server          s;
    blocking_client          c(s.config().reconnect_delay(1ms, 2ms));
    std::vector<std::thread> all;
    auto const               work = calls(s.config().reconnect_delay(1ms, 2ms));
    for (unsigned t = 0; t < 4; ++t) {
        all.emplace_back([&, t] {
            unsigned draw = t + 1;
            for (int i = 0; i < 60; ++i) {
                draw = draw * 1'103'515'245U + 12'345U;
                auto const& one = work[draw / 65'536U % work.size()];
                if (std::string_view(one.name).starts_with("run")) continue;        // until something ends it
                try {
                    auto const token = c.publish("t", "x", 0);
                    one.make(c, token);
                } catch (exception const&) {}
            }
            c.stop();
        });
    }
    for (auto& one : all) one.join();
    c.stop();
    CHECK_FALSE(c.is_connected());
}

TEST_CASE("an exception of a handler comes out of run, and is logged on a thread of the client's own", "[lib][blocking][handlers]") {
    scripted_server s;
    SECTION("run") {
        blocking_client c(s.config().mode(run_mode::caller));
        c.on_connected([](connect_result const&) { throw std::out_of_range("mine"); });
        CHECK_THROWS_AS(c.run(), std::out_of_range);
        CHECK(c.is_connected());
    }
    SECTION("own thread") {
        blocking_client c(s.config());
        notes           logged;
        c.on_log([&](log_level level, std::string_view line) {
            if (level == log_level::error) logged.add(std::string(line));
        });
        c.on_connected([](connect_result const&) { throw std::out_of_range("mine"); });
        c.connect();
        CHECK(c.is_connected());
        CHECK(eventually([&] { return logged.has("Client lamp the handler for connected threw: mine"); }));
    }
}

TEST_CASE("wait_for gives up waiting, not the message", "[lib][blocking][threads]") {
    scripted_server s;
    s.acknowledges = false;
    blocking_client c(s.config());
    c.connect();
    auto const sent = c.publish("t", "x");
    CHECK_FALSE(sent.wait_for(1ms));
    CHECK_FALSE(sent.is_done());
    CHECK(sent.id() > 0);
}
