// The fifteen control packets as plain structs, for both versions and both directions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/codec/wire_list.hpp>

namespace aldis {

/// One struct for each packet. Members are views: what decode() returns lives as long as its input, what encode() takes
/// must live until it returns. Members without a 3.1.1 form keep their defaults there.
namespace packet {

struct will {
    std::string_view topic{};
    bytes_view       payload{};
    qos_level        qos = qos_level::at_most_once;
    bool             retain = false;
    properties       props{};

    friend bool operator==(will const&, will const&) = default;
};

struct connect {
    static constexpr packet_type type = packet_type::connect;

    protocol                        version = protocol::v5;
    bool                            clean_start = true;            // 3.1.1: Clean Session
    std::uint16_t                   keep_alive = 0;                // seconds; 0 turns it off
    std::string_view                client_id{};
    std::optional<will>             last_will{};
    std::optional<std::string_view> user_name{};
    std::optional<bytes_view>       password{};
    properties                      props{};

    friend bool operator==(connect const&, connect const&) = default;
};

struct connack {
    static constexpr packet_type type = packet_type::connack;

    bool        session_present = false;
    reason_code reason = reason_code::success;                     // 3.1.1: from and to its return codes, by the table of reason codes
    properties  props{};

    friend bool operator==(connack const&, connack const&) = default;
};

struct publish {
    static constexpr packet_type type = packet_type::publish;

    std::string_view topic{};                                      // may be empty in 5.0, with a topic alias
    bytes_view       payload{};
    qos_level        qos = qos_level::at_most_once;
    bool             retain = false;
    bool             dup = false;
    packet_id        id = 0;                                       // 0 at QoS 0
    properties       props{};

    friend bool operator==(publish const&, publish const&) = default;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP: one layout, four types.
template <packet_type Type>
struct ack {
    static constexpr packet_type type = Type;

    packet_id   id = 0;
    reason_code reason = reason_code::success;
    properties  props{};

    friend bool operator==(ack const&, ack const&) = default;
};
using puback  = ack<packet_type::puback>;
using pubrec  = ack<packet_type::pubrec>;
using pubrel  = ack<packet_type::pubrel>;
using pubcomp = ack<packet_type::pubcomp>;

struct subscribe {
    static constexpr packet_type type = packet_type::subscribe;

    packet_id     id = 0;
    subscriptions filters{};
    properties    props{};

    friend bool operator==(subscribe const&, subscribe const&) = default;
};

struct suback {
    static constexpr packet_type type = packet_type::suback;

    packet_id    id = 0;
    reason_codes codes{};
    properties   props{};

    friend bool operator==(suback const&, suback const&) = default;
};

struct unsubscribe {
    static constexpr packet_type type = packet_type::unsubscribe;

    packet_id     id = 0;
    topic_filters filters{};
    properties    props{};

    friend bool operator==(unsubscribe const&, unsubscribe const&) = default;
};

struct unsuback {
    static constexpr packet_type type = packet_type::unsuback;

    packet_id    id = 0;
    reason_codes codes{};                                          // none in 3.1.1
    properties   props{};

    friend bool operator==(unsuback const&, unsuback const&) = default;
};

struct pingreq {
    static constexpr packet_type type = packet_type::pingreq;
    friend bool operator==(pingreq const&, pingreq const&) = default;
};

struct pingresp {
    static constexpr packet_type type = packet_type::pingresp;
    friend bool operator==(pingresp const&, pingresp const&) = default;
};

struct disconnect {
    static constexpr packet_type type = packet_type::disconnect;

    reason_code reason = reason_code::success;                     // here: normal disconnection
    properties  props{};

    friend bool operator==(disconnect const&, disconnect const&) = default;
};

struct auth {
    static constexpr packet_type type = packet_type::auth;

    reason_code reason = reason_code::success;
    properties  props{};

    friend bool operator==(auth const&, auth const&) = default;
};

} // namespace packet

/// Any control packet; `index() + 1` is its packet_type.
using any_packet = std::variant<packet::connect, packet::connack, packet::publish, packet::puback, packet::pubrec, packet::pubrel,
                                packet::pubcomp, packet::subscribe, packet::suback, packet::unsubscribe, packet::unsuback,
                                packet::pingreq, packet::pingresp, packet::disconnect, packet::auth>;

inline packet_type type_of(any_packet const& p) noexcept { return static_cast<packet_type>(p.index() + 1); }

} // namespace aldis
