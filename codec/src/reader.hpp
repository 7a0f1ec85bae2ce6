// Fields off the front of a packet's body. The first error sticks: after it there is no more input, and finish() tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/fault.hpp>
#include <aldis/codec/frame.hpp>
#include <aldis/codec/result.hpp>
#include <aldis/codec/utf8.hpp>

#include "swar.hpp"

namespace aldis::codec {

inline std::uint16_t load_u16(std::byte const* at) noexcept {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 | std::to_integer<unsigned>(at[1]));
}

inline std::uint32_t load_u32(std::byte const* at) noexcept {
    return std::uint32_t{load_u16(at)} << 16 | load_u16(at + 2);
}

/// What is wrong with `text` at `place`, where find_invalid_text() stopped.
inline errc text_error(std::string_view text, std::size_t place) noexcept {
    return text[place] == '\0' ? errc::utf8_null : errc::utf8_invalid;   // [MQTT-1.5.4-1] [MQTT-1.5.4-2] [v3-MQTT-1.5.3-1] [v3-MQTT-1.5.3-2]
}

/// A Variable Byte Integer at the front of a range: its value and the byte behind it, or what is wrong with it.
struct varint_read {
    std::uint32_t       value = 0;
    std::byte const*    next = nullptr;
    std::optional<errc> wrong{};
};

inline varint_read read_varint(std::byte const* at, std::byte const* end) noexcept {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (at == end) return {0, at, errc::truncated};
        auto const byte = std::to_integer<std::uint32_t>(*at++);
        value |= (byte & 0x7F) << shift;
        if (byte >= 0x80) continue;
        if (byte == 0 && shift > 0) return {0, at, errc::varint_not_minimal};   // [MQTT-1.5.5-1]
        return {value, at, std::nullopt};
    }
    return {0, at, errc::varint_too_long};
}

class reader {
public:
    explicit reader(frame const& f) noexcept
        : at_(f.body.data()), end_(f.body.data() + f.body.size()), body_(f.body.data()), header_(f.header_size()) {}

    std::uint8_t u8() noexcept {
        if (at_ == end_) [[unlikely]] return fail(errc::truncated), std::uint8_t{0};
        return std::to_integer<std::uint8_t>(*at_++);
    }

    std::uint16_t u16() noexcept {
        if (left() < 2) [[unlikely]] return fail(errc::truncated), std::uint16_t{0};
        at_ += 2;
        return load_u16(at_ - 2);
    }

    std::uint32_t varint() noexcept {
        if (more() && *at_ < std::byte{0x80}) [[likely]] return std::to_integer<std::uint32_t>(*at_++);
        auto const read = read_varint(at_, end_);
        if (read.wrong) [[unlikely]] return fail(*read.wrong), std::uint32_t{0};
        at_ = read.next;
        return read.value;
    }

    /// Two bytes of length and as many bytes.
    bytes_view binary() noexcept {
        if (left() < 2) [[unlikely]] return fail(errc::truncated), bytes_view{};
        auto const size = load_u16(at_);
        if (left() - 2U < size) [[unlikely]] return fail(errc::truncated), bytes_view{};
        at_ += 2U + size;
        return {at_ - size, size};
    }

    /// The same, of MQTT text.
    std::string_view text() noexcept {
        auto const text = to_text(binary());
        if (is_plain_text(text)) [[likely]] return text;
        if (auto const stop = find_invalid_text(text); stop != text.size()) [[unlikely]]
            return fail(text_error(text, stop), to_bytes(text).data() + stop), std::string_view{};
        return text;
    }

    /// The next `n` bytes, which must be there.
    bytes_view take(std::size_t n) noexcept {
        at_ += n;
        return {at_ - n, n};
    }

    bytes_view rest() noexcept { return take(left()); }

    std::size_t      left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    std::byte const* here() const noexcept { return at_; }

    /// False at the end and after a failure: every loop ends.
    bool more() const noexcept { return at_ != end_; }
    bool failed() const noexcept { return failed_; }

    /// The first failure wins; the remaining input is dropped.
    void fail(errc why, std::byte const* where) noexcept { stop(why, header_ + static_cast<std::size_t>(where - body_)); }
    void fail(errc why) noexcept { fail(why, at_); }

    /// A failure that the first byte of the fixed header shows.
    void fail_header(errc why) noexcept { stop(why, 0); }

    /// What failed; input left over is a failure.
    std::optional<fault> finish() noexcept {
        if (more()) [[unlikely]] fail(errc::trailing_bytes);
        if (failed_) [[unlikely]] return fault{why_, offset_};
        return std::nullopt;
    }

private:
    void stop(errc why, std::size_t offset) noexcept {
        if (!failed_) {
            failed_ = true;
            why_ = why;
            offset_ = offset;
        }
        at_ = end_;
    }

    std::byte const* at_;
    std::byte const* end_;
    std::byte const* body_;
    std::size_t      header_;
    std::size_t      offset_ = 0;
    errc             why_{};
    bool             failed_ = false;
};

} // namespace aldis::codec
