// How a client connects: address, identity, session, limits. Constructors and chained setters, so that options can be made inside a
// co_await expression with every compiler.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/codec/property.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/error.hpp>
#include <aldis/payload.hpp>
#include <aldis/session/settings.hpp>
#include <aldis/transport/connect_options.hpp>
#include <aldis/will_message.hpp>

namespace aldis {

class authenticator;
class session_store;

/// Where and how to connect. What is wrong with an option is reported by async_connect(), as condition::local_misuse.
class connect_options {
public:
    /// mqtt://[user[:password]@]host[:port], mqtts://..., ws://.../path, wss://.../path or unix:///path; what is missing is localhost, the
    /// scheme's port and /mqtt.
    connect_options() : connect_options(std::string_view("mqtt://localhost")) {}
    explicit connect_options(std::string_view uri);
    explicit connect_options(char const* uri) : connect_options(std::string_view(uri)) {}
    explicit connect_options(std::string const& uri) : connect_options(std::string_view(uri)) {}
    explicit connect_options(transport::endpoint where);

    // ---- Who and where ----------------------------------------------------------------------------------------------------

    connect_options& uri(std::string_view value);
    connect_options& endpoint(transport::endpoint value);
    /// Empty (the default): the server assigns one where the version allows it.
    connect_options& client_id(std::string value) { client_id_ = std::move(value); return *this; }
    connect_options& version(protocol value) noexcept { version_ = value; return *this; }
    connect_options& user_name(std::optional<std::string> value) { user_name_ = std::move(value); return *this; }
    connect_options& password(std::optional<std::string> value) { password_ = std::move(value); return *this; }
    /// Enhanced authentication, 5.0 only: its method and data go into CONNECT. Belongs to one client. With one, no fallback to 3.1.1 is made.
    connect_options& authenticator(std::shared_ptr<aldis::authenticator> value) noexcept { authenticator_ = std::move(value); return *this; }
    connect_options& tls(transport::tls_options value);
    connect_options& proxy(transport::proxy_options value);
    /// Everything the transport can be told: sockets, name service, TLS, WebSocket, proxy, time for each step; replaces the two above.
    connect_options& transport(transport::connect_options value);
    /// For all of it: name, addresses, handshakes, CONNACK. 30 seconds by default; zero turns it off. Replaces the transport's own.
    connect_options& connect_timeout(std::chrono::milliseconds value) noexcept { connect_timeout_ = value; return *this; }

    // ---- The session ------------------------------------------------------------------------------------------------------

    /// How long the server keeps the session after the connection; 0 (the default): not at all; `never`: for ever. 3.1.1 knows only
    /// these two. With a session that is kept, unacknowledged messages are sent again by the next async_connect().
    connect_options& session_expiry(std::chrono::seconds value) noexcept { session_expiry_ = value; return *this; }
    /// Always begin anew, and have the server discard what it has. Otherwise (the default) the first connection of a client begins anew
    /// and the following ones continue.
    connect_options& clean_start(bool value) noexcept { clean_start_ = value; return *this; }
    /// The first connection continues too, with a session of this client identifier that the server may have.
    connect_options& resume(bool value) noexcept { settings_.resume = value; return *this; }
    /// The session outlives the process: make_sqlite_store("lamp.db"). Taken when the client is made, not later. Needs a session_expiry(), and
    /// a client_id() unless the server assigns one, which is kept too.
    connect_options& store(std::shared_ptr<session_store> value) noexcept { store_ = std::move(value); return *this; }
    /// 60 seconds by default; zero turns it off. At most 65,535.
    connect_options& keep_alive(std::chrono::seconds value) noexcept { keep_alive_ = value; return *this; }
    connect_options& will(will_message value) { will_ = std::move(value); return *this; }
    connect_options& no_will() noexcept { will_.reset(); return *this; }
    /// Further properties of CONNECT: User Property, Request Problem Information, Authentication Method, ...
    connect_options& props(property_list value) { props_ = std::move(value); return *this; }
    connect_options& user_property(std::string_view name, std::string_view value);

    // ---- Limits -----------------------------------------------------------------------------------------------------------

    /// What the server is allowed: unacknowledged messages, bytes of a packet, topic aliases.
    connect_options& receive_maximum(std::uint16_t value) noexcept { settings_.own.receive_maximum = value; return *this; }
    connect_options& maximum_packet_size(std::uint32_t value) noexcept { settings_.own.maximum_packet_size = value; return *this; }
    connect_options& topic_alias_maximum(std::uint16_t value) noexcept { settings_.own.topic_alias_maximum = value; return *this; }
    /// QoS 1 and 2 messages under way at a time, below what the server allows.
    connect_options& max_in_flight(std::uint16_t value) noexcept { settings_.max_in_flight = value; return *this; }
    /// What waits to be sent: 10,000 messages and 64 MiB by default, refused beyond. With `wait` async_publish() waits for room.
    connect_options& queue(session::queue_limits value) noexcept { settings_.queue = value; return *this; }
    /// QoS 0 is queued too while there is no connection; otherwise (the default) it is refused with error::not_connected. It is not stored.
    connect_options& queue_qos_0(bool value) noexcept { queue_qos_0_ = value; return *this; }
    /// Messages that have arrived and wait for async_receive(); above either bound the socket is not read.
    connect_options& incoming_queue(std::size_t messages, std::size_t bytes) noexcept;
    /// Messages are acknowledged by client::acknowledge() only.
    connect_options& manual_acknowledge(bool value) noexcept { manual_acknowledge_ = value; return *this; }
    /// Everything the session engine can be told; replaces the limits above.
    connect_options& settings(session::settings const& value) noexcept { settings_ = value; return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    /// Null when the address could not be read; `address_error` then tells why.
    transport::endpoint const*        endpoint() const noexcept { return endpoint_.get(); }
    error_code const&                 address_error() const noexcept { return address_error_; }
    std::string const&                client_id() const noexcept { return client_id_; }
    protocol                          version() const noexcept { return version_; }
    std::optional<std::string> const& user_name() const noexcept { return user_name_; }
    std::optional<std::string> const& password() const noexcept { return password_; }
    std::shared_ptr<aldis::authenticator> const& authenticator() const noexcept { return authenticator_; }
    transport::connect_options const& transport() const noexcept;
    std::chrono::milliseconds         connect_timeout() const noexcept { return connect_timeout_; }
    std::chrono::seconds              session_expiry() const noexcept { return session_expiry_; }
    bool                              clean_start() const noexcept { return clean_start_; }
    std::chrono::seconds              keep_alive() const noexcept { return keep_alive_; }
    std::optional<will_message> const& will() const noexcept { return will_; }
    property_list const&              props() const noexcept { return props_; }
    std::shared_ptr<session_store> const& store() const noexcept { return store_; }
    bool                              queue_qos_0() const noexcept { return queue_qos_0_; }
    session::settings const&          settings() const noexcept { return settings_; }
    std::size_t                       incoming_messages() const noexcept { return incoming_messages_; }
    std::size_t                       incoming_bytes() const noexcept { return incoming_bytes_; }
    bool                              manual_acknowledge() const noexcept { return manual_acknowledge_; }

private:
    std::shared_ptr<transport::endpoint const> endpoint_{};
    error_code                                 address_error_{};
    std::string                                client_id_{};
    std::optional<std::string>                 user_name_{};
    std::optional<std::string>                 password_{};
    std::shared_ptr<aldis::authenticator>      authenticator_{};
    std::shared_ptr<transport::connect_options const> transport_{};
    std::optional<will_message>                will_{};
    property_list                              props_{};
    std::shared_ptr<session_store>             store_{};
    session::settings                          settings_{};
    std::chrono::milliseconds                  connect_timeout_ = std::chrono::seconds{30};
    std::chrono::seconds                       session_expiry_{0};
    std::chrono::seconds                       keep_alive_{60};
    std::size_t                                incoming_messages_ = 1'000;
    std::size_t                                incoming_bytes_ = 16U << 20U;
    protocol                                   version_ = protocol::v5;
    bool                                       clean_start_ = false;
    bool                                       queue_qos_0_ = false;
    bool                                       manual_acknowledge_ = false;
};

} // namespace aldis
