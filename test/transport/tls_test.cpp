// TLS over a stream in memory: what it says of itself, protocols, pre-shared keys, sessions.
#include "tls_pair.hpp"

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// Both sides with the same key in place of certificates.
void use_psk(tls_pair& pair, tls_version version) {
    pair.client = tls_options().psk("device-7", "\x01\x02\x03\x04 sixteen bytes").versions(version, version);
    pair.server = tls_options().psk("device-7", "\x01\x02\x03\x04 sixteen bytes");
}

bool join_resumes(tls_pair& pair) {
    pair.join();
    pair.talk();                                                   // TLS 1.3 hands tickets out with what comes after the handshake
    bool const is_resumed = pair.first->facts().tls->is_resumed;
    CHECK(pair.second->facts().tls->is_resumed == is_resumed);
    CHECK(pair.first->facts().tls->is_verified);
    CHECK(pair.first->facts().tls->peer_common_name == "broker.example");
    return is_resumed;
}

} // namespace

TEST_CASE("a TLS connection carries bytes both ways and knows what protects them", "[transport][tls]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client.versions(version, version);

    pair.join();
    pair.talk();

    auto const known = pair.first->facts();
    REQUIRE(known.tls);
    CHECK(known.remote == "memory:second");
    CHECK(pair.first->remote_name() == "memory:second");
    CHECK(pair.first->get_executor() == pair.ex());
    CHECK(known.tls->protocol == (version == tls_version::v1_3 ? "TLSv1.3" : "TLSv1.2"));
    CHECK_FALSE(known.tls->cipher.empty());
    CHECK(known.tls->alpn == "mqtt");
    CHECK(known.tls->is_verified);
    CHECK(known.tls->peer_common_name == "broker.example");
    CHECK(known.tls->peer_subject == "CN=broker.example");
    CHECK(known.tls->peer_fingerprint.size() == 64);
    CHECK_FALSE(known.tls->is_resumed);
    CHECK(pair.client_diary.count(note::level::warning) == 0);
    CHECK(pair.client_diary.last(note::level::info).find("TLSv1.") == 0);
    CHECK(pair.client_diary.last(note::level::info).find("verified CN=broker.example") != std::string::npos);
}

TEST_CASE("mutual TLS tells each side who the other is", "[transport][tls]") {
    tls_pair pair;
    pair.client = client_with("client");
    pair.server.client_certificate(tls_client_certificate::required).ca_file(certificate("ca.pem"));

    pair.join();

    auto const known = pair.second->facts().tls.value();
    CHECK(known.is_verified);
    CHECK(known.peer_common_name == "device-7");
    CHECK(known.peer_subject == "CN=device-7,O=Aldis");
}

TEST_CASE("names with control characters stay out of notes", "[transport][tls]") {
    tls_pair pair;
    pair.server = server_with("hostile");
    pair.client.verification(tls_verification::peer_of_any_name);

    pair.join();

    for (auto const& each : pair.client_diary.notes())
        CHECK(std::all_of(each.text().begin(), each.text().end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; }));
    CHECK(pair.client_diary.last(note::level::info).find("evil") != std::string::npos);
}

TEST_CASE("sides without a TLS version in common both say so", "[transport][tls]") {
    tls_pair   pair;
    bool const is_client_old = GENERATE(true, false);
    (is_client_old ? pair.client : pair.server).versions(tls_version::v1_2, tls_version::v1_2);
    (is_client_old ? pair.server : pair.client).versions(tls_version::v1_3, tls_version::v1_3);

    pair.shake();

    CHECK(pair.connected.ec() == errc::tls_no_common_ground);
    CHECK(pair.accepted.ec() == errc::tls_no_common_ground);
    CHECK(pair.client_diary.failure() == "the server ended the handshake: alert protocol version (70)");
    CHECK(pair.server_diary.failure() == "the peer wants a TLS version that is not allowed here");
}

TEST_CASE("sides without a cipher in common both say so", "[transport][tls]") {
    tls_pair pair;
    pair.client.versions(tls_version::v1_2, tls_version::v1_2).ciphers("ECDHE-ECDSA-AES256-GCM-SHA384");
    pair.server.ciphers("ECDHE-ECDSA-AES128-GCM-SHA256");

    pair.shake();

    CHECK(pair.connected.ec() == errc::tls_no_common_ground);
    CHECK(pair.accepted.ec() == errc::tls_no_common_ground);
    CHECK(pair.server_diary.failure() == "no cipher that both sides have");
}

TEST_CASE("chosen ciphers and suites are used", "[transport][tls]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client.versions(version, version).ciphers("ECDHE-ECDSA-CHACHA20-POLY1305").suites("TLS_CHACHA20_POLY1305_SHA256");

    pair.join();

    CHECK(pair.first->facts().tls->cipher == (version == tls_version::v1_3 ? "TLS_CHACHA20_POLY1305_SHA256" : "ECDHE-ECDSA-CHACHA20-POLY1305"));
}

TEST_CASE("ciphers without authentication are never agreed on, whatever the lists say", "[transport][tls]") {
    tls_pair pair;
    pair.client.versions(tls_version::v1_2, tls_version::v1_2).ciphers("aNULL:ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=0");
    pair.server.ciphers("aNULL:@SECLEVEL=0");

    pair.start();
    pair.run(pair.accepted);

    CHECK(pair.accepted.ec() == errc::tls_bad_option);
    pair.run(pair.connected);
    CHECK(pair.connected.ec().failed());
}

TEST_CASE("the server chooses among the protocols that the client offers", "[transport][tls][alpn]") {
    using list = std::vector<std::string>;
    struct row {
        std::optional<list> client, server;
        bool                is_web;
        char const*         agreed;
    };
    auto const each = GENERATE(row{{}, {}, false, "mqtt"}, row{{}, {}, true, "http/1.1"}, row{list{}, {}, false, ""}, row{{}, list{}, false, ""},
                               row{list{"h2", "mqtt"}, list{"x-amzn-mqtt-ca", "mqtt"}, false, "mqtt"}, row{list{"a", "b"}, list{"b", "a"}, false, "b"});
    tls_pair   pair;
    if (each.client) pair.client.alpn(*each.client);
    if (each.server) pair.server.alpn(*each.server);
    if (each.is_web) pair.where.via(scheme::wss);
    pair.is_web = each.is_web;

    pair.join();

    CHECK(pair.first->facts().tls->alpn == each.agreed);
    CHECK(pair.second->facts().tls->alpn == each.agreed);
}

TEST_CASE("a client that offers only other protocols is refused", "[transport][tls][alpn]") {
    tls_pair pair;
    pair.client.alpn({"h2", "evil\n"});

    pair.shake();

    CHECK(pair.accepted.ec() == errc::tls_no_common_ground);
    CHECK(pair.server_diary.failure() == "the client offers only other protocols (ALPN): h2, evil\\x0a");
    CHECK(pair.connected.ec() == errc::tls_no_common_ground);
    CHECK(pair.client_diary.failure() == "the server ended the handshake: alert no application protocol (120)");
}

TEST_CASE("a pre-shared key takes the place of certificates", "[transport][tls][psk]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    use_psk(pair, version);

    for (int round = 0; round < 2; ++round) {
        pair.join();
        pair.talk();
        for (auto* const side : {pair.first.get(), pair.second.get()}) {
            auto const known = side->facts().tls.value();
            CHECK(known.psk_identity == "device-7");
            CHECK_FALSE(known.is_verified);
            CHECK_FALSE(known.is_resumed);
            CHECK(known.peer_common_name.empty());
        }
    }
}

TEST_CASE("a listener looks pre-shared keys up by identity", "[transport][tls][psk]") {
    tls_pair                 pair;
    std::vector<std::string> asked;
    use_psk(pair, GENERATE(tls_version::v1_2, tls_version::v1_3));
    pair.server = tls_options().psk_lookup([&](std::string_view identity) -> std::optional<std::string> {
        asked.emplace_back(identity);
        if (identity != "device-7") return {};
        return "\x01\x02\x03\x04 sixteen bytes";
    });

    pair.join();
    CHECK(asked == std::vector<std::string>{"device-7"});
    CHECK(pair.second->facts().tls->psk_identity == "device-7");

    pair.client.psk("device-8\n", "whatever it is");
    pair.shake();
    CHECK(pair.connected.ec().category() == category());
    CHECK(pair.accepted.ec() == errc::tls_no_common_ground);
    CHECK(pair.server_diary.failure() == "no pre-shared key is known for the client's identity \"device-8\\x0a\"");
}

TEST_CASE("a wrong pre-shared key is refused", "[transport][tls][psk]") {
    tls_pair pair;
    use_psk(pair, GENERATE(tls_version::v1_2, tls_version::v1_3));
    pair.client.psk("device-7", "another key");

    pair.shake();

    CHECK(pair.connected.ec() == errc::tls_rejected);
    CHECK(pair.accepted.ec().failed());
    CHECK(pair.first == nullptr);
    CHECK(pair.second == nullptr);
}

TEST_CASE("a client with a pre-shared key does not take a certificate instead, unless it names issuers", "[transport][tls][psk]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    use_psk(pair, version);
    pair.server = server_with("server");

    pair.shake();
    CHECK(pair.connected.ec().failed());
    CHECK(pair.first == nullptr);

    pair.client.ca_file(certificate("ca.pem"));
    pair.join();
    CHECK(pair.first->facts().tls->is_verified);
    CHECK(pair.first->facts().tls->psk_identity.empty());

    pair.client.ca_file(certificate("other_ca.pem"));
    pair.shake();
    CHECK(pair.connected.ec() == errc::tls_unknown_issuer);
}

TEST_CASE("the second connection to a place resumes the session of the first", "[transport][tls][resumption]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client.versions(version, version);

    CHECK_FALSE(join_resumes(pair));
    CHECK(join_resumes(pair));
    CHECK(join_resumes(pair));
    auto const copy = pair.client;
    pair.client = tls_options(copy);
    CHECK(join_resumes(pair));

    pair.where.port(8884);
    CHECK_FALSE(join_resumes(pair));
    pair.where.port(8883);
    pair.client.server_name("localhost");
    CHECK_FALSE(join_resumes(pair));
    pair.client.fresh();
    CHECK_FALSE(join_resumes(pair));
    pair.server.fresh();
    CHECK_FALSE(join_resumes(pair));
    CHECK(join_resumes(pair));
}

TEST_CASE("either side can do without resumption", "[transport][tls][resumption]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client.versions(version, version);
    (GENERATE(true, false) ? pair.client : pair.server).resumption(false);

    CHECK_FALSE(join_resumes(pair));
    CHECK_FALSE(join_resumes(pair));
}

TEST_CASE("a resumed session still knows the client's certificate", "[transport][tls][resumption]") {
    tls_pair   pair;
    auto const version = GENERATE(tls_version::v1_2, tls_version::v1_3);
    pair.client = client_with("client").versions(version, version);
    pair.server.client_certificate(tls_client_certificate::required).ca_file(certificate("ca.pem"));

    CHECK_FALSE(join_resumes(pair));
    CHECK(join_resumes(pair));

    CHECK(pair.second->facts().tls->is_verified);
    CHECK(pair.second->facts().tls->peer_common_name == "device-7");
}

TEST_CASE("a session is kept although its connection was cut", "[transport][tls][resumption]") {
    tls_pair pair;

    CHECK_FALSE(join_resumes(pair));
    pair.second->close();
    CHECK(pair.next_read_error(*pair.first) == errc::tls_truncated);
    CHECK(join_resumes(pair));
}
