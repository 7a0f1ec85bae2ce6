// What a client tells of its connection: where it stands, and why it does not stand any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <aldis/codec/reason.hpp>
#include <aldis/error.hpp>
#include <aldis/outcome.hpp>
#include <aldis/transport/endpoint.hpp>

namespace aldis {

/// The classes of causes; one row each in cause.cpp.
enum class cause_kind : std::uint8_t {
    none,                  // nothing has failed yet
    stopped,               // by close(), stop() or async_disconnect()
    name_not_found,        // the name service knows no such host, or did not answer
    refused,               // nobody listens there
    unreachable,           // no way to the network or host
    timed_out,             // connecting, a handshake or a packet took too long
    tls,                   // code() tells what is wrong with certificates, keys or versions
    proxy,
    websocket,
    server_refusal,        // CONNACK: reason() and reason_string()
    server_disconnect,     // DISCONNECT with a reason from 0x80
    taken_over,            // another client came with the same client identifier
    keep_alive,            // one side heard nothing of the other in time
    closed_by_server,      // without a reason, or DISCONNECT below 0x80
    network,               // reset, aborted, broken
    protocol_error,        // the server broke a rule of MQTT, and was told so
    malformed,             // the server sent bytes that are no packet
    authentication,        // the authenticator was not content with the server
    misuse,                // an option of ours
    hook,                  // before_attempt() said that there is no point in going on
    other,
};

/// "refused", "taken over", ...
std::string_view name_of(cause_kind kind) noexcept;

/// Why an attempt failed or a connection ended: a class for programs, the code, and what was said.
class connection_cause {
public:
    connection_cause() = default;
    explicit connection_cause(cause_kind kind, error_code code = {}) : code_(code), kind_(kind) {}

    /// Finds the class of `code`. `was_open`: the connection had been accepted. `said` is what the server's last packet brought.
    static connection_cause of(error_code code, bool was_open, answer said = answer{}, std::string detail = {});

    /// Whoever knows better.
    connection_cause& as(cause_kind kind) noexcept { kind_ = kind; return *this; }

    cause_kind       kind() const noexcept { return kind_; }
    error_code       code() const noexcept { return code_; }
    /// The server's reason code; success when it gave none.
    reason_code      reason() const noexcept { return said_.reason(); }
    /// What the server added for people. Hostile: text() has it escaped.
    std::string_view reason_string() const noexcept { return said_.reason_string(); }
    /// Where else to try; empty when not said.
    std::string_view server_reference() const noexcept;
    /// All of it in one printable line.
    std::string      text() const;

private:
    answer      said_{};
    std::string detail_{};
    error_code  code_{};
    cause_kind  kind_ = cause_kind::none;
};

/// Where a client can stand.
namespace link_state {

/// Not started, or not any more; a client begins so.
struct idle {};

/// `attempt` counts from 1 since the client was started or the connection had been stable.
struct connecting {
    unsigned            attempt = 1;
    transport::endpoint where{};
};

/// Session present, limits, the identifier in use, CONNACK's properties.
struct connected {
    connect_result as{};
};

/// An attempt failed or the connection ended; the next attempt begins after `retry_in`.
struct lost {
    connection_cause          cause{};
    std::chrono::milliseconds retry_in{};
};

/// Nothing more happens by itself.
struct given_up {
    connection_cause cause{};
};

} // namespace link_state

using connection_state = std::variant<link_state::idle, link_state::connecting, link_state::connected, link_state::lost, link_state::given_up>;

/// One printable line: "connecting to mqtt://localhost:1883, attempt 2", "lost: ...; next attempt in 1.2 s".
std::string to_string(connection_state const& now);

} // namespace aldis
