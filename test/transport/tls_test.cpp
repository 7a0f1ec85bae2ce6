// TLS over a stream in memory: what it says of itself, its ends, its operations.
#include "tls_pair.hpp"

using namespace aldis::test;
using namespace aldis::transport;

TEST_CASE("a TLS connection carries bytes both ways and knows what protects them", "[transport][tls]") {
    tls_pair pair;
    pair.server.client_certificate(tls_client_certificate::none);

    pair.join();
    pair.talk();

    auto const known = pair.first->facts();
    REQUIRE(known.tls);
    CHECK(known.remote == "memory:second");
    CHECK(known.tls->protocol == "TLSv1.3");
    CHECK(known.tls->cipher.starts_with("TLS_"));
    CHECK(known.tls->alpn == "mqtt");
    CHECK(known.tls->is_verified);
    CHECK(known.tls->peer_common_name == "broker.example");
    CHECK(known.tls->peer_subject == "CN=broker.example");
    CHECK(known.tls->peer_fingerprint.size() == 64);
    CHECK_FALSE(known.tls->is_resumed);
    CHECK(pair.client_diary.count(note::level::warning) == 0);
    CHECK(pair.client_diary.last(note::level::info).find("TLSv1.3") == 0);
}
