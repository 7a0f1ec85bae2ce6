// What one schedule is like: each seed draws its own mixture of limits, habits and faults.
#pragma once

#include <array>
#include <cstdint>

#include <aldis/session/settings.hpp>

#include "choices.hpp"

namespace aldis::simulation {

/// The two sides, as indices.
using side = std::size_t;
inline constexpr side client = 0;
inline constexpr side server = 1;
constexpr side other(side s) noexcept { return 1 - s; }

inline constexpr std::uint32_t never = 0xFFFF'FFFF;

/// What may be done at a step. The mixture of a schedule says how often each comes.
enum class action : std::uint8_t {
    publish_from_client, publish_from_server, write_client, write_server, read_client, read_server, commit_client, commit_server,
    answer_client, answer_server, request, time, pause,
    turn,              // all of it, once: what keeps exchanges going between faults
};

/// What may go wrong.
enum class fault : std::uint8_t {
    cut,               // both ends lose the connection, at any byte of each direction
    client_gone,       // only the client knows that the connection is dead
    server_gone,       // only the server does
    black_hole,        // nobody knows; time passes until a deadline tells
    client_crash, server_crash, both_crash,
    client_leaves, server_leaves,                                  // DISCONNECT
    turned_away,       // the server refuses the next CONNECT
};
inline constexpr std::size_t fault_count = 10;

struct peer_setup {
    session::settings how{};
    bool              durable = false;                             // has a store; otherwise a crash loses the session
    packet_id         last_id = 65'535;
    std::uint32_t     commit_steps = 1;                            // 1: a batch is committed in the step in which it began
    bool              answers_late = false;                        // acknowledges in any order, at any time
    bool              refuses = false;                             // and may refuse a message
};

struct setup {
    explicit setup(choices& pick);

    protocol                   version = protocol::v5;
    std::array<peer_setup, 2>  peers{};
    std::uint32_t              expiry = 0;                         // of the session, in seconds
    std::uint16_t              keep_alive = 0;
    std::uint32_t              messages = 20;
    std::uint32_t              faults = 3;
    std::uint32_t              most_read = 0;                      // bytes that one read takes; 0: all there are
    std::uint32_t              large_payloads = 0;                 // one in so many; 0: none
    bool                       expiring_messages = false;
    bool                       clean_starts = false;               // the client begins anew now and then
    std::array<std::uint8_t, 16> qos_mix{};
    std::array<action, 128>    mixture{};
    std::array<fault, 16>      fault_mixture{};
};

} // namespace aldis::simulation
