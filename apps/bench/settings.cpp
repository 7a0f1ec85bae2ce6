// The options of `aldis bench`: emqtt_bench's letters, and for the way to the broker the rows that pub and sub have.
#include "settings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include <aldis/codec/topic.hpp>

#include "../cli/values.hpp"
#include "../cli/way.hpp"
#include "stamp.hpp"

namespace aldis::app::bench {
namespace {

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

struct bench_row {
    std::string_view short_name;
    std::string_view long_name;
    std::uint8_t     modes;
    std::string_view value;
    void (*apply)(settings& to, std::string_view value);
    std::string_view help;

    bool is_for(mode m) const noexcept { return (modes & static_cast<std::uint8_t>(m)) != 0; }
    bool is_called(std::string_view name) const noexcept { return !name.empty() && (name == short_name || name == long_name); }
};

struct mode_row {
    std::string_view name;
    mode             what;
    std::string_view help;
};
constexpr std::array modes{
    mode_row{"conn", mode::conn, "opens connections, and tells how long each took"},
    mode_row{"pub", mode::pub, "publishes, and tells how long the acknowledgements took"},
    mode_row{"sub", mode::sub, "subscribes, and tells how long the messages of bench pub were on their way"},
    mode_row{"rtt", mode::rtt, "publishes to itself, and tells how long each message took to come back"},
};

// Options of `sub` that mean the same here.
constexpr std::array shared_names{
    "-h", "-p", "-L", "--unix", "-A", "-u", "-P", "--cafile", "--capath", "--tls-use-os-certs", "--crlfile", "--insecure",
    "--tls-accept-any-certificate", "--cert", "--key", "--psk", "--psk-identity", "--tls-version", "--ciphers", "--tls-alpn",
    "--ws", "--ws-path", "--ws-header", "--proxy",
};

template <class Number>
Number number(std::string_view text, Number low, Number high, std::string_view option) {
    auto const value = to_number<Number>(text, low, high);
    if (!value) fail(fmt::format("Invalid {} '{}', it must be a number from {} to {}.", option, text, low, high));
    return *value;
}

bool yes_or_no(std::string_view text, std::string_view option) {
    if (text == "true") return true;
    if (text != "false") fail(fmt::format("Invalid {} '{}', it must be true or false.", option, text));
    return false;
}

duration seconds(std::string_view text, std::string_view option) {
    return duration{static_cast<std::int64_t>(number<double>(text, 0.0, 1e7, option) * 1e9)};
}
duration milliseconds(std::string_view text, std::string_view option) {
    return duration{static_cast<std::int64_t>(number<double>(text, 0.0, 1e9, option) * 1e6)};
}

void set_version(settings& s, std::string_view text) {
    struct row { std::string_view name; protocol_choice version; };
    static constexpr std::array rows{row{"5", protocol_choice::v5}, row{"4", protocol_choice::v3_1_1}, row{"311", protocol_choice::v3_1_1},
                                     row{"3", protocol_choice::v3_1}, row{"31", protocol_choice::v3_1}};
    for (auto const& [name, version] : rows)
        if (text == name) { s.base.connection.version = version; return; }
    fail(fmt::format("Invalid -V '{}', it must be 5, 4 (3.1.1) or 3 (3.1).", text));
}

void set_rate_of_connects(settings& s, std::string_view text) {
    s.connect_interval = duration{static_cast<std::int64_t>(1e9 / number<double>(text, 0.001, 1e6, "-R"))};
}

using s_ = settings;
using v  = std::string_view;
constexpr std::uint8_t C = static_cast<std::uint8_t>(mode::conn), P = static_cast<std::uint8_t>(mode::pub),
                       S = static_cast<std::uint8_t>(mode::sub), R = static_cast<std::uint8_t>(mode::rtt), all = C | P | S | R;

constexpr std::array rows{
    bench_row{"-V", "--version", all, "version", set_version, "5 (default), 4 (3.1.1) or 3 (3.1)"},
    bench_row{"-c", "--count", all, "count", [](s_& s, v t) { s.clients = number<std::uint32_t>(t, 1, 1'000'000, "-c"); },
              "clients (default 200)"},
    bench_row{"-n", "--startnumber", all, "number", [](s_& s, v t) { s.first_number = number<std::uint32_t>(t, 0, 1'000'000'000, "-n"); },
              "number of the first client (default 0)"},
    bench_row{"-i", "--interval", all, "ms", [](s_& s, v t) { s.connect_interval = milliseconds(t, "-i"); },
              "time between two connects (default 10)"},
    bench_row{"-R", "--connrate", all, "rate", set_rate_of_connects, "connects a second, in place of -i"},
    bench_row{"", "--prefix", all, "text", [](s_& s, v t) { s.prefix = t; }, "client identifiers are this and the number"},
    bench_row{"-k", "--keepalive", all, "seconds",
              [](s_& s, v t) { s.base.connection.keep_alive = number<std::uint16_t>(t, 0, 65'535, "-k"); }, "keep alive (default 300)"},
    bench_row{"-C", "--clean", all, "true|false", [](s_& s, v t) { s.clean_start = yes_or_no(t, "-C"); }, "clean start (default true)"},
    bench_row{"-x", "--session-expiry", all, "seconds",
              [](s_& s, v t) { s.base.connection.session_expiry = number<std::uint32_t>(t, 0, never_expires, "-x"); },
              "how long sessions outlive their connections (default 0)"},
    bench_row{"-S", "--ssl", all, "true|false", [](s_& s, v t) { s.base.connection.tls.asked = yes_or_no(t, "-S"); },
              "TLS, trusting the issuers that this system trusts (else see --cafile)"},
    bench_row{"-t", "--topic", P | S | R, "topic", [](s_& s, v t) { s.topic = t; },
              "topic; %i is the client's number, %c its identifier, %u the user name"},
    bench_row{"-q", "--qos", P | S | R, "QoS", [](s_& s, v t) { s.qos = static_cast<qos_level>(number<int>(t, 0, 2, "-q")); },
              "0 (default), 1 or 2"},
    bench_row{"-s", "--size", P | R, "bytes", [](s_& s, v t) { s.size = number<std::size_t>(t, stamp::size, 64U << 20U, "-s"); },
              "size of the payload, at least 28 for its number and time (default 256)"},
    bench_row{"-r", "--retain", P, "true|false", [](s_& s, v t) { s.retain = yes_or_no(t, "-r"); }, "retain (default false)"},
    bench_row{"-I", "--interval_of_msg", P | R, "ms", [](s_& s, v t) { s.interval = milliseconds(t, "-I"); },
              "time between two messages of a client, fractions allowed; 0: as fast as -F lets them (default 1000)"},
    bench_row{"", "--rate", P | R, "rate", [](s_& s, v t) { s.rate = number<double>(t, 0.001, 1e9, "--rate"); },
              "messages a second of all clients together, in place of -I"},
    bench_row{"-F", "--inflight", P | R, "count", [](s_& s, v t) { s.window = number<std::uint16_t>(t, 1, 65'535, "-F"); },
              "messages of a client on their way at once (default 20)"},
    bench_row{"", "--limit", P | S | R, "count",
              [](s_& s, v t) { s.limit = number<std::uint64_t>(t, 1, 1'000'000'000'000, "--limit"); }, "end after so many messages in all"},
    bench_row{"", "--duration", all, "seconds", [](s_& s, v t) { s.run_time = seconds(t, "--duration"); },
              "end so long after all are connected, warm-up included"},
    bench_row{"", "--warm-up", P | S | R, "seconds", [](s_& s, v t) { s.warm_up = seconds(t, "--warm-up"); },
              "messages of this time are checked but not measured (default 0)"},
    bench_row{"", "--timeout", all, "seconds", [](s_& s, v t) { s.patience = seconds(t, "--timeout"); },
              "wait so long for a connection, and in the end for what is on its way (default 10)"},
    bench_row{"", "--json", all, "", [](s_& s, v) { s.json = true; }, "the result as one JSON object; progress goes to standard error"},
    bench_row{"", "--help", all, "", [](s_& s, v) { s.help = true; }, "print this and exit"},
};

option_row const* find_shared(std::string_view name) {
    for (auto const* one : shared_names) {
        auto const* row = find_option(tool::sub, one);
        if (row != nullptr && (name == row->short_name || name == row->long_name)) return row;
    }
    return nullptr;
}

template <class Row, class Target>
std::size_t apply_row(Row const& row, std::string_view value_name, Target& to, std::vector<std::string> const& words, std::size_t at) {
    if (value_name.empty()) return row.apply(to, {}), at;
    if (at + 1 == words.size()) fail(fmt::format("{} argument given but no {} specified.", words[at], value_name));
    return row.apply(to, words[at + 1]), at + 1;
}

void apply_words(settings& s, std::vector<std::string> const& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto const row = std::find_if(rows.begin(), rows.end(), [&](auto const& each) { return each.is_for(s.what) && each.is_called(words[i]); });
        if (row != rows.end()) i = apply_row(*row, row->value, s, words, i);
        else if (auto const* shared = find_shared(words[i])) i = apply_row(*shared, shared->argument, s.base, words, i);
        else fail(fmt::format("Unknown option '{}'.", words[i]));
    }
}

void check_topic(settings& s) {
    if (s.topic.empty() && !s.base.topics.empty()) s.topic = s.base.topics.back();
    if (s.topic.empty() && s.what == mode::rtt) s.topic = "bench/rtt/%c";
    if (s.topic.empty()) fail("A topic must be given: -t topic.");
    auto const user = s.base.connection.user_name.value_or("");
    auto const sample = fill_in(s.topic, s.first_number, s.prefix, user);
    if (s.publishes() && !is_topic_name(sample)) fail(fmt::format("Invalid topic '{}', does it contain '+' or '#'?", s.topic));
    if (s.subscribes() && !is_topic_filter(sample)) fail(fmt::format("Invalid topic '{}', are all '+' and '#' wildcards correct?", s.topic));
    if (s.what == mode::rtt && s.clients > 1 && sample == fill_in(s.topic, s.first_number + 1, s.prefix + "x", user))
        fail("Each client of rtt needs a topic of its own: put %i or %c into it.");
}

void complete(settings& s) {
    if (s.prefix.empty()) s.prefix = fmt::format("bench_{}_{}_", s.name, ::getpid());
    if (s.base.connection.client_id) fail("-L without a client identifier: use --prefix.");
    if (s.what != mode::conn) check_topic(s);
    if (s.rate > 0) s.interval = std::max(duration{1}, duration{static_cast<std::int64_t>(1e9 / s.rate * s.clients)});
    if (s.run_time.count() > 0 && s.warm_up >= s.run_time) fail("--warm-up leaves nothing of --duration.");
    s.base.connection.clean_start = s.clean_start;
    s.base.connection.max_in_flight = s.window;
    check_way(s.base);
}

void add_help(std::string& out, std::string_view short_name, std::string_view long_name, std::string_view value, std::string_view help) {
    auto const separator = short_name.empty() ? "    " : long_name.empty() ? "" : ", ";
    auto const names = fmt::format("{}{}{}{}", short_name, separator, long_name, value.empty() ? "" : fmt::format(" <{}>", value));
    out += names.size() > 34 ? fmt::format("  {}\n  {:34} {}\n", names, "", help) : fmt::format("  {:34} {}\n", names, help);
}

} // namespace

settings read_settings(std::vector<std::string> const& words) {
    settings s;
    auto const word = words.empty() ? std::string_view{} : std::string_view{words.front()};
    if (word == "--help") return s.help = true, s;
    auto const* const row = std::find_if(modes.begin(), modes.end(), [&](auto const& each) { return each.name == word; });
    if (row == modes.end())
        fail(word.empty() ? std::string{"Nothing to do given, possible: conn, pub, sub, rtt."}
                          : fmt::format("Unknown bench '{}', possible: conn, pub, sub, rtt.", word));
    s.what = row->what;
    s.name = row->name;
    s.base.which = s.what == mode::sub ? tool::sub : tool::pub;
    s.base.program = fmt::format("aldis bench {}", s.name);
    s.base.connection.keep_alive = 300;
    s.base.connection.version = protocol_choice::v5;
    apply_words(s, words);
    if (!s.help) complete(s);
    return s;
}

std::string settings_help(settings const& of) {
    std::string out;
    for (auto const& row : modes)
        if (of.name.empty() || row.name == of.name) out += fmt::format("aldis bench {:4} {}\n", row.name, row.help);
    if (of.name.empty()) return out + "\nUse 'aldis bench conn --help' to see the options.\n";
    out += fmt::format("\nUsage: aldis bench {} [options]\n\nOptions, each a word of its own:\n", of.name);
    for (auto const& row : rows)
        if (row.is_for(of.what)) add_help(out, row.short_name, row.long_name, row.value, row.help);
    out += "\nThe way to the broker:\n";
    for (auto const* name : shared_names)
        if (auto const* row = find_shared(name)) add_help(out, row->short_name, row->long_name, row->argument, row->help);
    return out + "\nThe exit code is 1 when anything failed: a connect, a message lost, twice or out of order. See docs/tools.md.\n";
}

std::string fill_in(std::string_view topic, std::uint32_t number, std::string_view client_id, std::string_view user_name) {
    std::string out;
    for (std::size_t i = 0; i < topic.size(); ++i) {
        auto const next = topic[i] == '%' && i + 1 < topic.size() ? topic[i + 1] : '\0';
        if (next == 'i') out += std::to_string(number);
        else if (next == 'c') out += client_id;
        else if (next == 'u') out += user_name;
        else { out += topic[i]; continue; }
        ++i;
    }
    return out;
}

} // namespace aldis::app::bench
