// Reason codes (2.4): value, names, the packets that may carry each, who may send it, and the 3.1.1 return code.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <aldis/codec/types.hpp>

namespace aldis {

enum class reason_code : std::uint8_t {
    success = 0x00,                        // also: normal disconnection, granted QoS 0
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    re_authenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,
    client_identifier_not_valid = 0x85,
    bad_user_name_or_password = 0x86,
    not_authorized = 0x87,
    server_unavailable = 0x88,
    server_busy = 0x89,
    banned = 0x8A,
    server_shutting_down = 0x8B,
    bad_authentication_method = 0x8C,
    keep_alive_timeout = 0x8D,
    session_taken_over = 0x8E,
    topic_filter_invalid = 0x8F,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9A,
    qos_not_supported = 0x9B,
    use_another_server = 0x9C,
    server_moved = 0x9D,
    shared_subscriptions_not_supported = 0x9E,
    connection_rate_exceeded = 0x9F,
    maximum_connect_time = 0xA0,
    subscription_identifiers_not_supported = 0xA1,
    wildcard_subscriptions_not_supported = 0xA2,
};

/// True from 0x80 on: the operation failed.
constexpr bool is_error(reason_code reason) noexcept { return static_cast<std::uint8_t>(reason) >= 0x80; }

namespace codec {

/// One reason code: the packets it may ride in, those of them that only a client or only a server may send, and its
/// CONNACK return code in 3.1.1 (0 where there is none).
struct reason_spec {
    reason_code      code;
    places           allowed;
    places           client_only;
    places           server_only;
    std::uint8_t     v3_return_code;
    std::string_view name;
};

/// Every row, in ascending order of value.
std::span<reason_spec const> reason_specs() noexcept;

/// The row of `value`, or null where the specification has no such reason code.
reason_spec const* find_reason(std::uint8_t value) noexcept;

/// What CONNACK carries for `reason`: a return code 1 to 5 before 5.0, 0 where that has none; the reason code since.
std::uint8_t connack_code(reason_code reason, protocol version) noexcept;

/// True when a packet of type `type` sent by `from` may carry `code`.
bool may_carry(packet_type type, reason_code code, sender from) noexcept;

} // namespace codec

/// The name of `reason` as the specification prints it, "Not authorized"; "unknown reason" for a value it does not have.
/// 0x00 is called by what it means in `where`: "Success", "Normal disconnection" or "Granted QoS 0".
std::string_view name_of(reason_code reason, packet_type where = packet_type::connack) noexcept;

} // namespace aldis
