// The certificate matrix: what is shown, by whom it is judged, the verdict and its cause; and the same verdict the second time.
#include "tls_pair.hpp"

#include <cstdio>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

constexpr char const* good = "";

struct server_case {
    char const* shown;                                             // the server's certificate
    char const* host;                                              // whom the client wants
    char const* issuers;                                           // what it trusts
    char const* revocations;
    errc        verdict;
    char const* cause;                                             // a part of the story
};

constexpr errc ok{};

constexpr server_case server_cases[] = {
    {"server", "broker.example", "ca", "", ok, good},
    {"server", "BROKER.example.", "ca", "", ok, good},
    {"server", "localhost", "ca", "", ok, good},
    {"server", "127.0.0.1", "ca", "", ok, good},
    {"server", "::1", "ca", "", ok, good},
    {"chain", "broker.example", "ca", "", ok, good},
    {"chain_leaf", "broker.example", "intermediate", "", errc::tls_unknown_issuer, "the issuer's certificate CN=Aldis Test Intermediate has an unknown issuer, CN=Aldis Test CA"},
    {"wildcard", "a.wild.example", "ca", "", ok, good},
    {"ip_san", "127.0.0.1", "ca", "", ok, good},
    {"ip_san", "::1", "ca", "", ok, good},
    {"common_name", "broker.example", "ca", "", ok, good},
    {"self_signed", "broker.example", "self_signed", "", ok, good},
    {"other_server", "broker.example", "other_ca", "", ok, good},
    {"server", "broker.example", "ca", "crl", ok, good},
    {"chain", "broker.example", "ca", "crl", ok, good},

    {"expired", "broker.example", "ca", "", errc::tls_expired, "the certificate of broker.example expired on 2021-01-31 12:00:00 UTC"},
    {"not_yet", "broker.example", "ca", "", errc::tls_not_yet_valid, "the certificate of broker.example is valid from 2090-01-01 00:00:00 UTC"},
    {"wrong_host", "c.example", "ca", "", errc::tls_wrong_host, "issued for a.example, *.b.example, not for c.example"},
    {"wrong_host", "deep.below.b.example", "ca", "", errc::tls_wrong_host, "not for deep.below.b.example"},
    {"wrong_host", "b.example", "ca", "", errc::tls_wrong_host, "not for b.example"},
    {"server", "127.0.0.2", "ca", "", errc::tls_wrong_host, "issued for broker.example, localhost, 127.0.0.1, ::1, not for 127.0.0.2"},
    {"server", "example", "ca", "", errc::tls_wrong_host, "not for example"},
    {"ip_san", "localhost", "ca", "", errc::tls_wrong_host, "issued for 127.0.0.1, ::1, not for localhost"},
    {"common_name", "other.example", "ca", "", errc::tls_wrong_host, "issued for CN=broker.example, not for other.example"},
    {"partial_wildcard", "broker.example", "ca", "", errc::tls_wrong_host, "not for broker.example"},
    {"wildcard", "wild.example", "ca", "", errc::tls_wrong_host, "not for wild.example"},
    {"other_server", "broker.example", "ca", "", errc::tls_unknown_issuer, "unknown issuer, CN=Other Test CA; give the issuer's certificate with ca_file (--cafile)"},
    {"chain_leaf", "broker.example", "ca", "", errc::tls_unknown_issuer, "unknown issuer, CN=Aldis Test Intermediate"},
    {"self_signed", "broker.example", "ca", "", errc::tls_self_signed, "the certificate of broker.example is signed by itself"},
    {"revoked", "broker.example", "ca", "crl", errc::tls_revoked, "the certificate of broker.example was revoked on 20"},
    {"revoked", "broker.example", "ca", "", ok, good},
    {"server", "broker.example", "ca", "crl_old", errc::tls_no_revocations, "the list of revoked certificates of CN=Aldis Test CA is out of date since 2021-01-31 12:00:00 UTC"},
    {"other_server", "broker.example", "other_ca", "crl", errc::tls_no_revocations, "no list of revoked certificates of CN=Other Test CA"},
    {"client", "broker.example", "ca", "", errc::tls_bad_chain, "cannot be trusted: unsuitable certificate purpose"},
    {"hostile", "broker.example", "ca", "", errc::tls_wrong_host, "issued for evil\\x1b[2J.example, not for broker.example"},
};

struct client_case {
    char const* shown;                                             // the client's certificate; empty: none
    tls_client_certificate wanted;
    char const* revocations;
    errc        verdict;                                           // the server's
    char const* cause;
    char const* refusal;                                           // what the client is told
};

constexpr auto required = tls_client_certificate::required;
constexpr auto optional = tls_client_certificate::optional;

constexpr client_case client_cases[] = {
    {"client", required, "", ok, good, good},
    {"client", optional, "", ok, good, good},
    {"client_chain", required, "", ok, good, good},
    {"client_chain", required, "crl", ok, good, good},
    {"", optional, "", ok, good, good},
    {"client", tls_client_certificate::none, "", ok, good, good},

    {"", required, "", errc::tls_no_certificate, "the client has shown no certificate", "alert certificate required (116)"},
    {"client_other", required, "", errc::tls_unknown_issuer, "the client's certificate CN=foreign-device has an unknown issuer, CN=Other Test CA", "alert unknown CA (48)"},
    {"client_other", optional, "", errc::tls_unknown_issuer, "CN=foreign-device", "alert unknown CA (48)"},
    {"client_expired", required, "", errc::tls_expired, "the client's certificate CN=expired-device expired on 2021-01-31", "alert certificate expired (45)"},
    {"client_revoked", required, "crl", errc::tls_revoked, "the client's certificate CN=revoked-device was revoked on", "alert certificate revoked (44)"},
    {"client_chain_leaf", required, "", errc::tls_unknown_issuer, "unknown issuer, CN=Aldis Test Intermediate", "alert unknown CA (48)"},
    {"server", required, "", errc::tls_bad_chain, "unsuitable certificate purpose", "ended the handshake: alert"},
};

std::string pem(char const* name) { return *name ? certificate(std::string(name) + ".pem") : std::string(); }

std::string key_of(std::string const& name) { return name == "client_chain_leaf" ? "client_chain.key" : name + ".key"; }

} // namespace

TEST_CASE("a client judges every server of the matrix alike, the first time and the second", "[transport][tls][matrix]") {
    auto const each = GENERATE(from_range(std::begin(server_cases), std::end(server_cases)));
    auto const versions = GENERATE(tls_version::v1_2, tls_version::v1_3);
    CAPTURE(each.shown, each.host, each.issuers, each.revocations);
    tls_pair pair;
    pair.server = server_with(each.shown).versions(versions, versions);
    pair.client = tls_options().ca_file(pem(each.issuers)).crl_file(pem(each.revocations));
    pair.where.host(each.host);

    for (int attempt = 1; attempt <= 2; ++attempt) {
        CAPTURE(attempt);
        pair.shake();
        INFO(pair.client_diary.failure());
        REQUIRE(pair.connected.ec() == (each.verdict == ok ? error_code() : error_code(each.verdict)));
        CHECK((pair.first != nullptr) == (each.verdict == ok));
        CHECK(pair.client_diary.count(note::level::failure) == (each.verdict == ok ? 0 : 1));
        CHECK(pair.client_diary.failure().find(each.cause) != std::string::npos);
        if (each.verdict == ok) pair.talk();
        else CHECK((pair.accepted.ec().failed() || pair.next_read_error(*pair.second).failed()));
    }
}

TEST_CASE("a server judges every client of the matrix alike, the first time and the second", "[transport][tls][matrix]") {
    auto const each = GENERATE(from_range(std::begin(client_cases), std::end(client_cases)));
    CAPTURE(each.shown, each.revocations);
    tls_pair pair;
    pair.server.client_certificate(each.wanted).ca_file(pem("ca")).crl_file(pem(each.revocations));
    if (*each.shown) pair.client.certificate_file(pem(each.shown)).key_file(certificate(key_of(each.shown)));

    for (int attempt = 1; attempt <= 2; ++attempt) {
        CAPTURE(attempt);
        pair.shake();
        INFO(pair.server_diary.failure() << " / " << pair.client_diary.failure());
        REQUIRE(pair.accepted.ec() == (each.verdict == ok ? error_code() : error_code(each.verdict)));
        CHECK(pair.server_diary.failure().find(each.cause) != std::string::npos);
        // With TLS 1.3 a client is through before the server has seen its certificate: it hears of it when it reads.
        REQUIRE_FALSE(pair.connected.ec());
        if (each.verdict == ok) {
            pair.talk();
            auto const known = pair.second->facts().tls.value();
            bool const is_shown = *each.shown && each.wanted != tls_client_certificate::none;
            CHECK(known.is_verified == is_shown);
            CHECK(known.peer_common_name.starts_with(is_shown ? "device-" : ""));
        } else {
            CHECK(pair.next_read_error(*pair.first) == errc::tls_rejected);
            CHECK(pair.client_diary.failure().find(each.refusal) != std::string::npos);
            CHECK(pair.next_read_error(*pair.first) == errc::tls_rejected);
        }
    }
}

TEST_CASE("with TLS 1.2 a client hears within the handshake that its certificate is refused", "[transport][tls][matrix]") {
    tls_pair pair;
    pair.server.client_certificate(required).ca_file(pem("ca")).versions(tls_version::v1_2, tls_version::v1_2);

    pair.shake();

    CHECK(pair.accepted.ec() == errc::tls_no_certificate);
    CHECK(pair.connected.ec() == errc::tls_no_common_ground);       // 1.2 has but "handshake failure" to say so
    CHECK(pair.client_diary.failure() == "the server ended the handshake: alert handshake failure (40)");
}

TEST_CASE("verification is switched off by an ugly name only, with a warning each time", "[transport][tls][matrix]") {
    tls_pair pair;
    pair.server = server_with("expired");
    pair.client = tls_options().verification(tls_verification::insecure_accept_anyone);
    pair.where.host("c.example");

    for (int attempt = 0; attempt < 2; ++attempt) {
        pair.join();
        pair.talk();
        CHECK_FALSE(pair.first->facts().tls->is_verified);
        CHECK(pair.client_diary.count(note::level::warning) == 1);
        CHECK(pair.client_diary.last(note::level::warning).find("c.example is NOT verified") != std::string::npos);
    }
}

TEST_CASE("a chain without its name is checked on request, with a warning", "[transport][tls][matrix]") {
    tls_pair pair;
    pair.client.verification(tls_verification::peer_of_any_name);
    pair.where.host("c.example");

    pair.join();
    CHECK(pair.first->facts().tls->is_verified);
    CHECK(pair.client_diary.last(note::level::warning).find("the name of c.example is NOT verified") != std::string::npos);

    pair.server = server_with("expired");
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_expired);
}

TEST_CASE("the system's store is trusted unless issuers are named", "[transport][tls][matrix]") {
    setenv("SSL_CERT_FILE", certificate("ca.pem").c_str(), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    tls_pair pair;

    pair.client = tls_options();
    pair.join();
    pair.client.ca_file(certificate("other_ca.pem"));
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_unknown_issuer);
    pair.client.system_store(true);
    pair.join();
    pair.client = tls_options().system_store(false);
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_unknown_issuer);

    setenv("SSL_CERT_FILE", certificate("empty.pem").c_str(), 1);
    pair.client = tls_options();
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_unknown_issuer);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

TEST_CASE("the name to check may be another than the host", "[transport][tls][matrix]") {
    tls_pair pair;
    pair.where.host("192.0.2.1");

    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_wrong_host);
    pair.client.server_name("broker.example");
    pair.join();
    pair.client.server_name("other.example");
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_wrong_host);
}

TEST_CASE("a name that could match more than itself, or nothing, is refused", "[transport][tls][matrix]") {
    tls_pair pair;
    auto const name = GENERATE(as<std::string>{}, "", ".", ".example", std::string("broker.example\0.evil", 20), std::string(300, 'a'));
    pair.where.host(name);

    pair.start();
    pair.run(pair.connected);

    CHECK(pair.connected.ec() == errc::tls_bad_option);
    CHECK(pair.client_diary.count(note::level::failure) == 1);
    pair.run(pair.accepted);
}
