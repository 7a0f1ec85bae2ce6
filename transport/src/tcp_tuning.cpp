// The socket options that not every system has under the same name; Linux's where it is Linux.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include <boost/asio/ip/tcp.hpp>

#include "socket_stream.hpp"

namespace aldis::transport {
namespace {

using asio::ip::tcp;

// A system that refuses an option does not keep the connection from working.
void set(stream_socket& socket, int name, long long value) {
    if (value <= 0) return;
    auto const fitting = static_cast<int>(std::min<long long>(value, std::numeric_limits<int>::max()));
    static_cast<void>(::setsockopt(socket.native_handle(), IPPROTO_TCP, name, &fitting, sizeof fitting));
}

} // namespace

void tune(stream_socket& socket, bool no_delay, std::optional<tcp_keep_alive> const& keep_alive, std::chrono::milliseconds user_timeout) {
    error_code ignored;
    socket.set_option(tcp::no_delay(no_delay), ignored);
    socket.set_option(stream_socket::keep_alive(keep_alive.has_value()), ignored);
    if (keep_alive) {
#ifdef TCP_KEEPIDLE
        set(socket, TCP_KEEPIDLE, keep_alive->idle().count());
#endif
#ifdef TCP_KEEPINTVL
        set(socket, TCP_KEEPINTVL, keep_alive->interval().count());
#endif
#ifdef TCP_KEEPCNT
        set(socket, TCP_KEEPCNT, keep_alive->probes());
#endif
    }
#ifdef TCP_USER_TIMEOUT
    set(socket, TCP_USER_TIMEOUT, user_timeout.count());
#else
    static_cast<void>(user_timeout);
#endif
}

} // namespace aldis::transport
