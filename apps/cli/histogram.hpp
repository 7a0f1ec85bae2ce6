// Durations counted by size: any number of them in bounded memory, with percentiles.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace aldis::app {

/// A histogram whose steps grow with the value: 2^`StepBits` of them for each power of two, so that every value is known to within that part
/// of itself. Values are nanoseconds, all of 64 bits. Allocated with the first value: 58 KiB with 7 bits, 8 KiB with 4.
template <unsigned StepBits>
class histogram {
public:
    void add(std::uint64_t value) {
        if (steps_.empty()) steps_.resize(all_steps);
        ++steps_[step_of(value)];
        ++count_;
        sum_ += static_cast<double>(value);
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
    }

    void add(histogram const& other) {
        if (other.empty()) return;
        if (steps_.empty()) steps_.resize(all_steps);
        for (std::size_t i = 0; i < all_steps; ++i) steps_[i] += other.steps_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }

    std::uint64_t count() const noexcept { return count_; }
    bool          empty() const noexcept { return count_ == 0; }

    /// Exact; 0 when empty, as all the following.
    std::uint64_t min() const noexcept { return empty() ? 0 : min_; }
    std::uint64_t max() const noexcept { return max_; }
    double        mean() const noexcept { return empty() ? 0.0 : sum_ / static_cast<double>(count_); }

    /// The value that `percent` (0 to 100) of the values do not exceed: the upper end of its step, and never above max().
    std::uint64_t percentile(double percent) const noexcept {
        if (empty()) return 0;
        auto const wanted = std::clamp(std::ceil(percent / 100.0 * static_cast<double>(count_)), 1.0, static_cast<double>(count_));
        auto       left = static_cast<std::uint64_t>(wanted);
        for (std::size_t i = 0; i < all_steps; ++i) {
            if (steps_[i] >= left) return std::clamp(highest_of(i), min_, max_);
            left -= steps_[i];
        }
        return max_;
    }

private:
    static constexpr std::uint64_t steps_per_octave = std::uint64_t{1} << StepBits;
    static constexpr std::size_t   all_steps = static_cast<std::size_t>((64 - StepBits + 1) * steps_per_octave);

    // Below 2^StepBits each value has its own step; above, the first StepBits + 1 bits of the value say which.
    static std::size_t step_of(std::uint64_t value) noexcept {
        if (value < steps_per_octave) return static_cast<std::size_t>(value);
        auto const octave = static_cast<unsigned>(std::bit_width(value)) - StepBits;
        return static_cast<std::size_t>(octave * steps_per_octave + (value >> (octave - 1)) - steps_per_octave);
    }

    static std::uint64_t highest_of(std::size_t step) noexcept {
        auto const octave = static_cast<std::uint64_t>(step) / steps_per_octave;
        if (octave == 0) return step;
        auto const lead = steps_per_octave + static_cast<std::uint64_t>(step) % steps_per_octave;
        return (lead << (octave - 1)) + ((std::uint64_t{1} << (octave - 1)) - 1);
    }

    std::vector<std::uint64_t> steps_{};
    std::uint64_t              count_ = 0;
    std::uint64_t              min_ = ~std::uint64_t{0};
    std::uint64_t              max_ = 0;
    double                     sum_ = 0;
};

} // namespace aldis::app
