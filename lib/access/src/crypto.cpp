// The one file of this layer that knows libcrypto.
#include "crypto.hpp"

#include <memory>
#include <new>
#include <span>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace aldis::access::crypto {
namespace {

unsigned char*       raw(byte_buffer& bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes.data()); }
unsigned char const* raw(bytes_view bytes) noexcept { return reinterpret_cast<unsigned char const*>(bytes.data()); }

unsigned char*       raw(digest& bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes.data()); }

// Lengths that libcrypto takes as int: what is longer is no password.
int length_of(bytes_view bytes) {
    if (bytes.size() > 1U << 20U) throw std::length_error("a password or salt of more than 1 MiB");
    return static_cast<int>(bytes.size());
}

void pbkdf2(EVP_MD const* hash, bytes_view password, bytes_view salt, std::uint32_t iterations, std::span<unsigned char> out) {
    auto const* const text = password.empty() ? "" : reinterpret_cast<char const*>(password.data());
    if (PKCS5_PBKDF2_HMAC(text, length_of(password), raw(salt), length_of(salt), static_cast<int>(iterations), hash, static_cast<int>(out.size()), out.data()) != 1)
        throw std::bad_alloc();
}

} // namespace

byte_buffer random_bytes(std::size_t size) {
    byte_buffer out(size);
    if (RAND_bytes(raw(out), length_of(out)) != 1) throw std::runtime_error("no random numbers to be had");
    return out;
}

byte_buffer sha512(bytes_view first, bytes_view second) {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    byte_buffer                                                   out(sha512_size);
    if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha512(), nullptr) != 1 || EVP_DigestUpdate(hash.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(hash.get(), second.data(), second.size()) != 1 || EVP_DigestFinal_ex(hash.get(), raw(out), nullptr) != 1)
        throw std::bad_alloc();
    return out;
}

byte_buffer pbkdf2_sha512(bytes_view password, bytes_view salt, std::uint32_t iterations) {
    byte_buffer out(sha512_size);
    pbkdf2(EVP_sha512(), password, salt, iterations, {raw(out), out.size()});
    return out;
}

digest pbkdf2_sha256(bytes_view password, bytes_view salt, std::uint32_t iterations) {
    digest out{};
    pbkdf2(EVP_sha256(), password, salt, iterations, {raw(out), out.size()});
    return out;
}

digest sha256(bytes_view bytes) {
    digest out{};
    if (EVP_Digest(bytes.data(), bytes.size(), raw(out), nullptr, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    return out;
}

digest hmac_sha256(bytes_view key, bytes_view bytes) {
    digest out{};
    if (HMAC(EVP_sha256(), key.data(), length_of(key), raw(bytes), bytes.size(), raw(out), nullptr) == nullptr) throw std::bad_alloc();
    return out;
}

bool are_equal(bytes_view a, bytes_view b) noexcept { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

std::string to_base64(bytes_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');         // libcrypto ends it with a zero
    auto const  size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), raw(bytes), length_of(bytes));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

// libcrypto takes spaces around it and padding anywhere; encoding again tells what was not canonical.
std::optional<byte_buffer> from_base64(std::string_view text) {
    if (text.size() % 4 != 0 || text.size() > 4096) return std::nullopt;
    byte_buffer out(text.size() / 4 * 3);
    auto const  size = EVP_DecodeBlock(raw(out), reinterpret_cast<unsigned char const*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(size));
    for (auto left = text; left.ends_with('=') && !out.empty(); left.remove_suffix(1)) out.pop_back();
    if (to_base64(out) != text) return std::nullopt;
    return out;
}

} // namespace aldis::access::crypto
