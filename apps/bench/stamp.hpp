// What a message of `bench` says in its payload: who sent it, its number, and when it was to be sent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::bench {

struct stamp {
    std::uint64_t sender = 0;                                      // differs between all clients of all runs
    std::uint64_t number = 0;                                      // from 0, without a gap
    std::uint64_t time = 0;                                        // nanoseconds since 1970

    static constexpr std::size_t size = 28;

    friend bool operator==(stamp const&, stamp const&) = default;
};

inline constexpr std::uint32_t stamp_mark = 0x414C'4442;           // "ALDB"

template <class Integer>
void put_integer(std::byte* to, Integer value) noexcept {
    for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<std::byte>(value >> (8 * (sizeof value - 1 - i)));
}
template <class Integer>
Integer get_integer(std::byte const* from) noexcept {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | std::to_integer<Integer>(from[i]);
    return value;
}

/// Writes `what` over the beginning of `payload`, which has at least stamp::size bytes.
inline void put_stamp(std::span<std::byte> payload, stamp const& what) noexcept {
    put_integer(payload.data(), stamp_mark);
    put_integer(payload.data() + 4, what.sender);
    put_integer(payload.data() + 12, what.number);
    put_integer(payload.data() + 20, what.time);
}

/// The stamp at the beginning of `payload`, if there is one.
inline std::optional<stamp> find_stamp(bytes_view payload) noexcept {
    if (payload.size() < stamp::size || get_integer<std::uint32_t>(payload.data()) != stamp_mark) return std::nullopt;
    return stamp{get_integer<std::uint64_t>(payload.data() + 4), get_integer<std::uint64_t>(payload.data() + 12),
                 get_integer<std::uint64_t>(payload.data() + 20)};
}

} // namespace aldis::app::bench
