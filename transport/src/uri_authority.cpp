// The authority of a URI: RFC 3986, section 3.2.
#include "uri_authority.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address_v6.hpp>

#include "uri_text.hpp"

namespace aldis::transport {
namespace {

// "[::1]" without its brackets; a zone is written "%25eth0".
std::optional<std::string> read_bracketed(std::string_view literal) {
    auto address = decode(literal, ":.%-_~");
    if (!address || address->size() > max_host_size) return {};
    error_code ec;
    asio::ip::make_address_v6(std::string_view(*address).substr(0, address->find('%')), ec);
    return ec || address->find('\0') != std::string::npos ? std::nullopt : address;
}

std::optional<endpoint_fault> read_port(std::string_view text, uri_authority& to) {
    if (text.empty()) return {};
    std::uint16_t number = 0;
    auto const    end = text.data() + text.size();
    auto const    read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end) return uri_fault(errc::uri_port_bad, text);
    to.port = number;
    return {};
}

} // namespace

endpoint_fault uri_fault(errc code, std::string_view part) { return {code, std::string(part.substr(0, 80))}; }

std::optional<endpoint_fault> read_user(std::string_view& text, uri_authority& to) {
    auto const at = text.rfind('@');
    if (at == std::string_view::npos) return {};
    auto const info = text.substr(0, at);
    text.remove_prefix(at + 1);
    auto const colon = info.find(':');
    auto       name = decode(info.substr(0, colon), in_user);
    if (!name) return uri_fault(errc::uri_user_bad, {});
    to.user_name = std::move(name);
    if (colon == std::string_view::npos) return {};
    auto password = decode(info.substr(colon + 1), in_user);
    if (!password) return uri_fault(errc::uri_user_bad, {});
    to.password = std::move(password);
    return {};
}

std::optional<endpoint_fault> read_host_and_port(std::string_view text, uri_authority& to) {
    bool const       is_literal = text.starts_with('[');
    auto const       size = is_literal ? text.find(']') : text.find(':');
    std::string_view rest = size == std::string_view::npos ? std::string_view{} : text.substr(size + (is_literal ? 1 : 0));

    std::optional<std::string> host;
    if (!is_literal) host = decode(text.substr(0, size), "-._~*").value_or("");
    else if (size != std::string_view::npos) host = read_bracketed(text.substr(1, size - 1));
    bool const is_valid = host && (is_literal || *host == "*" || is_host_name(*host));
    if (!is_valid || (!rest.empty() && rest.front() != ':')) return uri_fault(errc::uri_host_bad, text);
    to.host = std::move(*host);

    if (!rest.empty()) rest.remove_prefix(1);
    // More colons: an IPv6 address whose brackets are missing.
    if (rest.find(':') != std::string_view::npos) return uri_fault(errc::uri_host_bad, text);
    return read_port(rest, to);
}

std::string write_host_and_port(std::string const& host, std::uint16_t port) {
    bool const is_literal = host.find(':') != std::string::npos;
    auto const name = is_literal ? '[' + encode(host, ":.") + ']' : encode(host, "-._*");
    return name + ':' + std::to_string(port);
}

} // namespace aldis::transport
