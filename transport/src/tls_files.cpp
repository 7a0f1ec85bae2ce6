// Certificates, keys and lists of revoked certificates: from files and texts into a native context.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls_context.hpp"
#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

// Far above any store of issuers; a device or an endless pipe ends here.
constexpr std::size_t max_file_size = std::size_t{64} * 1024 * 1024;

// A PEM text and what messages call it.
struct pem_text {
    std::string name{};
    std::string bytes{};
};

tls_trouble trouble_with(errc code, std::string_view name, std::string_view what) {
    return {code, printable(name, 200) + ": " + std::string(what)};
}

tls_trouble read_file(std::string const& path, errc code, pem_text& into) {
    into.name = path;
    std::unique_ptr<std::FILE, native_deleter<std::fclose>> const file(std::fopen(path.c_str(), "rbe"));
    if (!file) return trouble_with(code, path, std::strerror(errno));
    char block[16384];
    while (auto const got = std::fread(block, 1, sizeof block, file.get())) {
        into.bytes.append(block, got);
        if (into.bytes.size() > max_file_size) return trouble_with(code, path, "too large");
    }
    OPENSSL_cleanse(block, sizeof block);
    if (std::ferror(file.get())) return trouble_with(code, path, std::strerror(errno));
    return {};
}

// The file or the text, whichever was given.
tls_trouble read_either(std::string const& path, std::string const& text, char const* text_name, errc code, pem_text& into) {
    if (!path.empty()) return read_file(path, code, into);
    into = {text_name, text};
    return {};
}

bio_ptr open_text(std::string const& bytes) { return bio_ptr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

// OpenSSL would ask on the terminal where no other callback is given.
int no_password(char*, int, int, void*) { return -1; }

// Whether reading stopped because nothing more was there, rather than at something broken.
bool is_at_end() {
    auto const last = ERR_peek_last_error();
    bool const is_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return is_end;
}

// Hands every object of a kind over; the trouble when one is broken or none is there.
template <class Pointer, class Take>
tls_trouble for_each_in(pem_text const& from, errc code, std::string_view kind, Pointer (*read)(BIO*), Take take) {
    auto const  bio = open_text(from.bytes);
    std::size_t count = 0;
    ERR_clear_error();
    while (auto one = read(bio.get())) {
        ++count;
        if (!take(std::move(one))) return trouble_with(code, from.name, std::string(kind) + " number " + std::to_string(count) + " cannot be used");
        ERR_clear_error();
    }
    if (!is_at_end()) return trouble_with(code, from.name, std::string(kind) + " number " + std::to_string(count + 1) + " is broken");
    if (count == 0) return trouble_with(code, from.name, "holds no " + std::string(kind) + " in PEM form");
    return {};
}

certificate_ptr read_certificate(BIO* from) { return certificate_ptr(PEM_read_bio_X509_AUX(from, nullptr, no_password, nullptr)); }
revocations_ptr read_revocations(BIO* from) { return revocations_ptr(PEM_read_bio_X509_CRL(from, nullptr, no_password, nullptr)); }

// Issuers are found there by the hash of their names, and a folder without such names would look as if it trusted nobody.
bool is_hashed_name(std::string const& name) {
    return name.size() >= 10 && name[8] == '.' && std::all_of(name.begin(), name.begin() + 8, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

tls_trouble check_directory(std::string const& path) {
    std::error_code                     ec;
    std::filesystem::directory_iterator at(path, ec);
    if (ec) return trouble_with(errc::tls_bad_issuers, path, ec.message());
    for (; at != std::filesystem::directory_iterator(); at.increment(ec)) {
        if (ec) return trouble_with(errc::tls_bad_issuers, path, ec.message());
        if (is_hashed_name(at->path().filename().string())) return {};
    }
    return trouble_with(errc::tls_bad_issuers, path, "holds no certificate under the hash of its name; run \"openssl rehash\" on the folder");
}

tls_trouble add_issuers(SSL_CTX* into, std::string const& path, std::string const& text) {
    pem_text pem;
    if (auto trouble = read_either(path, text, "the text of issuers", errc::tls_bad_issuers, pem)) return trouble;
    return for_each_in(pem, errc::tls_bad_issuers, "certificate", read_certificate, [&](certificate_ptr one) {
        SSL_CTX_add_client_CA(into, one.get());                    // what a server tells clients that it would like to see
        return X509_STORE_add_cert(SSL_CTX_get_cert_store(into), one.get()) == 1;
    });
}

// Asks for a key's password, once: OpenSSL tries a wrong one on several formats.
struct password_query {
    tls_options const&         options;
    std::string const&         name;
    bool                       was_asked = false;
    std::optional<std::string> answer{};

    ~password_query() {
        if (answer) OPENSSL_cleanse(answer->data(), answer->size());
    }
};

int answer_password(char* into, int size, int, void* query_pointer) {
    auto& query = *static_cast<password_query*>(query_pointer);
    if (!std::exchange(query.was_asked, true) && query.options.key_password()) query.answer = query.options.key_password()(query.name);
    if (!query.answer || query.answer->size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(into, query.answer->data(), query.answer->size());
    return static_cast<int>(query.answer->size());
}

tls_trouble use_certificate(SSL_CTX* into, pem_text const& pem) {
    bool is_first = true;
    SSL_CTX_clear_chain_certs(into);
    return for_each_in(pem, errc::tls_bad_certificate, "certificate", read_certificate, [&](certificate_ptr one) {
        if (std::exchange(is_first, false)) return SSL_CTX_use_certificate(into, one.get()) == 1;
        return SSL_CTX_add1_chain_cert(into, one.get()) == 1;
    });
}

tls_trouble use_key(SSL_CTX* into, pem_text const& pem, tls_options const& options) {
    std::string const name = pem.name == options.key_file() || pem.name == options.certificate_file() ? pem.name : std::string();
    password_query    query{.options = options, .name = name};
    auto const        bio = open_text(pem.bytes);
    ERR_clear_error();
    key_ptr const key(PEM_read_bio_PrivateKey(bio.get(), nullptr, answer_password, &query));
    ERR_clear_error();
    if (!key && query.was_asked)
        return trouble_with(errc::tls_key_password_wrong, pem.name, options.key_password() ? "the password of the key is missing or wrong"
                                                                                         : "the key is encrypted and there is nobody to ask for its password");
    if (!key) return trouble_with(errc::tls_bad_key, pem.name, "holds no key in PEM form");
    if (SSL_CTX_use_PrivateKey(into, key.get()) != 1 || SSL_CTX_check_private_key(into) != 1) {
        ERR_clear_error();
        return trouble_with(errc::tls_bad_key, pem.name, "the key does not belong to the certificate");
    }
    return {};
}

} // namespace

tls_trouble load_issuers(SSL_CTX* into, tls_options const& options) {
    bool const is_named = !options.ca_file().empty() || !options.ca_directory().empty() || !options.ca_text().empty();
    // Read when it is needed, one issuer at a time where the system keeps them by hash.
    if (options.system_store().value_or(!is_named)) SSL_CTX_set_default_verify_paths(into);
    if (!options.ca_file().empty())
        if (auto trouble = add_issuers(into, options.ca_file(), {})) return trouble;
    if (!options.ca_text().empty())
        if (auto trouble = add_issuers(into, {}, options.ca_text())) return trouble;
    if (options.ca_directory().empty()) return {};
    if (auto trouble = check_directory(options.ca_directory())) return trouble;
    if (SSL_CTX_load_verify_dir(into, options.ca_directory().c_str()) != 1)
        return trouble_with(errc::tls_bad_issuers, options.ca_directory(), "cannot be used");
    return {};
}

tls_trouble load_revocations(SSL_CTX* into, tls_options const& options) {
    if (options.crl_file().empty()) return {};
    pem_text pem;
    if (auto trouble = read_file(options.crl_file(), errc::tls_bad_revocations, pem)) return trouble;
    auto* const store = SSL_CTX_get_cert_store(into);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return for_each_in(pem, errc::tls_bad_revocations, "list of revoked certificates", read_revocations,
                       [&](revocations_ptr one) { return X509_STORE_add_crl(store, one.get()) == 1; });
}

tls_trouble load_identity(SSL_CTX* into, tls_options const& options) {
    pem_text certificate, key;
    bool const has_certificate = !options.certificate_file().empty() || !options.certificate_text().empty();
    bool const has_key = !options.key_file().empty() || !options.key_text().empty();
    if (!has_certificate && has_key) return {errc::tls_bad_certificate, "there is a key, but no certificate that it belongs to"};
    if (!has_certificate) return {};
    if (auto trouble = read_either(options.certificate_file(), options.certificate_text(), "the text of the certificate", errc::tls_bad_certificate, certificate))
        return trouble;
    if (auto trouble = use_certificate(into, certificate)) return trouble;
    // A key may stand in the same file.
    if (has_key)
        if (auto trouble = read_either(options.key_file(), options.key_text(), "the text of the key", errc::tls_bad_key, key)) return trouble;
    auto trouble = use_key(into, has_key ? key : certificate, options);
    OPENSSL_cleanse(key.bytes.data(), key.bytes.size());
    return trouble;
}

} // namespace aldis::transport
