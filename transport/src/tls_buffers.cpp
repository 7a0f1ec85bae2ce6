// The buffers below a TLS connection, as a BIO of OpenSSL.
#include "tls_buffers.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace aldis::transport {
namespace {

struct wire {
    tls_input&  input;
    tls_output& output;
};

int read_wire(BIO* bio, char* into, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    *got = static_cast<wire*>(BIO_get_data(bio))->input.take(into, size);
    if (*got > 0) return 1;
    BIO_set_retry_read(bio);
    return 0;
}

int write_wire(BIO* bio, char const* from, std::size_t size, std::size_t* taken) {
    BIO_clear_retry_flags(bio);
    *taken = size;
    try {
        static_cast<wire*>(BIO_get_data(bio))->output.add(from, size);
    } catch (std::bad_alloc const&) {
        return 0;
    }
    return 1;
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int destroy_wire(BIO* bio) {
    delete static_cast<wire*>(BIO_get_data(bio));
    return 1;
}

BIO_METHOD* make_method() {
    auto* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aldis stream");
    BIO_meth_set_read_ex(method, read_wire);
    BIO_meth_set_write_ex(method, write_wire);
    BIO_meth_set_ctrl(method, control_wire);
    BIO_meth_set_destroy(method, destroy_wire);
    return method;
}

} // namespace

BIO* make_bio(tls_input& input, tls_output& output) {
    static BIO_METHOD* const method = make_method();
    auto* const              bio = BIO_new(method);
    BIO_set_data(bio, new wire{input, output});
    BIO_set_init(bio, 1);
    return bio;
}

std::span<unsigned char> tls_input::room() {
    if (size_ != next_size_) {
        bytes_ = std::make_unique_for_overwrite<unsigned char[]>(next_size_);
        size_ = next_size_;
    }
    begin_ = end_ = 0;
    return {bytes_.get(), size_};
}

void tls_input::received(std::size_t size) noexcept {
    end_ = size;
    if (first_ == 0 && size > 0) first_ = bytes_[0];
    next_size_ = size == size_ ? large : small;
}

std::size_t tls_input::take(void* into, std::size_t size) noexcept {
    auto const part = std::min(size, end_ - begin_);
    if (part > 0) std::memcpy(into, bytes_.get() + begin_, part);
    begin_ += part;
    return part;
}

void tls_input::free() noexcept {
    bytes_.reset();
    size_ = begin_ = end_ = 0;
}

void tls_output::add(void const* from, std::size_t size) {
    auto const* const bytes = static_cast<unsigned char const*>(from);
    queued_.insert(queued_.end(), bytes, bytes + size);
}

std::span<unsigned char const> tls_output::next() {
    if (begin_ == sending_.size()) {
        sending_ = std::exchange(queued_, {});
        begin_ = 0;
    }
    return std::span(sending_).subspan(begin_);
}

void tls_output::sent(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ < sending_.size()) return;
    sending_ = {};
    begin_ = 0;
}

void tls_output::free() noexcept {
    sending_ = {};
    queued_ = {};
    begin_ = 0;
}

} // namespace aldis::transport
