// The fixed header, and the receive buffer.
#include <aldis/codec/frame.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstring>

#include "layout.hpp"

namespace aldis::codec {
namespace {

/// Who has said next to nothing costs next to nothing; then it doubles.
constexpr std::size_t start_capacity = 512;
constexpr std::size_t first_capacity = 4096;

/// A peer that has more to say fills what it is given, twice in a row; then a read may bring more, up to here. One of whom this many reads in
/// a row would have fitted into half of the first buffer gets that again.
constexpr std::size_t  busy_capacity = 16'384;
constexpr std::uint8_t filled_before_growing = 2, small_before_shrinking = 8;

/// The fixed header at the front of a packet; `header` is 0 while bytes of it are missing.
struct fixed_header {
    std::size_t header = 0;
    std::size_t size = 0;                                          // of the whole packet
};

/// What is wrong with the first byte of a packet.
std::optional<errc> check_first(unsigned first, protocol version) noexcept {
    auto const required = required_flags[first >> 4];
    if (first >> 4 == 0) return errc::packet_type_reserved;
    if (first >> 4 == static_cast<unsigned>(packet_type::auth) && !is_v5(version)) return errc::packet_not_in_version;
    if (required != any_flags && (first & 0xF) != required)
        return errc::reserved_flags;                               // [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
                                                                   // [MQTT-3.14.1-1] [MQTT-3.15.1-1] [v3-MQTT-2.2.2-1] [v3-MQTT-2.2.2-2]
                                                                   // [v3-MQTT-3.6.1-1] [v3-MQTT-3.8.1-1] [v3-MQTT-3.10.1-1] [v3-MQTT-3.14.1-1]
    return std::nullopt;
}

/// First bytes that are right whatever the version: not AUTH, which is new in 5.0.
constexpr auto right_first_bytes = [] {
    std::array<bool, 256> right{};
    for (unsigned first = 0x10; first < 0xF0; ++first)
        right[first] = required_flags[first >> 4] == any_flags || required_flags[first >> 4] == (first & 0xF);
    return right;
}();

/// Judges the first byte only with the length behind it, so that the verdict does not depend on how few bytes came.
[[gnu::noinline]] result<fixed_header> read_long_header(bytes_view in, std::size_t max_size, protocol version) noexcept {
    std::size_t remaining = 0;
    for (std::size_t i = 1; i < 5; ++i) {
        if (i >= in.size()) return fixed_header{};
        auto const byte = std::to_integer<std::size_t>(in[i]);
        remaining |= (byte & 0x7F) << (7 * (i - 1));
        if (byte >= 0x80 && i < 4) continue;

        if (auto const wrong = check_first(std::to_integer<unsigned>(in[0]), version)) return fault{*wrong, 0};
        if (byte >= 0x80) return fault{errc::length_too_long, i};
        if (byte == 0 && i > 1) return fault{errc::length_not_minimal, i};   // [MQTT-1.5.5-1]
        auto const size = i + 1 + remaining;
        if (size > max_size) return fault{errc::packet_too_large, 1};   // [MQTT-3.1.2-24] [MQTT-3.2.2-15]
        return fixed_header{i + 1, size};
    }
    return fixed_header{};
}

/// Nearly every packet: a first byte beyond doubt and a length of one or two bytes that is allowed.
[[gnu::always_inline]] inline result<fixed_header> read_header(bytes_view in, std::size_t max_size, protocol version) noexcept {
    if (in.size() < 2) return fixed_header{};
    auto const low = std::to_integer<std::size_t>(in[1]);
    auto const high = low < 0x80 || in.size() < 3 ? std::size_t{0} : std::to_integer<std::size_t>(in[2]);
    fixed_header const found = high == 0 ? fixed_header{2, 2 + low} : fixed_header{3, 3 + (low & 0x7F) + high * 0x80};
    bool const whole = low < 0x80 || (high > 0 && high < 0x80);
    if (whole && right_first_bytes[std::to_integer<std::size_t>(in[0])] && found.size <= max_size) [[likely]] return found;
    return read_long_header(in, max_size, version);
}

frame make_frame(bytes_view in, fixed_header const& h) noexcept {
    auto const first = std::to_integer<unsigned>(in[0]);
    return {.type = static_cast<packet_type>(first >> 4),
            .flags = static_cast<std::uint8_t>(first & 0xF),
            .body = {in.data() + h.header, h.size - h.header},
            .size = h.size};
}

} // namespace

result<std::optional<frame>> next_frame(bytes_view in, std::size_t max_size, protocol version) noexcept {
    auto const header = read_header(in, max_size, version);
    if (!header) return header.error();
    if (header->header == 0 || in.size() < header->size) return std::optional<frame>{};
    return std::optional{make_frame(in, *header)};
}

std::span<std::byte> frame_buffer::prepare() {
    bool const ours = block_.use_count() == 1;
    if (ours) std::atomic_thread_fence(std::memory_order_acquire);   // whoever held the bytes has done with them
    if (ours && size() == 0) begin_ = end_ = 0;
    adapt();

    // The free space behind the last byte is nobody's view, so it may be used even while the block is held.
    auto const space = capacity_ - end_;
    if (space == 0 || space < capacity_ / 4) {
        if (size() == capacity_) {
            auto const doubled = std::max(2 * capacity_, start_capacity);
            move_to(wanted_ > capacity_ ? std::max(std::min(doubled, wanted_), start_capacity) : doubled);
        } else if (!ours) {
            move_to(capacity_);
        } else if (begin_ > 0) {
            std::memmove(block_.get(), block_.get() + begin_, size());
            end_ = size();
            begin_ = 0;
        }
    }
    return {block_.get() + end_, capacity_ - end_};
}

void frame_buffer::commit(std::size_t n) noexcept {
    assert(n <= capacity_ - end_);
    auto const offered = capacity_ - end_;
    end_ += n;
    bool const is_filled = n == offered && offered >= capacity_ / 2;
    bool const is_small = n <= first_capacity / 2 && n < offered;
    filled_reads_ = is_filled ? static_cast<std::uint8_t>(std::min(filled_reads_ + 1, int{filled_before_growing})) : std::uint8_t{0};
    small_reads_ = is_small ? static_cast<std::uint8_t>(std::min(small_reads_ + 1, int{small_before_shrinking})) : std::uint8_t{0};
}

/// Between packets, and while small ones are received: large ones have a way of their own.
void frame_buffer::adapt() {
    bool const grows = filled_reads_ >= filled_before_growing && capacity_ < busy_capacity && wanted_ <= capacity_;
    bool const shrinks = small_reads_ >= small_before_shrinking && capacity_ > first_capacity && size() == 0;
    if (!grows && !shrinks) return;
    move_to(grows ? std::min(2 * capacity_, busy_capacity) : first_capacity);
    filled_reads_ = small_reads_ = 0;
}

result<std::optional<frame>> frame_buffer::next(std::size_t max_size, protocol version) noexcept {
    if (broken_) return *broken_;
    bytes_view const in{block_.get() + begin_, size()};
    auto const header = read_header(in, max_size, version);
    if (!header) {
        broken_ = header.error();
        return *broken_;
    }
    wanted_ = header->size;
    if (header->header == 0 || in.size() < header->size) return std::optional<frame>{};
    wanted_ = 0;
    begin_ += header->size;
    return std::optional{make_frame(in, *header)};
}

void frame_buffer::release_if_empty() noexcept {
    if (size() > 0) return;
    block_.reset();
    capacity_ = begin_ = end_ = 0;
}

void frame_buffer::move_to(std::size_t capacity) {
    auto block = std::make_shared_for_overwrite<std::byte[]>(capacity);
    auto const kept = size();
    if (kept > 0) std::memcpy(block.get(), block_.get() + begin_, kept);
    block_ = std::move(block);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
}

} // namespace aldis::codec
