// WebSocket over any stream, for both sides: the one instantiation of Beast's websocket::stream.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/zlib/error.hpp>

#include "http_head.hpp"
#include "layers.hpp"
#include "opening.hpp"
#include "pending.hpp"
#include "uri_text.hpp"
#include "web_handshake.hpp"
#include "web_wire.hpp"

namespace aldis::transport {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// The wire as Beast wants its next layer. What owns the wire owns Beast's stream, too.
class wire_end {
public:
    using executor_type = asio::any_io_executor;
    using lowest_layer_type = wire_end;

    explicit wire_end(web_wire* wire) noexcept : wire_(wire) {}

    executor_type            get_executor() const { return wire_->next().get_executor(); }
    lowest_layer_type&       lowest_layer() noexcept { return *this; }
    lowest_layer_type const& lowest_layer() const noexcept { return *this; }
    web_wire&                wire() noexcept { return *wire_; }

    template <class Buffers, class Handler>
    void async_read_some(Buffers const& into, Handler&& handler) {
        auto const end = asio::buffer_sequence_end(into);
        auto       at = asio::buffer_sequence_begin(into);
        while (at != end && asio::mutable_buffer(*at).size() == 0) ++at;
        wire_->read(at == end ? asio::mutable_buffer() : asio::mutable_buffer(*at), std::forward<Handler>(handler));
    }

    template <class Buffers, class Handler>
    void async_write_some(Buffers const& from, Handler&& handler) {
        wire_->write(from, std::forward<Handler>(handler));
    }

private:
    web_wire* wire_;
};

template <class Handler>
void async_teardown(beast::role_type, wire_end& end, Handler&& handler) {
    end.wire().teardown(std::forward<Handler>(handler));
}

// Beast's timers, which would call this, are off.
[[maybe_unused]] void beast_close_socket(wire_end& end) { end.wire().next().close(); }

constexpr std::size_t batch_size = 65'536;         // a message of ours takes at most so many bytes
constexpr std::size_t idle_size = 512;             // what an idle connection's read may hold

enum : std::uint16_t { close_normal = 1000, close_unsupported_data = 1003 };

// What a caller hears of an error of Beast's.
error_code translate(error_code ec) {
    if (ec == websocket::error::closed) return asio::error::eof;
    if (ec == websocket::error::message_too_big) return errc::web_message_too_large;
    if (ec == websocket::error::bad_frame_payload) return errc::web_text_message;
    auto const& category = ec.category();
    bool const  is_frames = category == error_code(websocket::error::closed).category();
    bool const  is_deflate = category == error_code(beast::zlib::error::general).category();
    return is_frames || is_deflate ? error_code(errc::web_protocol_error) : ec;
}

// An open WebSocket, or one that is being opened. Beast cannot be interrupted without giving the connection up, so its reads fill a buffer of
// ours and its writes empty one: a caller who cancels takes his leave, and what Beast is at is kept for the next one.
class web_core final : public web_wire {
public:
    web_core(std::unique_ptr<stream> next, bool is_server, websocket_options const& options);

    websocket::stream<wire_end>& web() noexcept { return web_; }

    void read(asio::mutable_buffer into, completion<error_code, std::size_t> done);
    void write(std::span<asio::const_buffer const> from, completion<error_code, std::size_t> done);
    void wait_readable(completion<error_code> done);
    void shutdown(completion<error_code> done);
    void close() noexcept;
    void cancel() noexcept;

private:
    struct on_io {
        std::shared_ptr<web_core> self;
        void (web_core::*then)(error_code, std::size_t);

        void operator()(error_code ec, std::size_t bytes) const { (self.get()->*then)(ec, bytes); }
    };

    std::weak_ptr<web_core>   weak() { return std::static_pointer_cast<web_core>(shared_from_this()); }
    std::shared_ptr<web_core> self() { return std::static_pointer_cast<web_core>(shared_from_this()); }

    bool is_closing() const noexcept override { return !web_.is_open(); }
    bool is_in_message() const noexcept override { return is_writing_; }

    bool        has_bytes() const noexcept { return in_begin_ < in_end_; }
    void        read_on();
    void        on_read(error_code ec, std::size_t bytes);
    void        refuse_text();
    void        deliver();
    void        write_on();
    std::size_t gather();
    void        on_write(error_code ec, std::size_t bytes);
    void        give_up_write();

    struct write_order {
        std::span<asio::const_buffer const> from{};
        std::size_t                         taken = 0;             // of it, once it is under way
    };

    websocket::stream<wire_end>                          web_;
    std::unique_ptr<std::byte[]>                         in_{};
    std::size_t                                          in_size_ = 0;
    std::size_t                                          in_begin_ = 0;
    std::size_t                                          in_end_ = 0;
    std::unique_ptr<std::byte[]>                         out_{};
    error_code                                           read_error_{};
    pending<asio::mutable_buffer, error_code, std::size_t> reader_{};
    pending<std::nullptr_t, error_code>                  waiter_{};
    pending<write_order, error_code, std::size_t>        writer_{};
    pending<std::nullptr_t, error_code>                  ender_{};
    bool                                                 is_open_ = true;
    bool                                                 is_reading_ = false;
    bool                                                 is_writing_ = false;
    bool                                                 is_refusing_ = false;
    bool                                                 is_ended_ = false;   // by shutdown()
};

web_core::web_core(std::unique_ptr<stream> next, bool is_server, websocket_options const& options)
    : web_wire(std::move(next), is_server), web_(wire_end(this)) {
    web_.binary(true);
    web_.auto_fragment(false);
    web_.write_buffer_bytes(batch_size);
    web_.read_message_max(options.max_message());
    if (!options.compression()) return;
    websocket::permessage_deflate deflate;
    deflate.server_enable = deflate.client_enable = true;
    deflate.memLevel = 4;
    web_.set_option(deflate);
}

// ---- Reading ----------------------------------------------------------------------------------------------------------------------------

void web_core::read(asio::mutable_buffer into, completion<error_code, std::size_t> done) {
    if (!is_open_) return std::move(done).post(asio::error::bad_descriptor, 0);
    if (into.size() == 0) return std::move(done).post({}, 0);
    if (reader_) return std::move(done).post(asio::error::already_started, 0);
    reader_.start(weak(), into, std::move(done), [this] { reader_.finish(asio::error::operation_aborted, 0); });
    deliver();
}

void web_core::wait_readable(completion<error_code> done) {
    if (!is_open_) return std::move(done).post(asio::error::bad_descriptor);
    if (waiter_) return std::move(done).post(asio::error::already_started);
    waiter_.start(weak(), nullptr, std::move(done), [this] { waiter_.finish(asio::error::operation_aborted); });
    deliver();
}

void web_core::deliver() {
    if (!has_bytes() && !read_error_) return read_on();
    waiter_.finish({});
    if (!reader_) return;
    if (!has_bytes()) return reader_.finish(read_error_, 0);
    auto const size = asio::buffer_copy(reader_.what(), asio::buffer(in_.get() + in_begin_, in_end_ - in_begin_));
    in_begin_ += size;
    reader_.finish({}, size);
}

void web_core::read_on() {
    if (is_reading_ || is_refusing_ || (!reader_ && !waiter_)) return;
    auto const wanted = reader_ ? std::clamp(reader_.what().size(), idle_size, batch_size) : idle_size;
    if (in_size_ < wanted || (!reader_ && in_size_ > idle_size)) {
        in_size_ = wanted;
        in_.reset(new std::byte[wanted]);
    }
    is_reading_ = true;
    web_.async_read_some(asio::buffer(in_.get(), in_size_), on_io{self(), &web_core::on_read});
}

void web_core::on_read(error_code ec, std::size_t bytes) {
    is_reading_ = false;
    if (!is_open_) return;
    if (!ec && web_.got_text()) return refuse_text();              // [MQTT-6.0.0-1]
    in_begin_ = 0;
    in_end_ = ec ? 0 : bytes;
    read_error_ = translate(ec);
    deliver();                                                     // [MQTT-6.0.0-2]
}

void web_core::refuse_text() {
    is_refusing_ = true;
    if (is_ended_) {
        read_error_ = errc::web_text_message;
        return deliver();
    }
    send_close(close_unsupported_data, [this](error_code) {
        read_error_ = errc::web_text_message;
        deliver();
    });
}

// ---- Writing ----------------------------------------------------------------------------------------------------------------------------

void web_core::write(std::span<asio::const_buffer const> from, completion<error_code, std::size_t> done) {
    if (!is_open_) return std::move(done).post(asio::error::bad_descriptor, 0);
    while (!from.empty() && from.front().size() == 0) from = from.subspan(1);
    if (from.empty()) return std::move(done).post({}, 0);
    if (writer_) return std::move(done).post(asio::error::already_started, 0);
    writer_.start(weak(), write_order{from, 0}, std::move(done), [this] { give_up_write(); });
    write_on();
}

void web_core::write_on() {
    if (is_writing_ || !writer_) return;
    if (write_error()) return writer_.finish(write_error(), 0);
    if (is_ended_ || is_refusing_ || is_close_sent() || !web_.is_open()) return writer_.finish(asio::error::broken_pipe, 0);
    auto const size = gather();
    writer_.what().taken = size;
    is_writing_ = true;
    web_.async_write(asio::const_buffer(out_.get(), size), on_io{self(), &web_core::on_write});
}

// Copies a batch, since the caller may take his buffers away.
std::size_t web_core::gather() {
    auto const& from = writer_.what().from;
    auto const  pieces = from.first(std::min(from.size(), stream::max_write_buffers));
    auto const  size = std::min(asio::buffer_size(pieces), batch_size);
    out_.reset(new std::byte[size]);
    return asio::buffer_copy(asio::mutable_buffer(out_.get(), size), pieces);
}

void web_core::on_write(error_code ec, std::size_t) {
    is_writing_ = false;
    out_.reset();
    if (!is_open_) return;
    if (write_error()) ec = write_error();
    else if (ec) ec = asio::error::broken_pipe;
    if (writer_ && writer_.what().taken > 0) writer_.finish(ec, ec ? 0 : writer_.what().taken);
    write_on();
    try_send_close();
}

// What is under way cannot be taken back, so it counts as written.
void web_core::give_up_write() {
    auto const taken = writer_.what().taken;
    writer_.finish(taken > 0 ? error_code{} : asio::error::operation_aborted, taken);
}

// ---- Ending -----------------------------------------------------------------------------------------------------------------------------

void web_core::shutdown(completion<error_code> done) {
    if (!is_open_) return std::move(done).post(asio::error::bad_descriptor);
    if (ender_) return std::move(done).post(asio::error::already_started);
    if (is_ended_ || is_refusing_) return std::move(done).post(write_error());
    is_ended_ = true;
    ender_.start(weak(), nullptr, std::move(done), [this] { ender_.finish(asio::error::operation_aborted); });
    send_close(close_normal, [this](error_code ec) { ender_.finish(ec); });
}

void web_core::close() noexcept {
    if (!std::exchange(is_open_, false)) return;
    next().close();
    cancel();
}

void web_core::cancel() noexcept {
    reader_.finish(asio::error::operation_aborted, 0);
    waiter_.finish(asio::error::operation_aborted);
    ender_.finish(asio::error::operation_aborted);
    if (writer_ && is_open_) give_up_write();
    writer_.finish(asio::error::operation_aborted, 0);
}

class web_stream final : public stream {
public:
    web_stream(std::shared_ptr<web_core> core, websocket_facts known) : core_(std::move(core)), known_(std::move(known)) {}
    ~web_stream() override { core_->close(); }

    executor_type get_executor() const override { return core_->next().get_executor(); }
    std::string   remote_name() const override { return core_->next().remote_name(); }
    void          close() noexcept override { core_->close(); }
    void          cancel() noexcept override { core_->cancel(); }

    stream_facts facts() const override {
        auto all = core_->next().facts();
        all.websocket = known_;
        return all;
    }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override { core_->read(into, {std::move(handler), get_executor()}); }
    void do_wait_readable(wait_handler handler) override { core_->wait_readable({std::move(handler), get_executor()}); }
    void do_shutdown(wait_handler handler) override { core_->shutdown({std::move(handler), get_executor()}); }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        core_->write(from, {std::move(handler), get_executor()});
    }

    std::shared_ptr<web_core> core_;
    websocket_facts           known_;
};

// ---- Opening ----------------------------------------------------------------------------------------------------------------------------

// What both sides share: once Beast has the stream, it is the core's.
class web_opening : public opening {
public:
    web_opening(std::unique_ptr<stream> lower, endpoint const& where, websocket_options const& options, observer const& see, stream_handler handler)
        : opening(std::move(lower), phase::websocket, see, std::move(handler)), where_(where), options_(options) {}

protected:
    struct on_open {
        std::shared_ptr<web_opening> self;

        void operator()(error_code ec) const { self->opened(ec); }
    };

    virtual void opened(error_code ec) = 0;

    on_open handler() { return {std::static_pointer_cast<web_opening>(shared_from_this())}; }

    web_core& make_core(bool is_server) {
        core_ = std::make_shared<web_core>(take_lower(), is_server, options_);
        return *core_;
    }

    void close_lower() noexcept override {
        if (core_) core_->close();
        else opening::close_lower();
    }

    void done(websocket_facts known) {
        core_->open();
        succeed(std::make_unique<web_stream>(std::move(core_), std::move(known)));
    }

    endpoint                  where_;
    websocket_options         options_;
    std::shared_ptr<web_core> core_{};
};

class web_connect final : public web_opening {
public:
    using web_opening::web_opening;

private:
    void begin() override {
        if (auto const wrong = find_bad_option(where_, options_); !wrong.empty()) return fail(errc::web_bad_option, wrong);
        tell("asking for WebSocket at " + printable(where_.path()));
        auto& web = make_core(false).web();
        web.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) { decorate(request); }));
        web.async_handshake(answer_, host_of(where_), target_of(where_), handler());
        web.set_option(websocket::stream_base::decorator([](websocket::request_type&) {}));
    }

    void decorate(websocket::request_type& request) const {
        request.set(http::field::user_agent, "aldis");
        request.set(http::field::sec_websocket_protocol, web_subprotocol);                                     // [MQTT-6.0.0-3]
        for (auto const& [name, value] : options_.headers()) {
            bool const is_single = is_same_text(name, "Host") || is_same_text(name, "User-Agent");
            if (is_single) request.set(name, value);
            else request.insert(name, value);
        }
    }

    void opened(error_code ec) override {
        if (is_done()) return;
        if (auto story = story_so_far(); !story.empty()) return fail(errc::web_refused, std::move(story));
        if (ec) return fail_handshake(ec);
        auto const offered = answer_.equal_range(http::field::sec_websocket_protocol);
        bool const is_mqtt = std::distance(offered.first, offered.second) == 1 && offered.first->value() == web_subprotocol;
        if (!is_mqtt) return fail(errc::web_no_subprotocol, "the server does not speak the WebSocket subprotocol mqtt at " + printable(where_.path()));
        bool const is_compressed = answer_.count(http::field::sec_websocket_extensions) > 0;
        if (is_compressed && !options_.compression()) return fail(errc::web_bad_handshake, "the server uses a WebSocket extension that was not offered");
        done({target_of(where_), {}, is_compressed});
    }

    void fail_handshake(error_code ec) {
        if (ec == http::error::end_of_stream || ec == http::error::partial_message || ec == asio::error::eof)
            return fail(asio::error::eof, "the server closed the connection instead of answering");
        bool const is_ours = ec.category() == http::make_error_code(http::error::end_of_stream).category() ||
                             ec.category() == websocket::make_error_code(websocket::error::closed).category();
        if (is_ours) fail(errc::web_bad_handshake, "the server's answer is no proper WebSocket handshake: " + ec.message());
        else fail(ec);
    }

    std::string story_so_far() const override { return core_ ? describe_refusal(core_->answer(), target_of(where_)) : std::string{}; }

    websocket::response_type answer_{};
};

class web_accept final : public web_opening {
public:
    using web_opening::web_opening;

private:
    void begin() override {
        auto const seen = received().size();
        receive(std::min<std::size_t>(1024, options_.max_header() + 1 - seen), [this, seen] { on_head(seen); });
    }

    void on_head(std::size_t seen) {
        auto const size = find_head_end(received(), seen);
        if (size > options_.max_header() || (size == 0 && received().size() > options_.max_header())) return refuse(refuse_too_large());
        if (size == 0) return begin();
        auto const verdict = judge_request(std::string_view(received()).substr(0, size), where_, options_);
        if (verdict.refusal) return refuse(*verdict.refusal);
        request_ = verdict.request;
        accept(received().substr(size));
    }

    void accept(std::string surplus) {
        auto& core = make_core(true);
        core.put_back(std::move(surplus));
        // Beast sees what was checked and nothing else.
        http::request<http::empty_body> request(http::verb::get, "/", 11);
        request.set(http::field::host, request_.host);
        request.set(http::field::upgrade, "websocket");
        request.set(http::field::connection, "upgrade");
        request.set(http::field::sec_websocket_version, "13");
        request.set(http::field::sec_websocket_key, request_.key);
        if (!request_.extensions.empty()) request.set(http::field::sec_websocket_extensions, request_.extensions);
        auto& web = core.web();
        web.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) { decorate(response); }));
        web.async_accept(request, handler());
        web.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    }

    void decorate(websocket::response_type& response) {
        is_compressed_ = response.count(http::field::sec_websocket_extensions) > 0;
        response.set(http::field::server, "aldis");
        response.set(http::field::sec_websocket_protocol, web_subprotocol);                                    // [MQTT-6.0.0-4]
        for (auto const& [name, value] : options_.headers())
            if (is_field_name(name) && is_field_value(value)) response.insert(name, value);
    }

    void opened(error_code ec) override {
        if (is_done()) return;
        if (ec) return fail(ec);
        done({request_.target, request_.origin, is_compressed_});
    }

    void refuse(web_refusal refusal) {
        story_ = std::to_string(refusal.status) + ": " + refusal.text;
        send(to_response(refusal), [this, refusal] {
            auto const next = [self = shared_from_this(), this, refusal](error_code) {
                if (is_done()) return;
                if (refusal.status == 431) drain(refusal.why, 0);
                else fail(refusal.why, story_);
            };
            lower().async_shutdown(next);
        });
    }

    // Closing while the rest of a request comes in is a reset, which may overtake the refusal.
    void drain(errc why, std::size_t seen) {
        received().resize(4096);
        lower().async_read_some(asio::buffer(received()), [self = shared_from_this(), this, why, seen](error_code ec, std::size_t size) {
            if (is_done()) return;
            if (ec || seen + size > max_drained) fail(why, story_);
            else drain(why, seen + size);
        });
    }

    static constexpr std::size_t max_drained = 65'536;

    std::string story_{};
    web_request request_{};
    bool        is_compressed_ = false;
};

} // namespace

void start_websocket_connect(std::unique_ptr<stream> lower, endpoint const& where, websocket_options const& options, observer const& see,
                             stream_handler handler) {
    std::make_shared<web_connect>(std::move(lower), where, options, see, std::move(handler))->start();
}

void start_websocket_accept(std::unique_ptr<stream> lower, endpoint const& where, websocket_options const& options, observer const& see,
                            stream_handler handler) {
    std::make_shared<web_accept>(std::move(lower), where, options, see, std::move(handler))->start();
}

} // namespace aldis::transport
