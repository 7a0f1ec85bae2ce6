// Durations counted by size.
#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace aldis::app::bench {
namespace {

constexpr unsigned      step_bits = 7;
constexpr std::uint64_t steps_per_octave = std::uint64_t{1} << step_bits;
constexpr std::size_t   all_steps = static_cast<std::size_t>((64 - step_bits + 1) * steps_per_octave);

// Below 128 each value has its own step; above, the first eight bits of the value say which.
std::size_t step_of(std::uint64_t value) noexcept {
    if (value < steps_per_octave) return static_cast<std::size_t>(value);
    auto const octave = static_cast<unsigned>(std::bit_width(value)) - step_bits;
    return static_cast<std::size_t>(octave * steps_per_octave + (value >> (octave - 1)) - steps_per_octave);
}

std::uint64_t highest_of(std::size_t step) noexcept {
    auto const octave = static_cast<std::uint64_t>(step) / steps_per_octave;
    if (octave == 0) return step;
    auto const lead = steps_per_octave + static_cast<std::uint64_t>(step) % steps_per_octave;
    return (lead << (octave - 1)) + ((std::uint64_t{1} << (octave - 1)) - 1);
}

} // namespace

void histogram::add(std::uint64_t value) {
    if (steps_.empty()) steps_.resize(all_steps);
    ++steps_[step_of(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
}

void histogram::add(histogram const& other) {
    if (other.empty()) return;
    if (steps_.empty()) steps_.resize(all_steps);
    for (std::size_t i = 0; i < all_steps; ++i) steps_[i] += other.steps_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

std::uint64_t histogram::percentile(double percent) const noexcept {
    if (empty()) return 0;
    auto const wanted = std::clamp(std::ceil(percent / 100.0 * static_cast<double>(count_)), 1.0, static_cast<double>(count_));
    auto       left = static_cast<std::uint64_t>(wanted);
    for (std::size_t i = 0; i < all_steps; ++i) {
        if (steps_[i] >= left) return std::clamp(highest_of(i), min_, max_);
        left -= steps_[i];
    }
    return max_;
}

} // namespace aldis::app::bench
