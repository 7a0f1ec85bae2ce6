// Percent-encoding (RFC 3986, section 2.1), and foreign text made fit for a log.
#include "uri_text.hpp"

#include <algorithm>

namespace aldis::transport {
namespace {

constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    auto const l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

} // namespace

bool is_same_text(std::string_view one, std::string_view other) noexcept {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::string> decode(std::string_view text, std::string_view allowed) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            if (!is_alnum(text[i]) && allowed.find(text[i]) == std::string_view::npos) return {};
            out += text[i];
            continue;
        }
        int const high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        int const low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low < 0) return {};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string encode(std::string_view text, std::string_view allowed) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string                out;
    for (char const c : text) {
        if (is_alnum(c) || allowed.find(c) != std::string_view::npos) {
            out += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

bool is_host_name(std::string_view host) noexcept {
    auto const is_fine = [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; };
    return !host.empty() && host.size() <= max_host_size && std::all_of(host.begin(), host.end(), is_fine);
}

std::string_view cut_before(std::string_view& text, std::string_view stops) noexcept {
    auto const piece = text.substr(0, text.find_first_of(stops));
    text.remove_prefix(piece.size());
    return piece;
}

std::string printable(std::string_view text, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string                out;
    for (char const c : text.substr(0, size)) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F) out += c;
        else out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
    return text.size() > size ? out + "..." : out;
}

} // namespace aldis::transport
