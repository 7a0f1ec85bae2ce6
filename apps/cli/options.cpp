// The table of options of `pub` and `sub`, and what each of them does.
#include "options.hpp"

#include <fmt/format.h>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/utf8.hpp>

#include "properties.hpp"
#include "url.hpp"
#include "values.hpp"

namespace aldis::app {
namespace {

constexpr std::uint8_t P = static_cast<std::uint8_t>(tool::pub);
constexpr std::uint8_t S = static_cast<std::uint8_t>(tool::sub);

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

template <class Number>
Number number(std::string_view text, Number low, Number high, std::string_view refusal) {
    auto const value = to_number<Number>(text, low, high);
    if (!value) fail(std::string{refusal});
    return *value;
}

qos_level qos_of(std::string_view text, std::string_view refusal) {
    return static_cast<qos_level>(number<int>(text, 0, 2, fmt::format("{}{}, it must be 0, 1 or 2.", refusal, text)));
}

void check_text(std::string_view text, std::string_view option) {
    if (!codec::is_mqtt_text(text)) fail(fmt::format("Malformed UTF-8 in {} argument.", option));
}

void check_name(std::string_view topic, std::string_view what, std::string_view option) {
    check_text(topic, option);
    if (topic.empty()) fail(fmt::format("Invalid {} '', it must not be empty.", what));
    if (!is_topic_name(topic)) fail(fmt::format("Invalid {} '{}', does it contain '+' or '#'?", what, topic));
}

void check_filter(std::string_view filter, std::string_view what, std::string_view option) {
    check_text(filter, option);
    if (filter.empty()) fail(fmt::format("Invalid {} '', it must not be empty.", what));
    if (codec::check_topic_filter(filter, protocol::v3_1_1))
        fail(fmt::format("Invalid {} '{}', are all '+' and '#' wildcards correct?", what, filter));
}

// `$share/` has its meaning in MQTT 5 only, and the version is known only when all options are.
void check_shared(std::vector<std::string> const& filters, std::string_view what) {
    for (auto const& filter : filters)
        if (!is_topic_filter(filter)) fail(fmt::format("Invalid {} '{}', a shared subscription is $share/name/filter.", what, filter));
}

void set_topic(options& o, std::string_view topic, std::string_view option = "-t") {
    if (o.which == tool::pub) {
        check_name(topic, "publish topic", option);
        o.topics.assign(1, std::string{topic});
    } else {
        check_filter(topic, "subscription topic", option);
        o.topics.emplace_back(topic);
    }
}

void set_source(options& o, message_source source) {
    if (o.pub.source != message_source::none) fail("Only one type of message can be sent at once.");
    o.pub.source = source;
}

void set_port(options& o, std::string_view text) {
    auto const port = to_number<std::uint16_t>(text, 1, 65'535);
    if (!port) fail(fmt::format("Invalid port given: {}, it must be between 1 and 65535.", text));
    o.connection.port = *port;
}

void set_url(options& o, std::string_view text) {
    auto const url = parse_url(text);
    o.connection.host = url.host;
    o.connection.port = url.port;
    if (url.user_name) o.connection.user_name = url.user_name;
    if (url.password) o.connection.password = url.password;
    set_topic(o, url.topic, "-L topic");
}

void set_version(options& o, std::string_view text) {
    struct row { std::string_view name; protocol_choice version; };
    static constexpr std::array rows{
        row{"5", protocol_choice::v5}, row{"mqttv5", protocol_choice::v5},
        row{"311", protocol_choice::v3_1_1}, row{"mqttv311", protocol_choice::v3_1_1},
        row{"31", protocol_choice::v3_1}, row{"mqttv31", protocol_choice::v3_1},
        row{"auto", protocol_choice::automatic},
    };
    for (auto const& [name, version] : rows)
        if (text == name) { o.connection.version = version; return; }
    fail(fmt::format("Invalid protocol version argument given: '{}', it must be 5, 311, 31 or auto.", text));
}

void set_expiry(options& o, std::string_view text) {
    if (text == "\u221E" || text == "-1") { o.connection.session_expiry = never_expires; return; }
    auto const value = to_number<std::int64_t>(text);
    if (!value) fail("session-expiry-interval not a number.");
    if (*value < 0 || *value > never_expires) fail("session-expiry-interval out of range, it must be -1 to 4294967295.");
    o.connection.session_expiry = static_cast<std::uint32_t>(*value);
}

void set_repeat_delay(options& o, std::string_view text) {
    auto const seconds = number<double>(text, 0.0, 1e6, "--repeat-delay argument must be >=0.0.");
    o.pub.repeat_delay = std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)};
}

void set_filter(options& o, std::string_view text) {
    o.sub.random_filter = number<double>(text, 0.1, 100.0, "--random-filter chance must be between 0.1-100.0");
}

void refuse_pair(bool wrong, std::string_view text) {
    if (wrong) fail(std::string{text});
}

[[noreturn]] void no_tls(options&, std::string_view) {
    fail("TLS support is not built in yet, so this option cannot be used: use a plain listener of the broker (usually port 1883).");
}
[[noreturn]] void no_websocket(options&, std::string_view) {
    fail("WebSocket support is not built in yet, so this option cannot be used: use a plain listener of the broker (usually port 1883).");
}
[[noreturn]] void no_proxy(options&, std::string_view) {
    fail("SOCKS5 proxy support is not built in yet, so --proxy cannot be used: connect directly, or through a port forwarding.");
}
[[noreturn]] void no_srv(options&, std::string_view) {
    fail("SRV look-up is not built in yet, so -S cannot be used: name the broker with -h and -p.");
}

using o = options;
using v = std::string_view;

std::vector<option_row> make_rows() {
    return {
        // short long                  who    value      help                                                    effect
        // ---- connection
        {"-h", "--host",               P | S, "host",    "broker's name or address (default localhost)",         [](o& x, v t) { x.connection.host = t; x.connection.unix_path.clear(); }},
        {"-p", "--port",               P | S, "port",    "broker's port (default 1883)",                         set_port},
        {"-L", "--url",                P | S, "URL",     "mqtt://[user[:password]@]host[:port]/topic, all in one", set_url},
        {"",   "--unix",               P | S, "socket path", "connect through a Unix domain socket",             [](o& x, v t) { x.connection.unix_path = t; }},
        {"-A", "",                     P | S, "address", "local address to connect from",                        [](o& x, v t) { x.connection.bind_address = t; }},
        {"",   "--nodelay",            P | S, "",        "accepted; messages are never held back anyway",        [](o&, v) {}},
        {"-S", "",                     P | S, "",        "find the broker by its SRV record (not built in yet)", no_srv},
        {"-u", "--username",           P | S, "username", "user name",                                           [](o& x, v t) { check_text(t, "-u"); x.connection.user_name = t; }},
        {"-P", "--pw",                 P | S, "password", "password",                                            [](o& x, v t) { x.connection.password = t; }},
        {"-i", "--id",                 P | S, "id",      "client identifier (default: the broker chooses)",      [](o& x, v t) {
            refuse_pair(x.connection.client_id_prefix.has_value(), "-i and -I argument cannot be used together.");
            refuse_pair(t.empty(), "Invalid id: it must not be empty; leave out -i to let the broker choose one.");
            check_text(t, "-i");
            x.connection.client_id = t;
        }},
        {"-I", "--id-prefix",          P | S, "id prefix", "client identifier is this and the process number",   [](o& x, v t) {
            refuse_pair(x.connection.client_id.has_value(), "-i and -I argument cannot be used together.");
            check_text(t, "-I");
            x.connection.client_id_prefix = t;
        }},
        {"-k", "--keepalive",          P | S, "keepalive", "seconds between signs of life (default 60)",         [](o& x, v t) {
            x.connection.keep_alive = number<std::uint16_t>(t, 5, 65'535, "Invalid keepalive given, it must be between 5 and 65535 inclusive.");
        }},
        {"-c", "--disable-clean-session", P | S, "",     "keep the session on the broker (needs -i)",            [](o& x, v) { x.connection.clean_start = false; }},
        {"-x", "",                     P | S, "session expiry interval", "seconds the session outlives the connection; -1: for ever (MQTT 5)", set_expiry},
        {"-V", "--protocol-version",   P | S, "version", "5, 311, 31, or auto: 5, then 3.1.1 where 5 is refused", set_version},
        {"-M", "",                     P | S, "max inflight", "most QoS 1 and 2 messages under way at once (default 20)", [](o& x, v t) {
            x.connection.max_in_flight = number<std::uint16_t>(t, 1, 65'535, "Maximum inflight messages must be greater than 0, and at most 65535.");
        }},
        {"-D", "--property",           P | S, "command property value...", "add an MQTT 5 property to connect, publish, subscribe, unsubscribe, disconnect or will", [](o& x, v t) { add_property(x, t); }},
        // ---- will
        {"", "--will-topic",           P | S, "will topic", "topic of the Will, sent by the broker when we vanish", [](o& x, v t) { check_name(t, "will topic", "--will-topic"); x.will.topic = t; }},
        {"", "--will-payload",         P | S, "will payload", "payload of the Will",                             [](o& x, v t) { x.will.payload = t; }},
        {"", "--will-qos",             P | S, "will QoS", "QoS of the Will (default 0)",                         [](o& x, v t) { x.will.qos = qos_of(t, "Invalid will QoS "); }},
        {"", "--will-retain",          P | S, "",        "the Will is retained",                                 [](o& x, v) { x.will.retain = true; }},
        // ---- what is sent or wanted
        {"-t", "--topic",              P | S, "topic",   "topic to publish to, or filter to subscribe to (sub: may be repeated)", [](o& x, v t) { set_topic(x, t); }},
        {"-q", "--qos",                P | S, "QoS",     "quality of service: 0, 1 or 2 (default 0)",            [](o& x, v t) { x.qos = qos_of(t, "Invalid QoS given: "); }},
        {"-m", "--message",            P,     "message", "send this",                                            [](o& x, v t) { set_source(x, message_source::argument); x.pub.message = t; }},
        {"-f", "--file",               P,     "file",    "send the contents of this file",                       [](o& x, v t) { set_source(x, message_source::file); x.pub.file = t; }},
        {"-l", "--stdin-line",         P,     "",        "send each line of standard input as a message",        [](o& x, v) { set_source(x, message_source::input_lines); }},
        {"-n", "--null-message",       P,     "",        "send an empty message",                                [](o& x, v) { set_source(x, message_source::null); }},
        {"-s", "--stdin-file",         P,     "",        "send all of standard input as one message",            [](o& x, v) { set_source(x, message_source::whole_input); }},
        {"-r", "--retain",             P,     "",        "the broker keeps the message for later subscribers",   [](o& x, v) { x.pub.retain = true; }},
        {"", "--repeat",               P,     "count",   "send the message so many times",                       [](o& x, v t) { x.pub.repeat = number<std::uint32_t>(t, 1, 0x7FFF'FFFF, "--repeat argument must be >0."); }},
        {"", "--repeat-delay",         P,     "time",    "seconds between them, fractions allowed (default 0)",  set_repeat_delay},
        {"-C", "",                     S,     "count",   "leave after so many messages",                         [](o& x, v t) { x.sub.count = number<std::uint32_t>(t, 1, 0x7FFF'FFFF, fmt::format("Invalid message count \"{}\".", t)); }},
        {"-W", "",                     S,     "timeout", "leave after so many seconds, with exit code 27",       [](o& x, v t) { x.sub.timeout = std::chrono::seconds{number<std::uint32_t>(t, 1, 0x7FFF'FFFF, fmt::format("Invalid timeout \"{}\".", t))}; }},
        {"-E", "",                     S,     "",        "leave as soon as the subscriptions are acknowledged",  [](o& x, v) { x.sub.exit_after_subscribe = true; }},
        {"-F", "",                     S,     "format",  "print messages in this format, see docs/tools.md",     [](o& x, v t) { x.sub.format = t; }},
        {"-N", "",                     S,     "",        "no end of line after a message",                       [](o& x, v) { x.sub.end_of_line = false; }},
        {"", "--pretty",               S,     "",        "%j and %J over several lines, indented",               [](o& x, v) { x.sub.pretty = true; }},
        {"-v", "--verbose",            S,     "",        "print topic and payload",                              [](o& x, v) { x.sub.verbose = true; }},
        {"-R", "",                     S,     "",        "do not print retained messages",                       [](o& x, v) { x.sub.no_retained = true; }},
        {"", "--retained-only",        S,     "",        "only retained messages; leave when the first other arrives", [](o& x, v) { x.sub.retained_only = true; }},
        {"", "--retain-as-published",  S,     "",        "show the retain flag as it was published (MQTT 5)",    [](o& x, v) { x.sub.retain_as_published = true; }},
        {"", "--remove-retained",      S,     "",        "clear each retained message received from the broker", [](o& x, v) { x.sub.remove_retained = true; }},
        {"", "--random-filter",        S,     "chance",  "print only this percentage of the messages, 0.1 to 100", set_filter},
        {"-T", "--filter-out",         S,     "topic filter", "do not print what matches this filter (may be repeated)", [](o& x, v t) { check_filter(t, "filter topic", "-T"); x.sub.filter_out.emplace_back(t); }},
        {"-U", "--unsubscribe",        S,     "unsubscribe topic", "unsubscribe from this filter (may be repeated)", [](o& x, v t) { check_filter(t, "unsubscribe topic", "-U"); x.sub.unsubscribe.emplace_back(t); }},
        // ---- this program
        {"-d", "--debug",              P | S, "",        "print a line for each packet sent and received",       [](o& x, v) { x.debug = true; }},
        {"", "--quiet",                P | S, "",        "do not print errors that happen while running",        [](o& x, v) { x.quiet = true; }},
        {"", "--help",                 P | S, "",        "print this and exit",                                  [](o& x, v) { x.help = true; }},
        {"", "--version",              P | S, "",        "print the version and exit",                           [](o& x, v) { x.show_version = true; }},
        // ---- known, but not built in yet
        {"", "--cafile",               P | S, "file",    "needs TLS (not built in yet)", no_tls},
        {"", "--capath",               P | S, "directory", "needs TLS (not built in yet)", no_tls},
        {"", "--cert",                 P | S, "file",    "needs TLS (not built in yet)", no_tls},
        {"", "--key",                  P | S, "file",    "needs TLS (not built in yet)", no_tls},
        {"", "--keyform",              P | S, "keyform", "needs TLS (not built in yet)", no_tls},
        {"", "--ciphers",              P | S, "ciphers", "needs TLS (not built in yet)", no_tls},
        {"", "--insecure",             P | S, "",        "needs TLS (not built in yet)", no_tls},
        {"", "--tls-alpn",             P | S, "protocol", "needs TLS (not built in yet)", no_tls},
        {"", "--tls-engine",           P | S, "engine_id", "needs TLS (not built in yet)", no_tls},
        {"", "--tls-engine-kpass-sha1", P | S, "kpass sha1", "needs TLS (not built in yet)", no_tls},
        {"", "--tls-use-os-certs",     P | S, "",        "needs TLS (not built in yet)", no_tls},
        {"", "--tls-version",          P | S, "version", "needs TLS (not built in yet)", no_tls},
        {"", "--psk",                  P | S, "key",     "needs TLS (not built in yet)", no_tls},
        {"", "--psk-identity",         P | S, "identity", "needs TLS (not built in yet)", no_tls},
        {"", "--ws",                   P | S, "",        "needs WebSocket (not built in yet)", no_websocket},
        {"", "--proxy",                P | S, "proxy url", "SOCKS5 proxy (not built in yet)", no_proxy},
    };
}

void check_session(options& given) {
    auto& c = given.connection;
    bool const nameless = c.client_id_prefix || !c.client_id;
    bool const v3 = c.version == protocol_choice::v3_1 || c.version == protocol_choice::v3_1_1;
    if (!c.clean_start && v3 && nameless) fail("You must provide a client id if you are using the -c option.");
    if (!c.clean_start && !c.session_expiry) c.session_expiry = never_expires;
    if (!v3 && c.session_expiry == never_expires && nameless)
        fail("You must provide a client id if you are using an infinite session expiry interval.");
    if (c.password && !c.user_name && c.version != protocol_choice::v5)
        fail("Problem setting username and/or password: before MQTT 5 a password (-P) needs a username (-u).");
}

void check_version(options const& given) {
    if (given.connection.version != protocol_choice::v3_1 && given.connection.version != protocol_choice::v3_1_1) {
        if (given.which == tool::sub) check_shared(given.topics, "subscription topic");
        check_shared(given.sub.unsubscribe, "unsubscribe topic");
        return;
    }
    for (auto const& list : given.properties)
        if (!list.empty()) fail("-D needs MQTT 5, but a later -V chose an older version: use -V 5.");
}

} // namespace

std::vector<option_row> const& option_rows() {
    static std::vector<option_row> const rows = make_rows();
    return rows;
}

option_row const* find_option(tool which, std::string_view name) noexcept {
    for (auto const& row : option_rows())
        if (row.belongs_to(which) && !name.empty() && (name == row.short_name || name == row.long_name)) return &row;
    return nullptr;
}

void finish(options& given) {
    if (given.will.payload && !given.will.topic) fail("Will payload given, but no will topic given.");
    if (given.will.retain && !given.will.topic) fail("Will retain given, but no will topic given.");
    if (!given.properties_of(property_target::will).empty() && !given.will.topic) fail("Will properties given, but no will topic given.");
    check_session(given);
    check_version(given);
    if (given.which == tool::pub) {
        if (given.topics.empty() || given.pub.source == message_source::none)
            fail("Both topic and message must be supplied: -t topic, and one of -m, -f, -l, -n, -s.");
        if (given.pub.source == message_source::input_lines) given.pub.repeat = 1;
        return;
    }
    if (given.topics.empty() && given.sub.unsubscribe.empty())
        fail("You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
    if (given.sub.no_retained && given.sub.retained_only) fail("Combining '-R' and '--retained-only' makes no sense.");
}

} // namespace aldis::app
