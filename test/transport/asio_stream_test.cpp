// Streams that a program brings of its own: sockets, descriptors, terminals and whatever looks like them.
#include "loop.hpp"

#include <array>

#include <fcntl.h>
#include <termios.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/strand.hpp>

#include <aldis/transport/asio_stream.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

using local_socket = asio::local::stream_protocol::socket;
using descriptor = asio::posix::stream_descriptor;

// The least that a stream can have: no wait, no half-close.
class bare_stream {
public:
    explicit bare_stream(local_socket next) : next_(std::move(next)) {}

    auto get_executor() { return next_.get_executor(); }
    void close(error_code& ec) { next_.close(ec); }
    void cancel(error_code& ec) { next_.cancel(ec); }

    template <class Buffers, class Handler>
    void async_read_some(Buffers const& into, Handler handler) { next_.async_read_some(into, std::move(handler)); }
    template <class Buffers, class Handler>
    void async_write_some(Buffers const& from, Handler handler) { next_.async_write_some(from, std::move(handler)); }

private:
    local_socket next_;
};

struct wrapped_pair : loop {
    explicit wrapped_pair(std::string const& kind) {
        local_socket one(io), other(io);
        asio::local::connect_pair(one, other);
        if (kind == "socket") first = make_stream(std::move(one), "one");
        if (kind == "descriptor") first = make_stream(descriptor(io, one.release()), "one");
        if (kind == "bare") first = make_stream(bare_stream(std::move(one)), "one");
        second = make_stream(std::move(other), "other");
    }

    stream_ptr first, second;
};

auto kinds() { return GENERATE(as<std::string>{}, "socket", "descriptor", "bare"); }

// A pseudo-terminal, the nearest to a serial line that every machine has. Raw: no byte means anything to it.
struct terminal : loop {
    terminal() {
        int const near = posix_openpt(O_RDWR | O_NOCTTY);
        REQUIRE(near >= 0);
        REQUIRE(grantpt(near) == 0);
        REQUIRE(unlockpt(near) == 0);
        int const far = open(ptsname(near), O_RDWR | O_NOCTTY);
        REQUIRE(far >= 0);
        termios settings{};
        REQUIRE(tcgetattr(far, &settings) == 0);
        cfmakeraw(&settings);
        REQUIRE(tcsetattr(far, TCSANOW, &settings) == 0);
        first = make_stream(descriptor(io, near), "near");
        second = make_stream(descriptor(io, far), "far");
    }

    stream_ptr first, second;
};

std::string every_byte() {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    return all;
}

} // namespace

TEST_CASE("bytes go both ways over a stream of the program's own", "[transport][asio_stream]") {
    wrapped_pair pair(kinds());

    CHECK_FALSE(pair.write(*pair.first, every_byte()));
    CHECK(pair.read(*pair.second, 256) == every_byte());
    CHECK_FALSE(pair.write(*pair.second, "pong"));
    CHECK(pair.read(*pair.first, 4) == "pong");
    CHECK(pair.first->remote_name() == "one");
    CHECK(pair.first->facts().remote == "one");
    CHECK(pair.first->get_executor() == pair.ex());
}

TEST_CASE("bytes go both ways over a pseudo-terminal and none is taken for a command", "[transport][asio_stream]") {
    terminal line;

    CHECK_FALSE(line.write(*line.first, every_byte()));
    CHECK(line.read(*line.second, 256) == every_byte());
    CHECK_FALSE(line.write(*line.second, every_byte()));
    CHECK(line.read(*line.first, 256) == every_byte());
}

TEST_CASE("the end of the peer is read as an error over every stream of the program's own", "[transport][asio_stream]") {
    SECTION("socket and descriptor") {
        wrapped_pair pair(kinds());
        pair.second.reset();
        CHECK(pair.next_read_error(*pair.first) == asio::error::eof);
    }
    SECTION("pseudo-terminal") {
        terminal line;
        line.second.reset();
        CHECK(line.next_read_error(*line.first) == system_error_code(EIO));
    }
}

TEST_CASE("a cancelled read of an own stream takes no byte", "[transport][asio_stream]") {
    wrapped_pair              pair(kinds());
    asio::cancellation_signal stop;
    io_outcome                done;
    std::string               room(8, '\0');
    auto const                type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);

    pair.first->async_read_some(asio::buffer(room), asio::bind_cancellation_slot(stop.slot(), done.handler()));
    pair.settle();
    CHECK_FALSE(done.is_done());
    stop.emit(type);
    pair.run(done);

    CHECK(done.ec() == asio::error::operation_aborted);
    CHECK_FALSE(pair.write(*pair.second, "next"));
    CHECK(pair.read(*pair.first, 4) == "next");
}

TEST_CASE("cancel leaves an own stream open and close does not", "[transport][asio_stream]") {
    wrapped_pair pair(kinds());
    std::string  room(1, '\0');

    auto const cancelled = pair.read_some(*pair.first, room);
    pair.first->cancel();
    CHECK_FALSE(cancelled.is_done());
    pair.run(cancelled);
    CHECK(cancelled.ec() == asio::error::operation_aborted);
    CHECK_FALSE(pair.write(*pair.second, "x"));
    CHECK(pair.read(*pair.first, 1) == "x");

    auto const closed = pair.read_some(*pair.first, room);
    pair.first->close();
    pair.first->close();
    pair.run(closed);
    CHECK(closed.ec() == asio::error::operation_aborted);
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
}

TEST_CASE("destroying an own stream completes what is pending", "[transport][asio_stream]") {
    wrapped_pair pair(kinds());
    std::string  room(1, '\0');

    auto const pending = pair.read_some(*pair.first, room);
    pair.first.reset();
    pair.run(pending);

    CHECK(pending.ec() == asio::error::operation_aborted);
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
}

TEST_CASE("waiting for an own stream to become readable takes no byte", "[transport][asio_stream]") {
    auto const   kind = kinds();
    wrapped_pair pair(kind);
    wait_outcome waited;

    pair.first->async_wait_readable(waited.handler());
    CHECK_FALSE(waited.is_done());
    pair.settle();
    // Without a wait of its own a stream cannot know; the read then waits.
    CHECK(waited.is_done() == (kind == "bare"));
    CHECK_FALSE(pair.write(*pair.second, "x"));
    pair.run(waited);

    CHECK_FALSE(waited.ec());
    CHECK(pair.read(*pair.first, 1) == "x");
}

TEST_CASE("a wait for an own stream is cancelled", "[transport][asio_stream]") {
    wrapped_pair              pair(GENERATE(as<std::string>{}, "socket", "descriptor"));
    asio::cancellation_signal stop;
    wait_outcome              waited;

    pair.first->async_wait_readable(asio::bind_cancellation_slot(stop.slot(), waited.handler()));
    stop.emit(asio::cancellation_type::total);
    pair.run(waited);

    CHECK(waited.ec() == asio::error::operation_aborted);
}

TEST_CASE("shutting an own stream down ends our side where there are sides", "[transport][asio_stream]") {
    auto const   kind = kinds();
    wrapped_pair pair(kind);
    wait_outcome ended;

    CHECK_FALSE(pair.write(*pair.first, "last"));
    pair.first->async_shutdown(ended.handler());
    CHECK_FALSE(ended.is_done());
    pair.run(ended);

    CHECK_FALSE(ended.ec());
    CHECK(pair.read(*pair.second, 4) == "last");
    if (kind == "socket") CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
    CHECK_FALSE(pair.write(*pair.second, "still"));
    CHECK(pair.read(*pair.first, 5) == "still");
}

TEST_CASE("a gather write over an own stream skips empty buffers", "[transport][asio_stream]") {
    wrapped_pair                                                     pair(kinds());
    std::array<asio::const_buffer, 2 * stream::max_write_buffers> buffers{};
    buffers[buffers.size() - 2] = asio::buffer("gat", 3);
    buffers[buffers.size() - 1] = asio::buffer("her", 3);
    io_outcome done, nothing;

    pair.first->async_write_some(buffers, done.handler());
    pair.run(done);
    pair.first->async_write_some({}, nothing.handler());
    pair.run(nothing);

    CHECK(done.value() == 6);
    CHECK_FALSE(nothing.ec());
    CHECK(pair.read(*pair.second, 6) == "gather");
}

TEST_CASE("handlers of an own stream run on their executor", "[transport][asio_stream]") {
    wrapped_pair pair("bare");
    auto const   strand = asio::make_strand(pair.io);
    int          inside = 0;
    auto const   on_strand = [&] { return asio::bind_executor(strand, [&](error_code) { inside += strand.running_in_this_thread(); }); };

    pair.first->async_wait_readable(on_strand());
    pair.run_until([&] { return inside == 1; });
    pair.first->async_shutdown(on_strand());
    pair.run_until([&] { return inside == 2; });

    CHECK(inside == 2);
}
