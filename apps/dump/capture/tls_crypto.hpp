// The cryptography that decrypting TLS takes. Its source is the one that uses libcrypto.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

enum class tls_hash : std::uint8_t { sha256, sha384 };
enum class tls_cipher : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

constexpr std::size_t size_of(tls_hash hash) noexcept { return hash == tls_hash::sha256 ? 32 : 48; }
constexpr std::size_t key_size(tls_cipher cipher) noexcept { return cipher == tls_cipher::aes_128_gcm ? 16 : 32; }

inline constexpr std::size_t tag_size = 16;
inline constexpr std::size_t nonce_size = 12;

/// Opens what was sealed with one key.
class sealed_reader {
public:
    /// `key` has key_size(cipher) bytes.
    sealed_reader(tls_cipher cipher, bytes_view key);
    ~sealed_reader();
    sealed_reader(sealed_reader const&) = delete;
    sealed_reader& operator=(sealed_reader const&) = delete;

    /// Writes the plain bytes, tag_size fewer than `sealed` has, to `out`; false when the tag is not that of these bytes.
    bool open(std::array<std::byte, nonce_size> const& nonce, bytes_view with, bytes_view sealed, std::byte* out);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The pseudorandom function of TLS 1.2: RFC 5246, 5.
byte_buffer tls12_prf(tls_hash hash, bytes_view secret, std::string_view label, bytes_view seed, std::size_t size);
/// HKDF-Expand-Label of TLS 1.3 with an empty context: RFC 8446, 7.1. `size` is at most 255.
byte_buffer hkdf_expand_label(tls_hash hash, bytes_view secret, std::string_view label, std::size_t size);

} // namespace aldis::app::dump
