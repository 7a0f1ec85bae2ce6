// What the blocking client throws: five kinds under one base, each with a code for programs and a cause for people.
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

#include <aldis/codec/reason.hpp>

namespace aldis {

/// The base of all. what() says what was tried, and why it failed.
class exception : public std::runtime_error {
public:
    exception(std::string const& tried, std::string cause, std::error_code code, reason_code reason = reason_code::success)
        : std::runtime_error(tried + ": " + cause), code_(code), cause_(std::move(cause)), reason_(reason) {}

    /// Of the system ("connection refused"), or of the category "aldis": see <aldis/error.hpp>.
    std::error_code const& code() const noexcept { return code_; }
    /// Why, in a line for people. Part of it may come from the server: escape it before it goes to a terminal.
    std::string const&     cause() const noexcept { return cause_; }
    /// What the server said, where it was the server; success otherwise.
    reason_code            reason() const noexcept { return reason_; }

private:
    std::error_code code_;
    std::string     cause_;
    reason_code     reason_;
};

/// Not connected, or not any more: name, network, TLS, time, or the end of the connection.
class connection_error : public exception { using exception::exception; };

/// The server does not let this client in: wrong credentials (CONNACK 4), not authorised (5), and what 5.0 has of that kind.
class authentication_error : public exception { using exception::exception; };

/// The caller's mistake; or the server's no to what was asked: a client identifier (CONNACK 2), a message, a subscription.
class validation_error : public exception { using exception::exception; };

/// What came is no MQTT.
class decode_error : public exception { using exception::exception; };

/// The server does not speak this version (CONNACK 1), is not available (3), or one side broke the protocol in the other's opinion.
class protocol_error : public exception { using exception::exception; };

} // namespace aldis
