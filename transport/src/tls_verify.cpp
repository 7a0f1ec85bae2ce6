// What is wrong with a certificate: one code and one sentence for each way.
#include "tls_verify.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include <arpa/inet.h>

#include <openssl/x509v3.h>

namespace aldis::transport {
namespace {

constexpr std::size_t max_name = 120;
constexpr std::size_t max_names = 8;

using names_ptr = std::unique_ptr<GENERAL_NAMES, native_deleter<GENERAL_NAMES_free>>;

// Of the client or the server, at `depth` of its chain.
struct suspect {
    X509_STORE_CTX*       context;
    tls_connection const& connection;
    X509*                 certificate;                             // may be null
    int                   error;

    bool        is_leaf() const { return X509_STORE_CTX_get_error_depth(context) == 0; }
    std::string subject() const { return certificate ? describe(X509_get_subject_name(certificate)) : "?"; }
    std::string issuer() const { return certificate ? describe(X509_get_issuer_name(certificate)) : "?"; }

    // "the certificate of broker.example"
    std::string name() const {
        if (!is_leaf()) return "the issuer's certificate " + subject();
        if (connection.context->role() == tls_role::server) return "the client's certificate " + subject();
        return "the certificate of " + (connection.name.empty() ? subject() : printable(connection.name, max_name));
    }
};

std::string format_time(ASN1_TIME const* when) {
    std::tm at{};
    char    text[64];
    if (!when || ASN1_TIME_to_tm(when, &at) != 1 || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &at) == 0) return "an unknown date";
    return text;
}

std::string text_of(GENERAL_NAME const* name) {
    auto const* const text = name->type == GEN_IPADD ? name->d.iPAddress : name->d.ia5;
    auto const* const data = ASN1_STRING_get0_data(text);
    auto const        size = static_cast<std::size_t>(ASN1_STRING_length(text));
    if (name->type == GEN_DNS) return printable({reinterpret_cast<char const*>(data), size}, max_name);
    char buffer[INET6_ADDRSTRLEN] = "";
    if (size == 4) inet_ntop(AF_INET, data, buffer, sizeof buffer);
    if (size == 16) inet_ntop(AF_INET6, data, buffer, sizeof buffer);
    return buffer;
}

// "a.example, *.b.example", or the subject where there are no other names.
std::string list_names(X509* certificate) {
    if (!certificate) return "?";
    names_ptr const names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::string     out;
    std::size_t     count = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        auto const* const each = sk_GENERAL_NAME_value(names.get(), i);
        if (each->type != GEN_DNS && each->type != GEN_IPADD) continue;
        if (++count > max_names) continue;
        if (!out.empty()) out += ", ";
        out += text_of(each);
    }
    if (count > max_names) out += " and " + std::to_string(count - max_names) + " more";
    return out.empty() ? describe(X509_get_subject_name(certificate)) : out;
}

// ---- the sentences ------------------------------------------------------------------------------------------------------------------

std::string tell_expired(suspect const& who) {
    return who.name() + " expired on " + format_time(who.certificate ? X509_get0_notAfter(who.certificate) : nullptr);
}

std::string tell_not_yet(suspect const& who) {
    return who.name() + " is valid from " + format_time(who.certificate ? X509_get0_notBefore(who.certificate) : nullptr) +
           " on; is the clock of this machine right?";
}

std::string tell_wrong_host(suspect const& who) {
    return "the server's certificate is issued for " + list_names(who.certificate) + ", not for " + printable(who.connection.name, max_name);
}

std::string tell_unknown_issuer(suspect const& who) {
    std::string const advice = "; give the issuer's certificate with ca_file (--cafile) if it is to be trusted";
    if (who.error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN) return "the chain ends at " + who.subject() + ", which is not among the trusted issuers" + advice;
    return who.name() + " has an unknown issuer, " + who.issuer() + advice;
}

std::string tell_self_signed(suspect const& who) {
    return who.name() + " is signed by itself (" + who.subject() + ") and not among the trusted ones; give it with ca_file (--cafile) if it is the right one";
}

std::string tell_revoked(suspect const& who) {
    X509_REVOKED* entry = nullptr;
    auto* const   list = X509_STORE_CTX_get0_current_crl(who.context);
    if (!list || !who.certificate || X509_CRL_get0_by_cert(list, &entry, who.certificate) != 1) return who.name() + " is revoked";
    return who.name() + " was revoked on " + format_time(X509_REVOKED_get0_revocationDate(entry));
}

std::string tell_no_revocations(suspect const& who) {
    auto* const list = X509_STORE_CTX_get0_current_crl(who.context);
    if (who.error == X509_V_ERR_CRL_HAS_EXPIRED && list)
        return "the list of revoked certificates of " + describe(X509_CRL_get_issuer(list)) + " is out of date since " +
               format_time(X509_CRL_get0_nextUpdate(list));
    if (who.error == X509_V_ERR_UNABLE_TO_GET_CRL) return "there is no list of revoked certificates of " + who.issuer() + " in crl_file (--crlfile)";
    return "the list of revoked certificates of " + who.issuer() + " cannot be used: " + X509_verify_cert_error_string(who.error);
}

std::string tell_bad_chain(suspect const& who) {
    return who.name() + " (issued by " + who.issuer() + ") cannot be trusted: " + X509_verify_cert_error_string(who.error);
}

struct verdict {
    int  error;
    errc code;
    std::string (*tell)(suspect const&);
};

// All others are tls_bad_chain.
constexpr std::array verdicts{
    verdict{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, errc::tls_unknown_issuer, tell_unknown_issuer},
    verdict{X509_V_ERR_UNABLE_TO_GET_CRL, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_CRL_SIGNATURE_FAILURE, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_CERT_NOT_YET_VALID, errc::tls_not_yet_valid, tell_not_yet},
    verdict{X509_V_ERR_CERT_HAS_EXPIRED, errc::tls_expired, tell_expired},
    verdict{X509_V_ERR_CRL_NOT_YET_VALID, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_CRL_HAS_EXPIRED, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, errc::tls_self_signed, tell_self_signed},
    verdict{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, errc::tls_unknown_issuer, tell_unknown_issuer},
    verdict{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, errc::tls_unknown_issuer, tell_unknown_issuer},
    verdict{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, errc::tls_unknown_issuer, tell_unknown_issuer},
    verdict{X509_V_ERR_CERT_REVOKED, errc::tls_revoked, tell_revoked},
    verdict{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_DIFFERENT_CRL_SCOPE, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_CRL_PATH_VALIDATION_ERROR, errc::tls_no_revocations, tell_no_revocations},
    verdict{X509_V_ERR_HOSTNAME_MISMATCH, errc::tls_wrong_host, tell_wrong_host},
    verdict{X509_V_ERR_IP_ADDRESS_MISMATCH, errc::tls_wrong_host, tell_wrong_host},
};

verdict find_verdict(int error) noexcept {
    auto const* const found = std::find_if(verdicts.begin(), verdicts.end(), [error](auto const& each) { return each.error == error; });
    return found == verdicts.end() ? verdict{error, errc::tls_bad_chain, tell_bad_chain} : *found;
}

std::string common_name_of(X509 const* certificate) {
    auto* const subject = X509_get_subject_name(certificate);
    auto const  at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* utf8 = nullptr;
    auto const     size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string out(reinterpret_cast<char const*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return out;
}

std::string fingerprint_of(X509 const* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned                                   size = 0;
    std::string                                out;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return out;
    for (unsigned i = 0; i < size; ++i) {
        out += "0123456789abcdef"[digest[i] >> 4];
        out += "0123456789abcdef"[digest[i] & 15];
    }
    return out;
}

std::string print_name(X509_NAME const* name) {
    bio_ptr const bio(BIO_new(BIO_s_mem()));
    char*         text = nullptr;
    if (!name || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
    auto const size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

} // namespace

std::string describe(X509_NAME const* name) {
    auto const text = print_name(name);
    return text.empty() ? "(no name)" : printable(text, max_name);
}

int judge_certificate(int is_good, X509_STORE_CTX* context) {
    if (is_good == 1) return 1;
    auto const* const ssl = static_cast<SSL const*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto&             connection = connection_of(ssl);
    if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return 0;
    suspect const     who{context, connection, X509_STORE_CTX_get_current_cert(context), X509_STORE_CTX_get_error(context)};
    auto const        found = find_verdict(who.error);
    if (!connection.trouble) connection.trouble = {found.code, found.tell(who)};
    return 0;
}

tls_facts describe_session(SSL* ssl) {
    tls_facts   out;
    auto const& connection = connection_of(ssl);
    out.protocol = SSL_get_version(ssl);
    out.cipher = SSL_get_cipher_name(ssl);
    out.psk_identity = connection.psk_identity;
    out.is_resumed = SSL_session_reused(ssl) == 1 && connection.psk_identity.empty();
    unsigned char const* alpn = nullptr;
    unsigned             alpn_size = 0;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
    out.alpn.assign(reinterpret_cast<char const*>(alpn), alpn_size);
    auto const* const certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate) return out;
    out.is_verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK;
    out.peer_common_name = common_name_of(certificate);
    out.peer_subject = print_name(X509_get_subject_name(certificate));
    out.peer_fingerprint = fingerprint_of(certificate);
    return out;
}

} // namespace aldis::transport
