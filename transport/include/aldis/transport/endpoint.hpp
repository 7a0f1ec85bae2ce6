// Where to connect or listen, as people write it: mqtt://user:secret@[::1]:1883, wss://host/mqtt, unix:///run/mqtt.sock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include <aldis/transport/error.hpp>

namespace aldis::transport {

enum class scheme : std::uint8_t { tcp, tls, ws, wss, local };     // local: a unix domain socket

/// The scheme as URIs spell it first: mqtt, mqtts, ws, wss, unix.
std::string_view name_of(scheme via) noexcept;

/// 1883, 8883, 80, 443; 0 for local.
std::uint16_t default_port(scheme via) noexcept;

/// A place on the network, taken apart. Default: mqtt://localhost:1883.
class endpoint {
public:
    static constexpr std::size_t max_uri_size = 8192;

    endpoint() = default;
    /// `port` defaults to the scheme's; ws and wss start with the path /mqtt.
    explicit endpoint(scheme via, std::string host, std::optional<std::uint16_t> port = {});

    scheme             via() const noexcept { return via_; }
    std::string const& host() const noexcept { return host_; }     // decoded; an IPv6 address without brackets; empty for local
    std::uint16_t      port() const noexcept { return port_; }     // 0: for a listener, any free port
    /// For local the path of the socket, decoded. Otherwise as it stands in the URI, still encoded, with its leading '/' or empty.
    std::string const& path() const noexcept { return path_; }
    /// Without the '?', still encoded.
    std::string const& query() const noexcept { return query_; }
    /// Path and query, as an HTTP request line wants them.
    std::string target() const;
    /// Decoded. Absent and empty are different: "mqtt://@host" has an empty user name.
    std::optional<std::string> const& user_name() const noexcept { return user_name_; }
    std::optional<std::string> const& password() const noexcept { return password_; }

    endpoint& via(scheme value) noexcept { via_ = value; return *this; }
    endpoint& host(std::string value) { host_ = std::move(value); return *this; }
    endpoint& port(std::uint16_t value) noexcept { port_ = value; return *this; }
    endpoint& path(std::string value) { path_ = std::move(value); return *this; }
    endpoint& query(std::string value) { query_ = std::move(value); return *this; }
    endpoint& user_name(std::optional<std::string> value) { user_name_ = std::move(value); return *this; }
    endpoint& password(std::optional<std::string> value) { password_ = std::move(value); return *this; }

    friend bool operator==(endpoint const&, endpoint const&) = default;

private:
    scheme                     via_ = scheme::tcp;
    std::uint16_t              port_ = 1883;
    std::string                host_ = "localhost";
    std::string                path_;
    std::string                query_;
    std::optional<std::string> user_name_;
    std::optional<std::string> password_;
};

/// Why a URI was refused.
class endpoint_fault {
public:
    endpoint_fault() = default; // what boost::system::result shows where nothing is wrong
    endpoint_fault(errc code, std::string part) : code_(code), part_(std::move(part)) {}

    errc               code() const noexcept { return code_; }
    /// The offending piece of the URI; empty where it could hold a password.
    std::string const& part() const noexcept { return part_; }
    /// One line for people: "the port is not a number from 0 to 65535: '70000'".
    std::string message() const;

private:
    errc        code_{};
    std::string part_;
};

/// Takes a URI apart: mqtt tcp, mqtts ssl tls, ws, wss, unix; user information percent-decoded; default ports and, for ws and wss
/// without a path, /mqtt. Any text is safe to pass. value() of a refused one throws boost::system::system_error.
boost::system::result<endpoint, endpoint_fault> parse_endpoint(std::string_view uri);

/// The address of a unix domain socket.
endpoint local_endpoint(std::string path);

/// As a URI for logs: without the password, and with the query cut to "?..." since it may hold a token.
std::string to_string(endpoint const& where);

/// Makes boost::system::result throw the message.
[[noreturn]] void throw_exception_from_error(endpoint_fault const& fault, boost::source_location const& where);

} // namespace aldis::transport
