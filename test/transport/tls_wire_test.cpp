// TLS against a wire that splits, trickles, ends and breaks, and its operations against each other.
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

ssl_st* last_server = nullptr;                                     // of those that said so when they were made

void remember_server(tls_pair& pair) {
    pair.server.native([](ssl_ctx_st* context) {
        SSL_CTX_set_info_callback(context, [](ssl_st const* ssl, int, int) { last_server = const_cast<ssl_st*>(ssl); });
    });
}

constexpr int key_update_requested = 1;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

// Reads of the stream below stop once after `size` bytes.
class split_stream final : public stream {
public:
    split_stream(stream_ptr lower, std::size_t size) : lower_(std::move(lower)), left_(size) {}

    executor_type get_executor() const override { return lower_->get_executor(); }
    std::string   remote_name() const override { return lower_->remote_name(); }
    void          close() noexcept override { lower_->close(); }
    void          cancel() noexcept override { lower_->cancel(); }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override {
        if (left_ > 0) into = asio::buffer(into, left_);
        auto const slot = asio::get_associated_cancellation_slot(handler);
        auto       counted = [this, held = std::move(handler)](error_code ec, std::size_t size) mutable {
            left_ -= std::min(left_, size);
            std::move(held)(ec, size);
        };
        lower_->async_read_some(into, asio::bind_cancellation_slot(slot, std::move(counted)));
    }
    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override { lower_->async_write_some(from, std::move(handler)); }
    void do_wait_readable(wait_handler handler) override { lower_->async_wait_readable(std::move(handler)); }
    void do_shutdown(wait_handler handler) override { lower_->async_shutdown(std::move(handler)); }

    stream_ptr  lower_;
    std::size_t left_;
};

// Writes and reads at the same time, for a wire may hold next to nothing.
std::string pass(tls_pair& pair, stream& from, stream& to, std::string const& bytes) {
    io_outcome               written;
    asio::const_buffer const all = asio::buffer(bytes);
    from.async_write_some(std::span(&all, 1), written.handler());
    auto const got = pair.read(to, bytes.size());
    pair.run(written);
    return got + ' ' + written.ec().message();
}

std::string end(tls_pair& pair, stream& from, stream& to) {
    wait_outcome ended;
    from.async_shutdown(ended.handler());
    auto const seen = pair.next_read_error(to);
    pair.run(ended);
    return ended.ec().message() + ' ' + seen.message();
}

// What both sides make of a short conversation: the outcome of every step, in words.
std::string converse(tls_pair& pair) {
    std::string story;
    pair.shake();
    story += "connect " + pair.connected.ec().message() + ", accept " + pair.accepted.ec().message();
    if (!pair.first || !pair.second) return story;
    story += ", second reads " + pass(pair, *pair.first, *pair.second, "a few hundred bytes, or so");
    story += ", first reads " + pass(pair, *pair.second, *pair.first, std::string(300, 'x'));
    story += ", ends " + end(pair, *pair.first, *pair.second);
    return story + ", ends " + end(pair, *pair.second, *pair.first);
}

// Mutual TLS of one version.
void prepare(tls_pair& pair, tls_version version) {
    pair.client = client_with("client").versions(version, version).resumption(false);
    pair.server.client_certificate(tls_client_certificate::required).ca_file(certificate("ca.pem"));
}

struct wire_size {
    std::size_t forth = 0, back = 0;
};

// How many bytes a conversation takes in each direction. Signatures differ by a byte or two from one to the next.
wire_size measure(tls_version version, std::string& story) {
    tls_pair       pair;
    memory_control control;
    prepare(pair, version);
    pair.wire.control(control);
    story = converse(pair);
    return {control.delivered(direction::first_to_second), control.delivered(direction::second_to_first)};
}

memory_direction no_faults() { return {}; }

// Whoever fails closes, which the other must notice.
bool carries(tls_pair& pair, stream_ptr& from, stream_ptr& to, std::string const& bytes) {
    if (pair.write(*from, bytes)) return from.reset(), false;
    if (pair.read(*to, bytes.size()) != bytes) return to.reset(), false;
    return true;
}

bool ends(tls_pair& pair, stream_ptr& from, stream_ptr& to) {
    wait_outcome ended;
    from->async_shutdown(ended.handler());
    pair.run(ended);
    if (ended.ec()) return from.reset(), false;
    if (pair.next_read_error(*to) != asio::error::eof) return to.reset(), false;
    return true;
}

// The same conversation over a wire that fails: whether all of it took place. No side may be left waiting.
bool survives(tls_pair& pair) {
    pair.shake();
    REQUIRE(pair.connected.ec().failed() == (pair.first == nullptr));
    REQUIRE(pair.accepted.ec().failed() == (pair.second == nullptr));
    bool const is_whole = pair.first && pair.second && carries(pair, pair.first, pair.second, "a few hundred bytes, or so") &&
                          carries(pair, pair.second, pair.first, std::string(300, 'x')) && ends(pair, pair.first, pair.second) &&
                          ends(pair, pair.second, pair.first);
    for (auto* const each : {pair.first.get(), pair.second.get()})
        if (each) REQUIRE(pair.next_read_error(*each).failed());
    return is_whole;
}

// Reads or writes of a stream that end when the test says so.
struct cancellable {
    asio::cancellation_signal signal;
    io_outcome                done;

    void read(stream& from, asio::mutable_buffer into) { from.async_read_some(into, asio::bind_cancellation_slot(signal.slot(), done.handler())); }
    void write(stream& to, std::span<asio::const_buffer const> from) {
        to.async_write_some(from, asio::bind_cancellation_slot(signal.slot(), done.handler()));
    }
};

constexpr std::array cancellations{asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total};

// Every position is tried, but where that would only take long.
std::size_t stride(tls_version version) { return (is_sanitized ? 7 : 1) * (version == tls_version::v1_3 ? 1 : 3); }

// Bytes that differ all along.
std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 1;
    for (auto& each : out) each = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return out;
}

} // namespace

TEST_CASE("a TLS conversation is the same however its bytes are split", "[transport][tls][wire]") {
    auto const  version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    std::string expected;
    auto const  size = measure(version, expected);
    INFO(expected);
    REQUIRE(expected.ends_with("ends Success End of file"));
    tls_pair pair;
    prepare(pair, version);

    for (std::size_t at = 1; at <= std::max(size.forth, size.back); at += stride(version)) {
        CAPTURE(at);
        pair.wrap_client = pair.wrap_server = [at](stream_ptr lower) { return std::make_unique<split_stream>(std::move(lower), at); };
        REQUIRE(converse(pair) == expected);
    }
}

TEST_CASE("a TLS conversation is the same trickled, coalesced and through a narrow wire", "[transport][tls][wire]") {
    auto const  version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    std::string expected;
    measure(version, expected);
    tls_pair pair;
    prepare(pair, version);

    for (auto const& faults : {no_faults().split(1), no_faults().split(3), no_faults().coalesce(5), no_faults().capacity(1), no_faults().capacity(7).split(2)}) {
        pair.wire = memory_options().both(faults);
        CHECK(converse(pair) == expected);
    }
}

TEST_CASE("a TLS conversation cut after any byte fails on both sides, and nothing hangs", "[transport][tls][wire]") {
    auto const  version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    bool const  is_forth = GENERATE(true, false);
    bool const  is_reset = GENERATE(true, false);
    std::string expected;
    auto const  size = measure(version, expected);
    auto const  last = (is_forth ? size.forth : size.back) - 12;    // signatures may be shorter another time
    tls_pair    pair;
    prepare(pair, version);

    for (std::size_t at = 0; at < last; at += stride(version) * (is_reset ? 5 : 1)) {
        CAPTURE(at, is_forth, is_reset);
        auto const cut = is_reset ? no_faults().reset_after(at) : no_faults().eof_after(at);
        pair.wire = is_forth ? memory_options().first_to_second(cut) : memory_options().second_to_first(cut);
        REQUIRE_FALSE(survives(pair));
    }
    pair.wire = {};
    CHECK(survives(pair));
}

TEST_CASE("a handshake given up at any step ends at once and closes the wire", "[transport][tls][wire]") {
    bool const        is_client = GENERATE(true, false);
    auto const        type = GENERATE(from_range(cancellations));
    tls_pair          pair;
    std::size_t       steps = 0;
    bool              is_over = false;

    for (; !is_over; ++steps) {
        asio::cancellation_signal signal;
        auto [left, right] = make_memory_pair(pair.ex(), memory_options().both(no_faults().split(100)));
        stream_outcome connected, accepted;
        auto const     stop = [&](bool is_mine, stream_outcome& of) {
            return asio::bind_cancellation_slot(is_mine ? signal.slot() : asio::cancellation_slot(), of.handler());
        };
        start_tls_accept(std::move(right), pair.server, false, {}, stop(!is_client, accepted));
        start_tls_connect(std::move(left), pair.where, pair.client, {}, stop(is_client, connected));
        auto& mine = is_client ? connected : accepted;
        auto& other = is_client ? accepted : connected;
        pair.io.restart();
        for (std::size_t i = 0; i < steps && !mine.is_done(); ++i) pair.io.run_one();
        is_over = mine.is_done();
        signal.emit(type);
        pair.run(mine);
        CAPTURE(steps);
        REQUIRE(mine.calls() == 1);
        if (is_over) break;
        // Done, though not delivered yet, is done: cancelling comes too late.
        REQUIRE((mine.ec() == asio::error::operation_aborted || !mine.ec()));
        mine.value().reset();
        pair.run(other);
        if (!other.ec()) REQUIRE(pair.next_read_error(*other.value()).failed());
    }
    CHECK(steps > 10);
}

TEST_CASE("a handshake on a silent wire waits until it is given up", "[transport][tls][wire]") {
    tls_pair                  pair;
    asio::cancellation_signal signal;
    bool const                is_client = GENERATE(true, false);
    auto [left, right] = make_memory_pair(pair.ex());
    stream_outcome done;
    auto           handler = asio::bind_cancellation_slot(signal.slot(), done.handler());

    if (is_client) start_tls_connect(std::move(left), pair.where, pair.client, {}, std::move(handler));
    else start_tls_accept(std::move(left), pair.server, false, {}, std::move(handler));
    pair.settle();
    pair.settle();
    CHECK_FALSE(done.is_done());
    signal.emit(asio::cancellation_type::terminal);
    pair.run(done);

    CHECK(done.ec() == asio::error::operation_aborted);
    std::string left_over(4096, '\0');
    for (error_code ec; !ec;) {
        auto const rest = pair.read_some(*right, left_over);
        pair.run(rest);
        if ((ec = rest.ec())) CHECK(ec == asio::error::eof);
    }
}

TEST_CASE("what is no TLS is called so", "[transport][tls][wire]") {
    struct row {
        std::string bytes;
        char const* to_client;
        char const* to_server;
    };
    using namespace std::string_literals;
    auto const each = GENERATE(row{"\x20\x02\x00\x05"s, "not TLS: the server speaks something else at this port", "not TLS: the client speaks something else"},
                               row{"\x10\x12\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x05tests"s, "not TLS: the server", "not TLS: the client speaks something else"},
                               row{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not TLS: the server", "not TLS: the client speaks HTTP"},
                               row{"HTTP/1.1 400 Bad Request\r\n\r\n", "not TLS: the server", "not TLS: the client"},
                               row{"", "the server closed the connection during the TLS handshake; does it speak TLS at this port?",
                                   "the client closed the connection during the TLS handshake"});
    tls_pair   pair;
    for (bool const is_client : {true, false}) {
        CAPTURE(each.bytes, is_client);
        auto [left, right] = make_memory_pair(pair.ex());
        diary          heard;
        stream_outcome done;
        if (is_client) start_tls_connect(std::move(left), pair.where, pair.client, heard.observer(), done.handler());
        else start_tls_accept(std::move(left), pair.server, false, heard.observer(), done.handler());
        CHECK_FALSE(pair.write(*right, each.bytes));
        wait_outcome ended;
        right->async_shutdown(ended.handler());
        pair.run(done);
        CHECK(done.ec() == errc::tls_failed);
        CHECK(heard.failure().find(is_client ? each.to_client : each.to_server) == 0);
        pair.run(ended);
    }
}

TEST_CASE("an end without close_notify is told from a proper one", "[transport][tls][wire]") {
    tls_pair pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client.versions(version, version);

    pair.join();
    pair.talk();
    CHECK_FALSE(pair.write(*pair.second, "last words"));
    pair.second->close();
    CHECK(pair.read(*pair.first, 10) == "last words");
    CHECK(pair.next_read_error(*pair.first) == errc::tls_truncated);
    CHECK(pair.next_read_error(*pair.first) == errc::tls_truncated);

    pair.join();
    pair.talk();
    wait_outcome ended;
    CHECK_FALSE(pair.write(*pair.second, "last words"));
    pair.second->async_shutdown(ended.handler());
    pair.run(ended);
    CHECK_FALSE(ended.ec());
    CHECK(pair.read(*pair.first, 10) == "last words");
    CHECK(pair.next_read_error(*pair.first) == asio::error::eof);
    // One side ended; the other may go on.
    CHECK_FALSE(pair.write(*pair.first, "still here"));
    CHECK(pair.read(*pair.second, 10) == "still here");
    CHECK(pair.write(*pair.second, "x") == asio::error::broken_pipe);
}

TEST_CASE("a broken record ends the connection on both sides", "[transport][tls][wire]") {
    tls_pair  pair;
    stream*   raw = nullptr;
    pair.wrap_client = [&](stream_ptr lower) { return raw = lower.get(), std::move(lower); };
    pair.join();
    pair.talk();

    CHECK_FALSE(pair.write(*raw, std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x')));

    CHECK(pair.next_read_error(*pair.second) == errc::tls_failed);
    CHECK(pair.write(*pair.second, "x") == errc::tls_failed);
    CHECK(pair.next_read_error(*pair.first) == errc::tls_rejected);
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
    pair.wire.both(no_faults().capacity(5000));
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
    pair.wire.both(no_faults().capacity(GENERATE(as<std::size_t>{}, 100, 65'536)).split(GENERATE(as<std::size_t>{}, 3'000, 70'000)));
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
    pair.wire.both(no_faults().capacity(1000));
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
    pair.wire.first_to_second(no_faults().capacity(1000));
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
