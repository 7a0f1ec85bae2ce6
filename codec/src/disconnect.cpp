// DISCONNECT, AUTH, PINGREQ and PINGRESP (3.14, 3.15, 3.12, 3.13).
#include "layout.hpp"

namespace aldis::codec {
namespace {

template <class Packet>
bool says_nothing(Packet const& p) noexcept { return p.reason == reason_code::success && p.props.empty(); }

} // namespace

template <> struct layout<packet::disconnect> {
    static constexpr packet_type type = packet_type::disconnect;

    static void read(reader& r, std::uint8_t, context where, packet::disconnect& p) noexcept {
        if (!is_v5(where.version) || !r.more()) return;            // normal disconnection (3.14.2.1)
        p.reason = read_reason(r, type, where.from);               // [MQTT-3.14.2-1]
        if (r.more()) read_properties(r, in(type), where, p.props);   // [MQTT-3.14.2-2]
    }

    static std::optional<errc> check(packet::disconnect const& p, context where) noexcept {
        if (!is_v5(where.version) && p.reason != reason_code::success) return errc::not_expressible;
        return first_of(check_reason(type, p.reason, where.from), check_properties(p.props, in(type), where));
    }

    template <class Sink>
    static void write(Sink& out, packet::disconnect const& p, context) noexcept {
        if (says_nothing(p)) return;                               // and in 3.1.1
        write_u8(out, static_cast<std::uint8_t>(p.reason));
        if (!p.props.empty()) write_properties(out, p.props);
    }
};

template <> struct layout<packet::auth> {
    static constexpr packet_type type = packet_type::auth;

    static void read(reader& r, std::uint8_t, context where, packet::auth& p) noexcept {
        if (!is_v5(where.version)) r.fail_header(errc::packet_not_in_version);
        if (r.failed()) return;
        if (!r.more()) {                                           // success (3.15.2.1), which only a server says
            if (auto const wrong = check_reason(type, p.reason, where.from)) r.fail(*wrong);
            return;
        }
        p.reason = read_reason(r, type, where.from);               // [MQTT-3.15.2-1]
        auto const* const props_at = r.here();
        read_properties(r, in(type), where, p.props);
        if (!p.props.has(property_id::authentication_method)) r.fail(errc::auth_method_missing, props_at);   // 3.15.2.2.2
    }

    static std::optional<errc> check(packet::auth const& p, context where) noexcept {
        if (!is_v5(where.version)) return errc::packet_not_in_version;
        if (auto const wrong = first_of(check_reason(type, p.reason, where.from), check_properties(p.props, in(type), where))) return wrong;
        if (!says_nothing(p) && !p.props.has(property_id::authentication_method)) return errc::auth_method_missing;   // 3.15.2.2.2
        return std::nullopt;
    }

    template <class Sink>
    static void write(Sink& out, packet::auth const& p, context) noexcept {
        if (says_nothing(p)) return;
        write_u8(out, static_cast<std::uint8_t>(p.reason));
        write_properties(out, p.props);
    }
};

/// PINGREQ and PINGRESP have nothing behind the fixed header.
template <class Packet>
    requires(Packet::type == packet_type::pingreq || Packet::type == packet_type::pingresp)
struct layout<Packet> {
    static void read(reader&, std::uint8_t, context, Packet&) noexcept {}
    static std::optional<errc> check(Packet const&, context) noexcept { return std::nullopt; }

    template <class Sink>
    static void write(Sink&, Packet const&, context) noexcept {}
};

template result<packet::pingreq>    decode_as<packet::pingreq>(frame const&, context) noexcept;
template result<packet::pingresp>   decode_as<packet::pingresp>(frame const&, context) noexcept;
template result<packet::disconnect> decode_as<packet::disconnect>(frame const&, context) noexcept;
template result<packet::auth>       decode_as<packet::auth>(frame const&, context) noexcept;

template result<void> encode<packet::pingreq>(packet::pingreq const&, context, byte_buffer&);
template result<void> encode<packet::pingresp>(packet::pingresp const&, context, byte_buffer&);
template result<void> encode<packet::disconnect>(packet::disconnect const&, context, byte_buffer&);
template result<void> encode<packet::auth>(packet::auth const&, context, byte_buffer&);

template result<std::size_t> encoded_size<packet::pingreq>(packet::pingreq const&, context) noexcept;
template result<std::size_t> encoded_size<packet::pingresp>(packet::pingresp const&, context) noexcept;
template result<std::size_t> encoded_size<packet::disconnect>(packet::disconnect const&, context) noexcept;
template result<std::size_t> encoded_size<packet::auth>(packet::auth const&, context) noexcept;

} // namespace aldis::codec
