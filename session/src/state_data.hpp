// What is inside a session::state, and its steps; the engine works on this.
#pragma once

#include <aldis/session/state.hpp>

#include "deliveries.hpp"
#include "packet_ids.hpp"

namespace aldis::session {

/// An incoming QoS 2 identifier in use.
struct arrival_record {
    in_state   state = in_state::none;
    arrival_no arrival = 0;
};

/// The use of an identifier that belongs to a SUBSCRIBE or UNSUBSCRIBE; below it, the slot of a delivery.
inline constexpr std::uint32_t used_by_request = 0xFFFF'FFFF;

struct state::data {
    explicit data(packet_id last) noexcept : ids(last), last_id(last) {}

    // ---- Sending ----
    enqueued enqueue(message content, publish_options const& options, queue_limits const& bound);
    /// Moves the head of the queue to the started ones under a fresh identifier. False: no identifier is free.
    bool start_first();
    /// PUBREC came: PUBREL is owed.
    void release(slot_no at, reason_code reason);
    /// Takes a delivery out of its list and frees its identifier.
    void finish(slot_no at);
    /// What the queue counts of its messages: once it has it, and before it goes.
    void join_queue(slot_no at) noexcept;
    void leave_queue(slot_no at) noexcept;
    /// The delivery with this number if nothing of it was sent.
    slot_no find_unsent(delivery_no no) const noexcept;
    std::optional<time_point> expire(time_point now);
    /// finish(), and the owner is told.
    void give_up(slot_no at, event::outcome how, reason_code reason = reason_code::success);
    deliveries::order& list_of(slot_no at) noexcept;

    // ---- Receiving QoS 2 ----
    void received(packet_id id);
    void completed(packet_id id);

    // ---- The session as a whole ----
    void open(std::uint32_t expiry_seconds);
    /// The peer has no session (any more): what was under way ends or begins anew, by kind.
    void lost();
    void clear();
    std::vector<change> snapshot() const;

    void record(change made) { if (keeps_changes) changes.push_back(std::move(made)); }

    deliveries                    all{};
    deliveries::order             queue{};                         // not started, in order of enqueue()
    deliveries::order             publishes{};                     // PUBACK or PUBREC awaited, in order of first sending
    deliveries::order             pubrels{};                       // PUBCOMP awaited, in order of PUBREC
    packet_ids                    ids;
    packet_id                     last_id;
    std::size_t                   queued_bytes = 0;
    std::size_t                   queued_qos_0 = 0;                // of the queue
    slot_no                       first_qos_0 = no_slot;           // of them
    std::size_t                   queued_to_expire = 0;            // of the queue, those that can
    std::size_t                   in_flight_bytes = 0;             // of `publishes`
    id_map<arrival_record>              arrivals{};
    delivery_no                   next_delivery = 1;
    arrival_no                    next_arrival = 1;
    std::uint32_t                 expiry = 0;
    std::uint32_t                 connection = 0;                  // how many engines served it; the present one's number
    bool                          exists = false;
    bool                          keeps_changes = false;
    std::vector<change>           changes{};
    std::vector<event::delivered> outcomes{};
    std::unique_ptr<traffic>      counted{};

private:
    bool make_room(std::size_t bytes, queue_limits const& bound);
    void drop_queued(slot_no at);
};

} // namespace aldis::session
