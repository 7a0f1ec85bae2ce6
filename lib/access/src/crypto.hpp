// What is needed of libcrypto: hashes of passwords, random bytes, base64.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::access::crypto {

inline constexpr std::size_t sha512_size = 64;

/// Throws std::runtime_error when the system has none to give.
byte_buffer random_bytes(std::size_t size);

/// SHA-512 of `first` and `second`, one after the other.
byte_buffer sha512(bytes_view first, bytes_view second);

/// PBKDF2 over HMAC-SHA-512, 64 bytes. About a microsecond an iteration.
byte_buffer pbkdf2_sha512(bytes_view password, bytes_view salt, std::uint32_t iterations);

using digest = std::array<std::byte, 32>;                          // of SHA-256

digest sha256(bytes_view bytes);
digest hmac_sha256(bytes_view key, bytes_view bytes);
digest pbkdf2_sha256(bytes_view password, bytes_view salt, std::uint32_t iterations);

/// Takes the same time wherever they differ. Sizes are no secret.
bool are_equal(bytes_view a, bytes_view b) noexcept;

std::string to_base64(bytes_view bytes);
/// Nothing where `text` is anything but base64 with its padding.
std::optional<byte_buffer> from_base64(std::string_view text);

} // namespace aldis::access::crypto
