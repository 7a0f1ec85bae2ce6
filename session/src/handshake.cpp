// How a connection begins: CONNECT, CONNACK and enhanced authentication, both roles (3.1, 3.2, 3.15, 4.12).
#include <algorithm>
#include <utility>

#include "engine_impl.hpp"

namespace aldis::session {

namespace {

constexpr std::uint32_t never = 0xFFFF'FFFF;

template <property_id Id>
void add_unless(property_list& props, properties const& given, bool is_default, codec::property_value<Id> value) {
    if (!is_default && !given.has(Id)) props.add<Id>(value);
}

} // namespace

/// The owner's properties, and our own limits where they differ from what silence would mean.
property_list engine::impl::with_own_limits(properties const& props) const {
    property_list all{props};
    if (!is_v5(version_)) return all;
    limits const silent;
    auto const& own = how_.own;
    add_unless<property_id::receive_maximum>(all, props, own.receive_maximum == silent.receive_maximum, own.receive_maximum);
    add_unless<property_id::maximum_packet_size>(all, props, own.maximum_packet_size == silent.maximum_packet_size, own.maximum_packet_size);
    add_unless<property_id::topic_alias_maximum>(all, props, own.topic_alias_maximum == silent.topic_alias_maximum, own.topic_alias_maximum);
    if (who_ == role::client) return all;
    add_unless<property_id::maximum_qos>(all, props, own.maximum_qos == silent.maximum_qos,              // [MQTT-3.2.2-9]
                                         static_cast<std::uint8_t>(own.maximum_qos));
    add_unless<property_id::retain_available>(all, props, own.retain_available, 0);
    add_unless<property_id::wildcard_subscription_available>(all, props, own.wildcard_subscription_available, 0);
    add_unless<property_id::subscription_identifier_available>(all, props, own.subscription_identifier_available, 0);
    add_unless<property_id::shared_subscription_available>(all, props, own.shared_subscription_available, 0);
    return all;
}

// ---- Client -----------------------------------------------------------------------------------------------------------

outcome<void> engine::impl::connect(packet::connect const& request, state& session, time_point now) {
    if (who_ != role::client || at_ != phase::start) return refusal::not_connected;
    version_ = request.version;

    auto sent = request;
    auto const props = with_own_limits(request.props);
    sent.props = props;
    // A session that only the server has is none of ours: begin anew, unless the owner vouches for it.  [MQTT-3.2.2-4]
    // 3.1.1 cannot begin anew and have a session that lasts, so there the owner's word stands.
    bool const resumable = how_.resume || (session.exists() && session.expiry() != 0);
    if (is_v5(version_) && !resumable) sent.clean_start = true;
    if (auto const done = put(sent); !done) return done;           // the first packet  [MQTT-3.1.0-1] [v3-MQTT-3.1.0-1]

    session_ = session.data_.get();
    ++session_->connection;
    at_ = phase::connecting;
    clean_start_ = sent.clean_start;
    // Until CONNACK nobody knows whether the server still has the old session or a new one: neither is resumed, the next CONNECT begins anew too.
    if (clean_start_ && is_v5(version_) && session_->expiry != 0) session_->open(0);
    keep_alive_ = request.keep_alive;
    client_id_ = request.client_id;
    auto const expiry = request.props.get<property_id::session_expiry_interval>();
    expiry_ = is_v5(version_) ? expiry.value_or(0) : (request.clean_start ? 0 : never);
    auto const method = request.props.get<property_id::authentication_method>();
    has_method_ = method.has_value();
    method_ = method.value_or("");
    own_ = is_v5(version_) ? limits_of(props.view()) : limits{.maximum_packet_size = how_.own.maximum_packet_size};
    deadlines_.set(timer::handshake, now + how_.connect_timeout);
    return {};
}

engine::impl::event_ptr engine::impl::on(packet::connack const& p, time_point now) {
    if (is_error(p.reason)) {
        auto& end = finish(event::closed::by::peer, p.reason);
        end.props = p.props;
        return nullptr;
    }
    if (p.session_present && clean_start_) return refuse(reason_code::protocol_error);                   // [MQTT-3.2.2-2] [MQTT-3.2.2-4]
    if (!same_method(p.props)) return refuse(reason_code::protocol_error);                               // [MQTT-4.12.0-5] [MQTT-4.12.0-6]

    goes_on_ = p.session_present || (version_ == protocol::v3_1 && !clean_start_);    // 3.1 cannot say so
    untrusted_ = how_.distrust && has_method_;
    if (!untrusted_) resume_or_begin();
    peer_ = limits_of(p.props);
    expiry_ = p.props.get<property_id::session_expiry_interval>().value_or(expiry_);
    keep_alive_ = p.props.get<property_id::server_keep_alive>().value_or(keep_alive_);                   // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
    if (auto const assigned = p.props.get<property_id::assigned_client_identifier>()) client_id_ = *assigned;    // [MQTT-3.2.2-16]
    if (!untrusted_) open(now);
    return raise(event::connected{p, peer_, client_id_, keep_alive_});
}

void engine::impl::resume_or_begin() {
    if (!goes_on_) session_->lost();                               // [MQTT-3.2.2-5] [MQTT-3.1.2-4] [v3-MQTT-3.1.2-6]
}

outcome<void> engine::impl::trust(time_point now) {
    if (at_ != phase::connecting || !untrusted_) return refusal::not_connected;
    untrusted_ = false;
    resume_or_begin();
    open(now);
    return {};
}

// ---- Server -----------------------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::on(packet::connect const& p, time_point) {
    version_ = p.version;
    clean_start_ = p.clean_start;
    keep_alive_ = p.keep_alive;
    client_id_ = p.client_id;
    peer_ = limits_of(p.props);
    problem_information_ = p.props.get<property_id::request_problem_information>().value_or(1) != 0;
    response_information_ = p.props.get<property_id::request_response_information>().value_or(0) != 0;
    expiry_ = is_v5(version_) ? p.props.get<property_id::session_expiry_interval>().value_or(0) : (p.clean_start ? 0 : never);
    auto const method = p.props.get<property_id::authentication_method>();
    has_method_ = method.has_value();
    method_ = method.value_or("");
    at_ = phase::accepting;
    return raise(event::connect_request{p});
}

outcome<void> engine::impl::accept(packet::connack const& answer, state& session, time_point now) {
    if (who_ != role::server || at_ != phase::accepting || accepted_) return refusal::not_connected;
    if (is_error(answer.reason)) return refusal::invalid;
    if (!same_method(answer.props)) return refusal::invalid;       // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
    if (!response_information_ && answer.props.has(property_id::response_information)) return refusal::invalid;    // [MQTT-3.1.2-28]
    // A client without an identifier is told the one it got.  [MQTT-3.1.3-7]
    if (is_v5(version_) && client_id_.empty() && !answer.props.has(property_id::assigned_client_identifier)) return refusal::invalid;
    if (auto const assigned = answer.props.get<property_id::assigned_client_identifier>()) client_id_ = *assigned;

    // [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [v3-MQTT-3.1.2-4] [v3-MQTT-3.2.2-1] [v3-MQTT-3.2.2-2] [v3-MQTT-3.2.2-3]
    bool const present = !clean_start_ && session.exists() && session.expiry() != 0;    // what expires at once ended with its connection
    auto sent = answer;
    auto props = with_own_limits(answer.props);
    if (has_method_ && !answer.props.has(property_id::authentication_method)) props.add<property_id::authentication_method>(method_);    // [MQTT-4.12.0-5]
    sent.session_present = present && version_ != protocol::v3_1;  // 3.1 has no such flag
    sent.props = props;
    // The changes that make the session exist come first, so that CONNACK is stamped behind them.
    byte_buffer trial;
    if (auto const fits = put_with_words(sent, [&](auto const& p) { return put(p, trial); }); !fits) return fits;

    session_ = session.data_.get();
    ++session_->connection;
    if (!present) session_->clear();                               // [MQTT-3.1.2-4] [MQTT-3.1.4-4] [v3-MQTT-3.1.4-3] [v3-MQTT-3.1.2-6]
    expiry_ = answer.props.get<property_id::session_expiry_interval>().value_or(expiry_);
    keep_alive_ = answer.props.get<property_id::server_keep_alive>().value_or(keep_alive_);              // [MQTT-3.2.2-22]
    own_ = is_v5(version_) ? limits_of(props.view()) : how_.own;
    if (!is_v5(version_)) own_.receive_maximum = limits{}.receive_maximum;
    session_->open(expiry_);                                       // [MQTT-4.1.0-1] [v3-MQTT-4.1.0-1] [v3-MQTT-4.1.0-2] [MQTT-3.1.2-23]
    accepted_ = true;
    (void)put_answer(sent);                                        // [MQTT-3.1.4-5] [MQTT-3.2.0-1] [v3-MQTT-3.1.4-4] [v3-MQTT-3.2.0-1]
    if (gate_.empty()) open(now);
    return {};
}

outcome<void> engine::impl::reject(packet::connack const& answer, time_point) {
    if (who_ != role::server || at_ != phase::accepting || accepted_) return refusal::not_connected;
    if (!is_error(answer.reason)) return refusal::invalid;
    auto sent = answer;
    sent.session_present = false;                                  // [MQTT-3.2.2-6]
    auto const* const row = codec::find_reason(static_cast<std::uint8_t>(answer.reason));
    bool const sayable = is_v5(version_) || (row && row->v3_return_code != 0);                           // [v3-MQTT-3.2.2-6]
    if (sayable)
        if (auto const done = put_with_words(sent); !done && done.error() == refusal::invalid) return done;
    // [MQTT-3.2.2-7] [MQTT-3.1.3-8] [MQTT-3.1.4-6] [MQTT-4.12.0-1] [MQTT-4.12.0-4] [MQTT-4.13.2-1]
    finish(event::closed::by::us, answer.reason);                  // [v3-MQTT-3.1.3-9] [v3-MQTT-3.1.4-5] [v3-MQTT-3.2.2-5]
    return {};
}

/// Both roles: CONNACK with success went over.
void engine::impl::open(time_point now) {
    at_ = phase::open;
    accepted_ = false;
    deadlines_.clear(timer::handshake);
    if (who_ == role::client) {
        session_->open(expiry_);
        if (keep_alive_ > 0) deadlines_.set(timer::ping, now + std::chrono::milliseconds{std::int64_t{keep_alive_} * how_.ping_after});
    } else if (keep_alive_ > 0) {
        deadlines_.set(timer::silence, now + std::chrono::milliseconds{keep_alive_ * 1500});             // [MQTT-3.1.2-22]
    }
    // What an earlier connection left: PUBRELs first, then PUBLISHes, each in its old order.
    next_pubrel_ = session_->pubrels.first;                        // [MQTT-4.4.0-1] [v3-MQTT-4.4.0-1] [MQTT-4.6.0-4] [v3-MQTT-4.6.0-4]
    next_publish_ = session_->publishes.first;                     // [MQTT-4.6.0-1] [v3-MQTT-4.6.0-1]
    publishes_sent_ = 0;
    if (is_v5(version_) && peer_.topic_alias_maximum > 0)          // [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-7]
        aliases_out_ = std::make_unique<outgoing_aliases>(peer_.topic_alias_maximum, how_.automatic_aliases);
    start(now);
}

// ---- AUTH -------------------------------------------------------------------------------------------------------------

/// Every AUTH and the successful CONNACK name the method that CONNECT named, or none if it named none.
bool engine::impl::same_method(properties const& props) const noexcept {
    auto const method = props.get<property_id::authentication_method>();
    if (!has_method_) return !method;                              // [MQTT-4.12.0-6] [MQTT-4.12.0-7]
    return !method || *method == method_;                          // [MQTT-4.12.0-5]
}

outcome<void> engine::impl::authenticate(packet::auth const& step, time_point) {
    if (!is_v5(version_) || !has_method_ || !same_method(step.props)) return refusal::invalid;           // [MQTT-4.12.1-1]
    bool const begins = step.reason == reason_code::re_authenticate;
    bool const allowed = who_ == role::client ? (at_ == phase::connecting && !begins) || (at_ == phase::open && begins != re_authenticating_)
                                              : (at_ == phase::accepting && step.reason == reason_code::continue_authentication) ||
                                                    (at_ == phase::open && re_authenticating_);
    if (!allowed) return refusal::not_connected;
    if (auto const done = put_with_words(step); !done) return done;                                      // [MQTT-4.12.0-2] [MQTT-4.12.0-3]
    if (at_ == phase::accepting) at_ = phase::authenticating;
    else if (at_ == phase::open) re_authenticating_ = who_ == role::client || step.reason != reason_code::success;
    return {};
}

engine::impl::event_ptr engine::impl::on(packet::auth const& p, time_point) {
    if (!has_method_ || !same_method(p.props)) return refuse(reason_code::protocol_error);               // [MQTT-3.1.2-30] [MQTT-4.12.0-5]
    switch (at_) {
    case phase::connecting:
    case phase::authenticating:
        if (p.reason != reason_code::continue_authentication) return refuse(reason_code::protocol_error);
        if (at_ == phase::authenticating) at_ = phase::accepting;
        break;
    default:
        if (who_ == role::client) {
            if (!re_authenticating_) return refuse(reason_code::protocol_error);
            re_authenticating_ = p.reason != reason_code::success;
        } else {
            if ((p.reason == reason_code::re_authenticate) == re_authenticating_) return refuse(reason_code::protocol_error);
            re_authenticating_ = true;
        }
    }
    return raise(event::authenticate{p});
}

} // namespace aldis::session
