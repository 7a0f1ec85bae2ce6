// `-L`: the topic is cut off, the rest is an endpoint.
#include "url.hpp"

#include <fmt/format.h>

#include <aldis/transport/endpoint.hpp>

#include "options.hpp"

namespace aldis::app {
namespace {

transport::endpoint endpoint_of(std::string_view uri) {
    try {
        return transport::parse_endpoint(uri).value();
    } catch (boost::system::system_error const& error) {
        if (error.code() == transport::errc::uri_scheme_unknown) throw usage_error{"Unsupported URL scheme: it must be mqtt://."};
        throw usage_error{fmt::format("Invalid URL for -L argument specified - {}.", error.what())};
    }
}

void check_scheme(transport::scheme via) {
    using transport::scheme;
    if (via == scheme::tls) throw usage_error{"TLS support is not built in yet, so an mqtts:// URL cannot be used: use mqtt://."};
    if (via == scheme::ws || via == scheme::wss)
        throw usage_error{"WebSocket support is not built in yet, so a ws:// or wss:// URL cannot be used: use mqtt://."};
    if (via == scheme::local)
        throw usage_error{"Unsupported URL scheme: give the path of a Unix domain socket with --unix, and the topic with -t."};
}

} // namespace

url_parts parse_url(std::string_view text) {
    auto const begin = text.find("://");
    if (begin == text.npos) throw usage_error{"Unsupported URL scheme: a URL is mqtt://[user[:password]@]host[:port]/topic."};
    // A topic may hold '#' and '?', which end the path of other URLs.
    auto const slash = text.find('/', begin + 3);
    auto const where = endpoint_of(text.substr(0, slash));
    check_scheme(where.via());
    if (slash == text.npos || slash + 1 == text.size())
        throw usage_error{"Invalid URL for -L argument specified - topic missing: it is mqtt://[user[:password]@]host[:port]/topic."};
    return {where.host(), where.port(), where.user_name(), where.password(), std::string{text.substr(slash + 1)}};
}

} // namespace aldis::app
