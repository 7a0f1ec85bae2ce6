// A message as JSON. Boost.JSON escapes strings and judges payloads; the layout is cJSON's, which the output must equal.
#include "json.hpp"

#include <array>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <aldis/codec/utf8.hpp>

#include "../cli/properties.hpp"

namespace aldis::app {
namespace {

namespace json = boost::json;

// Nested deeper than this is refused, so that no payload can exhaust the stack.
constexpr std::size_t deepest = 1000;

std::string quoted(std::string_view text) { return json::serialize(json::string_view{text.data(), text.size()}); }

bool is_utf8(std::string_view text) noexcept {
    while (true) {                                                 // U+0000 is no MQTT text, but it is UTF-8
        auto const at = codec::find_invalid_text(text);
        if (at == text.size()) return true;
        if (text[at] != '\0') return false;
        text.remove_prefix(at + 1);
    }
}

std::string text_or_bytes(std::string_view text, bool pretty) {
    if (is_utf8(text)) return quoted(text);
    std::string out = "[";
    for (char const c : text)
        out += fmt::format("{}{}", out.size() == 1 ? "" : pretty ? ", " : ",", static_cast<unsigned>(static_cast<unsigned char>(c)));
    return out + "]";
}

class object_writer {
public:
    object_writer(bool pretty, std::size_t depth) : pretty_(pretty), depth_(depth) {}

    void add(std::string_view name, std::string_view raw) {
        if (!first_) out_ += ',';
        if (pretty_) new_line(out_, depth_ + 1);
        first_ = false;
        out_ += quoted(name);
        out_ += pretty_ ? ":\t" : ":";
        out_ += raw;
    }
    void add(std::string_view name, std::uint64_t value) { add(name, fmt::format("{}", value)); }

    std::string finish() && {
        if (pretty_) new_line(out_, depth_);
        return std::move(out_) + "}";
    }

    static void new_line(std::string& out, std::size_t depth) {
        out += '\n';
        out.append(depth, '\t');
    }

private:
    std::string out_ = "{";
    bool        first_ = true;
    bool        pretty_;
    std::size_t depth_;
};

std::string user_properties(properties const& props, bool pretty) {
    object_writer all{pretty, 2};
    for (auto const& one : props)
        if (one.id == property_id::user_property) all.add(one.pair.name, quoted(one.pair.value));
    return std::move(all).finish();
}

std::string properties_object(properties const& props, bool pretty) {
    using codec::wire_type;
    object_writer all{pretty, 1};
    bool user_done = false;                                        // all of them stand where the first one was
    for (auto const& one : props) {
        auto const& row = codec::spec_of(one.id);
        auto const name = command_line_name(one.id);
        if (codec::is_number(row.type)) all.add(name, one.number);
        else if (row.type == wire_type::text) all.add(name, quoted(one.text));
        else if (row.type == wire_type::binary) all.add(name, text_or_bytes(to_text(one.binary), pretty));
        else if (!user_done) {
            all.add("user-properties", user_properties(props, pretty));
            user_done = true;
        }
    }
    return std::move(all).finish();
}

std::string timestamp(std::timespec const& at) {
    std::tm local{};
    ::localtime_r(&at.tv_sec, &local);
    char date[64], zone[16];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local);
    std::strftime(zone, sizeof zone, "%z", &local);
    return fmt::format("{}.{:06}Z{}", date, at.tv_nsec / 1000, zone);
}

std::string payload_text(arrival const& message, bool payload_is_json, bool pretty) {
    auto const text = to_text(message.payload);
    if (text.empty()) return "null";
    if (!payload_is_json) return text_or_bytes(text, pretty);
    std::string out;
    append_json(out, text, pretty, 1);
    return out;
}

// Hears of everything in a JSON text and keeps nothing: only whether it is one matters.
struct deaf_handler {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using code = json::error_code;
    using view = json::string_view;

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_object_begin(code&) { return true; }
    bool on_object_end(std::size_t, code&) { return true; }
    bool on_array_begin(code&) { return true; }
    bool on_array_end(std::size_t, code&) { return true; }
    bool on_key_part(view, std::size_t, code&) { return true; }
    bool on_key(view, std::size_t, code&) { return true; }
    bool on_string_part(view, std::size_t, code&) { return true; }
    bool on_string(view, std::size_t, code&) { return true; }
    bool on_number_part(view, code&) { return true; }
    bool on_int64(std::int64_t, view, code&) { return true; }
    bool on_uint64(std::uint64_t, view, code&) { return true; }
    bool on_double(double, view, code&) { return true; }
    bool on_bool(bool, code&) { return true; }
    bool on_null(code&) { return true; }
    bool on_comment_part(view, code&) { return true; }
    bool on_comment(view, code&) { return true; }
};

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where the string that begins at `at` ends, behind its quotation mark.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return std::min(at + 1, text.size());
}

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
}

// One character that is not in a string, laid out over lines. `open` holds the brackets around it.
void append_pretty(std::string& out, char c, std::string& open, bool empty, std::size_t depth) {
    auto const level = [&] { return depth + open.size(); };
    if (c == '{' || c == '[') {
        out += c;
        open += c;
        if (c == '{' && !empty) object_writer::new_line(out, level());
    } else if (c == '}' || c == ']') {
        open.pop_back();
        if (c == '}') object_writer::new_line(out, level());
        out += c;
    } else if (c == ',') {
        out += c;
        if (open.ends_with('{')) object_writer::new_line(out, level());
        else out += ' ';
    } else {
        out += c;
        if (c == ':') out += '\t';
    }
}

} // namespace

std::optional<std::string> json_of(arrival const& message, bool payload_is_json, bool pretty) {
    auto const text = to_text(message.payload);
    if (payload_is_json && !text.empty() && !is_json(text)) return std::nullopt;
    object_writer all{pretty, 0};
    all.add("tst", quoted(timestamp(message.at)));
    all.add("topic", quoted(message.topic));
    all.add("qos", static_cast<std::uint64_t>(message.qos));
    all.add("retain", std::uint64_t{message.retain});
    all.add("payloadlen", message.payload.size());
    if (message.qos != qos_level::at_most_once) all.add("mid", message.id);
    if (!message.props.empty()) all.add("properties", properties_object(message.props, pretty));
    all.add("payload", payload_text(message, payload_is_json, pretty));
    return std::move(all).finish();
}

bool is_json(std::string_view text) {
    json::parse_options rules;
    rules.max_depth = deepest;
    json::basic_parser<deaf_handler> parser{rules};
    json::error_code error;
    auto const used = parser.write_some(false, text.data(), text.size(), error);
    return !error && parser.done() && skip_space(text, used) == text.size();
}

void append_json(std::string& out, std::string_view text, bool pretty, std::size_t depth) {
    std::string open;
    for (std::size_t at = skip_space(text, 0); at < text.size(); at = skip_space(text, at)) {
        if (text[at] == '"') {
            auto const end = end_of_string(text, at);
            out += text.substr(at, end - at);
            at = end;
            continue;
        }
        auto const next = skip_space(text, at + 1);
        bool const empty = next < text.size() && text[next] == '}';
        if (pretty) append_pretty(out, text[at], open, empty, depth);
        else out += text[at];
        ++at;
    }
}

} // namespace aldis::app
