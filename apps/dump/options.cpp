// The options of `aldis dump` as a table, and the reading of a command line by it.
#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <aldis/dissect/field.hpp>

#include "extract/file_name.hpp"
#include "output/columns.hpp"

namespace aldis::app::dump {
namespace {

[[noreturn]] void fail(std::string text) { throw settings_error{std::move(text)}; }

template <class Number>
Number number(std::string_view text, std::string_view option) {
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) fail(std::string{option} + " takes a number, not '" + std::string{text} + "'");
    return value;
}

template <class Value>
struct word_row {
    std::string_view word;
    Value            value;
};

/// The value that `word` stands for, or a refusal that names those there are.
template <class Value, std::size_t N>
Value word(std::string const& text, std::array<word_row<Value>, N> const& rows, std::string_view option) {
    std::string possible;
    for (auto const& row : rows) {
        if (row.word == text) return row.value;
        possible += possible.empty() ? "" : ", ";
        possible += row.word;
    }
    fail(std::string{option} + ": unknown '" + text + "', possible: " + possible);
}

void set_input(settings& s, input_kind kind, std::string const& target) {
    if (s.input != input_kind::none) fail("only one input can be read at once (-r, -i, --proxy, --raw, --hex)");
    if (target.empty()) fail("the input has no name; - is standard input");
    s.input = kind;
    s.target = target;
}

void set_decode_as(settings& s, std::string const& text) {
    constexpr std::string_view begin = "tcp.port==", end = ",mqtt";
    if (!text.starts_with(begin) || !text.ends_with(end) || text.size() <= begin.size() + end.size())
        fail("-d takes tcp.port==PORT,mqtt, not '" + text + "'");
    s.mqtt_ports.insert(number<std::uint16_t>(std::string_view{text}.substr(begin.size(), text.size() - begin.size() - end.size()), "-d"));
}

void set_protocol(settings& s, std::string const& text) {
    constexpr std::array<word_row<protocol>, 9> words{{{"3.1", protocol::v3_1}, {"31", protocol::v3_1}, {"3", protocol::v3_1},
        {"3.1.1", protocol::v3_1_1}, {"311", protocol::v3_1_1}, {"4", protocol::v3_1_1}, {"5", protocol::v5}, {"5.0", protocol::v5}, {"50", protocol::v5}}};
    s.version = word(text, words, "--version");
}

void set_format(settings& s, std::string const& text) {
    constexpr std::array<word_row<output_kind>, 3> words{{{"text", output_kind::lines}, {"json", output_kind::json}, {"fields", output_kind::fields}}};
    s.output = word(text, words, "-T");
}

void set_payload(settings& s, std::string const& text) {
    constexpr std::array<word_row<payload_form>, 5> words{{{"auto", payload_form::automatic}, {"text", payload_form::text},
        {"json", payload_form::json}, {"hex", payload_form::hex}, {"none", payload_form::none}}};
    s.payload = word(text, words, "--payload");
}

void set_time(settings& s, std::string const& text) {
    constexpr std::array<word_row<time_form>, 4> words{{{"relative", time_form::relative}, {"absolute", time_form::absolute},
        {"epoch", time_form::epoch}, {"delta", time_form::delta}}};
    s.time = word(text, words, "--time");
}

void set_color(settings& s, std::string const& text) {
    constexpr std::array<word_row<choice>, 3> words{{{"auto", choice::automatic}, {"always", choice::yes}, {"never", choice::no}}};
    s.color = word(text, words, "--color");
}

void add_field(settings& s, std::string const& name) {
    if (!find_column(name)) fail("-e: unknown field '" + name + "'; 'aldis dump -G' lists them");
    s.fields.names.push_back(name);
}

std::string separator_of(std::string const& text) {
    if (text == "/t") return "\t";
    if (text == "/s") return " ";
    return text;
}

void set_field_option(settings& s, std::string const& text) {
    auto const cut = text.find('=');
    auto const name = text.substr(0, cut);
    auto const value = cut == std::string::npos ? std::string{} : text.substr(cut + 1);
    bool const letter = value.size() == 1;
    if (name == "header" && (value == "y" || value == "n")) s.fields.header = value == "y";
    else if (name == "separator" && !value.empty()) s.fields.separator = separator_of(value);
    else if (name == "aggregator" && !value.empty()) s.fields.aggregator = separator_of(value);
    else if (name == "occurrence" && letter && std::string_view{"afl"}.find(value[0]) != std::string_view::npos) s.fields.occurrence = value[0];
    else if (name == "quote" && letter && std::string_view{"dsn"}.find(value[0]) != std::string_view::npos) s.fields.quote = value == "d" ? "\"" : value == "s" ? "'" : "";
    else fail("-E takes header=y|n, separator=C, aggregator=C, occurrence=a|f|l or quote=d|s|n, not '" + text + "'");
}

void set_extract(settings& s, std::string const& text) {
    if (auto const fault = fault_of_pattern(text); !fault.empty()) fail("--extract: '" + text + "' " + fault);
    s.extract = text;
}

using text = std::string const&;

constexpr option_row input_rows[]{
    {"-r", "--read", "FILE", [](settings& s, text v) { set_input(s, input_kind::capture, v); }, "a pcap or pcapng file; - is standard input"},
    {"-i", "--interface", "NAME", [](settings& s, text v) { set_input(s, input_kind::live, v); }, "capture live (needs the right to); any: all interfaces"},
    {"-f", "--filter", "EXPR", [](settings& s, text v) { s.capture_filter = v; }, "capture filter of -i, as tcpdump takes it: 'tcp port 1883'"},
    {"", "--proxy", "LISTEN=TARGET", [](settings& s, text v) { set_input(s, input_kind::proxy, v); }, "pass connections on and show them: 1884=broker:1883"},
    {"", "--raw", "FILE", [](settings& s, text v) { set_input(s, input_kind::raw, v); }, "the bytes of a stream, or the same as text"},
    {"", "--hex", "FILE", [](settings& s, text v) { set_input(s, input_kind::hex, v); }, "hexadecimal text; lines may begin with > (client) or < (server)"},
    {"", "--keylog", "FILE", [](settings& s, text v) { s.key_log = v; }, "TLS secrets in the format of SSLKEYLOGFILE"},
    {"-d", "--decode-as", "tcp.port==N,mqtt", set_decode_as, "what is on this port is MQTT, whatever it looks like"},
    {"", "--version", "V", set_protocol, "3.1, 3.1.1 or 5.0 for every conversation, whatever its CONNECT says"},
};

constexpr option_row filter_rows[]{
    {"", "--topic", "FILTER", [](settings& s, text v) { add_topic(s.filters, v); }, "packets about topics that match, + and # as in a subscription"},
    {"", "--client", "PATTERN", [](settings& s, text v) { add_client(s.filters, v); }, "of this client identifier; * any characters, ? one"},
    {"", "--type", "LIST", [](settings& s, text v) { add_types(s.filters, v); }, "of these types: publish,puback"},
    {"", "--qos", "LIST", [](settings& s, text v) { add_qos(s.filters, v); }, "PUBLISH with this QoS and its answers, SUBSCRIBE that asks for it"},
    {"", "--stream", "LIST", [](settings& s, text v) { add_streams(s.filters, v); }, "of these conversations, by the number of --json"},
    {"", "--host", "ADDRESS", [](settings& s, text v) { add_host(s.filters, v); }, "of conversations with this address"},
    {"", "--port", "LIST", [](settings& s, text v) { add_ports(s.filters, v); }, "of conversations with one of these ports"},
};

constexpr option_row output_rows[]{
    {"", "--one-per-packet", "", [](settings& s, text) { s.one_per_packet = true; }, "a line for each packet, not for each frame"},
    {"-V", "--tree", "", [](settings& s, text) { s.output = output_kind::tree; }, "every field"},
    {"-x", "--bytes", "", [](settings& s, text) { s.bytes = true; }, "the bytes, and what they are, below each packet"},
    {"", "--json", "", [](settings& s, text) { s.output = output_kind::json; }, "a JSON object for each packet, one a line"},
    {"-T", "--format", "text|json|fields", set_format, "fields: the columns that -e names"},
    {"-e", "--field", "NAME", add_field, "a column of -T fields: mqtt.topic, frame.number, ...; -G lists all"},
    {"-E", "--field-option", "NAME=VALUE", set_field_option, "header, separator, aggregator, occurrence, quote of -T fields"},
    {"-G", "--fields", "", [](settings& s, text) { s.list_fields = true; }, "list the names that -e takes"},
    {"", "--payload", "auto|text|json|hex|none", set_payload, "how payloads are shown"},
    {"", "--payload-max", "N", [](settings& s, text v) { s.payload_most = number<std::size_t>(v, "--payload-max"); }, "bytes of a payload in a line (64)"},
    {"", "--time", "relative|absolute|epoch|delta", set_time, "how times are shown"},
    {"", "--show-secrets", "", [](settings& s, text) { s.secrets = true; }, "show passwords; they are **** without it, in every output"},
    {"", "--color", "auto|always|never", set_color, "auto: on a terminal, unless NO_COLOR is set"},
};

constexpr option_row sum_rows[]{
    {"", "--stats", "", [](settings& s, text) { s.stats = true; }, "tables by topic, client, type, reason and QoS at the end; with --json as one object"},
    {"", "--extract", "DIR|PATTERN", set_extract, "payloads into files, %t topic, %c client, %f frame, %p packet, %s conversation, %n number; -: standard output"},
    {"", "--extract-max", "N", [](settings& s, text v) { s.extract_most = number<std::uint64_t>(v, "--extract-max"); }, "at most so many files (10000)"},
    {"", "--overwrite", "", [](settings& s, text) { s.extract_overwrite = true; }, "files that --extract finds there are replaced"},
};

constexpr option_row other_rows[]{
    {"", "--check", "", [](settings& s, text) { s.check = true; }, "exit with 3 when a rule was broken"},
    {"", "--no-flows", "", [](settings& s, text) { s.flows = false; }, "look at each packet alone: no answers, sessions and rules of the state"},
    {"", "--progress", "", [](settings& s, text) { s.progress = choice::yes; }, "show how far it is, on standard error (auto: on a terminal)"},
    {"", "--no-progress", "", [](settings& s, text) { s.progress = choice::no; }, "do not"},
    {"", "--help", "", [](settings& s, text) { s.help = true; }, "this text"},
};

constexpr option_group groups[]{{"Input", input_rows}, {"What to show (all must hold; of one, any of its values)", filter_rows}, {"Output", output_rows}, {"Sums and payloads, instead of packets", sum_rows}, {"Other", other_rows}};

option_row const* find_option(std::string_view name) noexcept {
    for (auto const& group : option_groups())
        for (auto const& row : group.rows)
            if (name == row.long_name || (!row.short_name.empty() && name == row.short_name)) return &row;
    return nullptr;
}

/// A word with its value in it: "--read=FILE", "-rFILE".
struct taken_apart {
    option_row const*          row = nullptr;
    std::optional<std::string> value{};
};

taken_apart take_apart(std::string const& word) {
    if (auto const* const row = find_option(word)) return {row, std::nullopt};
    if (word.starts_with("--")) {
        auto const cut = word.find('=');
        return cut == std::string::npos ? taken_apart{} : taken_apart{find_option(std::string_view{word}.substr(0, cut)), word.substr(cut + 1)};
    }
    if (word.size() > 2 && word[0] == '-') return {find_option(std::string_view{word}.substr(0, 2)), word.substr(2)};
    return {};
}

[[noreturn]] void refuse_word(std::string const& word) {
    if (word.empty() || word[0] != '-') fail("'" + word + "' is one input too many: there is one already");
    if (word.starts_with("-Y") || word.starts_with("-R")) fail("display filters (" + word.substr(0, 2) + ") are tshark's; here are --topic, --client, --type, --qos, --stream, --host and --port");
    fail("unknown option '" + word + "'");
}

void check_output(settings const& s) {
    bool const instead = s.stats || !s.extract.empty();
    bool const shows = s.output == output_kind::tree || s.output == output_kind::fields || s.bytes || (!s.extract.empty() && s.output == output_kind::json);
    if (s.stats && !s.extract.empty()) fail("--stats and --extract each take the place of packets; run them one after the other");
    if (instead && shows) fail(std::string{s.stats ? "--stats" : "--extract"} + " takes the place of packets: " + (s.stats ? "-V, -x and -T fields" : "-V, -x, --json and -T fields") + " show them");
    if (s.output == output_kind::fields && s.fields.names.empty()) fail("-T fields needs at least one -e NAME");
    if (s.output != output_kind::fields && !s.fields.names.empty()) fail("-e names a column of -T fields, which was not asked for");
}

void check(settings const& s) {
    if (s.help || s.show_version || s.list_fields) return;
    if (s.input == input_kind::none) fail("no input: give a capture file with -r, an interface with -i, or one of --proxy, --raw, --hex");
    if (!s.capture_filter.empty() && s.input != input_kind::live) fail("-f is a filter of live capture (-i)");
    check_output(s);
}

} // namespace

std::span<option_group const> option_groups() noexcept { return groups; }

settings read_settings(std::vector<std::string> const& words) {
    settings s;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--version" && i + 1 == words.size()) {    // the last word: which version this program is
            s.show_version = true;
            break;
        }
        auto [row, value] = take_apart(words[i]);
        if (row == nullptr && s.input == input_kind::none && !words[i].empty() && (words[i][0] != '-' || words[i] == "-")) {
            set_input(s, input_kind::capture, words[i]);           // a file without -r
            continue;
        }
        if (row == nullptr) refuse_word(words[i]);
        if (row->value.empty() && value) fail("'" + std::string{row->long_name} + "' takes no value");
        bool const file_later = row->apply == input_rows[0].apply && !value && i + 1 < words.size() && take_apart(words[i + 1]).row != nullptr;
        if (file_later) continue;                                  // "-r --keylog KEYS FILE"
        if (!row->value.empty() && !value) {
            if (i + 1 == words.size()) fail("'" + words[i] + "' needs a value: " + std::string{row->value});
            value = words[++i];
        }
        row->apply(s, value.value_or(""));
    }
    check(s);
    return s;
}

std::string settings_help() {
    std::string out = "Usage: aldis dump -r FILE | -i INTERFACE | --proxy LISTEN=TARGET | --raw FILE | --hex FILE [options]\n\n"
                      "Shows the MQTT packets of a capture, a live interface, a byte stream, or of what passes through it.\n";
    constexpr std::size_t column = 44;
    for (auto const& group : option_groups()) {
        out += "\n" + std::string{group.title} + ":\n";
        for (auto const& row : group.rows) {
            std::string left = "  " + (row.short_name.empty() ? std::string(4, ' ') : std::string{row.short_name} + ", ") + std::string{row.long_name};
            if (!row.value.empty()) left += " " + std::string{row.value};
            left += left.size() + 2 > column ? "\n" + std::string(column, ' ') : std::string(column - left.size(), ' ');
            out += left + std::string{row.help} + "\n";
        }
    }
    return out + "\nExit status: 0 done, 1 wrong usage or unreadable input, 3 a rule was broken and --check given.\n";
}

} // namespace aldis::app::dump
