// A proxy to connect through: SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT (RFC 9110).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

#include <aldis/transport/endpoint.hpp>

namespace aldis::transport {

/// The proxy resolves the name of the host that is wanted: our own name service is not asked.
class proxy_options {
public:
    enum class kind : std::uint8_t { socks5, http };

    proxy_options(kind how, std::string host, std::uint16_t port) : host_(std::move(host)), port_(port), kind_(how) {}

    /// SOCKS5: user name and password method, at most 255 bytes each. HTTP: basic authentication; the name may not hold a colon.
    proxy_options& credentials(std::string user_name, std::string password) {
        user_name_ = std::move(user_name);
        password_ = std::move(password);
        return *this;
    }

    kind                              how() const noexcept { return kind_; }
    std::string const&                host() const noexcept { return host_; }
    std::uint16_t                     port() const noexcept { return port_; }
    std::optional<std::string> const& user_name() const noexcept { return user_name_; }
    std::optional<std::string> const& password() const noexcept { return password_; }

private:
    std::string                host_;
    std::optional<std::string> user_name_{};
    std::optional<std::string> password_{};
    std::uint16_t              port_;
    kind                       kind_;
};

/// "socks5h://[user[:password]@]host[:port]" (also socks5://; 1080) or "http://..." (8080); user information percent-decoded.
boost::system::result<proxy_options, endpoint_fault> parse_proxy(std::string_view uri);

/// As a URI for logs, without the password.
std::string to_string(proxy_options const& proxy);

} // namespace aldis::transport
