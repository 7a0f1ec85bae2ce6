// The way of a message to its subscriptions, and back: who is given it, and when all of them have let go.
#include "routing.hpp"

#include <algorithm>

#include <aldis/codec/topic.hpp>

#include "impl.hpp"

namespace aldis {

// ---- Subscribing ------------------------------------------------------------------------------------------------------

router::shared_route router::make_route(std::string_view filter, subscription_options const& how, message_handler handler) {
    return std::make_shared<route>(of_, next_route_++, filter, how, std::move(handler));
}

router::shared_route router::subscribe(std::string_view filter, subscription_options const& how, message_handler handler) {
    auto made = make_route(filter, how, std::move(handler));
    bool const     v5 = is_v5(of_.options_.version());
    subscribe_list tried;
    tried.add({.filter = filter, .qos = how.qos(), .no_local = how.no_local(), .retain_as_published = how.retain_as_published(), .retained = how.retained()});
    auto wrong = tried.filters().flaw();
    if (!wrong) wrong = codec::check_topic_filter(filter, of_.options_.version());
    if (wrong || (how.no_local() && is_shared(filter) && v5)) {    // [MQTT-3.8.3-4]
        made->state = subscription_state::refused;
        made->error = wrong ? bad_argument(*wrong) : make_error_code(error::invalid);
        return made;
    }
    auto& to = entry_of(made);
    join(to, made);
    queue(to);
    ask();
    return made;
}

router::entry& router::entry_of(shared_route const& who) {
    auto const at = entries_.find(who->filter);
    if (at != entries_.end()) return *at->second;
    return add_entry(who->filter, new_id());
}

std::uint32_t router::new_id() {
    do next_id_ = next_id_ == 0 || next_id_ == 1 ? highest_id : next_id_ - 1;
    while (by_id_.contains(next_id_));
    return next_id_;
}

router::entry& router::add_entry(std::string filter, std::uint32_t id) {
    auto& slot = entries_[filter];
    slot = std::make_unique<entry>();
    slot->filter = std::move(filter);
    auto const shared = split_shared(slot->filter);
    slot->matches = shared ? std::string(shared->filter) : slot->filter;
    slot->id = id;
    by_id_.emplace(slot->id, slot.get());
    subscribed_.add(slot->matches, slot.get());
    return *slot;
}

/// The server knows one subscription for the filter: what all of them need together.
void router::join(entry& to, shared_route const& who) {
    auto const& wanted = who->how;
    bool const  first = to.routes.empty();
    auto const  qos = first ? wanted.qos() : std::max(to.how.qos(), wanted.qos());
    bool const  no_local = wanted.no_local() && (first || to.how.no_local());
    bool const  as_published = wanted.retain_as_published() || (!first && to.how.retain_as_published());
    to.how = subscription_options(qos).no_local(no_local).retain_as_published(as_published).retained(wanted.retained());
    to.routes.push_back(who);
    to.is_restored = false;
    to.at = standing::to_ask;
    to.asked_by = 0;
}

void router::queue(entry& what) {
    if (std::exchange(what.is_queued, true)) return;
    to_ask_.push_back(what.id);
}

router::shared_route router::listen(std::string_view filter, message_handler handler) {
    auto made = make_route(filter, {}, std::move(handler));
    made->is_local = true;
    if (auto const wrong = codec::check_topic_filter(filter)) {
        made->state = subscription_state::refused;
        made->error = bad_argument(*wrong);
        return made;
    }
    made->state = subscription_state::active;
    auto const shared = split_shared(filter);
    listening_.add(shared ? shared->filter : filter, made.get());
    local_.emplace(made->no, made);
    return made;
}

// ---- Leaving ----------------------------------------------------------------------------------------------------------

void router::leave(route& who, std::optional<subscribe_operation> op) {
    auto const self = who.shared_from_this();
    if (who.is_local) {
        auto const shared = split_shared(who.filter);
        listening_.remove(shared ? shared->filter : std::string_view(who.filter), &who);
        local_.erase(who.no);
    }
    auto const at = entries_.find(who.filter);
    auto* const of = at == entries_.end() ? nullptr : at->second.get();
    auto const taken = of && !who.is_local ? std::erase(of->routes, self) : 0;
    who.ended();
    if (taken == 0 || !of->routes.empty() || of->at == standing::refused) {
        if (taken > 0 && of->routes.empty()) forget(*of);
        if (op) std::move(*op).complete({}, {});
        return;
    }
    drop(*of);
    if (op && (of_.is_open() || !of->was_sent)) of->leavers.push_back(std::move(*op));
    else if (op) std::move(*op).complete(error::not_connected, {});
    if (!of->was_sent) return forget(*of);
    of->at = standing::to_leave;
    of->asked_by = 0;
    queue(*of);
    ask();
}

void router::forget(entry& what) {
    for (auto& op : std::exchange(what.leavers, {})) std::move(op).complete({}, {});
    subscribed_.remove(what.matches, &what);
    by_id_.erase(what.id);
    entries_.erase(entries_.find(what.filter));
}

router::entry* router::find(std::uint32_t id) {
    auto const at = by_id_.find(id);
    return at == by_id_.end() ? nullptr : at->second;
}

// ---- Messages ---------------------------------------------------------------------------------------------------------

bool router::deliver(session::event::message_arrived const& e) {
    auto takers = std::exchange(scratch_, {});
    collect(e.message, takers);
    if (takers.empty()) {
        scratch_ = std::move(takers);
        if (!std::exchange(is_late_, false)) return false;
        ++late_messages_;
        of_.acknowledge(e.arrival, e.message.qos, reason_code::success);
        return true;
    }
    is_late_ = false;
    received_message seen(e.message, e.arrival, of_.connection_->engine());
    auto const       matched = takers.size() == 1 ? takers.front()->alone : names_of(takers);
    if (e.arrival != 0 && takers.size() > 1)
        for (auto const& each : takers) held_[e.arrival].holders.push_back(each->no);
    for (auto const& each : takers) {
        seen.routed(each->no, matched);
        each->take(seen);
    }
    takers.clear();
    scratch_ = std::move(takers);
    return true;
}

/// By identifier where the message has some of ours, and by topic what the server was not told an identifier of: it may know those from
/// an earlier life of this program. An identifier of that life may be one that now is another's, so the filter has to match as well.
void router::collect(packet::publish const& p, std::vector<shared_route>& takers) {
    bool has_ids = false, is_known = false;
    for (auto const& each : p.props) {
        if (each.id != property_id::subscription_identifier) continue;
        has_ids = true;
        auto const* const found = find(each.number);
        if (!found && next_id_ != 0 && each.number >= next_id_) is_late_ = true;
        if (!found || !found->has_id || !topic_matches(found->matches, p.topic)) continue;
        is_known = true;
        add_routes(*found, takers);
    }
    if (!is_known)
        subscribed_.match(p.topic, [&](entry const* each) {
            if (!has_ids || !each->has_id) add_routes(*each, takers);
        });
    if (!listening_.empty()) listening_.match(p.topic, [&](route* each) { takers.push_back(each->shared_from_this()); });
}

void router::add_routes(entry const& from, std::vector<shared_route>& takers) {
    if (from.routes.empty() && !from.is_restored) is_late_ = true;
    for (auto const& each : from.routes)
        if (std::find(takers.begin(), takers.end(), each) == takers.end()) takers.push_back(each);
}

std::shared_ptr<std::vector<std::string> const> router::names_of(std::vector<shared_route> const& takers) {
    auto names = std::make_shared<std::vector<std::string>>();
    for (auto const& each : takers)
        if (std::find(names->begin(), names->end(), each->filter) == names->end()) names->push_back(each->filter);
    return names;
}

void router::let_go(std::uint32_t taker, session::arrival_no arrival, qos_level qos, reason_code reason) {
    if (arrival == 0) return;
    auto const at = held_.find(arrival);
    if (at == held_.end()) return of_.acknowledge(arrival, qos, reason);
    auto& held = at->second;
    if (std::erase(held.holders, taker) == 0) return;              // said so before
    if (is_error(reason) && !is_error(held.reason)) held.reason = reason;
    if (!held.holders.empty()) return;
    auto const all = held.reason;
    held_.erase(at);
    of_.acknowledge(arrival, qos, all);
}

void router::filled(bool is_full) {
    full_ += is_full ? 1 : static_cast<std::size_t>(-1);
    of_.throttle();
}

// ---- The client's end -------------------------------------------------------------------------------------------------

void router::close() {
    auto const entries = std::exchange(entries_, {});
    auto const local = std::exchange(local_, {});
    by_id_.clear();
    subscribed_ = {};
    listening_ = {};
    held_.clear();
    to_ask_.clear();
    error_code const aborted = asio::error::operation_aborted;
    for (auto& each : requests_)
        for (auto& op : each.second.leavers) std::move(op).complete(aborted, {});
    requests_.clear();
    auto const end = [&](shared_route const& each) {
        each->fail_operations(aborted, aborted);
        each->ended();
    };
    for (auto const& each : entries) {
        for (auto& op : each.second->leavers) std::move(op).complete(aborted, {});
        for (auto const& one : each.second->routes) end(one);
    }
    for (auto const& each : local) end(each.second);
}

} // namespace aldis
