// The table of options of `pub`, `sub` and `rr`, and what each of them does.
#include "options.hpp"

#include <fmt/format.h>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/utf8.hpp>

#include "layer_rows.hpp"
#include "properties.hpp"
#include "url.hpp"
#include "values.hpp"

namespace aldis::app {
namespace {

constexpr std::uint8_t P = static_cast<std::uint8_t>(tool::pub);
constexpr std::uint8_t S = static_cast<std::uint8_t>(tool::sub);
constexpr std::uint8_t R = static_cast<std::uint8_t>(tool::rr);

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

void set_topic(options& o, std::string_view topic, std::string_view option = "-t") {
    if (o.which != tool::sub) {
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
    auto  url = parse_url(text);
    auto& c = o.connection;
    c.unix_path = std::move(url.unix_path);
    if (url.topic) set_topic(o, *url.topic, "-L topic");
    if (!c.unix_path.empty()) return;
    c.host = std::move(url.host);
    c.port = url.port;
    c.websocket.is_on = url.is_web;
    c.tls.asked = url.is_secure;
    if (url.user_name) c.user_name = std::move(url.user_name);
    if (url.password) c.password = std::move(url.password);
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

void set_random_filter(options& o, std::string_view text) {
    o.sub.random_filter = number<double>(text, 0.1, 100.0, "--random-filter chance must be between 0.1-100.0");
}

void set_client_id(options& o, std::string_view text) {
    if (o.connection.client_id_prefix) fail("-i and -I argument cannot be used together.");
    if (text.empty()) fail("Invalid id: it must not be empty; leave out -i to let the broker choose one.");
    check_text(text, "-i");
    o.connection.client_id = text;
}

void set_id_prefix(options& o, std::string_view text) {
    if (o.connection.client_id) fail("-i and -I argument cannot be used together.");
    check_text(text, "-I");
    o.connection.client_id_prefix = text;
}

void set_keep_alive(options& o, std::string_view text) {
    o.connection.keep_alive = number<std::uint16_t>(text, 5, 65'535, "Invalid keepalive given, it must be between 5 and 65535 inclusive.");
}

void set_in_flight(options& o, std::string_view text) {
    o.connection.max_in_flight =
        number<std::uint16_t>(text, 1, 65'535, "Maximum inflight messages must be greater than 0, and at most 65535.");
}

void set_will_topic(options& o, std::string_view text) {
    check_name(text, "will topic", "--will-topic");
    o.will.topic = text;
}

void set_repeat(options& o, std::string_view text) {
    o.pub.repeat = number<std::uint32_t>(text, 1, 0x7FFF'FFFF, "--repeat argument must be >0.");
}

void set_count(options& o, std::string_view text) {
    o.sub.count = number<std::uint32_t>(text, 1, 0x7FFF'FFFF, fmt::format("Invalid message count \"{}\".", text));
}

void set_timeout(options& o, std::string_view text) {
    o.sub.timeout = std::chrono::seconds{number<std::uint32_t>(text, 1, 0x7FFF'FFFF, fmt::format("Invalid timeout \"{}\".", text))};
}

void add_filter_out(options& o, std::string_view text) {
    check_filter(text, "filter topic", "-T");
    o.sub.filter_out.emplace_back(text);
}

void add_unsubscribe(options& o, std::string_view text) {
    check_filter(text, "unsubscribe topic", "-U");
    o.sub.unsubscribe.emplace_back(text);
}

using o = options;
using v = std::string_view;

std::vector<option_row> make_rows() {
    return {
        // ---- connection
        {"-h", "--host", P | S | R, "host", [](o& x, v t) { x.connection.host = t; x.connection.unix_path.clear(); },
         "broker's name or address (default localhost)"},
        {"-p", "--port", P | S | R, "port", set_port,
         "broker's port (default 1883; 8883 with TLS, 80 and 443 with WebSocket)"},
        {"-L", "--url", P | S | R, "URL", set_url,
         "mqtt, mqtts, ws or wss://[user[:password]@]host[:port]/topic; unix:///path"},
        {"", "--unix", P | S | R, "socket path", [](o& x, v t) { x.connection.unix_path = t; },
         "connect through a Unix domain socket"},
        {"-A", "", P | S | R, "address", [](o& x, v t) { x.connection.bind_address = t; },
         "local address to connect from"},
        {"", "--nodelay", P | S | R, "", [](o&, v) {},
         "accepted; messages are never held back anyway"},
        {"-u", "--username", P | S | R, "username", [](o& x, v t) { check_text(t, "-u"); x.connection.user_name = t; },
         "user name"},
        {"-P", "--pw", P | S | R, "password", [](o& x, v t) { x.connection.password = t; },
         "password"},
        {"-i", "--id", P | S | R, "id", set_client_id,
         "client identifier (default: the broker chooses)"},
        {"-I", "--id-prefix", P | S | R, "id prefix", set_id_prefix,
         "client identifier is this and the process number"},
        {"-k", "--keepalive", P | S | R, "keepalive", set_keep_alive,
         "seconds between signs of life (default 60)"},
        {"-c", "--disable-clean-session", P | S | R, "", [](o& x, v) { x.connection.clean_start = false; },
         "keep the session on the broker (needs -i)"},
        {"-x", "", P | S | R, "session expiry interval", set_expiry,
         "seconds the session outlives the connection; -1: for ever (MQTT 5)"},
        {"-V", "--protocol-version", P | S | R, "version", set_version,
         "5, 311, 31, or auto: 5, then 3.1.1 where 5 is refused"},
        {"-M", "", P | S | R, "max inflight", set_in_flight,
         "most QoS 1 and 2 messages under way at once (default 20)"},
        {"-D", "--property", P | S | R, "command property value...", add_property,
         "add an MQTT 5 property to connect, publish, subscribe, unsubscribe, disconnect or will"},
        // ---- will
        {"", "--will-topic", P | S | R, "will topic", set_will_topic,
         "topic of the Will, sent by the broker when we vanish"},
        {"", "--will-payload", P | S | R, "will payload", [](o& x, v t) { x.will.payload = t; },
         "payload of the Will"},
        {"", "--will-qos", P | S | R, "will QoS", [](o& x, v t) { x.will.qos = qos_of(t, "Invalid will QoS "); },
         "QoS of the Will (default 0)"},
        {"", "--will-retain", P | S | R, "", [](o& x, v) { x.will.retain = true; },
         "the Will is retained"},
        // ---- what is sent or wanted
        {"-t", "--topic", P | S | R, "topic", [](o& x, v t) { set_topic(x, t); },
         "topic to publish to, or filter to subscribe to (sub: may be repeated)"},
        {"-q", "--qos", P | S | R, "QoS", [](o& x, v t) { x.qos = qos_of(t, "Invalid QoS given: "); },
         "quality of service: 0, 1 or 2 (default 0)"},
        {"-e", "", R, "response topic", [](o& x, v t) { check_name(t, "response topic", "-e"); x.response_topic = t; },
         "topic that the answer comes to"},
        {"-m", "--message", P | R, "message", [](o& x, v t) { set_source(x, message_source::argument); x.pub.message = t; },
         "send this"},
        {"-f", "--file", P | R, "file", [](o& x, v t) { set_source(x, message_source::file); x.pub.file = t; },
         "send the contents of this file"},
        {"-l", "--stdin-line", P, "", [](o& x, v) { set_source(x, message_source::input_lines); },
         "send each line of standard input as a message"},
        {"-n", "--null-message", P | R, "", [](o& x, v) { set_source(x, message_source::null); },
         "send an empty message"},
        {"-s", "--stdin-file", P | R, "", [](o& x, v) { set_source(x, message_source::whole_input); },
         "send all of standard input as one message"},
        {"-r", "--retain", P, "", [](o& x, v) { x.pub.retain = true; },
         "the broker keeps the message for later subscribers"},
        {"", "--repeat", P, "count", set_repeat,
         "send the message so many times"},
        {"", "--repeat-delay", P, "time", set_repeat_delay,
         "seconds between them, fractions allowed (default 0)"},
        {"-C", "", S, "count", set_count,
         "leave after so many messages"},
        {"-W", "", S | R, "timeout", set_timeout,
         "leave after so many seconds, with exit code 27"},
        {"-E", "", S, "", [](o& x, v) { x.sub.exit_after_subscribe = true; },
         "leave as soon as the subscriptions are acknowledged"},
        {"-F", "", S | R, "format", [](o& x, v t) { x.sub.format = t; },
         "print messages in this format, see docs/tools.md"},
        {"-N", "", S | R, "", [](o& x, v) { x.sub.end_of_line = false; },
         "no end of line after a message"},
        {"", "--pretty", S | R, "", [](o& x, v) { x.sub.pretty = true; },
         "%j and %J over several lines, indented"},
        {"-v", "--verbose", S | R, "", [](o& x, v) { x.sub.verbose = true; },
         "print topic and payload"},
        {"-R", "", S | R, "", [](o& x, v) { x.sub.no_retained = true; },
         "do not print retained messages"},
        {"", "--retained-only", S, "", [](o& x, v) { x.sub.retained_only = true; },
         "only retained messages; leave when the first other arrives"},
        {"", "--retain-as-published", S | R, "", [](o& x, v) { x.sub.retain_as_published = true; },
         "show the retain flag as it was published (MQTT 5)"},
        {"", "--remove-retained", S, "", [](o& x, v) { x.sub.remove_retained = true; },
         "clear each retained message received from the broker"},
        {"", "--random-filter", S, "chance", set_random_filter,
         "print only this percentage of the messages, 0.1 to 100"},
        {"-T", "--filter-out", S, "topic filter", add_filter_out,
         "do not print what matches this filter (may be repeated)"},
        {"-U", "--unsubscribe", S, "unsubscribe topic", add_unsubscribe,
         "unsubscribe from this filter (may be repeated)"},
        // ---- this program
        {"-d", "--debug", P | S | R, "", [](o& x, v) { x.debug = true; },
         "print a line for each packet sent and received"},
        {"", "--packets", P | S | R, "", [](o& x, v) { x.packets = true; },
         "print each packet on standard error, as 'aldis dump' shows it"},
        {"", "--capture", P | S | R, "file", [](o& x, v text) { x.capture = text; },
         "write the packets to a capture file, decrypted and with passwords, for 'aldis dump -r'"},
        {"", "--quiet", P | S | R, "", [](o& x, v) { x.quiet = true; },
         "do not print errors that happen while running"},
        {"", "--help", P | S | R, "", [](o& x, v) { x.help = true; },
         "print this and exit"},
        {"", "--version", P | S | R, "", [](o& x, v) { x.show_version = true; },
         "print the version and exit"},
    };
}

} // namespace

std::vector<option_row> const& option_rows() {
    static std::vector<option_row> const rows = [] {
        auto all = make_rows();
        auto const layers = make_layer_rows();
        all.insert(all.end(), layers.begin(), layers.end());
        return all;
    }();
    return rows;
}

} // namespace aldis::app
