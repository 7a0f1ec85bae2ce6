// Every way in which bytes can fail to be a packet, or a packet to be bytes: one row for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <aldis/codec/reason.hpp>

namespace aldis::codec {

enum class errc : std::uint8_t {
    // framing
    packet_type_reserved, reserved_flags, length_not_minimal, length_too_long, packet_too_large,
    // fields
    truncated, trailing_bytes, varint_too_long, varint_not_minimal, utf8_invalid, utf8_null, text_too_long,
    packet_id_zero, packet_id_misplaced, qos_invalid, dup_at_qos_0,
    // topics
    topic_empty, topic_wildcard, filter_empty, filter_invalid, share_name_invalid, share_no_local,
    // properties
    property_length_overrun, property_unknown, property_misplaced, property_repeated, property_value, property_not_from_sender,
    topic_alias_zero,
    // CONNECT
    protocol_name, protocol_level, connect_reserved_flag, will_flags_without_will, will_qos_invalid, password_without_user_name,
    client_id_empty, auth_data_without_method, response_topic_wildcard,
    // CONNACK and other answers
    connack_flags, connack_return_code, session_present_on_refusal, reason_unknown, reason_misplaced, reason_not_from_sender,
    no_reason_codes, return_code_invalid,
    // SUBSCRIBE and UNSUBSCRIBE
    no_filters, subscription_options_reserved, subscription_qos_invalid, retain_handling_invalid,
    // packets as such
    packet_not_in_version, auth_method_missing,
    // encoding
    not_expressible,
};

/// What is told to the peer, which statement was broken ("" where the specification numbers none), and what a person is told.
struct errc_spec {
    errc             code;
    reason_code      tell_peer;
    std::string_view clause;
    std::string_view v3_clause;
    std::string_view text;
};

/// The row of `code`.
errc_spec const& spec_of(errc code) noexcept;

/// The statement that `code` breaks in `version`, in a packet of type `where` if that is known; "" where the specification numbers none.
std::string_view clause_of(errc code, protocol version, packet_type where = {}) noexcept;

/// Every row, in the order of `errc`.
std::span<errc_spec const> errc_specs() noexcept;

/// Why decoding or encoding stopped, and at which byte of the packet, counted from the first byte of its fixed header: the
/// first byte of the field at fault (of a length that overruns, or of a text, the length field), or the very byte where text is
/// not what it must be (UTF-8, null character, wildcard in a topic name).
/// When encoding, `offset` is 0: there are no bytes yet.
struct fault {
    errc        code = errc::truncated;
    std::size_t offset = 0;

    friend bool operator==(fault const&, fault const&) = default;
};

} // namespace aldis::codec
