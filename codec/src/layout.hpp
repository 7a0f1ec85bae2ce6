// What the verbs of decode.hpp and encode.hpp are for every packet type; a packet's own file specialises `layout`
// and makes the verbs for its type. Chapter 2.1: the fixed header.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <optional>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>

#include "fields.hpp"
#include "reader.hpp"
#include "writer.hpp"

namespace aldis::codec {

/// How a packet stands on the wire behind the fixed header:
///   static void read(reader&, std::uint8_t flags, context, Packet&) noexcept;    into one fresh from its constructor
///   static std::optional<errc> check(Packet const&, context) noexcept;           what keeps it from being written
///   template <class Sink> static void write(Sink&, Packet const&, context);      only when check() found nothing
/// and for PUBLISH also
///   static std::uint8_t flags(Packet const&);
///   static bytes_view payload(Packet const&);                                    what write() leaves out
template <class Packet> struct layout;

/// The flags that each packet type must have; `any_flags` for PUBLISH, where they mean something (2.1.3).
inline constexpr std::uint8_t any_flags = 0xFF;
inline constexpr std::array<std::uint8_t, 16> required_flags{0, 0, 0, any_flags, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0};

template <class Packet>
concept carries_payload = requires(Packet const& p) { layout<Packet>::payload(p); };

template <class Packet>
result<Packet> decode_as(frame const& f, context where) noexcept {
    assert(f.type == Packet::type);
    // Filled where the caller will find it: a copy of fields just stored, in wider loads, would wait for them.
    result<Packet> packet{std::in_place};
    reader r{f};
    layout<Packet>::read(r, f.flags, where, *packet);
    if (auto const wrong = r.finish()) [[unlikely]] packet = *wrong;
    return packet;
}

template <class Packet>
std::uint8_t first_byte(Packet const& p) noexcept {
    auto const type = static_cast<unsigned>(Packet::type);
    if constexpr (carries_payload<Packet>) return static_cast<std::uint8_t>(type << 4 | layout<Packet>::flags(p));
    else return static_cast<std::uint8_t>(type << 4 | required_flags[type]);
}

/// The sizes of a packet that can be written: before its payload, and its Remaining Length.
struct body_size {
    std::size_t head = 0;
    std::size_t remaining = 0;

    std::size_t header() const noexcept { return remaining < 0x80 ? 2U : remaining < 0x4000 ? 3U : remaining < 0x20'0000 ? 4U : 5U; }
};

template <class Packet>
[[gnu::always_inline]] inline result<body_size> measure(Packet const& p, context where) noexcept {
    if (auto const wrong = layout<Packet>::check(p, where)) return fault{*wrong, 0};
    size_sink sink;
    layout<Packet>::write(sink, p, where);
    body_size size{sink.total, sink.total};
    if constexpr (carries_payload<Packet>) size.remaining += layout<Packet>::payload(p).size();
    if (size.remaining > max_remaining_length) return fault{errc::packet_too_large, 0};
    return size;
}

template <class Packet>
[[gnu::always_inline]] inline void write_head(Packet const& p, context where, body_size const& size, byte_buffer& out) {
    auto const old_size = out.size();
    out.resize(old_size + size.header() + size.head);
    byte_sink sink{out.data() + old_size};
    write_u8(sink, first_byte(p));
    write_varint(sink, size.remaining);
    layout<Packet>::write(sink, p, where);
    assert(sink.at == out.data() + out.size());
}

template <class Packet>
result<void> encode(Packet const& p, context where, byte_buffer& out) {
    auto const size = measure(p, where);
    if (!size) return size.error();
    if constexpr (carries_payload<Packet>) {
        auto const payload = layout<Packet>::payload(p);
        if (auto const needed = out.size() + size->header() + size->remaining; needed > out.capacity())
            out.reserve(std::max(needed, 2 * out.capacity()));     // reserve() alone would grow to the byte: quadratic for many packets
        write_head(p, where, *size, out);
        out.insert(out.end(), payload.begin(), payload.end());
    } else {
        write_head(p, where, *size, out);
    }
    return {};
}

template <class Packet>
result<std::size_t> encoded_size(Packet const& p, context where) noexcept {
    auto const size = measure(p, where);
    if (!size) return size.error();
    return size->header() + size->remaining;
}

} // namespace aldis::codec
