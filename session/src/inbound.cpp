// The receiving half: PUBLISH and PUBREL in, acknowledgements out, in their order (3.3.4, 4.3, 4.6).
#include "engine_impl.hpp"

namespace aldis::session {

// ---- PUBLISH ----------------------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::on(packet::publish const& received, time_point) {
    auto p = received;
    if (is_v5(version_) && !resolve_alias(p)) return nullptr;
    if (auto* const t = counted()) {
        auto& of = t->received[static_cast<std::size_t>(p.qos)];
        ++of.messages;
        of.bytes += p.payload.size();
    }
    if (p.qos > own_.maximum_qos) return refuse(reason_code::qos_not_supported);                         // [MQTT-3.2.2-11]
    if (p.retain && !own_.retain_available) return refuse(reason_code::retain_not_supported);            // [MQTT-3.2.2-14]
    if (p.qos == qos_level::at_most_once) return raise(event::message_arrived{p, 0});
    return p.qos == qos_level::at_least_once ? on_qos_1(p) : on_qos_2(p);
}

/// Puts the topic in place of its alias. False: the connection was refused.
bool engine::impl::resolve_alias(packet::publish& p) {
    auto const alias = p.props.get<property_id::topic_alias>();
    if (!alias) return true;
    if (*alias > own_.topic_alias_maximum) {                       // [MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-10] [MQTT-3.3.2-11]
        refuse(reason_code::topic_alias_invalid);
        return false;
    }
    if (!aliases_in_) aliases_in_ = std::make_unique<incoming_aliases>();
    if (!p.topic.empty()) {
        aliases_in_->set(*alias, p.topic);                         // [MQTT-3.3.2-12]
        return true;
    }
    alias_topic_ = aliases_in_->find(*alias);
    p.topic = alias_topic_;
    if (p.topic.empty()) refuse(reason_code::protocol_error);
    return !p.topic.empty();
}

engine::impl::event_ptr engine::impl::on_qos_1(packet::publish const& p) {
    auto const* const qos_2 = session_->arrivals.find(p.id);
    if (qos_2 && qos_2->state == in_state::held) return refuse(reason_code::protocol_error);    // the identifier is in use
    if (quota_exceeded()) return refuse(reason_code::receive_maximum_exceeded);                          // [MQTT-3.3.4-7] [MQTT-3.3.4-9]
    auto const arrival = session_->next_arrival++;
    puback_queue_.entries.push_back({.arrival = arrival, .id = p.id});
    ++unacknowledged_;
    return raise(event::message_arrived{p, arrival});              // [MQTT-4.3.2-4] [MQTT-4.3.2-5]
}

engine::impl::event_ptr engine::impl::on_qos_2(packet::publish const& p) {
    auto* known = session_->arrivals.find(p.id);
    bool const counted_here = releases_.find(p.id) || pubrec_queue_.has(p.id);
    if (!counted_here && quota_exceeded()) return refuse(reason_code::receive_maximum_exceeded);         // [MQTT-3.3.4-7] [MQTT-3.3.4-9]

    if (!known && pubrec_queue_.has(p.id)) return nullptr;         // refused already; the PUBREC that says so waits for its turn
    auto const* const step = find_step(known ? known->state : in_state::none, in_input::publish);
    if (step->arrives) {                                           // [MQTT-4.3.3-8]
        session_->arrivals.insert(p.id, {step->to, session_->next_arrival++});
        known = session_->arrivals.find(p.id);
    }
    auto const arrival = known->arrival;
    // Its PUBREC takes its place in the order of arrival on this connection, given already or still to come.  [MQTT-4.6.0-3]
    if (!pubrec_queue_.has(p.id)) {
        bool const answered = known->state == in_state::received;
        pubrec_queue_.entries.push_back({.arrival = arrival, .id = p.id, .answered = answered, .counted = !counted_here});
        if (!counted_here) ++unacknowledged_;
    }
    if (step->arrives) return raise(event::message_arrived{p, arrival});
    release_acks();                                                // [MQTT-4.3.3-10]
    return nullptr;
}

// ---- The owner's answer -----------------------------------------------------------------------------------------------

outcome<void> engine::impl::acknowledge(arrival_no arrival, reason_code reason, properties const& props) {
    if (at_ == phase::finished || !session_) return refusal::not_connected;
    constexpr places both = in(packet_type::puback) | in(packet_type::pubrec);
    if (props.flaw() || (props.fits(side_of(who_)) & both) != both) return refusal::invalid;
    if (!codec::may_carry(packet_type::puback, reason, side_of(who_))) return refusal::invalid;          // [MQTT-3.4.2-1] [MQTT-3.5.2-1]
    auto* waiting = puback_queue_.find(arrival);
    bool const is_qos_2 = !waiting;
    if (is_qos_2) waiting = pubrec_queue_.find(arrival);

    packet_id held = 0;                                            // of a QoS 2 message that an earlier connection brought
    if (!waiting)
        session_->arrivals.for_each([&](packet_id id, arrival_record const& a) {
            if (a.arrival == arrival && a.state == in_state::held) held = id;
        });
    if (waiting ? waiting->answered : held == 0) return refusal::stale;
    if (is_error(reason) && !is_v5(version_)) {                    // 3.1.1 cannot refuse a message  [v3-MQTT-3.3.5-2]
        if (how_.close_to_refuse) {
            finish(event::closed::by::us, reason);
            return {};
        }
        reason = reason_code::success;
    }
    if (!waiting) {                                                // its answer goes out when the peer sends it again
        decide(held, is_error(reason));
        return {};
    }
    waiting->answered = true;
    waiting->reason = reason;
    if (is_qos_2) decide(waiting->id, is_error(reason));
    if (!props.empty()) waiting->props = std::make_unique<property_list>(props);
    release_acks();
    return {};
}

/// The owner's word on a QoS 2 message counts at once, whenever its PUBREC leaves: after a lost connection or a crash, what was accepted
/// must not be shown again, and what was refused must be.
void engine::impl::decide(packet_id id, bool refused) {
    auto const* const step = find_step(in_state::held, refused ? in_input::refused : in_input::accepted);
    if (step->to == in_state::none) {
        session_->arrivals.erase(id);                              // [MQTT-4.3.3-9]
    } else {
        session_->arrivals.find(id)->state = step->to;
        session_->received(id);
    }
}

/// Whatever the order of answers, PUBACKs leave in the order in which their PUBLISHes came, and PUBRECs do.
void engine::impl::release_acks() {
    auto const words = [](pending_ack const& a) { return a.props ? a.props->view() : properties{}; };
    while (!puback_queue_.empty() && puback_queue_.front().answered) {                                   // [MQTT-4.6.0-2] [v3-MQTT-4.6.0-2]
        auto const& a = puback_queue_.front();
        // [MQTT-4.3.2-4] [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.5.0-2] [v3-MQTT-4.3.2-2] [v3-MQTT-3.3.4-1] [v3-MQTT-4.5.0-2] [v3-MQTT-2.3.1-6]
        put_ack<packet_type::puback>(a.id, a.reason, words(a));
        --unacknowledged_;
        puback_queue_.pop();
    }
    while (!pubrec_queue_.empty() && pubrec_queue_.front().answered) {                                   // [MQTT-4.6.0-3] [v3-MQTT-4.6.0-3]
        auto const& a = pubrec_queue_.front();
        if (is_error(a.reason)) --unacknowledged_;
        else if (a.counted) releases_.insert(a.id, true);
        put_ack<packet_type::pubrec>(a.id, a.reason, words(a));    // [MQTT-4.3.3-8] [MQTT-4.3.3-10] [v3-MQTT-4.3.3-2]
        pubrec_queue_.pop();
    }
}

// ---- PUBREL -----------------------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::on(packet::pubrel const& p, time_point) {
    auto const* const known = session_->arrivals.find(p.id);
    auto const* const step = find_step(known ? known->state : in_state::none, in_input::pubrel);
    switch (step->send) {
    case in_reply::pubcomp:                                        // [MQTT-4.3.3-11]
        session_->completed(p.id);                                 // [MQTT-4.3.3-12] [MQTT-4.3.3-13]
        if (releases_.find(p.id)) {
            --unacknowledged_;
            releases_.erase(p.id);
        }
        put_ack<packet_type::pubcomp>(p.id, reason_code::success);
        return nullptr;
    case in_reply::pubcomp_not_found:
        put_ack<packet_type::pubcomp>(p.id, reason_code::packet_identifier_not_found);
        return nullptr;
    default:
        return refuse(reason_code::protocol_error);                // PUBREL before PUBREC
    }
}

// ---- The queue of acknowledgements ------------------------------------------------------------------------------------

engine::impl::pending_ack* engine::impl::ack_queue::find(arrival_no arrival) noexcept {
    for (std::size_t at = first; at < entries.size(); ++at)
        if (entries[at].arrival == arrival) return &entries[at];
    return nullptr;
}

bool engine::impl::ack_queue::has(packet_id id) const noexcept {
    for (std::size_t at = first; at < entries.size(); ++at)
        if (entries[at].id == id) return true;
    return false;
}

void engine::impl::ack_queue::pop() noexcept {
    ++first;
    if (empty()) {
        entries.clear();
        first = 0;
    } else if (first > 64 && first * 2 > entries.size()) {
        entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(first));
        first = 0;
    }
}

} // namespace aldis::session
