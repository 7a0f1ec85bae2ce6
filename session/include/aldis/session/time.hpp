// Time as the session sees it: points that are handed in, and a clock that nobody can read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace aldis::session {

/// A clock without now(): time enters the session only as an argument, so every test can choose it and no clock change ends a
/// session. It has no epoch; whoever saves a session converts to wall-clock time.
struct timeline {
    using duration   = std::chrono::milliseconds;
    using rep        = duration::rep;
    using period     = duration::period;
    using time_point = std::chrono::time_point<timeline>;
    static constexpr bool is_steady = true;
};

using time_point = timeline::time_point;
using duration   = timeline::duration;

/// What a connection waits for.
enum class timer : std::uint8_t {
    handshake,         // the end of CONNECT and CONNACK
    ping,              // client: the moment to say something, so that the server hears from us in time
    ping_response,     // client: PINGRESP
    silence,           // server: one and a half times the keep-alive without a packet
    packet,            // the rest of a packet whose first bytes are there
};
inline constexpr std::size_t timer_count = 5;

} // namespace aldis::session
