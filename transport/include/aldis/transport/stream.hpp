// The abstract byte stream: TCP, TLS, WebSocket, unix sockets, memory and whatever a program brings of its own look the same from outside.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>

#include <aldis/transport/error.hpp>
#include <aldis/transport/facts.hpp>

namespace aldis::transport {

/// An ordered, reliable byte stream [MQTT-4.2-1]. Every operation takes any completion token, supports per-operation cancellation
/// (all three types; a cancelled operation has moved no byte) and never completes inside the call that starts it. At most one read,
/// one write, one wait and one shutdown may be outstanding at a time. Not thread-safe: use it from its executor, which runs one
/// handler at a time (an io_context with one thread, or a strand). Destroying it is close(); pending operations still complete.
class stream {
public:
    using executor_type = asio::any_io_executor;
    using io_signature = void(error_code, std::size_t);
    using wait_signature = void(error_code);

    /// A write passes at most this many buffers on; what is left is left to the next write, as with any partial write.
    static constexpr std::size_t max_write_buffers = 64;

    stream() = default;
    stream(stream const&) = delete;
    stream& operator=(stream const&) = delete;
    virtual ~stream() = default;

    virtual executor_type get_executor() const = 0;

    /// Who is at the other end, for logs: "192.0.2.1:1883", "[::1]:1883", "unix:/run/mqtt.sock". Set when the stream was made.
    virtual std::string remote_name() const = 0;

    /// What else is known of the way: TLS, WebSocket, proxies. Copies; not for hot paths.
    virtual stream_facts facts() const {
        stream_facts known;
        known.remote = remote_name();
        return known;
    }

    /// Reads at least one byte. The memory stays valid until completion. Fails with asio::error::eof once the peer has ended its side,
    /// operation_aborted after cancel() or close(). An empty buffer completes with 0.
    template <asio::completion_token_for<io_signature> Token>
    auto async_read_some(asio::mutable_buffer into, Token&& token) {
        return asio::async_initiate<Token, io_signature>(
            [](auto handler, stream* self, asio::mutable_buffer b) { self->do_read(b, io_handler(std::move(handler))); }, token, this, into);
    }

    /// Writes at least one byte of the buffers, in order, in one gather. Both the array of buffers and the bytes stay valid until
    /// completion; nothing is copied. Completes with the number of bytes taken.
    template <asio::completion_token_for<io_signature> Token>
    auto async_write_some(std::span<asio::const_buffer const> from, Token&& token) {
        return asio::async_initiate<Token, io_signature>(
            [](auto handler, stream* self, std::span<asio::const_buffer const> b) { self->do_write(b, io_handler(std::move(handler))); },
            token, this, from);
    }

    /// Completes when a read would make progress: bytes, end of file or an error are there. Holds no buffer, so an idle connection
    /// costs none. A read started afterwards may still have to wait.
    template <asio::completion_token_for<wait_signature> Token>
    auto async_wait_readable(Token&& token) {
        return asio::async_initiate<Token, wait_signature>(
            [](auto handler, stream* self) { self->do_wait_readable(wait_handler(std::move(handler))); }, token, this);
    }

    /// Ends our side in order: the peer reads what was written, then end of file. Reading goes on; close() comes after it.
    /// Start it when no write is outstanding.
    template <asio::completion_token_for<wait_signature> Token>
    auto async_shutdown(Token&& token) {
        return asio::async_initiate<Token, wait_signature>(
            [](auto handler, stream* self) { self->do_shutdown(wait_handler(std::move(handler))); }, token, this);
    }

    /// Closes at once, in both directions; what is pending completes with operation_aborted. Harmless when repeated.
    virtual void close() noexcept = 0;

    /// Completes what is pending with operation_aborted; the stream stays open.
    virtual void cancel() noexcept = 0;

protected:
    using io_handler = asio::any_completion_handler<io_signature>;
    using wait_handler = asio::any_completion_handler<wait_signature>;

private:
    virtual void do_read(asio::mutable_buffer into, io_handler handler) = 0;
    virtual void do_write(std::span<asio::const_buffer const> from, io_handler handler) = 0;
    virtual void do_wait_readable(wait_handler handler) = 0;
    virtual void do_shutdown(wait_handler handler) = 0;
};

} // namespace aldis::transport
