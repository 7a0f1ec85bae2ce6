// Addresses without their ports.
#include "address.hpp"

#include <boost/asio/ip/address.hpp>

namespace aldis::serving {

namespace {

std::string_view without_port(std::string_view remote) noexcept {
    auto const colon = remote.rfind(':');
    auto       host = remote.substr(0, colon == remote.npos ? remote.size() : colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

} // namespace

origin origin_of(std::string_view remote) {
    namespace ip = boost::asio::ip;
    boost::system::error_code ec;
    auto const host = std::string(without_port(remote));
    auto       address = ip::make_address(host, ec);
    if (ec) return {host, true};                                   // a unix socket, or a stream of the program's own
    if (address.is_v6() && address.to_v6().is_v4_mapped()) address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
    if (address.is_loopback() || address.is_v4()) return {address.to_string(), address.is_loopback()};
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return {ip::address_v6(bytes).to_string() + "/64", false};
}

} // namespace aldis::serving
