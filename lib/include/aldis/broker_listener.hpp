// One place where a broker listens, and what holds for those who come there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/access/acl_file.hpp>
#include <aldis/access/password_file.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/error.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listen_options.hpp>

namespace aldis {

/// Where a client's name comes from when it shows a certificate; in place of user name and password.
enum class certificate_name : std::uint8_t {
    none,
    common_name,       // mosquitto's use_identity_as_username
    subject,           // mosquitto's use_subject_as_username: RFC 2253
};

/// An address with its own transport, access and bounds. What is not set here is as in broker_options.
class broker_listener {
public:
    /// mqtt://[host][:port], mqtts://..., ws://.../path, wss://.../path or unix:///path. A host that is missing is localhost, "*" is every
    /// interface, port 0 any free one. WebSocket clients find it at its path alone, or at any where it has none (an endpoint: where its path is empty).
    /// What is wrong with it is thrown by broker::start().
    explicit broker_listener(std::string_view uri);
    explicit broker_listener(char const* uri) : broker_listener(std::string_view(uri)) {}
    explicit broker_listener(std::string const& uri) : broker_listener(std::string_view(uri)) {}
    explicit broker_listener(transport::endpoint where) : endpoint_(std::move(where)) {}

    /// TLS, WebSocket, PROXY protocol, sockets, handshakes.
    broker_listener& transport(transport::listen_options value) { transport_ = std::move(value); return *this; }
    /// Certificate and key for mqtts and wss.
    broker_listener& tls(transport::tls_options value) { transport_.tls(std::move(value)); return *this; }
    /// The subject of a verified client certificate is the client's user name, and its password is not asked for. Whoever has none is refused.
    broker_listener& user_name_from(certificate_name value) noexcept { user_name_from_ = value; return *this; }

    /// Whether clients without a user name are let in. Unset: as in broker_options.
    broker_listener& allow_anonymous(std::optional<bool> value) noexcept { allow_anonymous_ = value; return *this; }
    /// In place of those of broker_options; null: those of broker_options.
    broker_listener& passwords(std::shared_ptr<access::password_file const> value) { passwords_ = std::move(value); return *this; }
    broker_listener& acl(std::shared_ptr<access::acl_file const> value) { acl_ = std::move(value); return *this; }

    /// Connections here; 0x88. 0: no bound of its own.
    broker_listener& max_connections(std::size_t value) noexcept { max_connections_ = value; return *this; }
    /// The highest QoS that clients here may publish with; 0x9B. 2.
    broker_listener& max_qos(qos_level value) noexcept { max_qos_ = value; return *this; }
    /// Topic aliases from clients here. Unset: as in broker_limits.
    broker_listener& max_topic_alias(std::optional<std::uint16_t> value) noexcept { max_topic_alias_ = value; return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    transport::endpoint const&       endpoint() const noexcept { return endpoint_; }
    /// What is wrong with the URI, one line for people; empty where nothing is.
    std::string const&               address_fault() const noexcept { return address_fault_; }
    transport::listen_options const& transport() const noexcept { return transport_; }
    certificate_name                 user_name_from() const noexcept { return user_name_from_; }
    std::optional<bool> const&       allow_anonymous() const noexcept { return allow_anonymous_; }
    std::shared_ptr<access::password_file const> const& passwords() const noexcept { return passwords_; }
    std::shared_ptr<access::acl_file const> const&      acl() const noexcept { return acl_; }
    std::size_t                          max_connections() const noexcept { return max_connections_; }
    qos_level                            max_qos() const noexcept { return max_qos_; }
    std::optional<std::uint16_t> const&  max_topic_alias() const noexcept { return max_topic_alias_; }

    /// Nobody but this machine can reach it: a loopback address, the name localhost, or a unix socket.
    bool is_local() const noexcept;

private:
    transport::endpoint                          endpoint_{};
    std::string                                  address_fault_{};
    transport::listen_options                    transport_{};
    std::shared_ptr<access::password_file const> passwords_{};
    std::shared_ptr<access::acl_file const>      acl_{};
    std::size_t                                  max_connections_ = 0;
    std::optional<std::uint16_t>                 max_topic_alias_{};
    std::optional<bool>                          allow_anonymous_{};
    certificate_name                             user_name_from_ = certificate_name::none;
    qos_level                                    max_qos_ = qos_level::exactly_once;
};

} // namespace aldis
