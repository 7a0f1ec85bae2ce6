// Every public operation with every kind of completion token. Coroutines in the forms that g++ 12 compiles correctly: no co_await in a
// condition, named objects or class temporaries as arguments, no initialiser lists.
#include <future>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;
using asio::awaitable;
using asio::use_awaitable;

namespace {

/// Awaits every public operation, options made in the call as users will.
awaitable<std::string> await_everything(world& w, client& c) {
    std::string log;
    auto        stream = w.wire();
    auto const  connected = co_await c.async_connect(std::move(stream), use_awaitable);
    log += connected.client_id() + ";";
    auto const subscribed = co_await c.async_subscribe(subscribe_list{"a/#", qos_2}.add("b").user_property("k", "v"), use_awaitable);
    log += std::to_string(subscribed.codes().size()) + ";";
    auto const published =
        co_await c.async_publish("a/1", "hello", publish_options{}.qos(qos_2).content_type("text/plain").user_property("k", "v"), use_awaitable);
    log += std::string(name_of(published.reason())) + ";";
    auto const plain = co_await c.async_publish("b", std::string(2000, 'x'), use_awaitable);
    log += std::string(name_of(plain.reason())) + ";";
    auto const first = co_await c.async_receive(use_awaitable);
    log += std::string(first.text()) + ";";
    auto const second = co_await c.async_receive(use_awaitable);
    log += std::to_string(second.payload().size()) + ";";
    auto const unsubscribed = co_await c.async_unsubscribe(unsubscribe_list{"a/#"}.add("b"), use_awaitable);
    log += std::to_string(unsubscribed.codes().size()) + ";";
    error_code ec;
    co_await c.async_subscribe("forbidden", asio::redirect_error(use_awaitable, ec));
    log += std::to_string(static_cast<int>(reason_of(ec))) + ";";
    co_await c.async_disconnect(disconnect_options{}.reason(reason_code::disconnect_with_will), use_awaitable);
    log += "left;";
    auto second_stream = w.wire();
    co_await c.async_connect(std::move(second_stream), use_awaitable);
    co_await c.async_disconnect(use_awaitable);
    co_return log + "left";
}

awaitable<int> await_a_refusal(world& w, client& c) {
    auto stream = w.wire();
    int  value = 0;
    try {
        co_await c.async_connect(std::move(stream), use_awaitable);
    } catch (boost::system::system_error const& e) {
        value = e.code() == reason_code::banned ? 1 : 2;
    }
    auto other = w.wire();
    auto const results = co_await c.async_connect(std::move(other), asio::as_tuple(use_awaitable));
    co_return value + (std::get<0>(results) == reason_code::banned ? 10 : 20) + (std::get<1>(results).reason() == reason_code::banned ? 100 : 200);
}

awaitable<std::size_t> receive_some(client& c, std::size_t count) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto const m = co_await c.async_receive(use_awaitable);
        bytes += m.payload().size();
    }
    co_return bytes;
}

} // namespace

TEST_CASE("coroutines await every operation", "[lib][tokens]") {
    world      w;
    client     c(w.io, lamp());
    auto       done = asio::co_spawn(w.io, await_everything(w, c), asio::use_future);
    bool const ended = w.run_until([&] { return done.wait_for(0s) == std::future_status::ready; });
    REQUIRE(ended);
    CHECK(done.get() == "lamp;2;Success;Success;hello;2000;2;135;left;left");
}

TEST_CASE("a refusal is an exception or a tuple in a coroutine", "[lib][tokens]") {
    world w;
    w.server.refuse_connect = reason_code::banned;
    client c(w.io, lamp());
    auto   done = asio::co_spawn(w.io, await_a_refusal(w, c), asio::use_future);
    REQUIRE(w.run_until([&] { return done.wait_for(0s) == std::future_status::ready; }));
    CHECK(done.get() == 111);
}

TEST_CASE("a coroutine receives in a loop", "[lib][tokens]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    auto done = asio::co_spawn(w.io, receive_some(c, 500), asio::use_future);
    for (int i = 0; i < 500; ++i) w.server.send_all("t", "xy", i % 2 == 0 ? qos_0 : qos_1);
    REQUIRE(w.run_until([&] { return done.wait_for(0s) == std::future_status::ready; }));
    CHECK(done.get() == 1000);
}

TEST_CASE("futures are waited for while another thread runs the loop", "[lib][tokens]") {
    world w;
    auto  work = asio::make_work_guard(w.io);
    auto  options = lamp();
    auto  c = std::make_unique<client>(w.io, options);
    // The small server and the client live on the loop; so everything is started there too.
    auto const on_loop = [&](auto start) { return asio::post(w.io, asio::use_future([start] { return start(); })).get(); };
    std::thread runner([&] { w.io.run(); });

    auto connected = on_loop([&] { return c->async_connect(w.wire(), asio::use_future); });
    CHECK(connected.get().client_id() == "lamp");
    auto subscribed = on_loop([&] { return c->async_subscribe("t", asio::use_future); });
    CHECK(subscribed.get().refused() == 0);
    auto published = on_loop([&] { return c->async_publish("t", "x", asio::use_future); });
    CHECK(published.get().reason() == reason_code::success);
    auto received = on_loop([&] { return c->async_receive(asio::use_future); });
    CHECK(received.get().text() == "x");
    auto refused = on_loop([&] { return c->async_subscribe("forbidden", asio::use_future); });
    CHECK_THROWS_AS(refused.get(), boost::system::system_error);
    auto left = on_loop([&] { return c->async_disconnect(asio::use_future); });
    CHECK_NOTHROW(left.get());

    on_loop([&] { c.reset(); return 0; });
    work.reset();
    runner.join();
}

TEST_CASE("a deferred operation owns what it was given", "[lib][tokens]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    w.subscribe(c, "t");

    auto later = [&] {
        std::string const topic = "t";
        std::string const payload(1500, 'x');
        auto const        how = publish_options{}.content_type("long gone by then, and long enough not to fit into a string itself");
        return c.async_publish(topic, payload, how, asio::deferred);
    }();
    CHECK(c.unacknowledged() == 0);                                // nothing has begun
    publish_outcome done;
    std::move(later)(done.handler());
    w.run(done);

    auto const m = w.receive(c);
    CHECK(m.payload().size() == 1500);
    CHECK(m.content_type().starts_with("long gone"));

    subscribe_outcome  subscribed, unsubscribed;
    receive_outcome    received;
    disconnect_outcome left;
    c.async_subscribe("u", asio::deferred)(subscribed.handler());
    c.async_unsubscribe("u", asio::deferred)(unsubscribed.handler());
    c.async_receive(asio::deferred)(received.handler());
    c.async_disconnect(asio::deferred)(left.handler());
    w.run(left);
    w.run(received);
    CHECK(subscribed.is_done());
    CHECK(received.ec() == error::disconnected);
}

TEST_CASE("a deferred operation may outlive its client", "[lib][tokens]") {
    world           w;
    auto            c = std::make_unique<client>(w.io, lamp());
    auto            later = c->async_publish("t", "x", asio::deferred);
    publish_outcome done;
    c.reset();
    std::move(later)(done.handler());
    w.run(done);
    CHECK(done.ec() == asio::error::operation_aborted);
}

TEST_CASE("handlers run on their own executor and messages are acknowledged after them", "[lib][tokens]") {
    world             w;
    asio::thread_pool pool(1);
    client            c(w.io, lamp());
    w.connect(c);
    w.server.send_all("t", "x", qos_1);

    std::promise<std::thread::id> ran;
    c.async_receive(asio::bind_executor(pool, [&](error_code, received_message const&) { ran.set_value(std::this_thread::get_id()); }));
    auto where = ran.get_future();
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 1; }));

    CHECK(where.get() != std::this_thread::get_id());
    pool.join();
}

TEST_CASE("a client works on a strand of a loop with several threads", "[lib][tokens]") {
    asio::io_context io;
    auto const       strand = asio::make_strand(io);
    small_server     server{strand};
    std::size_t      got = 0;
    constexpr std::size_t count = 200;
    auto c = std::make_unique<client>(strand, lamp());
    auto work = std::make_unique<asio::executor_work_guard<asio::io_context::executor_type>>(io.get_executor());

    asio::post(strand, [&] {
        auto [ours, theirs] = transport::make_memory_pair(strand);
        server.serve(std::move(theirs));
        c->on_message([&](received_message const&) {
            if (++got == count) c->async_disconnect([&](error_code) { work.reset(); });
        });
        c->async_connect(std::move(ours), [&](error_code, connect_result const&) {
            c->async_subscribe("t", [&](error_code, subscribe_result const&) {
                for (std::size_t i = 0; i < count; ++i) c->async_publish("t", "x", publish_options{}.qos(qos_2), asio::detached);
            });
        });
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { io.run(); });
    for (auto& each : threads) each.join();

    CHECK(got == count);
}
