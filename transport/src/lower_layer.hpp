// A transport::stream as Asio's composed operations want it: an AsyncReadStream and AsyncWriteStream over buffer sequences.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <boost/asio/buffer.hpp>

#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// Owns the stream. Not to be moved while a write is outstanding: the list of its buffers is kept here.
class lower_layer {
public:
    using executor_type = stream::executor_type;
    using lowest_layer_type = lower_layer;

    explicit lower_layer(std::unique_ptr<stream> next) noexcept : next_(std::move(next)) {}

    executor_type            get_executor() const { return next_->get_executor(); }
    lowest_layer_type&       lowest_layer() noexcept { return *this; }
    lowest_layer_type const& lowest_layer() const noexcept { return *this; }
    stream&                  next() noexcept { return *next_; }
    stream const&            next() const noexcept { return *next_; }
    std::unique_ptr<stream>  release() noexcept { return std::move(next_); }

    /// Reads into the first buffer that has room.
    template <class Buffers, asio::completion_token_for<stream::io_signature> Token>
    auto async_read_some(Buffers const& into, Token&& token) {
        return next_->async_read_some(first_of(into), std::forward<Token>(token));
    }

    /// Writes the first of the buffers in one gather; what is left over is a partial write like any other.
    template <class Buffers, asio::completion_token_for<stream::io_signature> Token>
    auto async_write_some(Buffers const& from, Token&& token) {
        return next_->async_write_some(keep(from), std::forward<Token>(token));
    }

private:
    template <class Buffers>
    static asio::mutable_buffer first_of(Buffers const& into) {
        auto const end = asio::buffer_sequence_end(into);
        auto const found = std::find_if(asio::buffer_sequence_begin(into), end,
                                        [](asio::mutable_buffer const& each) { return each.size() > 0; });
        return found == end ? asio::mutable_buffer() : asio::mutable_buffer(*found);
    }

    template <class Buffers>
    std::span<asio::const_buffer const> keep(Buffers const& from) {
        std::size_t count = 0;
        auto const  end = asio::buffer_sequence_end(from);
        for (auto at = asio::buffer_sequence_begin(from); at != end && count < kept_.size(); ++at) {
            asio::const_buffer const piece(*at);
            if (piece.size() > 0) kept_[count++] = piece;
        }
        return std::span(kept_.data(), count);
    }

    std::unique_ptr<stream>            next_;
    std::array<asio::const_buffer, 16> kept_{};
};

} // namespace aldis::transport
