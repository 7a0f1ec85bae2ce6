// Reading, writing and ending one connection of a broker.
//
//   read    wait until there is something -> async_read_some(prepare()) -> received() -> the core -> at the end of the turn again
//   write   at the end of the turn: async_write_some(pending()) -> sent() -> again while there is something
//   end     engine finished and output gone -> shutdown -> read the rest away -> close -> ended()
#include "link.hpp"

#include <algorithm>
#include <utility>

#include <aldis/connection.hpp>

namespace aldis::serving {

namespace {

/// A peer that sends so little at a time gets its buffer when it sends.
constexpr std::size_t little = 1'024;

} // namespace

struct link::on_readable {
    std::shared_ptr<link> self;
    void operator()(error_code) const { self->was_readable(); }
};
struct link::on_read {
    std::shared_ptr<link> self;
    void operator()(error_code ec, std::size_t n) const { self->was_read(ec, n); }
};
struct link::on_write {
    std::shared_ptr<link> self;
    void operator()(error_code ec, std::size_t n) const { self->was_written(ec, n); }
};
struct link::on_shutdown {
    std::shared_ptr<link> self;
    void operator()(error_code ec) const { self->was_shut_down(ec); }
};

void link::turn() {
    if (!host_) return;
    auto const now = connection::now();
    auto&      core = host_->state();
    if (is_overdue(now)) close();
    core.feed(*this, now);
    core.drain(*this, now);
    write(now);
    core.drain(*this, now);                                        // choosing what to write may have ended a delivery
    core.watch_commit(*this);
    if (!host_) return;                                            // a hook has destroyed the broker
    if (wants_close) close();
    end_if_finished(now);
    set_deadline();
    if (!closed_) core.arm(*this);
    read();
    report_end();
}

void link::close() {
    if (std::exchange(closed_, true) || !host_) return;
    auto const now = connection::now();
    engine.connection_lost(now);
    host_->state().drain(*this, now);
    stream_->close();
    host_->state().mark(*this);
}

void link::abandon() noexcept {
    host_ = nullptr;
    forget_asked();
    closed_ = true;
    stream_->close();
}

// ---- Reading ----------------------------------------------------------------------------------------------------------

void link::read() {
    if (reading_ || closed_) return;
    if (!engine.finished() && !engine.wants_input()) return;
    if (engine.finished() && ending_ != ending::reading_away) return;
    if (!rests_ || engine.finished()) return read_now();
    reading_ = true;
    stream_->async_wait_readable(on_readable{shared_from_this()});
}

void link::was_readable() {
    reading_ = false;
    rests_ = false;
    if (closed_ || !host_) return report_end();
    read();                                                        // an error of the wait is the read's, too
}

void link::read_now() {
    asio::mutable_buffer into;
    if (engine.finished()) {
        if (!scrap_) scrap_ = std::make_unique<scrap>();
        into = asio::buffer(*scrap_);
    } else {
        auto const space = engine.prepare();
        into = {space.data(), space.size()};
        into_ = space.data();
    }
    reading_ = true;
    stream_->async_read_some(into, on_read{shared_from_this()});
}

void link::was_read(error_code ec, std::size_t n) {
    reading_ = false;
    if (closed_ || !host_) return report_end();
    auto& core = host_->state();
    if (ec) {
        close();
        return report_end();
    }
    rests_ = n < little;
    auto const now = connection::now();
    if (!engine.finished()) {
        if (tap_) tap_->feed(direction::received, {into_, n});
        core.counted().packets_in += came_.walk({into_, n});
        engine.received(n, now);
    }
    core.heard(*this, n, now);
    if (host_) host_->state().mark(*this);
}

// ---- Writing ----------------------------------------------------------------------------------------------------------

void link::write(time_point now) {
    if (writing_ || closed_ || ending_ != ending::no) return;
    auto const pieces = engine.pending(now);
    if (pieces.empty()) {
        buffers_.reset();
        return;
    }
    if (!buffers_) buffers_ = std::make_unique<gather>();
    auto&      to = *buffers_;
    auto const count = std::min(pieces.size(), to.size());
    for (std::size_t i = 0; i < count; ++i) to[i] = {pieces[i].data(), pieces[i].size()};
    writing_ = true;
    writing_since_ = now;
    stream_->async_write_some(std::span<asio::const_buffer const>(to.data(), count), on_write{shared_from_this()});
}

void link::was_written(error_code ec, std::size_t n) {
    writing_ = false;
    if (closed_ || !host_) return report_end();
    if (ec) {
        close();
        return report_end();
    }
    host_->state().counted().bytes_out += n;
    show_written(n);
    engine.sent(n, connection::now());
    if (!is_dirty) turn();
}

/// To the counter of packets, and to whoever watches.
void link::show_written(std::size_t n) {
    auto& packets = host_->state().counted().packets_out;
    for (auto const* from = buffers_->data(); n > 0; ++from) {
        bytes_view const part{static_cast<std::byte const*>(from->data()), std::min(n, from->size())};
        if (tap_) tap_->feed(direction::sent, part);
        packets += went_.walk(part);
        n -= part.size();
    }
}

// ---- The end ----------------------------------------------------------------------------------------------------------

/// Once nothing more is to be said, our side is ended; the peer's is read until it ends too, since closing a socket with unread bytes would
/// take back what it has not read of ours.
void link::end_if_finished(time_point now) {
    if (closed_ || ending_ != ending::no || !engine.finished()) return;
    if (!lingers_until_) lingers_until_ = now + patience;
    if (writing_ || !engine.pending(now).empty()) return;
    ending_ = ending::shutting_down;
    shutting_down_ = true;
    stream_->async_shutdown(on_shutdown{shared_from_this()});
}

void link::was_shut_down(error_code ec) {
    shutting_down_ = false;
    ending_ = ending::reading_away;
    if (closed_ || !host_) return report_end();
    if (ec) {
        close();
        return report_end();
    }
    turn();
}

/// A client that takes nothing is closed: its socket is full, so there is no word for it.
void link::set_deadline() {
    own_deadline = lingers_until_;
    auto const timeout = host_->state().limits().write_timeout();
    if (!writing_ || timeout.count() == 0) return;
    auto const stuck = writing_since_ + session::duration(timeout);
    if (!own_deadline || stuck < *own_deadline) own_deadline = stuck;
}

bool link::is_overdue(time_point now) const noexcept {
    if (lingers_until_ && *lingers_until_ <= now) return true;
    auto const timeout = host_->state().limits().write_timeout();
    return writing_ && timeout.count() != 0 && writing_since_ + session::duration(timeout) <= now;
}

void link::report_end() {
    if (!closed_ || reading_ || writing_ || shutting_down_ || !host_) return;
    std::exchange(host_, nullptr)->ended(*this);
}

} // namespace aldis::serving
