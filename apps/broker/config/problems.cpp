// Problems as lines.
#include "problems.hpp"

#include <utility>

#include <aldis/codec/utf8.hpp>

namespace aldis::app::config {
namespace {

constexpr std::size_t longest_quote = 80;

// At a byte that begins a character.
std::string_view cut(std::string_view text, std::size_t size) noexcept {
    if (text.size() <= size) return text;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return text.substr(0, size);
}

std::string shown(std::string_view text) {
    bool const  is_text = codec::is_mqtt_text(text);
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        // 0xC2 0x80 to 0x9F are control characters too, and begin with a byte that much else begins with.
        bool const is_control = byte < 0x20 || byte == 0x7F || (byte >= 0x80 && byte < 0xA0 && !out.empty() && out.back() == '\xC2');
        if (is_control && byte >= 0x80) out.pop_back();
        out += is_control || (!is_text && byte >= 0x80) ? '?' : c;
    }
    return out;
}

} // namespace

std::string quoted(std::string_view text) {
    auto const part = cut(text, longest_quote);
    return '"' + shown(part) + (part.size() < text.size() ? "...\"" : "\"");
}

std::string to_string(problem const& each) {
    std::string out = shown(each.at.file);
    if (each.at.line != 0) out += ':' + std::to_string(each.at.line);
    if (!out.empty()) out += ": ";
    out += each.how == severity::error ? "error: " : "warning: ";
    if (!each.key.empty()) out += shown(cut(each.key, longest_quote)) + ": ";
    out += each.what;
    if (!each.advice.empty()) out += "; " + each.advice;
    return out;
}

void problems::add(problem each) {
    ++(each.how == severity::error ? errors_ : warnings_);
    if (list_.size() < most) list_.push_back(std::move(each));
}

} // namespace aldis::app::config
