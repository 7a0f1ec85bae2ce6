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

/// Something wrong in a run of bytes, and at which of them.
struct flaw_at {
    errc             why{};
    std::byte const* where = nullptr;
};

/// Puts the properties in `wire` into `into`, if all are good for `where`.
std::optional<flaw_at> validate_properties(bytes_view wire, places where, sender from, properties& into) noexcept;

/// Reads properties into fresh ones; before 5.0 there are none.
inline void read_properties(reader& r, places where, context c, properties& into) noexcept {
    if (!is_v5(c.version)) return;
    auto const* const length_at = r.here();
    auto const length = r.varint();
    if (length == 0) return;
    if (length > r.left()) return r.fail(errc::property_length_overrun, length_at);
    if (auto const wrong = validate_properties(r.take(length), where, c.from, into)) [[unlikely]] r.fail(wrong->why, wrong->where);
}

inline packet_id read_packet_id(reader& r) noexcept {
    auto const at = r.here();
    auto const id = r.u16();
    if (id == 0) [[unlikely]] r.fail(errc::packet_id_zero, at);   // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [v3-MQTT-2.3.1-1]
    return id;
}

/// What is wrong with a text that may be empty as a topic name, and where.
std::optional<flaw_at> examine_topic_name(std::string_view topic) noexcept;

/// A topic name; an empty one passes: what it means depends on the packet.
inline std::string_view read_topic_name(reader& r) noexcept {
    auto const topic = to_text(r.binary());
    if (is_plain_topic(topic)) [[likely]] return topic;
    if (auto const wrong = examine_topic_name(topic)) r.fail(wrong->why, wrong->where);   // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
    return topic;
}

/// What is wrong with `filter` by the rules of `version`, and where: at a byte of it, or all of it (null).
std::optional<flaw_at> examine_topic_filter(std::string_view filter, protocol version) noexcept;

/// A topic filter by the rules of `version`.
inline std::string_view read_topic_filter(reader& r, protocol version) noexcept {
    auto const* const at = r.here();
    auto const filter = to_text(r.binary());
    if (!filter.empty() && filter[0] != '$' && filter_scan{filter}.passes<true>()) [[likely]] return filter;   // [MQTT-4.7.1-1] [MQTT-4.7.1-2]
    if (auto const wrong = examine_topic_filter(filter, version)) r.fail(wrong->why, wrong->where == nullptr ? at : wrong->where);
    return filter;
}

/// Why a packet of type `type` may not carry `code`, when it may not.
errc reason_error(packet_type type, reason_code code) noexcept;

/// What is wrong with `code` in a packet of type `type` sent by `from`.
inline std::optional<errc> check_reason(packet_type type, reason_code code, sender from) noexcept {
    if (may_carry(type, code, from)) [[likely]] return std::nullopt;
    return reason_error(type, code);
}

/// A reason code of 5.0.
inline reason_code read_reason(reader& r, packet_type type, sender from) noexcept {
    auto const at = r.here();
    auto const code = static_cast<reason_code>(r.u8());
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
