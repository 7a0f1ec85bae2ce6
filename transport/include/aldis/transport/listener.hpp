// Accepting: a listening socket, TCP or unix, that hands out streams.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listen_options.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

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

    /// Accepts one connection. While file descriptors or memory are short it waits and tries again rather than fail. Fails with
    /// operation_aborted after close() or when cancelled. One at a time.
    template <asio::completion_token_for<accept_signature> Token>
    auto async_accept(Token&& token) {
        return asio::async_initiate<Token, accept_signature>(
            [](auto handler, listener* self) { self->do_accept(accept_handler(std::move(handler))); }, token, this);
    }

    /// How often it had to rest because descriptors or memory had run out.
    std::size_t pauses() const noexcept;

    /// Stops listening; a unix socket's path is removed. Accepted streams live on.
    void close() noexcept;

private:
    using accept_handler = asio::any_completion_handler<accept_signature>;
    struct state;

    void do_accept(accept_handler handler);

    std::shared_ptr<state> state_;
};

} // namespace aldis::transport
