// OpenSSL's objects with their owners, and what went wrong with one of them.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <aldis/transport/error.hpp>

namespace aldis::transport {

template <auto Free>
struct native_deleter {
    template <class T>
    void operator()(T* owned) const noexcept {
        Free(owned);
    }
};

using context_ptr = std::unique_ptr<SSL_CTX, native_deleter<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, native_deleter<SSL_free>>;
using session_ptr = std::unique_ptr<SSL_SESSION, native_deleter<SSL_SESSION_free>>;
using bio_ptr = std::unique_ptr<BIO, native_deleter<BIO_free>>;
using certificate_ptr = std::unique_ptr<X509, native_deleter<X509_free>>;
using revocations_ptr = std::unique_ptr<X509_CRL, native_deleter<X509_CRL_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, native_deleter<EVP_PKEY_free>>;

/// An error and the sentence behind it.
struct tls_trouble {
    error_code  why{};
    std::string story{};

    explicit operator bool() const noexcept { return why.failed(); }
};

} // namespace aldis::transport
