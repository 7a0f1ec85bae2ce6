// What lies between Beast and the stream underneath.
#include "web_wire.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include <boost/asio/error.hpp>

#include "completion.hpp"

namespace aldis::transport {
namespace {

using io_completion = completion<error_code, std::size_t>;
using wait_completion = completion<error_code>;

// Boost 1.81 assigns an any_completion_handler by calling itself without end; swapping is fine.
template <class Handler>
Handler take(Handler& from) {
    Handler taken;
    taken.swap(from);
    return taken;
}

} // namespace

void web_wire::read(asio::mutable_buffer into, io_handler handler) {
    if (!surplus_.empty()) {
        auto const size = asio::buffer_copy(into, asio::buffer(surplus_));
        surplus_.erase(0, size);
        if (surplus_.empty()) std::string().swap(surplus_);
        return io_completion(std::move(handler), next_->get_executor()).post({}, size);
    }
    if (is_open_ || is_server_) return next_->async_read_some(into, std::move(handler));
    if (answered_ >= max_answer) return io_completion(std::move(handler), next_->get_executor()).post(asio::error::eof, 0);
    next_->async_read_some(into, [self = shared_from_this(), into, held = std::move(handler)](error_code ec, std::size_t size) mutable {
        self->keep_answer({static_cast<char const*>(into.data()), size});
        std::move(held)(ec, size);
    });
}

void web_wire::keep_answer(std::string_view bytes) {
    answer_ += bytes.substr(0, kept_answer - std::min(kept_answer, answer_.size()));
    answered_ += bytes.size();
}

void web_wire::write_staged(std::size_t count, io_handler handler) {
    total_ = asio::buffer_size(std::span(staged_.data(), count));
    if (is_close_sent_ || write_error_ || count == 0)
        return io_completion(std::move(handler), next_->get_executor()).post({}, total_);
    pieces_ = staged_;
    first_piece_ = 0;
    piece_count_ = count;
    is_busy_ = true;
    if (is_open_ && is_closing()) is_close_sent_ = true;
    write_more(std::move(handler));
}

// The handler travels with the operation below: kept here it would keep us, and with us itself, alive when the loop ends before its turn.
void web_wire::write_more(io_handler handler) {
    std::span<asio::const_buffer const> const left(pieces_.data() + first_piece_, piece_count_ - first_piece_);
    next_->async_write_some(left, [self = shared_from_this(), held = std::move(handler)](error_code ec, std::size_t bytes) mutable {
        self->on_written(ec, bytes, std::move(held));
    });
}

void web_wire::on_written(error_code ec, std::size_t bytes, io_handler handler) {
    for (; bytes > 0 && first_piece_ < piece_count_; ++first_piece_) {
        auto&      piece = pieces_[first_piece_];
        auto const part = std::min(bytes, piece.size());
        piece += part;
        bytes -= part;
        if (piece.size() > 0) break;
    }
    if (!ec && first_piece_ < piece_count_) return write_more(std::move(handler));
    if (ec) write_error_ = ec;
    is_busy_ = false;
    std::move(handler)(is_open_ ? error_code{} : ec, ec && !is_open_ ? 0 : total_);
    if (is_over_) end_next();
    try_send_close();
}

void web_wire::send_close(std::uint16_t code, wait_handler handler) {
    close_code_ = code;
    closing_.swap(handler);
    try_send_close();
}

void web_wire::try_send_close() {
    if (!closing_ || is_busy_ || is_in_message()) return;
    auto done = take(closing_);
    // The peer's may have come first, and Beast has answered it.
    if (is_close_sent_ || write_error_) return std::move(done)(write_error_);
    is_close_sent_ = true;
    auto const size = write_close_frame();
    pieces_[0] = asio::buffer(close_frame_, size);
    first_piece_ = 0;
    piece_count_ = 1;
    total_ = size;
    is_busy_ = true;
    write_more(io_handler([this, held = std::move(done)](error_code, std::size_t) mutable { std::move(held)(write_error_); }));
}

// A final frame with opcode 8 (RFC 6455, section 5.5.1); what a client sends is masked.
std::size_t web_wire::write_close_frame() {
    std::array<std::uint8_t, 2> const code{static_cast<std::uint8_t>(close_code_ >> 8), static_cast<std::uint8_t>(close_code_ & 0xFF)};
    close_frame_ = {0x88, 0x02, code[0], code[1]};
    if (is_server_) return 4;
    auto const key = std::random_device{}();
    close_frame_[1] |= 0x80;
    std::memcpy(close_frame_.data() + 2, &key, 4);
    for (std::size_t i = 0; i < code.size(); ++i) close_frame_[6 + i] = code[i] ^ close_frame_[2 + i];
    return 8;
}

void web_wire::teardown(wait_handler handler) {
    is_over_ = true;
    if (!is_busy_) end_next();
    wait_completion(std::move(handler), next_->get_executor()).post({});
}

void web_wire::end_next() {
    is_over_ = false;
    if (!is_server_ || write_error_) return;
    next_->async_shutdown([self = shared_from_this()](error_code) {});
}

} // namespace aldis::transport
