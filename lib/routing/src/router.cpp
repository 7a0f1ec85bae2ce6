// Subscriptions as a tree, and the copies of a message they ask for (3.3.4, 3.8.4, 4.8.2).
#include <aldis/routing/router.hpp>

#include <algorithm>
#include <utility>

#include <aldis/codec/topic.hpp>

namespace aldis::routing {

subscribed router::subscribe(session_no session, subscription const& wanted, std::uint32_t subscription_id) {
    auto const shared = split_shared(wanted.filter);
    auto const filter = shared ? shared->filter : wanted.filter;
    auto const slashes = static_cast<std::size_t>(std::count(filter.begin(), filter.end(), '/'));
    if (slashes >= limits_.levels) return subscribed::too_deep;

    auto const had = sessions_.find(session);
    entry*     one = nullptr;
    if (had != sessions_.end()) {
        if (auto const old = find(had->second, wanted.filter); old != had->second.end()) one = old->get();
    }
    bool const is_new = one == nullptr;
    if (is_new) {
        if (size(session) >= limits_.subscriptions) return subscribed::too_many;
        one = sessions_[session].emplace_back(std::make_unique<entry>()).get();
        one->session = session;
        one->filter = wanted.filter;
        attach(*one, filter);
        ++size_;
    }
    one->id = subscription_id;                                     // [MQTT-3.8.4-3] [v3-MQTT-3.8.4-3]
    one->qos = wanted.qos;
    one->no_local = wanted.no_local;
    one->retain_as_published = wanted.retain_as_published;
    return is_new ? subscribed::added : subscribed::replaced;
}

bool router::unsubscribe(session_no session, std::string_view filter) {
    auto const had = sessions_.find(session);
    if (had == sessions_.end()) return false;
    auto const found = find(had->second, filter);
    if (found == had->second.end()) return false;
    detach(**found);
    had->second.erase(found);
    if (had->second.empty()) sessions_.erase(had);
    return true;
}

void router::remove(session_no session) {
    auto const had = sessions_.find(session);
    if (had == sessions_.end()) return;
    for (auto const& each : had->second) detach(*each);
    sessions_.erase(had);
}

std::size_t router::size(session_no session) const noexcept {
    auto const had = sessions_.find(session);
    return had == sessions_.end() ? 0 : had->second.size();
}

router::owned::iterator router::find(owned& all, std::string_view filter) noexcept {
    return std::find_if(all.begin(), all.end(), [&](auto const& each) { return each->filter == filter; });
}

void router::attach(entry& made, std::string_view filter) {
    if (filter.size() == made.filter.size()) return tree_.add(filter, {&made, nullptr});

    auto& of_name = groups_[made.filter];
    if (!of_name) {
        of_name = std::make_unique<group>();
        of_name->name = made.filter;
        tree_.add(filter, {nullptr, of_name.get()});
    }
    of_name->members.push_back(&made);
    made.shared = of_name.get();
}

void router::detach(entry& gone) {
    --size_;
    if (!gone.shared) {
        tree_.remove(gone.filter, {&gone, nullptr});
        return;
    }
    auto&      from = *gone.shared;
    auto const at = std::find(from.members.begin(), from.members.end(), &gone);
    auto const place = static_cast<std::size_t>(at - from.members.begin());
    from.members.erase(at);
    if (place < from.turn) --from.turn;                            // nobody loses his turn because another left
    if (!from.members.empty()) {
        from.turn %= from.members.size();
        return;
    }
    tree_.remove(split_shared(from.name)->filter, {nullptr, &from});
    groups_.erase(groups_.find(from.name));
}

void router::collect(routed const& message) {
    found_.clear();
    groups_found_.clear();
    tree_.match(message.topic, [&](target const& each) {           // [MQTT-4.7.2-1] [v3-MQTT-4.7.2-1]
        if (each.shared) return groups_found_.push_back(each.shared);
        if (each.own->no_local && each.own->session == message.from) return;                             // [MQTT-3.8.3-3]
        found_.push_back(each.own);
    });
    std::sort(found_.begin(), found_.end(), [](auto const* a, auto const* b) { return a->session < b->session; });
}

routed_copy router::next_copy(routed const& message, std::size_t& at) {
    routed_copy copy{.to = found_[at]->session};
    bool        keeps_retain = false;
    ids_.clear();
    for (; at < found_.size() && found_[at]->session == copy.to; ++at) {
        auto const& each = *found_[at];
        copy.qos = std::max(copy.qos, each.qos);                   // [MQTT-3.3.4-2]
        keeps_retain = keeps_retain || each.retain_as_published;
        if (each.id != 0) ids_.push_back(each.id);                 // [MQTT-3.3.4-3] [MQTT-3.3.4-4]
    }
    copy.qos = std::min(copy.qos, message.qos);
    copy.retain = keeps_retain && message.retain;                  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    copy.subscription_ids = ids_;
    return copy;
}

routed_copy router::shared_copy(routed const& message, entry const& member) {
    ids_.clear();
    if (member.id != 0) ids_.push_back(member.id);
    return {
        .to = member.session,
        .qos = std::min(member.qos, message.qos),                  // [MQTT-4.8.2-3]
        .retain = member.retain_as_published && message.retain,
        .is_shared = true,
        .subscription_ids = ids_,
    };
}

} // namespace aldis::routing
