// The payload of a message, however the caller has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/bytes.hpp>

namespace aldis {

/// Text or bytes, as a view: what is given to a function that takes one is copied before that function returns.
class payload_view {
public:
    payload_view() = default;
    payload_view(char const* text) noexcept : bytes_(to_bytes(text)) {}
    payload_view(std::string_view text) noexcept : bytes_(to_bytes(text)) {}
    payload_view(std::string const& text) noexcept : bytes_(to_bytes(text)) {}
    payload_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    payload_view(byte_buffer const& bytes) noexcept : bytes_(bytes) {}
    payload_view(std::vector<unsigned char> const& bytes) noexcept
        : bytes_(reinterpret_cast<std::byte const*>(bytes.data()), bytes.size()) {}

    bytes_view bytes() const noexcept { return bytes_; }

private:
    bytes_view bytes_{};
};

} // namespace aldis
