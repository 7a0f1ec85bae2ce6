// The attributes of SCRAM's messages: "k=value,k=value".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aldis::access {

inline constexpr std::size_t max_scram_message = 4'096;

/// Takes "k=value" off the front of what is left, with the comma behind it.
std::optional<std::string_view> take_attribute(std::string_view& rest, char key);

/// Names have "=" and "," in another form. Nothing where `text` has "=" otherwise.
std::string                escape_name(std::string_view name);
std::optional<std::string> unescape_name(std::string_view text);

/// Printable ASCII without comma, and something.
bool is_nonce(std::string_view text) noexcept;
/// What SASLprep leaves as it is, and that is something.
bool is_plain(std::string_view text) noexcept;

std::string make_nonce();

} // namespace aldis::access
