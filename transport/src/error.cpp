// The transport's error category: a row for each code with its sentence.
#include <aldis/transport/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace aldis::transport {
namespace {

struct row {
    errc             code;
    std::string_view text;
};

constexpr std::array rows{
    row{errc::timed_out, "no connection within the time allowed"},
    row{errc::scheme_not_supported, "this kind of connection is not supported here"},
    row{errc::no_address, "the host has no address that can be used"},
    row{errc::no_service, "the domain names no MQTT server in DNS (SRV record)"},
    row{errc::lookup_failed, "the name servers did not answer the SRV query"},
    row{errc::path_too_long, "the path of the unix socket is too long"},
    row{errc::uri_too_long, "the URI is too long"},
    row{errc::uri_scheme_missing, "the URI does not start with a scheme such as mqtt://"},
    row{errc::uri_scheme_unknown, "the scheme is none of mqtt tcp mqtts ssl tls ws wss unix"},
    row{errc::uri_user_bad, "the user name or password holds a character that must be percent-encoded"},
    row{errc::uri_host_bad, "the host is neither a name, an IPv4 address nor an IPv6 address in brackets"},
    row{errc::uri_port_bad, "the port is not a number from 0 to 65535"},
    row{errc::uri_path_bad, "the path is not valid for this scheme"},
    row{errc::uri_query_bad, "the query is not valid for this scheme"},
    row{errc::uri_fragment_refused, "a fragment has no meaning here; write '#' as %23"},
    row{errc::proxy_refused, "the proxy did not connect to the host"},
    row{errc::proxy_unauthorized, "the proxy does not accept the user name and password"},
    row{errc::proxy_bad_answer, "the proxy did not answer as a proxy of its kind does"},
    row{errc::proxy_bad_option, "the user name, password or host cannot be told to this kind of proxy"},
    row{errc::proxy_header_bad, "the connection does not begin with a proper PROXY protocol header"},
    row{errc::proxy_scheme_unknown, "the scheme of a proxy is none of socks5h socks5 http"},
    row{errc::tls_bad_issuers, "the CA certificates cannot be read"},
    row{errc::tls_bad_certificate, "our own certificate cannot be read"},
    row{errc::tls_bad_key, "our own key cannot be read or does not belong to the certificate"},
    row{errc::tls_key_password_wrong, "the password of our own key is missing or wrong"},
    row{errc::tls_bad_revocations, "the list of revoked certificates cannot be read"},
    row{errc::tls_bad_option, "a TLS option makes no sense"},
    row{errc::tls_bad_key_log, "the TLS key log file cannot be written"},
    row{errc::tls_expired, "the peer's certificate has expired"},
    row{errc::tls_not_yet_valid, "the peer's certificate is not valid yet"},
    row{errc::tls_wrong_host, "the peer's certificate is issued for another host"},
    row{errc::tls_unknown_issuer, "the issuer of the peer's certificate is not known"},
    row{errc::tls_self_signed, "the peer's certificate is signed by itself and not trusted"},
    row{errc::tls_revoked, "the peer's certificate is revoked"},
    row{errc::tls_no_revocations, "there is no current list of revoked certificates for the peer's issuer"},
    row{errc::tls_bad_chain, "the peer's certificate cannot be trusted"},
    row{errc::tls_no_certificate, "the client has shown no certificate"},
    row{errc::tls_no_common_ground, "both sides have no TLS version, cipher or protocol in common"},
    row{errc::tls_rejected, "the peer ended the TLS handshake"},
    row{errc::tls_failed, "the TLS handshake failed"},
    row{errc::tls_truncated, "the peer closed without ending TLS: data may be missing"},
    row{errc::web_bad_option, "a header or path cannot be sent in an HTTP request"},
    row{errc::web_refused, "the server does not speak WebSocket at this path"},
    row{errc::web_no_subprotocol, "the other side does not speak the WebSocket subprotocol mqtt"},
    row{errc::web_bad_handshake, "the WebSocket handshake is broken"},
    row{errc::web_bad_origin, "web pages of this origin may not connect"},
    row{errc::web_not_found, "nothing is served at this path"},
    row{errc::web_text_message, "a WebSocket text message came where MQTT is binary"},
    row{errc::web_message_too_large, "a WebSocket message is larger than allowed"},
    row{errc::web_protocol_error, "the WebSocket protocol was broken"},
    row{errc::handshake_timed_out, "the handshake was not done in time"},
    row{errc::too_many_handshakes, "too many connections are not done with their handshake"},
};

constexpr bool is_ordered() {
    for (std::size_t i = 1; i < rows.size(); ++i)
        if (rows[i - 1].code >= rows[i].code) return false;
    return true;
}
static_assert(is_ordered());

constexpr row const* find_row(int value) noexcept {
    for (auto const& each : rows)
        if (static_cast<int>(each.code) == value) return &each;
    return nullptr;
}

// Callers who only ask "did it take too long?" need not know whose clock said so.
constexpr bool is_timeout(int value) noexcept {
    return value == static_cast<int>(errc::timed_out) || value == static_cast<int>(errc::handshake_timed_out);
}

class transport_category final : public boost::system::error_category {
    char const* name() const noexcept override { return "aldis.transport"; }

    std::string message(int value) const override {
        auto const* const found = find_row(value);
        return std::string(found ? found->text : "unknown transport error");
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override {
        if (is_timeout(value)) return boost::system::errc::make_error_condition(boost::system::errc::timed_out);
        return {value, *this};
    }
};

} // namespace

boost::system::error_category const& category() noexcept {
    static transport_category const instance;
    return instance;
}

} // namespace aldis::transport
