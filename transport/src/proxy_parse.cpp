// What is said to proxies and by them, without I/O.
#include "proxy_parse.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "http_head.hpp"
#include "uri_text.hpp"

namespace aldis::transport {
namespace {

using state = progress::state;

constexpr std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept { return static_cast<std::uint8_t>(bytes[at]); }
constexpr char         to_char(std::size_t value) noexcept { return static_cast<char>(value & 0xFF); }

std::string big_endian(std::uint16_t value) { return {to_char(value >> 8U), to_char(value)}; }

// The bytes of an address that is written in numbers; empty for a name.
std::string address_bytes(std::string_view host, int family) {
    std::string const text(host);
    std::string       bytes(family == AF_INET ? 4 : 16, '\0');
    return inet_pton(family, text.c_str(), bytes.data()) == 1 ? bytes : std::string{};
}

enum : std::uint8_t { socks_version = 5, login_version = 1, socks_connect = 1, ipv4_address = 1, domain_name = 3, ipv6_address = 4 };

constexpr std::array<std::string_view, 9> socks_replies{
    "it is connected",
    "general failure",
    "its rules do not allow it",
    "the network cannot be reached",
    "the host cannot be reached",
    "the host refused the connection",
    "the time to live has run out",
    "it does not know how to connect",
    "it does not know this kind of address",
};

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

bool is_proxy_host(std::string_view host) noexcept {
    auto const is_fine = [](char c) { return is_alnum(c) || std::string_view("-._:").find(c) != std::string_view::npos; };
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), is_fine);
}

// ---- SOCKS5 -------------------------------------------------------------------------------------------------------------------------

std::string make_socks_greeting(bool has_password) {
    return has_password ? std::string{socks_version, 2, 0x00, 0x02} : std::string{socks_version, 1, 0x00};
}

std::string make_socks_login(std::string_view user_name, std::string_view password) {
    std::string out{login_version, to_char(user_name.size())};
    out.append(user_name) += to_char(password.size());
    return out.append(password);
}

std::string make_socks_request(std::string_view host, std::uint16_t port) {
    std::string const start{socks_version, socks_connect, 0};
    if (auto const four = address_bytes(host, AF_INET); !four.empty()) return start + to_char(ipv4_address) + four + big_endian(port);
    if (auto const six = address_bytes(host, AF_INET6); !six.empty()) return start + to_char(ipv6_address) + six + big_endian(port);
    return start + to_char(domain_name) + to_char(host.size()) + std::string(host) + big_endian(port);
}

progress parse_socks_reply(std::string_view bytes) noexcept {
    constexpr std::size_t head = 4, port = 2;
    if (!bytes.empty() && byte_at(bytes, 0) != socks_version) return {};
    if (bytes.size() < head + 1) return {state::more, head + 1};
    std::size_t size = head + port;
    switch (byte_at(bytes, 3)) {
    case ipv4_address: size += 4; break;
    case ipv6_address: size += 16; break;
    case domain_name: size += 1U + byte_at(bytes, head); break;
    default: return {};
    }
    return {bytes.size() < size ? state::more : state::whole, size};
}

std::string_view describe_socks_reply(std::uint8_t code) noexcept { return code < socks_replies.size() ? socks_replies[code] : "for a reason of its own"; }

// ---- HTTP CONNECT -------------------------------------------------------------------------------------------------------------------

std::string to_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? byte_at(bytes, i + k) : 0U);
        for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? base64_digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

std::string make_connect_request(std::string_view host, std::uint16_t port, std::optional<connect_login> login) {
    bool const is_literal = host.find(':') != std::string_view::npos;
    auto const where = (is_literal ? '[' + std::string(host) + ']' : std::string(host)) + ':' + std::to_string(port);
    auto       out = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\nUser-Agent: aldis\r\n";
    if (login) out += "Proxy-Authorization: Basic " + to_base64(std::string(login->user_name) + ':' + std::string(login->password)) + "\r\n";
    return out + "\r\n";
}

connect_answer parse_connect_answer(std::string_view bytes) {
    for (std::size_t begin = 0;;) {
        auto const rest = bytes.substr(begin);
        auto const size = find_head_end(rest);
        if (begin + size > max_connect_answer || (size == 0 && bytes.size() >= max_connect_answer)) return {};
        // What does not begin as HTTP does will not become it.
        constexpr std::string_view start = "HTTP/1.";
        if (rest.substr(0, start.size()) != start.substr(0, rest.size())) return {};
        if (size == 0) return {{state::more, bytes.size() + 1}, 0, {}};
        auto const head = parse_http_head(rest.substr(0, size));
        auto const line = head ? parse_status_line(head->first_line) : std::nullopt;
        if (!line || line->code == 101) return {};
        begin += size;
        if (line->code >= 200) return {{state::whole, begin}, line->code, std::string(line->reason)};
    }
}

} // namespace aldis::transport
