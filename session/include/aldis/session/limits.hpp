// What one side of a connection allows the other: from CONNECT, CONNACK, or the defaults of the specification.
#pragma once

#include <cstdint>

#include <aldis/codec/packet.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::session {

/// What a peer accepts. The defaults are what holds when nothing was said, and in 3.1.1 always.
struct limits {
    std::uint16_t receive_maximum = 65'535;                        // QoS 1 and 2 messages unacknowledged at a time
    std::uint32_t maximum_packet_size = static_cast<std::uint32_t>(max_packet_size);
    std::uint16_t topic_alias_maximum = 0;
    qos_level     maximum_qos = qos_level::exactly_once;
    bool          retain_available = true;
    bool          wildcard_subscription_available = true;
    bool          subscription_identifier_available = true;
    bool          shared_subscription_available = true;

    friend bool operator==(limits const&, limits const&) = default;
};

/// The limits that the properties of a CONNECT or CONNACK state.
limits limits_of(properties const& props) noexcept;

} // namespace aldis::session
