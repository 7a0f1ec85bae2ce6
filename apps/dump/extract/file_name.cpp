// File names for payloads.
#include "file_name.hpp"

#include <cstdint>
#include <cstdio>

namespace aldis::app::dump {
namespace {

constexpr std::size_t      longest = 150;
constexpr std::string_view letters = "tcfpsn%";

bool is_plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// FNV-1a: tells cut names apart, and is no protection against someone who looks for two that collide; no file is overwritten all the same.
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (auto const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    return hash;
}

} // namespace

std::string fault_of_pattern(std::string_view pattern) {
    if (pattern.empty()) return "names no folder";
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '%') continue;
        if (++i == pattern.size()) return "ends in a single %; write %% for one";
        if (letters.find(pattern[i]) == std::string_view::npos)
            return "has %" + std::string{pattern[i]} + ", which means nothing; %t topic, %c client, %f frame, %p packet of the frame, %s conversation, %n number, %% a %";
    }
    return {};
}

std::string as_file_name(std::string_view text) {
    if (text.empty()) return "_";
    constexpr char digits[] = "0123456789ABCDEF";
    std::string    out;
    for (auto const c : text) {
        if (is_plain(c) && !(c == '.' && out.empty())) out += c;
        else out += '%', out += digits[static_cast<unsigned char>(c) >> 4], out += digits[static_cast<unsigned char>(c) & 0xF];
        if (out.size() > longest) break;
    }
    if (out == "_") return "%5F";                                  // "_" alone is the name of nothing
    if (out.size() <= longest) return out;
    char tail[20];
    std::snprintf(tail, sizeof tail, "~%016llx", static_cast<unsigned long long>(hash_of(text)));
    return out.substr(0, longest - 17) + tail;
}

std::string expand_pattern(std::string_view pattern, record const& r, std::uint64_t number) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '%' || i + 1 == pattern.size()) {
            out += pattern[i];
            continue;
        }
        switch (pattern[++i]) {
        case 't': out += as_file_name(r.what().topic); break;
        case 'c': out += as_file_name(r.client); break;
        case 'f': out += std::to_string(r.at.number); break;
        case 'p': out += std::to_string(r.pdu); break;
        case 's': out += std::to_string(r.of->number); break;
        case 'n': out += std::to_string(number); break;
        default: out += '%'; break;
        }
    }
    return out;
}

} // namespace aldis::app::dump
