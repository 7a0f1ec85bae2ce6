// Bytes in reading order, from a descriptor or from memory, through one buffer of bounded size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <aldis/codec/bytes.hpp>

#include "../inputs.hpp"

namespace aldis::app::dump {

/// Where the bytes come from.
class byte_input {
public:
    virtual ~byte_input() = default;
    /// Reads some bytes, 0 at the end; throws input_error.
    virtual std::size_t read(std::byte* into, std::size_t size) = 0;
    /// How many bytes there are in all; 0 where that is not known.
    virtual std::uint64_t total() const noexcept { return 0; }
};

/// A file, "-" for standard input. Throws input_error when it cannot be opened.
std::unique_ptr<byte_input> open_input(std::string const& path);

/// Bytes in memory, which must outlive the input.
std::unique_ptr<byte_input> memory_input(bytes_view bytes);

/// Looks at the next bytes of an input as one piece, whatever pieces they were read in.
class input_buffer {
public:
    explicit input_buffer(std::unique_ptr<byte_input> from) : from_(std::move(from)) {}

    /// At least `size` bytes, fewer only at the end of the input. The view lives until the next call that is not const.
    bytes_view peek(std::size_t size) {
        if (end_ - begin_ < size) fill(size);
        return {data_.get() + begin_, end_ - begin_};
    }
    /// Steps over bytes that were peeked at.
    void skip(std::size_t size) noexcept { begin_ += size; }
    /// Steps over bytes without keeping them; returns how many there were.
    std::uint64_t pass(std::uint64_t size);

    /// The place of the next byte in the input.
    std::uint64_t offset() const noexcept { return read_ - (end_ - begin_); }
    std::uint64_t total() const noexcept { return from_->total(); }

private:
    void fill(std::size_t size);

    std::unique_ptr<byte_input>  from_;
    std::unique_ptr<std::byte[]> data_{};
    std::size_t                  capacity_ = 0;
    std::size_t                  begin_ = 0;
    std::size_t                  end_ = 0;
    std::uint64_t                read_ = 0;
};

} // namespace aldis::app::dump
