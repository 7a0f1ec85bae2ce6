// What a run of `bench` has counted and measured so far.
#include "tally.hpp"

#include <chrono>

#include "../cli/report.hpp"

namespace aldis::app::bench {

std::uint64_t tally::nanoseconds(time_point from, time_point to) noexcept {
    return to <= from ? 0 : static_cast<std::uint64_t>(duration{to - from}.count());
}

std::int64_t tally::offset_of_wall() noexcept {
    auto const wall = std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch());
    return (wall - std::chrono::duration_cast<duration>(clock::now().time_since_epoch())).count();
}

std::uint64_t tally::wall(time_point moment) const noexcept {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<duration>(moment.time_since_epoch()).count() + offset_);
}

void tally::completed(time_point intended, time_point now) {
    ++count.completed;
    if (intended >= measured_from_) latencies_.add(nanoseconds(intended, now));
}

bool tally::received(std::uint32_t subscriber, received_message const& message, bool from_zero) {
    ++count.received;
    auto const what = find_stamp(message.payload());
    if (!what) {
        ++count.foreign;
        return false;
    }
    if (!check(subscriber, *what, from_zero)) return false;
    auto const now = wall(clock::now());
    if (what->time >= wall(measured_from_)) latencies_.add(now > what->time ? now - what->time : 0);
    return true;
}

bool tally::check(std::uint32_t subscriber, stamp const& what, bool from_zero) {
    auto found = flows_.find({what.sender, subscriber});
    if (found == flows_.end()) {
        if (flows_.size() >= most_flows) return ++count.unchecked, true;
        found = flows_.emplace(flow_key{what.sender, subscriber}, order_check{from_zero ? 0 : what.number}).first;
    }
    using verdict = order_check::verdict;
    auto const seen = found->second.see(what.number);
    if (seen == verdict::duplicate) ++count.duplicates;
    if (seen == verdict::out_of_order) ++count.out_of_order;
    return seen != verdict::duplicate;
}

std::uint64_t tally::missing() const noexcept {
    std::uint64_t all = 0;
    for (auto const& [key, flow] : flows_) all += flow.missing();
    return all;
}

void tally::failed(std::string_view what) {
    auto found = failures_.find(what);
    if (found == failures_.end() && failures_.size() < most_failures) {
        print_error(what);
        found = failures_.emplace(what, 0).first;
    }
    if (found == failures_.end()) found = failures_.emplace("other errors", 0).first;
    ++found->second;
}

} // namespace aldis::app::bench
