// Where every decision of a schedule comes from: a seed, or the bytes of a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aldis::simulation {

class choices {
public:
    explicit choices(std::uint64_t seed) noexcept : state_(seed * 0xD134'2543'DE82'EF95 + 0x632B'E59B'D9B4'E019) {}
    choices(std::uint8_t const* data, std::size_t size) noexcept : at_(data), end_(data + size), from_bytes_(true) {}

    /// A number from 0 to `n` - 1; `n` is at least 1 and at most 65,536. Bytes that ran out give 0.
    std::uint32_t below(std::uint32_t n) noexcept {
        if (from_bytes_) return next_bytes(n);
        return static_cast<std::uint32_t>((next() >> 32U) * n >> 32U);
    }

    bool one_in(std::uint32_t n) noexcept { return below(n) == 0; }
    std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept { return low + below(high - low + 1); }

    template <class T, std::size_t N>
    T one_of(T const (&from)[N]) noexcept { return from[below(N)]; }

    bool exhausted() const noexcept { return from_bytes_ && at_ == end_; }

private:
    /// splitmix64: a good sequence from any seed, neighbours included.
    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9E37'79B9'7F4A'7C15;
        z = (z ^ z >> 30U) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ z >> 27U) * 0x94D0'49BB'1331'11EB;
        return z ^ z >> 31U;
    }

    std::uint32_t next_bytes(std::uint32_t n) noexcept {
        std::uint32_t number = 0;
        for (std::uint32_t left = n - 1; left > 0 && at_ != end_; left >>= 8U) number = number << 8U | *at_++;
        return number % n;
    }

    std::uint64_t       state_ = 0;
    std::uint8_t const* at_ = nullptr;
    std::uint8_t const* end_ = nullptr;
    bool                from_bytes_ = false;
};

} // namespace aldis::simulation
