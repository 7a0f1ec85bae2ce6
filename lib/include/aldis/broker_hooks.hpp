// What a broker asks the program that it is part of.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/connection.hpp>
#include <aldis/session/message.hpp>
#include <aldis/transport/facts.hpp>

namespace aldis {

class broker_listener;

/// Somebody who asks to be let in. The views live until the hook returns.
struct connecting_client {
    packet::connect const&         request;                        // identifier, user name, password, will, properties, as they came
    transport::stream_facts const& way;                            // address, TLS with the client's certificate, WebSocket
    broker_listener const*         listener;                       // null for a stream that the program brought
};

/// The answer to a connecting_client.
class admission {
public:
    /// Let in, under the user name that CONNECT has; user_name() gives it another.
    static admission accept() { return admission(reason_code::success); }
    /// Refused, with a reason from 0x80.
    static admission refuse(reason_code why = reason_code::not_authorized, std::string reason_string = {}) {
        admission made(is_error(why) ? why : reason_code::not_authorized);
        made.reason_string_ = std::move(reason_string);
        return made;
    }

    /// Whom the session belongs to, and whom the access rules are asked about.
    admission& user_name(std::string value) { user_name_ = std::move(value); return *this; }
    /// Further properties of CONNACK: User Property, Server Reference, ...
    admission& props(property_list value) { props_ = std::move(value); return *this; }

    reason_code                       reason() const noexcept { return reason_; }
    std::string const&                reason_string() const noexcept { return reason_string_; }
    std::optional<std::string> const& user_name() const noexcept { return user_name_; }
    property_list const&              props() const noexcept { return props_; }

private:
    explicit admission(reason_code why) noexcept : reason_(why) {}

    std::string                reason_string_{};
    std::optional<std::string> user_name_{};
    property_list              props_{};
    reason_code                reason_;
};

/// Answers a connecting_client, now or later, on the broker's executor. Copies share it; the first call counts, and one that comes when the
/// connection is gone does nothing. Without any the connection ends with its deadline.
using admit_handler = std::function<void(admission)>;

/// Asked before anything of the client's session is touched.
using authenticate_hook       = std::function<admission(connecting_client const&)>;
using authenticate_later_hook = std::function<void(connecting_client const&, admit_handler)>;

/// Somebody who is let in. The views live until the hook returns.
struct client_identity {
    std::string_view                client_id;
    std::optional<std::string_view> user_name;
    std::string_view                address;                       // empty while there is no connection
};

/// mosquitto's three questions: may this message be delivered to him, may he publish it, may he subscribe to this filter.
enum class access_kind : std::uint8_t { read, write, subscribe };

/// `what` is a topic, and for `subscribe` a filter without its `$share/name/`. Asked for each message: be quick.
using authorise_hook = std::function<bool(client_identity const&, access_kind, std::string_view what)>;

/// What becomes of a message that a client published.
class publish_verdict {
public:
    /// Goes on, as it came or with what is set here. Access rules and limits are asked about the topic that it has then.
    static publish_verdict accept() { return publish_verdict(reason_code::success); }
    /// Reaches nobody. Its publisher is told at QoS 1 and 2 in 5.0, with a reason that PUBACK may carry.
    static publish_verdict refuse(reason_code why = reason_code::not_authorized) {
        return publish_verdict(is_error(why) ? why : reason_code::not_authorized);
    }

    publish_verdict& topic(std::string value) { topic_ = std::move(value); return *this; }
    publish_verdict& payload(byte_buffer value) { payload_ = std::move(value); return *this; }
    /// Replaces all properties.
    publish_verdict& props(property_list value) { props_ = std::move(value); return *this; }

    reason_code                         reason() const noexcept { return reason_; }
    std::optional<std::string> const&   topic() const noexcept { return topic_; }
    std::optional<byte_buffer> const&   payload() const noexcept { return payload_; }
    std::optional<property_list> const& props() const noexcept { return props_; }

private:
    explicit publish_verdict(reason_code why) noexcept : reason_(why) {}

    std::optional<std::string>   topic_{};
    std::optional<byte_buffer>   payload_{};
    std::optional<property_list> props_{};
    reason_code                  reason_;
};

/// Shown each message before anybody gets it; its views live until the hook returns.
using publish_hook = std::function<publish_verdict(client_identity const&, packet::publish const&)>;

/// Shown each subscription that access rules allow: grant it, at most at a QoS, by reason_code::granted_qos_0 to granted_qos_2, or refuse it with a
/// reason that SUBACK may carry.
using subscribe_hook = std::function<reason_code(client_identity const&, subscription const&)>;

/// Asked about each message before a client gets it or it waits for him, also a retained one; false withholds it. After the access rules, and
/// as often as there are receivers: be quick.
using delivery_hook = std::function<bool(client_identity const&, session::message const&)>;

/// Asked for each connection: whoever is to be shown its packets, such as packet_log{}.server().tap(), or nothing. Called with whole frames when they were
/// read or written, after TLS and WebSocket, passwords included.
using tap_hook = std::function<tap_handler(transport::stream_facts const& way)>;

enum class session_event : std::uint8_t {
    connected,         // to a session, new or kept
    disconnected,      // in whichever way
    ended,             // the session: by its client, by Clean Start, by its expiry, or by the program
};

/// Told what has happened to a session.
using session_hook = std::function<void(client_identity const&, session_event)>;

} // namespace aldis
