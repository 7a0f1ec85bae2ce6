// Topic aliases of one connection, both directions (3.3.2.3.4).
#include "topic_alias.hpp"

#include <algorithm>

namespace aldis::session {

void incoming_aliases::set(std::uint16_t alias, std::string_view topic) {
    if (topics_.size() < alias) topics_.resize(alias);
    topics_[alias - 1U].assign(topic);
}

outgoing_aliases::choice outgoing_aliases::use(std::string_view topic) {
    std::uint16_t const most = std::min(automatic_, maximum_);
    if (most == 0) return {};
    key_.assign(topic);
    if (auto const known = by_topic_.find(key_); known != by_topic_.end()) {
        if (known->second <= most) {
            unlink(known->second);
            make_newest(known->second);
        }
        return {known->second, true};
    }
    std::uint16_t alias = oldest_;
    if (assigned_ < most) {
        alias = ++assigned_;
        make_room_for(alias);
    } else {
        unlink(alias);
    }
    name(alias, topic);
    make_newest(alias);
    return {alias, false};
}

void outgoing_aliases::set(std::uint16_t alias, std::string_view topic) {
    std::uint16_t const most = std::min(automatic_, maximum_);
    while (assigned_ < std::min(alias, most)) {                    // the automatic ones below it stay in their list
        make_room_for(++assigned_);
        make_newest(assigned_);
    }
    make_room_for(alias);
    name(alias, topic);
}

std::string_view outgoing_aliases::find(std::uint16_t alias) const noexcept {
    return alias <= entries_.size() ? std::string_view{entries_[alias - 1U].topic} : std::string_view{};
}

void outgoing_aliases::make_room_for(std::uint16_t alias) {
    if (entries_.size() < alias) entries_.resize(alias);
}

void outgoing_aliases::name(std::uint16_t alias, std::string_view topic) {
    auto& e = at(alias);
    if (auto const old = by_topic_.find(e.topic); old != by_topic_.end() && old->second == alias) by_topic_.erase(old);
    e.topic.assign(topic);
    by_topic_[e.topic] = alias;
}

void outgoing_aliases::unlink(std::uint16_t alias) noexcept {
    auto& e = at(alias);
    (e.older == 0 ? oldest_ : at(e.older).newer) = e.newer;
    (e.newer == 0 ? newest_ : at(e.newer).older) = e.older;
    e.older = e.newer = 0;
}

void outgoing_aliases::make_newest(std::uint16_t alias) noexcept {
    auto& e = at(alias);
    e.older = newest_;
    e.newer = 0;
    (newest_ == 0 ? oldest_ : at(newest_).newer) = alias;
    newest_ = alias;
}

} // namespace aldis::session
