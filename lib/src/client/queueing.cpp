// Messages that wait: for room in the queue or the output, until their deadline, until they expire.
#include <algorithm>

#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

/// A queue in which each message expires at another instant is not searched for each of them.
constexpr session::duration expiry_grain = std::chrono::milliseconds{50};

} // namespace

// ---- Waiting for room -------------------------------------------------------------------------------------------------

void client::impl::wait_for_room(waiting_list& in, outgoing what, publish_operation op) {
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), to = &in, no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && type != asio::cancellation_type::none) self->end_waiting(*to, no, asio::error::operation_aborted);
    });
    std::optional<session::time_point> deadline;
    if (what.deadline.count() > 0) {
        deadline = deadline_list::from_now(what.deadline);
        deadlines_->add(*deadline, kind_of(in), no);
    }
    in.add(no, waiting_publish{std::move(what), std::move(op), deadline});
}

deadline_list::kind client::impl::kind_of(waiting_list const& list) const noexcept {
    return &list == &waiting_ ? deadline_list::kind::room_in_output : deadline_list::kind::room_in_queue;
}

void client::impl::end_waiting(waiting_list& in, std::uint64_t no, error_code why) {
    auto taken = in.take(no);
    if (!taken) return;
    if (taken->deadline) deadlines_->remove(*taken->deadline, kind_of(in), no);
    std::move(taken->op).complete(why, {});
}

/// The first of a list that has one, for what comes next.
client::impl::waiting_publish client::impl::take_first(waiting_list& in) {
    auto const no = in.first_no();
    auto taken = std::move(*in.take_first());
    if (taken.deadline) deadlines_->remove(*taken.deadline, kind_of(in), no);
    return taken;
}

/// What waits for the queue goes into it as room allows, in order.
void client::impl::admit() {
    while (auto* const next = waiting_to_queue_.first()) {
        auto const started = start(next->what);
        if (!started && started.error() == session::refusal::queue_full) return;
        auto taken = take_first(waiting_to_queue_);
        if (started) track(*started, taken.what.until_stored, {std::move(taken.op), taken.deadline});
        else std::move(taken.op).complete(make_error_code(started.error()), {});
    }
}

// ---- Taking back ------------------------------------------------------------------------------------------------------

bool client::impl::withdraw(session::delivery_no no) {
    bool const is_gone = (connection_ && connection_->engine().withdraw(no, connection::now())) || state_->withdraw(no);
    if (!is_gone) return false;
    if (connection_) connection_->flush();
    changed_offline();
    return true;
}

std::optional<publish_operation> client::impl::take_publish(session::delivery_no no) {
    auto found = publishes_.take(no);
    if (!found) found = stored_.take(no);
    if (!found) return std::nullopt;
    if (found->deadline) deadlines_->remove(*found->deadline, deadline_list::kind::publish, no);
    return std::move(found->op);
}

void client::impl::end_publishes(error_code why) {
    for (auto* const list : {&publishes_, &stored_})
        for (auto& each : list->take_all()) std::move(each.op).complete(why, {});
    for (auto& each : waiting_to_queue_.take_all()) std::move(each.op).complete(why, {});
    deadlines_->clear_all();
    if (std::exchange(expires_, std::nullopt) && !dead_) expire();   // what is in the queue still expires
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void client::impl::on_deadline(deadline_list::kind what, std::uint64_t no) {
    using kind = deadline_list::kind;
    auto const self = shared_from_this();
    switch (what) {
    case kind::room_in_output: return end_waiting(waiting_, no, error::deadline_not_sent);
    case kind::room_in_queue: return end_waiting(waiting_to_queue_, no, error::deadline_not_sent);
    case kind::publish: {
        auto op = take_publish(no);
        if (!op) return;
        auto const ec = withdraw(no) ? error::deadline_not_sent : error::deadline_passed;
        std::move(*op).complete(ec, {});
        return admit();
    }
    case kind::request:
        if (auto taken = requests_.take(no)) std::move(taken->op).complete(error::deadline_passed, {});
        return;
    case kind::expiry: return expire();
    }
}

/// A message that expires was put into the queue.
void client::impl::watch_expiry(std::optional<std::uint32_t> seconds) {
    if (!seconds) return;
    auto const at = deadline_list::from_now(std::chrono::seconds{*seconds});
    if (expires_ && *expires_ <= at) return;
    if (expires_) deadlines_->remove(*expires_, deadline_list::kind::expiry, 0);
    expires_ = at;
    deadlines_->add(at, deadline_list::kind::expiry, 0);
}

void client::impl::expire() {
    if (expires_) deadlines_->remove(*expires_, deadline_list::kind::expiry, 0);
    expires_.reset();
    auto const now = connection::now();
    if (auto const next = state_->expire(now)) {
        expires_ = std::max(*next, now + expiry_grain);
        deadlines_->add(*expires_, deadline_list::kind::expiry, 0);
    }
    if (connection_) connection_->flush();
    report_offline_outcomes();
    changed_offline();
    admit();
}

/// A full queue may have dropped something to make room, with nobody polling. Not from inside the caller's publish().
void client::impl::report_offline_outcomes() {
    if (connection_) return;
    auto ends = state_->take_outcomes();
    if (ends.empty()) return;
    asio::post(io_, [self = shared_from_this(), ends = std::move(ends)] {
        for (auto const& each : ends) self->settle(each);
    });
}

} // namespace aldis
