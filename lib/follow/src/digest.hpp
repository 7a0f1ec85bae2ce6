// A quick hash of what a message is, to recognise it. Not made against those who look for collisions: one costs a wrong "from=".
#pragma once

#include <cstdint>
#include <cstring>

#include <aldis/codec/bytes.hpp>

namespace aldis::follow {

constexpr std::uint64_t mix(std::uint64_t a) noexcept {
    a ^= a >> 32;
    a *= 0x9E37'79B9'7F4A'7C15;
    a ^= a >> 29;
    return a * 0xBF58'476D'1CE4'E5B9;
}

/// Eight bytes at a time.
inline std::uint64_t digest_of(bytes_view in, std::uint64_t seed) noexcept {
    auto        h = mix(seed ^ in.size());
    std::size_t at = 0;
    for (; at + 8 <= in.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, in.data() + at, 8);
        h = (h ^ word) * 0x9E37'79B9'7F4A'7C15;
        h ^= h >> 31;
    }
    std::uint64_t rest = 0;
    if (at < in.size()) std::memcpy(&rest, in.data() + at, in.size() - at);
    h = mix(h ^ rest);
    return h == 0 ? 1 : h;
}

} // namespace aldis::follow
