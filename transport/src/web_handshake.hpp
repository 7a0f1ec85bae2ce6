// What the WebSocket handshake is about (RFC 6455, section 4), without I/O: what may be sent, which requests are served, what a refusal says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/error.hpp>
#include <aldis/transport/websocket.hpp>

namespace aldis::transport {

inline constexpr std::string_view web_subprotocol = "mqtt";        // [MQTT-6.0.0-3] [MQTT-6.0.0-4]

/// What a client would send that cannot be sent, as a sentence; empty where all is well.
std::string find_bad_option(endpoint const& where, websocket_options const& options);

/// Path and query of a request, which begin with '/'.
std::string target_of(endpoint const& where);

/// The Host field: without the port where it is the scheme's own.
std::string host_of(endpoint const& where);

/// Why a client is not let in, and what it is told.
struct web_refusal {
    errc        why{};
    int         status = 400;
    std::string text{};                            // for people
    std::string fields{};                          // further lines of the head
};

/// A request that is served.
struct web_request {
    std::string host{};
    std::string target{};
    std::string origin{};
    std::string key{};
    std::string extensions{};
};

struct web_verdict {
    web_request                request{};
    std::optional<web_refusal> refusal{};
};

/// Reads a request's head, with its empty line.
web_verdict judge_request(std::string_view head, endpoint const& where, websocket_options const& options);

/// For a request that does not end within its limit.
web_refusal refuse_too_large();

/// The refusal as an HTTP response.
std::string to_response(web_refusal const& refusal);

/// What a server that did not switch protocols has said, in one printable line; empty where it did switch, or did not speak HTTP.
std::string describe_refusal(std::string_view answer, std::string const& target);

} // namespace aldis::transport
