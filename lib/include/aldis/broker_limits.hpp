// What a broker bears: of one packet, one client, one session, and of all together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <aldis/session/settings.hpp>

namespace aldis {

/// Every bound of a broker with its default. Where nothing else is said, 0 means no bound; rates are for each second, and as many may come at
/// once. Names that mosquitto has mean what they mean there. What is above a bound is refused with the reason code named, in 3.1.1 with the
/// nearest that it has.
class broker_limits {
public:
    using seconds = std::chrono::seconds;

    broker_limits() = default;

    // ---- Packets ----------------------------------------------------------------------------------------------------------

    /// Bytes of a packet from a client, told it in CONNACK; 0x95. 1 MiB, at most 268,435,460.
    broker_limits& max_packet_size(std::uint32_t value) noexcept { max_packet_size_ = value; return *this; }
    /// Bytes of CONNECT; 0x95, or closed without a word before the whole of it is there. 64 KiB.
    broker_limits& max_connect_packet_size(std::uint32_t value) noexcept { max_connect_packet_size_ = value; return *this; }
    /// Levels of a topic or filter; 0x90, 0x8F. 128.
    broker_limits& max_topic_levels(std::size_t value) noexcept { max_topic_levels_ = value; return *this; }
    /// Bytes of a topic or filter; 0x90, 0x8F. 4,096.
    broker_limits& max_topic_length(std::size_t value) noexcept { max_topic_length_ = value; return *this; }
    /// User Properties of a packet, and bytes of them; 0x97. 64 and 16 KiB.
    broker_limits& max_user_properties(std::size_t value) noexcept { max_user_properties_ = value; return *this; }
    broker_limits& max_user_property_bytes(std::size_t value) noexcept { max_user_property_bytes_ = value; return *this; }
    /// Filters of one SUBSCRIBE or UNSUBSCRIBE; 0x97 for each. 256.
    broker_limits& max_filters_per_packet(std::size_t value) noexcept { max_filters_per_packet_ = value; return *this; }
    /// Bytes of a client identifier, 0x85, and of a user name, 0x86. 256 and 1,024.
    broker_limits& max_client_id_length(std::size_t value) noexcept { max_client_id_length_ = value; return *this; }
    broker_limits& max_user_name_length(std::size_t value) noexcept { max_user_name_length_ = value; return *this; }

    // ---- Connections ------------------------------------------------------------------------------------------------------

    /// From accept to CONNACK, with all handshakes; then it is closed. 10 seconds.
    broker_limits& connect_timeout(seconds value) noexcept { connect_timeout_ = value; return *this; }
    /// Connections whose CONNECT is not accepted yet, of all and of one address (of the /64 in IPv6); closed at once. 1,024 and 64.
    broker_limits& max_unauthenticated(std::size_t value) noexcept { max_unauthenticated_ = value; return *this; }
    broker_limits& max_unauthenticated_per_address(std::size_t value) noexcept { max_unauthenticated_per_address_ = value; return *this; }
    /// Connections; 0x88. 10,000, and never more than the file descriptors of the process less 64.
    broker_limits& max_connections(std::size_t value) noexcept { max_connections_ = value; return *this; }
    /// Connections accepted, of all and from one address; 0x9F. 200 and 20 a second.
    broker_limits& max_connect_rate(std::size_t value) noexcept { max_connect_rate_ = value; return *this; }
    broker_limits& max_connect_rate_per_address(std::size_t value) noexcept { max_connect_rate_per_address_ = value; return *this; }
    /// The limits for one address do not hold for this machine's own. On.
    broker_limits& exempt_loopback(bool value) noexcept { exempt_loopback_ = value; return *this; }
    /// From the first byte of a packet to its last; 0xA0. 30 seconds.
    broker_limits& packet_timeout(seconds value) noexcept { packet_timeout_ = value; return *this; }
    /// The longest keep-alive, told a 5.0 client as Server Keep Alive, also in place of none. 3,600 seconds; 0: whatever a client asks for.
    broker_limits& max_keepalive(std::uint16_t value) noexcept { max_keepalive_ = value; return *this; }
    /// A client before 5.0 that asks for more, or for none, cannot be told: it is refused (0x02) rather than left alone. Off.
    broker_limits& enforce_keepalive_v3(bool value) noexcept { enforce_keepalive_v3_ = value; return *this; }
    /// Messages that a client may publish; above, its connection is not read for a while. No bound.
    broker_limits& max_publish_rate(std::size_t value) noexcept { max_publish_rate_ = value; return *this; }

    // ---- Messages on their way --------------------------------------------------------------------------------------------

    /// QoS 1 and 2 messages under way to a client, below its own Receive Maximum; and bytes of them. 32 and 8 MiB.
    broker_limits& max_inflight_messages(std::uint16_t value) noexcept { max_inflight_messages_ = value; return *this; }
    broker_limits& max_inflight_bytes(std::size_t value) noexcept { max_inflight_bytes_ = value; return *this; }
    /// QoS 1 and 2 messages under way from a client, told it as Receive Maximum; 0x93. 32; 0 is taken for 65,535.
    broker_limits& receive_maximum(std::uint16_t value) noexcept { receive_maximum_ = value; return *this; }
    /// Messages that wait in one session, and bytes of them. 1,000 and 8 MiB.
    broker_limits& max_queued_messages(std::size_t value) noexcept { max_queued_messages_ = value; return *this; }
    broker_limits& max_queued_bytes(std::size_t value) noexcept { max_queued_bytes_ = value; return *this; }
    /// What gives way in a full queue: QoS 0 first and then the newest (session::overflow::drop_qos_0_first), the newest or the oldest.
    broker_limits& queue_overflow(session::overflow value) noexcept { queue_overflow_ = value; return *this; }
    /// QoS 0 messages wait too for a client that is away. Off.
    broker_limits& queue_qos0_messages(bool value) noexcept { queue_qos0_messages_ = value; return *this; }
    /// Bytes that wait for one client's socket; above, QoS 0 for it is dropped and its queue waits. 1 MiB.
    broker_limits& max_output(std::size_t value) noexcept { max_output_ = value; return *this; }
    /// How long a client may take none of what waits for its socket; then it is closed. 30 seconds.
    broker_limits& write_timeout(seconds value) noexcept { write_timeout_ = value; return *this; }
    /// Topic aliases from a client, told it, 0x94; and to it. 32 and 32; 0: none.
    broker_limits& max_topic_alias(std::uint16_t value) noexcept { max_topic_alias_ = value; return *this; }
    broker_limits& max_topic_alias_broker(std::uint16_t value) noexcept { max_topic_alias_broker_ = value; return *this; }

    // ---- Sessions ---------------------------------------------------------------------------------------------------------

    /// Sessions, with or without connection; 0x97. 100,000.
    broker_limits& max_sessions(std::size_t value) noexcept { max_sessions_ = value; return *this; }
    /// The longest that a session is kept without its client, told it in CONNACK. 7 days.
    broker_limits& max_session_expiry(seconds value) noexcept { max_session_expiry_ = value; return *this; }
    /// The same for clients before 5.0, which cannot say: those that connect without Clean Session. 2 hours.
    broker_limits& session_expiry_v3(seconds value) noexcept { session_expiry_v3_ = value; return *this; }
    /// Subscriptions of one session; 0x97. 1,000.
    broker_limits& max_subscriptions(std::size_t value) noexcept { max_subscriptions_ = value; return *this; }

    // ---- All together -----------------------------------------------------------------------------------------------------

    /// Retained messages, bytes of them, and how many may be set; 0x97. 100,000, 256 MiB and 1,000 a second.
    broker_limits& max_retained_messages(std::size_t value) noexcept { max_retained_messages_ = value; return *this; }
    broker_limits& max_retained_bytes(std::size_t value) noexcept { max_retained_bytes_ = value; return *this; }
    broker_limits& max_retained_rate(std::size_t value) noexcept { max_retained_rate_ = value; return *this; }
    /// Bytes of messages that are retained, wait or are under way; above, connections are refused (0x97), QoS 0 is dropped, and QoS 1 and 2
    /// answered with 0x97. By default three quarters of what the process may have, where the system says how much that is.
    broker_limits& memory_limit(std::size_t value) noexcept { memory_limit_ = value; return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    std::uint32_t     max_packet_size() const noexcept { return max_packet_size_; }
    std::uint32_t     max_connect_packet_size() const noexcept { return max_connect_packet_size_; }
    std::size_t       max_topic_levels() const noexcept { return max_topic_levels_; }
    std::size_t       max_topic_length() const noexcept { return max_topic_length_; }
    std::size_t       max_user_properties() const noexcept { return max_user_properties_; }
    std::size_t       max_user_property_bytes() const noexcept { return max_user_property_bytes_; }
    std::size_t       max_filters_per_packet() const noexcept { return max_filters_per_packet_; }
    std::size_t       max_client_id_length() const noexcept { return max_client_id_length_; }
    std::size_t       max_user_name_length() const noexcept { return max_user_name_length_; }
    seconds           connect_timeout() const noexcept { return connect_timeout_; }
    std::size_t       max_unauthenticated() const noexcept { return max_unauthenticated_; }
    std::size_t       max_unauthenticated_per_address() const noexcept { return max_unauthenticated_per_address_; }
    std::size_t       max_connections() const noexcept { return max_connections_; }
    std::size_t       max_connect_rate() const noexcept { return max_connect_rate_; }
    std::size_t       max_connect_rate_per_address() const noexcept { return max_connect_rate_per_address_; }
    bool              exempt_loopback() const noexcept { return exempt_loopback_; }
    seconds           packet_timeout() const noexcept { return packet_timeout_; }
    std::uint16_t     max_keepalive() const noexcept { return max_keepalive_; }
    bool              enforce_keepalive_v3() const noexcept { return enforce_keepalive_v3_; }
    std::size_t       max_publish_rate() const noexcept { return max_publish_rate_; }
    std::uint16_t     max_inflight_messages() const noexcept { return max_inflight_messages_; }
    std::size_t       max_inflight_bytes() const noexcept { return max_inflight_bytes_; }
    std::uint16_t     receive_maximum() const noexcept { return receive_maximum_; }
    std::size_t       max_queued_messages() const noexcept { return max_queued_messages_; }
    std::size_t       max_queued_bytes() const noexcept { return max_queued_bytes_; }
    session::overflow queue_overflow() const noexcept { return queue_overflow_; }
    bool              queue_qos0_messages() const noexcept { return queue_qos0_messages_; }
    std::size_t       max_output() const noexcept { return max_output_; }
    seconds           write_timeout() const noexcept { return write_timeout_; }
    std::uint16_t     max_topic_alias() const noexcept { return max_topic_alias_; }
    std::uint16_t     max_topic_alias_broker() const noexcept { return max_topic_alias_broker_; }
    std::size_t       max_sessions() const noexcept { return max_sessions_; }
    seconds           max_session_expiry() const noexcept { return max_session_expiry_; }
    seconds           session_expiry_v3() const noexcept { return session_expiry_v3_; }
    std::size_t       max_subscriptions() const noexcept { return max_subscriptions_; }
    std::size_t       max_retained_messages() const noexcept { return max_retained_messages_; }
    std::size_t       max_retained_bytes() const noexcept { return max_retained_bytes_; }
    std::size_t       max_retained_rate() const noexcept { return max_retained_rate_; }
    std::size_t       memory_limit() const noexcept { return memory_limit_; }

    /// Three quarters of the memory that the process may have by its control group; 0 where there is no such bound.
    static std::size_t default_memory_limit();

private:
    std::size_t       max_topic_levels_ = 128;
    std::size_t       max_topic_length_ = 4'096;
    std::size_t       max_user_properties_ = 64;
    std::size_t       max_user_property_bytes_ = 16U << 10U;
    std::size_t       max_filters_per_packet_ = 256;
    std::size_t       max_client_id_length_ = 256;
    std::size_t       max_user_name_length_ = 1'024;
    std::size_t       max_unauthenticated_ = 1'024;
    std::size_t       max_unauthenticated_per_address_ = 64;
    std::size_t       max_connections_ = 10'000;
    std::size_t       max_connect_rate_ = 200;
    std::size_t       max_connect_rate_per_address_ = 20;
    std::size_t       max_publish_rate_ = 0;
    std::size_t       max_inflight_bytes_ = 8U << 20U;
    std::size_t       max_queued_messages_ = 1'000;
    std::size_t       max_queued_bytes_ = 8U << 20U;
    std::size_t       max_output_ = 1U << 20U;
    std::size_t       max_sessions_ = 100'000;
    std::size_t       max_subscriptions_ = 1'000;
    std::size_t       max_retained_messages_ = 100'000;
    std::size_t       max_retained_bytes_ = 256U << 20U;
    std::size_t       max_retained_rate_ = 1'000;
    std::size_t       memory_limit_ = default_memory_limit();
    seconds           connect_timeout_{10};
    seconds           packet_timeout_{30};
    seconds           write_timeout_{30};
    seconds           max_session_expiry_{7 * 24 * 3'600};
    seconds           session_expiry_v3_{2 * 3'600};
    std::uint32_t     max_packet_size_ = 1U << 20U;
    std::uint32_t     max_connect_packet_size_ = 64U << 10U;
    std::uint16_t     max_keepalive_ = 3'600;
    std::uint16_t     max_inflight_messages_ = 32;
    std::uint16_t     receive_maximum_ = 32;
    std::uint16_t     max_topic_alias_ = 32;
    std::uint16_t     max_topic_alias_broker_ = 32;
    session::overflow queue_overflow_ = session::overflow::drop_qos_0_first;
    bool              exempt_loopback_ = true;
    bool              enforce_keepalive_v3_ = false;
    bool              queue_qos0_messages_ = false;
};

} // namespace aldis
