// Publishing: the copy that an operation owns, the start, and the end that the engine reports.
#include <array>

#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

/// How the engine's word on a delivery reads as an error.
error_code error_of(session::event::delivered const& e) {
    using session::event::outcome;
    switch (e.how) {
    case outcome::acknowledged: return {};
    case outcome::refused: return make_error_code(e.reason);
    case outcome::session_lost: return error::session_lost;
    case outcome::expired: return error::message_expired;
    case outcome::too_large: return error::too_large;
    case outcome::not_supported: return error::not_supported_by_peer;
    case outcome::dropped: return error::message_dropped;
    }
    return error::invalid;
}

} // namespace

client::outgoing client::prepare(std::string_view topic, payload_view payload, publish_options const& how) {
    outgoing made;
    made.qos = how.qos();
    made.retain = how.retain();
    made.until_stored = how.until_stored();
    auto const props = how.props().view();
    made.expiry = props.get<property_id::message_expiry_interval>();
    made.topic_alias = props.get<property_id::topic_alias>().value_or(0);
    made.has_props = !props.empty();
    made.deadline = how.deadline();
    if (props.has(property_id::subscription_identifier)) {
        made.flaw = bad_argument(codec::errc::property_not_from_sender);
        return made;
    }
    auto content = session::message::make(topic, props, payload.bytes());
    if (content) made.content = std::move(*content);
    else made.flaw = bad_argument(content.error().code);
    return made;
}

// ---- The start --------------------------------------------------------------------------------------------------------

void client::impl::publish(outgoing what, publish_operation op) {
    if (auto const flaw = flaw_of(what)) return std::move(op).complete(flaw, {});

    if (!may_queue(what.qos)) {
        auto const ec = waiting_.empty() ? start_at_qos_0(what) : make_error_code(error::queue_full);
        if (ec == error::queue_full && is_open()) return wait_for_room(waiting_, std::move(what), std::move(op));
        return std::move(op).complete(ec, {});
    }
    bool const waits = options_.settings().queue.when_full == session::overflow::wait;
    if (!waiting_to_queue_.empty()) return wait_for_room(waiting_to_queue_, std::move(what), std::move(op));
    auto const started = start(what);
    report_offline_outcomes();
    if (!started) {
        bool const is_full = started.error() == session::refusal::queue_full;
        if (is_full && waits) return wait_for_room(waiting_to_queue_, std::move(what), std::move(op));
        bool const drops = is_full && options_.settings().queue.when_full == session::overflow::drop_newest;
        return std::move(op).complete(drops ? make_error_code(error::message_dropped) : make_error_code(started.error()), {});
    }
    if (*started == 0) return std::move(op).complete({}, {});      // QoS 0 is in the output
    std::optional<session::time_point> deadline;
    if (what.deadline.count() > 0) deadline = deadline_list::from_now(what.deadline);
    track(*started, what.until_stored, {std::move(op), deadline});
}

error_code client::impl::flaw_of(outgoing const& what) const {
    if (dead_) return asio::error::operation_aborted;
    if (what.flaw) return what.flaw;
    if (what.has_props && !is_v5(options_.version())) return bad_argument(codec::errc::not_expressible);
    if (what.qos == qos_level::at_most_once) return what.until_stored ? make_error_code(error::invalid) : error_code{};
    if (store_error_) return store_error_;
    return what.until_stored && !store_ ? make_error_code(error::invalid) : error_code{};
}

/// QoS 0 goes straight into the output of an open connection.
bool client::impl::may_queue(qos_level qos) const noexcept { return qos != qos_level::at_most_once || (options_.queue_qos_0() && !is_open()); }

/// The message is the session's now: waiting for it can end, delivering only as long as nothing of it was sent.
void client::impl::track(session::delivery_no no, bool until_stored, pending_publish made) {
    made.op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self) return;
        auto const stops = asio::cancellation_type::terminal | asio::cancellation_type::partial;
        bool const only_stops = (type & stops) != asio::cancellation_type::none;
        if (!only_stops && (type == asio::cancellation_type::none || !self->withdraw(no))) return;
        if (auto op = self->take_publish(no)) std::move(*op).complete(asio::error::operation_aborted, {});
        if (!only_stops) self->admit();
    });
    if (made.deadline) deadlines_->add(*made.deadline, deadline_list::kind::publish, no);
    if (until_stored) made.batch = store_->clock().filling;
    (until_stored ? stored_ : publishes_).add(no, std::move(made));
}

session::outcome<session::delivery_no> client::impl::start(outgoing const& what) {
    session::publish_options how;
    how.qos = what.qos;
    how.retain = what.retain;
    how.topic_alias = what.topic_alias;
    auto const now = connection::now();
    if (what.expiry) how.expires_at = now + std::chrono::seconds{*what.expiry};

    bool const is_at_most_once = what.qos == qos_level::at_most_once;
    bool const has_engine = connection_ && !connection_->engine().finished() && !(is_at_most_once && !is_open());
    if (has_engine) {
        auto started = connection_->engine().publish(what.content, how, now);
        if (!started) return started;
        connection_->flush();
        if (state_->queued_messages() > 0) watch_expiry(what.expiry);
        return started;
    }
    if (is_at_most_once && !options_.queue_qos_0()) return session::refusal::not_connected;
    auto const queued = state_->enqueue(what.content, how, options_.settings().queue, now);
    if (queued.result != session::enqueued::how::yes) return session::refusal::queue_full;
    watch_expiry(what.expiry);
    changed_offline();
    return queued.no;
}

error_code client::impl::start_at_qos_0(outgoing const& what) {
    auto const started = start(what);
    return started ? error_code{} : make_error_code(started.error());
}

session::outcome<session::delivery_no> client::impl::publish_now(std::string_view topic, payload_view payload, publish_options const& how) {
    bool const is_at_most_once = how.qos() == qos_level::at_most_once;
    if (!is_at_most_once && (store_error_ || !waiting_to_queue_.empty())) return session::refusal::queue_full;
    bool const is_offline = !connection_ || connection_->engine().finished() || (is_at_most_once && !is_open());
    if (is_offline && may_queue(how.qos())) {
        auto const what = prepare(topic, payload, how);
        if (what.flaw || (what.has_props && !is_v5(options_.version()))) return session::refusal::invalid;
        auto const started = start(what);
        report_offline_outcomes();
        return started;
    }
    if (!connection_) return session::refusal::not_connected;
    packet::publish p;
    p.topic = topic;
    p.payload = payload.bytes();
    p.qos = how.qos();
    p.retain = how.retain();
    p.props = how.props().view();
    auto const started = connection_->engine().publish(p, connection::now());
    if (!started) return started;
    connection_->flush();
    if (*started != 0 && state_->queued_messages() > 0) watch_expiry(p.props.get<property_id::message_expiry_interval>());
    return started;
}

// ---- Waiting for room, QoS 0 ------------------------------------------------------------------------------------------

void client::impl::on_written() {
    if (router_) router_->ask();
    while (auto* const next = waiting_.first()) {
        auto const ec = start_at_qos_0(next->what);
        if (ec == error::queue_full) return;
        std::move(take_first(waiting_).op).complete(ec, {});
    }
    leave_if_done();
}

// ---- The end ----------------------------------------------------------------------------------------------------------

void client::impl::settle(session::event::delivered const& e) { settle(e.no, error_of(e), publish_result(e.reason, e.props)); }

void client::impl::settle(session::delivery_no no, error_code ec, publish_result result) {
    if (auto op = take_publish(no)) std::move(*op).complete(ec, std::move(result));
    else if (auto const handler = on_delivered_) handler(no, ec, result);
    leave_if_done();
}

client_metrics client::impl::metrics() const {
    client_metrics now;
    if (auto const* const counted = state_->counted()) now.traffic = *counted;
    now.queued_messages = state_->queued_messages();
    now.queued_bytes = state_->queued_bytes();
    now.in_flight = state_->in_flight();
    now.in_flight_bytes = state_->in_flight_bytes();
    now.waiting = waiting_.size() + waiting_to_queue_.size();
    now.waiting_for_store = stored_.size();
    now.connects = opened_;
    now.reconnects = opened_ > 0 ? opened_ - 1 : 0;
    now.is_connected = is_open();
    return now;
}

} // namespace aldis
