// One optional point in time for each timer; the earliest is when tick() is wanted.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include <aldis/session/time.hpp>

namespace aldis::session {

class deadlines {
public:
    deadlines() { at_.fill(never); }

    void set(timer which, time_point at) noexcept { slot(which) = at; }
    void clear(timer which) noexcept { slot(which) = never; }
    void clear_all() noexcept { at_.fill(never); }
    bool is_set(timer which) const noexcept { return at_[static_cast<std::size_t>(which)] != never; }
    bool is_due(timer which, time_point now) const noexcept { return at_[static_cast<std::size_t>(which)] <= now; }

    std::optional<time_point> earliest() const noexcept {
        auto const first = *std::min_element(at_.begin(), at_.end());
        if (first == never) return std::nullopt;
        return first;
    }

private:
    static constexpr time_point never = time_point::max();

    time_point& slot(timer which) noexcept { return at_[static_cast<std::size_t>(which)]; }

    std::array<time_point, timer_count> at_{};
};

} // namespace aldis::session
