// What a TLS connection holds of the bytes below it: received and not decrypted, encrypted and not sent.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tls_native.hpp"

namespace aldis::transport {

/// What was received and is not decrypted yet. There is room only while there is use for it.
class tls_input {
public:
    /// Room for the next read; what was in it is gone. A read that filled its room is followed by a large one.
    std::span<unsigned char> room();
    void                     received(std::size_t size) noexcept;
    std::size_t              take(void* into, std::size_t size) noexcept;
    bool                     is_empty() const noexcept { return begin_ == end_; }
    void                     free() noexcept;
    /// Whether the very first byte was none that TLS begins with.
    bool                     is_foreign() const noexcept { return first_ != 0 && (first_ < 20 || first_ > 23); }

private:
    static constexpr std::size_t small = 2048;
    static constexpr std::size_t large = 32768;

    std::unique_ptr<unsigned char[]> bytes_;
    std::size_t                      size_ = 0, next_size_ = small, begin_ = 0, end_ = 0;
    unsigned char                    first_ = 0;
};

/// What waits to be sent: one block is on its way while the next is filled.
class tls_output {
public:
    void                     add(void const* from, std::size_t size);
    /// The next block, or nothing.
    std::span<unsigned char const> next();
    void                     sent(std::size_t size) noexcept;
    std::size_t              size() const noexcept { return sending_.size() - begin_ + queued_.size(); }
    void                     free() noexcept;

private:
    std::vector<unsigned char> sending_, queued_;
    std::size_t                begin_ = 0;
};

/// Both as OpenSSL wants them; they must outlive it.
BIO* make_bio(tls_input& input, tls_output& output);

} // namespace aldis::transport
