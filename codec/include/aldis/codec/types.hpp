// The small words of MQTT: protocol versions, packet types, qualities of service.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aldis {

/// The protocol level, as CONNECT carries it.
enum class protocol : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

enum class qos_level : std::uint8_t { at_most_once, at_least_once, exactly_once };

/// The control packet types, as the fixed header carries them.
enum class packet_type : std::uint8_t {
    connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe,
    suback, unsubscribe, unsuback, pingreq, pingresp, disconnect, auth,
};

/// Identifies an exchange within one connection's direction; 0 means none.
using packet_id = std::uint16_t;

/// What a subscription wants of the messages retained when it is made (3.8.3.1).
enum class retain_handling : std::uint8_t { send, send_if_new, do_not_send };

/// Who sent a packet. `either` where that is unknown: rules that depend on the sender are then not applied.
enum class sender : std::uint8_t { client = 1, server = 2, either = 3 };

/// Packet types as a set, one bit for each; bit 0, which no packet uses, stands for the Will.
using places = std::uint16_t;
constexpr places in(packet_type type) noexcept { return static_cast<places>(1U << static_cast<unsigned>(type)); }
inline constexpr places in_will = 1;

/// The largest Remaining Length, and the largest Variable Byte Integer (1.5.5): 268,435,455.
inline constexpr std::uint32_t max_remaining_length = 0x0FFF'FFFF;

/// The largest packet there can be: five bytes of fixed header and the largest Remaining Length.
inline constexpr std::size_t max_packet_size = std::size_t{5} + max_remaining_length;

/// The packet's name as the specification prints it, "PUBLISH"; "reserved" for 0.
std::string_view name_of(packet_type type) noexcept;

/// "3.1", "3.1.1" or "5.0".
std::string_view name_of(protocol version) noexcept;

constexpr bool is_v5(protocol version) noexcept { return version == protocol::v5; }

} // namespace aldis
