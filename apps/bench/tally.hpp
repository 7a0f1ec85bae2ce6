// What a run of `bench` has counted and measured so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include <aldis/received_message.hpp>

#include "cli/histogram.hpp"
#include "order_check.hpp"
#include "pace.hpp"
#include "stamp.hpp"

namespace aldis::app::bench {

/// Nanoseconds, each known to within 1/128 of itself.
using duration_histogram = histogram<7>;

/// Counted from the first connect to the end.
struct counters {
    std::uint64_t connected = 0;
    std::uint64_t connect_failed = 0;
    std::uint64_t connection_lost = 0;
    std::uint64_t subscribed = 0;
    std::uint64_t subscribe_failed = 0;
    std::uint64_t sent = 0;                                        // handed to the client
    std::uint64_t completed = 0;                                   // acknowledged, or at QoS 0 in the output
    std::uint64_t publish_failed = 0;
    std::uint64_t received = 0;                                    // all of them, duplicates too
    std::uint64_t foreign = 0;                                     // without a stamp of ours; not checked
    std::uint64_t unchecked = 0;                                   // of more senders than are kept account of
    std::uint64_t duplicates = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t lost = 0;                                        // known at the end
    std::uint64_t overrun = 0;                                     // were due and not sent when sending ended
};

/// A count, and what a table calls it.
struct named_count {
    std::string_view name;
    std::uint64_t counters::*value;
};

/// One for a run. The memory it takes does not depend on how many messages there are.
class tally {
public:
    counters count{};

    /// What came before this moment is counted, not measured.
    void measure_from(time_point moment) noexcept { measured_from_ = moment; }

    void connected(time_point intended, time_point now) { connects_.add(nanoseconds(intended, now)); }
    void completed(time_point intended, time_point now);

    /// Checks a message that `subscriber` got against those it got before. True when it is new: neither foreign nor a duplicate.
    /// `from_zero`: the first message of each sender has the number 0.
    bool received(std::uint32_t subscriber, received_message const& message, bool from_zero);

    /// Numbers that subscribers have passed over.
    std::uint64_t missing() const noexcept;

    /// One more thing that went wrong. Each of the first 16 kinds is printed when it comes up.
    void failed(std::string_view what);

    bool is_clean() const noexcept { return failures_.empty() && count.lost + count.duplicates + count.out_of_order == 0; }

    duration_histogram const& connects() const noexcept { return connects_; }
    duration_histogram const& latencies() const noexcept { return latencies_; }
    /// Messages measured: of publishers those completed, of subscribers those received.
    std::uint64_t    measured() const noexcept { return latencies_.count(); }
    std::map<std::string, std::uint64_t, std::less<>> const& failures() const noexcept { return failures_; }

    /// Nanoseconds since 1970 of a moment of the steady clock, by one offset for the whole run.
    std::uint64_t wall(time_point moment) const noexcept;

private:
    static constexpr std::size_t most_flows = 200'000;             // pairs of sender and subscriber
    static constexpr std::size_t most_failures = 16;

    struct flow_key {
        std::uint64_t sender;
        std::uint32_t subscriber;
        friend bool operator==(flow_key const&, flow_key const&) = default;
    };
    struct hash {
        std::size_t operator()(flow_key const& key) const noexcept { return std::hash<std::uint64_t>{}(key.sender * 0x9E37'79B9'7F4A'7C15U + key.subscriber); }
    };

    static std::uint64_t nanoseconds(time_point from, time_point to) noexcept;

    bool check(std::uint32_t subscriber, stamp const& what, bool from_zero);

    duration_histogram                                connects_{};
    duration_histogram                                latencies_{};
    time_point                                        measured_from_{};
    std::int64_t const                                offset_ = offset_of_wall();
    std::unordered_map<flow_key, order_check, hash>   flows_{};
    std::map<std::string, std::uint64_t, std::less<>> failures_{};

    static std::int64_t offset_of_wall() noexcept;
};

} // namespace aldis::app::bench
