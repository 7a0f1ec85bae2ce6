// CONNECT (3.1), in the forms of 3.1, 3.1.1 and 5.0.
#include "layout.hpp"

namespace aldis::codec {
namespace {

using namespace std::string_view_literals;

// The connect flags (3.1.2.3).
constexpr unsigned reserved = 0x01, clean_start = 0x02, has_will = 0x04, will_retain = 0x20, has_password = 0x40, has_user_name = 0x80;
constexpr unsigned will_qos_shift = 3;

protocol read_protocol(reader& r) noexcept {
    auto const* const name_at = r.here();
    auto const name = r.text();
    bool const old = name == "MQIsdp"sv;                           // MQTT 3.1
    if (!r.failed() && !old && name != "MQTT"sv) r.fail(errc::protocol_name, name_at);   // [MQTT-3.1.2-1] [v3-MQTT-3.1.2-1]
    auto const* const level_at = r.here();
    auto const level = r.u8();
    bool const known = old ? level == 3 : level == 4 || level == 5;
    if (!known) r.fail(errc::protocol_level, level_at);            // [MQTT-3.1.2-2] [v3-MQTT-3.1.2-2]
    return static_cast<protocol>(level);
}

std::optional<errc> check_flags(std::uint8_t flags, protocol version) noexcept {
    unsigned const will_qos = flags >> will_qos_shift & 0x03;
    if ((flags & reserved) != 0) return errc::connect_reserved_flag;   // [MQTT-3.1.2-3] [v3-MQTT-3.1.2-3]
    if ((flags & has_will) == 0 && (will_qos != 0 || (flags & will_retain) != 0))
        return errc::will_flags_without_will;                      // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3-MQTT-3.1.2-11] [v3-MQTT-3.1.2-13]
                                                                   // [v3-MQTT-3.1.2-15]
    if (will_qos == 3) return errc::will_qos_invalid;              // [MQTT-3.1.2-12] [v3-MQTT-3.1.2-14]
    if (!is_v5(version) && (flags & has_password) != 0 && (flags & has_user_name) == 0)
        return errc::password_without_user_name;                   // [v3-MQTT-3.1.2-22]
    return std::nullopt;
}

std::optional<errc> check_client_id(std::string_view id, bool clean, protocol version) noexcept {
    bool const may_be_empty = is_v5(version) || (version == protocol::v3_1_1 && clean);
    if (id.empty() && !may_be_empty) return errc::client_id_empty;   // [v3-MQTT-3.1.3-7]
    return std::nullopt;
}

std::optional<errc> check_auth(properties const& props) noexcept {
    if (props.empty() || !props.has(property_id::authentication_data)) return std::nullopt;
    if (!props.has(property_id::authentication_method)) return errc::auth_data_without_method;   // 3.1.2.11.10
    return std::nullopt;
}

void read_will(reader& r, std::uint8_t flags, context where, packet::will& w) noexcept {
    w.qos = static_cast<qos_level>(flags >> will_qos_shift & 0x03);
    w.retain = (flags & will_retain) != 0;
    read_properties(r, in_will, where, w.props);
    auto const* const topic_at = r.here();
    w.topic = read_topic_name(r);                                  // [MQTT-3.1.3-11] [v3-MQTT-3.1.3-10]
    if (w.topic.empty()) r.fail(errc::topic_empty, topic_at);      // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    w.payload = r.binary();
}

std::optional<errc> check_will(packet::will const& w, context where) noexcept {
    if (static_cast<unsigned>(w.qos) > 2) return errc::will_qos_invalid;   // [MQTT-3.1.2-12] [v3-MQTT-3.1.2-14]
    return first_of(check_topic_name(w.topic), check_binary(w.payload), check_properties(w.props, in_will, where));
}

std::uint8_t flags_of(packet::connect const& p) noexcept {
    unsigned flags = p.clean_start ? clean_start : 0U;
    if (p.last_will) {
        flags |= has_will | static_cast<unsigned>(p.last_will->qos) << will_qos_shift;
        if (p.last_will->retain) flags |= will_retain;
    }
    if (p.password) flags |= has_password;
    if (p.user_name) flags |= has_user_name;
    return static_cast<std::uint8_t>(flags);
}

} // namespace

template <> struct layout<packet::connect> {
    static void read(reader& r, std::uint8_t, context where, packet::connect& p) noexcept {
        p.version = where.version = read_protocol(r);
        auto const* const flags_at = r.here();
        auto const flags = r.u8();
        if (auto const wrong = check_flags(flags, p.version)) r.fail(*wrong, flags_at);   // [MQTT-3.1.4-1] [v3-MQTT-3.1.4-1]
        p.clean_start = (flags & clean_start) != 0;
        p.keep_alive = r.u16();
        auto const* const props_at = r.here();
        read_properties(r, in(packet_type::connect), where, p.props);
        if (auto const wrong = check_auth(p.props)) r.fail(*wrong, props_at);
        // The payload, in this order: [MQTT-3.1.3-1] [v3-MQTT-3.1.3-1]
        auto const* const id_at = r.here();
        p.client_id = r.text();                                    // [MQTT-3.1.3-3] [MQTT-3.1.3-4] [v3-MQTT-3.1.3-3] [v3-MQTT-3.1.3-4]
        if (auto const wrong = check_client_id(p.client_id, p.clean_start, p.version)) r.fail(*wrong, id_at);
        if ((flags & has_will) != 0) read_will(r, flags, where, p.last_will.emplace());   // [MQTT-3.1.2-9] [v3-MQTT-3.1.2-9] [v3-MQTT-3.1.2-11]
        if ((flags & has_user_name) != 0) p.user_name = r.text();  // [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.3-12] [v3-MQTT-3.1.2-18]
                                                                   // [v3-MQTT-3.1.2-19] [v3-MQTT-3.1.3-11]
        if ((flags & has_password) != 0) p.password = r.binary();  // [MQTT-3.1.2-18] [MQTT-3.1.2-19] [v3-MQTT-3.1.2-20] [v3-MQTT-3.1.2-21]
    }

    static std::optional<errc> check(packet::connect const& p, context where) noexcept {
        where.version = p.version;
        bool const known = p.version == protocol::v3_1 || p.version == protocol::v3_1_1 || p.version == protocol::v5;
        if (!known) return errc::protocol_level;
        if (p.last_will)
            if (auto const wrong = check_will(*p.last_will, where)) return wrong;
        return first_of(check_flags(flags_of(p), p.version), check_properties(p.props, in(packet_type::connect), where),
                        check_auth(p.props), check_text(p.client_id), check_client_id(p.client_id, p.clean_start, p.version),
                        check_text(p.user_name.value_or(""sv)), check_binary(p.password.value_or(bytes_view{})));
    }

    template <class Sink>
    static void write(Sink& out, packet::connect const& p, context) noexcept {
        write_text(out, p.version == protocol::v3_1 ? "MQIsdp"sv : "MQTT"sv);
        write_u8(out, static_cast<std::uint8_t>(p.version));
        write_u8(out, flags_of(p));
        write_u16(out, p.keep_alive);
        if (is_v5(p.version)) write_properties(out, p.props);
        write_text(out, p.client_id);
        if (p.last_will) {
            if (is_v5(p.version)) write_properties(out, p.last_will->props);
            write_text(out, p.last_will->topic);
            write_binary(out, p.last_will->payload);
        }
        if (p.user_name) write_text(out, *p.user_name);
        if (p.password) write_binary(out, *p.password);
    }
};

template result<packet::connect> decode_as<packet::connect>(frame const&, context) noexcept;
template result<void>            encode<packet::connect>(packet::connect const&, context, byte_buffer&);
template result<std::size_t>     encoded_size<packet::connect>(packet::connect const&, context) noexcept;

} // namespace aldis::codec
