// What a session has moved, counted over all its connections.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <aldis/session/time.hpp>

namespace aldis::session {

/// Counters that only rise, and the last round-trip times. A message sent again counts again.
struct traffic {
    struct count {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;                                   // of payload
    };

    std::array<count, 3>    sent{};                                // by QoS
    std::array<count, 3>    received{};
    std::uint64_t           bytes_sent = 0;                        // of everything
    std::uint64_t           bytes_received = 0;
    std::uint64_t           dropped = 0;                           // to keep the queue within its bound, the newest ones included
    std::uint64_t           expired = 0;
    std::optional<duration> ping{};                                // from PINGREQ to PINGRESP
    std::optional<duration> acknowledgement{};                     // from PUBLISH to PUBACK or PUBREC, measured on one message at a time
};

} // namespace aldis::session
