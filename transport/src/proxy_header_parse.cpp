// The PROXY protocol's header, versions 1 and 2, as haproxy's proxy-protocol.txt has it.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "proxy_parse.hpp"
#include "uri_text.hpp"

namespace aldis::transport {
namespace {

using state = progress::state;

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t      binary_head = 16;

proxy_header bad() { return {}; }
proxy_header whole(std::size_t size, std::string source = {}) { return {{state::whole, size}, std::move(source)}; }
proxy_header more(std::size_t size) { return {{state::more, size}, {}}; }

// "192.0.2.1:4711", "[2001:db8::1]:4711"; an IPv4 address in IPv6 clothes is undressed.
std::string describe_address(int family, void const* address, std::uint16_t port) {
    in6_addr six{};
    if (family == AF_INET6) {
        std::memcpy(&six, address, sizeof six);
        if (IN6_IS_ADDR_V4MAPPED(&six)) return describe_address(AF_INET, six.s6_addr + 12, port);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!inet_ntop(family, address, text.data(), text.size())) return {};
    auto const name = family == AF_INET6 ? '[' + std::string(text.data()) + ']' : std::string(text.data());
    return name + ':' + std::to_string(port);
}

// ---- Version 1: "PROXY TCP4 192.0.2.1 192.0.2.2 4711 1883\r\n" ------------------------------------------------------------------------

std::string_view next_word(std::string_view& line) noexcept {
    auto const word = cut_before(line, " ");
    line.remove_prefix(std::min<std::size_t>(1, line.size()));
    return word;
}

bool read_address(int family, std::string_view word, in6_addr& into) {
    return inet_pton(family, std::string(word).c_str(), &into) == 1 && word.find('\0') == std::string_view::npos;
}

bool read_port(std::string_view word, std::uint16_t& into) noexcept {
    auto const read = std::from_chars(word.data(), word.data() + word.size(), into);
    bool const is_short = word.size() == 1 || (word.size() > 1 && word.front() != '0');
    return is_short && read.ec == std::errc{} && read.ptr == word.data() + word.size();
}

proxy_header parse_text(std::string_view bytes) {
    auto const end = bytes.substr(0, max_proxy_text).find("\r\n");
    if (end == std::string_view::npos) return bytes.size() >= max_proxy_text ? bad() : more(bytes.size() + 1);
    auto       line = bytes.substr(text_start.size(), end - text_start.size());
    auto const size = end + 2;
    auto const kind = next_word(line);
    if (kind == "UNKNOWN") return whole(size);
    if (kind != "TCP4" && kind != "TCP6") return bad();
    int const     family = kind == "TCP4" ? AF_INET : AF_INET6;
    in6_addr      source{}, target{};
    std::uint16_t source_port = 0, target_port = 0;
    bool const is_fine = read_address(family, next_word(line), source) && read_address(family, next_word(line), target) &&
                         read_port(next_word(line), source_port) && read_port(line, target_port);
    return is_fine ? whole(size, describe_address(family, &source, source_port)) : bad();
}

// ---- Version 2: binary ------------------------------------------------------------------------------------------------------------------

enum : std::uint8_t { local_command = 0x20, proxy_command = 0x21, unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31 };

std::uint16_t big_endian(std::string_view two) noexcept {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(two[0]) << 8 | static_cast<std::uint8_t>(two[1]));
}

// Whom the addresses name: source first, then target, then the ports; what follows them is of no interest.
std::optional<std::string> read_source(std::uint8_t family, std::string_view addresses) {
    constexpr std::size_t path_size = 108;
    if (family == unspecified) return std::string{};
    if (family == tcp4 && addresses.size() >= 12) return describe_address(AF_INET, addresses.data(), big_endian(addresses.substr(8)));
    if (family == tcp6 && addresses.size() >= 36) return describe_address(AF_INET6, addresses.data(), big_endian(addresses.substr(32)));
    if (family != unix_stream || addresses.size() < 2 * path_size) return {};
    auto const path = addresses.substr(0, path_size);
    return "unix:" + printable(path.substr(0, path.find('\0')), path_size);
}

proxy_header parse_binary(std::string_view bytes) {
    if (bytes.size() < binary_head) return more(binary_head);
    auto const command = static_cast<std::uint8_t>(bytes[12]);
    auto const size = binary_head + big_endian(bytes.substr(14));
    if ((command != local_command && command != proxy_command) || size > max_proxy_header) return bad();
    if (bytes.size() < size) return more(size);
    if (command == local_command) return whole(size);              // the load balancer speaks for itself
    auto source = read_source(static_cast<std::uint8_t>(bytes[13]), bytes.substr(binary_head, size - binary_head));
    return source ? whole(size, std::move(*source)) : bad();
}

} // namespace

proxy_header parse_proxy_header(std::string_view bytes) {
    for (auto const start : {text_start, binary_start}) {
        auto const seen = std::min(start.size(), bytes.size());
        if (bytes.substr(0, seen) != start.substr(0, seen)) continue;
        if (seen < start.size()) return more(start.size());
        return start == text_start ? parse_text(bytes) : parse_binary(bytes);
    }
    return bad();
}

} // namespace aldis::transport
