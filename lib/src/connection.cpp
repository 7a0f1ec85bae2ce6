// The driver: two chains of handlers, one timer and one posted flush over an engine and a stream.
//
//   read chain    async_read_some(prepare()) -> received() -> poll() to the owner -> flush
//   write chain   flush: async_write_some(pending()) -> sent() -> again while there is something
//   end           engine finished and output gone -> shutdown -> read the rest away -> close -> on_ended()
#include <aldis/connection.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "frame_tap.hpp"

namespace aldis {

namespace asio = boost::asio;
using session::time_point;

class connection::impl : public std::enable_shared_from_this<impl> {
public:
    impl(std::unique_ptr<transport::stream> stream, session::role who, session::settings const& how, session::commit_clock const& clock)
        : stream_(std::move(stream)), timer_(stream_->get_executor()), engine_(who, how, clock) {}

    void start(connection_owner& owner) {
        owner_ = &owner;
        engine_.opened(now());
        flush();
    }

    void flush() {
        if (std::exchange(dirty_, true)) return;
        asio::post(stream_->get_executor(), on_flush{shared_from_this()});
    }

    void close_soon() {
        if (!lingers_until_) lingers_until_ = now() + patience;
        wants_end_ = true;
        flush();
    }

    void close() {
        if (std::exchange(closed_, true)) return;
        engine_.connection_lost(now());
        timer_.cancel();
        stream_->close();
        if (owner_) flush();
    }

    /// The owner is gone. The engine lets go of the session now, so that another one can take it; what is being written stays where it is.
    void abandon() {
        owner_ = nullptr;
        close();
        engine_.connection_lost(now());
    }

    // Each handler keeps the connection alive until it has run.
    struct on_flush {
        std::shared_ptr<impl> self;
        void operator()() const {
            self->dirty_ = false;
            self->turn();
        }
    };
    struct on_read {
        std::shared_ptr<impl> self;
        void operator()(error_code ec, std::size_t n) const { self->was_read(ec, n); }
    };
    struct on_write {
        std::shared_ptr<impl> self;
        void operator()(error_code ec, std::size_t n) const { self->was_written(ec, n); }
    };
    struct on_shutdown {
        std::shared_ptr<impl> self;
        void operator()(error_code ec) const { self->was_shut_down(ec); }
    };
    struct on_timer {
        std::shared_ptr<impl> self;
        std::uint64_t         no;
        void operator()(error_code ec) const {
            if (!ec) self->timer_fired(no);
        }
    };

    std::shared_ptr<void const>        kept_{};                    // outlives the engine
    std::unique_ptr<transport::stream> stream_;
    asio::steady_timer                 timer_;
    session::engine                    engine_;
    std::unique_ptr<frame_tap>         tap_{};
    std::uint64_t                      writes_ = 0;

private:
    enum class ending : std::uint8_t { no, shutting_down, reading_away };

    /// All that one turn of the loop may make necessary. Safe to call at any time from the executor.
    void turn() {
        drain();
        write();
        drain();                                                   // choosing what to write may have ended a delivery: expired, too large
        end_if_finished();
        arm();
        read();
        if (owner_) owner_->on_turn();
        report_end();
    }

    /// Hands on every event. Should a handler throw into the event loop, the connection goes on with the next turn.
    void drain() {
        auto const at = now();
        try {
            while (owner_) {
                auto const* const event = engine_.poll(at);
                if (!event) return;
                owner_->on_event(*event);
            }
        } catch (...) {
            flush();
            throw;
        }
    }

    // ---- Reading --------------------------------------------------------------------------------------------------------

    void read() {
        if (reading_ || closed_) return;
        asio::mutable_buffer into;
        if (engine_.finished()) {
            if (ending_ != ending::reading_away) return;
            if (!scrap_) scrap_ = std::make_unique<scrap>();
            into = asio::buffer(*scrap_);
        } else {
            if (!engine_.wants_input()) return;
            auto const space = engine_.prepare();
            into = {space.data(), space.size()};
            into_ = space.data();
        }
        reading_ = true;
        stream_->async_read_some(into, on_read{shared_from_this()});
    }

    void was_read(error_code ec, std::size_t n) {
        reading_ = false;
        if (closed_) return report_end();
        if (ec) return transport_failed(ec);
        if (!engine_.finished()) {
            if (tap_) tap_->feed(direction::received, {into_, n});
            engine_.received(n, now());
        }
        drain();
        flush();
    }

    void transport_failed(error_code ec) {
        if (!why_) why_ = ec;
        engine_.connection_lost(now());
        if (!closed_) {
            closed_ = true;
            timer_.cancel();
            stream_->close();
        }
        drain();
        report_end();
    }

    // ---- Writing --------------------------------------------------------------------------------------------------------

    void write() {
        if (writing_ || closed_ || ending_ != ending::no) return;
        auto const pieces = engine_.pending(now());
        if (pieces.empty()) return;
        if (!buffers_) buffers_ = std::make_unique<gather>();
        auto& to = *buffers_;
        buffers_used_ = std::min(pieces.size(), to.size());
        for (std::size_t i = 0; i < buffers_used_; ++i) to[i] = {pieces[i].data(), pieces[i].size()};
        writing_ = true;
        ++writes_;
        stream_->async_write_some(std::span<asio::const_buffer const>(to.data(), buffers_used_), on_write{shared_from_this()});
    }

    void was_written(error_code ec, std::size_t n) {
        writing_ = false;
        if (closed_) return report_end();
        if (ec) return transport_failed(ec);
        if (tap_) show_written(n);
        engine_.sent(n, now());
        if (owner_) owner_->on_written();
        if (!dirty_) turn();
    }

    void show_written(std::size_t n) {
        for (std::size_t i = 0; i < buffers_used_ && n > 0; ++i) {
            auto const& from = (*buffers_)[i];
            auto const  part = std::min(n, from.size());
            tap_->feed(direction::sent, {static_cast<std::byte const*>(from.data()), part});
            n -= part;
        }
    }

    // ---- The end --------------------------------------------------------------------------------------------------------

    /// Once nothing more is to be said, our side is ended; the peer's is read until it ends too, since closing a socket with unread
    /// bytes would take back what it has not read of ours.
    void end_if_finished() {
        if (closed_ || ending_ != ending::no || !(engine_.finished() || wants_end_)) return;
        if (!lingers_until_) lingers_until_ = now() + patience;
        if (writing_ || !engine_.pending(now()).empty()) return;
        ending_ = ending::shutting_down;
        shutting_down_ = true;
        stream_->async_shutdown(on_shutdown{shared_from_this()});
    }

    void was_shut_down(error_code ec) {
        shutting_down_ = false;
        ending_ = ending::reading_away;
        if (closed_) return report_end();
        if (ec) return transport_failed(ec);
        turn();
    }

    void report_end() {
        if (!closed_ || reading_ || writing_ || shutting_down_ || !owner_) return;
        drain();                                                   // the last event of the engine
        if (auto* const owner = std::exchange(owner_, nullptr)) owner->on_ended(why_);
    }

    // ---- Time -----------------------------------------------------------------------------------------------------------

    /// A timer that is due too early just looks again; so a deadline that moves back with each packet costs nothing.
    void arm() {
        if (closed_) return;
        auto due = engine_.deadline();
        if (lingers_until_ && (!due || *lingers_until_ < *due)) due = lingers_until_;
        if (!due || (armed_ && *armed_ <= *due)) return;
        armed_ = due;
        timer_.expires_at(std::chrono::steady_clock::time_point(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(bounded(due->time_since_epoch()))));
        timer_.async_wait(on_timer{shared_from_this(), ++timer_no_});
    }

    /// Deadlines that mean "never" do not fit into the steady clock's nanoseconds.
    static session::duration bounded(session::duration since_epoch) {
        return std::min(since_epoch, now().time_since_epoch() + std::chrono::hours{24 * 365});
    }

    void timer_fired(std::uint64_t no) {
        if (no != timer_no_ || closed_) return;
        armed_.reset();
        auto const at = now();
        if (lingers_until_ && *lingers_until_ <= at) return transport_failed(asio::error::timed_out);
        engine_.tick(at);
        turn();
    }

    using gather = std::array<asio::const_buffer, transport::stream::max_write_buffers>;
    using scrap  = std::array<std::byte, 4096>;

    connection_owner*         owner_ = nullptr;
    std::unique_ptr<gather>   buffers_{};
    std::size_t               buffers_used_ = 0;
    std::byte const*          into_ = nullptr;
    std::unique_ptr<scrap>    scrap_{};
    std::optional<time_point> armed_{};
    std::optional<time_point> lingers_until_{};
    std::uint64_t             timer_no_ = 0;
    error_code                why_{};
    ending                    ending_ = ending::no;
    bool                      dirty_ = false;
    bool                      reading_ = false;
    bool                      writing_ = false;
    bool                      shutting_down_ = false;
    bool                      wants_end_ = false;
    bool                      closed_ = false;
};

// ---- The handle -------------------------------------------------------------------------------------------------------

connection::connection(std::unique_ptr<transport::stream> stream, session::role who, session::settings const& how,
                       session::commit_clock const& clock)
    : impl_(std::make_shared<impl>(std::move(stream), who, how, clock)) {}
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&& other) noexcept {
    if (this != &other) {
        if (impl_) impl_->abandon();
        impl_ = std::move(other.impl_);
    }
    return *this;
}
connection::~connection() {
    if (impl_) impl_->abandon();
}

void connection::start(connection_owner& owner) { impl_->start(owner); }
void connection::flush() { impl_->flush(); }
void connection::close_soon() { impl_->close_soon(); }
void connection::close() noexcept { impl_->close(); }
void connection::keep(std::shared_ptr<void const> what) { impl_->kept_ = std::move(what); }
void connection::tap(tap_handler see) { impl_->tap_ = see ? std::make_unique<frame_tap>(std::move(see)) : nullptr; }

session::engine&       connection::engine() noexcept { return impl_->engine_; }
session::engine const& connection::engine() const noexcept { return impl_->engine_; }
std::uint64_t          connection::writes() const noexcept { return impl_->writes_; }
std::string            connection::remote_name() const { return impl_->stream_->remote_name(); }

transport::stream::executor_type connection::get_executor() const { return impl_->stream_->get_executor(); }

time_point connection::now() noexcept {
    return time_point(std::chrono::floor<session::duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

} // namespace aldis
