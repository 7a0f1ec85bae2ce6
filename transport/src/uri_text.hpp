// Characters of URIs and of HTTP, percent-encoding, and foreign text made fit for a log.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::transport {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What may stand unencoded in a URI, beside letters and digits.
constexpr std::string_view unreserved = "-._~";
constexpr std::string_view in_user = "-._~!$&'()*+,;=:";
constexpr std::string_view in_path = "-._~!$&'()*+,;=:@/";
constexpr std::string_view in_query = "-._~!$&'()*+,;=:@/?";

/// Whether both are the same but for the case of their ASCII letters.
bool is_same_text(std::string_view one, std::string_view other) noexcept;

/// Percent-decoded, or nothing when a triplet is broken or a character needs encoding.
std::optional<std::string> decode(std::string_view text, std::string_view allowed);

std::string encode(std::string_view text, std::string_view allowed);

/// Letters, digits, '-', '.', '_', and no longer than the domain name system can carry.
bool is_host_name(std::string_view host) noexcept;

constexpr std::size_t max_host_size = 253;

/// The text before the first of `stops`; `text` keeps the rest, beginning with the stop.
std::string_view cut_before(std::string_view& text, std::string_view stops) noexcept;

/// Foreign bytes for a log: at most `size` of them and then "...", what is not printable ASCII as \xNN.
std::string printable(std::string_view text, std::size_t size = 80);

} // namespace aldis::transport
