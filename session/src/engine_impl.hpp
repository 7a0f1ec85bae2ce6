// The inside of an engine: what one connection knows, and its steps by topic. Each group of functions is one source file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <aldis/codec/frame.hpp>
#include <aldis/session/engine.hpp>

#include "deadlines.hpp"
#include "gate.hpp"
#include "output.hpp"
#include "state_data.hpp"
#include "topic_alias.hpp"

namespace aldis::session {

/// `props` without what is there for people: Reason String and User Properties.
property_list without_words(properties const& props);

struct engine::impl {
    impl(role who, settings const& how, commit_clock const& clock) : who_(who), how_(how), clock_(clock), own_(how.own) {
        if (who == role::server) version_ = protocol::v3_1_1;      // until CONNECT tells: the version in which nothing may be said
    }
    ~impl() { detach(); }
    impl(impl const&) = delete;
    impl& operator=(impl const&) = delete;

    using event_ptr = any_event const*;

    // ---- engine.cpp: the loop -------------------------------------------------------------------------------------------
    event_ptr poll(time_point now);
    std::span<bytes_view const> pending(time_point now);
    void received(std::size_t n, time_point now);
    void sent(std::size_t n, time_point now);
    void committed(time_point now);
    bool waits_for_commit() const noexcept;
    void tick(time_point now);
    void pause(bool on, time_point now);
    bool wants_input() const noexcept;

    event_ptr dispatch(codec::frame const& f, time_point now);
    template <class Packet>
    event_ptr take(codec::frame const& f, time_point now);
    template <class Event>
    event_ptr raise(Event made) {
        event_.emplace<Event>(std::move(made));
        return &event_;
    }

    // ---- handshake.cpp: CONNECT, CONNACK, AUTH ----------------------------------------------------------------------------
    outcome<void> connect(packet::connect const& request, state& session, time_point now);
    outcome<void> accept(packet::connack const& answer, state& session, time_point now);
    outcome<void> reject(packet::connack const& answer, time_point now);
    outcome<void> trust(time_point now);
    outcome<void> authenticate(packet::auth const& step, time_point now);
    event_ptr on(packet::connect const& p, time_point now);
    event_ptr on(packet::connack const& p, time_point now);
    event_ptr on(packet::auth const& p, time_point now);
    property_list with_own_limits(properties const& props) const;
    void open(time_point now);
    void resume_or_begin();
    bool same_method(properties const& props) const noexcept;

    // ---- closing.cpp: DISCONNECT, refusals, the end -----------------------------------------------------------------------
    outcome<void> disconnect(packet::disconnect const& with, time_point now);
    void connection_lost(time_point now);
    event_ptr on(packet::disconnect const& p, time_point now);
    /// Says farewell as the role, phase and version allow, and finishes.
    event_ptr refuse(reason_code why);
    event_ptr refuse(codec::fault cause, packet_type type);
    void say_farewell(reason_code why);
    void refuse_connect(codec::fault cause, bytes_view body);
    event::closed& finish(event::closed::by who, reason_code why);
    void expired(timer which, reason_code why);
    void detach() noexcept;

    // ---- outbound.cpp: the sending half -----------------------------------------------------------------------------------
    outcome<delivery_no> publish(packet::publish const& p, time_point now);
    outcome<delivery_no> publish(message content, publish_options const& options, time_point now);
    outcome<void> publish_now(packet::publish p);
    std::optional<refusal> check_publish(qos_level qos, bool retain) const noexcept;
    /// A QoS 0 message must not overtake those that wait in the queue.
    bool queues_qos_0() const noexcept { return session_ && session_->queued_qos_0 > 0; }
    bool may_start() const noexcept;
    void start(time_point now);
    bool pump_one(time_point now);
    bool send(slot_no at, time_point now);
    outcome<void> put_publish(outgoing const& d, time_point now);
    std::optional<event::outcome> unsendable(outgoing const& d) const noexcept;
    void settle(slot_no at) noexcept;
    bool withdraw(delivery_no no, time_point now);
    traffic* counted() const noexcept { return session_ ? session_->counted.get() : nullptr; }
    void count_sent(qos_level qos, std::size_t bytes) const noexcept;
    void measure(outgoing const& d, time_point now) noexcept;
    template <packet_type Type>
    event_ptr on_ack(packet::ack<Type> const& p, out_input input, time_point now);
    event_ptr on_step(slot_no at, out_step const& step, reason_code reason, properties const& props, time_point now);
    event_ptr on(packet::puback const& p, time_point now) { return on_ack(p, out_input::puback, now); }
    event_ptr on(packet::pubrec const& p, time_point now) {
        return on_ack(p, is_error(p.reason) ? out_input::pubrec_refused : out_input::pubrec, now);
    }
    event_ptr on(packet::pubcomp const& p, time_point now) { return on_ack(p, out_input::pubcomp, now); }
    std::uint16_t send_quota() const noexcept;

    // ---- inbound.cpp: the receiving half ----------------------------------------------------------------------------------
    event_ptr on(packet::publish const& p, time_point now);
    event_ptr on(packet::pubrel const& p, time_point now);
    outcome<void> acknowledge(arrival_no arrival, reason_code reason, properties const& props);
    bool resolve_alias(packet::publish& p);
    event_ptr on_qos_1(packet::publish const& p);
    event_ptr on_qos_2(packet::publish const& p);
    void decide(packet_id id, bool refused);
    void release_acks();
    bool quota_exceeded() const noexcept { return unacknowledged_ >= own_.receive_maximum; }

    // ---- requests.cpp: SUBSCRIBE, UNSUBSCRIBE, PINGREQ, and their answers -------------------------------------------------
    outcome<packet_id> subscribe(subscriptions const& filters, properties const& props);
    outcome<packet_id> unsubscribe(topic_filters const& filters, properties const& props);
    outcome<void> answer(packet::suback const& with);
    outcome<void> answer(packet::unsuback const& with);
    event_ptr on(packet::subscribe const& p, time_point now);
    event_ptr on(packet::unsubscribe const& p, time_point now);
    event_ptr on(packet::suback const& p, time_point now);
    event_ptr on(packet::unsuback const& p, time_point now);
    event_ptr on(packet::pingreq const& p, time_point now);
    event_ptr on(packet::pingresp const& p, time_point now);
    template <class Packet>
    outcome<packet_id> request(Packet p, std::size_t count);
    bool request_arrived(packet_type type, packet_id id, std::size_t count);
    bool request_answered(packet_type type, packet_id id, std::size_t count);

    // ---- Putting packets into the output ----------------------------------------------------------------------------------
    codec::context context() const noexcept { return {version_, side_of(who_)}; }
    bool is_committed() const noexcept { return clock_.done >= clock_.filling; }

    /// Encodes into the output. Refused when it breaks a rule or is above the peer's maximum; then nothing is there.
    template <class Packet>
    outcome<void> put(Packet const& p, byte_buffer& to) {
        auto const before = to.size();
        if (!codec::encode(p, context(), to)) return refusal::invalid;
        if (to.size() - before > peer_.maximum_packet_size) {                // [MQTT-3.1.2-24] [MQTT-3.2.2-15]
            to.resize(before);
            return refusal::too_large;
        }
        return {};
    }
    template <class Packet>
    outcome<void> put(Packet const& p) { return put(p, out_.run()); }

    /// The same for what must not leave before the changes made so far are committed.
    template <class Packet>
    outcome<void> put_gated(Packet const& p) {
        if (gate_.empty() && is_committed()) return put(p, out_.run());
        auto const done = put(p, gate_.bytes());
        if (done) gate_.stamp(clock_.filling);
        return done;
    }

    /// Puts `p` by `put_it`, with its Reason String and User Properties if the peer wants them and they fit, otherwise without.
    template <class Packet, class Put>
    outcome<void> put_with_words(Packet p, Put&& put_it) {
        constexpr bool always_wanted = Packet::type == packet_type::connack || Packet::type == packet_type::disconnect;
        property_list plain;
        if (!always_wanted && !problem_information_ && !p.props.empty()) {                               // [MQTT-3.1.2-29]
            plain = without_words(p.props);
            p.props = plain;
        }
        auto done = put_it(p);
        // [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3]
        // [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4]
        // [MQTT-3.15.2-2] [MQTT-3.15.2-3]
        if (done || done.error() != refusal::too_large || p.props.empty()) return done;
        plain = without_words(p.props);
        p.props = plain;
        return put_it(p);
    }
    template <class Packet>
    outcome<void> put_with_words(Packet const& p) {
        return put_with_words(p, [this](Packet const& q) { return put(q); });
    }
    /// An answer to something that the peer sent. What it makes us keep by not reading is counted, see wants_input().
    template <class Packet>
    outcome<void> put_answer(Packet const& p) {
        auto const before = out_.size() + gate_.size();
        auto const done = put_with_words(p, [this](Packet const& q) { return put_gated(q); });
        answers_ += out_.size() + gate_.size() - before;
        return done;
    }

    template <packet_type Type>
    void put_ack(packet_id id, reason_code reason, properties const& props = {});

    // ---- What the connection knows ----------------------------------------------------------------------------------------
    role const          who_;
    settings const      how_;
    commit_clock const& clock_;
    phase               at_ = phase::start;
    protocol            version_ = protocol::v5;
    state::data*        session_ = nullptr;
    limits              own_{};                                    // what we allow the peer
    limits              peer_{};                                   // what the peer allows us
    codec::frame_buffer in_{};
    output              out_{};
    gate                gate_{};
    deadlines           deadlines_{};
    std::size_t         answers_ = 0;                              // bytes of answers since the output was last empty, at most
    bool                paused_ = false;

    // handshake
    bool          clean_start_ = false;
    bool          accepted_ = false;                               // server: CONNACK waits for its commit
    bool          problem_information_ = true;                     // the client wants reason strings
    bool          response_information_ = false;                   // the client asked for it
    bool          re_authenticating_ = false;
    std::uint32_t expiry_ = 0;                                     // asked for, then granted
    std::uint16_t keep_alive_ = 0;                                 // seconds
    std::string   client_id_{};
    std::string   method_{};                                       // of the enhanced authentication, empty for none
    bool          has_method_ = false;
    bool          goes_on_ = false;                                // client: the session, says the server
    bool          untrusted_ = false;                              // client: CONNACK waits for trust()

    // the end
    std::optional<event::closed> closed_{};                        // set once, with phase::finished
    bool                         closed_said_ = false;

    // sending
    slot_no                           next_publish_ = no_slot;     // the first started one that was not sent on this connection
    slot_no                           next_pubrel_ = no_slot;
    std::size_t                       publishes_sent_ = 0;         // on this connection, PUBACK or PUBREC awaited
    std::unique_ptr<outgoing_aliases> aliases_out_{};
    std::uint64_t                     stray_acks_ = 0;
    delivery_no                       measured_ = 0;               // the message whose acknowledgement's round trip is measured; 0: none
    time_point                        measured_from_{};
    time_point                        pinged_at_{};

    // receiving
    struct pending_ack {
        arrival_no                     arrival = 0;
        packet_id                      id = 0;
        bool                           answered = false;
        bool                           counted = true;             // against our Receive Maximum
        reason_code                    reason = reason_code::success;
        std::unique_ptr<property_list> props{};
    };
    struct ack_queue {
        std::vector<pending_ack> entries{};
        std::size_t              first = 0;

        bool empty() const noexcept { return first == entries.size(); }
        pending_ack& front() noexcept { return entries[first]; }
        pending_ack* find(arrival_no arrival) noexcept;
        bool has(packet_id id) const noexcept;
        void pop() noexcept;
    };
    ack_queue                         puback_queue_{};             // in order of arrival
    ack_queue                         pubrec_queue_{};             // likewise
    id_map<bool>                      releases_{};                 // QoS 2 received on this connection, PUBREL awaited
    std::size_t                       unacknowledged_ = 0;
    std::unique_ptr<incoming_aliases> aliases_in_{};
    std::string                       alias_topic_{};              // of the last event

    // requests: client: ours, unanswered; server: the peer's, unanswered
    struct pending_request { packet_type type; std::uint32_t count; };
    id_map<pending_request> requests_{};

    any_event event_{};
    std::size_t outcomes_said_ = 0;
};

} // namespace aldis::session
