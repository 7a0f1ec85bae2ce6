// The MQTT session: what outlives a network connection.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <aldis/session/delivery.hpp>
#include <aldis/session/event.hpp>
#include <aldis/session/message.hpp>
#include <aldis/session/settings.hpp>
#include <aldis/session/time.hpp>
#include <aldis/session/traffic.hpp>

namespace aldis::session {

/// What a store has made true: `filling` is the batch that gathers changes now, `done` the last one committed.
/// Without a store `done` stays at its maximum and nothing ever waits.
struct commit_clock {
    std::uint64_t filling = 1;
    std::uint64_t done = std::numeric_limits<std::uint64_t>::max();
};

/// One change of a session that must survive the process. Applied in order to an empty state they make an equal one, but for the QoS 0
/// messages that wait: those end with the process.
struct change {
    enum class what : std::uint8_t {
        queued,        // no, content, qos, retain, expires_at, subscription_ids
        started,       // no, id: the packet identifier is taken
        released,      // no: PUBREC came, PUBREL is owed
        finished,      // no: complete or given up, identifier free
        received,      // id: an incoming QoS 2 message was accepted, PUBREC is owed
        completed,     // id: PUBREL came
        opened,        // a connection succeeded: the session exists; expiry
        cleared,       // the session was discarded with all that is in it
    };

    what                       kind{};
    delivery_no                no = 0;
    packet_id                  id = 0;
    qos_level                  qos = qos_level::at_most_once;
    bool                       retain = false;
    std::uint32_t              expiry = 0;                         // seconds; 0xFFFFFFFF: never
    message                    content{};
    std::optional<time_point>  expires_at{};
    std::vector<std::uint32_t> subscription_ids{};
};

/// How a message that was to be queued fared. `no` is 0 for what was not taken.
struct enqueued {
    enum class how : std::uint8_t { yes, rejected, dropped_new };

    how         result = how::yes;
    delivery_no no = 0;
};

/// Identifiers, deliveries both ways, the queue, the expiry interval. Plain data without behaviour that needs a peer; it can be saved
/// and restored, and it serves at most one engine at a time, which it must outlive.
class state {
public:
    /// `last_id` bounds the packet identifiers, for tests.
    explicit state(packet_id last_id = 65'535);
    ~state();
    state(state&&) noexcept;
    state& operator=(state&&) noexcept;

    /// Takes a message to be sent when a connection and the peer's Receive Maximum allow. What had to be dropped to make room is reported
    /// by an engine as event::delivered, or by take_outcomes().
    enqueued enqueue(message content, publish_options const& options, queue_limits const& bound, time_point now);

    /// Takes back a message of which nothing was sent: it never is, and nothing is reported of it. False when it is under way or gone. Looked
    /// for from the youngest on. While an engine serves the session, call engine::withdraw() instead.
    bool withdraw(delivery_no no);

    /// Ends the messages of the queue whose expiry has passed; reported like those that were dropped. When to call it again; nothing: no
    /// message there expires. Linear in the queue, if one does.
    std::optional<time_point> expire(time_point now);

    /// Every outgoing message that has not ended, QoS 0 included.
    std::vector<delivery_no> outstanding() const;

    /// True once a CONNACK succeeded, or a stored session was restored: there is something to resume.
    bool exists() const noexcept;

    /// The session's expiry interval in seconds; 0xFFFFFFFF: it does not expire.
    std::uint32_t expiry() const noexcept;

    /// Drops everything: the session ends.
    void clear();

    /// Messages waiting to be started, and their bytes.
    std::size_t queued_messages() const noexcept;
    std::size_t queued_bytes() const noexcept;

    /// Messages started and not complete.
    std::size_t in_flight() const noexcept;

    /// Incoming QoS 2 identifiers in use.
    std::size_t incoming() const noexcept;

    /// Packet identifiers in use for sending.
    std::size_t identifiers_in_use() const noexcept;

    /// PUBLISHes begun and not answered by PUBACK or PUBREC: bytes that they account for.
    std::size_t in_flight_bytes() const noexcept;

    /// Null until count_traffic(): a session that nobody watches costs nothing.
    traffic const* counted() const noexcept;
    void           count_traffic();

    /// Ends of deliveries that no engine has reported; empties the list.
    std::vector<event::delivered> take_outcomes();

    /// From now on changes are recorded for a store, which stamps them with its commit_clock's `filling`.
    void keep_changes(bool on) noexcept;
    std::span<change const> changes() const noexcept;
    void changes_taken() noexcept;

    /// The changes that would make this state from an empty one, as compact as they come.
    std::vector<change> snapshot() const;

    /// Applies one change that a store kept. False, with nothing changed, when it does not fit what is there.
    bool replay(change const& saved);

    struct data;

private:
    friend class engine;
    std::unique_ptr<data> data_;
};

} // namespace aldis::session
