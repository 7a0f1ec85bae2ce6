// Judging what a peer shows, and saying in a sentence what is wrong with it.
#pragma once

#include <string>
#include <string_view>

#include <aldis/transport/facts.hpp>

#include "tls_context.hpp"
#include "uri_text.hpp"

namespace aldis::transport {

/// "CN=device-7,O=Aldis": RFC 2253, printable and bounded.
std::string describe(X509_NAME const* name);

/// OpenSSL's verification callback: keeps the first thing that is wrong in the connection's trouble.
int judge_certificate(int is_good, X509_STORE_CTX* context);

/// Why a call for this connection failed, from what its callbacks left and from OpenSSL's queue of errors, which is emptied.
tls_trouble explain_failure(SSL* ssl);

/// What is known once the handshake is done.
tls_facts describe_session(SSL* ssl);

} // namespace aldis::transport
