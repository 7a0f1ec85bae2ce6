// Publishers' messages matched with deliveries, by topic and payload.
#include "messages.hpp"

#include <limits>

#include "limits.hpp"

namespace aldis::follow {

std::uint64_t delivery_memory::last(std::uint64_t digest) const noexcept {
    for (auto const& e : seen_)
        if (e.digest == digest) return e.number;
    return 0;
}

void delivery_memory::remember(std::uint64_t digest, std::uint64_t number) {
    for (auto& e : seen_) {
        if (e.digest != digest) continue;
        e.number = number;
        return;
    }
    if (seen_.size() < limits::delivered) return seen_.push_back({digest, number});
    seen_[next_] = {digest, number};
    next_ = (next_ + 1) % limits::delivered;
}

bool delivery_memory::is_full() const noexcept { return seen_.size() >= limits::delivered; }

void message_window::publish(std::uint64_t digest, packet_mark const& at, bool retain) {
    ++count_;
    auto const place = count_ % limits::messages;
    if (ring_.size() < limits::messages) ring_.resize(limits::messages);
    auto& m = ring_[place];
    if (m.at) {                                                    // the oldest one goes
        auto const gone = latest_.find(m.digest);
        if (gone != latest_.end() && gone->second + limits::messages == count_) latest_.erase(gone);
    }
    auto& latest = latest_[digest];
    m = {.digest = digest, .older = latest, .at = at, .retain = retain};
    latest = count_;
}

message_window::message const* message_window::get(std::uint64_t number) const noexcept {
    bool const there = number != 0 && number + limits::messages > count_;
    return there ? &ring_[number % limits::messages] : nullptr;
}

packet_mark message_window::deliver(delivery const& d, delivery_memory& receiver) const {
    auto const found = latest_.find(d.digest);
    if (found == latest_.end()) return {};
    auto const  last = receiver.last(d.digest);
    bool const  lost_count = last == 0 && (receiver.is_full() || d.since == std::numeric_limits<std::int64_t>::min());
    auto        number = found->second;
    auto        chosen = std::uint64_t{0};
    std::size_t steps = 0;
    // The earliest behind the last one that came; of what was retained the latest, and where nobody knows how far it has come.
    for (auto const* m = get(number); m != nullptr && steps < limits::same_messages; number = m->older, m = get(number), ++steps) {
        if (d.retained && !m->retain) continue;
        bool const in_time = d.retained || (m->at.time >= d.since && d.at - m->at.time <= limits::delivery_time);
        if (!in_time || number <= last) break;
        chosen = number;
        if (d.retained || lost_count) break;
    }
    if (chosen == 0) chosen = last;                                // once more, for another subscription
    auto const* const m = get(chosen);
    if (m == nullptr || m->at.time > d.at) return {};
    receiver.remember(d.digest, chosen);
    return m->at;
}

} // namespace aldis::follow
