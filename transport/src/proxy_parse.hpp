// What is said to proxies and by them, without I/O: SOCKS5 (RFC 1928, RFC 1929), HTTP CONNECT (RFC 9110), and the PROXY protocol's header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::transport {

/// How far a message has come. `size` is what it takes in all, or, while more is wanted, at least takes; 0 where it is none.
struct progress {
    enum class state : std::uint8_t { more, whole, bad };

    state       is = state::bad;
    std::size_t size = 0;
};

/// A host that a proxy can be asked for: a name, an IPv4 or an IPv6 address, at most 255 bytes.
bool is_proxy_host(std::string_view host) noexcept;

// ---- SOCKS5 -------------------------------------------------------------------------------------------------------------------------

enum class socks_method : std::uint8_t { none = 0x00, password = 0x02, unacceptable = 0xFF };

std::string make_socks_greeting(bool has_password);

/// Name and password of 1 to 255 bytes.
std::string make_socks_login(std::string_view user_name, std::string_view password);

/// Names are left to the proxy to resolve, addresses go as addresses.
std::string make_socks_request(std::string_view host, std::uint16_t port);

/// The answer to make_socks_request(); its second byte tells how it went.
progress parse_socks_reply(std::string_view bytes) noexcept;

/// What the second byte of a reply means, for people.
std::string_view describe_socks_reply(std::uint8_t code) noexcept;

// ---- HTTP CONNECT -------------------------------------------------------------------------------------------------------------------

inline constexpr std::size_t max_connect_answer = 16'384;

std::string to_base64(std::string_view bytes);

struct connect_login {
    std::string_view user_name{};
    std::string_view password{};
};

std::string make_connect_request(std::string_view host, std::uint16_t port, std::optional<connect_login> login);

/// The status of an answer that has come whole, heads of 1xx before it skipped; `size` is where it ends.
struct connect_answer {
    progress    came{};
    int         status = 0;
    std::string reason{};                          // as the proxy gave it: not fit for a terminal
};

connect_answer parse_connect_answer(std::string_view bytes);

// ---- The PROXY protocol -------------------------------------------------------------------------------------------------------------

inline constexpr std::size_t max_proxy_text = 107;                 // version 1, with its line end

/// Version 2 says how long it is; more than this is no honest load balancer.
inline constexpr std::size_t max_proxy_header = 4096;

struct proxy_header {
    progress    came{};
    std::string source{};                          // "192.0.2.1:4711", "unix:/run/x.sock"; empty where the header names nobody
};

proxy_header parse_proxy_header(std::string_view bytes);

} // namespace aldis::transport
