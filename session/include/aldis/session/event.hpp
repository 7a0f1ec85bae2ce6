// What the engine tells its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <aldis/codec/fault.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/session/limits.hpp>
#include <aldis/session/message.hpp>

namespace aldis::session {

/// Views in events live until the next poll(); hold() keeps those of packets longer.
namespace event {

/// Server: answer with accept(), reject() or authenticate(). Nothing else is read until then.
struct connect_request { packet::connect request; };

/// Client: the server accepted. `client_id` is the one in use, assigned or own; `keep_alive` in seconds, the server's word counted.
struct connected {
    packet::connack  answer;
    limits           peer;
    std::string_view client_id;
    std::uint16_t    keep_alive;
};

/// A message for the owner, topic alias already resolved. `arrival` is to be acknowledged; it is 0 at QoS 0.
struct message_arrived {
    packet::publish message;
    arrival_no      arrival;
};

/// How an outgoing message ended.
enum class outcome : std::uint8_t {
    acknowledged,      // by PUBACK or PUBCOMP: `reason` below 0x80
    refused,           // by the peer: `reason` tells why
    session_lost,      // the server lost the session while a QoS 2 message was under way: it may or may not have arrived
    expired,           // before it was sent
    too_large,         // for the peer's Maximum Packet Size; never sent
    not_supported,     // the peer does not support its QoS, or retained messages; never sent
    dropped,           // to keep the queue within its bound
};

struct delivered {
    delivery_no no;
    outcome     how;
    reason_code reason;
    properties  props;
};

struct subscribe_request { packet::subscribe request; };           // server: answer with answer(suback)
struct unsubscribe_request { packet::unsubscribe request; };       // server: answer with answer(unsuback)
struct subscribed { packet::suback answer; };
struct unsubscribed { packet::unsuback answer; };

/// An AUTH packet: before CONNACK or for re-authentication. Answer with authenticate(), accept(), reject() or disconnect().
struct authenticate { packet::auth request; };

/// The last event of every engine.
struct closed {
    enum class by : std::uint8_t {
        us,            // the owner, or a deadline of ours
        peer,          // its DISCONNECT, or a CONNACK that refuses
        network,
        violation,     // the peer broke a rule: we ended it, `reason` is what it was told if the version has words for it
    };

    by                          who;
    reason_code                 reason;                            // what was said, or what would have been
    bool                        discard_will;                      // server: the client left as it should  [MQTT-3.14.4-3]
    std::optional<codec::fault> cause;                             // the malformed packet, if that was it
    std::optional<packet_type>  in;                                // and its type
    std::optional<timer>        expired;                           // the deadline that passed, if that was it
    properties                  props;
};

} // namespace event

using any_event = std::variant<event::connect_request, event::connected, event::message_arrived, event::delivered, event::subscribe_request,
                               event::unsubscribe_request, event::subscribed, event::unsubscribed, event::authenticate, event::closed>;

/// "refused", "session lost", ...
std::string_view name_of(event::outcome how) noexcept;

} // namespace aldis::session
