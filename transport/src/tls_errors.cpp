// Why a handshake or a stream failed: alerts of the peer, and OpenSSL's reasons, as one of our codes and a sentence.
#include <algorithm>
#include <array>
#include <string_view>

#include <openssl/err.h>

#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

struct alert {
    int              number;
    errc             code;
    std::string_view name;
};

// RFC 8446, 6.2, and those that only 1.2 has.
constexpr std::array alerts{
    alert{10, errc::tls_rejected, "unexpected message"},
    alert{20, errc::tls_rejected, "bad record MAC"},
    alert{22, errc::tls_rejected, "record overflow"},
    alert{40, errc::tls_no_common_ground, "handshake failure"},
    alert{42, errc::tls_rejected, "bad certificate"},
    alert{43, errc::tls_rejected, "unsupported certificate"},
    alert{44, errc::tls_rejected, "certificate revoked"},
    alert{45, errc::tls_rejected, "certificate expired"},
    alert{46, errc::tls_rejected, "certificate unknown"},
    alert{47, errc::tls_rejected, "illegal parameter"},
    alert{48, errc::tls_rejected, "unknown CA"},
    alert{49, errc::tls_rejected, "access denied"},
    alert{50, errc::tls_rejected, "decode error"},
    alert{51, errc::tls_rejected, "decrypt error"},
    alert{70, errc::tls_no_common_ground, "protocol version"},
    alert{71, errc::tls_no_common_ground, "insufficient security"},
    alert{80, errc::tls_rejected, "internal error"},
    alert{86, errc::tls_no_common_ground, "inappropriate fallback"},
    alert{90, errc::tls_rejected, "user canceled"},
    alert{109, errc::tls_rejected, "missing extension"},
    alert{110, errc::tls_rejected, "unsupported extension"},
    alert{112, errc::tls_rejected, "unrecognized name"},
    alert{113, errc::tls_rejected, "bad certificate status response"},
    alert{115, errc::tls_rejected, "unknown PSK identity"},
    alert{116, errc::tls_rejected, "certificate required"},
    alert{120, errc::tls_no_common_ground, "no application protocol"},
};

struct reason {
    int              number;
    errc             code;
    std::string_view to_client;                                    // what is told where we are the client,
    std::string_view to_server;                                    // and where we are the server; empty: OpenSSL's words
};

constexpr std::string_view foreign_server = "not TLS: the server speaks something else at this port";
constexpr std::string_view foreign_client = "not TLS: the client speaks something else";
constexpr std::string_view no_version = "the peer wants a TLS version that is not allowed here";

constexpr std::array reasons{
    reason{SSL_R_WRONG_VERSION_NUMBER, errc::tls_failed, foreign_server, foreign_client},
    reason{SSL_R_HTTP_REQUEST, errc::tls_failed, foreign_server, "not TLS: the client speaks HTTP"},
    reason{SSL_R_HTTPS_PROXY_REQUEST, errc::tls_failed, foreign_server, "not TLS: the client takes this for an HTTP proxy"},
    reason{SSL_R_PACKET_LENGTH_TOO_LONG, errc::tls_failed, foreign_server, foreign_client},
    reason{SSL_R_UNSUPPORTED_PROTOCOL, errc::tls_no_common_ground, no_version, no_version},
    reason{SSL_R_WRONG_SSL_VERSION, errc::tls_no_common_ground, no_version, no_version},
    reason{SSL_R_VERSION_TOO_LOW, errc::tls_no_common_ground, no_version, no_version},
    reason{SSL_R_UNKNOWN_PROTOCOL, errc::tls_no_common_ground, no_version, no_version},
    reason{SSL_R_INAPPROPRIATE_FALLBACK, errc::tls_no_common_ground, {}, {}},
    reason{SSL_R_NO_PROTOCOLS_AVAILABLE, errc::tls_no_common_ground, "no TLS version is left that both the options and the system allow",
           "no TLS version is left that both the options and the system allow"},
    reason{SSL_R_NO_SHARED_CIPHER, errc::tls_no_common_ground, {}, "no cipher that both sides have"},
    reason{SSL_R_NO_CIPHERS_AVAILABLE, errc::tls_no_common_ground, "no cipher of the list can be used", "no cipher of the list can be used"},
    reason{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, errc::tls_no_common_ground, {}, "no certificate of a kind that the client takes"},
    reason{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, errc::tls_no_common_ground, {}, "no signature algorithm that both sides have"},
    reason{SSL_R_NO_SUITABLE_KEY_SHARE, errc::tls_no_common_ground, {}, "no key exchange that both sides have"},
    reason{SSL_R_NO_APPLICATION_PROTOCOL, errc::tls_no_common_ground, {}, {}},
    reason{SSL_R_PSK_IDENTITY_NOT_FOUND, errc::tls_no_common_ground, {}, "no key is known for the client's identity"},
    reason{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, errc::tls_no_certificate, {}, "the client has shown no certificate, and one is required"},
    reason{SSL_R_BINDER_DOES_NOT_VERIFY, errc::tls_failed, {}, "the client's pre-shared key is not ours"},
};

template <class Row, std::size_t Size>
Row const* find_row(std::array<Row, Size> const& rows, int number) noexcept {
    auto const* const found = std::find_if(rows.begin(), rows.end(), [number](auto const& each) { return each.number == number; });
    return found == rows.end() ? nullptr : found;
}

tls_trouble explain_alert(int number, bool is_client) {
    auto const* const row = find_row(alerts, number);
    std::string       story = is_client ? "the server" : "the client";
    story += " ended the handshake: alert " + std::string(row ? row->name : "unknown") + " (" + std::to_string(number) + ")";
    return {row ? row->code : errc::tls_rejected, std::move(story)};
}

tls_trouble explain_reason(unsigned long error, bool is_client) {
    char words[256];
    ERR_error_string_n(error, words, sizeof words);
    auto const* const row = ERR_GET_LIB(error) == ERR_LIB_SSL ? find_row(reasons, ERR_GET_REASON(error)) : nullptr;
    if (!row) return {errc::tls_failed, "the TLS handshake or stream is broken: " + printable(words, sizeof words)};
    auto const story = is_client ? row->to_client : row->to_server;
    return {row->code, story.empty() ? printable(words, sizeof words) : std::string(story)};
}

} // namespace

tls_trouble explain_failure(SSL* ssl) {
    auto&      connection = connection_of(ssl);
    bool const is_client = SSL_is_server(ssl) == 0;
    auto const error = ERR_peek_error();
    ERR_clear_error();
    if (connection.trouble) return std::exchange(connection.trouble, {});
    auto const number = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && number >= SSL_AD_REASON_OFFSET) return explain_alert(number - SSL_AD_REASON_OFFSET, is_client);
    return explain_reason(error, is_client);
}

} // namespace aldis::transport
