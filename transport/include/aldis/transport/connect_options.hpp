// How to connect: limits in time, sockets, and what the layers above TCP are told.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <aldis/transport/note.hpp>
#include <aldis/transport/proxy.hpp>
#include <aldis/transport/tcp_keep_alive.hpp>
#include <aldis/transport/tls.hpp>
#include <aldis/transport/websocket.hpp>

namespace aldis::transport {

class connect_options {
public:
    using duration = std::chrono::steady_clock::duration;

    connect_options() = default;

    // ---- Time. Zero or less: no limit. ------------------------------------------------------------------------------------

    /// For all of it; 30 seconds.
    connect_options& timeout(duration value) noexcept { timeout_ = value; return *this; }
    /// For one step; 10 seconds each. `connect` covers all addresses of the host.
    connect_options& timeout(phase step, duration value) noexcept { timeouts_[static_cast<std::size_t>(step)] = value; return *this; }
    /// How long an address is given before the next one is tried beside it (RFC 8305, section 5); 250 ms.
    connect_options& race_delay(duration value) noexcept { race_delay_ = value; return *this; }

    // ---- TCP --------------------------------------------------------------------------------------------------------------

    /// TCP_NODELAY: small packets leave at once. On by default.
    connect_options& no_delay(bool value) noexcept { no_delay_ = value; return *this; }
    connect_options& keep_alive(std::optional<tcp_keep_alive> value) noexcept { keep_alive_ = value; return *this; }
    /// TCP_USER_TIMEOUT, where the system has it: how long sent data may stay unacknowledged. 0: the system's choice.
    connect_options& user_timeout(std::chrono::milliseconds value) noexcept { user_timeout_ = value; return *this; }
    /// The numeric address to come from; empty leaves it to the system. Addresses of the other family are then skipped.
    connect_options& local_address(std::string value) { local_address_ = std::move(value); return *this; }

    // ---- Names ------------------------------------------------------------------------------------------------------------

    /// The host is a domain whose servers DNS SRV names (_mqtt._tcp, _secure-mqtt._tcp; RFC 2782): tried by priority and weight. Not for
    /// ws, wss and unix. Certificates are checked against the domain, since nothing vouches for the names that DNS gave.
    connect_options& service_lookup(bool value) noexcept { service_lookup_ = value; return *this; }
    /// The servers asked for SRV records, "127.0.0.1:53"; empty: those of the system.
    connect_options& name_servers(std::vector<std::string> value) { name_servers_ = std::move(value); return *this; }

    // ---- Layers -----------------------------------------------------------------------------------------------------------

    connect_options& proxy(std::optional<proxy_options> value) { proxy_ = std::move(value); return *this; }
    connect_options& tls(tls_options value) { tls_ = std::move(value); return *this; }
    connect_options& websocket(websocket_options value) { websocket_ = std::move(value); return *this; }
    /// Is told every step.
    connect_options& observe(observer see) { observe_ = std::move(see); return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    duration                            timeout() const noexcept { return timeout_; }
    duration                            timeout(phase step) const noexcept { return timeouts_[static_cast<std::size_t>(step)]; }
    duration                            race_delay() const noexcept { return race_delay_; }
    bool                                no_delay() const noexcept { return no_delay_; }
    std::optional<tcp_keep_alive> const& keep_alive() const noexcept { return keep_alive_; }
    std::chrono::milliseconds           user_timeout() const noexcept { return user_timeout_; }
    std::string const&                  local_address() const noexcept { return local_address_; }
    bool                                service_lookup() const noexcept { return service_lookup_; }
    std::vector<std::string> const&     name_servers() const noexcept { return name_servers_; }
    std::optional<proxy_options> const& proxy() const noexcept { return proxy_; }
    tls_options const&                  tls() const noexcept { return tls_; }
    websocket_options const&            websocket() const noexcept { return websocket_; }
    observer const&                     observe() const noexcept { return observe_; }

private:
    static constexpr std::chrono::seconds step_limit{10};

    duration                          timeout_ = std::chrono::seconds(30);
    std::array<duration, phase_count> timeouts_{step_limit, step_limit, step_limit, step_limit, step_limit};
    duration                          race_delay_ = std::chrono::milliseconds(250);
    std::chrono::milliseconds         user_timeout_{0};
    std::optional<tcp_keep_alive>     keep_alive_{};
    std::string                       local_address_{};
    std::vector<std::string>          name_servers_{};
    std::optional<proxy_options>      proxy_{};
    tls_options                       tls_{};
    websocket_options                 websocket_{};
    observer                          observe_{};
    bool                              no_delay_ = true;
    bool                              service_lookup_ = false;
};

} // namespace aldis::transport
