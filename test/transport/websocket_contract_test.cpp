// A WebSocket keeps the contract of stream.hpp: what may be outstanding at once, what cancelling and closing do, and when.
#include "web.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// The piece must outlive the write, so it may not be made for the call.
io_outcome start_write(stream& to, asio::const_buffer&& piece) = delete;
io_outcome start_write(stream& to, asio::const_buffer const& piece) {
    io_outcome done;
    to.async_write_some(std::span(&piece, 1), done.handler());
    return done;
}

// One operation of each kind, all of which have to wait: the peer neither reads nor writes.
struct busy {
    explicit busy(web_loop& web) : text(1'000'000, 'x'), piece(asio::buffer(text)) {
        io_outcome last;
        do {
            last = start_write(*web.left, piece);
            web.settle();
        } while (last.is_done());
        writing = last;
        reading = web.read_some(*web.left, byte);
        web.left->async_wait_readable(waiting.handler());
        web.left->async_shutdown(ending.handler());
        web.settle();
        CHECK_FALSE(is_any_done());
    }

    bool is_any_done() const { return reading.is_done() || writing.is_done() || waiting.is_done() || ending.is_done(); }

    std::string        text;
    asio::const_buffer piece;
    std::string        byte = std::string(1, '\0');
    io_outcome         reading, writing;
    wait_outcome       waiting, ending;
};

} // namespace

TEST_CASE("a WebSocket never completes inside the call that starts an operation", "[transport][websocket][stream]") {
    web_loop web;
    web.open_both();
    CHECK_FALSE(web.write(*web.right, "ab"));
    std::string byte(1, '\0'), none;
    web.run(web.read_some(*web.left, byte));

    auto const   read = web.read_some(*web.left, byte);
    auto const   nothing = web.read_some(*web.left, none);
    asio::const_buffer const piece = asio::buffer(byte);
    auto const   write = start_write(*web.left, piece);
    wait_outcome wait, end;
    web.left->async_wait_readable(wait.handler());
    CHECK_FALSE((read.is_done() || nothing.is_done() || write.is_done() || wait.is_done()));
    web.run(read);
    web.run(nothing);
    web.run(write);
    CHECK(byte == "b");
    CHECK(nothing.value() == 0);
    web.left->async_shutdown(end.handler());
    CHECK_FALSE(end.is_done());
    web.run(end);
    web.left->close();
    auto const closed = web.read_some(*web.left, byte);
    CHECK_FALSE(closed.is_done());
    web.run(wait);
}

TEST_CASE("one operation of each kind is outstanding at a time and a second one is refused", "[transport][websocket][stream]") {
    web_loop web;
    web.open_both();
    busy all(web);

    std::string  other(1, '\0');
    wait_outcome second_wait, second_end;
    auto const   second_read = web.read_some(*web.left, other);
    auto const   second_write = start_write(*web.left, all.piece);
    web.left->async_wait_readable(second_wait.handler());
    web.left->async_shutdown(second_end.handler());
    web.run(second_read);
    web.run(second_write);
    web.run(second_wait);
    web.run(second_end);
    for (auto const& ec : {second_read.ec(), second_write.ec(), second_wait.ec(), second_end.ec()}) CHECK(ec == asio::error::already_started);
    CHECK_FALSE(all.is_any_done());
}

TEST_CASE("closing a WebSocket ends what is pending and what comes later", "[transport][websocket][stream]") {
    bool const is_destroyed = GENERATE(false, true);
    web_loop   web;
    web.open_both();
    busy all(web);

    if (is_destroyed) web.left.reset();
    else web.left->close();
    CHECK_FALSE(all.is_any_done());
    web.run(all.reading);
    web.run(all.writing);
    web.run(all.waiting);
    web.run(all.ending);
    for (auto const& ec : {all.reading.ec(), all.writing.ec(), all.waiting.ec(), all.ending.ec()}) CHECK(ec == asio::error::operation_aborted);
    CHECK(all.writing.value() == 0);
    if (is_destroyed) return;
    web.left->close();
    CHECK(web.next_read_error(*web.left) == asio::error::bad_descriptor);
    CHECK(web.write(*web.left, "x") == asio::error::bad_descriptor);
    wait_outcome wait, end;
    web.left->async_wait_readable(wait.handler());
    web.left->async_shutdown(end.handler());
    web.run(wait);
    web.run(end);
    CHECK(wait.ec() == asio::error::bad_descriptor);
    CHECK(end.ec() == asio::error::bad_descriptor);
    CHECK(web.left->remote_name() == "memory:second");
}

TEST_CASE("a cancelled read has taken no byte - the next read gets what came meanwhile", "[transport][websocket][stream]") {
    auto const type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
    web_loop   web;
    web.open_both();
    asio::cancellation_signal stop;
    std::string               one(10, '-'), two(10, '-');
    io_outcome                read;
    web.left->async_read_some(asio::buffer(one), asio::bind_cancellation_slot(stop.slot(), read.handler()));
    web.settle();

    stop.emit(type);
    web.run(read);
    CHECK(read.ec() == asio::error::operation_aborted);
    CHECK_FALSE(web.write(*web.right, "hello"));
    web.settle();
    CHECK(one == "----------");
    CHECK(web.read(*web.left, 5) == "hello");
    CHECK_FALSE(web.write(*web.left, "still open"));
    CHECK(web.read(*web.right, 10) == "still open");
}

TEST_CASE("a cancelled wait changes nothing and a late cancellation hits nobody", "[transport][websocket][stream]") {
    web_loop web;
    web.open_both();
    asio::cancellation_signal stop;
    wait_outcome              first, second;
    web.left->async_wait_readable(asio::bind_cancellation_slot(stop.slot(), first.handler()));
    web.settle();
    stop.emit(asio::cancellation_type::terminal);
    web.run(first);
    CHECK(first.ec() == asio::error::operation_aborted);

    web.left->async_wait_readable(second.handler());
    stop.emit(asio::cancellation_type::terminal);
    web.settle();
    CHECK_FALSE(second.is_done());
    CHECK_FALSE(web.write(*web.right, "x"));
    web.run(second);
    CHECK_FALSE(second.ec());
    CHECK(web.read(*web.left, 1) == "x");
}

TEST_CASE("a cancelled write has either moved all it says or nothing", "[transport][websocket][stream]") {
    bool const is_server = GENERATE(false, true);
    web_loop   web;
    web.open_both();
    if (is_server) std::swap(web.left, web.right);
    std::string const text(150'000, 'x'), marker = "marker";
    std::size_t       taken = 0;
    for (int cancelled = 0; cancelled < 2;) {
        asio::const_buffer const piece(text.data(), text.size());
        asio::cancellation_signal stop;
        io_outcome                done;
        web.left->async_write_some(std::span(&piece, 1), asio::bind_cancellation_slot(stop.slot(), done.handler()));
        web.settle();
        if (!done.is_done()) {
            ++cancelled;
            stop.emit(asio::cancellation_type::total);
            web.run(done);
            CHECK((done.ec() == asio::error::operation_aborted) == (done.value() == 0));
        }
        taken += done.value();
    }
    asio::const_buffer const end = asio::buffer(marker);
    auto const               last = start_write(*web.left, end);
    CHECK(web.read(*web.right, taken) == std::string(taken, 'x'));
    CHECK(web.read(*web.right, marker.size()) == marker);
    web.run(last);
    CHECK(last.value() == marker.size());
}

TEST_CASE("cancel ends what is pending and leaves the WebSocket open", "[transport][websocket][stream]") {
    web_loop web;
    web.open_both();
    std::string  byte(1, '\0');
    auto const   read = web.read_some(*web.left, byte);
    wait_outcome wait;
    web.left->async_wait_readable(wait.handler());
    web.left->cancel();
    web.run(read);
    web.run(wait);
    CHECK(read.ec() == asio::error::operation_aborted);
    CHECK(wait.ec() == asio::error::operation_aborted);

    CHECK_FALSE(web.write(*web.right, "hello"));
    CHECK(web.read(*web.left, 5) == "hello");
}

TEST_CASE("a wait is over when plain bytes are there whichever frame they came in", "[transport][websocket][stream]") {
    web_loop web;
    web.open_server();
    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "ab"}.bytes() + frame{opcode::binary, ""}.bytes() + frame{opcode::binary, "c"}.bytes()));
    for (auto const& letter : {"a"s, "b"s, "c"s}) {
        wait_outcome ready;
        web.right->async_wait_readable(ready.handler());
        web.run(ready);
        CHECK_FALSE(ready.ec());
        CHECK(web.read(*web.right, 1) == letter);
    }
    wait_outcome ready;
    web.right->async_wait_readable(ready.handler());
    CHECK_FALSE(web.write(*web.left, frame{opcode::ping, "no byte"}.bytes()));
    web.settle();
    CHECK_FALSE(ready.is_done());
    CHECK_FALSE(web.write(*web.left, frame{opcode::close, ""}.bytes()));
    web.run(ready);
    CHECK_FALSE(ready.ec());
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
}

TEST_CASE("reading goes on after a write has failed", "[transport][websocket][stream]") {
    web_loop web(memory_options{}.second_to_first(memory_direction{}.eof_after(1000)));
    web.open_server();
    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "said before"}.bytes() + frame{opcode::close, "\x03\xE8"}.bytes()));
    CHECK_FALSE(web.write(*web.right, std::string(2000, 'x')));
    web.read(*web.left, 100'000);

    CHECK(web.write(*web.right, "x") == asio::error::broken_pipe);
    CHECK(web.read(*web.right, 11) == "said before");
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
}

TEST_CASE("a shutdown waits for a write that was given up half-way and its close frame comes last", "[transport][websocket][stream]") {
    web_loop web(memory_options{}.second_to_first(memory_direction{}.capacity(1000)));
    web.open_server();
    std::string const         text(5000, 'x');
    asio::const_buffer const  piece(text.data(), text.size());
    asio::cancellation_signal stop;
    io_outcome                write;
    web.right->async_write_some(std::span(&piece, 1), asio::bind_cancellation_slot(stop.slot(), write.handler()));
    web.settle();
    stop.emit(asio::cancellation_type::terminal);
    web.run(write);
    CHECK(write.value() == 5000);

    wait_outcome ended;
    web.right->async_shutdown(ended.handler());
    web.settle();
    CHECK_FALSE(ended.is_done());
    CHECK(web.read_frame(*web.left).payload == text);
    CHECK(web.read_frame(*web.left).op == opcode::close);
    web.run(ended);
    CHECK_FALSE(ended.ec());
}
