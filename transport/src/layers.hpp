// The layers above a connected stream: each takes a stream and hands back one that has it on top. None completes inside the call that
// starts it. The handler's cancellation slot, with any type, gives the handshake up and closes the stream underneath. Time limits are
// the caller's: it cancels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_completion_handler.hpp>

#include <aldis/transport/connect_options.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

using stream_handler = asio::any_completion_handler<void(error_code, std::unique_ptr<stream>)>;

// ---- tls.cpp ------------------------------------------------------------------------------------------------------------------------

/// `where` gives the name to verify, unless the options do; for wss ALPN is http/1.1.
void start_tls_connect(std::unique_ptr<stream> lower, endpoint const& where, tls_options const& options, observer const& see, stream_handler handler);

/// `is_web`: for wss, whose ALPN is http/1.1.
void start_tls_accept(std::unique_ptr<stream> lower, tls_options const& options, bool is_web, observer const& see, stream_handler handler);

/// What is wrong with the options of a listener: told when it opens, not when the first client comes. `story` gets the sentence.
error_code check_tls_listener(tls_options const& options, std::string& story);

// ---- websocket.cpp ------------------------------------------------------------------------------------------------------------------

void start_websocket_connect(std::unique_ptr<stream> lower, endpoint const& where, websocket_options const& options, observer const& see,
                             stream_handler handler);

/// `where` is the listener's: its path is the only one served; any is where it has none.
void start_websocket_accept(std::unique_ptr<stream> lower, endpoint const& where, websocket_options const& options, observer const& see,
                            stream_handler handler);

// ---- proxy.cpp, proxy_header.cpp ----------------------------------------------------------------------------------------------------

/// Asks the proxy at the other end of `lower` for host and port, which need not be numeric.
void start_proxy_connect(std::unique_ptr<stream> lower, proxy_options const& options, std::string const& host, std::uint16_t port,
                         observer const& see, stream_handler handler);

/// Reads the header of the PROXY protocol, version 1 or 2, that a load balancer puts first; facts().remote is then whom it names.
void start_proxy_header(std::unique_ptr<stream> lower, observer const& see, stream_handler handler);

} // namespace aldis::transport
