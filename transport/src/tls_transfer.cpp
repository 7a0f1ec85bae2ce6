// Bytes through an established TLS connection: decrypting, encrypting, and the reads and writes below.
#include <algorithm>
#include <array>
#include <cstring>

#include <boost/asio/bind_cancellation_slot.hpp>

#include <openssl/err.h>

#include "tls_engine.hpp"
#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

constexpr std::size_t record_size = 16384;
constexpr std::size_t batch_size = 4 * record_size;                // of plain text, in one lower write
constexpr std::size_t max_backlog = record_size;                   // of answers that the peer does not take; reading rests meanwhile
constexpr unsigned    max_idle_messages = 32;

// How long the reason of a failed write is looked for.
constexpr std::chrono::milliseconds patience{250};

bool is_gone(error_code ec) noexcept {
    return ec == asio::error::broken_pipe || ec == asio::error::connection_reset || ec == asio::error::connection_aborted;
}

// Takes what comes next of a list of buffers, in pieces of at most a record: small ones are put together.
class gather {
public:
    explicit gather(std::span<asio::const_buffer const> from) : left_(from) {}

    std::span<unsigned char const> next() {
        skip_empty();
        if (left_.empty()) return {};
        auto const whole = current();
        if (whole.size() >= record_size || left_.size() == 1) return whole.first(std::min(whole.size(), record_size));
        std::size_t size = 0;
        auto        offset = offset_;
        for (auto const& each : left_) {
            auto const part = std::min(each.size() - offset, record_size - size);
            std::memcpy(staged_.data() + size, static_cast<unsigned char const*>(each.data()) + offset, part);
            size += part;
            offset = 0;
            if (size == record_size) break;
        }
        return std::span(staged_).first(size);
    }

    void taken(std::size_t size) {
        while (size > 0) {
            auto const part = std::min(size, left_.front().size() - offset_);
            size -= part;
            offset_ += part;
            skip_empty();
        }
    }

private:
    std::span<unsigned char const> current() const {
        return std::span(static_cast<unsigned char const*>(left_.front().data()), left_.front().size()).subspan(offset_);
    }

    void skip_empty() {
        while (!left_.empty() && offset_ == left_.front().size()) {
            left_ = left_.subspan(1);
            offset_ = 0;
        }
    }

    std::span<asio::const_buffer const>    left_;
    std::size_t                            offset_ = 0;
    std::array<unsigned char, record_size> staged_;
};

} // namespace

// ---- reading ------------------------------------------------------------------------------------------------------------------------

void tls_engine::step_wait() {
    if (!wait_) return;
    std::byte   ignored{};
    std::size_t got = 0;
    if (!decrypt(asio::buffer(&ignored, 1), true, got) && !read_end_) {
        awaits_input_ = true;
        return;
    }
    auto done = std::move(wait_->done);
    wait_.reset();
    std::move(done).post({});
}

void tls_engine::step_read() {
    if (!read_) return;
    std::size_t total = 0, got = 0;
    while (total < read_->what.size() && decrypt(read_->what + total, false, got)) total += got;
    if (total == 0 && !read_end_) {
        needs_input_ = true;
        return;
    }
    auto done = std::move(read_->done);
    read_.reset();
    if (total > 0) std::move(done).post({}, total);
    else std::move(done).post(*read_end_, 0);
}

// Answers pile up that the peer does not take, to key updates for instance: no more of what causes them is read meanwhile.
bool tls_engine::is_choking() const noexcept { return output_.size() > max_backlog + data_size_; }

// Whether there are bytes; the end of all reading is found here too. More input is wanted where neither is the case.
bool tls_engine::decrypt(asio::mutable_buffer into, bool is_peek, std::size_t& got) {
    if (read_end_ || is_choking()) return false;
    ERR_clear_error();
    auto const result = is_peek ? SSL_peek_ex(ssl_.get(), into.data(), into.size(), &got) : SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    if (result == 1) {
        connection_.idle_messages = 0;
        see_ = nullptr;
        return true;
    }
    auto const why = SSL_get_error(ssl_.get(), result);
    if (why == SSL_ERROR_ZERO_RETURN) read_end_ = asio::error::eof;
    else if (why != SSL_ERROR_WANT_READ) end_reading(explain_failure(ssl_.get()));
    else if (connection_.idle_messages > max_idle_messages) end_reading({errc::tls_failed, "the peer sends TLS messages without end, and no data"});
    else if (input_end_) read_end_ = *input_end_ ? *input_end_ : error_code(errc::tls_truncated);
    return false;
}

void tls_engine::end_reading(tls_trouble trouble) {
    read_end_ = trouble.why;
    if (!write_end_) write_end_ = trouble.why;
    tell(trouble);
    see_ = nullptr;
}

// ---- writing ------------------------------------------------------------------------------------------------------------------------

void tls_engine::step_write() {
    look_for_reason();
    if (!write_ || patience_) return;
    if (write_end_ && encrypted_ == 0) {
        auto done = std::move(write_->done);
        write_.reset();
        return std::move(done).post(*write_end_, 0);
    }
    if (output_.size() > 0) return;
    data_size_ = 0;
    if (encrypted_ > 0) {
        auto done = std::move(write_->done);
        write_.reset();
        return std::move(done).post({}, std::exchange(encrypted_, 0));
    }
    if (is_ending_) write_end_ = asio::error::broken_pipe;
    else encrypted_ = encrypt(write_->what);
    if (encrypted_ == 0) return step_write();
}

std::size_t tls_engine::encrypt(std::span<asio::const_buffer const> from) {
    gather      pieces(from);
    std::size_t total = 0;
    while (total < batch_size) {
        auto const  piece = pieces.next();
        std::size_t taken = 0;
        if (piece.empty()) break;
        ERR_clear_error();
        if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1) {
            auto trouble = explain_failure(ssl_.get());
            if (!write_end_) write_end_ = trouble.why;
            break;
        }
        pieces.taken(taken);
        total += taken;
    }
    data_size_ = output_.size();
    return total;
}

// A server that refuses us says so and closes. Our write then fails before we have read why: the reason may be there, and is worth more.
void tls_engine::look_for_reason() {
    if (!patience_) return;
    std::byte   ignored{};
    std::size_t got = 0;
    bool const  has_data = decrypt(asio::buffer(&ignored, 1), true, got);
    if (!has_data && !read_end_) {
        needs_input_ = true;
        return;
    }
    if (read_end_ == errc::tls_rejected || read_end_ == errc::tls_no_common_ground) write_end_ = read_end_;
    patience_->cancel();
    patience_.reset();
}

void tls_engine::step_shutdown() {
    if (!shutdown_ || is_lower_ending_) return;
    if (!std::exchange(is_ending_, true) && !write_end_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    if (output_.size() > 0) return;
    is_lower_ending_ = true;
    lower_->async_shutdown([self = shared_from_this(), no = shutdown_->no](error_code ec) {
        self->is_lower_ending_ = false;
        if (!self->shutdown_ || self->shutdown_->no != no) return self->advance();
        auto done = std::move(self->shutdown_->done);
        self->shutdown_.reset();
        std::move(done).post(ec);
    });
}

// ---- the stream below ---------------------------------------------------------------------------------------------------------------

void tls_engine::flush() {
    if (is_flushing_ || is_closed_ || is_broken_) return;
    auto const block = output_.next();
    if (block.empty()) return;
    is_flushing_ = true;
    sending_ = asio::buffer(block.data(), block.size());
    lower_->async_write_some(std::span(&sending_, 1), [self = shared_from_this()](error_code ec, std::size_t size) { self->on_flushed(ec, size); });
}

void tls_engine::on_flushed(error_code ec, std::size_t size) {
    is_flushing_ = false;
    output_.sent(size);
    if (is_closed_) return;
    if (ec) {
        is_broken_ = true;
        output_.free();
        encrypted_ = 0;
        if (!write_end_) write_end_ = ec;
        if (progress_ == progress::done && is_gone(ec) && !read_end_) {
            patience_ = std::make_unique<asio::steady_timer>(lower_->get_executor(), patience);
            patience_->async_wait([weak = weak_from_this()](error_code stopped) {
                auto const self = weak.lock();
                if (!self || stopped) return;
                self->patience_.reset();
                self->advance();
            });
        }
    }
    advance();
}

// Asks for what is missing. Somebody who only waits gets no buffer until there is something to put into it.
void tls_engine::fetch() {
    if (is_closed_) return;
    bool const is_over = input_end_.has_value() || !input_.is_empty(); // what is there was left because answers pile up
    bool const wants_bytes = !is_over && (needs_input_ || (awaits_input_ && is_readable_));
    bool const wants_news = !is_over && awaits_input_ && !wants_bytes;
    if (wants_bytes && !is_fetching_) fetch_now();
    if (!wants_bytes && is_fetching_) stop_fetching_.emit(asio::cancellation_type::terminal);
    if (!is_fetching_ && input_.is_empty()) input_.free();
    if (wants_news && !is_waiting_) {
        is_waiting_ = true;
        lower_->async_wait_readable(asio::bind_cancellation_slot(stop_waiting_.slot(), [self = shared_from_this()](error_code ec) {
            self->is_waiting_ = false;
            if (ec != asio::error::operation_aborted) self->is_readable_ = true;
            self->advance();
        }));
    }
    if (!wants_news && is_waiting_) stop_waiting_.emit(asio::cancellation_type::terminal);
}

void tls_engine::fetch_now() {
    auto const room = input_.room();
    is_fetching_ = true;
    is_readable_ = false;
    lower_->async_read_some(asio::buffer(room.data(), room.size()),
                            asio::bind_cancellation_slot(stop_fetching_.slot(), [self = shared_from_this()](error_code ec, std::size_t size) {
                                self->on_fetched(ec, size);
                            }));
}

void tls_engine::on_fetched(error_code ec, std::size_t size) {
    is_fetching_ = false;
    input_.received(size);
    if (ec && ec != asio::error::operation_aborted) input_end_ = ec == asio::error::eof ? error_code() : ec;
    advance();
}

} // namespace aldis::transport
