// Sessions: made, taken up, taken over, kept for a while without a connection, ended; and their wills (3.1.2.4, 3.1.2.5, 4.1).
#include <algorithm>
#include <utility>

#include "core.hpp"

namespace aldis::serving {

namespace {

constexpr std::uint32_t never_expires = 0xFFFF'FFFF;

} // namespace

std::shared_ptr<member> core::make_member(std::string client_id, std::optional<std::string> const& user) {
    session_no no = by_no_.size() + 1;
    if (free_.empty()) {
        by_no_.push_back(nullptr);
    } else {
        no = free_.back();
        free_.pop_back();
    }
    auto made = std::make_shared<member>(no, std::move(client_id), user);
    by_no_[no - 1] = made.get();
    by_name_.emplace(made->client_id, made);
    return made;
}

/// The session is over, whatever its connection does.
void core::end_member(member& who, time_point now) {
    auto const held = by_name_.find(who.client_id)->second;        // to the end of this function
    tell(who, session_event::ended);
    wills_.ended(who.no, now);
    publish_wills(now);                                            // with the rights that the session had
    router_.remove(who.no);
    deadlines_.clear(who);
    kept_ -= std::exchange(who.accounted, 0);
    who.owed.clear();
    by_no_[who.no - 1] = nullptr;
    free_.push_back(who.no);
    by_name_.erase(who.client_id);
    if (std::exchange(who.is_kept, false)) {
        who.state.keep_changes(false);
        journal_.note(broker_store::session_ended{who.no});
    }
    if (!who.at) who.state.clear();
}

/// How long it is kept without a connection: what the client asked for within what we allow. Nothing: for ever.
std::optional<std::chrono::seconds> core::lifetime(member const& who) const {
    auto const as_bound = [](std::chrono::seconds most) { return most.count() == 0 ? std::nullopt : std::optional(most); };
    std::chrono::seconds const asked{who.state.expiry()};
    if (asked.count() == 0) return asked;
    if (!is_v5(who.version)) return as_bound(limits().session_expiry_v3());
    auto const cap = as_bound(limits().max_session_expiry());
    if (asked.count() == never_expires) return cap;
    return cap ? std::min(*cap, asked) : asked;
}

void core::end_connection(peer& p, session::event::closed const& e, time_point now) {
    log_end(p, e);
    let_in(p);
    p.forget_asked();
    if (std::exchange(p.at, peer::stage::over) != peer::stage::admitted) return;
    --counters_.clients;
    --clients_of_[p.listener];
    auto& who = *p.who;
    if (who.at != &p) return;
    tell(who, session_event::disconnected);
    who.at = nullptr;
    auto const span = lifetime(who);
    if (span) who.ends = now + session::duration(*span);

    if (e.discard_will) wills_.drop(who.no);                       // [MQTT-3.14.4-3] [v3-MQTT-3.14.4-3]
    else wills_.disconnected(who.no, now, who.ends);               // [MQTT-3.1.2-8] [v3-MQTT-3.1.2-8]
    if (who.is_kept && e.discard_will) journal_.note(broker_store::will_is{who.no, {}});
    if (span && span->count() == 0) return end_member(who, now);     // [MQTT-3.1.2-23] [v3-MQTT-3.1.2-6]
    note_session(who, who.state.expiry(), now);
    publish_wills(now);
    count(who);
    arm(who, now);
}

/// The session gets another connection: the one it has is told.
void core::take_over(member& who, time_point now) {
    if (who.at) dismiss(*who.at, reason_code::session_taken_over, now);      // [MQTT-3.1.4-3] [v3-MQTT-3.1.4-2]
}

bool core::remove_session(std::string_view client_id, time_point now) {
    auto const at = by_name_.find(std::string(client_id));
    if (at == by_name_.end()) return false;
    auto const who = at->second;
    if (who->at) dismiss(*who->at, reason_code::administrative_action, now);
    if (by_no_[who->no - 1] == who.get()) end_member(*who, now);
    return true;
}

void core::give_rules(member& who) {
    auto const& of_listener = who.came_by ? who.came_by->acl() : nullptr;
    auto const& acl = of_listener ? of_listener : options_->acl();
    if (acl) who.rules = acl->rules_for(who.user_name ? std::optional<std::string_view>(*who.user_name) : std::nullopt, who.client_id);
    else who.rules.reset();
}

void core::tell(member const& who, session_event what) const {
    auto const options = options_;
    if (options->on_session()) options->on_session()(who.identity(), what);
}

/// What the session holds, in the broker's sum.
void core::count(member& who) {
    if (by_no_[who.no - 1] != &who) return;                        // over; the last packets of its connection are still leaving
    auto const bytes = who.state.queued_bytes() + who.state.in_flight_bytes() + (who.at ? who.at->engine.output_size() : 0);
    kept_ += bytes - who.accounted;
    who.accounted = bytes;
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void core::arm(member& who, time_point now) {
    if (who.at) return deadlines_.clear(who);
    auto       due = who.ends;
    auto const next = who.state.expire(now);
    for (auto const& each : who.state.take_outcomes()) note_end(who, each);
    note_changes(who);
    if (next && (!due || *next < *due)) due = next;
    if (due) deadlines_.set(who, *due);
    else deadlines_.clear(who);
}

void core::expire(member& who, time_point now) {
    if (who.ends && *who.ends <= now) {                            // [MQTT-4.1.0-2]
        ++counters_.expired_sessions;
        if (logs(log_level::info)) log(log_level::info, "the session of " + shown(who.client_id) + " has expired");
        return end_member(who, now);
    }
    arm(who, now);
    count(who);
}

// ---- Wills ------------------------------------------------------------------------------------------------------------

routing::will core::to_will(packet::will const& left) const {
    routing::will made;
    property_list said;
    for (auto const& each : left.props)
        if (each.id != property_id::will_delay_interval) said.add(each);                                 // [MQTT-3.1.3-10]
    if (auto content = session::message::make(left.topic, said.view(), left.payload)) made.message = std::move(*content);
    made.qos = left.qos;
    made.retain = left.retain;
    made.delay = std::chrono::seconds{left.props.get<property_id::will_delay_interval>().value_or(0)};
    if (auto const expiry = left.props.get<property_id::message_expiry_interval>()) made.expiry = std::chrono::seconds{*expiry};
    return made;
}

void core::publish_wills(time_point now) {
    while (auto due = wills_.take_due(now)) {                      // [MQTT-3.1.2-10]
        auto* const who = due->session <= by_no_.size() ? by_no_[due->session - 1] : nullptr;
        if (who && who->is_kept) journal_.note(broker_store::will_is{who->no, {}});
        if (!who || !may(*who, access_kind::write, due->what.message.topic())) continue;
        // [MQTT-3.1.2-14] [MQTT-3.1.2-15] [v3-MQTT-3.1.2-16] [v3-MQTT-3.1.2-17]
        publication what{std::move(due->what.message), due->what.qos, due->what.retain, {}};
        if (due->what.expiry) what.expires_at = now + *due->what.expiry;
        if (logs(log_level::info)) log(log_level::info, "the will of " + shown(who->client_id) + " is published");
        (void)publish(what, who->no, now);
    }
}

} // namespace aldis::serving
