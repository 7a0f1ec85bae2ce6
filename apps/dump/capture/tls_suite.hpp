// The cipher suites that are decrypted, and the names of those that are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tls_crypto.hpp"

namespace aldis::app::dump {

struct tls_suite {
    std::uint16_t    number;
    tls_cipher       cipher;
    tls_hash         hash;
    bool             is_13;
};

/// Null for a suite that is not decrypted.
tls_suite const* find_suite(std::uint16_t number) noexcept;
/// Its name in the registry, or its number.
std::string suite_name(std::uint16_t number);

} // namespace aldis::app::dump
