// One network connection of an MQTT peer, client or server, without I/O and without a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <aldis/codec/packet.hpp>
#include <aldis/codec/result.hpp>
#include <aldis/session/event.hpp>
#include <aldis/session/message.hpp>
#include <aldis/session/role.hpp>
#include <aldis/session/settings.hpp>
#include <aldis/session/state.hpp>
#include <aldis/session/time.hpp>

namespace aldis::session {

/// Why an input of the owner was refused; nothing changed. Not a codec fault: no peer is to blame.
enum class refusal : std::uint8_t {
    not_connected,                         // the connection is not open (any more), or it is not this role's or phase's turn
    invalid,                               // the packet breaks a rule of the format, or has no form in this version
    queue_full,                            // the queue or the output is at its bound
    too_large,                             // above the peer's Maximum Packet Size
    no_identifier,                         // all packet identifiers are in use
    stale,                                 // an arrival or a request that is not (or no longer) waiting for an answer
    qos_not_supported, retain_not_supported, wildcard_not_supported, shared_not_supported, subscription_id_not_supported,
    alias_invalid,                         // a topic alias above the peer's maximum, or without a topic before it was set
};

/// One sentence for people.
std::string_view text_of(refusal why) noexcept;

template <class T>
using outcome = codec::result<T, refusal>;

/// One network connection, either role. Made when the transport is up and thrown away when it goes down, so nothing of it can leak into
/// the next one [MQTT-3.3.2-7]. Inputs come from the network, the owner and the clock; after every input drain poll(), then write what
/// pending() shows, then ask deadline().
class engine {
public:
    /// `clock` must outlive the engine; without a store leave it out.
    engine(role who, settings const& how, commit_clock const& clock = always_committed);
    ~engine();
    engine(engine&&) noexcept;
    engine& operator=(engine&&) noexcept;

    static commit_clock const always_committed;

    // ---- In, from the network -------------------------------------------------------------------------------------------

    /// The transport is up. A server then allows `connect_timeout` for the handshake; a client may leave this out.
    void opened(time_point now);

    /// False: do not read now (waiting for accept(), paused, or the peer does not take our output), or no more.
    bool wants_input() const noexcept;

    /// Where to read the next bytes into; stays put until received(). Ends the life of earlier events' views, unless held.
    std::span<std::byte> prepare();
    void received(std::size_t n, time_point now);

    /// The transport took `n` bytes of what pending() showed.
    void sent(std::size_t n, time_point now);

    /// The commit_clock's `done` moved.
    void committed(time_point now);

    /// Something would leave if `done` moved to `filling`. A store that has nothing to commit then moves it, or it would wait for ever.
    bool waits_for_commit() const noexcept;

    /// The transport is down. Raises closed unless that was said already.
    void connection_lost(time_point now);

    // ---- In, from the owner ---------------------------------------------------------------------------------------------

    /// Client: sends CONNECT, with the settings' own limits added to its properties where they differ from the defaults.
    /// Without Clean Start on a state that does not exist, 5.0 connects with Clean Start unless `settings.resume`.
    outcome<void> connect(packet::connect const& request, state& session, time_point now);

    /// Server: sends CONNACK with success. Session Present is set from `session` and Clean Start, whatever `answer` says, so it is true by
    /// construction [MQTT-3.2.2-2] [MQTT-3.2.2-3]; the settings' own limits are added as in connect(), and the Authentication Method. A 5.0
    /// client without an identifier must be given one in `answer` [MQTT-3.1.3-7].
    outcome<void> accept(packet::connack const& answer, state& session, time_point now);

    /// Server: sends CONNACK with a reason from 0x80 and closes; in 3.1.1 a reason without a return code closes without CONNACK.
    outcome<void> reject(packet::connack const& answer, time_point now);

    /// Client, with `settings.distrust`: the server of the last event::connected is who it should be, so the connection opens and the session goes
    /// on, or begins anew where the server says so. Until then nothing more is received, and `connect_timeout` goes on.
    outcome<void> trust(time_point now);

    /// Sends AUTH: answers event::authenticate, or (client, Re-authenticate) begins a re-authentication.
    outcome<void> authenticate(packet::auth const& step, time_point now);

    /// QoS 0: straight into the output, number 0; queued only behind QoS 0 messages that state::enqueue() took. QoS 1 and 2: into the state's
    /// queue, sent when the peer's Receive Maximum allows. Message Expiry Interval counts from now. `p.id` and `p.dup` are not looked at.
    outcome<delivery_no> publish(packet::publish const& p, time_point now);
    outcome<delivery_no> publish(message content, publish_options const& options, time_point now);

    /// Takes back a message of which nothing was sent, as state::withdraw() does. False also where no session is served.
    bool withdraw(delivery_no no, time_point now);

    /// The owner has (or refuses) a message that arrived. In any order; PUBACKs leave in order of arrival, and PUBRECs do.
    outcome<void> acknowledge(arrival_no arrival, reason_code reason, properties const& props, time_point now);
    outcome<void> acknowledge(arrival_no arrival, time_point now) { return acknowledge(arrival, reason_code::success, {}, now); }

    /// Client: sends SUBSCRIBE or UNSUBSCRIBE; the answer comes as subscribed or unsubscribed with this identifier.
    outcome<packet_id> subscribe(subscriptions const& filters, properties const& props, time_point now);
    outcome<packet_id> unsubscribe(topic_filters const& filters, properties const& props, time_point now);

    /// Server: answers a subscribe_request or unsubscribe_request; one reason code for each filter, as asked for.
    outcome<void> answer(packet::suback const& with, time_point now);
    outcome<void> answer(packet::unsuback const& with, time_point now);

    /// Sends DISCONNECT where the version has a form for it, after what is in the output; then finished().
    outcome<void> disconnect(packet::disconnect const& with, time_point now);

    /// The owner cannot take more: reading stops (or goes on). Timers that count the peer's silence stop meanwhile.
    void pause(bool on, time_point now);

    // ---- In, from the clock ---------------------------------------------------------------------------------------------

    /// Fires what is due.
    void tick(time_point now);

    // ---- Out ------------------------------------------------------------------------------------------------------------

    /// The next event, or null when there is nothing more. Valid until the next poll() or prepare().
    any_event const* poll(time_point now);

    /// Keeps the bytes under the last event's packet views alive, without a copy. A topic that came by alias is not among them.
    std::shared_ptr<void const> hold() const noexcept;

    /// What to write, at most 64 pieces. The same bytes, less what sent() took, until that batch is gone.
    std::span<bytes_view const> pending(time_point now);

    /// When to call tick(); nothing: never.
    std::optional<time_point> deadline() const noexcept;

    /// Nothing more will be received: flush pending(), then close the transport.
    bool finished() const noexcept;

    phase         where() const noexcept;
    protocol      version() const noexcept;
    limits const& peer_limits() const noexcept;                    // what the peer allows us

    /// Counters for metrics: acknowledgements for identifiers not in use.
    std::uint64_t stray_acknowledgements() const noexcept;

    /// Bytes of output waiting for the transport.
    std::size_t output_size() const noexcept;

    struct impl;

private:
    std::unique_ptr<impl> impl_;
};

} // namespace aldis::session
