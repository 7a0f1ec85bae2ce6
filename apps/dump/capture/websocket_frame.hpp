// The head of a WebSocket frame, and chains of frames: RFC 6455, 5.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

/// A frame's head, taken apart.
struct websocket_head {
    std::uint8_t                opcode = 0;
    bool                        is_final = false;
    bool                        is_compressed = false;             // RSV1
    bool                        is_masked = false;
    bool                        is_valid = false;
    std::uint64_t               size = 0;
    std::array<std::byte, 4>    mask{};

    bool is_control() const noexcept { return opcode >= 8; }
};

inline constexpr std::size_t max_websocket_head = 14;

/// How many bytes the head has that begins with these; 0 while fewer than two are there.
std::size_t head_length(bytes_view data) noexcept;
/// Reads a head, all of whose bytes are there.
websocket_head read_head(bytes_view data) noexcept;
/// Writes `data` without its mask to `out`; `at` is its place in the frame's payload.
void unmask(bytes_view data, std::array<std::byte, 4> const& mask, std::uint64_t at, std::byte* out) noexcept;

/// Whether `data`, from its first byte, is frames that carry MQTT; nothing: perhaps, more bytes would tell.
std::optional<bool> carries_mqtt(bytes_view data) noexcept;

} // namespace aldis::app::dump
