// Formats: taken apart once, then written for each message.
#include "format.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "../cli/options.hpp"
#include "../cli/terminal.hpp"
#include "json.hpp"

namespace aldis::app {
namespace {

constexpr std::string_view field_letters = "%ACDEFIJPRSUXjlmpqrtx";
constexpr std::size_t      widest = 65'535;

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

void append_text(std::string& out, std::string_view text, bool escape) {
    if (escape) append_visible(out, text);
    else out += text;
}

// Characters, not bytes, so that a width never cuts one in two.
std::size_t prefix_of(std::string_view text, std::size_t characters) noexcept {
    std::size_t at = 0;
    while (at < text.size() && characters > 0) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
        --characters;
    }
    return at;
}

std::size_t characters_in(std::string_view text) noexcept {
    auto const begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

std::string formatted_time(char const* format, std::timespec const& at) {
    std::tm broken_down{};
    ::localtime_r(&at.tv_sec, &broken_down);
    char text[128];
    return std::string(text, std::strftime(text, sizeof text, format, &broken_down));
}

} // namespace

// ---- taking a format apart

struct message_format::parser {
    std::string_view    rest;
    std::vector<piece>& pieces;

    char take(std::string_view incomplete) {
        if (rest.empty()) fail(std::string{incomplete});
        char const c = rest.front();
        rest.remove_prefix(1);
        return c;
    }

    std::string& literal() {
        if (pieces.empty() || pieces.back().what != kind::literal) pieces.emplace_back();
        return pieces.back().text;
    }

    std::size_t take_number() {
        std::size_t number = 0;
        while (!rest.empty() && is_digit(rest.front())) {
            number = std::min(number * 10 + static_cast<std::size_t>(rest.front() - '0'), widest + 1);
            rest.remove_prefix(1);
        }
        if (number > widest) fail(fmt::format("Field width too large in format, it must be at most {}.", widest));
        return number;
    }

    void take_field() {
        piece made{};
        made.what = kind::field;
        if (rest.starts_with('-')) { made.left = true; rest.remove_prefix(1); }
        if (rest.starts_with('0')) { made.pad = '0'; rest.remove_prefix(1); }
        made.width = take_number();
        if (rest.starts_with('.')) { rest.remove_prefix(1); made.precision = take_number(); }
        made.code = take("Incomplete format specifier.");
        if (field_letters.find(made.code) == field_letters.npos)
            fail(fmt::format("Invalid format specifier '{}', it must be one of {} (flags: - 0 width .maximum).", made.code, field_letters));
        if (made.code == '%') literal() += '%';
        else pieces.push_back(std::move(made));
    }

    void take_time() {
        char const code = take("Incomplete format specifier.");
        if (code == '@') { literal() += '@'; return; }
        piece made{};
        made.what = kind::time;
        made.code = code;
        pieces.push_back(std::move(made));
    }

    void take_escape() {
        static constexpr std::string_view names = "\\0aenrtv";
        static constexpr std::string_view meanings{"\\\0\a\033\n\r\t\v", 8};
        char const code = take("Incomplete escape specifier.");
        auto const at = names.find(code);
        if (at == names.npos) fail(fmt::format("Invalid escape specifier '{}', it must be one of \\ 0 a e n r t v.", code));
        literal() += meanings[at];
    }

    void run() {
        while (!rest.empty()) {
            char const c = take("");
            if (c == '%') take_field();
            else if (c == '@') take_time();
            else if (c == '\\') take_escape();
            else literal() += c;
        }
    }
};

message_format::message_format(std::string_view format) { parser{format, pieces_}.run(); }

// ---- writing a message

struct field_writer {
    using piece = message_format::piece;

    std::string&   out;
    arrival const& message;
    print_style    style;
    bool           good = true;

    void blank(char pad, std::size_t width) { out.append(width, pad); }

    void number(piece const& p, std::uint64_t value) {
        auto const digits = fmt::format("{}", value);
        auto const gap = p.width > digits.size() ? p.width - digits.size() : 0;
        if (!p.left) blank(p.pad, gap);
        out += digits;
        if (p.left) blank(' ', gap);
    }

    void number(piece const& p, property_id id) {
        if (auto const found = message.props.find(id)) number(p, found->number);
        else blank(p.pad, p.width);
    }

    void text(piece const& p, std::string_view value) {
        if (p.precision != message_format::no_limit) value = value.substr(0, prefix_of(value, p.precision));
        auto const length = characters_in(value);
        auto const gap = p.width > length ? p.width - length : 0;
        if (!p.left) blank(' ', gap);
        append_text(out, value, style.escape);
        if (p.left) blank(' ', gap);
    }

    // The width of a payload is its least and its greatest.
    void payload(piece const& p, bool hexadecimal) {
        std::size_t const each = hexadecimal ? 2 : 1;
        auto shown = message.payload.size();
        if (p.width > 0) shown = std::min(shown, p.width / each);
        auto const gap = p.width > shown * each ? p.width - shown * each : 0;
        if (!p.left) blank(p.pad, gap);
        auto const bytes = message.payload.first(shown);
        if (hexadecimal) {
            for (auto const byte : bytes)
                fmt::format_to(std::back_inserter(out), fmt::runtime(p.code == 'x' ? "{:02x}" : "{:02X}"), static_cast<unsigned>(byte));
        } else {
            append_text(out, to_text(bytes), style.escape);
        }
        if (p.left) blank(' ', gap);
    }

    void user_properties() {
        bool first = true;
        for (auto const& found : message.props) {
            if (found.id != property_id::user_property) continue;
            if (!first) out += ' ';
            first = false;
            append_text(out, found.pair.name, style.escape);
            out += ':';
            append_text(out, found.pair.value, style.escape);
        }
    }

    void json(bool payload_is_json) {
        auto const made = json_of(message, payload_is_json, style.pretty);
        if (!made) good = false;
        else if (style.escape) append_visible_json(out, *made);
        else out += *made;
    }

    void field(piece const& p) {
        switch (p.code) {
        case 'A': return number(p, property_id::topic_alias);
        case 'C':
            if (auto const type = message.props.get<property_id::content_type>()) return text(p, *type);
            return blank(' ', p.width);
        case 'D':
            if (auto const data = message.props.get<property_id::correlation_data>()) append_text(out, to_text(*data), style.escape);
            return;
        case 'E': return number(p, property_id::message_expiry_interval);
        case 'F': return number(p, property_id::payload_format_indicator);
        case 'I': return text(p, formatted_time("%FT%T%z", message.at));
        case 'j': return json(false);
        case 'J': return json(true);
        case 'l': return number(p, message.payload.size());
        case 'm': return number(p, message.id);
        case 'P': return user_properties();
        case 'p': return payload(p, false);
        case 'q': out += static_cast<char>('0' + static_cast<int>(message.qos)); return;
        case 'R':
            if (auto const topic = message.props.get<property_id::response_topic>()) text(p, *topic);
            return;
        case 'r': out += message.retain ? '1' : '0'; return;
        case 'S': return number(p, property_id::subscription_identifier);
        case 't': return text(p, message.topic);
        case 'U': fmt::format_to(std::back_inserter(out), "{}.{:09}", message.at.tv_sec, message.at.tv_nsec); return;
        case 'x': case 'X': return payload(p, true);
        default: return;
        }
    }

    void time(piece const& p) {
        char const format[3]{'%', p.code, '\0'};
        if (p.code == 'N') fmt::format_to(std::back_inserter(out), "{:09}", message.at.tv_nsec);
        else out += formatted_time(format, message.at);
    }

    void write(piece const& p) {
        switch (p.what) {
        case message_format::kind::literal: out += p.text; break;
        case message_format::kind::field: field(p); break;
        case message_format::kind::time: time(p); break;
        }
    }
};

bool message_format::append(std::string& out, arrival const& message, print_style style) const {
    field_writer writer{out, message, style};
    for (auto const& p : pieces_) writer.write(p);
    if (style.end_of_line) out += '\n';
    return writer.good;
}

void append_plain(std::string& out, arrival const& message, bool verbose, print_style style) {
    if (message.payload.empty()) {
        if (!verbose || !style.end_of_line) return;
        append_text(out, message.topic, style.escape);
        out += " (null)\n";
        return;
    }
    if (verbose) {
        append_text(out, message.topic, style.escape);
        out += ' ';
    }
    append_text(out, to_text(message.payload), style.escape);
    if (style.end_of_line) out += '\n';
}

} // namespace aldis::app
