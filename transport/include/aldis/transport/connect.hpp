// Dialling: resolve the name, try its addresses in order, within one deadline.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

class connect_options {
public:
    using duration = std::chrono::steady_clock::duration;

    connect_options() = default;

    /// For all of it: resolving, every address, handshakes. Zero or less: no limit.
    duration           timeout() const noexcept { return timeout_; }
    connect_options&   timeout(duration value) noexcept { timeout_ = value; return *this; }
    /// TCP_NODELAY: small packets leave at once.
    bool               no_delay() const noexcept { return no_delay_; }
    connect_options&   no_delay(bool value) noexcept { no_delay_ = value; return *this; }
    /// SO_KEEPALIVE, with the system's intervals.
    bool               keep_alive() const noexcept { return keep_alive_; }
    connect_options&   keep_alive(bool value) noexcept { keep_alive_ = value; return *this; }
    /// The numeric address to come from; empty leaves it to the system. Addresses of the other family are then skipped.
    std::string const& local_address() const noexcept { return local_address_; }
    connect_options&   local_address(std::string value) { local_address_ = std::move(value); return *this; }

private:
    duration    timeout_ = std::chrono::seconds(30);
    bool        no_delay_ = true;
    bool        keep_alive_ = false;
    std::string local_address_;
};

using connect_signature = void(error_code, std::unique_ptr<stream>);
using connect_handler = asio::any_completion_handler<connect_signature>;

/// What async_connect compiles to.
void start_connect(asio::any_io_executor ex, endpoint where, connect_options options, connect_handler handler);

/// Connects to `where`; the stream it makes works on `ex`, which runs one handler at a time. The last address's error is reported when
/// all fail; errc::timed_out at the deadline, operation_aborted when cancelled (any type), errc::scheme_not_supported for a scheme
/// that is not built in, invalid_argument for a local address that is not numeric. Arguments are taken by value, since a lazy token
/// outlives references. A name being resolved keeps the io_context busy until the system's resolver answers, even when the operation
/// itself has completed.
template <asio::completion_token_for<connect_signature> Token>
auto async_connect(asio::any_io_executor ex, endpoint where, connect_options options, Token&& token) {
    return asio::async_initiate<Token, connect_signature>(
        [](auto handler, asio::any_io_executor on, endpoint to, connect_options with) {
            start_connect(std::move(on), std::move(to), std::move(with), connect_handler(std::move(handler)));
        },
        token, std::move(ex), std::move(where), std::move(options));
}

} // namespace aldis::transport
