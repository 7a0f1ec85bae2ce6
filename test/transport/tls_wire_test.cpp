// TLS against a wire that splits, trickles, ends and breaks.
#include "tls_pair.hpp"

#include <array>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

constexpr bool is_sanitized = ALDIS_SANITIZED;

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

// Every position is tried, but where that would only take long.
std::size_t stride(tls_version version) { return (is_sanitized ? 7 : 1) * (version == tls_version::v1_3 ? 1 : 3); }

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
