// When messages are to be sent, whatever became of those before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace aldis::app::bench {

using clock      = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration   = std::chrono::nanoseconds;

/// An open loop: the n-th message is due at start + n * interval, also when earlier ones are late. With interval 0 there is no plan, and
/// each is due when asked for.
class pace {
public:
    pace() = default;
    pace(time_point start, duration interval) noexcept : due_(start), interval_(interval) {}

    bool       is_open_loop() const noexcept { return interval_.count() > 0; }
    time_point due() const noexcept { return due_; }

    /// The time the next message was to be sent, which it takes from the plan; nothing while it is not due.
    std::optional<time_point> take(time_point now) noexcept {
        if (!is_open_loop()) return now;
        if (now < due_) return std::nullopt;
        auto const taken = due_;
        due_ += interval_;
        return taken;
    }

    /// How many are due at `now` and were not taken.
    std::uint64_t behind(time_point now) const noexcept {
        if (!is_open_loop() || now < due_) return 0;
        return static_cast<std::uint64_t>((now - due_) / interval_) + 1;
    }

private:
    time_point due_{};
    duration   interval_{0};
};

} // namespace aldis::app::bench
