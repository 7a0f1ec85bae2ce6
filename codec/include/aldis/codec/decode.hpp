// Frames to packets. Nothing is allocated, nothing copied: packets are views into the frame.
#pragma once

#include <aldis/codec/frame.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/codec/result.hpp>

namespace aldis::codec {

/// What the decoder must know of the connection: its version, and who sent the packet. CONNECT ignores `version`: it carries its own.
/// With `from` = either, rules that bind one side only are not applied.
struct context {
    protocol version = protocol::v5;
    sender   from = sender::either;
};

/// The packet in `f`, as views into it. Fails with the first thing wrong with it, at its byte, with nothing kept.
/// Every statement about the format of a packet is enforced here. Linear in the packet, never in what it declares.
result<any_packet> decode(frame const& f, context where) noexcept;

/// One packet whose type is known: `f.type` must be `Packet::type` (asserted). Faster than decode(): no variant is built.
template <class Packet>
result<Packet> decode_as(frame const& f, context where) noexcept;

extern template result<packet::connect>     decode_as<packet::connect>(frame const&, context) noexcept;
extern template result<packet::connack>     decode_as<packet::connack>(frame const&, context) noexcept;
extern template result<packet::publish>     decode_as<packet::publish>(frame const&, context) noexcept;
extern template result<packet::puback>      decode_as<packet::puback>(frame const&, context) noexcept;
extern template result<packet::pubrec>      decode_as<packet::pubrec>(frame const&, context) noexcept;
extern template result<packet::pubrel>      decode_as<packet::pubrel>(frame const&, context) noexcept;
extern template result<packet::pubcomp>     decode_as<packet::pubcomp>(frame const&, context) noexcept;
extern template result<packet::subscribe>   decode_as<packet::subscribe>(frame const&, context) noexcept;
extern template result<packet::suback>      decode_as<packet::suback>(frame const&, context) noexcept;
extern template result<packet::unsubscribe> decode_as<packet::unsubscribe>(frame const&, context) noexcept;
extern template result<packet::unsuback>    decode_as<packet::unsuback>(frame const&, context) noexcept;
extern template result<packet::pingreq>     decode_as<packet::pingreq>(frame const&, context) noexcept;
extern template result<packet::pingresp>    decode_as<packet::pingresp>(frame const&, context) noexcept;
extern template result<packet::disconnect>  decode_as<packet::disconnect>(frame const&, context) noexcept;
extern template result<packet::auth>        decode_as<packet::auth>(frame const&, context) noexcept;

} // namespace aldis::codec
