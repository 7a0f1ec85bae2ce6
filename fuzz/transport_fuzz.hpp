// For the targets of transport: a stream whose incoming bytes are the fuzzer's, in pieces as long as the fuzzer says.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <aldis/transport/stream.hpp>

#include "fuzz.hpp"

namespace aldis::fuzz {

namespace asio = boost::asio;
using transport::error_code;

/// The first bytes of an input choose, the rest are what arrives.
class script {
public:
    static constexpr std::size_t choices = 6;

    script(std::uint8_t const* data, std::size_t size) : chosen_(), bytes_(data + std::min(size, choices), size - std::min(size, choices)) {
        std::copy_n(data, std::min(size, choices), chosen_.begin());
    }

    std::uint8_t     choice(std::size_t which) const noexcept { return chosen_[which]; }
    std::string_view bytes() const noexcept { return bytes_.text(); }
    /// How long the piece with this number is: four of them, over and over.
    std::size_t piece(std::size_t number) const noexcept { return 1U + chosen_[2 + number % 4]; }

private:
    std::array<std::uint8_t, choices> chosen_;
    exact_copy                        bytes_;
};

/// Passes everything on to `inner` until it is told to feed; from then on reads get the script's bytes and then end of file, and writes
/// vanish.
class fed_stream final : public transport::stream {
public:
    fed_stream(asio::any_io_executor ex, script const& from, bool is_whole, std::unique_ptr<stream> inner = {})
        : ex_(std::move(ex)), script_(from), inner_(std::move(inner)), is_whole_(is_whole) {}

    void feed() noexcept { is_feeding_ = true; }

    executor_type get_executor() const override { return ex_; }
    std::string   remote_name() const override { return "fuzzer"; }

    void close() noexcept override {
        is_closed_ = true;
        if (inner_) inner_->close();
    }
    void cancel() noexcept override {
        if (inner_) inner_->cancel();
    }

private:
    bool is_inner() const noexcept { return inner_ && !is_feeding_; }

    void do_read(asio::mutable_buffer into, io_handler handler) override {
        if (is_inner()) return inner_->async_read_some(into, std::move(handler));
        auto const left = script_.bytes().substr(at_);
        if (is_closed_) return finish(std::move(handler), asio::error::operation_aborted, 0);
        if (left.empty() || into.size() == 0) return finish(std::move(handler), into.size() == 0 ? error_code{} : asio::error::eof, 0);
        auto const size = asio::buffer_copy(into, asio::buffer(left), is_whole_ ? left.size() : script_.piece(number_++));
        at_ += size;
        finish(std::move(handler), {}, size);
    }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        if (is_inner()) return inner_->async_write_some(from, std::move(handler));
        finish(std::move(handler), is_closed_ ? error_code(asio::error::operation_aborted) : error_code{}, is_closed_ ? 0 : asio::buffer_size(from));
    }

    void do_wait_readable(wait_handler handler) override {
        if (is_inner()) return inner_->async_wait_readable(std::move(handler));
        asio::post(ex_, [held = std::move(handler)]() mutable { std::move(held)(error_code{}); });
    }

    void do_shutdown(wait_handler handler) override {
        asio::post(ex_, [held = std::move(handler)]() mutable { std::move(held)(error_code{}); });
    }

    void finish(io_handler handler, error_code ec, std::size_t size) {
        asio::post(ex_, [held = std::move(handler), ec, size]() mutable { std::move(held)(ec, size); });
    }

    asio::any_io_executor   ex_;
    script const&           script_;
    std::unique_ptr<stream> inner_;
    std::size_t             at_ = 0;
    std::size_t             number_ = 0;
    bool                    is_whole_;
    bool                    is_feeding_ = false;
    bool                    is_closed_ = false;
};

} // namespace aldis::fuzz
