// The keys that are more than a value to keep.
#include <charconv>
#include <optional>

#include "draft.hpp"

namespace aldis::app::config {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) noexcept {
    std::uint16_t port = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

// What cannot be in an address, or would be taken for something else in one.
bool is_host(std::string_view text) noexcept { return text.size() <= 255 && text.find_first_of(" \t/@?#[]") == text.npos; }

struct word_row {
    std::string_view text;
    unsigned         kinds;
};
constexpr unsigned all_kinds = log_error | log_warning | log_notice | log_information | log_debug;
constexpr word_row log_words[]{
    {"none", 0},
    {"error", log_error},
    {"warning", log_warning},
    {"notice", log_notice},
    {"information", log_information},
    {"debug", log_debug},
    {"all", all_kinds},
    {"subscribe", log_debug},
    {"unsubscribe", log_debug},
    {"websockets", 0},
    {"internal", 0},
};

} // namespace

// listener port [address or, with port 0, the path of a unix socket]
void apply_listener(draft& into, given_value const& given) {
    std::string_view rest = given.what.text;
    auto const       first = next_word(rest);
    auto const       port = port_of(first);
    listener_settings fresh;
    fresh.at = given.at;
    if (!port) {
        into.told().error(given.at, given.row.name, quoted(first) + " is no port", "try 'listener 1883', or 'listener 1883 127.0.0.1' for one address");
    } else if (rest.starts_with('/')) {
        fresh.socket_path = {std::string(rest), given.at};
        if (*port != 0) into.told().error(given.at, given.row.name, "a unix socket has no port", "write 'listener 0 " + std::string(rest.substr(0, 80)) + "'");
    } else if (!is_host(rest)) {
        into.told().error(given.at, given.row.name, quoted(rest) + " is no address", "write one address or name, IPv6 without brackets, and remarks on lines of their own");
    } else {
        fresh.host = rest;
    }
    fresh.port = port.value_or(0);
    // A listener that is wrong takes the lines below it all the same.
    if (!into.open_listener(std::move(fresh)))
        into.told().error(given.at, given.row.name, "more than " + std::to_string(draft::max_listeners) + " listeners", "is one file included twice?");
}

void apply_per_listener_settings(draft& into, given_value const& given) {
    auto& settings = into.settings();
    if (settings.per_listener == given.what.is_on) return;
    if (into.has_placed_keys())
        into.told().error(given.at, given.row.name, "lines above it were read without it", "make it the first line of the file");
    settings.per_listener = given.what.is_on;
}

void apply_port(draft& into, given_value const& given) {
    if (into.settings().listeners.empty()) {
        into.open_default(given.at);
        into.listener().port = static_cast<std::uint16_t>(given.what.number);
        return;
    }
    into.told().error(given.at, given.row.name, "below a listener line it opens one more listener, on every interface",
                      "write 'listener " + std::to_string(given.what.number) + "' if that is meant, or put it above the first listener");
}

void apply_bind_address(draft& into, given_value const& given) {
    if (!is_host(given.what.text)) {
        into.told().error(given.at, given.row.name, quoted(given.what.text) + " is no address", "write one address or name, IPv6 without brackets");
    } else if (into.settings().listeners.empty()) {
        into.open_default(given.at);
        into.listener().host = given.what.text;
    } else {
        into.told().error(given.at, given.row.name, "below a listener line it opens one more listener", "write the address behind the port: 'listener 1883 127.0.0.1'");
    }
}

void apply_max_connections(draft& into, given_value const& given) {
    if (given.what.number == 0)
        return into.told().error(given.at, given.row.name, "nobody could connect", "write -1 for no bound of its own, or remove the listener");
    into.listener().max_connections = given.what.number < 0 ? 0 : static_cast<std::uint64_t>(given.what.number);
}

void apply_global_max_connections(draft& into, given_value const& given) {
    if (given.what.number == 0) return into.told().error(given.at, given.row.name, "nobody could connect", "write -1, or leave it out");
    if (given.what.number > 0) into.settings().limits.global_max_connections = static_cast<std::uint64_t>(given.what.number);
}

// mosquitto names the version of the header; both are understood here.
void apply_proxy_protocol(draft& into, given_value const&) { into.listener().proxy_protocol = true; }

void apply_websockets_origin(draft& into, given_value const& given) {
    auto& origins = into.listener().websockets_origins;
    if (origins.size() == 64) return into.told().error(given.at, given.row.name, "more than 64 origins", "let a proxy in front of the broker check them");
    origins.push_back(given.what.text);
}

void apply_persistence(draft& into, given_value const& given) {
    into.settings().persistence.is_on = given.what.is_on;
    into.settings().persistence.at = given.at;
}

void apply_log_dest(draft& into, given_value const& given) {
    auto&            log = into.settings().log;
    std::string_view rest = given.what.text;
    auto const       word = next_word(rest);
    log.is_chosen = true;
    if (word == "file") {
        if (rest.empty()) into.told().error(given.at, given.row.name, "there is no file name", "write 'log_dest file /var/log/aldis.log'");
        else if (log.to_file.is_given() && log.to_file.text != rest) into.told().error(given.at, given.row.name, "there is a log file already", "keep one of the two");
        else log.to_file = {std::string(rest), given.at};
        return;
    }
    if (!rest.empty()) return into.told().error(given.at, given.row.name, "there is more behind it: " + quoted(rest), "write one destination on each line");
    if (word == "stdout") log.to_stdout = true;
    else if (word == "stderr") log.to_stderr = true;
    else if (word == "syslog") log.to_syslog = true;
    else if (word == "topic" || word == "dlt") into.told().warn(given.at, given.row.name, "Aldis does not log to " + quoted(word), "use file, syslog, stdout or stderr");
    else if (word == "none") log.to_stdout = log.to_stderr = log.to_syslog = false, log.to_file = {};
    else into.told().error(given.at, given.row.name, quoted(word) + " is unknown here", "possible: file, syslog, stdout, stderr, none");
}

void apply_log_type(draft& into, given_value const& given) {
    auto& kinds = into.settings().log.kinds;
    for (std::string_view rest = given.what.text; !rest.empty();) {
        auto const word = next_word(rest);
        auto const* found = static_cast<word_row const*>(nullptr);
        for (auto const& row : log_words)
            if (row.text == word) found = &row;
        if (!found) {
            into.told().error(given.at, given.row.name, quoted(word) + " is unknown here", "possible: error, warning, notice, information, debug, all, none");
            return;
        }
        kinds = found->text == "none" ? 0 : kinds.value_or(0) | found->kinds;
    }
}

void apply_tls_version(draft& into, given_value const& given) {
    auto& tls = into.listener().tls;
    if (given.what.text.starts_with("tlsv1.3")) tls.lowest = tls_floor::v1_3;
    else if (!given.what.text.starts_with("tlsv1.2")) into.told().warn(given.at, given.row.name, "TLS before 1.2 can not be had", "clients need 1.2 or 1.3");
}

} // namespace aldis::app::config
