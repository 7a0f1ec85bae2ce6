// CONNACK (3.2), with the return codes of 3.1.1.
#include "layout.hpp"

namespace aldis::codec {
namespace {

/// The reason code that stands for a return code of 3.1.1, or null where that has no such return code.
reason_spec const* find_return_code(std::uint8_t code) noexcept {
    for (auto const& row : reason_specs())
        if (row.v3_return_code == code && ((code == 0) == (row.code == reason_code::success))) return &row;
    return nullptr;
}

bool has_return_code(reason_code code) noexcept {
    auto const* const row = find_reason(static_cast<std::uint8_t>(code));
    return code == reason_code::success || (row != nullptr && row->v3_return_code != 0);
}

reason_code read_return_code(reader& r) noexcept {
    auto const* const at = r.here();
    auto const* const row = find_return_code(r.u8());
    if (row == nullptr) r.fail(errc::connack_return_code, at);     // [v3-MQTT-3.2.2-6]
    return row == nullptr ? reason_code::success : row->code;
}

bool refused_session(packet::connack const& p) noexcept { return p.session_present && p.reason != reason_code::success; }

} // namespace

template <> struct layout<packet::connack> {
    static void read(reader& r, std::uint8_t, context where, packet::connack& p) noexcept {
        auto const* const flags_at = r.here();
        auto const flags = r.u8();
        if ((flags & 0xFE) != 0) r.fail(errc::connack_flags, flags_at);   // [MQTT-3.2.2-1]
        p.session_present = flags == 1;
        p.reason = is_v5(where.version) ? read_reason(r, packet_type::connack, where.from)   // [MQTT-3.2.2-8]
                                        : read_return_code(r);
        if (refused_session(p)) r.fail(errc::session_present_on_refusal, flags_at);   // [MQTT-3.2.2-6] [v3-MQTT-3.2.2-4]
        read_properties(r, in(packet_type::connack), where, p.props);
    }

    static std::optional<errc> check(packet::connack const& p, context where) noexcept {
        if (auto const wrong = check_reason(packet_type::connack, p.reason, where.from)) return wrong;   // [MQTT-3.2.2-8]
        if (!is_v5(where.version) && !has_return_code(p.reason)) return errc::not_expressible;   // [v3-MQTT-3.2.2-6]
        if (refused_session(p)) return errc::session_present_on_refusal;   // [MQTT-3.2.2-6] [v3-MQTT-3.2.2-4]
        return check_properties(p.props, in(packet_type::connack), where);
    }

    template <class Sink>
    static void write(Sink& out, packet::connack const& p, context where) noexcept {
        write_u8(out, p.session_present ? 1 : 0);
        auto const code = static_cast<std::uint8_t>(p.reason);
        if (!is_v5(where.version)) return write_u8(out, find_reason(code)->v3_return_code);
        write_u8(out, code);
        write_properties(out, p.props);
    }
};

template result<packet::connack> decode_as<packet::connack>(frame const&, context) noexcept;
template result<void>            encode<packet::connack>(packet::connack const&, context, byte_buffer&);
template result<std::size_t>     encoded_size<packet::connack>(packet::connack const&, context) noexcept;

} // namespace aldis::codec
