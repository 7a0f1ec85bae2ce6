// Durations counted by size: any number of them in bounded memory, percentiles to within one percent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aldis::app::bench {

/// A histogram whose steps grow with the value: 128 of them for each power of two, so that every value is known to within 1/128 of
/// itself. Values are nanoseconds, all of 64 bits. Its 58 KiB are allocated with the first value.
class histogram {
public:
    void add(std::uint64_t value);
    void add(histogram const& other);

    std::uint64_t count() const noexcept { return count_; }
    bool          empty() const noexcept { return count_ == 0; }

    /// Exact; 0 when empty, as all the following.
    std::uint64_t min() const noexcept { return empty() ? 0 : min_; }
    std::uint64_t max() const noexcept { return max_; }
    double        mean() const noexcept { return empty() ? 0.0 : sum_ / static_cast<double>(count_); }

    /// The value that `percent` (0 to 100) of the values do not exceed: the upper end of its step, and never above max().
    std::uint64_t percentile(double percent) const noexcept;

private:
    std::vector<std::uint64_t> steps_{};
    std::uint64_t              count_ = 0;
    std::uint64_t              min_ = ~std::uint64_t{0};
    std::uint64_t              max_ = 0;
    double                     sum_ = 0;
};

} // namespace aldis::app::bench
