// A stream over a connected socket, TCP and unix alike, and what dialling and accepting share.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>
#include <aldis/transport/tcp_keep_alive.hpp>

namespace aldis::transport {

using stream_socket = asio::generic::stream_protocol::socket;
using socket_address = asio::generic::stream_protocol::endpoint;

std::unique_ptr<stream> make_socket_stream(stream_socket socket, std::string remote_name);

bool is_local(socket_address const& address) noexcept;

std::uint16_t port_of(socket_address const& ip_address) noexcept;

/// "192.0.2.1:1883", "[::1]:1883"; an IPv4 address in IPv6 clothes is undressed. For a unix socket "unix:" and `local_path`.
std::string describe(socket_address const& address, std::string const& local_path);

/// The address of a unix domain socket, or errc::path_too_long, or invalid_argument for an empty path or one with a null character.
error_code make_local_address(std::string const& path, socket_address& into);

/// An address of an IP endpoint whose host is numeric; an error otherwise.
error_code make_ip_address(std::string const& host, std::uint16_t port, socket_address& into);

/// Sets what both ends may choose; TCP only. A system that refuses an option does not keep the connection from working.
void tune(stream_socket& socket, bool no_delay, std::optional<tcp_keep_alive> const& keep_alive, std::chrono::milliseconds user_timeout = {});

} // namespace aldis::transport
