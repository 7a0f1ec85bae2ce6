// Sums by name in bounded memory, and percentiles without keeping what they are of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aldis::app::dump {

/// Durations in buckets that grow by an eighth: percentiles are off by at most 6 %, the largest is exact. 4 KB.
class latency_histogram {
public:
    /// Negative durations (a clock that was set back) count as 0.
    void          add(std::int64_t nanoseconds) noexcept;
    void          add(latency_histogram const& other) noexcept;
    std::uint64_t count() const noexcept { return count_; }
    std::int64_t  most() const noexcept { return most_; }
    /// The middle of the bucket that holds the duration which `percent` of all do not exceed, at most `most()`; 0 when there is none.
    std::int64_t at(unsigned percent) const noexcept;

private:
    std::array<std::uint64_t, 496> buckets_{};
    std::uint64_t                  count_ = 0;
    std::int64_t                   most_ = 0;
};

/// What is summed up for a name.
struct tally {
    std::uint64_t     packets = 0;
    std::uint64_t     bytes = 0;                                   // whole packets, as sent
    std::uint64_t     payload = 0;                                 // of PUBLISH
    std::uint64_t     retained = 0;                                // PUBLISH with RETAIN
    latency_histogram latency{};                                   // of flows that a packet completed

    void add(tally const& other) noexcept;
};

/// Tallies by name, for at most `most` names of `longest` bytes (longer ones are cut). When one more comes, the smaller half, by packets,
/// is summed under "other"; a name that comes back begins anew.
class tally_table {
public:
    explicit tally_table(std::size_t most = 1000) noexcept : most_(most) {}

    /// The tally of `name`; valid until the next call.
    tally&       of(std::string_view name);
    tally const& other() const noexcept { return other_; }
    /// How many times a name was summed under other().
    std::uint64_t moved() const noexcept { return moved_; }
    bool          empty() const noexcept { return rows_.empty(); }
    /// The largest first; those with equal numbers by name.
    std::vector<std::pair<std::string_view, tally const*>> sorted() const;

    static constexpr std::size_t longest = 256;

private:
    void shrink();

    std::size_t                            most_;
    std::unordered_map<std::string, tally> rows_{};
    tally                                  other_{};
    std::uint64_t                          moved_ = 0;
};

} // namespace aldis::app::dump
