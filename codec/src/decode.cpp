// A frame of any type to a packet of any type.
#include <aldis/codec/decode.hpp>

#include <array>
#include <cassert>
#include <utility>

namespace aldis::codec {
namespace {

template <class Packet>
result<any_packet> decode_any(frame const& f, context where) noexcept {
    auto const packet = decode_as<Packet>(f, where);
    if (!packet) return packet.error();
    return any_packet{*packet};
}

using decoder = result<any_packet> (*)(frame const&, context) noexcept;

/// One decoder for each alternative of any_packet, which stand in the order of packet_type.
constexpr auto decoders = []<std::size_t... I>(std::index_sequence<I...>) {
    static_assert(((static_cast<std::size_t>(std::variant_alternative_t<I, any_packet>::type) == I + 1) && ...));
    return std::array<decoder, sizeof...(I)>{&decode_any<std::variant_alternative_t<I, any_packet>>...};
}(std::make_index_sequence<std::variant_size_v<any_packet>>{});

} // namespace

result<any_packet> decode(frame const& f, context where) noexcept {
    auto const index = static_cast<std::size_t>(f.type) - 1;
    if (index >= decoders.size()) return fault{errc::packet_type_reserved, 0};
    return decoders[index](f, where);
}

} // namespace aldis::codec
