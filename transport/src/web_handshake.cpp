// The WebSocket handshake without I/O: RFC 6455, section 4.
#include "web_handshake.hpp"

#include <algorithm>
#include <array>

#include "http_head.hpp"
#include "uri_text.hpp"

namespace aldis::transport {
namespace {

constexpr std::size_t max_origin = 1024;

// Fields that the handshake itself writes.
constexpr std::array<std::string_view, 6> reserved{"Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "Trailer"};

bool is_reserved(std::string_view name) noexcept {
    return is_same_text(name.substr(0, 14), "Sec-WebSocket-") ||
           std::any_of(reserved.begin(), reserved.end(), [name](auto each) { return is_same_text(each, name); });
}

bool is_base64_key(std::string_view key) noexcept {
    auto const is_fine = [](char c) { return is_alnum(c) || c == '+' || c == '/'; };
    return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_fine);
}

web_refusal refuse(errc why, int status, std::string text, std::string fields = {}) { return {why, status, std::move(text), std::move(fields)}; }

using maybe_refusal = std::optional<web_refusal>;

maybe_refusal judge_origin(http_head const& head, websocket_options const& options) {
    auto const count = head.count("Origin");
    auto const origin = head.value("Origin");
    if (count > 1 || origin.size() > max_origin) return refuse(errc::web_bad_origin, 403, "The Origin of this request is not acceptable.");
    if (count == 0 || options.origins().empty()) return {};
    auto const& allowed = options.origins();
    bool const  is_allowed = std::any_of(allowed.begin(), allowed.end(), [origin](auto const& each) { return is_same_text(each, origin); });
    return is_allowed ? maybe_refusal{} : refuse(errc::web_bad_origin, 403, "Web pages of " + printable(origin) + " may not connect here.");
}

// What makes a request one for WebSocket, beyond its first line.
maybe_refusal judge_upgrade(http_head const& head) {
    if (head.count("Host") != 1) return refuse(errc::web_bad_handshake, 400, "The request needs one Host.");
    if (head.count("Transfer-Encoding") > 0 || (head.count("Content-Length") > 0 && head.value("Content-Length") != "0"))
        return refuse(errc::web_bad_handshake, 400, "The request may not have a body.");
    if (!head.has_token("Upgrade", "websocket") || !head.has_token("Connection", "upgrade"))
        return refuse(errc::web_bad_handshake, 426, "This is an MQTT server: it is spoken to over WebSocket, by an MQTT client, not with a browser.",
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (head.count("Sec-WebSocket-Version") != 1 || head.value("Sec-WebSocket-Version") != "13")
        return refuse(errc::web_bad_handshake, 426, "Only version 13 of WebSocket is spoken here.", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (head.count("Sec-WebSocket-Key") != 1 || !is_base64_key(head.value("Sec-WebSocket-Key")))
        return refuse(errc::web_bad_handshake, 400, "The request needs one Sec-WebSocket-Key of 16 bytes in base64.");
    return {};
}

maybe_refusal judge(http_head const& head, http_request_line const& line, endpoint const& where, websocket_options const& options) {
    if (line.version != "HTTP/1.1") return refuse(errc::web_bad_handshake, 505, "Only HTTP/1.1 is spoken here.");
    if (line.method != "GET") return refuse(errc::web_bad_handshake, 405, "Only GET is understood here.", "Allow: GET\r\n");
    if (auto why = judge_upgrade(head)) return why;
    auto const path = path_of_target(line.target);
    if (!where.path().empty() && where.path() != path)
        return refuse(errc::web_not_found, 404, "Nothing is served at " + printable(path) + ".");
    if (auto why = judge_origin(head, options)) return why;
    if (!head.has_token("Sec-WebSocket-Protocol", web_subprotocol))  // [MQTT-6.0.0-3]
        return refuse(errc::web_no_subprotocol, 400, "The WebSocket subprotocol must be mqtt.");
    return {};
}

std::string join(http_head const& head, std::string_view name) {
    std::string out;
    for (auto const& each : head.fields)
        if (is_same_text(each.name, name)) out.append(out.empty() ? "" : ", ").append(each.value);
    return out;
}

} // namespace

std::string target_of(endpoint const& where) {
    auto const target = where.target();
    return target.starts_with('/') ? target : '/' + target;
}

std::string host_of(endpoint const& where) {
    bool const is_literal = where.host().find(':') != std::string::npos;
    auto       host = is_literal ? '[' + where.host().substr(0, where.host().find('%')) + ']' : where.host();
    return where.port() == default_port(where.via()) ? host : host + ':' + std::to_string(where.port());
}

std::string find_bad_option(endpoint const& where, websocket_options const& options) {
    auto const target = target_of(where);
    bool const is_plain = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
    if (!is_plain) return "the path or query cannot be sent: " + printable(target);
    if (!is_field_value(where.host())) return "the host cannot be sent: " + printable(where.host());
    for (auto const& [name, value] : options.headers()) {
        if (!is_field_name(name)) return "this is no name of an HTTP header: " + printable(name);
        if (!is_field_value(value)) return "the value of the HTTP header " + name + " cannot be sent";
        if (is_reserved(name)) return "the HTTP header " + name + " is set by the handshake itself";
    }
    return {};
}

web_verdict judge_request(std::string_view head, endpoint const& where, websocket_options const& options) {
    web_verdict out;
    auto const  parsed = parse_http_head(head);
    auto const  line = parsed ? parse_request_line(parsed->first_line) : std::nullopt;
    if (!line) {
        out.refusal = refuse(errc::web_bad_handshake, 400, "This is no HTTP request.");
        return out;
    }
    out.refusal = judge(*parsed, *line, where, options);
    out.request = {std::string(parsed->value("Host")), std::string(line->target), std::string(parsed->value("Origin")),
                   std::string(parsed->value("Sec-WebSocket-Key")), join(*parsed, "Sec-WebSocket-Extensions")};
    return out;
}

web_refusal refuse_too_large() { return refuse(errc::web_bad_handshake, 431, "The request is too large."); }

std::string to_response(web_refusal const& refusal) {
    auto const body = refusal.text + '\n';
    return http_response_head(refusal.status, "text/plain; charset=utf-8", body.size(), refusal.fields) + body;
}

std::string describe_refusal(std::string_view answer, std::string const& target) {
    auto const size = find_head_end(answer);
    auto       first = answer.substr(0, answer.find('\n'));
    if (first.ends_with('\r')) first.remove_suffix(1);
    auto const line = first.size() < answer.size() ? parse_status_line(first) : std::nullopt;
    if (!line || line->code == 101) return {};
    auto text = "the server answered " + std::to_string(line->code) + (line->reason.empty() ? "" : ' ' + printable(line->reason)) + " at " +
                printable(target.substr(0, target.find('?')));
    auto body = size == 0 ? std::string_view{} : answer.substr(size);
    while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
    if (!body.empty()) text += " and said \"" + printable(body.substr(0, body.find('\n')), 120) + '"';
    // Who is not allowed in, or finds the server broken, is at the right place.
    bool const is_elsewhere = line->code < 500 && line->code != 401 && line->code != 403;
    return is_elsewhere ? text + ": try another path" : text;
}

} // namespace aldis::transport
