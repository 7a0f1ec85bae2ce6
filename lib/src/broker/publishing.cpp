// PUBLISH: taken or refused, retained, and given to whoever wants it (3.3.4, 4.3, 4.5, 4.6).
#include <algorithm>
#include <utility>

#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis::serving {

void core::on(peer& p, session::event::message_arrived const& e, time_point now) {
    ++counters_.messages_in;
    counters_.payload_in += e.message.payload.size();
    auto const outcome = options_->on_publish() ? ask_hook(p, e.message, now) : take(p, e.message, now);
    if (is_error(outcome)) ++counters_.messages_dropped;
    slow_down(p, now);
    if (e.arrival == 0) return;
    // Before 5.0 a message cannot be refused. One that there is no room for must not be taken for delivered.
    if (outcome == reason_code::quota_exceeded && !is_v5(p.engine.version())) return dismiss(p, outcome, now);    // [v3-MQTT-3.3.5-2]
    if (p.engine.acknowledge(e.arrival, outcome, {}, now)) return; // [MQTT-3.3.4-1]
    (void)p.engine.acknowledge(e.arrival, reason_code::unspecified_error, {}, now);    // a hook's reason is none that PUBACK may carry
}

reason_code core::ask_hook(peer& p, packet::publish const& m, time_point now) {
    auto const options = options_;                                 // a hook may reload them
    auto const verdict = options->on_publish()(p.who->identity(), m);
    if (is_error(verdict.reason())) return verdict.reason();
    auto altered = m;
    if (verdict.topic()) altered.topic = *verdict.topic();
    if (verdict.payload()) altered.payload = *verdict.payload();
    if (verdict.props()) altered.props = *verdict.props();
    return take(p, altered, now);
}

reason_code core::take(peer& p, packet::publish const& m, time_point now) {
    if (auto const why = flaw_of(p, m); is_error(why)) return why;
    if (is_short_of_memory()) return reason_code::quota_exceeded;
    if (journal_.is_failing() && (m.qos != qos_level::at_most_once || m.retain)) return reason_code::quota_exceeded;
    if (m.retain && !m.payload.empty() && !retaining_.take(limits().max_retained_rate(), now)) return reason_code::quota_exceeded;
    // [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
    auto content = session::message::make(m.topic, m.props, m.payload);
    if (!content) return reason_code::topic_name_invalid;
    publication what{std::move(*content), m.qos, m.retain, {}};
    if (auto const expiry = m.props.get<property_id::message_expiry_interval>()) what.expires_at = now + std::chrono::seconds{*expiry};
    return publish(what, p.who->no, now);
}

reason_code core::flaw_of(peer const& p, packet::publish const& m) const {
    if (!is_good_topic(m.topic)) return reason_code::topic_name_invalid;
    if (is_reserved(m.topic)) return reason_code::not_authorized;
    if (has_too_many_words(m.props)) return reason_code::quota_exceeded;
    if (!may(*p.who, access_kind::write, m.topic)) return reason_code::not_authorized;
    return reason_code::success;
}

/// A client that publishes faster than it may is not read for a while.
void core::slow_down(peer& p, time_point now) {
    auto const wait = p.publishing.owe(limits().max_publish_rate(), now);
    if (wait.count() == 0 || p.engine.finished()) return;
    p.paused_until = now + wait;
    p.engine.pause(true, now);
    arm(p);
}

// ---- From whomever ----------------------------------------------------------------------------------------------------

/// What a hook publishes while a message is being routed comes after that.
reason_code core::publish(publication const& what, session_no from, time_point now) {
    if (is_routing_) {
        postponed_.emplace_back(what, from);
        return reason_code::success;
    }
    auto const outcome = route(what, from, now);
    while (!postponed_.empty()) {
        auto const all = std::exchange(postponed_, {});
        for (auto const& [each, publisher] : all) (void)route(each, publisher, now);
    }
    return outcome;
}

reason_code core::route(publication const& what, session_no from, time_point now) {
    if (what.retain && !keep(what, now)) return                    // [v3-MQTT-3.3.1-12]
        reason_code::quota_exceeded;
    struct flag {
        bool& of;
        explicit flag(bool& which) : of(which) { of = true; }
        ~flag() { of = false; }
    } const routing_now(is_routing_);
    routing::routed const message{what.content.topic(), what.qos, what.retain, from};
    std::size_t           copies = 0;
    router_.route(                                                 // [MQTT-3.3.2-3] [v3-MQTT-3.3.2-3]
        message, [&](session_no no) { return readiness_of(no, what); },
        [&](routing::routed_copy const& copy) { copies += deliver(copy, what, now) ? 1 : 0; });
    return copies == 0 ? reason_code::no_matching_subscribers : reason_code::success;
}

bool core::keep(publication const& what, time_point now) {
    using enum routing::retained_outcome;                          // [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [v3-MQTT-3.3.1-7]
    forget_expired(now);
    auto const outcome = retained_.set({what.content, what.qos, what.expires_at}, now);
    bool const is_done = outcome != too_many && outcome != too_large && outcome != too_deep;
    bool const is_ours = what.content.topic().starts_with("$SYS/");                                      // said anew by the next process
    if (is_done && outcome != absent && !is_ours) journal_.note(broker_store::retained_is{{what.content, what.qos, what.expires_at}});
    return is_done;
}

routing::readiness core::readiness_of(session_no no, publication const& what) const {
    using enum routing::readiness;
    auto const& who = *by_no_[no - 1];
    if (!may_receive(who, what.content)) return never;
    auto const& l = limits();
    bool const  is_full = (l.max_queued_messages() != 0 && who.state.queued_messages() >= l.max_queued_messages()) ||
                         (l.max_queued_bytes() != 0 && who.state.queued_bytes() + what.content.size() > l.max_queued_bytes());
    if (is_full) return never;
    if (!who.at) return what.qos == qos_level::at_most_once && !l.queue_qos0_messages() ? never : later;
    bool const is_slow = (l.max_output() != 0 && who.at->engine.output_size() > l.max_output()) || who.state.queued_messages() > 0;
    return is_slow ? later : now;
}

bool core::deliver(routing::routed_copy const& copy, publication const& what, time_point now) {
    auto& to = *by_no_[copy.to - 1];
    if (!copy.is_shared && !may_receive(to, what.content)) return false;
    session::publish_options how;
    how.qos = copy.qos;                                            // [MQTT-3.8.4-8] [v3-MQTT-3.8.4-6] [v3-MQTT-3.3.5-1]
    how.retain = copy.retain;                                      // [v3-MQTT-3.3.1-9]
    how.expires_at = what.expires_at;                              // [MQTT-3.3.2-5] [MQTT-3.3.2-6]
    how.subscription_ids = copy.subscription_ids;
    return give(to, what.content, how, now);
}

/// Into the output, or into the queue of the session: then it is that one's, also where it came for a group.
// [MQTT-4.5.0-1] [v3-MQTT-4.5.0-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6] [v3-MQTT-4.6.0-5] [v3-MQTT-4.6.0-6] [MQTT-4.8.2-4] [MQTT-4.8.2-5] [MQTT-4.8.2-6]
bool core::give(member& to, session::message const& content, session::publish_options const& how, time_point now) {
    bool taken = false;
    if (to.at) {
        taken = to.at->engine.publish(content, how, now).has_value();
        mark(*to.at);
        note_changes(to);
    } else if (how.qos != qos_level::at_most_once || limits().queue_qos0_messages()) {
        taken = to.state.enqueue(                                  // [v3-MQTT-3.1.2-5]
            content, how, settings_for(nullptr).queue, now).result == session::enqueued::how::yes;
        for (auto const& each : to.state.take_outcomes()) note_end(to, each);
        note_changes(to);
        count(to);
        if (taken && how.expires_at && (!to.is_set() || *how.expires_at < to.due())) deadlines_.set(to, *how.expires_at);
    } else {
        return true;                                               // nobody promised it to a client that is away
    }
    if (taken) {
        ++counters_.messages_out;
        counters_.payload_out += content.payload().size();
    } else {
        ++counters_.messages_dropped;
        ++to.dropped;
    }
    return true;
}

// ---- Who may what -----------------------------------------------------------------------------------------------------

bool core::may(member const& who, access_kind what, std::string_view topic) const {
    if (who.rules) {
        bool const allowed = what == access_kind::read    ? who.rules->may_read(topic)
                             : what == access_kind::write ? who.rules->may_write(topic)
                                                          : who.rules->may_subscribe(topic);
        if (!allowed) return false;
    }
    auto const options = options_->authorise() ? options_ : nullptr;
    return !options || options->authorise()(who.identity(), what, topic);
}

bool core::may_receive(member const& who, session::message const& what) const {
    if (!may(who, access_kind::read, what.topic())) return false;
    auto const options = options_->on_delivery() ? options_ : nullptr;
    return !options || options->on_delivery()(who.identity(), what);
}

/// Not for clients to publish to.
bool core::is_reserved(std::string_view topic) noexcept { return topic.starts_with("$SYS/") || topic.starts_with("$share/"); }

bool core::is_good_topic(std::string_view topic) const noexcept {
    auto const& l = limits();
    if (l.max_topic_length() != 0 && topic.size() > l.max_topic_length()) return false;
    if (l.max_topic_levels() == 0) return true;
    auto const slashes = static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
    return slashes < l.max_topic_levels();
}

bool core::has_too_many_words(properties const& props) const noexcept {
    if (!props.has(property_id::user_property)) return false;
    std::size_t words = 0, bytes = 0;
    for (auto const& each : props) {
        if (each.id != property_id::user_property) continue;
        ++words;
        bytes += each.pair.name.size() + each.pair.value.size();
    }
    auto const& l = limits();
    return (l.max_user_properties() != 0 && words > l.max_user_properties()) ||
           (l.max_user_property_bytes() != 0 && bytes > l.max_user_property_bytes());
}

} // namespace aldis::serving
