// How TLS is to be used, for connecting and for listening. No OpenSSL header is needed to say so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/transport/error.hpp>

struct ssl_ctx_st;                                                 // OpenSSL's SSL_CTX

namespace aldis::transport {

enum class tls_version : std::uint8_t { v1_2, v1_3 };

/// How much of the server is checked when connecting.
enum class tls_verification : std::uint8_t {
    peer_and_host,                                                 // its certificate chain and its name
    peer_of_any_name,                                              // its chain only
    insecure_accept_anyone,                                        // nothing: whoever is in between can read and change everything
};

/// What a listener asks of its clients.
enum class tls_client_certificate : std::uint8_t { none, optional, required };

/// A value; copies share what was made of them (certificates read, sessions to resume), until one is changed. Files are read at the first
/// use and again after each change of the options, or by fresh(). What is wrong with a file, text or list is an error at every attempt.
/// Not to be changed while another thread uses the same object; copies are independent.
class tls_options {
public:
    tls_options() = default;

    // ---- Whom we trust ----------------------------------------------------------------------------------------------------

    /// PEM certificates of issuers. With any of the three the system's store is not used, unless system_store(true).
    tls_options& ca_file(std::string path) { return set(ca_file_, std::move(path)); }
    tls_options& ca_directory(std::string path) { return set(ca_directory_, std::move(path)); }
    tls_options& ca_text(std::string pem) { return set(ca_text_, std::move(pem)); }
    tls_options& system_store(bool value) { return set(system_store_, std::optional<bool>(value)); }
    /// PEM list of revoked certificates; with it every certificate of the chain is looked up, and a chain without a current list fails.
    tls_options& crl_file(std::string path) { return set(crl_file_, std::move(path)); }

    /// When connecting. Anything but peer_and_host is told to the observer as a warning at each attempt.
    tls_options& verification(tls_verification value) { return set(verification_, value); }
    /// The name asked for (SNI) and checked, where it is not the endpoint's host.
    tls_options& server_name(std::string value) { return set(server_name_, std::move(value)); }
    /// When listening: none by default. Those that are given are checked against the issuers above, which must be named then.
    tls_options& client_certificate(tls_client_certificate value) { return set(client_certificate_, value); }

    // ---- Who we are -------------------------------------------------------------------------------------------------------

    /// PEM, our certificate first, then those of the issuers in between.
    tls_options& certificate_file(std::string path) { return set(certificate_file_, std::move(path)); }
    tls_options& certificate_text(std::string pem) { return set(certificate_text_, std::move(pem)); }
    tls_options& key_file(std::string path) { return set(key_file_, std::move(path)); }
    tls_options& key_text(std::string pem) { return set(key_text_, std::move(pem)); }
    /// Asked for the password of an encrypted key, with its file name ("" for a text). Nothing: give up.
    using password_callback = std::function<std::optional<std::string>(std::string_view key)>;
    tls_options& key_password(password_callback ask) { return set(key_password_, std::move(ask)); }
    /// A key known to both sides, in place of certificates: the bytes themselves, not hexadecimal. A listener that has keys as well as
    /// certificates lets in whoever knows a key, also where client certificates are required. In TLS 1.3: AES-128-GCM only.
    tls_options& psk(std::string identity, std::string key) { psk_identity_ = std::move(identity); return set(psk_key_, std::move(key)); }
    /// When listening: the key for an identity; nothing refuses it.
    using psk_callback = std::function<std::optional<std::string>(std::string_view identity)>;
    tls_options& psk_lookup(psk_callback find) { return set(psk_lookup_, std::move(find)); }

    // ---- How --------------------------------------------------------------------------------------------------------------

    /// From 1.2 on, whatever is newest, by default. Older versions can not be had.
    tls_options& versions(tls_version lowest, tls_version highest) { lowest_ = lowest; return set(highest_, highest); }
    /// OpenSSL's lists: `ciphers` of TLS 1.2, `suites` of 1.3; empty leaves its default.
    tls_options& ciphers(std::string list) { return set(ciphers_, std::move(list)); }
    tls_options& suites(std::string list) { return set(suites_, std::move(list)); }
    /// Offered, or accepted, in this order; {"mqtt"} by default for mqtts (wss offers "http/1.1"). Empty: none.
    tls_options& alpn(std::vector<std::string> protocols) { return set(alpn_, std::optional(std::move(protocols))); }
    /// Whether later connections to the same place may skip the key exchange; on by default.
    tls_options& resumption(bool value) { return set(resumption_, value); }
    /// Appends the secrets of every connection to a file, for Wireshark and `aldis dump`: whoever reads it can read the traffic.
    tls_options& key_log_file(std::string path) { return set(key_log_file_, std::move(path)); }
    /// Called once with each native context when all else is set, for what these options lack.
    using native_callback = std::function<void(ssl_ctx_st* context)>;
    tls_options& native(native_callback tweak) { return set(native_, std::move(tweak)); }

    /// Forget what was read: files are read again at the next use.
    tls_options& fresh() { made_ = hold_nothing(); return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    std::string const&                             ca_file() const noexcept { return ca_file_; }
    std::string const&                             ca_directory() const noexcept { return ca_directory_; }
    std::string const&                             ca_text() const noexcept { return ca_text_; }
    std::optional<bool> const&                     system_store() const noexcept { return system_store_; }
    std::string const&                             crl_file() const noexcept { return crl_file_; }
    tls_verification                               verification() const noexcept { return verification_; }
    std::string const&                             server_name() const noexcept { return server_name_; }
    tls_client_certificate                         client_certificate() const noexcept { return client_certificate_; }
    std::string const&                             certificate_file() const noexcept { return certificate_file_; }
    std::string const&                             certificate_text() const noexcept { return certificate_text_; }
    std::string const&                             key_file() const noexcept { return key_file_; }
    std::string const&                             key_text() const noexcept { return key_text_; }
    password_callback const&                       key_password() const noexcept { return key_password_; }
    std::string const&                             psk_identity() const noexcept { return psk_identity_; }
    std::string const&                             psk_key() const noexcept { return psk_key_; }
    psk_callback const&                            psk_lookup() const noexcept { return psk_lookup_; }
    tls_version                                    lowest() const noexcept { return lowest_; }
    tls_version                                    highest() const noexcept { return highest_; }
    std::string const&                             ciphers() const noexcept { return ciphers_; }
    std::string const&                             suites() const noexcept { return suites_; }
    std::optional<std::vector<std::string>> const& alpn() const noexcept { return alpn_; }
    bool                                           resumption() const noexcept { return resumption_; }
    std::string const&                             key_log_file() const noexcept { return key_log_file_; }
    native_callback const&                         native() const noexcept { return native_; }

private:
    friend class tls_access;                                       // tls_context.cpp keeps what it made of these options here
    struct made;
    static std::shared_ptr<made> hold_nothing();                   // for copies to share once something is made

    template <class T>
    tls_options& set(T& member, T value) {
        member = std::move(value);
        return fresh();
    }

    std::string                             ca_file_{}, ca_directory_{}, ca_text_{}, crl_file_{}, server_name_{};
    std::string                             certificate_file_{}, certificate_text_{}, key_file_{}, key_text_{};
    std::string                             psk_identity_{}, psk_key_{}, ciphers_{}, suites_{}, key_log_file_{};
    std::optional<bool>                     system_store_{};
    std::optional<std::vector<std::string>> alpn_{};
    password_callback                       key_password_{};
    psk_callback                            psk_lookup_{};
    native_callback                         native_{};
    tls_verification                        verification_ = tls_verification::peer_and_host;
    tls_client_certificate                  client_certificate_ = tls_client_certificate::none;
    tls_version                             lowest_ = tls_version::v1_2;
    tls_version                             highest_ = tls_version::v1_3;
    bool                                    resumption_ = true;
    std::shared_ptr<made>                   made_ = hold_nothing();
};

} // namespace aldis::transport
