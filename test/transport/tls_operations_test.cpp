// The operations of a TLS stream against each other: cancelled, concurrent, large, ended, and against a peer that misbehaves.
#include "tls_pair.hpp"

#include <array>
#include <numeric>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

// A few of OpenSSL's functions, to behave as our own side never does. Their header is not for tests.
struct ssl_st;
extern "C" {
int  SSL_key_update(ssl_st* ssl, int type);
int  SSL_do_handshake(ssl_st* ssl);
void SSL_CTX_set_info_callback(ssl_ctx_st* context, void (*callback)(ssl_st const*, int, int));
}

using namespace aldis::test;
using namespace aldis::transport;

namespace {

constexpr bool is_sanitized = ALDIS_SANITIZED;

ssl_st* last_server = nullptr;                                     // of those that said so when they were made

void remember_server(tls_pair& pair) {
    pair.server.native([](ssl_ctx_st* context) {
        SSL_CTX_set_info_callback(context, [](ssl_st const* ssl, int, int) { last_server = const_cast<ssl_st*>(ssl); });
    });
}

constexpr int key_update_requested = 1;

// Reads or writes of a stream that end when the test says so.
struct cancellable {
    asio::cancellation_signal signal;
    io_outcome                done;

    void read(stream& from, asio::mutable_buffer into) { from.async_read_some(into, asio::bind_cancellation_slot(signal.slot(), done.handler())); }
    void write(stream& to, std::span<asio::const_buffer const> from) {
        to.async_write_some(from, asio::bind_cancellation_slot(signal.slot(), done.handler()));
    }
};

// Bytes that differ all along.
std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 1;
    for (auto& each : out) each = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return out;
}

} // namespace

TEST_CASE("accepting TLS can be given up at every step after the first byte came", "[transport][tls][operations]") {
    for (int steps = 0; steps < 6; ++steps) {
        loop                      on;
        auto                      pair = make_memory_pair(on.ex());
        asio::cancellation_signal signal;
        stream_outcome            accepted;
        start_tls_accept(std::move(pair.second), server_with("server"), false, {}, asio::bind_cancellation_slot(signal.slot(), accepted.handler()));
        REQUIRE_FALSE(on.write(*pair.first, "\x16"));
        for (int i = 0; i < steps; ++i) on.io.poll_one();

        signal.emit(asio::cancellation_type::terminal);

        INFO(steps);
        on.run(accepted);
        CHECK(accepted.ec() == asio::error::operation_aborted);
        CHECK(accepted.calls() == 1);
    }
}

TEST_CASE("a cancelled read of a TLS stream loses nothing", "[transport][tls][operations]") {
    tls_pair pair;
    pair.join();
    std::string const sent = pattern(20'000);
    std::string       got;
    std::size_t       given_up = 0;
    pair.wire = {};

    std::size_t written = 0;
    for (std::size_t round = 0; got.size() < sent.size(); ++round) {
        if (written < sent.size()) {
            auto const part = std::min<std::size_t>(700, sent.size() - written);
            CHECK_FALSE(pair.write(*pair.second, std::string_view(sent).substr(written, part)));
            written += part;
        }
        cancellable reading;
        std::string part(1 + round % 900, '\0');
        reading.read(*pair.first, asio::buffer(part));
        pair.io.restart();
        for (std::size_t i = 0; i < round % 7; ++i) pair.io.poll_one();
        reading.signal.emit(cancellations[round % 3]);
        pair.run(reading.done);
        got += part.substr(0, reading.done.value());
        if (!reading.done.ec()) continue;
        REQUIRE(reading.done.ec() == asio::error::operation_aborted);
        REQUIRE(reading.done.value() == 0);
        ++given_up;
    }

    CHECK(got == sent);
    CHECK(given_up > 0);
}

TEST_CASE("a cancelled write of a TLS stream was sent whole or not at all", "[transport][tls][operations]") {
    tls_pair pair;
    pair.wire.both(memory_direction{}.capacity(5000));
    pair.join();
    auto const               bytes = pattern(40'000);
    asio::const_buffer const all = asio::buffer(bytes);
    cancellable              first, second;

    first.write(*pair.first, std::span(&all, 1));
    pair.settle();
    CHECK_FALSE(first.done.is_done());
    first.signal.emit(asio::cancellation_type::total);
    pair.run(first.done);
    // It is encrypted, and on its way.
    CHECK_FALSE(first.done.ec());
    CHECK(first.done.value() == bytes.size());
    second.write(*pair.first, std::span(&all, 1));
    pair.settle();
    second.signal.emit(asio::cancellation_type::total);
    pair.run(second.done);
    // This one had not begun.
    CHECK(second.done.ec() == asio::error::operation_aborted);
    CHECK(second.done.value() == 0);

    CHECK(pair.read(*pair.second, bytes.size()) == bytes);
    CHECK_FALSE(pair.write(*pair.first, "next"));
    CHECK(pair.read(*pair.second, 4) == "next");
}

TEST_CASE("a TLS stream reads and writes at the same time, in any sizes", "[transport][tls][operations]") {
    tls_pair pair;
    pair.wire.both(memory_direction{}.capacity(GENERATE(as<std::size_t>{}, 100, 65'536)).split(GENERATE(as<std::size_t>{}, 3'000, 70'000)));
    pair.join();
    auto const  sent = pattern(300'000);
    std::string forth, back;
    struct pump {
        tls_pair&          loop;
        stream&            from;
        std::string&       into;
        std::size_t        size;
        std::string        part = std::string(5'000, '\0');
        void               read() {
            if (into.size() >= size) return;
            from.async_read_some(asio::buffer(part), [this](error_code ec, std::size_t got) {
                REQUIRE_FALSE(ec);
                into.append(part, 0, got);
                read();
            });
        }
    };
    struct feed {
        stream&            to;
        std::string_view   left;
        std::size_t        step = 1;
        asio::const_buffer piece{};
        void               write() {
            if (left.empty()) return;
            piece = asio::buffer(left.data(), std::min(left.size(), step));
            step = step * 3 % 50'021 + 1;
            to.async_write_some(std::span(&piece, 1), [this](error_code ec, std::size_t took) {
                REQUIRE_FALSE(ec);
                left.remove_prefix(took);
                write();
            });
        }
    };
    pump in_first{pair, *pair.first, back, sent.size()}, in_second{pair, *pair.second, forth, sent.size()};
    feed out_first{*pair.first, sent}, out_second{*pair.second, sent};

    for (auto* const each : {&in_first, &in_second}) each->read();
    for (auto* const each : {&out_first, &out_second}) each->write();
    REQUIRE(pair.run_until([&] { return forth.size() == sent.size() && back.size() == sent.size(); }));

    CHECK(forth == sent);
    CHECK(back == sent);
}

TEST_CASE("many small buffers travel in few records", "[transport][tls][operations]") {
    tls_pair       pair;
    memory_control control;
    pair.wire.control(control);
    pair.join();
    pair.talk();
    auto const                      bytes = pattern(12'000);
    std::vector<asio::const_buffer> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += 100) pieces.push_back(asio::buffer(bytes.data() + at, at % 1000 == 0 ? 0 : 100));
    std::string expected;
    for (auto const& each : pieces) expected.append(static_cast<char const*>(each.data()), each.size());
    auto const before = control.delivered(direction::first_to_second);
    io_outcome written;

    pair.first->async_write_some(pieces, written.handler());
    CHECK(pair.read(*pair.second, expected.size()) == expected);
    pair.run(written);

    CHECK(written.value() == expected.size());
    CHECK(control.delivered(direction::first_to_second) - before < expected.size() + 64);
}

TEST_CASE("reads and writes of nothing end at once", "[transport][tls][operations]") {
    tls_pair   pair;
    io_outcome nothing_read, nothing_written;
    pair.join();

    pair.first->async_read_some({}, nothing_read.handler());
    pair.first->async_write_some({}, nothing_written.handler());
    CHECK_FALSE(nothing_read.is_done());
    pair.run(nothing_read);
    pair.run(nothing_written);

    CHECK_FALSE(nothing_read.ec());
    CHECK_FALSE(nothing_written.ec());
}

TEST_CASE("a second operation of a kind is refused, and the first goes on", "[transport][tls][operations]") {
    tls_pair    pair;
    pair.join();
    std::string one(10, '\0'), two(10, '\0');

    auto const first = pair.read_some(*pair.first, one);
    auto const second = pair.read_some(*pair.first, two);
    pair.run(second);
    CHECK(second.ec() == asio::error::already_started);
    CHECK_FALSE(pair.write(*pair.second, "hello"));
    pair.run(first);

    CHECK(first.value() == 5);
}

TEST_CASE("waiting for something to read ends with data, not with tickets", "[transport][tls][operations]") {
    tls_pair     pair;
    wait_outcome ready, ended, cancelled;
    pair.join();                                                   // the tickets are on their way
    pair.first->async_wait_readable(ready.handler());
    for (int i = 0; i < 20; ++i) pair.settle();
    CHECK_FALSE(ready.is_done());

    CHECK_FALSE(pair.write(*pair.second, "data"));
    pair.run(ready);
    CHECK_FALSE(ready.ec());
    pair.first->async_wait_readable((ready = {}).handler());
    pair.run(ready);
    CHECK(pair.read(*pair.first, 4) == "data");

    pair.first->async_wait_readable(cancelled.handler());
    pair.settle();
    CHECK_FALSE(cancelled.is_done());
    pair.first->cancel();
    pair.run(cancelled);
    CHECK(cancelled.ec() == asio::error::operation_aborted);
    pair.first->async_wait_readable(ended.handler());
    pair.second->close();
    pair.run(ended);
    CHECK(pair.next_read_error(*pair.first) == errc::tls_truncated);
}

TEST_CASE("a wait and a read may be under way together", "[transport][tls][operations]") {
    tls_pair     pair;
    wait_outcome ready;
    std::string  into(10, '\0');
    pair.join();
    bool const is_wait_first = GENERATE(true, false);

    if (is_wait_first) pair.first->async_wait_readable(ready.handler());
    auto const got = pair.read_some(*pair.first, into);
    if (!is_wait_first) pair.first->async_wait_readable(ready.handler());
    CHECK_FALSE(pair.write(*pair.second, "data"));
    pair.run(got);
    pair.run(ready);

    CHECK(got.value() == 4);
    CHECK_FALSE(ready.ec());
}

TEST_CASE("closing or destroying a TLS stream ends what is under way", "[transport][tls][operations]") {
    tls_pair     pair;
    wait_outcome ready;
    std::string  into(10, '\0');
    bool const   is_destroyed = GENERATE(true, false);
    pair.wire.both(memory_direction{}.capacity(1000));
    pair.join();
    pair.talk();
    auto const               bytes = pattern(40'000);
    asio::const_buffer const all = asio::buffer(bytes);
    io_outcome               written;

    auto const got = pair.read_some(*pair.first, into);
    pair.first->async_wait_readable(ready.handler());
    pair.first->async_write_some(std::span(&all, 1), written.handler());
    pair.settle();
    if (is_destroyed) pair.first.reset();
    else pair.first->close();
    pair.run(got);
    pair.run(ready);
    pair.run(written);

    CHECK(got.ec() == asio::error::operation_aborted);
    CHECK(ready.ec() == asio::error::operation_aborted);
    CHECK(written.ec() == asio::error::operation_aborted);
    if (is_destroyed) return;
    pair.first->close();
    CHECK(pair.next_read_error(*pair.first) == asio::error::operation_aborted);
    CHECK(pair.write(*pair.first, "x") == asio::error::operation_aborted);
    CHECK(pair.first->facts().tls->is_verified);
}

TEST_CASE("a write that fails because the server refused the client says so", "[transport][tls][operations]") {
    tls_pair pair;
    pair.server.client_certificate(tls_client_certificate::required).ca_file(certificate("ca.pem"));
    pair.shake();
    REQUIRE(pair.accepted.ec() == errc::tls_no_certificate);
    REQUIRE_FALSE(pair.connected.ec());

    // The refusal lies unread in the wire.
    error_code ec;
    for (int i = 0; i < 3 && !ec; ++i) ec = pair.write(*pair.first, "CONNECT");

    CHECK(ec == errc::tls_rejected);
    CHECK(pair.client_diary.failure() == "the server ended the handshake: alert certificate required (116)");
    CHECK(pair.next_read_error(*pair.first) == errc::tls_rejected);
}

TEST_CASE("a write that fails for no reason that can be read fails all the same", "[transport][tls][operations]") {
    tls_pair pair;
    pair.join();
    pair.talk();
    memory_direction cut;
    pair.wire.first_to_second(cut.eof_after(5000));                 // the way back stays open, and silent
    pair.join();

    error_code ec;
    std::string part(4096, '\0');
    for (int i = 0; i < 20 && !ec; ++i) {
        ec = pair.write(*pair.first, std::string(1000, 'x'));
        auto const got = pair.read_some(*pair.second, part);
        pair.run(got);
    }

    CHECK(ec == asio::error::broken_pipe);
}

TEST_CASE("a large stream of bytes passes through TLS unharmed", "[transport][tls][slow]") {
    tls_pair          pair;
    std::size_t const total = (is_sanitized ? 20 : 200) * std::size_t{1'000'000};
    auto const        block = pattern(1'000'003);
    pair.join();
    std::size_t        sent = 0, received = 0;
    std::string        into(100'000, '\0');
    bool               is_same = true;
    asio::const_buffer piece;

    std::function<void()> write_on = [&] {
        if (sent == total) return;
        auto const at = sent % block.size();
        piece = asio::buffer(block.data() + at, std::min(block.size() - at, total - sent));
        pair.first->async_write_some(std::span(&piece, 1), [&](error_code ec, std::size_t size) {
            REQUIRE_FALSE(ec);
            sent += size;
            write_on();
        });
    };
    std::function<void()> read_on = [&] {
        pair.second->async_read_some(asio::buffer(into), [&](error_code ec, std::size_t size) {
            REQUIRE_FALSE(ec);
            for (std::size_t done = 0; done < size;) {
                auto const at = (received + done) % block.size();
                auto const part = std::min(size - done, block.size() - at);
                is_same = is_same && std::equal(into.begin() + static_cast<std::ptrdiff_t>(done), into.begin() + static_cast<std::ptrdiff_t>(done + part),
                                                block.begin() + static_cast<std::ptrdiff_t>(at));
                done += part;
            }
            received += size;
            if (received < total) read_on();
        });
    };
    write_on();
    read_on();
    REQUIRE(pair.run_until([&] { return received == total; }));

    CHECK(is_same);
    CHECK(sent == total);
}

TEST_CASE("keys are renewed on request without a break", "[transport][tls][operations]") {
    tls_pair pair;
    remember_server(pair);
    pair.join();

    for (int i = 0; i < 100; ++i) {
        REQUIRE(SSL_key_update(last_server, key_update_requested) == 1);
        CHECK_FALSE(pair.write(*pair.second, "to the client"));
        CHECK(pair.read(*pair.first, 13) == "to the client");
        CHECK_FALSE(pair.write(*pair.first, "to the server"));
        CHECK(pair.read(*pair.second, 13) == "to the server");
    }
}

TEST_CASE("a peer that sends nothing but key updates is cut off", "[transport][tls][operations]") {
    tls_pair pair;
    remember_server(pair);
    pair.join();
    std::string into(1, '\0');

    for (int i = 0; i < 100; ++i) {
        REQUIRE(SSL_key_update(last_server, key_update_requested) == 1);
        REQUIRE(SSL_do_handshake(last_server) == 1);
    }
    auto const pending = pair.read_some(*pair.second, into);        // sends what piled up

    CHECK(pair.next_read_error(*pair.first) == errc::tls_failed);
    CHECK(pair.client_diary.failure() == "the peer sends TLS messages without end, and no data");
    pair.first.reset();
    pair.run(pending);
}

TEST_CASE("a peer that asks for answers and takes none is not read from any more", "[transport][tls][operations]") {
    tls_pair pair;
    remember_server(pair);
    pair.wire.first_to_second(memory_direction{}.capacity(1000));
    pair.join();
    std::size_t           received = 0, sent = 0;
    std::string           into(100, '\0');
    std::function<void()> read_on = [&] {
        pair.first->async_read_some(asio::buffer(into), [&](error_code ec, std::size_t size) {
            if (ec) return;
            received += size;
            read_on();
        });
    };
    read_on();

    asio::const_buffer const byte = asio::buffer("x", 1);
    io_outcome               written;
    for (bool is_stuck = false; !is_stuck && sent < 20'000; ++sent) {
        REQUIRE(SSL_key_update(last_server, key_update_requested) == 1);
        written = {};
        pair.second->async_write_some(std::span(&byte, 1), written.handler());
        for (int i = 0; i < 10 && !written.is_done(); ++i) pair.settle();
        is_stuck = !written.is_done();
    }
    CHECK(sent < 5'000);
    CHECK(received < 1'000);

    // When it takes them at last, they are a flood to it.
    CHECK(pair.next_read_error(*pair.second) == errc::tls_failed);
    pair.second.reset();
    pair.run(written);
    pair.first.reset();
    pair.settle();
}
