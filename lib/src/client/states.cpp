// The state as data: who is told of it, and who waits for a connection.
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

constexpr std::size_t most_states = 16;                            // of those that nobody has taken; the last is always among them

} // namespace

/// Snapshot and queue have it at once. The handler is called from the loop; `connected` now, since messages may follow in this very turn.
void client::impl::tell(connection_state now) {
    now_ = now;
    if (auto op = state_waits_.take_first()) std::move(*op).complete({}, now);
    else states_.push_back(now);
    if (states_.size() > most_states) states_.pop_front();
    auto const handler = on_state_;
    if (!handler || dead_) return;
    if (std::holds_alternative<link_state::connected>(now)) return (*handler)(now);
    asio::post(io_, [self = shared_from_this(), handler, now = std::move(now)] {
        if (!self->dead_ && handler == self->on_state_) (*handler)(now);
    });
}

void client::impl::next_state(state_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (!states_.empty()) {
        auto next = std::move(states_.front());
        states_.pop_front();
        return std::move(op).complete({}, std::move(next));
    }
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->state_waits_.take(no)) std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    state_waits_.add(no, std::move(op));
}

void client::impl::wait_connected(std::optional<std::chrono::milliseconds> within, connect_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (is_open()) return std::move(op).complete({}, connected_as_);
    if (!run_ && !is_connecting_ && !next_) return std::move(op).complete(error::not_connected, {});
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->connect_waits_.take(no)) std::move(taken->op).complete(asio::error::operation_aborted, {});
    });
    auto& waiting = connect_waits_.add(no, waiting_for_connection{std::move(op), nullptr});
    if (!within) return;
    waiting.limit = std::make_unique<asio::steady_timer>(io_, *within);
    waiting.limit->async_wait([weak = weak_from_this(), no](error_code ec) {
        auto const self = weak.lock();
        if (ec || !self) return;
        if (auto taken = self->connect_waits_.take(no)) self->tell_cause(std::move(taken->op));
    });
}

/// The deadline of a wait has passed: with what is known of why.
void client::impl::tell_cause(connect_operation op) {
    bool const is_known = last_cause_.kind() != cause_kind::none && last_cause_.code();
    connect_result result;
    if (is_known) result.detail(last_cause_.text());
    std::move(op).complete(is_known ? last_cause_.code() : make_error_code(error::connect_timed_out), std::move(result));
}

void client::impl::end_waits(error_code why, connect_result const& result) {
    for (auto& each : connect_waits_.take_all()) std::move(each.op).complete(why, result);
}

} // namespace aldis
