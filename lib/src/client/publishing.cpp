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
    auto const props = how.props().view();
    made.expiry = props.get<property_id::message_expiry_interval>();
    made.topic_alias = props.get<property_id::topic_alias>().value_or(0);
    made.has_props = !props.empty();
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
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (what.flaw) return std::move(op).complete(what.flaw, {});
    if (what.has_props && !is_v5(options_.version()))
        return std::move(op).complete(bad_argument(codec::errc::not_expressible), {});

    if (what.qos == qos_level::at_most_once) {
        auto const ec = waiting_.empty() ? start_at_qos_0(what) : make_error_code(error::queue_full);
        if (ec == error::queue_full && is_open()) return wait_for_room(std::move(what), std::move(op));
        return std::move(op).complete(ec, {});
    }
    auto const started = start(what);
    if (!started) return std::move(op).complete(make_error_code(started.error()), {});
    auto const no = *started;
    // It is the session's now: waiting can end, delivering only as long as it was not started.
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self) return;
        auto const stops = asio::cancellation_type::terminal | asio::cancellation_type::partial;
        bool const withdrawn = (type & stops) == asio::cancellation_type::none && self->state_->withdraw(no);
        if ((type & stops) == asio::cancellation_type::none && !withdrawn) return;
        if (auto taken = self->publishes_.take(no)) std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    publishes_.add(no, std::move(op));
    report_offline_outcomes();
}

session::outcome<session::delivery_no> client::impl::start(outgoing const& what) {
    session::publish_options how;
    how.qos = what.qos;
    how.retain = what.retain;
    how.topic_alias = what.topic_alias;
    auto const now = connection::now();
    if (what.expiry) how.expires_at = now + std::chrono::seconds{*what.expiry};

    if (connection_ && !connection_->engine().finished()) {
        auto started = connection_->engine().publish(what.content, how, now);
        if (started) connection_->flush();
        return started;
    }
    if (what.qos == qos_level::at_most_once) return session::refusal::not_connected;
    auto const queued = state_->enqueue(what.content, how, options_.settings().queue, now);
    if (queued.result != session::enqueued::how::yes) return session::refusal::queue_full;
    return queued.no;
}

error_code client::impl::start_at_qos_0(outgoing const& what) {
    auto const started = start(what);
    return started ? error_code{} : make_error_code(started.error());
}

session::outcome<session::delivery_no> client::impl::publish_now(std::string_view topic, payload_view payload, publish_options const& how) {
    if (how.qos() != qos_level::at_most_once && (!connection_ || connection_->engine().finished())) {
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
    if (started) connection_->flush();
    return started;
}

// ---- Waiting for room, QoS 0 ------------------------------------------------------------------------------------------

void client::impl::wait_for_room(outgoing what, publish_operation op) {
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->waiting_.take(no)) std::move(taken->op).complete(asio::error::operation_aborted, {});
    });
    waiting_.add(no, waiting_publish{std::move(what), std::move(op)});
}

void client::impl::on_written() {
    if (router_) router_->ask();
    while (auto* const next = waiting_.first()) {
        auto const ec = start_at_qos_0(next->what);
        if (ec == error::queue_full) return;
        std::move(waiting_.take_first()->op).complete(ec, {});
    }
    leave_if_done();
}

// ---- The end ----------------------------------------------------------------------------------------------------------

void client::impl::settle(session::event::delivered const& e) { settle(e.no, error_of(e), publish_result(e.reason, e.props)); }

void client::impl::settle(session::delivery_no no, error_code ec, publish_result result) {
    if (auto op = publishes_.take(no)) std::move(*op).complete(ec, std::move(result));
    else if (auto const handler = on_delivered_) handler(no, ec, result);
    leave_if_done();
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
