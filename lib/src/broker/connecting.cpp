// CONNECT: looked at, authenticated, and only then a session is touched (3.1.4, 4.12).
#include <algorithm>
#include <random>
#include <utility>

#include <aldis/codec/encode.hpp>

#include "core.hpp"

namespace aldis::serving {

namespace {

/// 3.1.1 has five words for no.
reason_code sayable(reason_code why, protocol version) noexcept {
    auto const* const row = codec::find_reason(static_cast<std::uint8_t>(why));
    return is_v5(version) || (row && row->v3_return_code != 0) ? why : reason_code::server_unavailable;
}

std::string_view name_in(transport::stream_facts const& way, certificate_name from) noexcept {
    if (!way.tls || !way.tls->is_verified) return {};
    return from == certificate_name::subject ? way.tls->peer_subject : way.tls->peer_common_name;
}

} // namespace

void core::on(peer& p, session::event::connect_request const& e, time_point now) {
    ++counters_.connects;
    auto const asking = p.asking;
    asking->request = e.request;
    asking->bytes = p.engine.hold();
    if (auto const why = flaw_of(p, e.request, now)) return refuse(p, *why, now);
    if (auto const method = e.request.props.get<property_id::authentication_method>()) {
        if (!begin_proof(p, *method)) return refuse(p, reason_code::bad_authentication_method, now);     // [MQTT-4.12.0-1]
        return prove(p, true, e.request.props.get<property_id::authentication_data>().value_or(bytes_view{}), now);
    }
    authenticate(p);
    if (asking->answer) admit(p, now);
}

/// What is wrong with it whoever the client is.
std::optional<reason_code> core::flaw_of(peer& p, packet::connect const& request, time_point now) {
    auto const& l = limits();
    if (!connecting_.take(l.max_connect_rate(), now)) return reason_code::connection_rate_exceeded;
    bool const by_address = l.max_connect_rate_per_address() != 0 && (!p.is_local || !l.exempt_loopback());
    if (by_address && !connect_rates_[p.address_key].take(l.max_connect_rate_per_address(), now)) return reason_code::connection_rate_exceeded;
    if (p.early_bytes > l.max_connect_packet_size() && l.max_connect_packet_size() != 0) {      // with what came behind it, perhaps
        auto const size = codec::encoded_size(request, {request.version, sender::client});
        if (!size || *size > l.max_connect_packet_size()) return reason_code::packet_too_large;
    }
    if (is_short_of_memory()) return reason_code::quota_exceeded;
    for (auto const most : {l.max_connections(), around_.max_connections})
        if (most != 0 && counters_.clients >= most) return reason_code::server_unavailable;
    if (p.listener && p.listener->max_connections() != 0 && clients_of_[p.listener] >= p.listener->max_connections())
        return reason_code::server_unavailable;

    auto const exceeds = [](std::size_t size, std::size_t most) { return most != 0 && size > most; };
    if (exceeds(request.client_id.size(), l.max_client_id_length())) return reason_code::client_identifier_not_valid;    // [MQTT-3.1.3-5] [v3-MQTT-3.1.3-5]
    if (request.client_id.empty() && !options_->allow_zero_length_clientid()) return reason_code::client_identifier_not_valid;
    if (request.user_name && exceeds(request.user_name->size(), l.max_user_name_length())) return reason_code::bad_user_name_or_password;
    if (has_too_many_words(request.props)) return reason_code::quota_exceeded;
    bool const alive_too_long = l.max_keepalive() != 0 && (request.keep_alive == 0 || request.keep_alive > l.max_keepalive());
    if (alive_too_long && !is_v5(request.version) && l.enforce_keepalive_v3()) return reason_code::client_identifier_not_valid;
    return request.last_will ? flaw_of_will(p, *request.last_will) : std::nullopt;
}

std::optional<reason_code> core::flaw_of_will(peer const& p, packet::will const& left) const {
    if (left.qos > (p.listener ? p.listener->max_qos() : qos_level::exactly_once)) return reason_code::qos_not_supported;    // [MQTT-3.2.2-12]
    if (left.retain && !options_->retain_available()) return reason_code::retain_not_supported;          // [MQTT-3.2.2-13]
    if (!is_good_topic(left.topic)) return reason_code::topic_name_invalid;
    if (is_reserved(left.topic)) return reason_code::not_authorized;
    if (has_too_many_words(left.props)) return reason_code::quota_exceeded;
    return std::nullopt;
}

// ---- Who is it? -------------------------------------------------------------------------------------------------------

void core::authenticate(peer& p) {
    auto const options = options_;                                 // a hook may reload them
    auto const asking = p.asking;
    auto const from = p.listener ? p.listener->user_name_from() : certificate_name::none;
    if (from != certificate_name::none) {
        auto const name = name_in(asking->way, from);
        asking->answer = name.empty() ? admission::refuse() : admission::accept().user_name(std::string(name));
        return;
    }
    if (!options->authenticate()) {
        asking->answer = judge(p);
        return;
    }
    auto answer = [this, waiting = std::weak_ptr(asking)](admission how) {
        auto const still = waiting.lock();
        if (!still || !still->from || still->answer) return;
        still->answer = std::move(how);
        mark(*still->from);
    };
    options->authenticate()(connecting_client{asking->request, asking->way, p.listener}, std::move(answer));
}

admission core::judge(peer const& p) const {
    auto const& request = p.asking->request;
    auto const& of_listener = p.listener ? p.listener->passwords() : nullptr;
    auto const& passwords = of_listener ? of_listener : options_->passwords();
    if (passwords && request.user_name) {
        bool const good = passwords->check(*request.user_name, request.password.value_or(bytes_view{}));
        return good ? admission::accept() : admission::refuse(reason_code::bad_user_name_or_password);
    }
    return is_anonymous_allowed(p, passwords != nullptr) ? admission::accept() : admission::refuse();
}

bool core::is_anonymous_allowed(peer const& p, bool has_passwords) const {
    if (p.listener && p.listener->allow_anonymous()) return *p.listener->allow_anonymous();
    if (options_->allow_anonymous()) return *options_->allow_anonymous();
    return !has_passwords && (!p.listener || p.listener->is_local());
}

// ---- Let in -----------------------------------------------------------------------------------------------------------

void core::admit(peer& p, time_point now) {
    auto const asking = p.asking;
    auto const how = *asking->answer;
    if (!std::exchange(asking->from, nullptr)) return;
    if (p.engine.where() != session::phase::accepting) return;
    auto const& request = asking->request;
    if (is_error(how.reason())) return refuse(p, how.reason(), how.reason_string(), how.props(), now);
    if (journal_.is_failing()) return refuse(p, reason_code::quota_exceeded, "the store can not be written", {}, now);

    auto user = how.user_name();
    if (!user && request.user_name) user = std::string(*request.user_name);
    bool const is_assigned = request.client_id.empty();
    auto       name = is_assigned ? invent_name() : std::string(request.client_id);                      // [MQTT-3.1.3-6] [v3-MQTT-3.1.3-6]
    if (request.last_will && !may_leave(p, name, user, request.last_will->topic)) return refuse(p, reason_code::not_authorized, now);
    if (auto const who = enter(p, std::move(name), user, now)) accept(p, who, how, is_assigned, now);
}

/// Whether the will may be published, by one whose session is not there yet.
bool core::may_leave(peer const& p, std::string const& name, std::optional<std::string> const& user, std::string_view topic) {
    member stranger(0, name, user);
    stranger.came_by = p.listener;
    give_rules(stranger);
    return may(stranger, access_kind::write, topic);
}

/// The session for it, old or new; null when it was refused.
std::shared_ptr<member> core::enter(peer& p, std::string name, std::optional<std::string> const& user, time_point now) {
    auto const& request = p.asking->request;
    if (auto const at = by_name_.find(name); at != by_name_.end()) {                                     // [MQTT-3.1.3-2] [v3-MQTT-3.1.3-2]
        auto const old = at->second;
        if (old->user_name != user) {
            refuse(p, reason_code::not_authorized, "the session belongs to somebody else", {}, now);
            return nullptr;
        }
        take_over(*old, now);
        bool const is_there = by_no_[old->no - 1] == old.get();
        if (is_there && request.clean_start) end_member(*old, now);      // [MQTT-3.1.2-4] [MQTT-3.1.4-4]
        else if (is_there) return old;                             // [MQTT-3.1.2-5] [v3-MQTT-3.1.2-4]
    }
    if (limits().max_sessions() != 0 && sessions() >= limits().max_sessions()) {
        refuse(p, reason_code::quota_exceeded, now);
        return nullptr;
    }
    return make_member(std::move(name), user);
}

namespace {

/// How long the session lasts without a connection, in seconds. Before 5.0 it ends with the connection, or never.
std::uint32_t lasts_for(packet::connect const& request, std::uint32_t asked, std::int64_t cap) {
    constexpr std::uint32_t for_ever = 0xFFFF'FFFF;
    if (!is_v5(request.version)) return request.clean_start ? 0 : for_ever;
    return cap != 0 && asked > cap ? static_cast<std::uint32_t>(cap) : asked;
}

} // namespace

void core::accept(peer& p, std::shared_ptr<member> const& who, admission const& how, bool is_assigned, time_point now) {
    auto const  asking = p.asking;
    auto const& request = asking->request;
    auto const  cap = limits().max_session_expiry().count();
    auto const  expiry = request.props.get<property_id::session_expiry_interval>().value_or(0);

    property_list said(how.props());
    if (!how.reason_string().empty()) said.add<property_id::reason_string>(how.reason_string());
    if (is_v5(request.version)) {
        if (is_assigned) said.add<property_id::assigned_client_identifier>(who->client_id);              // [MQTT-3.1.3-7] [MQTT-3.2.2-16]
        if (cap != 0 && expiry > cap) said.add<property_id::session_expiry_interval>(static_cast<std::uint32_t>(cap));
        auto const longest = limits().max_keepalive();
        if (longest != 0 && (request.keep_alive == 0 || request.keep_alive > longest)) said.add<property_id::server_keep_alive>(longest);
    }
    packet::connack answer;
    if (is_v5(request.version)) answer.props = said;

    p.who = who;
    if (auto const done = p.engine.accept(answer, who->state, now); !done) {
        if (!who->state.exists()) end_member(*who, now);
        p.who.reset();
        return refuse(p, done.error() == session::refusal::too_large ? reason_code::packet_too_large : reason_code::unspecified_error, now);
    }
    who->version = request.version;
    who->came_by = p.listener;
    who->at = &p;
    who->ends.reset();
    give_rules(*who);
    deadlines_.clear(*who);
    publish_wills(now);
    auto const will = [&] { return request.last_will ? std::optional(to_will(*request.last_will)) : std::nullopt; };
    note_session(*who, lasts_for(request, expiry, cap), std::nullopt);
    if (who->is_kept) journal_.note(broker_store::will_is{who->no, will()});
    wills_.connected(who->no, will());                    // [MQTT-3.1.2-7]
    let_in(p);
    p.at = peer::stage::admitted;
    ++clients_of_[p.listener];
    counters_.clients_most = std::max(counters_.clients_most, ++counters_.clients);
    log_connected(p);
    p.asking.reset();
    tell(*who, session_event::connected);
}

void core::refuse(peer& p, reason_code why, std::string_view text, property_list const& props, time_point now) {
    ++counters_.refused;
    log_refused(p, why);
    p.asking->from = nullptr;
    property_list said(props);
    if (!text.empty()) said.add<property_id::reason_string>(text);
    packet::connack answer;
    answer.reason = sayable(why, p.engine.version());
    if (is_v5(p.engine.version())) answer.props = said;
    if (p.engine.reject(answer, now)) return;
    answer.props = {};
    answer.reason = sayable(reason_code::not_authorized, p.engine.version());
    if (!p.engine.reject(answer, now)) p.wants_close = true;
}

/// 128 random bits: nobody can guess the session of another.
std::string core::invent_name() {
    constexpr char     digits[] = "0123456789abcdef";
    std::random_device source;
    for (;;) {
        auto made = options_->auto_id_prefix();
        for (int i = 0; i < 4; ++i) {
            auto word = static_cast<std::uint32_t>(source());
            for (int j = 0; j < 8; ++j, word >>= 4U) made += digits[word & 15U];
        }
        if (by_name_.find(made) == by_name_.end()) return made;
    }
}

} // namespace aldis::serving
