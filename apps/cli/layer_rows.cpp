// What the options of TLS, WebSocket, proxies and the name service do.
#include "layer_rows.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include <aldis/codec/utf8.hpp>
#include <aldis/transport/endpoint.hpp>

namespace aldis::app {
namespace {

constexpr std::uint8_t P = static_cast<std::uint8_t>(tool::pub);
constexpr std::uint8_t S = static_cast<std::uint8_t>(tool::sub);
constexpr std::uint8_t R = static_cast<std::uint8_t>(tool::rr);

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

// ---- TLS

void set_key_form(options& o, std::string_view text) {
    if (text != "pem") fail("Problem setting key form, it must be one of 'pem' or 'engine', of which only 'pem' is supported.");
    o.connection.tls.key_form = text;
}

[[noreturn]] void no_engine(options&, std::string_view text) {
    fail(fmt::format("Problem setting TLS engine, is {} a valid engine? OpenSSL engines are not supported: use a key file (--key).", text));
}
[[noreturn]] void no_engine_password(options&, std::string_view) {
    fail("--tls-engine-kpass-sha1 cannot be used: OpenSSL engines are not supported, use a key file (--key).");
}

void set_tls_version(options& o, std::string_view text) {
    if (text == "tlsv1.3") o.connection.tls.lowest = transport::tls_version::v1_3;
    else if (text == "tlsv1.2") o.connection.tls.lowest = transport::tls_version::v1_2;
    else if (text == "tlsv1.1" || text == "tlsv1" || text == "tlsv1.0")
        fail(fmt::format("Problem setting TLS options, {} is not safe and not supported: use tlsv1.2 or tlsv1.3.", text));
    else fail(fmt::format("Problem setting TLS options, check the options are valid: the version is tlsv1.2 or tlsv1.3, not '{}'.", text));
}

// The suites of TLS 1.3 have names of their own kind and a list of their own.
void set_ciphers(options& o, std::string_view text) {
    auto& tls = o.connection.tls;
    tls.ciphers.clear();
    tls.suites.clear();
    while (!text.empty()) {
        auto const name = text.substr(0, text.find(':'));
        text.remove_prefix(std::min(text.size(), name.size() + 1));
        if (name.empty()) continue;
        auto& list = name.starts_with("TLS_") ? tls.suites : tls.ciphers;
        list += list.empty() ? "" : ":";
        list += name;
    }
    if (tls.ciphers.empty() && tls.suites.empty()) fail("Invalid --ciphers, it must name at least one cipher.");
}

void set_alpn(options& o, std::string_view text) {
    if (text.empty() || text.size() > 255) fail("Invalid --tls-alpn, a protocol's name has 1 to 255 bytes.");
    o.connection.tls.alpn = text;
}

int digit_value(char c) noexcept {
    static constexpr std::string_view digits = "0123456789abcdef";
    auto const at = digits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return at == digits.npos ? -1 : static_cast<int>(at);
}

// An odd digit out is the first, as in a number.
void set_psk(options& o, std::string_view text) {
    auto const is_digit = [](char c) { return digit_value(c) >= 0; };
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit))
        fail("Problem setting TLS-PSK options: the key (--psk) must be hexadecimal digits, without 0x.");
    std::string key((text.size() + 1) / 2, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const shift = (text.size() - i) % 2 == 0 ? 4 : 0;
        auto&      byte = key[key.size() - 1 - (text.size() - 1 - i) / 2];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | digit_value(text[i]) << shift);
    }
    o.connection.tls.psk = std::move(key);
}

// ---- WebSocket

// Judged as part of a URI, where it will stand.
void set_web_path(options& o, std::string_view text) {
    if (!text.starts_with('/')) fail(fmt::format("Invalid --ws-path '{}', it must begin with '/'.", text));
    auto const where = transport::parse_endpoint(fmt::format("ws://host{}", text));
    if (!where.has_value()) fail(fmt::format("Invalid --ws-path: {}.", where.error().message()));
    o.connection.websocket.path = where->path();
    o.connection.websocket.query = where->query();
}

bool is_header_name(std::string_view name) {
    auto const is_token = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_token);
}

void add_web_header(options& o, std::string_view text) {
    auto const colon = text.find(':');
    auto const name = text.substr(0, colon);
    if (colon == text.npos || !is_header_name(name)) fail("Invalid --ws-header, it must be 'Name: value'.");
    auto value = text.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    auto const is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
    if (std::any_of(value.begin(), value.end(), is_control))
        fail(fmt::format("Invalid --ws-header {}, its value holds a control character.", name));
    o.connection.websocket.headers.emplace_back(name, value);
}

// ---- The way there

void set_proxy(options& o, std::string_view text) {
    auto proxy = transport::parse_proxy(text);
    if (proxy.has_value()) {
        o.connection.proxy = std::move(*proxy);
        return;
    }
    auto const shown = text.find('@') == text.npos ? text : text.substr(0, text.find("://"));  // without a password
    if (proxy.error().code() == transport::errc::uri_scheme_missing || proxy.error().code() == transport::errc::proxy_scheme_unknown)
        fail(fmt::format("Unsupported proxy protocol: {}; it must be socks5h:// or http://.", shown));
    fail(fmt::format("Invalid proxy: {}.", proxy.error().message()));
}

void set_name_servers(options& o, std::string_view text) {
    o.connection.name_servers.clear();
    while (!text.empty()) {
        auto const one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        if (!one.empty()) o.connection.name_servers.emplace_back(one);
    }
    if (o.connection.name_servers.empty()) fail("Invalid --dns-servers, it must be address[:port][,address[:port]...].");
}

void set_alone(std::string& member, std::string_view text, std::string_view option) {
    if (text.empty()) fail(fmt::format("Invalid {} '', it must not be empty.", option));
    member = text;
}

using o = options;
using v = std::string_view;

} // namespace

std::vector<option_row> make_layer_rows() {
    return {
        // ---- TLS: whom we trust
        {"", "--cafile", P | S | R, "file", [](o& x, v t) { set_alone(x.connection.tls.ca_file, t, "--cafile"); },
         "TLS, trusting the issuers in this PEM file and no others"},
        {"", "--capath", P | S | R, "directory", [](o& x, v t) { set_alone(x.connection.tls.ca_directory, t, "--capath"); },
         "the same, from a directory prepared with 'openssl rehash'"},
        {"", "--tls-use-os-certs", P | S | R, "", [](o& x, v) { x.connection.tls.system_store = true; },
         "TLS, trusting the issuers that this system trusts"},
        {"", "--crlfile", P | S | R, "file", [](o& x, v t) { set_alone(x.connection.tls.revocations, t, "--crlfile"); },
         "PEM lists of revoked certificates, one for each issuer"},
        {"", "--insecure", P | S | R, "", [](o& x, v) { x.connection.tls.any_name = true; },
         "do not check that the certificate is for this host"},
        {"", "--tls-accept-any-certificate", P | S | R, "", [](o& x, v) { x.connection.tls.accept_any = true; },
         "check nothing: whoever is in between reads and changes everything"},
        // ---- TLS: who we are
        {"", "--cert", P | S | R, "file", [](o& x, v t) { set_alone(x.connection.tls.certificate, t, "--cert"); },
         "our certificate, PEM"},
        {"", "--key", P | S | R, "file", [](o& x, v t) { set_alone(x.connection.tls.key, t, "--key"); },
         "its key, PEM; the password of an encrypted one is asked for"},
        {"", "--keyform", P | S | R, "keyform", set_key_form,
         "pem"},
        {"", "--psk", P | S | R, "key", set_psk,
         "TLS with a key known to both sides, in hexadecimal, in place of certificates"},
        {"", "--psk-identity", P | S | R, "identity",
         [](o& x, v t) { set_alone(x.connection.tls.psk_identity, t, "--psk-identity"); },
         "the name of that key"},
        // ---- TLS: how
        {"", "--tls-version", P | S | R, "version", set_tls_version,
         "oldest version of TLS: tlsv1.2 (default) or tlsv1.3"},
        {"", "--ciphers", P | S | R, "ciphers", set_ciphers,
         "OpenSSL's names, joined by ':'; TLS_... are those of TLS 1.3"},
        {"", "--tls-alpn", P | S | R, "protocol", set_alpn,
         "protocol to ask for (default mqtt; http/1.1 for wss)"},
        {"", "--tls-keylog", P | S | R, "file", [](o& x, v t) { set_alone(x.connection.tls.key_log, t, "--tls-keylog"); },
         "append the secrets of the connection, for Wireshark"},
        {"", "--tls-engine", P | S | R, "engine_id", no_engine, "(not supported)"},
        {"", "--tls-engine-kpass-sha1", P | S | R, "kpass sha1", no_engine_password, "(not supported)"},
        // ---- WebSocket
        {"", "--ws", P | S | R, "", [](o& x, v) { x.connection.websocket.is_on = true; },
         "MQTT over WebSocket, as -L ws:// and wss:// are"},
        {"", "--ws-path", P | S | R, "path", set_web_path,
         "path of the WebSocket, with its query (default /mqtt)"},
        {"", "--ws-header", P | S | R, "header", add_web_header,
         "'Name: value', sent with the request (may be repeated)"},
        // ---- the way there
        {"", "--proxy", P | S | R, "proxy url", set_proxy,
         "socks5h://[user[:password]@]host[:port] or http://..., to connect through"},
        {"-S", "", P | S | R, "", [](o& x, v) { x.connection.service_lookup = true; },
         "-h is a domain, whose SRV records name the broker"},
        {"", "--dns-servers", P | S | R, "addresses", set_name_servers,
         "servers to ask for them, address[:port], joined by ','"},
    };
}

} // namespace aldis::app
