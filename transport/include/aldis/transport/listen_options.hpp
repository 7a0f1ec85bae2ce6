// How to listen: sockets, the layers that clients speak, and what a client that is not through its handshake may cost.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include <aldis/transport/note.hpp>
#include <aldis/transport/tcp_keep_alive.hpp>
#include <aldis/transport/tls.hpp>
#include <aldis/transport/websocket.hpp>

namespace aldis::transport {

class listen_options {
public:
    using duration = std::chrono::steady_clock::duration;

    listen_options() = default;

    // ---- Sockets ----------------------------------------------------------------------------------------------------------

    /// TCP_NODELAY on accepted streams; on by default.
    listen_options& no_delay(bool value) noexcept { no_delay_ = value; return *this; }
    /// SO_KEEPALIVE on accepted streams.
    listen_options& keep_alive(std::optional<tcp_keep_alive> value) noexcept { keep_alive_ = value; return *this; }
    /// How many connections the system queues; 0 leaves it to the system.
    listen_options& backlog(int value) noexcept { backlog_ = value; return *this; }
    /// How long accepting rests when file descriptors or memory have run out.
    listen_options& pause(duration value) noexcept { pause_ = value; return *this; }
    /// The permissions of a unix socket, 0600 for instance, whatever the umask; by default what the umask leaves. They hold before anybody
    /// can connect.
    listen_options& permissions(std::optional<unsigned> value) noexcept { permissions_ = value; return *this; }

    // ---- Layers -----------------------------------------------------------------------------------------------------------

    /// For tls and wss: certificate and key at least.
    listen_options& tls(tls_options value) { tls_ = std::move(value); return *this; }
    /// For ws and wss.
    listen_options& websocket(websocket_options value) { websocket_ = std::move(value); return *this; }
    /// Every connection comes from a load balancer and begins with a PROXY protocol header, before TLS. Only for listeners that nobody else
    /// can reach: whoever can may call himself anything.
    listen_options& proxy_protocol(bool value) noexcept { proxy_protocol_ = value; return *this; }

    // ---- Connections that are not through their handshake -----------------------------------------------------------------

    /// For PROXY header, TLS and WebSocket together, counted from accept; 10 seconds. Zero: no limit, which one silent client after the
    /// other can make use of.
    listen_options& handshake_timeout(duration value) noexcept { handshake_timeout_ = value; return *this; }
    /// So many at a time, those that are through but not taken included; above, accepting waits and the system queues. 1024.
    listen_options& max_handshakes(std::size_t value) noexcept { max_handshakes_ = value; return *this; }
    /// So many at a time from one address, or from the /64 of an IPv6 address; above, the newest is closed at once. With proxy_protocol()
    /// the address is the one of the header. Zero: no limit. 64.
    listen_options& max_handshakes_per_address(std::size_t value) noexcept { max_handshakes_per_address_ = value; return *this; }

    /// Is told of each connection that fails before it is accepted, with its address in the text, of no more than 20 a second.
    listen_options& observe(observer see) { observe_ = std::move(see); return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    bool                                 no_delay() const noexcept { return no_delay_; }
    std::optional<tcp_keep_alive> const& keep_alive() const noexcept { return keep_alive_; }
    int                                  backlog() const noexcept { return backlog_; }
    duration                             pause() const noexcept { return pause_; }
    std::optional<unsigned> const&       permissions() const noexcept { return permissions_; }
    tls_options const&                   tls() const noexcept { return tls_; }
    websocket_options const&             websocket() const noexcept { return websocket_; }
    bool                                 proxy_protocol() const noexcept { return proxy_protocol_; }
    duration                             handshake_timeout() const noexcept { return handshake_timeout_; }
    std::size_t                          max_handshakes() const noexcept { return max_handshakes_; }
    std::size_t                          max_handshakes_per_address() const noexcept { return max_handshakes_per_address_; }
    observer const&                      observe() const noexcept { return observe_; }

private:
    std::optional<tcp_keep_alive> keep_alive_{};
    std::optional<unsigned>       permissions_{};
    tls_options                   tls_{};
    websocket_options             websocket_{};
    observer                      observe_{};
    duration                      pause_ = std::chrono::milliseconds(100);
    duration                      handshake_timeout_ = std::chrono::seconds(10);
    std::size_t                   max_handshakes_ = 1024;
    std::size_t                   max_handshakes_per_address_ = 64;
    int                           backlog_ = 0;
    bool                          no_delay_ = true;
    bool                          proxy_protocol_ = false;
};

} // namespace aldis::transport
