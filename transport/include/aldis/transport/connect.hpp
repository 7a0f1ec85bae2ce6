// Dialling: resolve, connect, and put the layers of the endpoint's scheme on top, within limits of time.
#pragma once

#include <memory>
#include <utility>

#include <aldis/transport/connect_options.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

using connect_signature = void(error_code, std::unique_ptr<stream>);
using connect_handler = asio::any_completion_handler<connect_signature>;

/// What async_connect compiles to.
void start_connect(asio::any_io_executor ex, endpoint where, connect_options options, connect_handler handler);

/// Connects to `where`; the stream it makes works on `ex`, which runs one handler at a time. The last address's error is reported when
/// all fail; errc::timed_out at a deadline, operation_aborted when cancelled (any type), invalid_argument for a local address that is
/// not numeric; what TLS, a proxy or WebSocket has to say otherwise. The observer of the options hears the details. Arguments are taken
/// by value, since a lazy token outlives references. A name being resolved keeps the io_context busy until the system's resolver answers,
/// even when the operation itself has completed.
template <asio::completion_token_for<connect_signature> Token>
auto async_connect(asio::any_io_executor ex, endpoint where, connect_options options, Token&& token) {
    return asio::async_initiate<Token, connect_signature>(
        [](auto handler, asio::any_io_executor on, endpoint to, connect_options with) {
            start_connect(std::move(on), std::move(to), std::move(with), connect_handler(std::move(handler)));
        },
        token, std::move(ex), std::move(where), std::move(options));
}

/// What async_connect_over compiles to.
void start_connect_over(std::unique_ptr<stream> lower, endpoint where, connect_options options, connect_handler handler);

/// Puts the layers of `where` (TLS, WebSocket) on a stream that is connected already, the program's own for instance: what async_connect()
/// does once TCP stands. Resolving, sockets and proxy are left out. Closes `lower` when it fails.
template <asio::completion_token_for<connect_signature> Token>
auto async_connect_over(std::unique_ptr<stream> lower, endpoint where, connect_options options, Token&& token) {
    return asio::async_initiate<Token, connect_signature>(
        [](auto handler, std::unique_ptr<stream> under, endpoint to, connect_options with) {
            start_connect_over(std::move(under), std::move(to), std::move(with), connect_handler(std::move(handler)));
        },
        token, std::move(lower), std::move(where), std::move(options));
}

} // namespace aldis::transport
