// What a store has kept, made sessions, subscriptions, wills and retained messages again; and what is noted for it.
#include <algorithm>
#include <utility>

#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis::serving {

namespace {

constexpr std::uint8_t no_local = 4, retain_as_published = 8;
constexpr unsigned     handling_at = 4;

std::uint8_t options_of(subscription const& wanted) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(wanted.qos) | (wanted.no_local ? no_local : 0U) |
                                     (wanted.retain_as_published ? retain_as_published : 0U) | static_cast<unsigned>(wanted.retained) << handling_at);
}

subscription wanted_by(kept_subscription const& kept) {
    subscription made{kept.filter, static_cast<qos_level>(kept.options & 3U)};
    made.no_local = (kept.options & no_local) != 0;
    made.retain_as_published = (kept.options & retain_as_published) != 0;
    made.retained = static_cast<retain_handling>(kept.options >> handling_at);
    return made;
}

} // namespace

// ---- Noted ------------------------------------------------------------------------------------------------------------

/// The session as it is now, if it is one that lasts: from its first connection to its end.
void core::note_session(member& who, std::uint32_t expiry, std::optional<time_point> left_at) {
    if (!journal_.is_kept() || (expiry == 0 && !who.is_kept)) return;
    if (!std::exchange(who.is_kept, true)) who.state.keep_changes(true);
    journal_.note(broker_store::session_is{{who.no, who.client_id, who.user_name, who.version, expiry, left_at}});
}

void core::note_subscription(member const& who, subscription const& wanted, std::uint32_t id) {
    if (who.is_kept) journal_.note(broker_store::subscribed{who.no, {std::string(wanted.filter), options_of(wanted), id}});
}

void core::note_changes(member& who) {
    if (who.is_kept) journal_.take(who.no, who.state);
}

void core::note_no_retained(std::string_view topic) {
    if (auto nothing = session::message::make(topic, {}, {})) journal_.note(broker_store::retained_is{{std::move(*nothing)}});
}

void core::forget_expired(time_point now) {
    retained_.expire(now, [this](session::message const& gone) { note_no_retained(gone.topic()); });
}

// ---- Made again -------------------------------------------------------------------------------------------------------

bool core::restore(broker_store::contents found, time_point now) {
    journal_.begin(around_.wake);
    std::sort(found.sessions.begin(), found.sessions.end(), [](auto const& a, auto const& b) { return a.what.no < b.what.no; });
    for (auto const& each : found.sessions)
        if (!revive(each, now)) return false;
    for (auto& each : found.retained) {
        bool const is_over = each.expires_at && *each.expires_at <= now;
        if (is_over) note_no_retained(each.message.topic());
        else (void)retained_.set(std::move(each), now);            // what is over a limit that is new stays in the file
    }
    publish_wills(now);
    return true;
}

bool core::revive(broker_store::loaded_session const& from, time_point now) {
    auto const& what = from.what;
    if (what.no <= by_no_.size() || by_name_.contains(what.client_id)) return false;
    while (by_no_.size() + 1 < what.no) {                          // numbers that nobody has
        by_no_.push_back(nullptr);
        free_.push_back(by_no_.size());
    }
    auto const made = std::make_shared<member>(what.no, what.client_id, what.user_name);
    auto&      who = *made;
    for (auto const& each : from.changes)
        if (!who.state.replay(each)) return false;
    by_no_.push_back(made.get());
    by_name_.emplace(made->client_id, made);
    who.version = what.version;
    give_rules(who);
    for (auto const& each : from.subscriptions) (void)router_.subscribe(who.no, wanted_by(each), each.identifier);
    auto const left_at = what.left_at.value_or(now);
    if (auto const span = lifetime(who)) who.ends = left_at + session::duration(*span);
    wills_.connected(who.no, from.will);
    wills_.disconnected(who.no, left_at, who.ends);                // the broker's end was not the client's wish
    note_session(who, what.expiry, left_at);
    who.is_kept = true;
    who.state.keep_changes(true);
    count(who);
    if (who.ends && *who.ends <= now) deadlines_.set(who, now);
    else arm(who, now);
    return true;
}

// ---- Made true --------------------------------------------------------------------------------------------------------

void core::watch_commit(peer& p) {
    if (!journal_.is_kept() || p.is_awaiting || !p.engine.waits_for_commit()) return;
    p.is_awaiting = true;
    awaiting_.push_back(&p);
}

void core::committed(std::uint64_t batch, time_point now) {
    journal_.committed(batch);
    for (auto* const each : std::exchange(awaiting_, {})) {
        each->is_awaiting = false;
        each->engine.committed(now);
        mark(*each);
    }
}

} // namespace aldis::serving
