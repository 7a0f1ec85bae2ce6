// Messages that arrive, the queue they wait in, their acknowledgement; and the requests that bring them.
#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

// ---- SUBSCRIBE and UNSUBSCRIBE ----------------------------------------------------------------------------------------

void client::impl::subscribe(subscribe_list const& to, subscribe_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (!is_open()) return std::move(op).complete(error::not_connected, {});
    auto const filters = to.filters();
    auto const props = to.props().view();
    if (auto const wrong = filters.flaw() ? filters.flaw() : props.flaw()) return std::move(op).complete(bad_argument(*wrong), {});
    if (filters.empty()) return std::move(op).complete(bad_argument(codec::errc::no_filters), {});
    wait_for_answer(packet_type::suback, connection_->engine().subscribe(filters, props, connection::now()), std::move(op));
}

void client::impl::unsubscribe(unsubscribe_list const& from, subscribe_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (!is_open()) return std::move(op).complete(error::not_connected, {});
    auto const filters = from.filters();
    auto const props = from.props().view();
    if (auto const wrong = filters.flaw() ? filters.flaw() : props.flaw()) return std::move(op).complete(bad_argument(*wrong), {});
    if (filters.empty()) return std::move(op).complete(bad_argument(codec::errc::no_filters), {});
    if (router_) router_->drop_restored(from);
    wait_for_answer(packet_type::unsuback, connection_->engine().unsubscribe(filters, props, connection::now()), std::move(op));
}

void client::impl::wait_for_answer(packet_type type, session::outcome<packet_id> const& sent, subscribe_operation op) {
    if (!sent) return std::move(op).complete(make_error_code(sent.error()), {});
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type how) {
        auto const self = weak.lock();
        auto const stops = asio::cancellation_type::terminal | asio::cancellation_type::partial;
        if (!self || (how & stops) == asio::cancellation_type::none) return;
        if (auto taken = self->requests_.take(no)) std::move(taken->op).complete(asio::error::operation_aborted, {});
    });
    requests_.add(no, pending_request{type, *sent, std::move(op)});
    connection_->flush();
}

void client::impl::answered(packet_type type, packet_id id, reason_codes const& codes, properties const& props) {
    if (router_ && router_->answered(type, id, codes, props)) return;
    auto found = requests_.take_if([&](pending_request const& each) { return each.id == id && each.type == type; });
    if (!found) return;                                            // whoever asked does not wait any more
    subscribe_result result(codes, props);
    auto const       ec = make_error_code(result.reason());
    std::move(found->op).complete(ec, std::move(result));
}

// ---- Messages ---------------------------------------------------------------------------------------------------------

void client::impl::arrived(session::event::message_arrived const& e) {
    if (router_ && router_->deliver(e)) return;
    received_message const seen(e.message, e.arrival, connection_->engine());
    if (auto const handler = on_message_) {
        (*handler)(seen);
        if (!options_.manual_acknowledge()) acknowledge(seen.arrival(), seen.qos(), reason_code::success);
        return;
    }
    if (auto op = receivers_.take_first()) return hand_over(std::move(*op), seen);
    incoming_.push_back(seen);
    incoming_bytes_ += seen.size();
    throttle();
}

void client::impl::receive(receive_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    if (!incoming_.empty()) {
        auto next = std::move(incoming_.front());
        incoming_.pop_front();
        incoming_bytes_ -= next.size();
        throttle();
        return hand_over(std::move(op), std::move(next));
    }
    if (!connection_ && !is_connecting_ && !run_) return std::move(op).complete(error::not_connected, {});
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->receivers_.take(no)) std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    receivers_.add(no, std::move(op));
}

void client::impl::hand_over(receive_operation op, received_message message) {
    auto const arrival = message.arrival();
    auto const qos = message.qos();
    if (arrival == 0 || options_.manual_acknowledge()) return std::move(op).complete({}, std::move(message));
    std::move(op).complete_then(
        [weak = weak_from_this(), arrival, qos] {
            if (auto const self = weak.lock()) self->acknowledge(arrival, qos, reason_code::success);
        },
        {}, std::move(message));
}

/// Stops reading when either bound of the queue is reached, and goes on when half of it is free again; the same for a subscription's.
void client::impl::throttle() {
    if (!connection_) return;
    auto const most = options_.incoming_messages();
    auto const most_bytes = options_.incoming_bytes();
    is_full_ = is_full_ ? incoming_.size() > most / 2 || incoming_bytes_ > most_bytes / 2
                        : incoming_.size() >= most || incoming_bytes_ >= most_bytes;
    bool const full = is_full_ || (router_ && router_->is_full());
    if (full == throttled_) return;
    throttled_ = full;
    connection_->engine().pause(full, connection::now());
    connection_->flush();
}

router& client::impl::routes() {
    if (!router_) router_ = std::make_unique<router>(*this);
    return *router_;
}

requester& client::impl::requests() {
    if (!requester_) requester_ = std::make_unique<requester>(*this);
    return *requester_;
}

void client::impl::acknowledge(received_message const& message, reason_code reason) {
    if (message.taker() != 0 && router_ && !dead_) return router_->let_go(message.taker(), message.arrival(), message.qos(), reason);
    acknowledge(message.arrival(), message.qos(), reason);
}

void client::impl::acknowledge(session::arrival_no arrival, qos_level qos, reason_code reason) {
    if (arrival == 0 || dead_) return;
    if (is_open()) {
        (void)connection_->engine().acknowledge(arrival, reason, {}, connection::now());
        return connection_->flush();
    }
    // A QoS 1 message comes again; of a QoS 2 message the session remembers that it came, so its answer must not be forgotten.
    if (qos == qos_level::exactly_once) late_answers_.push_back({arrival, reason});
}

} // namespace aldis
