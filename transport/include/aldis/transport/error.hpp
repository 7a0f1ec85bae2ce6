// What can go wrong in the transport beyond what the system and Asio report: one row a code in error.cpp.
#pragma once

#include <type_traits>

#include <boost/system/error_code.hpp>

namespace boost::asio {}

namespace aldis::transport {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

enum class errc {
    timed_out = 1,          // our deadline, not the kernel's; also equal to boost::system::errc::timed_out
    scheme_not_supported,   // no stream of this kind is built in, or not for this
    no_address,             // the name exists but has no usable address
    no_service,             // the domain has no SRV record for MQTT, or says that there is none
    lookup_failed,          // the name servers did not answer, or not with sense
    path_too_long,          // a unix socket's path does not fit its address
    uri_too_long,
    uri_scheme_missing,
    uri_scheme_unknown,
    uri_user_bad,
    uri_host_bad,
    uri_port_bad,
    uri_path_bad,
    uri_query_bad,
    uri_fragment_refused,

    // A proxy on the way.
    proxy_refused = 0x40,       // it will not, or cannot, connect there
    proxy_unauthorized,         // it wants a user name and password, or other ones
    proxy_bad_answer,           // what it said is no SOCKS5 or HTTP, or too long
    proxy_bad_option,           // a user name, password or host that the protocol cannot carry
    proxy_header_bad,           // a connection without a proper PROXY protocol header, where one is required
    proxy_scheme_unknown,       // the URI of a proxy

    // TLS: our own options.
    tls_bad_issuers = 0x60,     // the CA file, directory or text cannot be read or holds no certificate
    tls_bad_certificate,        // our certificate cannot be read
    tls_bad_key,                // our key cannot be read, or does not belong to the certificate
    tls_key_password_wrong,     // or none was given
    tls_bad_revocations,        // the CRL file cannot be read or holds no list
    tls_bad_option,             // cipher list, ALPN, pre-shared key or versions that make no sense
    tls_bad_key_log,            // the key log file cannot be written

    // TLS: what the peer showed.
    tls_expired = 0x80,         // a certificate of the chain
    tls_not_yet_valid,
    tls_wrong_host,             // the certificate is issued for other names
    tls_unknown_issuer,
    tls_self_signed,
    tls_revoked,
    tls_no_revocations,         // no current list of revoked certificates for an issuer
    tls_bad_chain,              // any other way in which a certificate fails
    tls_no_certificate,         // the client showed none where one is required
    tls_no_common_ground,       // no version, cipher or ALPN protocol that both sides have
    tls_rejected,               // the peer ended the handshake with an alert: it does not like our certificate, key or versions
    tls_failed,                 // not TLS, or broken
    tls_truncated,              // closed without close_notify: what came last may be missing

    // WebSocket.
    web_bad_option = 0xA0,      // a header, path or query that cannot be sent
    web_refused,                // the server answered the Upgrade with another status than 101
    web_no_subprotocol,         // not "mqtt" [MQTT-6.0.0-3] [MQTT-6.0.0-4]
    web_bad_handshake,          // no proper request or response, or too large
    web_bad_origin,             // a page from elsewhere
    web_not_found,              // a path that is not served
    web_text_message,           // MQTT is binary [MQTT-6.0.0-1]
    web_message_too_large,
    web_protocol_error,         // broken frames

    // Listening.
    handshake_timed_out = 0xC0, // not done within the time a new connection has
    too_many_handshakes,        // the bound on connections that are not done with theirs
};

boost::system::error_category const& category() noexcept;

inline error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

} // namespace aldis::transport

template <>
struct boost::system::is_error_code_enum<aldis::transport::errc> : std::true_type {};
