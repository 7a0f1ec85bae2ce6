// AEAD, PRF and HKDF, with libcrypto.
#include "tls_crypto.hpp"

#include <new>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace aldis::app::dump {
namespace {

unsigned char const* raw(bytes_view bytes) noexcept { return reinterpret_cast<unsigned char const*>(bytes.data()); }

EVP_CIPHER const* cipher_of(tls_cipher cipher) noexcept {
    switch (cipher) {
    case tls_cipher::aes_128_gcm: return EVP_aes_128_gcm();
    case tls_cipher::aes_256_gcm: return EVP_aes_256_gcm();
    case tls_cipher::chacha20_poly1305: return EVP_chacha20_poly1305();
    }
    return nullptr;
}

byte_buffer hmac(tls_hash hash, bytes_view key, bytes_view data) {
    byte_buffer out(size_of(hash));
    unsigned    size = 0;
    auto const* digest = hash == tls_hash::sha256 ? EVP_sha256() : EVP_sha384();
    if (!HMAC(digest, raw(key), static_cast<int>(key.size()), raw(data), data.size(), reinterpret_cast<unsigned char*>(out.data()), &size))
        throw std::bad_alloc();
    return out;
}

void append(byte_buffer& to, bytes_view what) { to.insert(to.end(), what.begin(), what.end()); }

} // namespace

struct sealed_reader::state {
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
};

sealed_reader::sealed_reader(tls_cipher cipher, bytes_view key) : state_(std::make_unique<state>()) {
    auto* const c = state_->context.get();
    if (!c || EVP_DecryptInit_ex(c, cipher_of(cipher), nullptr, raw(key), nullptr) != 1) throw std::bad_alloc();
}

sealed_reader::~sealed_reader() = default;

bool sealed_reader::open(std::array<std::byte, nonce_size> const& nonce, bytes_view with, bytes_view sealed, std::byte* out) {
    if (sealed.size() < tag_size) return false;
    auto* const c = state_->context.get();
    auto* const plain = reinterpret_cast<unsigned char*>(out);
    auto const  size = sealed.size() - tag_size;
    auto const  tag = sealed.subspan(size);
    int         done = 0;
    // libcrypto takes the tag by a pointer to what it could change, and only reads it.
    auto* const tag_bytes = const_cast<unsigned char*>(raw(tag));
    return EVP_DecryptInit_ex(c, nullptr, nullptr, nullptr, raw(nonce)) == 1
           && EVP_DecryptUpdate(c, nullptr, &done, raw(with), static_cast<int>(with.size())) == 1
           && EVP_DecryptUpdate(c, plain, &done, raw(sealed), static_cast<int>(size)) == 1
           && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), tag_bytes) == 1
           && EVP_DecryptFinal_ex(c, plain + size, &done) == 1;
}

byte_buffer tls12_prf(tls_hash hash, bytes_view secret, std::string_view label, bytes_view seed, std::size_t size) {
    byte_buffer named;
    append(named, to_bytes(label));
    append(named, seed);
    byte_buffer out;
    byte_buffer turn = named;
    while (out.size() < size) {
        turn = hmac(hash, secret, turn);
        auto input = turn;
        append(input, named);
        append(out, hmac(hash, secret, input));
    }
    out.resize(size);
    return out;
}

byte_buffer hkdf_expand_label(tls_hash hash, bytes_view secret, std::string_view label, std::size_t size) {
    constexpr std::string_view prefix = "tls13 ";
    byte_buffer                info{std::byte{0}, static_cast<std::byte>(size), static_cast<std::byte>(prefix.size() + label.size())};
    append(info, to_bytes(prefix));
    append(info, to_bytes(label));
    info.push_back(std::byte{0});
    byte_buffer out, turn;
    for (unsigned char i = 1; out.size() < size; ++i) {
        append(turn, info);
        turn.push_back(std::byte{i});
        turn = hmac(hash, secret, turn);
        append(out, turn);
    }
    out.resize(size);
    return out;
}

} // namespace aldis::app::dump
