// Each bound of a broker, as it is shown: under the name of its setter, in $SYS and to Prometheus.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <aldis/broker_limits.hpp>

namespace aldis::serving {

struct limit_row {
    std::string_view name;
    std::string_view unit;                                         // Prometheus wants it behind the name; empty: a number of them
    std::string_view help;
    std::uint64_t (*value)(broker_limits const& of);
};

inline constexpr std::array limit_rows{
    limit_row{"max_packet_size", "bytes", "a packet from a client", [](broker_limits const& l) -> std::uint64_t { return l.max_packet_size(); }},
    limit_row{"max_connect_packet_size", "bytes", "CONNECT", [](broker_limits const& l) -> std::uint64_t { return l.max_connect_packet_size(); }},
    limit_row{"max_topic_levels", "", "levels of a topic or filter", [](broker_limits const& l) -> std::uint64_t { return l.max_topic_levels(); }},
    limit_row{"max_topic_length", "bytes", "a topic or filter", [](broker_limits const& l) -> std::uint64_t { return l.max_topic_length(); }},
    limit_row{"max_user_properties", "", "User Properties of a packet", [](broker_limits const& l) -> std::uint64_t { return l.max_user_properties(); }},
    limit_row{"max_user_property_bytes", "bytes", "User Properties of a packet", [](broker_limits const& l) -> std::uint64_t { return l.max_user_property_bytes(); }},
    limit_row{"max_filters_per_packet", "", "filters of one SUBSCRIBE or UNSUBSCRIBE", [](broker_limits const& l) -> std::uint64_t { return l.max_filters_per_packet(); }},
    limit_row{"max_client_id_length", "bytes", "a client identifier", [](broker_limits const& l) -> std::uint64_t { return l.max_client_id_length(); }},
    limit_row{"max_user_name_length", "bytes", "a user name", [](broker_limits const& l) -> std::uint64_t { return l.max_user_name_length(); }},
    limit_row{"connect_timeout", "seconds", "from accept to CONNACK", [](broker_limits const& l) -> std::uint64_t { return static_cast<std::uint64_t>(l.connect_timeout().count()); }},
    limit_row{"max_unauthenticated", "", "connections whose CONNECT is not accepted yet", [](broker_limits const& l) -> std::uint64_t { return l.max_unauthenticated(); }},
    limit_row{"max_unauthenticated_per_address", "", "the same of one address", [](broker_limits const& l) -> std::uint64_t { return l.max_unauthenticated_per_address(); }},
    limit_row{"max_connections", "", "connections", [](broker_limits const& l) -> std::uint64_t { return l.max_connections(); }},
    limit_row{"max_connect_rate", "", "connections accepted in a second", [](broker_limits const& l) -> std::uint64_t { return l.max_connect_rate(); }},
    limit_row{"max_connect_rate_per_address", "", "connections accepted in a second from one address", [](broker_limits const& l) -> std::uint64_t { return l.max_connect_rate_per_address(); }},
    limit_row{"packet_timeout", "seconds", "from the first byte of a packet to its last", [](broker_limits const& l) -> std::uint64_t { return static_cast<std::uint64_t>(l.packet_timeout().count()); }},
    limit_row{"max_keepalive", "seconds", "the longest keep-alive", [](broker_limits const& l) -> std::uint64_t { return l.max_keepalive(); }},
    limit_row{"max_publish_rate", "", "messages of one client in a second", [](broker_limits const& l) -> std::uint64_t { return l.max_publish_rate(); }},
    limit_row{"max_inflight_messages", "", "messages under way to a client", [](broker_limits const& l) -> std::uint64_t { return l.max_inflight_messages(); }},
    limit_row{"max_inflight_bytes", "bytes", "messages under way to a client", [](broker_limits const& l) -> std::uint64_t { return l.max_inflight_bytes(); }},
    limit_row{"receive_maximum", "", "messages under way from a client", [](broker_limits const& l) -> std::uint64_t { return l.receive_maximum(); }},
    limit_row{"max_queued_messages", "", "messages that wait in one session", [](broker_limits const& l) -> std::uint64_t { return l.max_queued_messages(); }},
    limit_row{"max_queued_bytes", "bytes", "messages that wait in one session", [](broker_limits const& l) -> std::uint64_t { return l.max_queued_bytes(); }},
    limit_row{"max_output", "bytes", "what waits for the socket of one client", [](broker_limits const& l) -> std::uint64_t { return l.max_output(); }},
    limit_row{"write_timeout", "seconds", "how long a client may take none of it", [](broker_limits const& l) -> std::uint64_t { return static_cast<std::uint64_t>(l.write_timeout().count()); }},
    limit_row{"max_topic_alias", "", "topic aliases from a client", [](broker_limits const& l) -> std::uint64_t { return l.max_topic_alias(); }},
    limit_row{"max_topic_alias_broker", "", "topic aliases to a client", [](broker_limits const& l) -> std::uint64_t { return l.max_topic_alias_broker(); }},
    limit_row{"max_sessions", "", "sessions", [](broker_limits const& l) -> std::uint64_t { return l.max_sessions(); }},
    limit_row{"max_session_expiry", "seconds", "how long a session is kept without its client", [](broker_limits const& l) -> std::uint64_t { return static_cast<std::uint64_t>(l.max_session_expiry().count()); }},
    limit_row{"session_expiry_v3", "seconds", "the same for clients before 5.0", [](broker_limits const& l) -> std::uint64_t { return static_cast<std::uint64_t>(l.session_expiry_v3().count()); }},
    limit_row{"max_subscriptions", "", "subscriptions of one session", [](broker_limits const& l) -> std::uint64_t { return l.max_subscriptions(); }},
    limit_row{"max_retained_messages", "", "retained messages", [](broker_limits const& l) -> std::uint64_t { return l.max_retained_messages(); }},
    limit_row{"max_retained_bytes", "bytes", "retained messages", [](broker_limits const& l) -> std::uint64_t { return l.max_retained_bytes(); }},
    limit_row{"max_retained_rate", "", "messages retained in a second", [](broker_limits const& l) -> std::uint64_t { return l.max_retained_rate(); }},
    limit_row{"memory_limit", "bytes", "messages that are retained, wait or are under way", [](broker_limits const& l) -> std::uint64_t { return l.memory_limit(); }},
};

} // namespace aldis::serving
