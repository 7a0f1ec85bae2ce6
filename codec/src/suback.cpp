// SUBACK and UNSUBACK (3.9, 3.11).
#include "layout.hpp"
#include "subscription_options.hpp"

namespace aldis::codec {
namespace {

/// What is wrong with `code` in a packet of type `type`, as one that was read.
std::optional<errc> check_code(packet_type type, reason_code code, context where) noexcept {
    if (is_v5(where.version)) return check_reason(type, code, where.from);   // [MQTT-3.8.4-7] [MQTT-3.9.3-2] [MQTT-3.11.3-2]
    bool const known = static_cast<unsigned>(code) <= 2 || code == reason_code::unspecified_error;
    if (!known) return errc::return_code_invalid;                  // [v3-MQTT-3.9.3-2]
    return std::nullopt;
}

reason_codes read_codes(reader& r, packet_type type, context where) noexcept {
    if (!r.more()) r.fail(errc::no_reason_codes);                  // [MQTT-3.8.4-6] [v3-MQTT-3.8.4-5]
    auto const wire = r.rest();
    for (auto const& code : wire) {
        if (auto const wrong = check_code(type, static_cast<reason_code>(code), where)) {
            r.fail(*wrong, &code);
            break;
        }
    }
    return wire_access::make<reason_code>(wire, wire.size());
}

std::optional<errc> check_codes(reason_codes const& codes, packet_type type, context where) noexcept {
    if (codes.flaw()) return codes.flaw();
    if (codes.empty()) return errc::no_reason_codes;               // [MQTT-3.8.4-6] [v3-MQTT-3.8.4-5]
    for (auto const code : codes) {
        auto const wrong = check_code(type, code, where);
        if (wrong == errc::return_code_invalid) return errc::not_expressible;   // [v3-MQTT-3.9.3-2]
        if (wrong) return wrong;
    }
    return std::nullopt;
}

} // namespace

template <> struct layout<packet::suback> {
    static void read(reader& r, std::uint8_t, context where, packet::suback& p) noexcept {
        p.id = read_packet_id(r);                                  // [MQTT-2.2.1-6] [v3-MQTT-2.3.1-7]
        read_properties(r, in(packet_type::suback), where, p.props);
        p.codes = read_codes(r, packet_type::suback, where);
    }

    static std::optional<errc> check(packet::suback const& p, context where) noexcept {
        return first_of(check_packet_id(p.id), check_properties(p.props, in(packet_type::suback), where),
                        check_codes(p.codes, packet_type::suback, where));
    }

    template <class Sink>
    static void write(Sink& out, packet::suback const& p, context where) noexcept {
        write_u16(out, p.id);
        if (is_v5(where.version)) write_properties(out, p.props);
        out.put(p.codes.wire());
    }
};

template <> struct layout<packet::unsuback> {
    static void read(reader& r, std::uint8_t, context where, packet::unsuback& p) noexcept {
        p.id = read_packet_id(r);                                  // [MQTT-2.2.1-6] [v3-MQTT-2.3.1-7]
        if (!is_v5(where.version)) return;
        read_properties(r, in(packet_type::unsuback), where, p.props);
        p.codes = read_codes(r, packet_type::unsuback, where);
    }

    static std::optional<errc> check(packet::unsuback const& p, context where) noexcept {
        if (auto const wrong = first_of(check_packet_id(p.id), check_properties(p.props, in(packet_type::unsuback), where))) return wrong;
        if (is_v5(where.version)) return check_codes(p.codes, packet_type::unsuback, where);
        if (!p.codes.empty() || p.codes.flaw()) return errc::not_expressible;
        return std::nullopt;
    }

    template <class Sink>
    static void write(Sink& out, packet::unsuback const& p, context where) noexcept {
        write_u16(out, p.id);
        if (!is_v5(where.version)) return;
        write_properties(out, p.props);
        out.put(p.codes.wire());
    }
};

template result<packet::suback>   decode_as<packet::suback>(frame const&, context) noexcept;
template result<packet::unsuback> decode_as<packet::unsuback>(frame const&, context) noexcept;

template result<void> encode<packet::suback>(packet::suback const&, context, byte_buffer&);
template result<void> encode<packet::unsuback>(packet::unsuback const&, context, byte_buffer&);

template result<std::size_t> encoded_size<packet::suback>(packet::suback const&, context) noexcept;
template result<std::size_t> encoded_size<packet::unsuback>(packet::unsuback const&, context) noexcept;

} // namespace aldis::codec
