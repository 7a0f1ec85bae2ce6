// Every way an operation can fail, as error codes of one category; and conditions to ask them by.
#pragma once

#include <cstdint>
#include <type_traits>

#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <aldis/codec/fault.hpp>
#include <aldis/codec/reason.hpp>

namespace aldis {

using error_code = boost::system::error_code;

/// What the library itself has to say. The codes of a peer's refusal are its reason codes from 0x80, those of bytes that are no packet
/// are codec::errc; all three are in category(), so each failure has one value.
enum class error {
    // Refused on the spot, nothing was sent and nothing changed: the rows of session::refusal in their order.
    not_connected = 0x100,
    invalid,
    queue_full,
    too_large,
    no_identifier,
    stale,
    qos_not_supported,
    retain_not_supported,
    wildcard_not_supported,
    shared_not_supported,
    subscription_id_not_supported,
    alias_invalid,
    already_connected,                     // or about to be

    // The end of a connection.
    connect_timed_out = 0x140,             // no answer to CONNECT in time
    ping_timed_out,                        // no answer to PINGREQ in time
    packet_timed_out,                      // the rest of a packet did not come in time
    silence,                               // a server heard nothing of its client for one and a half times the keep-alive
    no_answer,                             // closed before CONNACK came
    connection_lost,                       // ended without DISCONNECT
    closed_by_peer,                        // DISCONNECT with a reason below 0x80
    authentication_failed,                 // our authenticator was not content with what the server said
    disconnected,                          // by our own async_disconnect()
    authentication_malformed,              // what the server said is no step of the method
    authentication_weak,                   // the server asks for less than our authenticator takes
    authentication_costly,                 // or for more
    authentication_not_ascii,              // name or password would need a preparation that is not done
    authentication_needs_v5,               // an authenticator, and 3.1.1
    no_authenticator,                      // async_reauthenticate() without one
    already_authenticating,                // async_reauthenticate() while it runs

    // The end of a message without an acknowledgement.
    session_ended = 0x180,                 // with the connection, since it was not to be kept
    session_lost,                          // the peer no longer had it
    message_expired,
    message_dropped,                       // to keep the queue within its bound
    not_supported_by_peer,                 // its QoS, or retaining
    left_undelivered,                      // async_disconnect() with a deadline: some messages could not go
    deadline_not_sent,                     // passed while the message waited: it is withdrawn
    deadline_passed,                       // passed while the answer was awaited: it may come later

    // The end of a subscription or a request.
    subscription_ended = 0x1C0,            // by unsubscribe()
    request_timed_out,                     // no answer came in the time given
    no_response_topic,                     // a request in 3.1.1 that names none, or one that arrived without

    // The store of a session.
    store_full = 0x1E0,                    // its bound or the disk; what was to be stored is not
    store_in_use,                          // by another process
    store_corrupt,                         // not a store, or damaged
    store_version,                         // written by another version of this library
    store_failed,                          // the system could not read or write it
    store_needs_session,                   // a session that ends with its connection can not be kept
};

/// Groups of codes, for `if (ec == condition::timed_out)`. A code can be in several.
enum class condition {
    malformed = 1,      // bytes that are no packet, from the peer or in what was to be sent to it
    protocol_error,     // the peer, or we in its opinion, broke the protocol
    refused,            // the peer answered, and the answer was no
    not_authorized,     // refused for who we are: trying again will not help
    timed_out,          // the peer, the network or the resolver took too long
    connection_lost,    // the network or the peer ended the connection: trying again may help
    not_supported,      // the peer cannot do what was asked
    local_misuse,       // the caller's mistake: arguments, options, order of calls
    undelivered,        // the message's session is gone; it may or may not have arrived
    name_not_found,     // the name service knows no such host, or no address or service of it
    tls,                // TLS did not come about, or ended badly: certificates, keys, versions; trying again will not help unless connection_lost
    proxy,              // the proxy did not do what it was asked
    websocket,          // the WebSocket did not come about, or was broken
};

/// "aldis": reason codes from 0x80 at their own value, `error` from 0x100, codec::errc from 0x200 (from 0x280 as bad_argument()), and from 0x300 the reason codes with
/// which we ourselves ended the connection.
boost::system::error_category const& category() noexcept;
boost::system::error_category const& condition_category() noexcept;

inline error_code make_error_code(error code) noexcept { return {static_cast<int>(code), category()}; }
inline boost::system::error_condition make_error_condition(condition group) noexcept {
    return {static_cast<int>(group), condition_category()};
}

/// What the peer refused with; no error below 0x80.
error_code make_error_code(reason_code from_peer) noexcept;

/// The reason we gave when we ended the connection; no error below 0x80.
error_code own_reason(reason_code told_the_peer) noexcept;

namespace codec {
boost::system::error_code make_error_code(errc code) noexcept;
} // namespace codec

namespace session {
enum class refusal : std::uint8_t;
boost::system::error_code make_error_code(refusal why) noexcept;
} // namespace session

/// The caller's own value breaks a rule of the format: condition::local_misuse. From a peer the same fault is make_error_code(why).
error_code bad_argument(codec::errc why) noexcept;

/// The reason code in `ec`, the peer's or our own; success when there is none.
reason_code reason_of(error_code const& ec) noexcept;

} // namespace aldis

namespace boost::system {
template <> struct is_error_code_enum<aldis::error> : std::true_type {};
template <> struct is_error_code_enum<aldis::reason_code> : std::true_type {};
template <> struct is_error_code_enum<aldis::codec::errc> : std::true_type {};
template <> struct is_error_code_enum<aldis::session::refusal> : std::true_type {};
template <> struct is_error_condition_enum<aldis::condition> : std::true_type {};
} // namespace boost::system
