// How an engine is to behave: its own limits, its timeouts, its bounds.
#pragma once

#include <cstddef>
#include <cstdint>

#include <aldis/session/limits.hpp>
#include <aldis/session/time.hpp>

namespace aldis::session {

enum class overflow : std::uint8_t {
    reject,
    drop_newest,                           // the one that was to be queued
    drop_oldest,                           // what waited longest
    drop_qos_0_first,                      // the oldest of QoS 0; refused where there are none
    wait,                                  // refused, for an owner that keeps it until there is room
};

/// The bound of what waits to be sent in one session.
struct queue_limits {
    std::size_t messages = 10'000;
    std::size_t bytes = 64U << 20U;
    overflow    when_full = overflow::reject;
};

struct settings {
    /// What we allow the peer. Told to it in CONNECT or CONNACK, and enforced.
    limits own{};

    /// Client: from CONNECT to CONNACK. Server: from opened() to the end of the handshake.
    duration connect_timeout = std::chrono::seconds{30};

    /// Client: the part of the keep-alive, in thousandths, after which one that has sent nothing sends PINGREQ; 1 to 1,000.
    std::uint16_t ping_after = 900;

    /// From PINGREQ to PINGRESP.
    duration ping_timeout = std::chrono::seconds{10};

    /// From the first byte of a packet to its last; 0 turns it off.
    duration packet_timeout{0};

    /// QoS 1 and 2 messages in flight at a time, below what the peer's Receive Maximum allows; 0: no bound of our own.
    std::uint16_t max_in_flight = 65'535;

    /// Bytes of those that await PUBACK or PUBREC; one message may exceed it.
    std::size_t max_in_flight_bytes = 64U << 20U;

    /// Topic aliases that we assign automatically, up to what the peer allows; 0 turns it off.
    std::uint16_t automatic_aliases = 16;

    /// Output waiting for the transport, in bytes, above which QoS 0 publishing is refused; and answers to a peer that does not take them,
    /// above which reading stops. Our own publishing never stops reading: two peers that both write would wait for each other.
    std::size_t max_output = 1U << 20U;

    /// SUBSCRIBEs and UNSUBSCRIBEs that a server keeps unanswered for one client.
    std::uint16_t max_requests = 1'024;

    queue_limits queue{};

    /// Client: without Clean Start although this process has no session state: the owner vouches that the session is its own.
    bool resume = false;

    /// Client with an Authentication Method: a CONNACK that accepts changes nothing before engine::trust(). The session of a server that has not
    /// proved itself is not ours to lose.
    bool distrust = false;

    /// 3.1.1 has no way to refuse a message: close the connection instead of acknowledging it.  [v3-MQTT-3.3.5-2]
    bool close_to_refuse = false;
};

} // namespace aldis::session
