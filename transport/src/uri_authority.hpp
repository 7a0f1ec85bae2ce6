// The part of a URI between "//" and the path: user name, password, host and port (RFC 3986, section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/transport/endpoint.hpp>

namespace aldis::transport {

struct uri_authority {
    std::optional<std::string>   user_name{};      // decoded; absent and empty are different
    std::optional<std::string>   password{};
    std::string                  host{};           // decoded, an IPv6 address without its brackets
    std::optional<std::uint16_t> port{};
};

/// What is wrong with `part` of a URI, cut to a length that can be shown.
endpoint_fault uri_fault(errc code, std::string_view part);

/// Takes what stands before the last '@' off the front of `text`.
std::optional<endpoint_fault> read_user(std::string_view& text, uri_authority& to);

std::optional<endpoint_fault> read_host_and_port(std::string_view text, uri_authority& to);

/// "host:port" as URIs write it, encoded and with brackets around an IPv6 address.
std::string write_host_and_port(std::string const& host, std::uint16_t port);

} // namespace aldis::transport
