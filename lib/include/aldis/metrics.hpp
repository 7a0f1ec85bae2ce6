// What a client has moved and what it holds, as a snapshot.
#pragma once

#include <cstddef>
#include <cstdint>

#include <aldis/session/traffic.hpp>

namespace aldis {

/// Counted since the client was made; times are whole milliseconds.
struct client_metrics {
    session::traffic traffic{};                                    // messages and bytes by QoS, dropped, expired, round trips
    std::size_t      queued_messages = 0;                          // not started
    std::size_t      queued_bytes = 0;
    std::size_t      in_flight = 0;                                // started, not complete
    std::size_t      in_flight_bytes = 0;
    std::size_t      waiting = 0;                                  // async_publish() that waits for room
    std::size_t      waiting_for_store = 0;                        // until_stored()
    std::uint64_t    connects = 0;                                 // that succeeded
    std::uint64_t    reconnects = 0;                               // all but the first of them
    bool             is_connected = false;
};

} // namespace aldis
