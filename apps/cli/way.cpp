// The address of the broker, and TLS, WebSocket and proxy as the transport wants them.
#include "way.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "password.hpp"

namespace aldis::app {
namespace {

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

// -A may be a name; looked up at once, before anything else has begun.
std::string numeric_address(std::string const& name) {
    boost::asio::io_context io;
    boost::system::error_code wrong;
    auto const found = boost::asio::ip::tcp::resolver{io}.resolve(name, "", wrong);
    if (wrong || found.empty()) throw start_error{fmt::format("Unable to connect (Lookup error.): no address found for '{}', check -A.", name)};
    return found.begin()->endpoint().address().to_string();
}

struct close_file { void operator()(std::FILE* file) const noexcept { std::fclose(file); } };
using file_handle = std::unique_ptr<std::FILE, close_file>;

// A file that is not there is told of before anything is connected, in known words.
std::string const& readable(std::string const& path, std::string_view option) {
    if (path.empty() || file_handle{std::fopen(path.c_str(), "rb")}) return path;
    auto const* const begins = errno == ENOENT ? "File not found: " : "";
    throw start_error{fmt::format("Error: Problem setting TLS options: {}{} '{}' cannot be read: {}.", begins, option, path, std::strerror(errno))};
}

// PEM says so in a line of its own, in both of its forms.
bool is_encrypted(std::string const& path) {
    file_handle const file{std::fopen(path.c_str(), "rb")};
    char              line[128];
    while (file && std::fgets(line, sizeof line, file.get()) != nullptr)
        if (std::strstr(line, "ENCRYPTED") != nullptr) return true;
    return false;
}

// Asked before anything is connected, since nobody types as fast as a handshake must be.
std::optional<std::string> password_of(std::string const& key) {
    if (key.empty() || !is_encrypted(key)) return {};
    auto password = ask_password(fmt::format("Enter PEM pass phrase for {}:", key));
    if (!password) throw start_error{fmt::format("Error: Problem setting TLS options: --key '{}' is encrypted, and there is no terminal to ask for its password.", key)};
    return password;
}

transport::tls_verification verification_of(tls_choice const& tls) noexcept {
    using transport::tls_verification;
    if (tls.accept_any) return tls_verification::insecure_accept_anyone;
    return tls.any_name ? tls_verification::peer_of_any_name : tls_verification::peer_and_host;
}

transport::tls_options tls_of(tls_choice const& tls) {
    transport::tls_options out;
    out.ca_file(readable(tls.ca_file, "--cafile")).ca_directory(readable(tls.ca_directory, "--capath"));
    if (tls.system_store) out.system_store(true);
    out.crl_file(readable(tls.revocations, "--crlfile"));
    out.certificate_file(readable(tls.certificate, "--cert")).key_file(readable(tls.key, "--key"));
    out.key_password([password = password_of(tls.key)](std::string_view) { return password; });
    if (!tls.psk.empty()) out.psk(tls.psk_identity, tls.psk);
    out.verification(verification_of(tls)).ciphers(tls.ciphers).suites(tls.suites).key_log_file(tls.key_log);
    if (tls.lowest) out.versions(*tls.lowest, transport::tls_version::v1_3);
    if (!tls.alpn.empty()) out.alpn({tls.alpn});
    return out;
}

// An option that says how TLS is to be used, but not that it is.
std::string_view idle_option(tls_choice const& tls) noexcept {
    struct row { bool is_given; std::string_view name; };
    for (auto const& [is_given, name] : std::array{
             row{!tls.certificate.empty(), "--cert"}, row{!tls.key.empty(), "--key"}, row{!tls.revocations.empty(), "--crlfile"},
             row{tls.any_name, "--insecure"}, row{tls.lowest.has_value(), "--tls-version"}, row{!tls.alpn.empty(), "--tls-alpn"},
             row{!tls.ciphers.empty() || !tls.suites.empty(), "--ciphers"}})
        if (is_given) return name;
    return {};
}

// Under the name of a tool that connects without TLS then, it is done and said.
void check_idle(options& given) {
    auto const name = idle_option(given.connection.tls);
    if (name.empty()) return;
    auto const advice = fmt::format("{} alone does not switch TLS on: add --cafile, --capath or --tls-use-os-certs, or -L mqtts://", name);
    if (!given.stand_in) fail(advice + ".");
    given.warnings.push_back(fmt::format("Warning: The connection is not encrypted. {}.", advice));
}

void check_tls(options& given) {
    auto& tls = given.connection.tls;
    bool const trusts = !tls.ca_file.empty() || !tls.ca_directory.empty();
    if (tls.certificate.empty() != tls.key.empty()) fail("Both certfile and keyfile must be provided if one of them is set: --cert and --key.");
    if (!tls.key_form.empty() && tls.key.empty()) fail("If keyform is set, keyfile must be also specified: --key.");
    if (!tls.psk.empty() && trusts) fail("Only one of --psk or --cafile/--capath may be used at once.");
    if (!tls.psk.empty() && tls.psk_identity.empty()) fail("--psk-identity required if --psk used.");
    if (tls.psk.empty() && !tls.psk_identity.empty()) fail("--psk required if --psk-identity used.");
    if (!tls.is_on()) return check_idle(given);
    if (!given.connection.unix_path.empty()) fail("TLS cannot be used over a Unix domain socket: leave out --unix, or the options of TLS.");
    if (tls.key_log.empty())
        if (auto const* const file = std::getenv("SSLKEYLOGFILE"); file != nullptr && *file != '\0') tls.key_log = file;
    if (!tls.key_log.empty())
        given.warnings.push_back(fmt::format("Warning: The secrets of this connection are written to {}: whoever reads it can read the traffic.", tls.key_log));
}

void check_lookup(connection_options const& c) {
    if (!c.service_lookup) return;
    if (c.host == "localhost" || !c.unix_path.empty()) fail("-S needs the domain whose SRV records name the broker: give it with -h.");
    if (c.websocket.is_on) fail("-S cannot be used with WebSocket: SRV records name MQTT listeners only.");
    if (c.proxy) fail("-S cannot be used with --proxy, which looks names up itself: name the broker with -h and -p.");
}

} // namespace

transport::scheme scheme_of(connection_options const& c) noexcept {
    using transport::scheme;
    if (!c.unix_path.empty()) return scheme::local;
    if (c.websocket.is_on) return c.tls.is_on() ? scheme::wss : scheme::ws;
    return c.tls.is_on() ? scheme::tls : scheme::tcp;
}

transport::endpoint endpoint_of(connection_options const& c) {
    auto const via = scheme_of(c);
    if (via == transport::scheme::local) return transport::local_endpoint(c.unix_path);
    transport::endpoint out{via, c.host, c.port};
    if (c.websocket.is_on) out.path(c.websocket.path).query(c.websocket.query);
    return out;
}

transport::connect_options way_of(connection_options const& c) {
    transport::connect_options out;
    if (!c.bind_address.empty()) out.local_address(numeric_address(c.bind_address));
    if (c.tls.is_on()) out.tls(tls_of(c.tls));
    transport::websocket_options web;
    for (auto const& [name, value] : c.websocket.headers) web.add_header(name, value);
    return out.websocket(std::move(web)).proxy(c.proxy).service_lookup(c.service_lookup).name_servers(c.name_servers);
}

void check_way(options& given) {
    auto& c = given.connection;
    if (c.port == transport::default_port(transport::scheme::tls) && c.unix_path.empty()) c.tls.asked = true;
    if (c.websocket.is_on && !c.unix_path.empty()) fail("WebSocket cannot be used over a Unix domain socket: leave out --unix, or --ws.");
    if (c.proxy && !c.unix_path.empty()) fail("--proxy cannot be used with a Unix domain socket: leave one of them out.");
    check_tls(given);
    check_lookup(c);
}

} // namespace aldis::app
