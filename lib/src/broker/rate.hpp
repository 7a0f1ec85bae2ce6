// How often something may happen: so many a second, and as many at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <aldis/session/time.hpp>

namespace aldis::serving {

using session::time_point;

/// A bucket in thousandths: it is full at first, and fills up within a second.
class rate {
public:
    /// Takes one if there is one. With `per_second` 0 there always is.
    bool take(std::size_t per_second, time_point now) noexcept {
        if (per_second == 0) return true;
        fill(per_second, now);
        if (left_ < 1'000) return false;
        left_ -= 1'000;
        return true;
    }

    /// Takes one also when there is none; how long until nothing is owed.
    session::duration owe(std::size_t per_second, time_point now) noexcept {
        if (per_second == 0) return session::duration{0};
        fill(per_second, now);
        left_ -= 1'000;
        auto const each_ms = static_cast<std::int64_t>(per_second);
        return session::duration{left_ >= 0 ? 0 : (-left_ + each_ms - 1) / each_ms};
    }

    bool is_full(std::size_t per_second, time_point now) const noexcept {
        auto later = *this;
        later.fill(per_second, now);
        return later.left_ >= static_cast<std::int64_t>(per_second) * 1'000;
    }

private:
    void fill(std::size_t per_second, time_point now) noexcept {
        auto const most = static_cast<std::int64_t>(per_second) * 1'000;
        auto const passed = std::clamp<std::int64_t>((now - since_).count(), 0, 1'000'000);
        left_ = is_new_ ? most : std::min(most, left_ + passed * static_cast<std::int64_t>(per_second));
        is_new_ = false;
        since_ = now;
    }

    time_point   since_{};
    std::int64_t left_ = 0;
    bool         is_new_ = true;
};

} // namespace aldis::serving
