// Two sinks for one layout: the first adds up how many bytes it is given, the second puts them into memory of that size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/property.hpp>

namespace aldis::codec {

struct size_sink {
    std::size_t total = 0;

    constexpr void put(std::uint8_t) noexcept { ++total; }
    constexpr void put(bytes_view bytes) noexcept { total += bytes.size(); }
};

struct byte_sink {
    std::byte* at = nullptr;

    void put(std::uint8_t byte) noexcept { *at++ = std::byte{byte}; }
    void put(bytes_view bytes) noexcept {
        if (bytes.empty()) return;                                 // an empty view may have no address
        std::memcpy(at, bytes.data(), bytes.size());
        at += bytes.size();
    }
};

template <class Sink>
void write_u8(Sink& out, std::uint8_t value) noexcept { out.put(value); }

template <class Sink>
void write_u16(Sink& out, std::uint16_t value) noexcept {
    out.put(static_cast<std::uint8_t>(value >> 8));
    out.put(static_cast<std::uint8_t>(value & 0xFF));
}

template <class Sink>
void write_u32(Sink& out, std::uint32_t value) noexcept {
    write_u16(out, static_cast<std::uint16_t>(value >> 16));
    write_u16(out, static_cast<std::uint16_t>(value & 0xFFFF));
}

/// `value` is at most max_remaining_length.
template <class Sink>
void write_varint(Sink& out, std::size_t value) noexcept {
    for (; value >= 0x80; value >>= 7) out.put(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
    out.put(static_cast<std::uint8_t>(value));
}

/// At most 65,535 bytes.
template <class Sink>
void write_binary(Sink& out, bytes_view value) noexcept {
    write_u16(out, static_cast<std::uint16_t>(value.size()));
    out.put(value);
}

template <class Sink>
void write_text(Sink& out, std::string_view value) noexcept { write_binary(out, to_bytes(value)); }

template <class Sink>
void write_properties(Sink& out, properties const& props) noexcept {
    write_varint(out, props.wire().size());                        // none: a length of zero [MQTT-2.2.2-1]
    out.put(props.wire());
}

} // namespace aldis::codec
