// Every operation with every kind of completion token, in the forms that are safe with g++ 12.
#include "loop.hpp"

#include <array>
#include <functional>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// Echoes until the peer ends, then ends as well.
asio::awaitable<void> echo_once(listener& from) {
    stream_ptr const      peer = co_await from.async_accept(asio::use_awaitable);
    std::array<char, 512> room{};
    for (;;) {
        std::size_t n = 0;
        bool        is_over = false;
        try {
            n = co_await peer->async_read_some(asio::buffer(room), asio::use_awaitable);
        } catch (boost::system::system_error const& ended) {
            is_over = ended.code() == asio::error::eof;
        }
        if (is_over) break;
        asio::const_buffer const back(room.data(), n);
        co_await peer->async_write_some(std::span(&back, 1), asio::use_awaitable);
    }
    co_await peer->async_shutdown(asio::use_awaitable);
}

asio::awaitable<std::string> ask(endpoint where, std::string question) {
    auto const            ex = co_await asio::this_coro::executor;
    stream_ptr            peer = co_await async_connect(ex, where, connect_options{}.timeout(std::chrono::seconds(50)), asio::use_awaitable);
    std::array<char, 512> room{};
    co_await peer->async_write_some(std::array<asio::const_buffer, 1>{asio::buffer(question)}, asio::use_awaitable);
    co_await peer->async_wait_readable(asio::deferred);
    auto const [failed, n] = co_await peer->async_read_some(asio::buffer(room), asio::as_tuple(asio::deferred));
    if (failed) co_return failed.message();
    co_await peer->async_shutdown(asio::use_awaitable);
    auto const [ended, none] = co_await peer->async_read_some(asio::buffer(room), asio::as_tuple(asio::use_awaitable));
    co_return std::string(room.data(), n) + (ended == asio::error::eof && none == 0 ? "!" : "?");
}

// The options struct as a temporary, built with setters, awaited in place: the form that an aggregate would not survive.
asio::awaitable<error_code> dial_with_temporaries() {
    auto const ex = co_await asio::this_coro::executor;
    auto const [ec, made] = co_await async_connect(ex, endpoint(scheme::wss, "a host name that does not fit into the string itself"),
                                                   connect_options{}.local_address("127.0.0.1"), asio::as_tuple(asio::use_awaitable));
    co_return ec;
}

template <class Result>
Result await(loop& on, asio::awaitable<Result> what) {
    std::optional<Result> got;
    asio::co_spawn(on.io, std::move(what), [&](std::exception_ptr failed, Result value) {
        if (failed) std::rethrow_exception(failed);
        got = std::move(value);
    });
    REQUIRE(on.run_until([&] { return got.has_value(); }));
    return *got;
}

// An event loop with a thread of its own, as programs have it that wait on futures.
struct threaded_loop {
    asio::io_context                                           io;
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    std::thread                                                thread{[this] { io.run(); }};

    ~threaded_loop() {
        work.reset();
        io.stop();
        thread.join();
    }
};

} // namespace

TEST_CASE("streams are used from coroutines", "[transport][tokens]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    asio::co_spawn(on.io, echo_once(from), asio::detached);

    CHECK(await(on, ask(from.local(), "a question")) == "a question!");
    CHECK(await(on, dial_with_temporaries()) == asio::error::host_not_found);
}

TEST_CASE("the memory pair is used from coroutines", "[transport][tokens]") {
    loop on;
    auto [first, second] = make_memory_pair(on.ex(), memory_options{}.both(memory_direction{}.split(3)));
    auto const talk = [](stream& here, stream& there) -> asio::awaitable<std::string> {
        std::array<char, 8>      room{};
        asio::const_buffer const text("abcdef", 6);
        co_await here.async_write_some(std::span(&text, 1), asio::use_awaitable);
        std::size_t const n = co_await there.async_read_some(asio::buffer(room), asio::use_awaitable);
        co_return std::string(room.data(), n);
    };

    CHECK(await(on, talk(*first, *second)) == "abc");
}

TEST_CASE("an awaited read is cancelled by the timer that runs beside it", "[transport][tokens]") {
    using namespace asio::experimental::awaitable_operators;
    loop       on;
    bool const in_memory = GENERATE(true, false);
    listener   from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    auto pair = in_memory ? make_memory_pair(on.ex()) : on.connect_pair(from);

    auto const race = [](stream& quiet) -> asio::awaitable<std::size_t> {
        std::array<char, 8> room{};
        asio::steady_timer  soon(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
        auto const          first = co_await (quiet.async_read_some(asio::buffer(room), asio::use_awaitable) || soon.async_wait(asio::use_awaitable));
        co_return first.index();
    };

    CHECK(await(on, race(*pair.first)) == 1);
    CHECK_FALSE(on.write(*pair.second, "kept"));
    CHECK(on.read(*pair.first, 4) == "kept");
}

TEST_CASE("streams are used with futures from another thread", "[transport][tokens]") {
    threaded_loop       other;
    auto const          ex = asio::any_io_executor(asio::make_strand(other.io));
    listener            from(ex);
    std::array<char, 8> room{};
    REQUIRE_FALSE(from.open(tcp_on_loopback()));

    // With a strand, and with everything started from inside it, another thread may wait.
    auto const on_strand = [&](auto start) { return asio::dispatch(ex, asio::use_future(start)).get(); };
    auto       accepting = on_strand([&] { return from.async_accept(asio::use_future); });
    auto       dialling = async_connect(ex, from.local(), connect_options{}, asio::use_future);
    stream_ptr near = dialling.get();
    stream_ptr far = accepting.get();
    asio::const_buffer const text("future", 6);
    auto writing = on_strand([&] { return near->async_write_some(std::span(&text, 1), asio::use_future); });
    CHECK(writing.get() == 6);
    on_strand([&] { return far->async_wait_readable(asio::use_future); }).get();
    auto reading = on_strand([&] { return far->async_read_some(asio::buffer(room), asio::use_future); });
    CHECK(reading.get() == 6);
    CHECK(std::string(room.data(), 6) == "future");
    on_strand([&] { return near->async_shutdown(asio::use_future); }).get();
    auto ended = on_strand([&] { return far->async_read_some(asio::buffer(room), asio::use_future); });
    CHECK_THROWS_AS(ended.get(), boost::system::system_error);

    on_strand([&] {
        near.reset();
        far.reset();
        from.close();
        return 0;
    });
}

TEST_CASE("a deferred operation starts only when it is called", "[transport][tokens]") {
    loop           on;
    listener       from(on.ex());
    stream_outcome accepted, dialled;
    REQUIRE_FALSE(from.open(tcp_on_loopback()));

    auto accept_later = from.async_accept(asio::deferred);
    // The endpoint is a temporary: a lazy operation keeps its own.
    auto dial_later = async_connect(on.ex(), parse_endpoint(to_string(from.local())).value(), connect_options{}, asio::deferred);
    on.settle();
    std::move(accept_later)(accepted.handler());
    on.settle();
    CHECK_FALSE(accepted.is_done());
    std::move(dial_later)(dialled.handler());
    on.run(accepted);
    on.run(dialled);

    REQUIRE_FALSE(dialled.ec());
    io_outcome read;
    std::string room(4, '\0');
    auto        read_later = dialled.value()->async_read_some(asio::buffer(room), asio::deferred);
    CHECK_FALSE(on.write(*accepted.value(), "lazy"));
    std::move(read_later)(read.handler());
    on.run(read);
    CHECK(room == "lazy");
}

TEST_CASE("a handler runs on its own executor and keeps it busy until then", "[transport][tokens]") {
    loop             on;
    asio::io_context other;
    listener         from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    auto           memory = make_memory_pair(on.ex());
    std::string    room(4, '\0');
    stream_outcome accepted, dialled;
    io_outcome     read;
    memory.first->async_read_some(asio::buffer(room), asio::bind_executor(other, read.handler()));
    from.async_accept(asio::bind_executor(other, accepted.handler()));
    async_connect(on.ex(), from.local(), {}, asio::bind_executor(other, dialled.handler()));

    other.poll();
    CHECK_FALSE(other.stopped());
    CHECK_FALSE(on.write(*memory.second, "x"));
    CHECK(on.run_until([&] { return on.io.poll() == 0; }));
    CHECK_FALSE(read.is_done());
    CHECK_FALSE(dialled.is_done());
    on.run_until([&] {
        other.poll();
        return accepted.is_done() && dialled.is_done();
    });

    CHECK(read.value() == 1);
    CHECK_FALSE(accepted.ec());
    CHECK_FALSE(dialled.ec());
    CHECK(other.stopped());
}

TEST_CASE("a handler may start the next operation on the same stream", "[transport][tokens]") {
    loop        on;
    auto        pair = make_memory_pair(on.ex(), memory_options{}.both(memory_direction{}.split(1)));
    std::string got;
    std::string room(1, '\0');
    std::function<void(error_code, std::size_t)> next = [&](error_code ec, std::size_t n) {
        if (ec) return;
        got += room.substr(0, n);
        pair.first->async_read_some(asio::buffer(room), next);
    };
    pair.first->async_read_some(asio::buffer(room), next);

    CHECK_FALSE(on.write(*pair.second, "one by one"));

    CHECK(on.run_until([&] { return got == "one by one"; }));
}
