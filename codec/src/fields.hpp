// Fields that several packets share: how they are read, and what is wrong with one that is to be written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/topic.hpp>

#include "reader.hpp"

namespace aldis::codec {

/// The properties that stand next, which must be good for `where`.
properties read_some_properties(reader& r, places where, sender from) noexcept;

inline properties read_properties(reader& r, places where, context c) noexcept {
    if (!is_v5(c.version)) return {};
    if (r.more() && *r.here() == std::byte{0}) return r.take(1), properties{};
    return read_some_properties(r, where, c.from);
}

inline packet_id read_packet_id(reader& r) noexcept {
    auto const at = r.here();
    auto const id = r.u16();
    if (id == 0) [[unlikely]] r.fail(errc::packet_id_zero, at);   // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [v3-MQTT-2.3.1-1]
    return id;
}

/// A topic name; an empty one passes: what it means depends on the packet.
std::string_view read_topic_name(reader& r) noexcept;

/// A topic filter by the rules of `version`.
std::string_view read_topic_filter(reader& r, protocol version) noexcept;

/// What is wrong with `code` in a packet of type `type` sent by `from`.
std::optional<errc> check_reason(packet_type type, reason_code code, sender from) noexcept;

/// A reason code of 5.0.
inline reason_code read_reason(reader& r, packet_type type, sender from) noexcept {
    auto const at = r.here();
    auto const code = static_cast<reason_code>(r.u8());
    if (code == reason_code::success) [[likely]] if (type != packet_type::auth) return code;
    if (auto const wrong = check_reason(type, code, from)) [[unlikely]] r.fail(*wrong, at);
    return code;
}

// What encode() asks before it writes.

inline std::optional<errc> check_packet_id(packet_id id) noexcept {
    if (id == 0) return errc::packet_id_zero;                      // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [v3-MQTT-2.3.1-1]
    return std::nullopt;
}

std::optional<errc> check_text(std::string_view text) noexcept;
std::optional<errc> check_binary(bytes_view bytes) noexcept;
std::optional<errc> check_some_properties(properties const& props, places where, context c) noexcept;

inline std::optional<errc> check_properties(properties const& props, places where, context c) noexcept {
    if (props.empty() && !props.flaw()) return std::nullopt;
    return check_some_properties(props, where, c);
}

/// The first of several answers that is an error.
template <class... Answers>
std::optional<errc> first_of(Answers... answers) noexcept {
    std::optional<errc> first{};
    (void)((answers ? (first = answers, true) : false) || ...);
    return first;
}

} // namespace aldis::codec
