// Bytes written as hexadecimal text.
#include "stream_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "../inputs.hpp"

namespace aldis::app::dump {
namespace {

constexpr std::string_view blanks = " \t\r";

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void skip_blanks(std::string_view& line) noexcept { line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size())); }

std::size_t digits_in_front(std::string_view line) noexcept {
    return static_cast<std::size_t>(std::find_if(line.begin(), line.end(), [](char c) { return digit(c) < 0; }) - line.begin());
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    auto const    read = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return {};
    return value;
}

struct tag_row {
    std::string_view tag;
    unsigned         from;
};
constexpr tag_row tags[]{{"c2s", 0}, {"s2c", 1}, {"C2S", 0}, {"S2C", 1}, {">", 0}, {"<", 1}};

} // namespace

bool text_reader::take_tag(std::string_view& line) noexcept {
    for (auto const& row : tags) {
        if (!line.starts_with(row.tag)) continue;
        from_ = row.from;
        line.remove_prefix(row.tag.size());
        if (line.starts_with(':')) line.remove_prefix(1);
        skip_blanks(line);
        return true;
    }
    return false;
}

// "00000010: " of xxd; "00000010  " of hexdump and others where it counts on, or begins at 0.
bool text_reader::take_offset(std::string_view& line) noexcept {
    auto const size = digits_in_front(line);
    if (size < 4 || size > 16) return false;
    auto const value = number(line.substr(0, size));
    auto const rest = line.substr(size);
    auto const is_marked = rest.starts_with(':') && (rest.size() == 1 || blanks.find(rest[1]) != std::string_view::npos);
    auto const is_counted = value && (*value == offset_ || *value == 0) && (rest.starts_with("  ") || rest.starts_with("\t") || (is_dump_ && rest.empty()));
    if (!value || (!is_marked && !is_counted)) return false;
    offset_ = *value;
    is_dump_ = true;
    line = rest;
    if (is_marked) line.remove_prefix(1);
    return true;
}

// Of a dump, the characters at the right are no bytes: behind '|', or behind more blanks than stand between bytes.
void text_reader::take_bytes(std::string_view line, bool has_offset, byte_buffer& into) {
    auto const bar = has_offset ? line.find('|') : std::string_view::npos;
    if (bar != std::string_view::npos) line = line.substr(0, bar);
    auto const refuse = [&](std::string_view at, std::string const& what) {
        throw input_error("Line " + std::to_string(line_) + ", column " + std::to_string(at.data() - whole_.data() + 1) + ": " + what
                          + "; bytes are written like '30 05 00 01' or '30050001'.");
    };
    skip_blanks(line);
    while (!line.empty()) {
        if (line.starts_with("0x") || line.starts_with("0X") || line.starts_with("\\x")) line.remove_prefix(2);
        if (line.empty() || digit(line[0]) < 0) return refuse(line, "no hexadecimal digit");
        if (line.size() < 2 || digit(line[1]) < 0) return refuse(line, "one digit where two make a byte");
        into.push_back(static_cast<std::byte>(digit(line[0]) * 16 + digit(line[1])));
        line.remove_prefix(2);
        auto const gap = std::min(line.find_first_not_of(has_offset ? blanks : " \t\r,;:-"), line.size());
        if (has_offset && bar == std::string_view::npos && gap >= 2 && !(into.size() == 8 && gap == 2 && line.size() > 26)) return;
        line.remove_prefix(gap);
    }
}

text_line text_reader::read(std::string_view line) {
    ++line_;
    whole_ = line;
    skip_blanks(line);
    bool const is_tagged = take_tag(line);
    if (is_tagged) offset_ = 0;
    text_line read{.from = from_};
    if (line.empty() || line.starts_with('#')) return read;
    bool const has_offset = take_offset(line);
    take_bytes(line, has_offset, read.bytes);
    offset_ += read.bytes.size();
    return read;
}

// MQTT has zeros or lengths among its first bytes, which no text has.
bool looks_like_text(bytes_view beginning) noexcept {
    constexpr std::size_t enough = 40;
    auto                  text = to_text(beginning.first(std::min(beginning.size(), enough)));
    auto const            is_printed = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_printed)) return false;
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    for (auto const& row : tags)
        if (text.starts_with(row.tag)) return true;
    return text.starts_with('#') || text.starts_with("0x") || text.starts_with("\\x") || digits_in_front(text) >= 2;
}

} // namespace aldis::app::dump
