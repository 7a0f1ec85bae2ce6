// What a broker asks the program that it is part of.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/codec/packet.hpp>
#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>
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

} // namespace aldis
