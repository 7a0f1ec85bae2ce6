// websocket: whatever a peer sends during or after the handshake, in whatever pieces, reading ends, says the same, and stays within its bounds.
#include "transport_fuzz.hpp"

#include <aldis/transport/memory.hpp>

#include "layers.hpp"

using namespace aldis;
using namespace aldis::fuzz;
using namespace aldis::transport;

namespace {

constexpr std::size_t max_message = 20'000;

struct outcome {
    std::string bytes{};
    error_code  ended{};
    bool        is_open = false;                   // the handshake was done
};

// Bits of the first choice; the second one is how much is read at a time.
struct plan {
    explicit plan(script const& from)
        : is_server((from.choice(0) & 1) != 0), is_compressed((from.choice(0) & 2) != 0), is_handshake((from.choice(0) & 4) != 0),
          is_shut_down((from.choice(0) & 8) != 0), is_writing((from.choice(0) & 16) != 0), is_cancelling((from.choice(0) & 32) != 0) {}

    bool is_server, is_compressed, is_handshake, is_shut_down, is_writing, is_cancelling;
};

class session {
public:
    session(script const& from, bool is_whole) : script_(from), plan_(from), is_whole_(is_whole) {}

    outcome run() {
        auto [left, right] = make_memory_pair(io_.get_executor());
        auto       ours = std::make_unique<fed_stream>(io_.get_executor(), script_, is_whole_, std::move(left));
        auto* const fed = ours.get();
        if (plan_.is_handshake) fed->feed();
        open(std::move(ours), plan_.is_server, made_);
        if (!plan_.is_handshake) open(std::move(right), !plan_.is_server, peer_);
        io_.run();
        out_.is_open = made_ != nullptr;
        check(out_.is_open || plan_.is_handshake, "the handshake with our own kind succeeds");
        if (!made_) return std::move(out_);
        fed->feed();
        talk();
        io_.restart();
        io_.run();
        check(bool(out_.ended), "reading ends");
        made_.reset();
        peer_.reset();
        io_.restart();
        io_.run();
        return std::move(out_);
    }

private:
    void open(std::unique_ptr<stream> lower, bool is_server, std::unique_ptr<stream>& into) {
        endpoint const    where(scheme::ws, "fuzz");
        auto const        options = websocket_options{}.compression(plan_.is_compressed).max_message(max_message).allow_origin("https://a");
        auto              done = [&into](error_code ec, std::unique_ptr<stream> made) {
            check(!ec == (made != nullptr), "there is a stream or an error");
            into = std::move(made);
        };
        if (is_server) start_websocket_accept(std::move(lower), where, options, {}, std::move(done));
        else start_websocket_connect(std::move(lower), where, options, {}, std::move(done));
    }

    void talk() {
        if (plan_.is_writing) {
            piece_ = asio::buffer(said_);
            made_->async_write_some(std::span(&piece_, 1), [](error_code, std::size_t) {});
        }
        if (plan_.is_shut_down && !plan_.is_writing) made_->async_shutdown([](error_code) {});
        read();
    }

    void read() {
        buffer_.resize(1U + script_.choice(1));
        made_->async_read_some(asio::buffer(buffer_), [this](error_code ec, std::size_t size) {
            check(size <= buffer_.size(), "a read fits its buffer");
            check(ec ? size == 0 : size > 0, "a read moves bytes or fails");
            out_.bytes += buffer_.substr(0, size);
            if (ec && ec != asio::error::operation_aborted) return end(ec);
            if (plan_.is_cancelling && !ec && out_.bytes.size() % 3 == 0) return wait();
            read();
        });
        if (plan_.is_cancelling && ++reads_ % 2 == 0) made_->cancel();
    }

    void wait() {
        made_->async_wait_readable([this](error_code ec) {
            check(!ec, "a wait that nobody cancels succeeds");
            read();
        });
    }

    void end(error_code ec) {
        out_.ended = ec;
        made_->async_read_some(asio::buffer(buffer_), [ec](error_code again, std::size_t) { check(again == ec, "an end is final"); });
    }

    script const&           script_;
    plan                    plan_;
    bool                    is_whole_;
    asio::io_context        io_;
    std::unique_ptr<stream> made_{}, peer_{};
    std::string             buffer_{};
    std::string             said_ = "something of ours";
    asio::const_buffer      piece_{};
    std::size_t             reads_ = 0;
    outcome                 out_{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    script const from(data, size);
    auto const   whole = session(from, true).run();
    auto const   pieces = session(from, false).run();

    check(whole.is_open == pieces.is_open, "a handshake does not depend on how it is cut");
    // Beast ends a compressed message by feeding the inflater 00 00 FF FF until nothing comes out. Where that is in the middle of a broken
    // block it is taken for data, over and over up to the bound of a message, and how it falls depends on the sizes of the reads.
    if (plan(from).is_compressed) {
        check(std::max(whole.bytes.size(), pieces.bytes.size()) <= max_message * (size + 1), "what inflates is bounded, message by message");
        return 0;
    }
    check(whole.ended == pieces.ended, "an end does not depend on how the bytes before it were cut");
    bool const is_same = whole.bytes.starts_with(pieces.bytes) || pieces.bytes.starts_with(whole.bytes);
    check(is_same, "the bytes do not depend on how they were cut");
    return 0;
}
