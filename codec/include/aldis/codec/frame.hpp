// The fixed header (2.1), and the receive buffer that cuts a byte stream into frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/fault.hpp>
#include <aldis/codec/result.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::codec {

/// One whole control packet, not looked into yet. `body` is what follows the fixed header; `size` counts all bytes.
struct frame {
    packet_type  type{};
    std::uint8_t flags = 0;
    bytes_view   body{};
    std::size_t  size = 0;

    std::size_t header_size() const noexcept { return size - body.size(); }
};

/// The frame at the front of `in`; nothing while bytes of it are missing.
/// Fails with packet_type_reserved, packet_not_in_version (AUTH before 5.0), reserved_flags, length_not_minimal, length_too_long,
/// or packet_too_large (more than `max_size` bytes in all) as soon as the fixed header is there; it never waits for the rest of
/// a packet it will refuse.
/// [MQTT-2.1.3-1] [MQTT-1.5.5-1] [MQTT-3.1.2-24]
result<std::optional<frame>> next_frame(bytes_view in, std::size_t max_size = max_packet_size, protocol version = protocol::v5) noexcept;

/// The bytes received and not yet taken as frames. Memory grows with bytes received, never with bytes declared: 4 KiB at first,
/// doubling, at most the announced packet and never more than the maximum packet size plus one read. A peer that keeps filling the buffer
/// with small packets has it grow to 16 KiB, and shrink again when its reads have become small.
/// Frames and what was decoded from them stay valid until the next prepare(), or as long as what hold() returned lives.
class frame_buffer {
public:
    frame_buffer() = default;

    /// Free space to read into, at least one byte. Invalidates the views of earlier frames, unless held.
    std::span<std::byte> prepare();

    /// `n` bytes of the space that prepare() gave have been filled.
    void commit(std::size_t n) noexcept;

    /// Takes the next frame, or nothing while it is incomplete. A fault is terminal: it is returned again for ever.
    result<std::optional<frame>> next(std::size_t max_size, protocol version = protocol::v5) noexcept;

    /// Shares ownership of the bytes under all frames since the last prepare(); nothing is copied.
    std::shared_ptr<void const> hold() const noexcept { return block_; }

    /// Bytes received and not taken yet.
    std::size_t size() const noexcept { return end_ - begin_; }

    /// Gives the memory back when nothing is buffered; an idle connection then holds none.
    void release_if_empty() noexcept;

    std::size_t capacity() const noexcept { return capacity_; }

private:
    void adapt();
    void move_to(std::size_t capacity);

    std::shared_ptr<std::byte[]> block_{};
    std::size_t                  capacity_ = 0;
    std::size_t                  begin_ = 0;
    std::size_t                  end_ = 0;
    std::size_t                  wanted_ = 0;                      // size of the frame being received, once known
    std::uint8_t                 filled_reads_ = 0;                // in a row
    std::uint8_t                 small_reads_ = 0;                 // in a row
    std::optional<fault>         broken_{};
};

} // namespace aldis::codec
