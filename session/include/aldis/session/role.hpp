// The two roles, the phases of a connection, and the tables that say what may be received and said in each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <aldis/codec/types.hpp>

namespace aldis::session {

enum class role : std::uint8_t { client, server };

/// The side that sends what an engine of role `r` receives.
constexpr sender peer_of(role r) noexcept { return r == role::client ? sender::server : sender::client; }
constexpr sender side_of(role r) noexcept { return r == role::client ? sender::client : sender::server; }

/// Where a connection is between its first byte and its last.
enum class phase : std::uint8_t {
    start,             // client: connect() not called yet; server: CONNECT not received yet
    connecting,        // client: CONNECT sent, CONNACK awaited
    accepting,         // server: CONNECT received, the owner decides; nothing is read meanwhile
    authenticating,    // server: AUTH sent before CONNACK, the client's AUTH awaited
    open,              // CONNACK with success went over
    finished,          // nothing more is received; what is pending may still be flushed
};

/// What a role may receive in a phase. A packet that is not in the row is a protocol error.
struct may_receive_row {
    role             who;
    phase            when;
    places           v3;                                           // 3.1 and 3.1.1
    places           v5;
    std::string_view clause;
};

namespace role_sets {
using enum packet_type;
inline constexpr places acks = in(puback) | in(pubrec) | in(pubrel) | in(pubcomp);
inline constexpr places to_client = in(publish) | acks | in(suback) | in(unsuback) | in(pingresp);
inline constexpr places to_server = in(publish) | acks | in(subscribe) | in(unsubscribe) | in(pingreq) | in(disconnect);
} // namespace role_sets

inline constexpr std::array may_receive_table = [] {
    using enum packet_type;
    using namespace role_sets;
    constexpr places none = 0;
    return std::array{
        may_receive_row{role::client, phase::start,          none,        none,                                    "MQTT-3.1.0-1"},
        may_receive_row{role::client, phase::connecting,     in(connack), in(connack) | in(auth),                  "MQTT-3.2.0-1"},
        may_receive_row{role::client, phase::open,           to_client,   to_client | in(disconnect) | in(auth),   "MQTT-3.2.0-2"},
        may_receive_row{role::client, phase::finished,       none,        none,                                    ""},
        may_receive_row{role::server, phase::start,          in(connect), in(connect),                             "MQTT-3.1.0-1"},
        may_receive_row{role::server, phase::accepting,      none,        none,                                    ""},
        may_receive_row{role::server, phase::authenticating, none,        in(auth) | in(disconnect),               "MQTT-3.1.2-30"},
        may_receive_row{role::server, phase::open,           to_server,   to_server | in(auth),                    "MQTT-3.1.0-2"},
        may_receive_row{role::server, phase::finished,       none,        none,                                    ""},
    };
}();

/// The packets that `who` may receive in phase `when`; none where the table has no row.
constexpr places may_receive(role who, phase when, protocol version) noexcept {
    for (auto const& row : may_receive_table)
        if (row.who == who && row.when == when) return is_v5(version) ? row.v5 : row.v3;
    return 0;
}

/// What may still be said to a peer that is being refused.
enum class farewell : std::uint8_t { nothing, connack, disconnect };

struct farewell_row {
    role             who;
    phase            when;
    farewell         v3;
    farewell         v5;
    std::string_view clause;
};

inline constexpr std::array farewell_table{
    // A server says nothing before it knows that the peer speaks MQTT; a CONNECT it cannot accept may be answered in 5.0.
    farewell_row{role::server, phase::start,          farewell::nothing, farewell::connack,    "MQTT-3.1.4-1"},
    farewell_row{role::server, phase::accepting,      farewell::nothing, farewell::connack,    "MQTT-3.1.4-2"},
    farewell_row{role::server, phase::authenticating, farewell::nothing, farewell::connack,    "MQTT-3.14.0-1"},
    farewell_row{role::server, phase::open,           farewell::nothing, farewell::disconnect, "MQTT-4.13.1-1"},
    farewell_row{role::client, phase::connecting,     farewell::nothing, farewell::nothing,    ""},
    farewell_row{role::client, phase::open,           farewell::nothing, farewell::disconnect, "MQTT-4.13.1-1"},
};

constexpr farewell farewell_for(role who, phase when, protocol version) noexcept {
    for (auto const& row : farewell_table)
        if (row.who == who && row.when == when) return is_v5(version) ? row.v5 : row.v3;
    return farewell::nothing;
}

} // namespace aldis::session
