// SUBSCRIBE and UNSUBSCRIBE, and the retained messages that a new subscription is owed (3.8.4, 3.10.4, 3.3.1.3).
#include <algorithm>
#include <utility>

#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis::serving {

void core::on(peer& p, session::event::subscribe_request const& e, time_point now) {
    auto const&                 most = limits().max_filters_per_packet();
    bool const                  is_too_much = (most != 0 && e.request.filters.size() > most) || has_too_many_words(e.request.props);
    auto const                  id = e.request.props.get<property_id::subscription_identifier>().value_or(0);
    auto const                  who = p.who;
    wire_builder<reason_code>   codes;
    // [MQTT-3.8.4-5] [v3-MQTT-3.8.4-4] [MQTT-3.9.3-1] [v3-MQTT-3.9.3-1]
    for (auto const& each : e.request.filters) codes.add(is_too_much ? reason_code::quota_exceeded : subscribe(*who, each, id));

    packet::suback answer;
    answer.id = e.request.id;
    answer.codes = codes.view();
    (void)p.engine.answer(answer, now);                            // [MQTT-3.8.4-1] [MQTT-3.8.4-6] [v3-MQTT-3.8.4-1]
    walk(*who, now);
}

/// What is granted, or why not.
reason_code core::subscribe(member& who, subscription const& asked, std::uint32_t id) {
    auto wanted = asked;
    auto const shared = split_shared(wanted.filter);
    auto const filter = shared ? shared->filter : wanted.filter;
    if ((is_shared(wanted.filter) && !shared) || !is_good_topic(wanted.filter)) return reason_code::topic_filter_invalid;
    if (!may(who, access_kind::subscribe, filter)) return reason_code::not_authorized;
    if (auto const options = options_; options->on_subscribe()) {
        auto const verdict = options->on_subscribe()(who.identity(), wanted);
        if (is_error(verdict)) return verdict;
        wanted.qos = std::min(wanted.qos, static_cast<qos_level>(verdict));
    }

    auto const made = router_.subscribe(who.no, wanted, id);
    if (made == routing::subscribed::too_many) return reason_code::quota_exceeded;
    if (made == routing::subscribed::too_deep) return reason_code::topic_filter_invalid;
    note_subscription(who, wanted, id);
    bool const is_new = made == routing::subscribed::added;
    // [MQTT-3.8.4-4] [v3-MQTT-3.3.1-6] [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
    bool const is_owed = wanted.retained == retain_handling::send || (wanted.retained == retain_handling::send_if_new && is_new);
    if (!shared) {
        forget(who, filter);
        if (is_owed) who.owed.push_back({std::string(filter), {}, id, wanted.qos});
    }
    return static_cast<reason_code>(wanted.qos);                   // [MQTT-3.2.2-10] [MQTT-3.8.4-7]
}

void core::on(peer& p, session::event::unsubscribe_request const& e, time_point now) {
    auto const&               most = limits().max_filters_per_packet();
    bool const                is_too_much = (most != 0 && e.request.filters.size() > most) || has_too_many_words(e.request.props);
    wire_builder<reason_code> codes;
    for (auto const filter : e.request.filters) {                  // [MQTT-3.10.4-6] [v3-MQTT-3.10.4-6]
        if (is_too_much) {
            codes.add(reason_code::quota_exceeded);
            continue;
        }
        // What is in the session already is still delivered. [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-3] [v3-MQTT-3.10.4-1] [v3-MQTT-3.10.4-2] [v3-MQTT-3.10.4-3]
        bool const had = router_.unsubscribe(p.who->no, filter);
        if (had && p.who->is_kept) journal_.note(broker_store::unsubscribed{p.who->no, std::string(filter)});
        forget(*p.who, filter);
        codes.add(had ? reason_code::success : reason_code::no_subscription_existed);
    }
    packet::unsuback answer;
    answer.id = e.request.id;
    answer.codes = codes.view();
    (void)p.engine.answer(answer, now);                            // [MQTT-3.10.4-4] [MQTT-3.11.3-1] [v3-MQTT-3.10.4-5]
}

void core::forget(member& who, std::string_view filter) {
    std::erase_if(who.owed, [&](retained_walk const& each) { return each.filter == filter; });
}

// ---- Retained messages ------------------------------------------------------------------------------------------------

/// As many as there is room for; the rest follows when the client has taken some.
void core::walk(member& who, time_point now) {
    std::size_t done = 0;
    while (done < who.owed.size() && walk_on(who, who.owed[done], now)) ++done;
    who.owed.erase(who.owed.begin(), who.owed.begin() + static_cast<std::ptrdiff_t>(done));
}

/// True when nothing more is owed of this one.
bool core::walk_on(member& who, retained_walk& owed, time_point now) {
    while (has_room(who)) {
        routing::retained_message const from{owed.last, {}, {}};
        auto const* const next = owed.last ? retained_.next(from, owed.filter, now) : retained_.first(owed.filter, now);
        if (!next) return true;
        owed.last = next->message;
        if (!may_receive(who, next->message)) continue;
        session::publish_options how;
        how.qos = std::min(owed.qos, next->qos);                   // [MQTT-3.8.4-8]
        how.retain = true;                                         // [MQTT-3.3.1-8] [v3-MQTT-3.3.1-8]
        how.expires_at = next->expires_at;
        if (owed.id != 0) how.subscription_ids = {&owed.id, 1};
        give(who, next->message, how, now);
    }
    return false;
}

/// Half of what is allowed is left to new messages.
bool core::has_room(member const& who) const noexcept {
    if (!who.at) return false;
    auto const half = [](std::size_t most) { return most == 0 ? static_cast<std::size_t>(-1) : std::max<std::size_t>(1, most / 2); };
    auto const& l = limits();
    return who.at->engine.output_size() < half(l.max_output()) && who.state.queued_messages() < half(l.max_queued_messages()) &&
           who.state.queued_bytes() < half(l.max_queued_bytes());
}

} // namespace aldis::serving
