// What goes to standard error.
#include "report.hpp"

#include <array>
#include <cstdio>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <aldis/transport/error.hpp>

#include "exit_code.hpp"
#include "terminal.hpp"
#include "way.hpp"

namespace aldis::app {
namespace {

std::string place_of(connection_options const& c) {
    if (!c.unix_path.empty()) return fmt::format("the socket {}", c.unix_path);
    if (c.proxy) return fmt::format("the proxy {}", transport::to_string(*c.proxy));
    return fmt::format("host '{}', port {}", c.host, endpoint_of(c).port());
}

struct row {
    error       code;
    int         exit;
    char const* text;
};

constexpr std::array endings{
    row{error::connection_lost, exit_code::connection_lost, "The connection was lost."},
    row{error::no_answer, exit_code::connection_lost,
        "The connection was lost: it was closed before the broker answered. Is it an MQTT listener without TLS?"},
    row{error::connect_timed_out, exit_code::connection_lost,
        "The connection was lost: the broker did not answer in time. Is it an MQTT listener without TLS?"},
    row{error::ping_timed_out, exit_code::keep_alive_timeout, "Keepalive exceeded: the broker does not answer any more."},
    row{error::packet_timed_out, exit_code::connection_lost, "The connection was lost: the broker stopped in the middle of a packet."},
    row{error::closed_by_peer, exit_code::connection_lost, "The connection was lost: the broker closed it."},
};

constexpr std::array refusals{
    row{error::qos_not_supported, exit_code::qos_not_supported, "Message QoS not supported on broker, try a lower QoS."},
    row{error::retain_not_supported, exit_code::retain_not_supported, "Retained messages are not supported on broker, try without -r."},
    row{error::too_large, exit_code::packet_too_large, "Message payload is too large: the broker does not take packets of this size."},
    row{error::alias_invalid, exit_code::failure,
        "Topic alias not possible: the broker does not take one of this number, leave out -D publish topic-alias."},
    row{error::not_connected, exit_code::connection_lost, "The connection was lost."},
};

using transport::errc;

// What the transport reports: how it begins, and what to try.
struct layer_row {
    errc        code;
    int         exit;
    char const* begins;
    char const* advice;
};

constexpr auto tls_begins = "A TLS error occurred", tls_option = "Problem setting TLS options", proxy_begins = "Proxy error",
               web_begins = "WebSocket error", lookup_begins = "Unable to connect (Lookup error.)";
constexpr auto check_name = "Check the name of the host (-h): the certificate must be for it.";
constexpr auto check_issuer = "Give its issuer's certificate with --cafile, if you trust it.";
constexpr auto check_web = "Check -h, -p and --ws-path, and that the broker has a WebSocket listener there.";

constexpr std::array layers{
    layer_row{errc::no_service, exit_code::failure, lookup_begins, "Check the domain (-h), or name the broker with -h and -p, without -S."},
    layer_row{errc::lookup_failed, exit_code::failure, lookup_begins, "Check the network, or name the broker with -h and -p, without -S."},
    layer_row{errc::no_address, exit_code::failure, lookup_begins, "Check the name (-h), and that it has an address of the family of -A."},
    layer_row{errc::proxy_refused, exit_code::proxy_failed, proxy_begins, "Check -h and -p, and whether the proxy lets you go there."},
    layer_row{errc::proxy_unauthorized, exit_code::proxy_failed, proxy_begins, "Check user name and password in --proxy."},
    layer_row{errc::proxy_bad_answer, exit_code::proxy_failed, proxy_begins, "Check kind, host and port of --proxy."},
    layer_row{errc::proxy_bad_option, exit_code::failure, proxy_begins, "Check --proxy and -h."},
    layer_row{errc::proxy_scheme_unknown, exit_code::failure, proxy_begins, "Check --proxy."},
    layer_row{errc::tls_bad_issuers, exit_code::failure, tls_option, "Check --cafile and --capath."},
    layer_row{errc::tls_bad_certificate, exit_code::failure, tls_option, "Check --cert."},
    layer_row{errc::tls_bad_key, exit_code::failure, tls_option, "Check --key, and that --cert was made for it."},
    layer_row{errc::tls_key_password_wrong, exit_code::failure, tls_option, "Check the password of --key."},
    layer_row{errc::tls_bad_revocations, exit_code::failure, tls_option, "Check --crlfile."},
    layer_row{errc::tls_bad_option, exit_code::failure, tls_option, "Check --ciphers, --tls-alpn, --psk and --psk-identity."},
    layer_row{errc::tls_bad_key_log, exit_code::failure, tls_option, "Check --tls-keylog and SSLKEYLOGFILE."},
    layer_row{errc::tls_expired, exit_code::tls_failed, tls_begins, "Check the clock of this computer, or have the certificate renewed."},
    layer_row{errc::tls_not_yet_valid, exit_code::tls_failed, tls_begins, "Set the clock, or have the certificate made anew."},
    layer_row{errc::tls_wrong_host, exit_code::tls_failed, tls_begins, check_name},
    layer_row{errc::tls_unknown_issuer, exit_code::tls_failed, tls_begins, check_issuer},
    layer_row{errc::tls_self_signed, exit_code::tls_failed, tls_begins, "Give it with --cafile, if you trust it."},
    layer_row{errc::tls_revoked, exit_code::tls_failed, tls_begins, "Do not trust this broker; ask its administrator."},
    layer_row{errc::tls_no_revocations, exit_code::tls_failed, tls_begins, "Fetch new lists of its issuers for --crlfile."},
    layer_row{errc::tls_bad_chain, exit_code::tls_failed, tls_begins, "Ask the broker's administrator, or check --cafile."},
    layer_row{errc::tls_no_common_ground, exit_code::tls_failed, tls_begins, "Check --tls-version, --ciphers and --tls-alpn."},
    layer_row{errc::tls_rejected, exit_code::tls_failed, tls_begins, "Check --cert and --key, or --psk: the broker may want others."},
    layer_row{errc::tls_failed, exit_code::tls_failed, tls_begins, "Is it a listener with TLS (usually port 8883)? Check -p."},
    layer_row{errc::tls_truncated, exit_code::tls_failed, tls_begins, "Try again; see the broker's log."},
    layer_row{errc::web_bad_option, exit_code::failure, web_begins, "Check --ws-header and --ws-path."},
    layer_row{errc::web_refused, exit_code::failure, web_begins, check_web},
    layer_row{errc::web_no_subprotocol, exit_code::protocol_error, web_begins, check_web},
    layer_row{errc::web_bad_handshake, exit_code::protocol_error, web_begins, check_web},
    layer_row{errc::web_text_message, exit_code::protocol_error, web_begins, "See the broker's log."},
    layer_row{errc::web_message_too_large, exit_code::protocol_error, web_begins, "See the broker's log."},
    layer_row{errc::web_protocol_error, exit_code::protocol_error, web_begins, "See the broker's log."},
};

bool is_broken(error_code const& why) {
    namespace net = boost::asio::error;
    return why == net::eof || why == net::connection_reset || why == net::connection_aborted || why == net::broken_pipe;
}

std::string sentence(std::string_view text) { return fmt::format("{}{}", text, text.ends_with('.') || text.ends_with('?') ? "" : "."); }

template <class Row, std::size_t Size>
Row const* find(std::array<Row, Size> const& rows, error_code const& why) {
    for (auto const& one : rows)
        if (why == one.code) return &one;
    return nullptr;
}

} // namespace

void print_line(std::string_view text) {
    auto const line = visible(text) + '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

void print_error(std::string_view text) { print_line(fmt::format("Error: {}", text)); }

failure connect_failure(error_code const& why, std::string_view story, options const& given) {
    auto const& c = given.connection;
    auto const  cause = story.empty() ? why.message() : std::string{story};
    if (auto const* one = find(endings, why)) return {one->exit, fmt::format("Error: {}", one->text)};
    if (auto const* one = find(layers, why)) return {one->exit, fmt::format("Error: {}: {} {}", one->begins, sentence(cause), one->advice)};
    if (why == condition::name_not_found || why == boost::asio::error::host_not_found_try_again)
        return {exit_code::failure, fmt::format("{}: no address found for host '{}', check the name (-h).", lookup_begins, c.host)};
    if (why == condition::malformed || why == condition::protocol_error)
        return {exit_code::malformed_packet,
                fmt::format("Error: Malformed packet: what answers at {} is not an MQTT broker, or of another version (-V): {}.",
                            place_of(c), cause)};
    if (why == condition::local_misuse) return {exit_code::failure, fmt::format("Error: {}", sentence(cause))};
    if (why == boost::asio::error::connection_refused)
        return {exit_code::failure,
                fmt::format("Error: {}: nothing listens at {}. Is the broker running? Check -h and -p.", why.message(), place_of(c))};
    if (is_broken(why))
        return {exit_code::connection_lost,
                fmt::format("Error: The connection was lost: {} Check -h and -p, and whether the listener there has TLS, or not.", sentence(cause))};
    auto const advice = c.unix_path.empty() ? "Check -h, -p, -A and the network."
                                            : "Check the path (--unix), and that the broker listens there.";
    auto const said = why.category() == transport::category() ? cause : why.message();  // what the system says in its own words
    return {exit_code::failure, fmt::format("Error: {}: cannot connect to {}. {}", said, place_of(c), advice)};
}

failure connection_failure(error_code const& why) {
    if (auto const* one = find(endings, why)) return {one->exit, one->text};
    if (auto const* one = find(layers, why)) return {one->exit, fmt::format("{}: {}. {}", one->begins, why.message(), one->advice)};
    auto const reason = reason_of(why);
    if (is_error(reason) && why == make_error_code(reason))
        return {static_cast<int>(reason),
                fmt::format("The broker ended the connection: {}.", name_of(reason, packet_type::disconnect))};
    if (why == condition::malformed) return {exit_code::malformed_packet, fmt::format("Malformed packet from the broker: {}.", why.message())};
    if (is_error(reason))
        return {exit_code::protocol_error,
                fmt::format("The broker broke the protocol: {}.", name_of(reason, packet_type::disconnect))};
    return {exit_code::connection_lost, fmt::format("The connection was lost: {}.", why.message())};
}

failure publish_failure(error_code const& why) {
    if (auto const* one = find(refusals, why)) return {one->exit, one->text};
    return {exit_code::failure, fmt::format("The message could not be sent: {}.", why.message())};
}

} // namespace aldis::app
