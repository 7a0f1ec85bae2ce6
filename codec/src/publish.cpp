// PUBLISH (3.3).
#include "layout.hpp"

namespace aldis::codec {

template <> struct layout<packet::publish> {
    static void read(reader& r, std::uint8_t flags, context where, packet::publish& p) noexcept {
        p.dup = (flags & 0x08) != 0;
        p.qos = static_cast<qos_level>(flags >> 1 & 0x03);
        p.retain = (flags & 0x01) != 0;
        if (auto const wrong = check_flags(p)) [[unlikely]] r.fail_header(*wrong);
        auto const* const topic_at = r.here();
        p.topic = read_topic_name(r);                              // [MQTT-3.3.2-1] [MQTT-3.3.2-2] [v3-MQTT-3.3.2-1] [v3-MQTT-3.3.2-2]
        if (p.qos != qos_level::at_most_once) p.id = read_packet_id(r);   // [MQTT-2.2.1-2] [v3-MQTT-2.3.1-5]
        read_properties(r, in(packet_type::publish), where, p.props);
        if (is_topic_missing(p)) [[unlikely]] r.fail(errc::topic_empty, topic_at);
        p.payload = r.rest();
    }

    static std::optional<errc> check(packet::publish const& p, context where) noexcept {
        if (auto const wrong = check_flags(p)) return wrong;
        if (p.qos == qos_level::at_most_once && p.id != 0) return errc::packet_id_misplaced;   // [MQTT-2.2.1-2] [v3-MQTT-2.3.1-5]
        if (p.qos != qos_level::at_most_once && p.id == 0) return errc::packet_id_zero;   // [MQTT-2.2.1-3] [v3-MQTT-2.3.1-1]
        if (auto const wrong = check_properties(p.props, in(packet_type::publish), where)) return wrong;   // [MQTT-3.3.4-6]
        if (p.topic.empty() && !is_topic_missing(p)) return std::nullopt;
        if (!p.topic.empty() && p.topic.size() <= 0xFFFF && is_plain_topic(p.topic)) [[likely]] return std::nullopt;
        return check_topic_name(p.topic);                          // [MQTT-3.3.2-1] [MQTT-3.3.2-2] [v3-MQTT-3.3.2-1] [v3-MQTT-3.3.2-2]
    }

    static std::uint8_t flags(packet::publish const& p) noexcept {
        return static_cast<std::uint8_t>((p.dup ? 0x08U : 0U) | static_cast<unsigned>(p.qos) << 1 | (p.retain ? 0x01U : 0U));
    }

    static bytes_view payload(packet::publish const& p) noexcept { return p.payload; }

    template <class Sink>
    static void write(Sink& out, packet::publish const& p, context where) noexcept {
        write_text(out, p.topic);
        if (p.qos != qos_level::at_most_once) write_u16(out, p.id);
        if (is_v5(where.version)) write_properties(out, p.props);
    }

private:
    static std::optional<errc> check_flags(packet::publish const& p) noexcept {
        if (static_cast<unsigned>(p.qos) > 2) return errc::qos_invalid;   // [MQTT-3.3.1-4] [v3-MQTT-3.3.1-4]
        if (p.dup && p.qos == qos_level::at_most_once) return errc::dup_at_qos_0;   // [MQTT-3.3.1-2] [v3-MQTT-3.3.1-2]
        return std::nullopt;
    }

    /// A Topic Alias stands for an empty topic; 3.1.1 has none, as it has no properties (3.3.2.1).
    static bool is_topic_missing(packet::publish const& p) noexcept { return p.topic.empty() && !p.props.has(property_id::topic_alias); }
};

template result<packet::publish> decode_as<packet::publish>(frame const&, context) noexcept;
template result<void>            encode<packet::publish>(packet::publish const&, context, byte_buffer&);
template result<std::size_t>     encoded_size<packet::publish>(packet::publish const&, context) noexcept;

result<void> encode_head(packet::publish const& p, context where, byte_buffer& out) {
    auto const size = measure(p, where);
    if (!size) return size.error();
    write_head(p, where, *size, out);
    return {};
}

} // namespace aldis::codec
