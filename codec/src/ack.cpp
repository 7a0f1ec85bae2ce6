// PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7): one layout.
#include "layout.hpp"

namespace aldis::codec {

template <packet_type Type> struct layout<packet::ack<Type>> {
    using packet_of = packet::ack<Type>;

    static void read(reader& r, std::uint8_t, context where, packet_of& p) noexcept {
        p.id = read_packet_id(r);                                  // [MQTT-2.2.1-5] [v3-MQTT-2.3.1-6]
        if (!is_v5(where.version) || !r.more()) return;            // two bytes: success (3.4.2.1)
        p.reason = read_reason(r, Type, where.from);               // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
        if (r.more()) read_properties(r, in(Type), where, p.props);   // three bytes: no properties (3.4.2.2.1)
    }

    static std::optional<errc> check(packet_of const& p, context where) noexcept {
        if (!is_v5(where.version) && p.reason != reason_code::success) return errc::not_expressible;
        return first_of(check_packet_id(p.id), check_reason(Type, p.reason, where.from), check_properties(p.props, in(Type), where));
    }

    template <class Sink>
    static void write(Sink& out, packet_of const& p, context) noexcept {
        write_u16(out, p.id);
        if (p.reason == reason_code::success && p.props.empty()) return;   // and in 3.1.1
        write_u8(out, static_cast<std::uint8_t>(p.reason));
        if (!p.props.empty()) write_properties(out, p.props);
    }
};

template result<packet::puback>  decode_as<packet::puback>(frame const&, context) noexcept;
template result<packet::pubrec>  decode_as<packet::pubrec>(frame const&, context) noexcept;
template result<packet::pubrel>  decode_as<packet::pubrel>(frame const&, context) noexcept;
template result<packet::pubcomp> decode_as<packet::pubcomp>(frame const&, context) noexcept;

template result<void> encode<packet::puback>(packet::puback const&, context, byte_buffer&);
template result<void> encode<packet::pubrec>(packet::pubrec const&, context, byte_buffer&);
template result<void> encode<packet::pubrel>(packet::pubrel const&, context, byte_buffer&);
template result<void> encode<packet::pubcomp>(packet::pubcomp const&, context, byte_buffer&);

template result<std::size_t> encoded_size<packet::puback>(packet::puback const&, context) noexcept;
template result<std::size_t> encoded_size<packet::pubrec>(packet::pubrec const&, context) noexcept;
template result<std::size_t> encoded_size<packet::pubrel>(packet::pubrel const&, context) noexcept;
template result<std::size_t> encoded_size<packet::pubcomp>(packet::pubcomp const&, context) noexcept;

} // namespace aldis::codec
