// Load averages as mosquitto has them: what happened in a minute, over the last one, five and fifteen.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <aldis/session/time.hpp>

namespace aldis::serving {

class load_average {
public:
    static constexpr std::array<int, 3> minutes{1, 5, 15};

    /// A counter that only rises stands at `count`, `passed` after the last time; the first time begins with nothing.
    void note(std::uint64_t count, session::duration passed) noexcept {
        constexpr double per_minute = 60'000;
        auto const       span = static_cast<double>(passed.count());
        auto const       before = last_;
        last_ = count;
        if (span <= 0) return;
        auto const now = static_cast<double>(count - before) * per_minute / span;
        for (std::size_t i = 0; i < minutes.size(); ++i) value_[i] = now + std::exp(-span / (per_minute * minutes[i])) * (value_[i] - now);
    }

    /// In hundredths, of minutes[which].
    std::uint64_t hundredths(std::size_t which) const noexcept { return static_cast<std::uint64_t>(value_[which] * 100 + 0.5); }

private:
    std::array<double, minutes.size()> value_{};
    std::uint64_t                      last_ = 0;
};

} // namespace aldis::serving
