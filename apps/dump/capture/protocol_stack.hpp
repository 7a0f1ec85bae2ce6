// What runs over a TCP connection, told by its first bytes: MQTT itself, WebSocket, TLS and what runs over that.
#pragma once

#include <cstdint>
#include <memory>

#include "delivery.hpp"

namespace aldis::app::dump {

class tls_session;
class websocket_session;

/// Who says something, and when.
struct place {
    delivery const& d;
    conversation&   of;
    unsigned        from = 0;
    frame_stamp     at{};
};

class protocol_stack {
public:
    explicit protocol_stack(bool inside_tls = false) noexcept;
    ~protocol_stack();
    protocol_stack(protocol_stack const&) = delete;
    protocol_stack& operator=(protocol_stack const&) = delete;

    /// The next bytes in order.
    void bytes(place const& at, bytes_view data) {
        if (speaks_ == protocol::plain) return at.d.to.bytes(at.of, at.from, at.at, data);
        other_bytes(at, data);
    }
    void gap(place const& at, std::uint64_t size, bool snapped);
    void end(place const& at);

private:
    enum class protocol : std::uint8_t { undecided, plain, websocket, tls };
    struct beginning;

    void other_bytes(place const& at, bytes_view data);
    void begin(place const& at, bytes_view data);
    void hand_on_beginning(place const& at);
    void decide(place const& at, protocol speaks);
    protocol tell(place const& at, bytes_view said) const noexcept;

    protocol                           speaks_ = protocol::undecided;
    bool                               inside_tls_;
    bool                               is_torn_ = false;           // bytes were missing
    std::unique_ptr<beginning>         beginning_{};
    std::unique_ptr<websocket_session> websocket_{};
    std::unique_ptr<tls_session>       tls_{};
};

} // namespace aldis::app::dump
