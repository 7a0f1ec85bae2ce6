// The bounds of a configuration file, one row each.
#include <algorithm>
#include <chrono>

#include "mapping.hpp"

namespace aldis::app {
namespace {

using config::limit_settings;

template <class T>
using setter_of = broker_limits& (broker_limits::*)(T) noexcept;

template <class T, setter_of<T> Set>
void set(broker_limits& in, std::uint64_t value) {
    (in.*Set)(T(value));
}

using w16 = std::uint16_t;
using w32 = std::uint32_t;
using size = std::size_t;
using secs = std::chrono::seconds;

struct number_row {
    limit_settings::number limit_settings::*from;
    void (*set)(broker_limits& in, std::uint64_t value);
};

// A row that is further down takes the place of one above it.
constexpr number_row numbers[]{
    {&limit_settings::max_packet_size, set<w32, &broker_limits::max_packet_size>},
    {&limit_settings::max_connect_packet_size, set<w32, &broker_limits::max_connect_packet_size>},
    {&limit_settings::max_topic_levels, set<size, &broker_limits::max_topic_levels>},
    {&limit_settings::max_topic_length, set<size, &broker_limits::max_topic_length>},
    {&limit_settings::max_user_properties, set<size, &broker_limits::max_user_properties>},
    {&limit_settings::max_user_property_bytes, set<size, &broker_limits::max_user_property_bytes>},
    {&limit_settings::max_filters_per_packet, set<size, &broker_limits::max_filters_per_packet>},
    {&limit_settings::max_client_id_length, set<size, &broker_limits::max_client_id_length>},
    {&limit_settings::max_user_name_length, set<size, &broker_limits::max_user_name_length>},
    {&limit_settings::connect_timeout, set<secs, &broker_limits::connect_timeout>},
    {&limit_settings::max_unauthenticated, set<size, &broker_limits::max_unauthenticated>},
    {&limit_settings::max_unauthenticated_per_address, set<size, &broker_limits::max_unauthenticated_per_address>},
    {&limit_settings::global_max_connections, set<size, &broker_limits::max_connections>},
    {&limit_settings::max_connect_rate, set<size, &broker_limits::max_connect_rate>},
    {&limit_settings::max_connect_rate_per_address, set<size, &broker_limits::max_connect_rate_per_address>},
    {&limit_settings::packet_timeout, set<secs, &broker_limits::packet_timeout>},
    {&limit_settings::max_keepalive, set<w16, &broker_limits::max_keepalive>},
    {&limit_settings::max_publish_rate, set<size, &broker_limits::max_publish_rate>},
    {&limit_settings::max_inflight_messages, set<w16, &broker_limits::max_inflight_messages>},
    {&limit_settings::max_inflight_messages, set<w16, &broker_limits::receive_maximum>},      // mosquitto's is for both directions
    {&limit_settings::receive_maximum, set<w16, &broker_limits::receive_maximum>},
    {&limit_settings::max_inflight_bytes, set<size, &broker_limits::max_inflight_bytes>},
    {&limit_settings::max_queued_messages, set<size, &broker_limits::max_queued_messages>},
    {&limit_settings::max_queued_bytes, set<size, &broker_limits::max_queued_bytes>},
    {&limit_settings::max_output, set<size, &broker_limits::max_output>},
    {&limit_settings::write_timeout, set<secs, &broker_limits::write_timeout>},
    {&limit_settings::max_topic_alias_broker, set<w16, &broker_limits::max_topic_alias_broker>},
    {&limit_settings::max_sessions, set<size, &broker_limits::max_sessions>},
    {&limit_settings::persistent_client_expiration, set<secs, &broker_limits::max_session_expiry>},
    {&limit_settings::persistent_client_expiration, set<secs, &broker_limits::session_expiry_v3>},
    {&limit_settings::max_session_expiry, set<secs, &broker_limits::max_session_expiry>},
    {&limit_settings::session_expiry_v3, set<secs, &broker_limits::session_expiry_v3>},
    {&limit_settings::max_subscriptions, set<size, &broker_limits::max_subscriptions>},
    {&limit_settings::max_retained_messages, set<size, &broker_limits::max_retained_messages>},
    {&limit_settings::max_retained_bytes, set<size, &broker_limits::max_retained_bytes>},
    {&limit_settings::max_retained_rate, set<size, &broker_limits::max_retained_rate>},
    {&limit_settings::memory_limit, set<size, &broker_limits::memory_limit>},
};

struct toggle_row {
    limit_settings::toggle limit_settings::*from;
    setter_of<bool>                         set;
};
constexpr toggle_row toggles[]{
    {&limit_settings::exempt_loopback, &broker_limits::exempt_loopback},
    {&limit_settings::enforce_keepalive_v3, &broker_limits::enforce_keepalive_v3},
    {&limit_settings::queue_qos0_messages, &broker_limits::queue_qos0_messages},
};

// mosquitto bounds the payload; here it is the packet, with room for the longest topic and its properties.
void bound_payload(broker_limits& in, limit_settings const& given) {
    constexpr std::uint64_t largest = 268'435'460;
    if (given.message_size_limit.value_or(0) == 0) return;
    auto const topic = in.max_topic_length() == 0 ? std::uint64_t{65'535} : in.max_topic_length();
    auto const wanted = *given.message_size_limit + topic + in.max_user_property_bytes() + 64;
    in.max_packet_size(static_cast<w32>(std::min({wanted, largest, given.max_packet_size.value_or(largest)})));
}

// What is let in can be handed on: where nobody says otherwise a queue has room for the largest packet.
void fit_queues(broker_limits& in, limit_settings const& given) {
    auto const enough = std::size_t{in.max_packet_size()} + (size{64} << 10U);
    if (!given.max_queued_bytes) in.max_queued_bytes(std::max(in.max_queued_bytes(), enough));
    if (!given.max_inflight_bytes) in.max_inflight_bytes(std::max(in.max_inflight_bytes(), enough));
}

} // namespace

broker_limits limits_of(limit_settings const& given) {
    broker_limits out;
    for (auto const& row : numbers)
        if (auto const& value = given.*row.from) row.set(out, *value);
    for (auto const& row : toggles)
        if (auto const& value = given.*row.from) (out.*row.set)(*value);
    bound_payload(out, given);
    fit_queues(out, given);
    return out;
}

} // namespace aldis::app
