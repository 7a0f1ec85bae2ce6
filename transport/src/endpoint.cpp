// Endpoints: a URI taken apart (RFC 3986, section 3) and put together again.
#include <aldis/transport/endpoint.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include "uri_authority.hpp"
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

std::optional<endpoint_fault> read_target(std::string_view path, std::string_view query, endpoint& to) {
    auto const decoded = decode(path, in_path);
    if (!decoded) return uri_fault(errc::uri_path_bad, path);
    if (!decode(query, in_query)) return uri_fault(errc::uri_query_bad, query);
    bool const is_web = to.via() == scheme::ws || to.via() == scheme::wss;
    to.path(std::string(path.empty() && is_web ? "/mqtt" : path)).query(std::string(query));
    return {};
}

std::optional<endpoint_fault> read_socket_path(std::string_view path, endpoint& to) {
    auto decoded = decode(path, in_path);
    if (!decoded || decoded->empty() || decoded->find('\0') != std::string::npos) return uri_fault(errc::uri_path_bad, path);
    to.path(std::move(*decoded));
    return {};
}

// Everything after "scheme://".
std::optional<endpoint_fault> read_rest(std::string_view rest, endpoint& to) {
    auto authority = cut_before(rest, "/?#");
    auto path = cut_before(rest, "?#");
    auto query = cut_before(rest, "#");
    if (!rest.empty()) return uri_fault(errc::uri_fragment_refused, rest);
    bool const has_query = !query.empty();
    if (has_query) query.remove_prefix(1);

    uri_authority taken;
    if (auto why = read_user(authority, taken)) return why;
    to.user_name(taken.user_name).password(taken.password);
    if (to.via() != scheme::local) {
        if (auto why = read_host_and_port(authority, taken)) return why;
        to.host(taken.host).port(taken.port.value_or(to.port()));
        return read_target(path, query, to);
    }
    if (!authority.empty()) return uri_fault(errc::uri_host_bad, authority);
    if (has_query) return uri_fault(errc::uri_query_bad, query);
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
    if (uri.size() > endpoint::max_uri_size) return uri_fault(errc::uri_too_long, {});
    auto const colon = uri.find("://");
    if (colon == std::string_view::npos) {
        bool const may_hold_password = uri.find('@') != std::string_view::npos;
        return uri_fault(errc::uri_scheme_missing, may_hold_password ? std::string_view{} : uri);
    }

    auto const name = uri.substr(0, colon);
    auto const row = std::find_if(schemes.begin(), schemes.end(), [name](scheme_row const& each) { return is_same_text(name, each.name); });
    if (row == schemes.end()) return uri_fault(errc::uri_scheme_unknown, name.find('@') == std::string_view::npos ? name : std::string_view{});

    endpoint   where(row->via, {});
    auto const rest = uri.substr(colon + 3);
    auto const why = read_rest(rest, where);
    if (!why) return where;
    // An '@' this late: a password with a '/', '?' or '#' in it, whose pieces were taken for something else.
    bool const may_hold_password = rest.find('@', std::min(rest.find_first_of("/?#"), rest.size())) != std::string_view::npos;
    return may_hold_password ? uri_fault(why->code(), {}) : *why;
}

std::string to_string(endpoint const& where) {
    std::string out(name_of(where.via()));
    out += "://";
    if (where.user_name()) out += encode(*where.user_name(), unreserved) + '@';
    if (where.via() == scheme::local) return out + encode(where.path(), in_path);
    out += write_host_and_port(where.host(), where.port()) + encode(where.path(), std::string(in_path) + '%');
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
