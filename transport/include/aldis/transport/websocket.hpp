// How WebSocket is to be used, for connecting and for listening.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace aldis::transport {

/// MQTT in binary WebSocket messages, subprotocol "mqtt"; path and query are the endpoint's. [MQTT-6.0.0-1] to [MQTT-6.0.0-4]
class websocket_options {
public:
    using header = std::pair<std::string, std::string>;

    websocket_options() = default;

    /// Further headers of the request (or, listening, of the response). A name or value that is no header field is an error at every attempt.
    websocket_options& add_header(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); return *this; }
    /// A message of more bytes, after inflating, ends the connection. By default the largest MQTT packet.
    websocket_options& max_message(std::size_t bytes) noexcept { max_message_ = bytes; return *this; }
    /// permessage-deflate, where the other side has it too. Off by default: it costs memory, and secrets compressed with what an
    /// attacker chose can be guessed.
    websocket_options& compression(bool value) noexcept { compression_ = value; return *this; }
    /// When listening: origins of web pages that may connect, as browsers send them ("https://example.org"). Empty: any. Requests
    /// without an origin come from programs and are let in.
    websocket_options& allow_origin(std::string origin) { origins_.push_back(std::move(origin)); return *this; }
    /// When listening: how large a request may be.
    websocket_options& max_header(std::size_t bytes) noexcept { max_header_ = bytes; return *this; }

    std::vector<header> const&      headers() const noexcept { return headers_; }
    std::size_t                     max_message() const noexcept { return max_message_; }
    bool                            compression() const noexcept { return compression_; }
    std::vector<std::string> const& origins() const noexcept { return origins_; }
    std::size_t                     max_header() const noexcept { return max_header_; }

private:
    std::vector<header>      headers_{};
    std::vector<std::string> origins_{};
    std::size_t              max_message_ = 268'435'455 + 5;
    std::size_t              max_header_ = 8192;
    bool                     compression_ = false;
};

} // namespace aldis::transport
