// The attributes of SCRAM's messages, and what may stand in them: RFC 5802, section 5.1 and 7.
#include "scram_text.hpp"

#include <algorithm>

#include "crypto.hpp"

namespace aldis::access {

std::optional<std::string_view> take_attribute(std::string_view& rest, char key) {
    if (rest.size() < 2 || rest[0] != key || rest[1] != '=') return std::nullopt;
    auto const end = std::min(rest.find(','), rest.size());
    auto const value = rest.substr(2, end - 2);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return value;
}

std::string escape_name(std::string_view name) {
    std::string made;
    for (char const c : name) {
        if (c == '=') made += "=3D";
        else if (c == ',') made += "=2C";
        else made += c;
    }
    return made;
}

std::optional<std::string> unescape_name(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        bool const is_escape = text[0] == '=';
        if (!is_escape) made += text[0];
        else if (text.starts_with("=3D")) made += '=';
        else if (text.starts_with("=2C")) made += ',';
        else return std::nullopt;
        text.remove_prefix(is_escape ? 3 : 1);
    }
    return made;
}

bool is_plain(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_nonce(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::string make_nonce() { return crypto::to_base64(crypto::random_bytes(24)); }

} // namespace aldis::access
