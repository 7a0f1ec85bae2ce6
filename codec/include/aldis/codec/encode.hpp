// Packets to bytes.
#pragma once

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/decode.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/codec/result.hpp>

namespace aldis::codec {

/// Appends `p` to `out`. Fails, before a byte is written, when `where.version` has no form for what `p` says (not_expressible),
/// when `p` breaks a rule of the format (the decoder's errors), or when it would exceed the largest Remaining Length.
/// CONNECT goes out in the version it names. Allocates only when `out` has to grow.
template <class Packet>
result<void> encode(Packet const& p, context where, byte_buffer& out);

/// The same for a packet whose type is known at run time only.
result<void> encode(any_packet const& p, context where, byte_buffer& out);

/// Appends all of `p` but its payload, so that head and payload can go out in one gather write.
result<void> encode_head(packet::publish const& p, context where, byte_buffer& out);

/// The number of bytes that encode() would append, fixed header included, or why it would fail.
template <class Packet>
result<std::size_t> encoded_size(Packet const& p, context where) noexcept;

// Both are defined for the fifteen packets of packet.hpp.

} // namespace aldis::codec
