// Exit codes, and the words for a connection that was refused: those that scripts know from the tools this replaces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::app {

namespace exit_code {
inline constexpr int success = 0;
inline constexpr int failure = 1;                                  // usage, no such host, nobody listens
inline constexpr int protocol_error = 2;
inline constexpr int connection_lost = 7;
inline constexpr int tls_failed = 8;
inline constexpr int system_error = 14;
inline constexpr int proxy_failed = 16;
inline constexpr int keep_alive_timeout = 19;
inline constexpr int malformed_packet = 21;
inline constexpr int qos_not_supported = 24;
inline constexpr int packet_too_large = 25;
inline constexpr int timed_out = 27;
inline constexpr int retain_not_supported = 28;
} // namespace exit_code

/// One line on a refused connection, without its end, which says what to try.
std::string refusal_text(reason_code reason, protocol version);

} // namespace aldis::app
