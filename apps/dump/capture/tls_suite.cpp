// Cipher suites by number.
#include "tls_suite.hpp"

#include <algorithm>
#include <iterator>

namespace aldis::app::dump {
namespace {

constexpr auto aes_128 = tls_cipher::aes_128_gcm;
constexpr auto aes_256 = tls_cipher::aes_256_gcm;
constexpr auto chacha = tls_cipher::chacha20_poly1305;
constexpr auto sha256 = tls_hash::sha256;
constexpr auto sha384 = tls_hash::sha384;

constexpr tls_suite suites[]{
    {0x009C, aes_128, sha256, false}, {0x009D, aes_256, sha384, false},  // RSA
    {0x009E, aes_128, sha256, false}, {0x009F, aes_256, sha384, false},  // DHE_RSA
    {0x00A2, aes_128, sha256, false}, {0x00A3, aes_256, sha384, false},  // DHE_DSS
    {0x00A8, aes_128, sha256, false}, {0x00A9, aes_256, sha384, false},  // PSK
    {0x00AA, aes_128, sha256, false}, {0x00AB, aes_256, sha384, false},  // DHE_PSK
    {0x00AC, aes_128, sha256, false}, {0x00AD, aes_256, sha384, false},  // RSA_PSK
    {0x1301, aes_128, sha256, true},  {0x1302, aes_256, sha384, true},   {0x1303, chacha, sha256, true},
    {0xC02B, aes_128, sha256, false}, {0xC02C, aes_256, sha384, false},  // ECDHE_ECDSA
    {0xC02D, aes_128, sha256, false}, {0xC02E, aes_256, sha384, false},  // ECDH_ECDSA
    {0xC02F, aes_128, sha256, false}, {0xC030, aes_256, sha384, false},  // ECDHE_RSA
    {0xC031, aes_128, sha256, false}, {0xC032, aes_256, sha384, false},  // ECDH_RSA
    {0xCCA8, chacha, sha256, false},  {0xCCA9, chacha, sha256, false},  {0xCCAA, chacha, sha256, false},
    {0xCCAB, chacha, sha256, false},  {0xCCAC, chacha, sha256, false},  {0xCCAD, chacha, sha256, false}, {0xCCAE, chacha, sha256, false},
    {0xD001, aes_128, sha256, false}, {0xD002, aes_256, sha384, false},  // ECDHE_PSK
};

struct name_row {
    std::uint16_t    number;
    std::string_view name;
};

constexpr name_row others[]{
    {0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA"},
    {0x008D, "TLS_PSK_WITH_AES_256_CBC_SHA"},
    {0x00AE, "TLS_PSK_WITH_AES_128_CBC_SHA256"},
    {0x00AF, "TLS_PSK_WITH_AES_256_CBC_SHA384"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xC035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA"},
    {0xC036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA"},
    {0xC09C, "TLS_RSA_WITH_AES_128_CCM"},
    {0xC09D, "TLS_RSA_WITH_AES_256_CCM"},
    {0xC0A8, "TLS_PSK_WITH_AES_128_CCM_8"},
    {0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
    {0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
};

} // namespace

tls_suite const* find_suite(std::uint16_t number) noexcept {
    auto const at = std::find_if(std::begin(suites), std::end(suites), [number](auto const& one) { return one.number == number; });
    return at == std::end(suites) ? nullptr : at;
}

std::string suite_name(std::uint16_t number) {
    auto const at = std::find_if(std::begin(others), std::end(others), [number](auto const& one) { return one.number == number; });
    if (at != std::end(others)) return std::string{at->name};
    constexpr char digits[] = "0123456789abcdef";
    std::string    text = "cipher suite 0x";
    for (int shift = 12; shift >= 0; shift -= 4) text += digits[number >> shift & 0xF];
    return text;
}

} // namespace aldis::app::dump
