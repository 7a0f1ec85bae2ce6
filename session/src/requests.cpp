// SUBSCRIBE, UNSUBSCRIBE, PINGREQ and their answers, both roles (3.8 to 3.13).
#include <aldis/codec/topic.hpp>

#include "engine_impl.hpp"

namespace aldis::session {

// ---- Client: asking ---------------------------------------------------------------------------------------------------

template <class Packet>
outcome<packet_id> engine::impl::request(Packet p, std::size_t count) {
    if (who_ != role::client || at_ != phase::open) return refusal::not_connected;
    if (out_.size() > how_.max_output) return refusal::queue_full;
    p.id = session_->ids.take(used_by_request);                    // [MQTT-2.2.1-2] [MQTT-2.2.1-3] [v3-MQTT-2.3.1-2]
    if (p.id == 0) return refusal::no_identifier;
    if (auto const done = put(p); !done) {
        session_->ids.release(p.id);
        return done.error();
    }
    requests_.insert(p.id, {Packet::type, static_cast<std::uint32_t>(count)});
    return p.id;
}

outcome<packet_id> engine::impl::subscribe(subscriptions const& filters, properties const& props) {
    for (auto const& s : filters) {
        if (is_shared(s.filter) && is_v5(version_) && !peer_.shared_subscription_available) return refusal::shared_not_supported;
        if (has_wildcard(s.filter) && !peer_.wildcard_subscription_available) return refusal::wildcard_not_supported;
    }
    if (!peer_.subscription_identifier_available && props.has(property_id::subscription_identifier))
        return refusal::subscription_id_not_supported;
    return request(packet::subscribe{.filters = filters, .props = props}, filters.size());
}

outcome<packet_id> engine::impl::unsubscribe(topic_filters const& filters, properties const& props) {
    return request(packet::unsubscribe{.filters = filters, .props = props}, filters.size());
}

/// The answer fits a request of ours: its identifier, its kind, as many reason codes as filters.
bool engine::impl::request_answered(packet_type type, packet_id id, std::size_t count) {
    auto const* const asked = requests_.find(id);
    if (!asked || asked->type != type || asked->count != count) return false;                            // [MQTT-2.2.1-6]
    requests_.erase(id);
    if (who_ == role::client) session_->ids.release(id);
    return true;
}

engine::impl::event_ptr engine::impl::on(packet::suback const& p, time_point) {
    if (!request_answered(packet_type::subscribe, p.id, p.codes.size())) return refuse(reason_code::protocol_error);    // [MQTT-3.8.4-6]
    return raise(event::subscribed{p});
}

engine::impl::event_ptr engine::impl::on(packet::unsuback const& p, time_point) {
    auto const* const asked = requests_.find(p.id);
    auto const count = is_v5(version_) || !asked ? p.codes.size() : asked->count;                        // 3.1.1: no codes
    if (!request_answered(packet_type::unsubscribe, p.id, count)) return refuse(reason_code::protocol_error);
    return raise(event::unsubscribed{p});
}

// ---- Server: being asked ----------------------------------------------------------------------------------------------

/// False: the connection was refused.
bool engine::impl::request_arrived(packet_type type, packet_id id, std::size_t count) {
    if (requests_.find(id)) {
        refuse(reason_code::protocol_error);                       // the identifier is in use  [MQTT-2.2.1-3] [v3-MQTT-2.3.1-7]
        return false;
    }
    if (requests_.size() >= how_.max_requests) {
        refuse(reason_code::quota_exceeded);
        return false;
    }
    requests_.insert(id, {type, static_cast<std::uint32_t>(count)});
    return true;
}

engine::impl::event_ptr engine::impl::on(packet::subscribe const& p, time_point) {
    for (auto const& s : p.filters) {
        if (is_v5(version_) && is_shared(s.filter) && !own_.shared_subscription_available)
            return refuse(reason_code::shared_subscriptions_not_supported);
        if (has_wildcard(s.filter) && !own_.wildcard_subscription_available) return refuse(reason_code::wildcard_subscriptions_not_supported);
    }
    if (!own_.subscription_identifier_available && p.props.has(property_id::subscription_identifier))
        return refuse(reason_code::subscription_identifiers_not_supported);
    if (!request_arrived(p.type, p.id, p.filters.size())) return nullptr;
    return raise(event::subscribe_request{p});
}

engine::impl::event_ptr engine::impl::on(packet::unsubscribe const& p, time_point) {
    if (!request_arrived(p.type, p.id, p.filters.size())) return nullptr;
    return raise(event::unsubscribe_request{p});
}

outcome<void> engine::impl::answer(packet::suback const& with) {
    if (who_ != role::server || at_ != phase::open) return refusal::not_connected;
    auto const* const asked = requests_.find(with.id);
    if (!asked || asked->type != packet_type::subscribe) return refusal::stale;                          // [MQTT-3.8.4-2] [v3-MQTT-3.8.4-2]
    if (asked->count != with.codes.size()) return refusal::invalid;                                      // [MQTT-3.8.4-6] [v3-MQTT-3.8.4-5]

    auto sent = with;
    wire_builder<reason_code> plain;
    if (!is_v5(version_)) {                                        // 3.1.1 knows one way to refuse
        for (auto const code : with.codes) plain.add(is_error(code) ? reason_code::unspecified_error : code);
        sent.codes = plain;
        sent.props = {};
    }
    auto const done = put_answer(sent);
    if (done) request_answered(packet_type::subscribe, with.id, with.codes.size());                      // [MQTT-3.8.4-1]
    return done;
}

outcome<void> engine::impl::answer(packet::unsuback const& with) {
    if (who_ != role::server || at_ != phase::open) return refusal::not_connected;
    auto const* const asked = requests_.find(with.id);
    if (!asked || asked->type != packet_type::unsubscribe) return refusal::stale;                        // [MQTT-3.10.4-5] [v3-MQTT-3.10.4-4]
    if (asked->count != with.codes.size()) return refusal::invalid;                                      // [MQTT-3.11.3-1]

    auto sent = with;
    if (!is_v5(version_)) sent = {.id = with.id};
    auto const done = put_answer(sent);
    if (done) request_answered(packet_type::unsubscribe, with.id, with.codes.size());                    // [MQTT-3.10.4-4]
    return done;
}

// ---- Keep-alive -------------------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::on(packet::pingreq const&, time_point) {
    auto const before = out_.size();
    (void)put(packet::pingresp{});                                 // [MQTT-3.12.4-1] [v3-MQTT-3.12.4-1]
    answers_ += out_.size() - before;
    return nullptr;
}

engine::impl::event_ptr engine::impl::on(packet::pingresp const&, time_point now) {
    if (auto* const t = counted(); t && deadlines_.is_set(timer::ping_response)) t->ping = now - pinged_at_;
    deadlines_.clear(timer::ping_response);
    return nullptr;
}

} // namespace aldis::session
