// `-L`: the topic is cut off, the rest is an endpoint.
#include "url.hpp"

#include <fmt/format.h>

#include <aldis/transport/endpoint.hpp>

#include "options.hpp"

namespace aldis::app {
namespace {

constexpr std::string_view form = "mqtt, mqtts, ws or wss://[user[:password]@]host[:port]/topic, or unix:///path";

transport::endpoint endpoint_of(std::string_view uri) {
    auto const where = transport::parse_endpoint(uri);
    if (where.has_value()) return *where;
    if (where.error().code() == transport::errc::uri_scheme_unknown) throw usage_error{fmt::format("unsupported URL scheme: a URL is {}.", form)};
    throw usage_error{fmt::format("Invalid URL for -L argument specified - {}.", where.error().message())};
}

// Of an address all of which is the path, so that the topic has to come from -t.
url_parts local_parts(std::string_view text) {
    url_parts out;
    out.unix_path = endpoint_of(text).path();
    return out;
}

} // namespace

url_parts parse_url(std::string_view text) {
    using transport::scheme;
    auto const begin = text.find("://");
    if (begin == text.npos) throw usage_error{fmt::format("unsupported URL scheme: a URL is {}.", form)};
    // A topic may hold '#' and '?', which end the path of other URLs.
    auto const slash = text.find('/', begin + 3);
    if (slash == begin + 3) return local_parts(text);              // no host: a unix socket, or refused
    auto const where = endpoint_of(text.substr(0, slash));
    if (slash == text.npos || slash + 1 == text.size())
        throw usage_error{fmt::format("Invalid URL for -L argument specified - topic missing: it is {}.", form)};

    url_parts out;
    out.host = where.host();
    out.port = where.port();
    out.is_secure = where.via() == scheme::tls || where.via() == scheme::wss;
    out.is_web = where.via() == scheme::ws || where.via() == scheme::wss;
    out.user_name = where.user_name();
    out.password = where.password();
    out.topic = std::string{text.substr(slash + 1)};
    return out;
}

} // namespace aldis::app
