// How long to wait before the next attempt to connect: a pure function.
#pragma once

#include <chrono>
#include <cstdint>

namespace aldis {

/// Doubling from `first` to `longest`, and of that a random part, so that clients cut off together do not come back together.
struct backoff {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds longest{120'000};
    /// 0: always the full delay; 1: anything between nothing and it.
    double                    jitter = 0.5;
};

/// The delay before attempt `attempt` (the first one after a loss is 0), for a `chance` that the caller draws evenly from 0 to 1.
constexpr std::chrono::milliseconds delay_before(unsigned attempt, backoff const& how, double chance) noexcept {
    auto       full = how.first < how.longest ? how.first : how.longest;
    for (unsigned i = 0; i < attempt && full < how.longest; ++i) full = full > how.longest / 2 ? how.longest : full * 2;
    auto const even = chance < 0 ? 0.0 : chance > 1 ? 1.0 : chance;
    auto const part = 1.0 - how.jitter * even;
    return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(static_cast<double>(full.count()) * part)};
}

} // namespace aldis
