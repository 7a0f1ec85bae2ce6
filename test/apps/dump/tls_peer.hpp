// Writes TLS as two ends would, with keys of the test's choosing: hellos, sealed records, key changes.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>

#include <dump/capture/tls_crypto.hpp>
#include <dump/capture/tls_suite.hpp>

#include "support/hex.hpp"
#include "wire.hpp"

namespace aldis::test {

using namespace aldis::app::dump;

inline std::string text_of(byte_buffer const& bytes) { return std::string{to_text(bytes)}; }

/// A record as it stands on the wire.
inline std::string tls_record(unsigned type, std::string_view body) {
    byte_buffer out;
    put(out, type, 1);
    put(out, 0x0303, 2);
    put(out, body.size(), 2);
    put(out, body);
    return text_of(out);
}
inline std::string tls_message(unsigned type, std::string_view body) {
    byte_buffer out;
    out.reserve(4 + body.size());
    put(out, type, 1);
    put(out, body.size(), 3);
    put(out, body);
    return text_of(out);
}

inline std::string const client_random(32, '\x11'), server_random(32, '\x22');

inline std::string client_hello(std::string_view extensions = {}) {
    byte_buffer out;
    put(out, 0x0303, 2);
    put(out, client_random);
    put(out, 0, 1);
    put(out, from_hex("00 02 13 01 01 00"));
    put(out, extensions.size(), 2);
    put(out, extensions);
    return tls_record(22, tls_message(1, text_of(out)));
}
inline std::string server_hello(std::uint16_t suite, bool is_13, std::string_view random = server_random) {
    byte_buffer out;
    put(out, 0x0303, 2);
    put(out, random);
    put(out, 0, 1);
    put(out, suite, 2);
    put(out, 0, 1);
    put(out, is_13 ? from_hex("00 06 00 2b 00 02 03 04") : from_hex("00 00"));
    return tls_record(22, tls_message(2, text_of(out)));
}

/// Seals records of one direction.
class sealer {
public:
    sealer(std::uint16_t suite, bool is_13, byte_buffer key, byte_buffer iv)
        : suite_(*find_suite(suite)), is_13_(is_13), key_(std::move(key)), iv_(std::move(iv)) {}
    /// As TLS 1.3 derives keys from a secret.
    static sealer from_secret(std::uint16_t suite, byte_buffer const& secret) {
        auto const& row = *find_suite(suite);
        sealer      made{suite, true, hkdf_expand_label(row.hash, secret, "key", key_size(row.cipher)), hkdf_expand_label(row.hash, secret, "iv", nonce_size)};
        made.secret_ = secret;
        return made;
    }

    std::string seal(unsigned type, std::string_view plain, std::size_t padding = 0) {
        byte_buffer inner;
        put(inner, plain);
        if (is_13_) put(inner, type, 1), inner.resize(inner.size() + padding);
        auto const  is_explicit = !is_13_ && suite_.cipher != tls_cipher::chacha20_poly1305;
        auto        nonce = iv_;
        if (is_explicit) put(nonce, ~seq_, 8);                     // any will do that is told
        else for (int i = 0; i < 8; ++i) nonce[static_cast<std::size_t>(4 + i)] ^= static_cast<std::byte>(seq_ >> (56 - 8 * i));
        byte_buffer with;
        if (!is_13_) put(with, seq_, 8);
        put(with, is_13_ ? 23 : type, 1);
        put(with, 0x0303, 2);
        put(with, is_13_ ? inner.size() + tag_size : inner.size(), 2);
        ++seq_;
        auto const body = (is_explicit ? text_of(nonce).substr(4) : std::string{}) + encrypt(nonce, with, inner);
        return tls_record(is_13_ ? 23 : type, body);
    }
    /// As after a KeyUpdate.
    sealer next() const { return from_secret(suite_.number, hkdf_expand_label(suite_.hash, secret_, "traffic upd", size_of(suite_.hash))); }

private:
    std::string encrypt(byte_buffer const& nonce, byte_buffer const& with, byte_buffer const& plain) const {
        std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> const c{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
        auto const* const cipher = suite_.cipher == tls_cipher::aes_128_gcm   ? EVP_aes_128_gcm()
                                   : suite_.cipher == tls_cipher::aes_256_gcm ? EVP_aes_256_gcm()
                                                                              : EVP_chacha20_poly1305();
        auto const        raw = [](byte_buffer const& b) { return reinterpret_cast<unsigned char const*>(b.data()); };
        std::string       out(plain.size() + tag_size, '\0');
        auto* const       to = reinterpret_cast<unsigned char*>(out.data());
        int               size = 0;
        bool const        fine = EVP_EncryptInit_ex(c.get(), cipher, nullptr, raw(key_), raw(nonce)) == 1
                          && EVP_EncryptUpdate(c.get(), nullptr, &size, raw(with), static_cast<int>(with.size())) == 1
                          && EVP_EncryptUpdate(c.get(), to, &size, raw(plain), static_cast<int>(plain.size())) == 1
                          && EVP_EncryptFinal_ex(c.get(), to + size, &size) == 1
                          && EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size), to + plain.size()) == 1;
        if (!fine) throw std::runtime_error("cannot seal");
        return out;
    }

    tls_suite     suite_;
    bool          is_13_;
    byte_buffer   key_;
    byte_buffer   iv_;
    byte_buffer   secret_{};
    std::uint64_t seq_ = 0;
};

inline std::string key_log_line(std::string const& label, byte_buffer const& secret) {
    auto const packed = [](byte_buffer const& bytes) {
        auto text = to_hex(bytes);
        std::erase(text, ' ');
        return text;
    };
    auto const random = to_bytes(client_random);
    return label + " " + packed({random.begin(), random.end()}) + " " + packed(secret) + "\n";
}

inline byte_buffer secret_of(tls_hash hash, unsigned char fill) { return byte_buffer(size_of(hash), std::byte{fill}); }

/// The secrets of a 1.3 session, and its four sealers.
struct session_13 {
    explicit session_13(std::uint16_t number) : suite(number), hash(find_suite(number)->hash) {}

    std::string log() const {
        return key_log_line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secret_of(hash, 1)) + key_log_line("SERVER_HANDSHAKE_TRAFFIC_SECRET", secret_of(hash, 2))
               + key_log_line("CLIENT_TRAFFIC_SECRET_0", secret_of(hash, 3)) + key_log_line("SERVER_TRAFFIC_SECRET_0", secret_of(hash, 4));
    }
    sealer with(unsigned char fill) const { return sealer::from_secret(suite, secret_of(hash, fill)); }

    std::uint16_t suite;
    tls_hash      hash;
    sealer        client_handshake = with(1), server_handshake = with(2), client = with(3), server = with(4);
};

/// The keys of a 1.2 session.
struct session_12 {
    explicit session_12(std::uint16_t number) : suite(number) {
        auto const& row = *find_suite(number);
        auto const  iv = row.cipher == tls_cipher::chacha20_poly1305 ? std::size_t{12} : std::size_t{4};
        auto const  key = key_size(row.cipher);
        auto const  block = tls12_prf(row.hash, master, "key expansion", to_bytes(seed), 2 * (key + iv));
        auto const  part = [&](std::size_t at, std::size_t size) {
            return byte_buffer(block.begin() + static_cast<std::ptrdiff_t>(at), block.begin() + static_cast<std::ptrdiff_t>(at + size));
        };
        client = std::make_unique<sealer>(number, false, part(0, key), part(2 * key, iv));
        server = std::make_unique<sealer>(number, false, part(key, key), part(2 * key + iv, iv));
    }
    std::string log() const { return key_log_line("CLIENT_RANDOM", master); }

    std::uint16_t           suite;
    byte_buffer             master = byte_buffer(48, std::byte{9});
    std::string             seed = server_random + client_random;
    std::unique_ptr<sealer> client{}, server{};
};

} // namespace aldis::test
