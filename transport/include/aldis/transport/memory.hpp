// Two streams joined in memory, with faults on request: deterministic, without clock, socket or thread.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include <aldis/transport/stream.hpp>

namespace aldis::transport {

enum class direction : std::size_t { first_to_second, second_to_first };

/// How one direction behaves.
class memory_direction {
public:
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    memory_direction() = default;

    /// Bytes it holds; a writer waits while it is full. At least 1.
    std::size_t       capacity() const noexcept { return capacity_; }
    memory_direction& capacity(std::size_t bytes) noexcept { capacity_ = bytes == 0 ? 1 : bytes; return *this; }
    /// A read delivers at most so many bytes. At least 1.
    std::size_t       split() const noexcept { return split_; }
    memory_direction& split(std::size_t bytes) noexcept { split_ = bytes == 0 ? 1 : bytes; return *this; }
    /// Bytes become readable so many turns of the event loop after the first of them was written: what is written in between arrives
    /// in one read.
    std::size_t       coalesce() const noexcept { return coalesce_; }
    memory_direction& coalesce(std::size_t turns) noexcept { coalesce_ = turns; return *this; }
    /// Starts stalled: nothing is delivered until memory_control::release().
    bool              stalled() const noexcept { return stalled_; }
    memory_direction& stalled(bool value) noexcept { stalled_ = value; return *this; }
    /// Once the reader has taken so many bytes, both streams fail with connection_reset; what was under way is lost.
    std::size_t       reset_after() const noexcept { return reset_after_; }
    memory_direction& reset_after(std::size_t bytes) noexcept { reset_after_ = bytes; return *this; }
    /// Once the reader has taken so many bytes it reads end of file, and the writer gets broken_pipe.
    std::size_t       eof_after() const noexcept { return eof_after_; }
    memory_direction& eof_after(std::size_t bytes) noexcept { eof_after_ = bytes; return *this; }

private:
    std::size_t capacity_ = 65536;
    std::size_t split_ = never;
    std::size_t coalesce_ = 0;
    std::size_t reset_after_ = never;
    std::size_t eof_after_ = never;
    bool        stalled_ = false;
};

/// The wire between the two streams, in the hands of a test. Copies share it; it may outlive the streams. Without a wire (not yet given
/// to make_memory_pair) nothing happens and the counts are 0.
class memory_control {
public:
    memory_control();

    void stall(direction which);
    void release(direction which);
    /// Both streams fail with connection_reset from now on.
    void reset();
    /// Bytes the reader has taken, and bytes written but not yet read.
    std::size_t delivered(direction which) const noexcept;
    std::size_t buffered(direction which) const noexcept;

private:
    friend class memory_options;
    friend std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> make_memory_pair(asio::any_io_executor ex,
                                                                                        class memory_options const& options);
    struct slot;
    std::shared_ptr<slot> slot_;
};

class memory_options {
public:
    memory_options() = default;

    memory_direction const& first_to_second() const noexcept { return first_to_second_; }
    memory_options&         first_to_second(memory_direction const& value) noexcept { first_to_second_ = value; return *this; }
    memory_direction const& second_to_first() const noexcept { return second_to_first_; }
    memory_options&         second_to_first(memory_direction const& value) noexcept { second_to_first_ = value; return *this; }
    memory_options&         both(memory_direction const& value) noexcept { first_to_second_ = second_to_first_ = value; return *this; }
    /// The handle that will steer the wire.
    memory_control const&   control() const noexcept { return control_; }
    memory_options&         control(memory_control value) noexcept { control_ = std::move(value); return *this; }

private:
    memory_direction first_to_second_;
    memory_direction second_to_first_;
    memory_control   control_;
};

/// Makes two joined streams on `ex`, which runs one handler at a time.
std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> make_memory_pair(asio::any_io_executor ex, memory_options const& options = {});

} // namespace aldis::transport
