// The numbers of one sender's messages as they arrive: which are missing, came twice, came too late.
#pragma once

#include <cstdint>

namespace aldis::app::bench {

/// Remembers the last 64 numbers: what is older cannot be told from a duplicate, and counts as whichever is possible. 32 bytes.
class order_check {
public:
    enum class verdict : std::uint8_t { in_order, after_gap, out_of_order, duplicate };

    /// `first`: the number that is due first. A sender whose beginning was not seen starts with what comes first.
    explicit order_check(std::uint64_t first) noexcept : first_(first), next_(first) {}

    verdict see(std::uint64_t number) noexcept {
        if (number >= next_) return advance(number);
        if (number < first_) return verdict::out_of_order;         // sent before what we saw first
        auto const age = next_ - 1 - number;
        if (age < 64) {
            auto const bit = std::uint64_t{1} << age;
            if ((seen_ & bit) != 0) return verdict::duplicate;
            seen_ |= bit;
        }
        if (missing_ == 0) return verdict::duplicate;              // everything up to there has come
        --missing_;
        return verdict::out_of_order;
    }

    /// Numbers passed over that have not come since.
    std::uint64_t missing() const noexcept { return missing_; }
    /// The number after the highest that came.
    std::uint64_t next() const noexcept { return next_; }

private:
    verdict advance(std::uint64_t number) noexcept {
        auto const gap = number - next_;
        seen_ = gap < 63 ? seen_ << (gap + 1) | 1 : 1;
        missing_ += gap;
        next_ = number + 1;
        return gap == 0 ? verdict::in_order : verdict::after_gap;
    }

    std::uint64_t first_;
    std::uint64_t next_;
    std::uint64_t seen_ = 0;
    std::uint64_t missing_ = 0;
};

} // namespace aldis::app::bench
