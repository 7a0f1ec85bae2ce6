// The memory pair: what it delivers, and each of its faults.
#include "loop.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

struct memory_pair : loop {
    explicit memory_pair(memory_direction const& forward = {}) {
        auto made = make_memory_pair(ex(), memory_options{}.first_to_second(forward).control(wire));
        first = std::move(made.first);
        second = std::move(made.second);
    }

    // The sizes of the reads that deliver what was written, until nothing more comes; then the error, if one came.
    std::vector<std::size_t> read_sizes(stream& from, error_code& end) {
        std::vector<std::size_t> sizes;
        std::string              room(1024, '\0');
        for (;;) {
            auto const done = read_some(from, room);
            settle();
            if (!done.is_done()) {
                from.cancel();
                settle();
                return sizes;
            }
            end = done.ec();
            if (end) return sizes;
            sizes.push_back(done.value());
        }
    }

    memory_control wire;
    stream_ptr     first;
    stream_ptr     second;
};

io_outcome start_write(stream& to, asio::const_buffer const& bytes) {
    io_outcome done;
    to.async_write_some(std::span(&bytes, 1), done.handler());
    return done;
}

io_outcome start_write(stream& to, asio::const_buffer&& gone_too_soon) = delete;

using sizes = std::vector<std::size_t>;
constexpr auto forward = direction::first_to_second;
constexpr auto backward = direction::second_to_first;

} // namespace

TEST_CASE("bytes cross the memory pair both ways and in order", "[transport][memory]") {
    memory_pair pair;

    CHECK_FALSE(pair.write(*pair.first, "hello"));
    CHECK_FALSE(pair.write(*pair.second, "there"));

    CHECK(pair.read(*pair.second, 5) == "hello");
    CHECK(pair.read(*pair.first, 5) == "there");
    CHECK(pair.wire.delivered(forward) == 5);
    CHECK(pair.first->remote_name() == "memory:second");
    CHECK(pair.second->remote_name() == "memory:first");
    CHECK(pair.first->get_executor() == pair.ex());
}

TEST_CASE("each memory fault delivers what its row says", "[transport][memory]") {
    struct row {
        char const*      what;
        memory_direction faults;
        sizes            delivered;
        error_code       end;
    };
    error_code const none;
    error_code const eof = asio::error::eof;
    error_code const reset = asio::error::connection_reset;
    row const        rows[] = {
        {"nothing wrong", memory_direction{}, {10}, none},
        {"split by 1", memory_direction{}.split(1), sizes(10, 1), none},
        {"split by 3", memory_direction{}.split(3), {3, 3, 3, 1}, none},
        {"split by 0 is split by 1", memory_direction{}.split(0), sizes(10, 1), none},
        {"reset after 0", memory_direction{}.reset_after(0), {}, reset},
        {"reset after 4", memory_direction{}.reset_after(4), {4}, reset},
        {"reset after all", memory_direction{}.reset_after(10), {10}, reset},
        {"reset after more than comes", memory_direction{}.reset_after(11), {10}, none},
        {"end after 0", memory_direction{}.eof_after(0), {}, eof},
        {"end after 4", memory_direction{}.eof_after(4), {4}, eof},
        {"end after all", memory_direction{}.eof_after(10), {10}, eof},
        {"end after more than comes", memory_direction{}.eof_after(11), {10}, none},
        {"split and reset", memory_direction{}.split(3).reset_after(7), {3, 3, 1}, reset},
        {"split and end", memory_direction{}.split(3).eof_after(8), {3, 3, 2}, eof},
        {"the reset comes before the end", memory_direction{}.reset_after(4).eof_after(6), {4}, reset},
        {"the end comes before the reset", memory_direction{}.reset_after(6).eof_after(4), {4}, eof},
        {"capacity 4", memory_direction{}.capacity(4), {4, 4, 2}, none},
        {"capacity 0 is capacity 1", memory_direction{}.capacity(0), sizes(10, 1), none},
        {"stalled", memory_direction{}.stalled(true), {}, none},
    };

    for (auto const& each : rows) {
        CAPTURE(each.what);
        memory_pair              pair(each.faults);
        std::string const        text = "0123456789";
        std::string_view         left = text;
        sizes                    got;
        error_code               end;
        // A writer that goes on with what was not taken, as programs do.
        for (;;) {
            asio::const_buffer const bytes(left.data(), left.size());
            io_outcome               wrote;
            if (!left.empty()) pair.first->async_write_some(std::span(&bytes, 1), wrote.handler());
            pair.settle();
            auto const some = pair.read_sizes(*pair.second, end);
            got.insert(got.end(), some.begin(), some.end());
            pair.first->cancel();
            pair.settle();
            if (left.empty() || wrote.ec() || end) break;
            left.remove_prefix(wrote.value());
        }

        CHECK(got == each.delivered);
        CHECK(end == each.end);
    }
}

TEST_CASE("a full memory pair holds the writer back until the reader takes some", "[transport][memory]") {
    memory_pair              pair(memory_direction{}.capacity(4));
    std::string const        text = "abcdefgh";
    asio::const_buffer const all(text.data(), 8);
    asio::const_buffer const rest(text.data() + 4, 4);

    auto const first = start_write(*pair.first, all);
    pair.run(first);
    CHECK(first.value() == 4);
    CHECK(pair.wire.buffered(forward) == 4);
    auto const blocked = start_write(*pair.first, rest);
    pair.settle();
    CHECK_FALSE(blocked.is_done());

    CHECK(pair.read(*pair.second, 3) == "abc");
    pair.run(blocked);
    CHECK(blocked.value() == 3);
    CHECK(pair.read(*pair.second, 4) == "defg");
}

TEST_CASE("writes of several turns arrive as one read when coalesced", "[transport][memory]") {
    memory_pair pair(memory_direction{}.coalesce(10));
    std::string room(16, '\0');
    auto const  done = pair.read_some(*pair.second, room);

    CHECK_FALSE(pair.write(*pair.first, "ab"));
    CHECK_FALSE(pair.write(*pair.first, "cd"));
    CHECK_FALSE(done.is_done());
    CHECK_FALSE(pair.write(*pair.first, "ef"));
    pair.run(done);

    CHECK(room.substr(0, done.value()) == "abcdef");
    CHECK_FALSE(pair.write(*pair.first, "gh"));
    CHECK(pair.read(*pair.second, 2) == "gh");
}

TEST_CASE("a stalled direction delivers nothing until it is released and the other goes on", "[transport][memory]") {
    memory_pair pair;
    pair.wire.stall(forward);
    std::string  room(16, '\0');
    auto const   done = pair.read_some(*pair.second, room);
    wait_outcome readable;
    pair.second->async_wait_readable(readable.handler());

    CHECK_FALSE(pair.write(*pair.first, "late"));
    CHECK_FALSE(pair.write(*pair.second, "on"));
    CHECK(pair.read(*pair.first, 2) == "on");
    CHECK_FALSE(done.is_done());
    CHECK_FALSE(readable.is_done());

    pair.wire.release(forward);
    pair.run(done);
    CHECK(readable.is_done());
    CHECK(room.substr(0, done.value()) == "late");
    CHECK(pair.wire.delivered(backward) == 2);
}

TEST_CASE("an end of file is stalled like the bytes before it", "[transport][memory]") {
    memory_pair  pair(memory_direction{}.stalled(true));
    wait_outcome ended;
    pair.first->async_shutdown(ended.handler());
    std::string room(4, '\0');
    auto const  done = pair.read_some(*pair.second, room);
    pair.run(ended);
    pair.settle();
    CHECK_FALSE(done.is_done());

    pair.wire.release(forward);

    pair.run(done);
    CHECK(done.ec() == asio::error::eof);
}

TEST_CASE("a reset fails what is pending and what comes at both ends", "[transport][memory]") {
    memory_pair              pair(memory_direction{}.capacity(1));
    asio::const_buffer const bytes("ab", 2);
    CHECK_FALSE(pair.write(*pair.first, "x"));
    auto const  writing = start_write(*pair.first, bytes);
    std::string room(4, '\0');
    auto const  reading = pair.read_some(*pair.first, room);

    pair.wire.reset();
    pair.run(writing);
    pair.run(reading);

    CHECK(writing.ec() == asio::error::connection_reset);
    CHECK(reading.ec() == asio::error::connection_reset);
    CHECK(pair.next_read_error(*pair.second) == asio::error::connection_reset);
    CHECK(pair.write(*pair.second, "y") == asio::error::connection_reset);
}

TEST_CASE("after the end of file the writer gets a broken pipe and the other direction lives", "[transport][memory]") {
    memory_pair pair(memory_direction{}.eof_after(2));

    CHECK_FALSE(pair.write(*pair.first, "abc"));
    CHECK(pair.read(*pair.second, 3) == "ab");
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
    CHECK(pair.write(*pair.first, "d") == asio::error::broken_pipe);

    CHECK_FALSE(pair.write(*pair.second, "ok"));
    CHECK(pair.read(*pair.first, 2) == "ok");
}

TEST_CASE("a shut down memory stream ends after its bytes and still reads", "[transport][memory]") {
    memory_pair  pair;
    wait_outcome ended;
    CHECK_FALSE(pair.write(*pair.first, "bye"));
    pair.first->async_shutdown(ended.handler());
    pair.run(ended);

    CHECK_FALSE(ended.ec());
    CHECK(pair.read(*pair.second, 4) == "bye");
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
    CHECK(pair.write(*pair.first, "x") == asio::error::broken_pipe);
    CHECK_FALSE(pair.write(*pair.second, "back"));
    CHECK(pair.read(*pair.first, 4) == "back");
}

TEST_CASE("closing or destroying one memory stream ends the other", "[transport][memory]") {
    bool const  destroyed = GENERATE(false, true);
    memory_pair pair;
    std::string room(4, '\0');
    auto const  own = pair.read_some(*pair.first, room);
    CHECK_FALSE(pair.write(*pair.first, "x"));

    if (destroyed) pair.first.reset();
    else pair.first->close();
    pair.run(own);

    CHECK(own.ec() == asio::error::operation_aborted);
    CHECK(pair.read(*pair.second, 1) == "x");
    CHECK(pair.next_read_error(*pair.second) == asio::error::eof);
    CHECK(pair.write(*pair.second, "y") == asio::error::broken_pipe);
}

TEST_CASE("a closed memory stream refuses every operation", "[transport][memory]") {
    memory_pair  pair;
    wait_outcome waited, ended;
    pair.first->close();
    pair.first->close();

    pair.first->async_wait_readable(waited.handler());
    pair.first->async_shutdown(ended.handler());
    pair.run(waited);
    pair.run(ended);

    CHECK(waited.ec() == asio::error::bad_descriptor);
    CHECK(ended.ec() == asio::error::bad_descriptor);
    CHECK(pair.next_read_error(*pair.first) == asio::error::bad_descriptor);
    CHECK(pair.write(*pair.first, "x") == asio::error::bad_descriptor);
}

TEST_CASE("each memory operation is cancelled on its own and moves no byte", "[transport][memory]") {
    memory_pair               pair(memory_direction{}.capacity(1));
    asio::cancellation_signal stop_read, stop_write, stop_wait;
    std::string               room(4, '\0');
    asio::const_buffer const  bytes("b", 1);
    io_outcome                reading, writing;
    wait_outcome              waiting;
    CHECK_FALSE(pair.write(*pair.first, "a"));
    pair.first->async_read_some(asio::buffer(room), asio::bind_cancellation_slot(stop_read.slot(), reading.handler()));
    pair.first->async_wait_readable(asio::bind_cancellation_slot(stop_wait.slot(), waiting.handler()));
    pair.first->async_write_some(std::span(&bytes, 1), asio::bind_cancellation_slot(stop_write.slot(), writing.handler()));

    stop_write.emit(asio::cancellation_type::total);
    pair.run(writing);
    CHECK(writing.ec() == asio::error::operation_aborted);
    CHECK_FALSE(reading.is_done());
    stop_read.emit(asio::cancellation_type::partial);
    pair.run(reading);
    CHECK(reading.ec() == asio::error::operation_aborted);
    CHECK_FALSE(waiting.is_done());
    stop_wait.emit(asio::cancellation_type::terminal);
    pair.run(waiting);
    CHECK(waiting.ec() == asio::error::operation_aborted);

    CHECK(pair.read(*pair.second, 1) == "a");
    CHECK(pair.wire.buffered(forward) == 0);
}

TEST_CASE("a late cancellation does not touch the next memory operation", "[transport][memory]") {
    memory_pair               pair;
    asio::cancellation_signal stop;
    std::string               room(4, '\0');
    io_outcome                first, second;
    pair.first->async_read_some(asio::buffer(room), asio::bind_cancellation_slot(stop.slot(), first.handler()));
    CHECK_FALSE(pair.write(*pair.second, "x"));
    pair.run(first);
    pair.first->async_read_some(asio::buffer(room), second.handler());

    stop.emit(asio::cancellation_type::all);
    pair.settle();

    CHECK_FALSE(first.ec());
    CHECK_FALSE(second.is_done());
}

TEST_CASE("a second memory read is refused and the first one stays", "[transport][memory]") {
    memory_pair pair;
    std::string room(4, '\0');
    auto const  first = pair.read_some(*pair.first, room);
    auto const  second = pair.read_some(*pair.first, room);
    pair.run(second);

    CHECK(second.ec() == asio::error::already_started);
    CHECK_FALSE(pair.write(*pair.second, "x"));
    pair.run(first);
    CHECK(first.value() == 1);
}

TEST_CASE("waiting on a memory stream ends at bytes or at the end and takes none", "[transport][memory]") {
    memory_pair  pair;
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
}

TEST_CASE("empty reads and writes complete at once on a memory stream", "[transport][memory]") {
    memory_pair                             pair;
    io_outcome                              reading, writing, nothing;
    std::array<asio::const_buffer, 3> const empties{};
    pair.first->async_read_some(asio::mutable_buffer(), reading.handler());
    pair.first->async_write_some(empties, writing.handler());
    pair.first->async_write_some({}, nothing.handler());
    CHECK_FALSE(reading.is_done());
    pair.settle();

    CHECK(reading.value() == 0);
    CHECK(writing.value() == 0);
    CHECK(nothing.value() == 0);
    CHECK_FALSE(writing.ec());
}

TEST_CASE("a memory control without a pair does nothing", "[transport][memory]") {
    memory_control wire;
    wire.stall(forward);
    wire.release(forward);
    wire.reset();
    CHECK(wire.delivered(forward) == 0);
    CHECK(wire.buffered(backward) == 0);
}

TEST_CASE("memory operations that never end are freed with the event loop", "[transport][memory]") {
    auto const token = std::make_shared<int>();
    {
        memory_pair pair;
        std::string room(4, '\0');
        pair.first->async_read_some(asio::buffer(room), [token](error_code, std::size_t) {});
        CHECK(token.use_count() == 2);
    }
    CHECK(token.use_count() == 1);
}
