// What is known of one conversation.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <aldis/follow/record.hpp>
#include "messages.hpp"
#include "sessions.hpp"
#include "terms.hpp"

namespace aldis::follow {

/// What one end has done.
struct talk_end {
    std::optional<std::int64_t> heard{};                           // when its last packet came; nothing behind a hole
    bool                        hole = false;                      // bytes of it are missing
    bool                        left = false;                      // it sent DISCONNECT
    bool                        ended = false;                     // FIN or RST
};

struct talk {
    conversation const*      of = nullptr;
    std::shared_ptr<session> has{};
    std::string              key{};                                // of the session; empty where it has no name
    std::string              client_id{};
    std::optional<unsigned>  client{};                             // which end
    packet_mark              connect{};
    terms                    client_terms{}, server_terms{};
    bool                     sure = false;                         // begins with a good CONNECT: who breaks a rule can be told
    bool                     greeted = false;                      // a CONNECT was seen, good or bad
    bool                     answered = false;                     // and a CONNACK
    bool                     refused = false;
    bool                     has_all_terms = false;                // that CONNACK is there to its last byte
    bool                     heard_terms = false;                  // the client has sent something behind the CONNACK that it had received
    bool                     disordered = false;                   // who came first cannot be told
    bool                     taken_over = false;                   // its session is with another connection
    std::int64_t             accepted_at = 0;
    std::vector<packet_mark> pings{};                              // not answered
    bool                     pings_known = false;                  // all that are open are in there
    bool                     pings_whole = false;                  // and always were
    std::int64_t             ping_at = 0;                          // the last time that something was known of pings
    std::array<talk_end, 2>  ends{};
    std::uint64_t            server = 0;                           // digest of its address
    delivery_memory          delivered{};
    std::int64_t             subscribed = std::numeric_limits<std::int64_t>::min();

    bool judges() const noexcept { return sure && !disordered; }
    /// Whether limits that the server told in CONNACK bind the client.
    bool binds_client() const noexcept { return judges() && answered && has_all_terms && !refused && heard_terms; }
    unsigned side_of(unsigned from) const noexcept { return client == from ? 0 : 1; }
};

} // namespace aldis::follow
