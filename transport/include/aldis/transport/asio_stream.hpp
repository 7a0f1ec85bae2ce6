// Any stream of Asio's, or one that looks like it, as a transport::stream: a serial port, a pipe, a stream of the program's own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// Owns a `Next` that has async_read_some, async_write_some, close(error_code&), cancel(error_code&) and get_executor(): a
/// serial_port, a posix::stream_descriptor, a socket. It must be ordered and reliable [MQTT-4.2-1]. Where `Next` has no half-close,
/// async_shutdown() completes at once and the peer notices the end at close(); where it cannot wait without reading, neither can this,
/// and async_wait_readable() completes at once. Errors are those of `Next`: a terminal whose other end is gone says so in its own words.
template <class Next>
class asio_stream final : public stream {
public:
    /// `name` is what logs call the other end.
    asio_stream(Next next, std::string name) : next_(std::move(next)), name_(std::move(name)) {}

    Next& next() noexcept { return next_; }

    executor_type get_executor() const override { return const_cast<Next&>(next_).get_executor(); }
    std::string   remote_name() const override { return name_; }

    void close() noexcept override {
        error_code ignored;
        next_.close(ignored);
    }

    void cancel() noexcept override {
        error_code ignored;
        next_.cancel(ignored);
    }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override { next_.async_read_some(into, std::move(handler)); }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        while (!from.empty() && from.front().size() == 0) from = from.subspan(1);
        next_.async_write_some(from, std::move(handler));
    }

    void do_wait_readable(wait_handler handler) override {
        if constexpr (requires { next_.async_wait(Next::wait_read, std::move(handler)); }) next_.async_wait(Next::wait_read, std::move(handler));
        else asio::post(get_executor(), asio::append(std::move(handler), error_code()));
    }

    void do_shutdown(wait_handler handler) override {
        error_code ec;
        if constexpr (requires { next_.shutdown(Next::shutdown_send, ec); }) next_.shutdown(Next::shutdown_send, ec);
        asio::post(get_executor(), asio::append(std::move(handler), ec));
    }

    Next        next_;
    std::string name_;
};

/// Takes a stream over: make_stream(asio::serial_port(...), "/dev/ttyUSB0").
template <class Next>
std::unique_ptr<stream> make_stream(Next next, std::string name) {
    return std::make_unique<asio_stream<Next>>(std::move(next), std::move(name));
}

} // namespace aldis::transport
