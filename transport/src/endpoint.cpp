// Endpoints: a URI taken apart (RFC 3986, section 3) and put together again.
#include <aldis/transport/endpoint.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address_v6.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include "uri_text.hpp"

namespace aldis::transport {
namespace {

using parsed = boost::system::result<endpoint, endpoint_fault>;

struct scheme_row {
    std::string_view name;
    scheme           via;
};

// The first name of each scheme is the one we write.
constexpr std::array<scheme_row, 8> schemes{{
    {"mqtt", scheme::tcp},
    {"tcp", scheme::tcp},
    {"mqtts", scheme::tls},
    {"ssl", scheme::tls},
    {"tls", scheme::tls},
    {"ws", scheme::ws},
    {"wss", scheme::wss},
    {"unix", scheme::local},
}};

constexpr std::array<std::uint16_t, 5> ports{1883, 8883, 80, 443, 0};

constexpr std::size_t max_host_size = 253;                         // what the domain name system can carry

endpoint_fault fault(errc code, std::string_view part) { return {code, std::string(part.substr(0, 80))}; }

std::optional<endpoint_fault> read_user(std::string_view info, endpoint& to) {
    auto const colon = info.find(':');
    auto       name = decode(info.substr(0, colon), in_user);
    if (!name) return fault(errc::uri_user_bad, {});
    to.user_name(std::move(name));
    if (colon == std::string_view::npos) return {};
    auto password = decode(info.substr(colon + 1), in_user);
    if (!password) return fault(errc::uri_user_bad, {});
    to.password(std::move(password));
    return {};
}

bool is_host_name(std::string_view host) noexcept {
    if (host == "*") return true;
    auto const is_fine = [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; };
    return !host.empty() && host.size() <= max_host_size && std::all_of(host.begin(), host.end(), is_fine);
}

// "[::1]" without its brackets; a zone is written "%25eth0".
std::optional<std::string> read_bracketed(std::string_view literal) {
    auto address = decode(literal, ":.%-_~");
    if (!address || address->size() > max_host_size) return {};
    error_code ec;
    asio::ip::make_address_v6(std::string_view(*address).substr(0, address->find('%')), ec);
    return ec || address->find('\0') != std::string::npos ? std::nullopt : address;
}

std::optional<endpoint_fault> read_port(std::string_view text, endpoint& to) {
    if (text.empty()) return {};
    std::uint16_t number = 0;
    auto const    end = text.data() + text.size();
    auto const    read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end) return fault(errc::uri_port_bad, text);
    to.port(number);
    return {};
}

std::optional<endpoint_fault> read_host_and_port(std::string_view text, endpoint& to) {
    bool const       is_literal = text.starts_with('[');
    auto const       size = is_literal ? text.find(']') : text.find(':');
    std::string_view rest = size == std::string_view::npos ? std::string_view{} : text.substr(size + (is_literal ? 1 : 0));

    std::optional<std::string> host;
    if (!is_literal) host = decode(text.substr(0, size), "-._~*").value_or("");
    else if (size != std::string_view::npos) host = read_bracketed(text.substr(1, size - 1));
    bool const is_valid = host && (is_literal || is_host_name(*host));
    if (!is_valid || (!rest.empty() && rest.front() != ':')) return fault(errc::uri_host_bad, text);
    to.host(std::move(*host));

    if (!rest.empty()) rest.remove_prefix(1);
    // More colons: an IPv6 address whose brackets are missing.
    if (rest.find(':') != std::string_view::npos) return fault(errc::uri_host_bad, text);
    return read_port(rest, to);
}

std::optional<endpoint_fault> read_target(std::string_view path, std::string_view query, endpoint& to) {
    auto const decoded = decode(path, in_path);
    if (!decoded) return fault(errc::uri_path_bad, path);
    if (!decode(query, in_query)) return fault(errc::uri_query_bad, query);
    bool const is_web = to.via() == scheme::ws || to.via() == scheme::wss;
    to.path(std::string(path.empty() && is_web ? "/mqtt" : path)).query(std::string(query));
    return {};
}

std::optional<endpoint_fault> read_socket_path(std::string_view path, endpoint& to) {
    auto decoded = decode(path, in_path);
    if (!decoded || decoded->empty() || decoded->find('\0') != std::string::npos) return fault(errc::uri_path_bad, path);
    to.path(std::move(*decoded));
    return {};
}

// Everything after "scheme://".
std::optional<endpoint_fault> read_rest(std::string_view rest, endpoint& to) {
    auto authority = cut_before(rest, "/?#");
    auto path = cut_before(rest, "?#");
    auto query = cut_before(rest, "#");
    if (!rest.empty()) return fault(errc::uri_fragment_refused, rest);
    bool const has_query = !query.empty();
    if (has_query) query.remove_prefix(1);

    auto const at = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (auto why = read_user(authority.substr(0, at), to)) return why;
        authority.remove_prefix(at + 1);
    }
    if (to.via() != scheme::local) {
        auto why = read_host_and_port(authority, to);
        return why ? why : read_target(path, query, to);
    }
    if (!authority.empty()) return fault(errc::uri_host_bad, authority);
    if (has_query) return fault(errc::uri_query_bad, query);
    return read_socket_path(path, to);
}

} // namespace

std::string_view name_of(scheme via) noexcept {
    auto const row = std::find_if(schemes.begin(), schemes.end(), [via](scheme_row const& each) { return each.via == via; });
    return row == schemes.end() ? "?" : row->name;
}

std::uint16_t default_port(scheme via) noexcept {
    auto const index = static_cast<std::size_t>(via);
    return index < ports.size() ? ports[index] : std::uint16_t{0};
}

endpoint::endpoint(scheme via, std::string host, std::optional<std::uint16_t> port)
    : via_(via), port_(port.value_or(default_port(via))), host_(std::move(host)), path_(via == scheme::ws || via == scheme::wss ? "/mqtt" : "") {}

std::string endpoint::target() const { return query_.empty() ? path_ : path_ + '?' + query_; }

endpoint local_endpoint(std::string path) { return endpoint(scheme::local, {}).path(std::move(path)); }

parsed parse_endpoint(std::string_view uri) {
    if (uri.size() > endpoint::max_uri_size) return fault(errc::uri_too_long, {});
    auto const colon = uri.find("://");
    if (colon == std::string_view::npos) {
        bool const may_hold_password = uri.find('@') != std::string_view::npos;
        return fault(errc::uri_scheme_missing, may_hold_password ? std::string_view{} : uri);
    }

    auto const name = uri.substr(0, colon);
    auto const row = std::find_if(schemes.begin(), schemes.end(), [name](scheme_row const& each) { return is_same_text(name, each.name); });
    if (row == schemes.end()) return fault(errc::uri_scheme_unknown, name.find('@') == std::string_view::npos ? name : std::string_view{});

    endpoint   where(row->via, {});
    auto const rest = uri.substr(colon + 3);
    auto const why = read_rest(rest, where);
    if (!why) return where;
    // An '@' this late: a password with a '/', '?' or '#' in it, whose pieces were taken for something else.
    bool const may_hold_password = rest.find('@', std::min(rest.find_first_of("/?#"), rest.size())) != std::string_view::npos;
    return may_hold_password ? fault(why->code(), {}) : *why;
}

std::string to_string(endpoint const& where) {
    std::string out(name_of(where.via()));
    out += "://";
    if (where.user_name()) out += encode(*where.user_name(), unreserved) + '@';
    if (where.via() == scheme::local) return out + encode(where.path(), in_path);
    bool const is_literal = where.host().find(':') != std::string::npos;
    out += is_literal ? '[' + encode(where.host(), ":.") + ']' : encode(where.host(), "-._*");
    out += ':' + std::to_string(where.port()) + encode(where.path(), std::string(in_path) + '%');
    if (!where.query().empty()) out += "?...";
    return out;
}

std::string endpoint_fault::message() const {
    auto text = make_error_code(code_).message();
    if (part_.empty()) return text;
    return text + ": '" + printable(part_) + '\'';
}

void throw_exception_from_error(endpoint_fault const& fault, boost::source_location const& where) {
    boost::throw_exception(boost::system::system_error(make_error_code(fault.code()), fault.message()), where);
}

} // namespace aldis::transport
