// What a broker can be asked about itself: copies, as things stood when they were made.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <aldis/codec/types.hpp>

namespace aldis {

/// A session, with or without a connection.
struct session_info {
    std::string                         client_id{};
    std::optional<std::string>          user_name{};
    std::string                         address{};                 // empty without a connection
    bool                                is_connected = false;
    protocol                            version = protocol::v5;    // of its last connection
    std::size_t                         subscriptions = 0;
    std::size_t                         queued_messages = 0;       // not sent yet
    std::size_t                         queued_bytes = 0;
    std::size_t                         in_flight = 0;             // sent, not acknowledged
    std::uint64_t                       dropped = 0;               // for want of room
    std::optional<std::chrono::seconds> ends_in{};                 // without a connection; nothing: never
};

/// A subscription as it was made.
struct subscription_info {
    std::string   filter{};                                        // with its `$share/name/`
    std::uint32_t id = 0;                                          // 0: none
    qos_level     qos = qos_level::at_most_once;
    bool          no_local = false;
    bool          retain_as_published = false;
};

/// Counters; those that only rise begin at 0 with the broker. Messages are PUBLISH packets, bytes those of the transport.
struct broker_metrics {
    std::chrono::seconds uptime{0};
    std::size_t   connections = 0;                                 // open now, those not let in yet among them
    std::size_t   clients = 0;                                     // let in, now
    std::size_t   clients_maximum = 0;                             // at a time
    std::size_t   sessions = 0;
    std::size_t   subscriptions = 0;
    std::size_t   retained_messages = 0;
    std::size_t   retained_bytes = 0;
    std::size_t   bytes_kept = 0;                                  // what broker_limits::memory_limit() bounds
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;
    std::uint64_t sessions_expired = 0;
    std::uint64_t messages_received = 0;
    std::uint64_t messages_sent = 0;                               // or queued for a client that is away
    std::uint64_t messages_dropped = 0;
    std::uint64_t payload_received = 0;
    std::uint64_t payload_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
};

} // namespace aldis
