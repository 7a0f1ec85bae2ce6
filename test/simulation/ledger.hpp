// What was published, sent, shown and acknowledged, and the invariants that join them. It knows the messages and the packets, never the
// inside of an engine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/session/engine.hpp>

#include "setup.hpp"
#include "store.hpp"
#include "wire.hpp"

namespace aldis::simulation {

/// An invariant does not hold.
struct violation {
    std::string what;
};

[[noreturn]] void violate(std::string_view what);
inline void require(bool holds, std::string_view what) {
    if (!holds) [[unlikely]] violate(what);
}

inline constexpr std::size_t most_messages = 64;
inline constexpr std::array<std::string_view, 3> topics{"a", "b/c", "lamp/one/state"};

/// Number of a batch of a store; 0: not yet.
using batch_no = std::uint64_t;

/// An application message, from publish() to its end.
struct message_record {
    session::message                  content{};
    session::delivery_no              no = 0;
    std::optional<session::time_point> expires_at{};
    batch_no                          queued = 0;
    batch_no                          started = 0;                 // identifier taken
    batch_no                          released = 0;                // PUBREC came
    batch_no                          first_started = 0;           // likewise, before a lost session made it begin anew
    batch_no                          finished = 0;                // given up by the session
    batch_no                          ended = 0;                   // its publisher was told
    batch_no                          accepted = 0;                // the other side's owner acknowledged it
    std::uint32_t                     released_as = 0;             // the order in which PUBRECs came
    packet_id                         id = 0;
    std::uint8_t                      topic = 0;
    qos_level                         qos{};
    bool                              retain = false;
    side                              from = client;
    session::event::outcome           how{};
    batch_no                          abandoned = 0;               // its session was discarded
    bool                              sent = false;                // shown to the transport at least once in this session
    bool                              perhaps_sent = false;        // taken over from a store that cannot know
    bool                              pubrel_sent = false;
    bool                              in_flight = false;           // on the present connection
    bool                              shown = false;               // to the owner on the other side, at least once
    bool                              held = false;                // QoS 2: shown, and not to be shown again
};

/// What one side did and saw on one connection.
struct conversation {
    struct arrival { packet_id id; int message; session::arrival_no no; batch_no answered; };
    struct owed { packet_id id; batch_no since; };

    fifo<arrival>          qos_1{};                                // PUBACK owed
    fifo<arrival>          qos_2{};                                // PUBREC owed
    fifo<owed>             pubcomps{};                             // PUBREL came
    fifo<owed>             answers{};                              // SUBACK or UNSUBACK given by the owner
    std::vector<packet_id> requests{};                             // SUBSCRIBE or UNSUBSCRIBE sent, not answered
    batch_no               accepted = 0;                           // server: CONNACK given by the owner
    std::size_t            in_flight = 0;
    std::size_t            receive_maximum = 65'535;               // the other side's
    std::size_t            maximum_packet_size = max_packet_size;  // likewise
    int                    last_publish = -1;
    std::uint32_t          last_pubrel = 0;
    std::size_t            strays = 0;                             // PUBRECs for identifiers not in use

    void clear() noexcept;
};

class ledger {
public:
    ledger(setup const& how, std::array<store, 2> const& stores) : how_(how), stores_(stores) { ids_[0].fill(-1); ids_[1].fill(-1); }

    // ---- What owners do and see -----------------------------------------------------------------------------------------
    std::size_t count() const noexcept { return count_; }
    message_record& make(side from, std::size_t payload_size, choices& pick);
    void published(message_record const& m) { if (m.no != 0) by_no_[m.from].at(m.no) = static_cast<std::int8_t>(count_); ++count_; }
    int  arrived(side to, packet::publish const& p, session::arrival_no no, conversation& here);
    void acknowledged(side to, int message, session::arrival_no no, bool refused, conversation& here);
    void ended(side from, session::event::delivered const& d, session::time_point now);

    // ---- What goes over the wire ----------------------------------------------------------------------------------------
    /// `from` is about to write the bytes of `out` from `begin` on.
    void sending(side from, wire& out, std::size_t begin, conversation& here);
    /// `to` has received this packet, and will look at it now.
    void received(side to, packet_note const& p, conversation& here);

    // ---- What happens to sessions ---------------------------------------------------------------------------------------
    void connection_began(side who);
    void crashed(side who);
    void session_discarded(side who);
    void session_lost();                                           // the client learned that the server has none
    void batch_began(side who, std::span<session::change const> changes);
    void at_rest() const;

    bool is_large(message_record const& m) const noexcept;

    message_record const& message(int at) const noexcept { return messages_[static_cast<std::size_t>(at)]; }

private:
    template <class Packet>
    Packet decode(codec::frame const& f, side from) const;
    void on_sending(side from, packet::publish const& p, wire& out, packet_note& note, conversation& here);
    void on_started(side from, message_record& m, packet::publish const& p, conversation& here);
    void on_sending(side from, packet::puback const& p, conversation& here);
    void on_sending(side from, packet::pubrec const& p, conversation& here);
    void on_sending(side from, packet::pubrel const& p, conversation& here);
    void on_sending(side from, packet::pubcomp const& p, conversation& here);
    void on_request(side from, packet_id id, conversation& here);
    void on_answer(side from, packet_id id, conversation& here);
    void free_id(message_record& m) noexcept;
    void crashed_sender(side who, message_record& m);

    batch_no filling(side s) const noexcept { return stores_[s].clock().filling; }
    bool is_committed(side s, batch_no batch) const noexcept { return batch != 0 && batch <= stores_[s].clock().done; }
    int identify(side from, bytes_view payload) const;

    setup const&                                             how_;
    std::array<store, 2> const&                              stores_;
    std::array<message_record, most_messages>                messages_{};
    std::size_t                                              count_ = 0;
    std::array<std::array<std::int8_t, 256>, 2>              by_no_{};     // the message of a delivery
    std::array<std::array<std::int8_t, 256>, 2>              ids_{};       // the message that uses an identifier, -1: none
    std::array<std::array<std::array<int, 3>, 3>, 2>         last_shown_{};// 1 + the message, by side, topic and QoS
    std::uint32_t                                            releases_ = 0;
};

} // namespace aldis::simulation
