// Retained messages: keeping them within bounds, and walking those that a filter matches (3.3.1.3, 4.7).
#include <aldis/routing/retained_store.hpp>

#include <algorithm>
#include <string>

#include <aldis/codec/topic.hpp>

namespace aldis::routing {

namespace {

std::string_view level_at(std::string_view text, std::size_t from) noexcept { return text.substr(from, text.find('/', from) - from); }

bool has_expired(retained_message const& m, session::time_point now) noexcept { return m.expires_at && *m.expires_at <= now; }

/// The lowest byte that no `/` is: a topic with it appended stands behind everything below the topic.
constexpr char behind = '\x01';

/// Where to look on from a topic that `filter` does not match: no topic between the two matches it. Empty: at the topic that follows;
/// nothing: no topic from here on matches.
std::optional<std::string> leap(std::string_view filter, std::string_view topic) {
    if (topic.starts_with('$') && !filter.starts_with('$')) {
        if (filter.starts_with('+') || filter.starts_with('#')) return "%";                              // [MQTT-4.7.2-1]
    }
    bool        has_choice = false;                                // a `+` on the way: another branch may match
    std::size_t f = 0, t = 0;
    for (;;) {
        auto const wanted = level_at(filter, f), given = level_at(topic, t);
        if (wanted != "+" && wanted != given) {
            auto const above = topic.substr(0, t);
            if (given < wanted) return std::string(above).append(wanted);
            if (!has_choice) return std::nullopt;
            return std::string(above.substr(0, above.size() - 1)) + behind;
        }
        has_choice = has_choice || wanted == "+";
        f += wanted.size() + 1;
        t += given.size() + 1;
        if (t > topic.size()) return "";
        if (f > filter.size()) return std::string(topic.substr(0, t - 1)) + behind;
    }
}

} // namespace

bool retained_store::by_topic::before(std::string_view a, std::string_view b) noexcept {
    auto const [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
    if (*x == '/' || *y == '/') return *x == '/';
    return static_cast<unsigned char>(*x) < static_cast<unsigned char>(*y);
}

retained_outcome retained_store::set(retained_message m, session::time_point now) {
    expire(now);
    auto const old = entries_.find(m.message.topic());
    bool const had = old != entries_.end();
    if (m.message.payload().empty()) {                             // [MQTT-3.3.1-6] [MQTT-3.3.1-7] [v3-MQTT-3.3.1-10] [v3-MQTT-3.3.1-11]
        if (had) erase(old);
        return had ? retained_outcome::removed : retained_outcome::absent;
    }
    if (auto const why = refusal(m, old)) return *why;

    if (had) erase(old);                                           // [MQTT-3.3.1-5]
    if (has_expired(m, now)) return had ? retained_outcome::replaced : retained_outcome::kept;
    bytes_ += cost(m);
    auto const& kept = *entries_.insert(std::move(m)).first;       // [v3-MQTT-3.3.1-5]
    if (kept.expires_at) deadlines_.emplace(*kept.expires_at, &kept);
    return had ? retained_outcome::replaced : retained_outcome::kept;
}

std::optional<retained_outcome> retained_store::refusal(retained_message const& m, entries::const_iterator old) const noexcept {
    auto const topic = m.message.topic();
    auto const slashes = static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
    bool const had = old != entries_.end();
    if (slashes >= limits_.levels) return retained_outcome::too_deep;
    if (!had && entries_.size() >= limits_.messages) return retained_outcome::too_many;
    if (bytes_ - (had ? cost(*old) : 0) + cost(m) > limits_.bytes) return retained_outcome::too_large;
    return std::nullopt;
}

retained_message const* retained_store::find(std::string_view topic, session::time_point now) const {
    auto const found = entries_.find(topic);
    return found == entries_.end() || has_expired(*found, now) ? nullptr : &*found;
}

retained_message const* retained_store::first(std::string_view filter, session::time_point now) const {
    auto const wildcard = filter.find_first_of("+#");
    if (wildcard == std::string_view::npos) return find(filter, now);
    // `a/#` is for `a` too.
    auto const above = filter.substr(0, wildcard == 0 ? 0 : wildcard - 1);
    return seek(entries_.lower_bound(above), filter, now);
}

retained_message const* retained_store::next(retained_message const& from, std::string_view filter, session::time_point now) const {
    if (!has_wildcard(filter)) return nullptr;
    return seek(entries_.upper_bound(from.message.topic()), filter, now);
}

retained_message const* retained_store::seek(entries::const_iterator from, std::string_view filter, session::time_point now) const {
    while (from != entries_.end()) {
        auto const topic = from->message.topic();
        if (topic_matches(filter, topic)) {
            if (!has_expired(*from, now)) return &*from;
            ++from;
            continue;
        }
        auto const to = leap(filter, topic);
        if (!to) return nullptr;
        from = to->empty() ? std::next(from) : entries_.lower_bound(std::string_view(*to));
    }
    return nullptr;
}

std::size_t retained_store::expire(session::time_point now, std::function<void(session::message const&)> const& see) {
    std::size_t dropped = 0;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        auto const& message = deadlines_.begin()->second->message;
        if (see) see(message);
        erase(entries_.find(message.topic()));
        ++dropped;
    }
    return dropped;
}

std::optional<session::time_point> retained_store::deadline() const noexcept {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
}

void retained_store::erase(entries::const_iterator at) noexcept {
    bytes_ -= cost(*at);
    if (at->expires_at) deadlines_.erase({*at->expires_at, &*at});
    entries_.erase(at);
}

} // namespace aldis::routing
