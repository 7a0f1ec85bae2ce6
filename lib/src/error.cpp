// The error category: one row for each code of our own and each reason code a peer may refuse with, with the groups it belongs to.
#include <aldis/error.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <aldis/session/engine.hpp>
#include <aldis/transport/error.hpp>

namespace aldis {
namespace {

constexpr int first_error = 0x100, first_errc = 0x200, first_argument = 0x280, first_own_reason = 0x300;

using groups = std::uint32_t;
constexpr groups in(condition group) noexcept { return 1U << static_cast<unsigned>(group); }

constexpr groups malformed = in(condition::malformed), protocol = in(condition::protocol_error), refused = in(condition::refused),
                 denied = in(condition::not_authorized) | refused, timeout = in(condition::timed_out), lost = in(condition::connection_lost),
                 unable = in(condition::not_supported), misuse = in(condition::local_misuse), undelivered = in(condition::undelivered),
                 unknown_name = in(condition::name_not_found) | lost, tls = in(condition::tls), proxy = in(condition::proxy),
                 web = in(condition::websocket);

// ---- Our own codes ----------------------------------------------------------------------------------------------------

struct error_row {
    error            code;
    groups           belongs;
    std::string_view text;
};

constexpr std::array error_rows{
    error_row{error::not_connected, misuse, "not connected: call async_connect() first, or again after a loss"},
    error_row{error::invalid, misuse, "the request breaks a rule of MQTT or has no form in this protocol version: check topic, QoS and properties"},
    error_row{error::queue_full, 0, "the queue of outgoing messages is full: wait for completions, or raise connect_options::queue()"},
    error_row{error::too_large, unable, "the packet is larger than the server accepts: see connect_result::limits()"},
    error_row{error::no_identifier, 0, "all packet identifiers are in use: wait for answers"},
    error_row{error::stale, misuse, "nothing waits for this answer any more"},
    error_row{error::qos_not_supported, unable, "the server does not support this QoS: use a lower one"},
    error_row{error::retain_not_supported, unable, "the server does not support retained messages: publish without retain"},
    error_row{error::wildcard_not_supported, unable, "the server does not support wildcards in topic filters"},
    error_row{error::shared_not_supported, unable, "the server does not support shared subscriptions"},
    error_row{error::subscription_id_not_supported, unable, "the server does not support subscription identifiers"},
    error_row{error::alias_invalid, misuse, "the topic alias is above the server's maximum, or was given no topic yet"},
    error_row{error::already_connected, misuse, "already connected or connecting: async_disconnect() first"},
    error_row{error::connect_timed_out, timeout | lost, "no answer to CONNECT in time: is this the port of an MQTT server?"},
    error_row{error::ping_timed_out, timeout | lost, "the peer did not answer a ping in time: connection given up"},
    error_row{error::packet_timed_out, timeout | lost, "the peer began a packet and did not end it in time"},
    error_row{error::silence, timeout | lost, "nothing heard for one and a half times the keep-alive"},
    error_row{error::no_answer, lost, "closed by the server before it answered CONNECT: is this the port of an MQTT server, and does it speak "
                                      "this protocol version?"},
    error_row{error::connection_lost, lost, "the connection was lost"},
    error_row{error::closed_by_peer, lost, "the peer ended the connection"},
    error_row{error::authentication_failed, denied, "the server did not prove that it knows the secret, or broke the authentication method"},
    error_row{error::disconnected, 0, "disconnected, as asked for"},
    error_row{error::authentication_malformed, denied, "what the server said is no step of the authentication method: do both mean the same by its name?"},
    error_row{error::authentication_weak, denied, "the server asks for so few iterations that the password could be guessed: raise them there, or lower access::scram_limits"},
    error_row{error::authentication_costly, denied, "the server asks for more iterations than allowed: raise access::scram_limits if it is to be trusted"},
    error_row{error::authentication_not_ascii, misuse, "user name and password of SCRAM must be printable ASCII, and not empty: SASLprep is not done"},
    error_row{error::authentication_needs_v5, misuse, "an authenticator needs MQTT 5: set connect_options::version()"},
    error_row{error::no_authenticator, misuse, "nobody to authenticate again with: set connect_options::authenticator() before connecting"},
    error_row{error::already_authenticating, misuse, "authenticating again already: wait until that has ended"},
    error_row{error::session_ended, undelivered, "the session ended with the connection; it may or may not have arrived: set "
                                                 "connect_options::session_expiry() to have it sent again"},
    error_row{error::session_lost, undelivered, "the server lost the session: it may or may not have arrived"},
    error_row{error::message_expired, 0, "the message expired before it could be sent"},
    error_row{error::message_dropped, 0, "the message was dropped to keep the queue within its bound"},
    error_row{error::not_supported_by_peer, unable, "the server supports neither this QoS or retained messages: never sent"},
    error_row{error::left_undelivered, undelivered, "disconnected at the deadline with messages left that were not acknowledged"},
    error_row{error::deadline_not_sent, timeout, "the deadline passed before the message could be sent: it was withdrawn"},
    error_row{error::deadline_passed, timeout | undelivered, "the deadline passed before the answer came: it may still arrive"},
    error_row{error::subscription_ended, 0, "the subscription has ended: unsubscribe() was called"},
    error_row{error::request_timed_out, timeout, "no answer to the request in time: does anyone serve this topic?"},
    error_row{error::no_response_topic, misuse, "nothing says where the answer goes: name a response topic, which only MQTT 5 sends along"},
    error_row{error::store_full, 0, "the session's store is full, and the message is not in it: make room on the disk, or raise sqlite_store_options"},
    error_row{error::store_in_use, 0, "the session's store is in use by another process or client: end that one, or use another file"},
    error_row{error::store_corrupt, 0, "the session's store is damaged or no store: move the file away to begin anew"},
    error_row{error::store_version, 0, "the session's store was written by another version of this library: use that one, or move the file away to begin anew"},
    error_row{error::store_failed, 0, "the session's store can not be read or written: check the disk and the file's permissions"},
    error_row{error::store_needs_session, misuse, "a store can not keep a session that ends with its connection: set connect_options::session_expiry()"},
};
static_assert(std::is_sorted(error_rows.begin(), error_rows.end(), [](auto const& a, auto const& b) { return a.code < b.code; }));

// The first rows say the same as session::refusal, so one number leads to the other.
using session::refusal;
constexpr bool is_same(error code, refusal why) { return static_cast<int>(code) == first_error + static_cast<int>(why); }
static_assert(is_same(error::not_connected, refusal::not_connected) && is_same(error::too_large, refusal::too_large) &&
              is_same(error::stale, refusal::stale) && is_same(error::qos_not_supported, refusal::qos_not_supported) &&
              is_same(error::subscription_id_not_supported, refusal::subscription_id_not_supported) &&
              is_same(error::alias_invalid, refusal::alias_invalid));

// ---- Reason codes -----------------------------------------------------------------------------------------------------

struct reason_row {
    reason_code      code;
    groups           belongs;
    std::string_view advice;
};

constexpr std::array reason_rows{
    reason_row{reason_code::unspecified_error, refused, "the server does not say why; in 3.1.1 often a lack of rights"},
    reason_row{reason_code::malformed_packet, refused | protocol, "it could not read a packet of ours"},
    reason_row{reason_code::protocol_error, refused | protocol, "a packet of ours was not expected"},
    reason_row{reason_code::implementation_specific_error, refused, "see the server's log"},
    reason_row{reason_code::unsupported_protocol_version, refused | unable, "try another protocol version"},
    reason_row{reason_code::client_identifier_not_valid, refused, "choose another client identifier, or give one"},
    reason_row{reason_code::bad_user_name_or_password, denied, "check user name and password"},
    reason_row{reason_code::not_authorized, denied, "check user name, password and the server's access rules"},
    reason_row{reason_code::server_unavailable, refused, "try again later"},
    reason_row{reason_code::server_busy, refused, "try again later"},
    reason_row{reason_code::banned, denied, "ask the server's administrator"},
    reason_row{reason_code::server_shutting_down, refused | lost, "try again later"},
    reason_row{reason_code::bad_authentication_method, denied, "use another authentication method"},
    reason_row{reason_code::keep_alive_timeout, refused | timeout | lost, "it heard nothing from us in time"},
    reason_row{reason_code::session_taken_over, refused, "another client connected with the same client identifier"},
    reason_row{reason_code::topic_filter_invalid, refused, "the server does not accept this topic filter"},
    reason_row{reason_code::topic_name_invalid, refused, "the server does not accept this topic"},
    reason_row{reason_code::packet_identifier_in_use, refused | protocol, "client and server disagree about the session: use clean_start()"},
    reason_row{reason_code::packet_identifier_not_found, refused, "client and server disagree about the session: use clean_start()"},
    reason_row{reason_code::receive_maximum_exceeded, refused | protocol, "more messages under way than it allows"},
    reason_row{reason_code::topic_alias_invalid, refused | protocol, "a topic alias it did not allow"},
    reason_row{reason_code::packet_too_large, refused, "the packet is larger than it accepts"},
    reason_row{reason_code::message_rate_too_high, refused, "publish more slowly"},
    reason_row{reason_code::quota_exceeded, refused, "a limit of the server is reached: try again later"},
    reason_row{reason_code::administrative_action, refused | lost, "ask the server's administrator"},
    reason_row{reason_code::payload_format_invalid, refused, "the payload is not what its format indicator says"},
    reason_row{reason_code::retain_not_supported, refused | unable, "publish without retain"},
    reason_row{reason_code::qos_not_supported, refused | unable, "use a lower QoS"},
    reason_row{reason_code::use_another_server, refused, "see server_reference()"},
    reason_row{reason_code::server_moved, refused, "see server_reference()"},
    reason_row{reason_code::shared_subscriptions_not_supported, refused | unable, "use a filter without $share"},
    reason_row{reason_code::connection_rate_exceeded, refused, "connect less often"},
    reason_row{reason_code::maximum_connect_time, refused | lost, "the time this client may stay connected is over"},
    reason_row{reason_code::subscription_identifiers_not_supported, refused | unable, "subscribe without an identifier"},
    reason_row{reason_code::wildcard_subscriptions_not_supported, refused | unable, "use filters without wildcards"},
};
static_assert(reason_rows.size() == 0xA2 - 0x80 + 1);
static_assert([] {
    for (std::size_t i = 0; i < reason_rows.size(); ++i)
        if (static_cast<std::size_t>(reason_rows[i].code) != 0x80 + i) return false;
    return true;
}(), "one row for each reason code from 0x80");

reason_row const* find_reason_row(int code) noexcept {
    auto const at = static_cast<std::size_t>(code - 0x80);
    return code >= 0x80 && at < reason_rows.size() ? &reason_rows[at] : nullptr;
}

error_row const* find_error_row(int code) noexcept {
    auto const* const row = std::lower_bound(error_rows.begin(), error_rows.end(), code,
                                             [](error_row const& r, int value) { return static_cast<int>(r.code) < value; });
    return row != error_rows.end() && static_cast<int>(row->code) == code ? row : nullptr;
}

std::string hexadecimal(int reason) {
    static constexpr char digits[] = "0123456789ABCDEF";
    return {' ', '(', '0', 'x', digits[reason >> 4 & 0xF], digits[reason & 0xF], ')'};
}

std::string named(int reason) { return std::string(name_of(static_cast<reason_code>(reason))) + hexadecimal(reason); }

std::string text_of_reason(int reason) {
    auto const* const row = find_reason_row(reason);
    auto const text = "refused: " + named(reason);
    return row ? text + ": " + std::string(row->advice) : text;
}

std::string text_of_errc(int code, std::string_view what) {
    if (static_cast<std::size_t>(code) >= codec::errc_specs().size()) return "unknown fault of a packet";
    auto const& row = codec::spec_of(static_cast<codec::errc>(code));
    auto text = std::string(what) + std::string(row.text);
    if (!row.clause.empty()) text += " [" + std::string(row.clause) + "]";
    return text;
}

// ---- The groups of a code ---------------------------------------------------------------------------------------------

groups groups_of_errc(int code) noexcept {
    if (static_cast<std::size_t>(code) >= codec::errc_specs().size()) return 0;
    auto const& row = codec::spec_of(static_cast<codec::errc>(code));
    return row.tell_peer == reason_code::protocol_error ? malformed | protocol : malformed;
}

groups groups_of_ours(int code) noexcept {
    if (code >= first_own_reason) return protocol;
    if (code >= first_argument) return misuse;
    if (code >= first_errc) return groups_of_errc(code - first_errc);
    if (auto const* const row = find_error_row(code)) return row->belongs;
    if (auto const* const row = find_reason_row(code)) return row->belongs;
    return 0;
}

// ---- What the transport says --------------------------------------------------------------------------------------------

struct transport_row {
    transport::errc code;
    groups          belongs;
};

using transport::errc;
constexpr std::array transport_rows{
    transport_row{errc::timed_out, timeout | lost},
    transport_row{errc::scheme_not_supported, misuse},
    transport_row{errc::no_address, unknown_name},
    transport_row{errc::no_service, unknown_name},
    transport_row{errc::lookup_failed, lost},
    transport_row{errc::path_too_long, misuse},
    transport_row{errc::uri_too_long, misuse},
    transport_row{errc::uri_scheme_missing, misuse},
    transport_row{errc::uri_scheme_unknown, misuse},
    transport_row{errc::uri_user_bad, misuse},
    transport_row{errc::uri_host_bad, misuse},
    transport_row{errc::uri_port_bad, misuse},
    transport_row{errc::uri_path_bad, misuse},
    transport_row{errc::uri_query_bad, misuse},
    transport_row{errc::uri_fragment_refused, misuse},
    transport_row{errc::proxy_refused, proxy | lost},
    transport_row{errc::proxy_unauthorized, proxy | denied},
    transport_row{errc::proxy_bad_answer, proxy},
    transport_row{errc::proxy_bad_option, proxy | misuse},
    transport_row{errc::proxy_header_bad, proxy},
    transport_row{errc::proxy_scheme_unknown, proxy | misuse},
    transport_row{errc::tls_bad_issuers, tls | misuse},
    transport_row{errc::tls_bad_certificate, tls | misuse},
    transport_row{errc::tls_bad_key, tls | misuse},
    transport_row{errc::tls_key_password_wrong, tls | misuse},
    transport_row{errc::tls_bad_revocations, tls | misuse},
    transport_row{errc::tls_bad_option, tls | misuse},
    transport_row{errc::tls_bad_key_log, tls | misuse},
    transport_row{errc::tls_expired, tls},
    transport_row{errc::tls_not_yet_valid, tls},
    transport_row{errc::tls_wrong_host, tls},
    transport_row{errc::tls_unknown_issuer, tls},
    transport_row{errc::tls_self_signed, tls},
    transport_row{errc::tls_revoked, tls},
    transport_row{errc::tls_no_revocations, tls},
    transport_row{errc::tls_bad_chain, tls},
    transport_row{errc::tls_no_certificate, tls},
    transport_row{errc::tls_no_common_ground, tls},
    transport_row{errc::tls_rejected, tls | refused},
    transport_row{errc::tls_failed, tls},
    transport_row{errc::tls_truncated, tls | lost},
    transport_row{errc::web_bad_option, web | misuse},
    transport_row{errc::web_refused, web | refused},
    transport_row{errc::web_no_subprotocol, web | unable},
    transport_row{errc::web_bad_handshake, web | protocol},
    transport_row{errc::web_bad_origin, web},
    transport_row{errc::web_not_found, web},
    transport_row{errc::web_text_message, web | protocol},
    transport_row{errc::web_message_too_large, web | protocol},
    transport_row{errc::web_protocol_error, web | protocol},
    transport_row{errc::handshake_timed_out, timeout | lost},
    transport_row{errc::too_many_handshakes, lost},
};

groups groups_of_transport(int code) noexcept {
    for (auto const& row : transport_rows)
        if (static_cast<int>(row.code) == code) return row.belongs;
    return 0;
}

/// What system, Asio and transport say, in the same groups.
groups groups_of_foreign(error_code const& ec) noexcept {
    namespace net = boost::asio::error;
    using boost::system::errc::errc_t;
    if (ec.category() == transport::category()) return groups_of_transport(ec.value());
    if (ec == errc_t::timed_out) return timeout | lost;
    if (ec == errc_t::invalid_argument) return misuse;
    for (auto const& gone : {error_code(net::eof), error_code(net::connection_reset), error_code(net::connection_aborted),
                             error_code(net::connection_refused), error_code(net::broken_pipe), error_code(net::network_down),
                             error_code(net::network_unreachable), error_code(net::network_reset), error_code(net::host_unreachable),
                             error_code(net::not_connected)})
        if (ec == gone) return lost;
    if (ec == net::host_not_found_try_again) return lost;          // the name servers have not answered
    bool const is_name = ec.category() == net::get_netdb_category() || ec.category() == net::get_addrinfo_category();
    return is_name ? unknown_name : 0;
}

class own_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "aldis"; }

    std::string message(int code) const override {
        if (code >= first_own_reason) return "ended by us: " + named(code - first_own_reason);
        if (code >= first_argument) return text_of_errc(code - first_argument, "invalid argument: ");
        if (code >= first_errc) return text_of_errc(code - first_errc, "malformed packet: ");
        if (auto const* const row = find_error_row(code)) return std::string(row->text);
        if (code >= 0x80 && code <= 0xFF) return text_of_reason(code);
        return code == 0 ? "success" : "unknown error";
    }
};

class group_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "aldis.condition"; }

    std::string message(int code) const override {
        static constexpr std::array texts{"no condition", "malformed packet", "protocol error", "refused by the peer", "not authorized",
                                          "timed out", "connection lost", "not supported by the peer", "wrong use of the library", "undelivered",
                                          "name not found", "TLS failed", "proxy failed", "WebSocket failed"};
        static_assert(texts.size() == static_cast<std::size_t>(condition::websocket) + 1);
        return code > 0 && static_cast<std::size_t>(code) < texts.size() ? texts[static_cast<std::size_t>(code)] : texts[0];
    }

    bool equivalent(error_code const& ec, int group) const noexcept override {
        if (!ec || group <= 0 || group > static_cast<int>(condition::websocket)) return false;
        auto const belongs = ec.category() == category() ? groups_of_ours(ec.value()) : groups_of_foreign(ec);
        return (belongs & in(static_cast<condition>(group))) != 0;
    }
};

} // namespace

boost::system::error_category const& category() noexcept {
    static own_category const instance;
    return instance;
}

boost::system::error_category const& condition_category() noexcept {
    static group_category const instance;
    return instance;
}

error_code make_error_code(reason_code from_peer) noexcept {
    return is_error(from_peer) ? error_code(static_cast<int>(from_peer), category()) : error_code();
}

error_code own_reason(reason_code told_the_peer) noexcept {
    return is_error(told_the_peer) ? error_code(first_own_reason + static_cast<int>(told_the_peer), category()) : error_code();
}

boost::system::error_code codec::make_error_code(errc code) noexcept { return {first_errc + static_cast<int>(code), category()}; }

error_code bad_argument(codec::errc why) noexcept { return {first_argument + static_cast<int>(why), category()}; }

boost::system::error_code session::make_error_code(refusal why) noexcept { return {first_error + static_cast<int>(why), category()}; }

reason_code reason_of(error_code const& ec) noexcept {
    if (ec.category() != category()) return reason_code::success;
    auto const value = ec.value() >= first_own_reason ? ec.value() - first_own_reason : ec.value();
    return value >= 0x80 && value <= 0xFF ? static_cast<reason_code>(value) : reason_code::success;
}

} // namespace aldis
