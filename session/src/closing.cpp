// How a connection ends: DISCONNECT, refusals, time-outs, the loss of the transport (3.14, 4.13).
#include "engine_impl.hpp"

namespace aldis::session {

property_list without_words(properties const& props) {
    property_list kept;
    for (auto const& p : props)
        if (p.id != property_id::reason_string && p.id != property_id::user_property) kept.add(p);
    return kept;
}

// ---- By our own will --------------------------------------------------------------------------------------------------

outcome<void> engine::impl::disconnect(packet::disconnect const& with, time_point) {
    if (at_ != phase::open && !(who_ == role::client && at_ == phase::connecting)) return refusal::not_connected;
    auto const expiry = with.props.get<property_id::session_expiry_interval>();
    if (expiry.value_or(0) > 0 && expiry_ == 0) return refusal::invalid;                                 // [MQTT-3.14.2-1]

    // 3.1.1 has one DISCONNECT, from the client, and it means a normal end.
    bool const sayable = is_v5(version_) || (who_ == role::client && with.reason == reason_code::success);
    if (sayable)
        if (auto const done = put_with_words(with); !done) return done;
    if (expiry && at_ == phase::open) session_->open(*expiry);
    // [MQTT-3.14.4-1] [MQTT-3.14.4-2] [v3-MQTT-3.14.4-1] [v3-MQTT-3.14.4-2] [MQTT-4.12.1-2] [MQTT-4.13.2-1]
    finish(event::closed::by::us, with.reason);
    return {};
}

// ---- By the peer's word -----------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::on(packet::disconnect const& p, time_point) {
    auto const expiry = p.props.get<property_id::session_expiry_interval>();
    if (expiry.value_or(0) > 0 && expiry_ == 0) return refuse(reason_code::protocol_error);              // [MQTT-3.14.2-1]
    if (expiry && at_ == phase::open) session_->open(*expiry);
    auto& end = finish(event::closed::by::peer, p.reason);
    end.discard_will = who_ == role::server && p.reason == reason_code::success;                         // [MQTT-3.14.4-3] [MQTT-3.1.2-8]
    end.props = p.props;
    return nullptr;
}

// ---- By the peer's fault ----------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::refuse(reason_code why) {
    say_farewell(why);
    finish(event::closed::by::violation, why);
    return nullptr;
}

engine::impl::event_ptr engine::impl::refuse(codec::fault cause, packet_type type) {
    auto const why = codec::spec_of(cause.code).tell_peer;
    say_farewell(why);
    auto& end = finish(event::closed::by::violation, why);         // [v3-MQTT-4.8.0-1] [v3-MQTT-2.2.2-2]
    end.cause = cause;
    if (type != packet_type{}) end.in = type;
    return nullptr;
}

/// Before CONNECT was understood only this much is known of the peer: whether it speaks MQTT, and at which level.
void engine::impl::refuse_connect(codec::fault cause, bytes_view body) {
    auto const text = to_text(body);
    bool const is_mqtt = text.size() > 6 && text.starts_with(std::string_view{"\0\4MQTT", 6});
    int const level = is_mqtt ? static_cast<int>(body[6]) : 0;
    auto const why = codec::spec_of(cause.code).tell_peer;

    version_ = level >= static_cast<int>(protocol::v5) ? protocol::v5 : protocol::v3_1_1;
    if (is_mqtt && is_v5(version_)) {
        say_farewell(why);                                         // [MQTT-3.1.2-2] [MQTT-3.1.4-1]
    } else if (is_mqtt && (cause.code == codec::errc::protocol_level || cause.code == codec::errc::client_id_empty)) {
        (void)put(packet::connack{.reason = why});                 // [v3-MQTT-3.1.2-2] [v3-MQTT-3.1.3-8]
    }
    auto& end = finish(event::closed::by::violation, why);         // [v3-MQTT-3.1.4-1]
    end.cause = cause;
    end.in = packet_type::connect;
}

void engine::impl::say_farewell(reason_code why) {
    gate_.clear();
    out_.drop_filling();                                           // nothing but the reason goes out after a fatal error
    auto const how = farewell_for(who_, at_, version_);            // [MQTT-4.13.1-1] [MQTT-3.14.0-1]
    auto const from = side_of(who_);
    auto const sayable = [&](packet_type type) { return codec::may_carry(type, why, from) ? why : reason_code::unspecified_error; };
    if (how == farewell::connack) (void)put(packet::connack{.reason = sayable(packet_type::connack)});
    if (how == farewell::disconnect) (void)put(packet::disconnect{.reason = sayable(packet_type::disconnect)});
}

// ---- By silence -------------------------------------------------------------------------------------------------------

void engine::impl::expired(timer which, reason_code why) {
    say_farewell(why);
    finish(event::closed::by::us, why).expired = which;            // [v3-MQTT-3.1.2-24]
}

void engine::impl::connection_lost(time_point) {
    if (at_ != phase::finished) finish(event::closed::by::network, reason_code::success);
    detach();
}

// ---- The end ----------------------------------------------------------------------------------------------------------

event::closed& engine::impl::finish(event::closed::by who, reason_code why) {
    at_ = phase::finished;
    deadlines_.clear_all();
    gate_.clear();
    return closed_.emplace(event::closed{who, why, false, {}, {}, {}, {}});
}

/// The identifiers of requests belong to the connection; those of deliveries stay with the session.
void engine::impl::detach() noexcept {
    if (!session_) return;
    if (who_ == role::client) requests_.for_each([this](packet_id id, pending_request const&) { session_->ids.release(id); });
    requests_.clear();
}

} // namespace aldis::session
