// Integers in either byte order, from bytes whose number was checked.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

inline std::uint8_t u8(bytes_view b, std::size_t at) noexcept { return std::to_integer<std::uint8_t>(b.data()[at]); }
inline std::uint16_t be16(bytes_view b, std::size_t at) noexcept {
    std::uint16_t v;
    std::memcpy(&v, b.data() + at, sizeof v);
    if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap16(v);
    return v;
}
inline std::uint32_t be32(bytes_view b, std::size_t at) noexcept {
    std::uint32_t v;
    std::memcpy(&v, b.data() + at, sizeof v);
    if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap32(v);
    return v;
}
inline std::uint64_t be64(bytes_view b, std::size_t at) noexcept {
    return std::uint64_t{be32(b, at)} << 32 | be32(b, at + 4);
}
inline std::uint32_t be24(bytes_view b, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(u8(b, at) << 16 | be16(b, at + 1));
}

/// Integers of a file whose byte order its head told.
struct file_order {
    bool big = false;

    std::uint16_t u16(bytes_view b, std::size_t at) const noexcept {
        auto const v = be16(b, at);
        return big ? v : __builtin_bswap16(v);
    }
    std::uint32_t u32(bytes_view b, std::size_t at) const noexcept {
        auto const v = be32(b, at);
        return big ? v : __builtin_bswap32(v);
    }
    std::uint64_t u64(bytes_view b, std::size_t at) const noexcept {
        auto const v = be64(b, at);
        return big ? v : __builtin_bswap64(v);
    }
};

} // namespace aldis::app::dump
