// Durations as the wire has them.
#pragma once

#include <chrono>
#include <cstdint>

namespace aldis {

/// Seconds in four bytes; what is longer than they can say is "never", less than nothing is nothing.
constexpr std::uint32_t to_interval(std::chrono::seconds value) noexcept {
    if (value.count() <= 0) return 0;
    return value.count() >= 0xFFFF'FFFF ? 0xFFFF'FFFF : static_cast<std::uint32_t>(value.count());
}

} // namespace aldis
