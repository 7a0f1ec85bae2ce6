// Bytes and text as views, and the buffer that owns bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace aldis {

/// Bytes owned by someone else; two views are equal when their contents are.
struct bytes_view : std::span<std::byte const> {
    using std::span<std::byte const>::span;
    constexpr bytes_view(std::span<std::byte const> s) noexcept : span(s) {}

    friend bool operator==(bytes_view a, bytes_view b) noexcept { return std::ranges::equal(a, b); }
};

/// Bytes with an owner. Encoding appends to one; reuse it and encoding stops allocating.
using byte_buffer = std::vector<std::byte>;

/// The bytes of `text`, which must outlive the view.
inline bytes_view to_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<std::byte const*>(text.data()), text.size()};
}

/// `bytes` read as characters, whatever they are; they must outlive the view.
inline std::string_view to_text(bytes_view bytes) noexcept {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

} // namespace aldis
