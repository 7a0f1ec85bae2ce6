// A stream over a connected socket, TCP and unix alike.
#include "socket_stream.hpp"

#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "completion.hpp"

namespace aldis::transport {
namespace {

using asio::ip::tcp;

class socket_stream final : public stream {
public:
    socket_stream(stream_socket socket, std::string remote_name) : socket_(std::move(socket)), remote_name_(std::move(remote_name)) {}

    executor_type get_executor() const override { return const_cast<stream_socket&>(socket_).get_executor(); }
    std::string   remote_name() const override { return remote_name_; }

    stream_facts facts() const override {
        stream_facts known;
        known.remote = remote_name_;
        known.since = since_;
        return known;
    }

    void close() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }

    void cancel() noexcept override {
        error_code ignored;
        socket_.cancel(ignored);
    }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override { socket_.async_read_some(into, std::move(handler)); }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        // Asio looks at the first 64 buffers only: were they all empty, a write of nothing would look like progress.
        while (!from.empty() && from.front().size() == 0) from = from.subspan(1);
        socket_.async_write_some(from, std::move(handler));
    }

    void do_wait_readable(wait_handler handler) override { socket_.async_wait(stream_socket::wait_read, std::move(handler)); }

    void do_shutdown(wait_handler handler) override {
        error_code ec;
        socket_.shutdown(stream_socket::shutdown_send, ec);
        completion<error_code>(std::move(handler), get_executor()).post(ec);
    }

    stream_socket                         socket_;
    std::string                           remote_name_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

tcp::endpoint as_tcp(socket_address const& address) noexcept {
    tcp::endpoint out;
    if (is_local(address) || address.size() > out.capacity()) return out;
    std::memcpy(out.data(), address.data(), address.size());
    out.resize(address.size());
    return out;
}

} // namespace

std::unique_ptr<stream> make_socket_stream(stream_socket socket, std::string remote_name) {
    return std::make_unique<socket_stream>(std::move(socket), std::move(remote_name));
}

bool is_local(socket_address const& address) noexcept { return address.protocol().family() == AF_UNIX; }

std::uint16_t port_of(socket_address const& ip_address) noexcept { return as_tcp(ip_address).port(); }

std::string describe(socket_address const& address, std::string const& local_path) {
    if (is_local(address)) return "unix:" + local_path;
    auto const peer = as_tcp(address);
    auto       ip = peer.address();
    if (ip.is_v6() && ip.to_v6().is_v4_mapped()) ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
    auto const port = std::to_string(peer.port());
    return ip.is_v6() ? '[' + ip.to_string() + "]:" + port : ip.to_string() + ':' + port;
}

error_code make_local_address(std::string const& path, socket_address& into) {
    if (path.empty() || path.find('\0') != std::string::npos) return asio::error::invalid_argument;
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return errc::path_too_long;
    into = asio::local::stream_protocol::endpoint(path);
    return {};
}

error_code make_ip_address(std::string const& host, std::uint16_t port, socket_address& into) {
    error_code ec;
    auto const ip = asio::ip::make_address(host, ec);
    if (!ec) into = tcp::endpoint(ip, port);
    return ec;
}

} // namespace aldis::transport
