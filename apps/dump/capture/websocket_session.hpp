// The WebSocket connection that carries MQTT: the HTTP heads, frames, masks, compression.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "inflater.hpp"
#include "protocol_stack.hpp"
#include "websocket_frame.hpp"

namespace aldis::app::dump {

class websocket_session {
public:
    static constexpr std::size_t max_http_head = 16'384;
    /// So much of a frame is kept until the rest of it is there; of a larger one, what comes is handed on at once.
    static constexpr std::size_t max_kept = 256U << 10;

    /// Whether the bytes of one direction, seen from the middle, are frames that carry MQTT; nothing: more bytes are needed.
    static std::optional<bool> is_websocket(bytes_view data) noexcept { return carries_mqtt(data); }

    void bytes(place const& at, bytes_view data);
    void gap(place const& at, std::uint64_t size, bool snapped);
    void end(place const& at);

private:
    enum class stage : std::uint8_t { http, head, payload, lost, over };

    struct direction {
        stage                       now = stage::http;
        bool                        is_client = false;
        bool                        is_message_compressed = false;
        bool                        is_message_damaged = false;    // a compressed one, of which bytes are missing
        bool                        has_failed = false;            // to inflate: nothing more can be told
        bool                        forgets = false;               // no_context_takeover
        std::string                 http{};
        std::array<std::byte, max_websocket_head> head_bytes{};
        std::size_t                 head_size = 0;
        websocket_head              head{};
        std::uint64_t               taken = 0;                     // of the frame's payload
        byte_buffer                 payload{};
        budget_share                share{};
        std::unique_ptr<inflater>   inflate{};
        budget_share                inflate_share{};
    };

    bytes_view http_bytes(place const& at, direction& d, bytes_view data);
    void       read_http(place const& at, direction& d, std::string_view text);
    bytes_view head_bytes(place const& at, direction& d, bytes_view data);
    bytes_view payload_bytes(place const& at, direction& d, bytes_view data);
    bytes_view find_frame(place const& at, direction& d, bytes_view data);
    void       frame_done(place const& at, direction& d);
    void       begin_frame(place const& at, direction& d);
    void       take(place const& at, direction& d, bytes_view data);
    void       bring_kept(place const& at, direction& d);
    bool       payload_gap(place const& at, direction& d, std::uint64_t size, bool snapped);
    void       inflate(place const& at, direction& d, bytes_view data);
    bool       start_inflating(place const& at, direction& d);
    void       inflating_failed(place const& at, direction& d, std::string const& why);
    void       lose(place const& at, direction& d);
    void       nothing_more() noexcept;

    std::array<direction, 2> directions_{};
    bool                     has_deflate_ = false;
};

} // namespace aldis::app::dump
