// Accepting: a listening socket that hands out streams: TCP, TLS, WebSocket over either, unix.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listen_options.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// What has become of the connections of a listener since open().
struct listener_counts {
    std::size_t accepted = 0;                      // connections that came, adopted ones too
    std::size_t handshakes = 0;                    // under way now
    std::size_t ready = 0;                         // through their handshake now, not taken yet
    std::size_t failed = 0;                        // in PROXY header, TLS or WebSocket
    std::size_t timed_out = 0;                     // by handshake_timeout()
    std::size_t refused_for_address = 0;           // by max_handshakes_per_address()
    std::size_t refused_in_total = 0;              // adopted ones, by max_handshakes()
    std::size_t held_back = 0;                     // times that accepting waited because of max_handshakes()
    std::size_t pauses = 0;                        // times that it waited because descriptors or memory had run out
};

/// With TLS, WebSocket or a PROXY header, connections are accepted and go through their handshakes on their own from open() to close(),
/// side by side and within the bounds of listen_options; async_accept() takes those that are through, the first that is first. Without
/// any of these each async_accept() accepts one connection, and the system keeps those that nobody has asked for.
/// Not thread-safe; destroying it is close(). The executor runs one handler at a time.
class listener {
public:
    using accept_signature = void(error_code, std::unique_ptr<stream>);

    explicit listener(asio::any_io_executor ex);
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;
    ~listener();

    asio::any_io_executor get_executor() const;

    /// Binds and listens. A TCP host is an address or a name (resolved here and now; its first address is taken); an empty host, "*"
    /// or "0.0.0.0" and "::" mean every interface. A unix socket that nobody listens on any more is replaced. Fails with what the system
    /// says, or with errc::scheme_not_supported; then nothing is open.
    error_code open(endpoint const& where, listen_options const& options = {});

    bool is_open() const noexcept;

    /// Where it listens, with the port that was found for port 0.
    endpoint const& local() const noexcept;

    /// Hands out one connection that is through its handshakes. While file descriptors or memory are short it waits and tries again rather
    /// than fail; handshakes that fail are told to the observer and counted, and end nothing. Fails with operation_aborted after close() or
    /// when cancelled. One at a time.
    template <asio::completion_token_for<accept_signature> Token>
    auto async_accept(Token&& token) {
        return asio::async_initiate<Token, accept_signature>(
            [](auto handler, listener* self) { self->do_accept(accept_handler(std::move(handler))); }, token, this);
    }

    /// Takes a byte stream of the program's own, a connection that came another way: it goes through the layers of this listener, within
    /// the same bounds, and comes out of async_accept(). Its executor must be the listener's. Fails with errc::too_many_handshakes, or
    /// bad_descriptor when not open; then the stream is closed.
    error_code adopt(std::unique_ptr<stream> own);

    /// From now on new connections get `fresh`, whose files are read now; those that are there, and handshakes under way, live on. Fails
    /// with what is wrong with it, whose story the observer is told, and goes on with what it had; with errc::scheme_not_supported where
    /// there is no TLS. For a renewed certificate in the same files, give it the same options again.
    error_code reload_tls(tls_options fresh);

    listener_counts counts() const noexcept;

    /// How often it had to rest because descriptors or memory had run out.
    std::size_t pauses() const noexcept;

    /// Stops listening, and gives up the handshakes under way; a unix socket's path is removed. Accepted streams live on.
    void close() noexcept;

private:
    using accept_handler = asio::any_completion_handler<accept_signature>;
    struct state;

    void do_accept(accept_handler handler);

    std::shared_ptr<state> state_;
};

} // namespace aldis::transport
