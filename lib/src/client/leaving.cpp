// Leaving in order: what was accepted goes first, then DISCONNECT.
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "impl.hpp"

namespace aldis {

/// Messages that were accepted and have not ended.
std::size_t client::impl::undelivered() const noexcept { 
    return state_->queued_messages() + state_->in_flight() + waiting_.size() + waiting_to_queue_.size();
}

void client::impl::leave(std::chrono::milliseconds within, disconnect_options how, leave_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, 0);
    if (leaving_) return std::move(op).complete(error::already_connected, 0);
    if (!connection_ && !is_connecting_ && !run_) return std::move(op).complete(error::not_connected, undelivered());
    if (auto const wrong = how.props().flaw()) return std::move(op).complete(bad_argument(*wrong), undelivered());
    auto const no = next_no_++;
    auto const at_once = [weak = weak_from_this(), no] {
        auto const self = weak.lock();
        if (self && self->leaving_ && self->leaving_->no == no && !self->leaving_->has_said) self->leave_now();
    };
    op.on_cancel([at_once](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none) at_once();
    });
    leaving_.emplace(departure{std::move(op), std::move(how), std::make_unique<asio::steady_timer>(io_, within), no});
    leaving_->limit->async_wait([at_once](error_code ec) {
        if (!ec) at_once();
    });
    // What is published in this turn goes too.
    asio::post(io_, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) self->leave_if_done();
    });
}

void client::impl::leave_if_done() {
    if (!leaving_ || leaving_->has_said || undelivered() > 0) return;
    if (!connection_ && run_ && run_->at == supervision::phase::open) return;
    leave_now();
}

/// Says DISCONNECT where there is somebody to say it to; on_ended() does the rest.
void client::impl::leave_now() {
    count_remaining();
    bool const is_there = connection_ && !connection_->engine().finished();
    if (is_there) {
        packet::disconnect last;
        last.reason = leaving_->how.reason();
        last.props = leaving_->how.props().view();
        if (!connection_->engine().disconnect(last, connection::now())) connection_->close();
        return connection_->flush();
    }
    if (connection_) return;                                       // it is ending already
    give_up_connecting();
    if (is_connecting_) connect_failed(error::disconnected);
    else if (run_) finish_running({}, connection_cause(cause_kind::stopped, error::disconnected));
    left();
}

/// Nothing more goes from here on.
void client::impl::count_remaining() noexcept {
    if (!leaving_ || std::exchange(leaving_->has_said, true)) return;
    leaving_->remaining = undelivered();
}

/// Tells how it went: every operation of what could not go, and the number.
void client::impl::left() {
    auto going = std::exchange(leaving_, std::nullopt);
    if (!going) return;
    auto const remaining = going->remaining;
    end_publishes(error::disconnected);
    while (!waiting_.empty()) std::move(take_first(waiting_).op).complete(error::disconnected, {});
    std::move(going->op).complete(remaining > 0 ? make_error_code(error::left_undelivered) : error_code{}, remaining);
}

} // namespace aldis
