// Sums by name in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/histogram.hpp"

namespace aldis::app::dump {

/// Nanoseconds; percentiles are at most 1/16 too high, the largest is exact.
using latency_histogram = histogram<4>;

/// What is summed up for a name.
struct tally {
    std::uint64_t     packets = 0;
    std::uint64_t     bytes = 0;                                   // whole packets, as sent
    std::uint64_t     payload = 0;                                 // of PUBLISH
    std::uint64_t     retained = 0;                                // PUBLISH with RETAIN
    latency_histogram latency{};                                   // of flows that a packet completed

    void add(tally const& other);
};

/// Tallies by name, for at most `most` names of `longest` bytes (longer ones are cut). When one more comes, the smaller half, by packets,
/// is summed under "other"; a name that comes back begins anew.
class tally_table {
public:
    explicit tally_table(std::size_t most = 1000) noexcept : most_(most) {}

    /// The tally of `name`; valid until the next call.
    tally&       of(std::string_view name);
    tally const& other() const noexcept { return other_; }
    bool         empty() const noexcept { return rows_.empty(); }
    /// The largest first; those with equal numbers by name.
    std::vector<std::pair<std::string_view, tally const*>> sorted() const;

    static constexpr std::size_t longest = 256;

private:
    void shrink();

    std::size_t                            most_;
    std::unordered_map<std::string, tally> rows_{};
    tally                                  other_{};
};

} // namespace aldis::app::dump
