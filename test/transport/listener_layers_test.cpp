// Listeners with layers: PROXY header, TLS and WebSocket in every combination; certificates renewed; streams adopted.
#include "listening.hpp"

#include <filesystem>

#include <aldis/transport/memory.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

bool is_secure(scheme via) { return via == scheme::tls || via == scheme::wss; }
bool is_web(scheme via) { return via == scheme::ws || via == scheme::wss; }

std::string certificate_seen_by(stream const& client) { return client.facts().tls.value().peer_common_name; }

// Two joined streams; the first is for a client, the second to be adopted.
std::pair<stream_ptr, stream_ptr> wire(loop& on) { return make_memory_pair(on.ex()); }

} // namespace

TEST_CASE("a listener takes a connection through all of its layers", "[transport][listener]") {
    listening   on;
    auto const  via = GENERATE(scheme::tcp, scheme::tls, scheme::ws, scheme::wss);
    auto const  header = GENERATE(as<std::string>{}, "", proxy_header("192.0.2.7"));
    auto const  before = std::chrono::steady_clock::now();
    on.open(via, on.options().proxy_protocol(!header.empty()));
    stream_outcome accepted;
    on.from.async_accept(accepted.handler());

    auto const client = on.join(header);
    auto const server = on.result_of(accepted);

    on.talk(*client, *server);
    auto const facts = server->facts();
    CHECK(facts.tls.has_value() == is_secure(via));
    CHECK(facts.websocket.has_value() == is_web(via));
    CHECK(facts.since >= before);
    CHECK(facts.since <= std::chrono::steady_clock::now());
    CHECK(server->remote_name() == facts.remote);
    if (header.empty()) CHECK(facts.remote.starts_with("127.0.0.1:"));
    else CHECK(facts.remote == "192.0.2.7:4711");
    CHECK(facts.via.empty() == header.empty());
    CHECK(on.from.counts().accepted == 1);
    CHECK(on.from.counts().handshakes + on.from.counts().ready + on.from.counts().failed == 0);
}

TEST_CASE("the time of accept is kept through the layers", "[transport][listener]") {
    listening on;
    on.open(scheme::wss, on.options());
    auto& silent = on.dial();
    REQUIRE(on.reaches(1));
    auto const begun = std::chrono::steady_clock::now();

    auto       secured = on.result_of(on.start_tls(on.take(silent)));
    auto const client = on.result_of(on.start_web(std::move(secured)));

    CHECK(on.accept()->facts().since <= begun);
}

TEST_CASE("a unix listener behind a load balancer reads its header", "[transport][listener]") {
    listening      on;
    scratch_folder folder;
    REQUIRE_FALSE(on.from.open(local_endpoint(folder.file()), on.options().proxy_protocol(true)));

    auto const client = on.join(proxy_header("2001:db8::7", "TCP6"));
    auto const server = on.accept();

    CHECK(server->remote_name() == "[2001:db8::7]:4711");
    on.talk(*client, *server);
}

TEST_CASE("a listener with bad TLS options does not open and tells why", "[transport][listener]") {
    listening   on;
    auto const  via = GENERATE(scheme::tls, scheme::wss);
    tls_options bad;
    error_code  expected;
    SECTION("no certificate") {}
    SECTION("broken certificate") {
        bad = shows("server").certificate_file(certificate("broken.pem"));
        expected = errc::tls_bad_certificate;
    }
    SECTION("key of another") {
        bad = shows("server").key_file(certificate("client.key"));
        expected = errc::tls_bad_key;
    }

    auto const ec = on.from.open(endpoint(via, "127.0.0.1", 0), on.options().tls(bad));

    CHECK(ec.category() == category());
    CHECK(ec != errc::scheme_not_supported);
    if (expected) CHECK(ec == expected);
    CHECK_FALSE(on.from.is_open());
    REQUIRE(on.notes.size() == 1);
    CHECK(on.notes[0].weight() == note::level::failure);
    CHECK(on.notes[0].step() == phase::tls);
    CHECK(on.notes[0].why() == ec);
    CHECK_FALSE(on.notes[0].text().empty());
    CHECK_FALSE(on.from.open(tcp_on_loopback()));
}

TEST_CASE("mutual TLS lets in whom the issuer knows and goes on after those it does not", "[transport][listener]") {
    listening on;
    auto      how = shows("server").ca_file(certificate("ca.pem")).crl_file(certificate("crl.pem"));
    on.open(scheme::tls, on.options().tls(how.client_certificate(tls_client_certificate::required)));
    auto const known = [](std::string const& name) { return shows(name).ca_file(certificate("ca.pem")); };
    struct row {
        tls_options client;
        error_code  why;
    };
    row const refused[] = {{trusts(), errc::tls_no_certificate},
                           {known("client_revoked"), errc::tls_revoked},
                           {known("client_expired"), errc::tls_expired},
                           {known("client_other"), errc::tls_unknown_issuer}};

    for (auto const& each : refused) {
        auto const failed = on.from.counts().failed;
        auto const attempt = on.start_tls(on.take(on.dial()), each.client);
        REQUIRE(on.run_until([&] { return on.from.counts().failed == failed + 1; }));
        REQUIRE_FALSE(on.notes.empty());
        CHECK(on.notes.back().why() == each.why);
        CHECK(on.notes.back().text().starts_with("127.0.0.1:"));
        on.run(attempt);
    }
    auto const client = on.result_of(on.start_tls(on.take(on.dial()), known("client")));
    auto const server = on.accept();

    CHECK(server->facts().tls.value().peer_common_name == "device-7");
    CHECK(server->facts().tls.value().is_verified);
    on.talk(*client, *server);
}

TEST_CASE("certificates are replaced without dropping a connection or a handshake", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options());
    auto const old_client = on.join();
    auto const old_server = on.accept();
    auto&      under_way = on.dial();
    REQUIRE(on.reaches(1));

    REQUIRE_FALSE(on.from.reload_tls(shows("ip_san")));

    on.talk(*old_client, *old_server);
    CHECK(certificate_seen_by(*on.result_of(on.start_tls(on.take(under_way)))) == "broker.example");
    CHECK(certificate_seen_by(*on.join()) == "address");
}

TEST_CASE("a certificate that is no good leaves the old one in place and is told", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options());

    CHECK(on.from.reload_tls(shows("server").certificate_file(certificate("broken.pem"))) == errc::tls_bad_certificate);

    REQUIRE(on.notes.size() == 1);
    CHECK(on.notes[0].why() == errc::tls_bad_certificate);
    CHECK(on.from.is_open());
    CHECK(certificate_seen_by(*on.join()) == "broker.example");
}

TEST_CASE("a certificate renewed in the same files is read when asked to reload", "[transport][listener]") {
    namespace fs = std::filesystem;
    listening      on;
    scratch_folder folder;
    auto const     pem = folder.file() + ".pem", key = folder.file() + ".key";
    auto const     put = [&](std::string const& name) {
        fs::copy_file(certificate(name + ".pem"), pem, fs::copy_options::overwrite_existing);
        fs::copy_file(certificate(name + ".key"), key, fs::copy_options::overwrite_existing);
    };
    put("server");
    auto const how = tls_options().certificate_file(pem).key_file(key);
    on.open(scheme::tls, on.options().tls(how));
    put("ip_san");

    CHECK(certificate_seen_by(*on.join()) == "broker.example");
    CHECK_FALSE(on.from.reload_tls(how));
    CHECK(certificate_seen_by(*on.join()) == "address");
    fs::remove(pem);
    fs::remove(key);
}

TEST_CASE("only an open listener with TLS can reload", "[transport][listener]") {
    listening on;

    CHECK(on.from.reload_tls(shows("server")) == asio::error::bad_descriptor);
    REQUIRE_FALSE(on.from.open(tcp_on_loopback()));
    CHECK(on.from.reload_tls(shows("server")) == errc::scheme_not_supported);
}

TEST_CASE("a stream of the program's own goes through the layers of a listener", "[transport][listener]") {
    listening on;
    on.open(scheme::wss, on.options());
    auto [near, far] = wire(on);

    REQUIRE_FALSE(on.from.adopt(std::move(far)));
    auto       secured = on.result_of(on.start_tls(std::move(near)));
    auto const client = on.result_of(on.start_web(std::move(secured)));
    auto const server = on.accept();

    on.talk(*client, *server);
    CHECK(server->facts().tls.has_value());
    CHECK(server->facts().websocket.has_value());
    CHECK(on.from.counts().accepted == 1);
}

TEST_CASE("a stream adopted without layers is handed out beside those that connect", "[transport][listener]") {
    listening on;
    REQUIRE_FALSE(on.from.open(tcp_on_loopback()));
    auto [near, far] = wire(on);
    bool const     is_waited_for = GENERATE(false, true);
    stream_outcome accepted;

    if (is_waited_for) on.from.async_accept(accepted.handler());
    REQUIRE_FALSE(on.from.adopt(std::move(far)));
    if (!is_waited_for) on.from.async_accept(accepted.handler());
    auto const server = on.result_of(accepted);

    on.talk(*near, *server);
    auto const [client, other] = on.connect_pair(on.from);
    on.talk(*client, *other);
}

TEST_CASE("what cannot be adopted is closed and the caller is told", "[transport][listener]") {
    listening on;
    auto [first_near, first_far] = wire(on);
    auto [near, far] = wire(on);
    CHECK(on.from.adopt(std::move(first_far)) == asio::error::bad_descriptor);
    std::tie(first_near, first_far) = wire(on);
    on.open(scheme::tls, on.options().max_handshakes(1));

    CHECK(on.from.adopt(nullptr) == asio::error::invalid_argument);
    CHECK_FALSE(on.from.adopt(std::move(first_far)));
    CHECK(on.from.adopt(std::move(far)) == errc::too_many_handshakes);

    CHECK(on.is_closed(*near));
    CHECK(on.from.counts().refused_in_total == 1);
    CHECK(on.from.counts().handshakes == 1);
    auto const client = on.result_of(on.start_tls(std::move(first_near)));
    on.talk(*client, *on.accept());
}
