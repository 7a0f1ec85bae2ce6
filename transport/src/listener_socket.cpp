// Where a listener listens: addresses, ports, the files of unix sockets.
#include "listener_socket.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

namespace aldis::transport {
namespace {

using asio::ip::tcp;

namespace condition = boost::system::errc;

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

// Nobody can connect before listen(), so that between bind() and this no one slips in. What the umask has taken away is given back.
error_code set_permissions(std::string const& path, unsigned wanted) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return last_error();
    if ((info.st_mode & 0777u) == wanted) return {};
    return ::fchmodat(AT_FDCWD, path.c_str(), wanted, AT_SYMLINK_NOFOLLOW) == 0 ? error_code() : last_error();
}

} // namespace

error_code listening_socket::open(endpoint const& where, listen_options const& options) {
    local_ = where;
    auto const ec = where.via() == scheme::local ? open_local(where, options) : open_tcp(where, options.backlog());
    if (ec) close();
    return ec;
}

void listening_socket::close() noexcept {
    error_code ignored;
    acceptor_.close(ignored);
    if (file_ && identify_socket(local_.path()) == file_) std::remove(local_.path().c_str());
    file_.reset();
}

// ---- TCP ----------------------------------------------------------------------------------------------------------------------------

error_code listening_socket::open_tcp(endpoint const& where, int backlog) {
    socket_address address;
    error_code     ec;
    if (where.host().empty() || where.host() == "*") {
        // Both families where the system has both.
        ec = bind_to(tcp::endpoint(tcp::v6(), where.port()));
        if (ec == condition::address_family_not_supported || ec == condition::address_not_available)
            ec = bind_to(tcp::endpoint(tcp::v4(), where.port()));
    } else {
        ec = resolve(where, address);
        if (!ec) ec = bind_to(address);
    }
    if (!ec) ec = listen(backlog);
    if (ec) return ec;
    auto const bound = acceptor_.local_endpoint(ec);
    if (!ec) local_.port(port_of(bound));
    return ec;
}

error_code listening_socket::resolve(endpoint const& where, socket_address& into) {
    if (!make_ip_address(where.host(), where.port(), into)) return {};
    if (where.host().find('\0') != std::string::npos) return asio::error::invalid_argument;
    error_code    ec;
    tcp::resolver resolver(acceptor_.get_executor());
    auto const    found = resolver.resolve(where.host(), std::to_string(where.port()), tcp::resolver::numeric_service, ec);
    if (ec) return ec;
    if (found.empty()) return errc::no_address;
    into = found.begin()->endpoint();
    return {};
}

error_code listening_socket::bind_to(socket_address const& address) {
    error_code ec;
    acceptor_.close(ec);
    acceptor_.open(address.protocol(), ec);
    if (ec) return ec;
    acceptor_.set_option(acceptor_type::reuse_address(true), ec);
    error_code ignored;
    if (address.protocol().family() == AF_INET6) acceptor_.set_option(asio::ip::v6_only(false), ignored);
    if (!ec) acceptor_.bind(address, ec);
    return ec;
}

error_code listening_socket::listen(int backlog) {
    error_code ec;
    acceptor_.listen(backlog > 0 ? backlog : acceptor_type::max_listen_connections, ec);
    return ec;
}

// ---- Unix sockets -------------------------------------------------------------------------------------------------------------------

error_code listening_socket::open_local(endpoint const& where, listen_options const& options) {
    if (options.permissions() && *options.permissions() > 0777) return asio::error::invalid_argument;
    socket_address address;
    if (auto const ec = make_local_address(where.path(), address)) return ec;
    auto ec = bind_to_file(address, options);
    if (ec == condition::address_in_use) {
        ec = remove_if_left_behind(address, where.path());
        if (!ec) ec = bind_to_file(address, options);
    }
    if (ec) return ec;
    file_ = identify_socket(where.path());
    if (options.permissions()) ec = set_permissions(where.path(), *options.permissions());
    if (!ec) ec = listen(options.backlog());
    return ec;
}

error_code listening_socket::bind_to_file(socket_address const& address, listen_options const& options) {
    error_code ec;
    acceptor_.close(ec);
    acceptor_.open(address.protocol(), ec);
    if (ec) return ec;
    // On Linux the file begins with the permissions of the socket, less the umask: it is never more open than asked for.
    if (options.permissions() && ::fchmod(acceptor_.native_handle(), *options.permissions()) != 0) return last_error();
    acceptor_.bind(address, ec);
    return ec;
}

// A socket that refuses connections was left behind by a process that is gone.
error_code listening_socket::remove_if_left_behind(socket_address const& address, std::string const& path) {
    auto const    left = identify_socket(path);
    stream_socket probe(acceptor_.get_executor());
    error_code    refused;
    probe.connect(address, refused);
    if (!left || refused != condition::connection_refused || identify_socket(path) != left) return asio::error::address_in_use;
    std::remove(path.c_str());
    return {};
}

std::optional<listening_socket::file_identity> listening_socket::identify_socket(std::string const& path) noexcept {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return {};
    return file_identity{info.st_dev, info.st_ino};
}

} // namespace aldis::transport
