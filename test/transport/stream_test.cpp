// Streams over sockets, TCP and unix alike: echo, gather writes, ends of life, cancellation.
#include "loop.hpp"

#include <numeric>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// Two connected streams over the kind of socket that GENERATE picks.
struct socket_pair : loop {
    explicit socket_pair(std::string const& kind) {
        REQUIRE_FALSE(from.open(kind == "unix" ? local_endpoint(folder.file()) : tcp_on_loopback()));
        std::tie(first, second) = connect_pair(from);
    }

    scratch_folder folder;
    listener       from{ex()};
    stream_ptr     first;
    stream_ptr     second;
};

// Fills the socket until a write has to wait, which it then does.
io_outcome write_until_blocked(socket_pair& pair, asio::const_buffer const& block) {
    for (;;) {
        io_outcome done;
        pair.first->async_write_some(std::span(&block, 1), done.handler());
        pair.settle();
        pair.settle();
        if (!done.is_done()) return done;
        REQUIRE_FALSE(done.ec());
    }
}

} // namespace

TEST_CASE("bytes are echoed over a socket", "[transport][stream]") {
    socket_pair       pair(GENERATE(as<std::string>{}, "tcp", "unix"));
    std::string const text(100'000, 'x');

    CHECK_FALSE(pair.write(*pair.first, "ping"));
    CHECK(pair.read(*pair.second, 4) == "ping");
    CHECK_FALSE(pair.write(*pair.second, "pong"));
    CHECK(pair.read(*pair.first, 4) == "pong");
    for (int round = 0; round < 10; ++round) {
        CHECK_FALSE(pair.write(*pair.first, text));
        CHECK(pair.read(*pair.second, text.size()) == text);
    }
    CHECK(pair.first->get_executor() == pair.ex());
}

TEST_CASE("a stream names its peer even after the peer is gone", "[transport][stream]") {
    socket_pair tcp("tcp");
    CHECK(tcp.first->remote_name() == "127.0.0.1:" + std::to_string(tcp.from.local().port()));
    CHECK(tcp.second->remote_name().starts_with("127.0.0.1:"));
    tcp.second.reset();
    CHECK(tcp.next_read_error(*tcp.first) == asio::error::eof);
    CHECK(tcp.first->remote_name() == "127.0.0.1:" + std::to_string(tcp.from.local().port()));

    socket_pair local("unix");
    CHECK(local.first->remote_name() == "unix:" + local.folder.file());
    CHECK(local.second->remote_name() == "unix:" + local.folder.file());
}

TEST_CASE("a gather write of many buffers arrives whole through partial writes", "[transport][stream]") {
    socket_pair                     pair(GENERATE(as<std::string>{}, "tcp", "unix"));
    std::vector<std::string>        pieces;
    std::vector<asio::const_buffer> buffers;
    std::string                     whole;
    for (std::size_t i = 0; i < 300; ++i) pieces.emplace_back(i % 7 == 0 ? 0 : i % 50, static_cast<char>('a' + i % 26));
    for (auto const& piece : pieces) {
        buffers.push_back(asio::buffer(piece));
        whole += piece;
    }

    std::span<asio::const_buffer> left(buffers);
    std::size_t                   writes = 0;
    while (!left.empty()) {
        io_outcome done;
        pair.first->async_write_some(left, done.handler());
        pair.run(done);
        REQUIRE_FALSE(done.ec());
        ++writes;
        auto sent = done.value();
        while (!left.empty() && sent >= left.front().size()) {
            sent -= left.front().size();
            left = left.subspan(1);
        }
        if (!left.empty()) left.front() += sent;
    }

    CHECK(writes >= (300 - 300 / 7) / stream::max_write_buffers);
    CHECK(pair.read(*pair.second, whole.size()) == whole);
}

TEST_CASE("more empty buffers than one write passes on do not make a write of nothing", "[transport][stream]") {
    socket_pair                     pair("tcp");
    std::vector<asio::const_buffer> buffers(3 * stream::max_write_buffers);
    buffers.push_back(asio::buffer("end", 3));
    io_outcome done, nothing;

    pair.first->async_write_some(buffers, done.handler());
    pair.run(done);
    pair.first->async_write_some({}, nothing.handler());
    pair.run(nothing);

    CHECK(done.value() == 3);
    CHECK_FALSE(nothing.ec());
    CHECK(nothing.value() == 0);
    CHECK(pair.read(*pair.second, 3) == "end");
}

TEST_CASE("a shut down stream ends after its bytes and still reads", "[transport][stream]") {
    socket_pair  pair(GENERATE(as<std::string>{}, "tcp", "unix"));
    wait_outcome ended;
    CHECK_FALSE(pair.write(*pair.first, "bye"));

    pair.first->async_shutdown(ended.handler());
    CHECK_FALSE(ended.is_done());
    pair.run(ended);

    CHECK_FALSE(ended.ec());
    CHECK(pair.read(*pair.second, 3) == "bye");
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
    CHECK_FALSE(pair.write(*pair.second, "back"));
    CHECK(pair.read(*pair.first, 4) == "back");
    CHECK(pair.write(*pair.first, "x") == asio::error::broken_pipe);
}

TEST_CASE("closing a stream aborts what is pending and ends the peer", "[transport][stream]") {
    socket_pair       pair(GENERATE(as<std::string>{}, "tcp", "unix"));
    bool const        destroyed = GENERATE(false, true);
    std::string const block(1 << 20, 'x');
    asio::const_buffer const bytes = asio::buffer(block);
    std::string       room(16, '\0');
    wait_outcome      waiting;
    auto const        writing = write_until_blocked(pair, bytes);
    auto const        reading = pair.read_some(*pair.first, room);
    pair.first->async_wait_readable(waiting.handler());
    pair.settle();
    CHECK_FALSE(reading.is_done());

    if (destroyed) pair.first.reset();
    else pair.first->close();
    CHECK_FALSE(reading.is_done());
    pair.run(reading);
    pair.run(waiting);
    pair.run(writing);

    CHECK(reading.ec() == asio::error::operation_aborted);
    CHECK(waiting.ec() == asio::error::operation_aborted);
    CHECK(writing.ec() == asio::error::operation_aborted);
    // Unix sockets and TCP alike deliver what was written before the end.
    std::string rest(1 << 20, '\0');
    error_code  end;
    while (!end) {
        auto const more = pair.read_some(*pair.second, rest);
        pair.run(more);
        end = more.ec();
    }
    CHECK(end == asio::error::eof);
}

TEST_CASE("a closed stream refuses every operation", "[transport][stream]") {
    socket_pair  pair("tcp");
    wait_outcome waiting, ending;
    pair.first->close();
    pair.first->close();
    pair.first->cancel();

    pair.first->async_wait_readable(waiting.handler());
    pair.first->async_shutdown(ending.handler());
    pair.run(waiting);
    pair.run(ending);

    CHECK(waiting.ec() == asio::error::bad_descriptor);
    CHECK(ending.ec() == asio::error::bad_descriptor);
    CHECK(pair.next_read_error(*pair.first) == asio::error::bad_descriptor);
    CHECK(pair.write(*pair.first, "x") == asio::error::bad_descriptor);
}

TEST_CASE("cancelling a stream aborts what is pending and leaves it open", "[transport][stream]") {
    socket_pair pair("tcp");
    std::string room(16, '\0');
    auto const  reading = pair.read_some(*pair.first, room);
    pair.settle();

    pair.first->cancel();
    pair.run(reading);

    CHECK(reading.ec() == asio::error::operation_aborted);
    CHECK_FALSE(pair.write(*pair.second, "on"));
    CHECK(pair.read(*pair.first, 2) == "on");
}

TEST_CASE("each operation of a socket is cancelled on its own", "[transport][stream]") {
    auto const                kind = GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal);
    socket_pair               pair("tcp");
    asio::cancellation_signal stop_read, stop_wait;
    std::string               room(16, '\0');
    io_outcome                reading;
    wait_outcome              waiting;
    pair.first->async_read_some(asio::buffer(room), asio::bind_cancellation_slot(stop_read.slot(), reading.handler()));
    pair.first->async_wait_readable(asio::bind_cancellation_slot(stop_wait.slot(), waiting.handler()));
    pair.settle();

    stop_wait.emit(kind);
    pair.run(waiting);
    CHECK(waiting.ec() == asio::error::operation_aborted);
    CHECK_FALSE(reading.is_done());
    stop_read.emit(kind);
    pair.run(reading);

    CHECK(reading.ec() == asio::error::operation_aborted);
    CHECK_FALSE(pair.write(*pair.second, "kept"));
    CHECK(pair.read(*pair.first, 4) == "kept");
}

TEST_CASE("waiting on a socket ends at bytes or at the end and takes none", "[transport][stream]") {
    socket_pair  pair(GENERATE(as<std::string>{}, "tcp", "unix"));
    wait_outcome bytes, end;
    pair.second->async_wait_readable(bytes.handler());
    pair.settle();
    CHECK_FALSE(bytes.is_done());

    CHECK_FALSE(pair.write(*pair.first, "x"));
    pair.run(bytes);
    CHECK_FALSE(bytes.ec());
    CHECK(pair.read(*pair.second, 1) == "x");
    pair.second->async_wait_readable(end.handler());
    pair.first->close();
    pair.run(end);

    CHECK_FALSE(end.ec());
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
}

TEST_CASE("socket operations that never end are freed with the event loop", "[transport][stream]") {
    auto const token = std::make_shared<int>();
    {
        socket_pair pair("tcp");
        std::string room(4, '\0');
        pair.first->async_read_some(asio::buffer(room), [token](error_code, std::size_t) {});
        pair.first->async_wait_readable([token](error_code) {});
        CHECK(token.use_count() == 3);
    }
    CHECK(token.use_count() == 1);
}
