// What tls_options are made into: files and texts, passwords, the key log, the native context; and what is wrong with them.
#include "tls_pair.hpp"

#include <fstream>
#include <functional>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// A folder whose files go with it.
class folder_of_files {
public:
    folder_of_files() {
        std::string pattern = (std::filesystem::temp_directory_path() / "aldis-tls-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~folder_of_files() { std::filesystem::remove_all(path_); }
    folder_of_files(folder_of_files const&) = delete;
    folder_of_files& operator=(folder_of_files const&) = delete;

    std::string operator()(std::string const& name) const { return path_ + '/' + name; }

private:
    std::string path_;
};

std::string read_all(std::string const& path) {
    std::ifstream     file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

struct bad_case {
    char const*                       what;
    std::function<void(tls_options&)> spoil;
    errc                              verdict;
    char const*                       cause;
};

std::vector<bad_case> const& bad_cases() {
    static std::vector<bad_case> const cases{
        {"a CA file that is not there", [](auto& o) { o.ca_file("/nonexistent/ca.pem"); }, errc::tls_bad_issuers, "/nonexistent/ca.pem: No such file or directory"},
        {"an empty CA file", [](auto& o) { o.ca_file(certificate("empty.pem")); }, errc::tls_bad_issuers, "empty.pem: holds no certificate in PEM form"},
        {"a folder as a CA file", [](auto& o) { o.ca_file("/"); }, errc::tls_bad_issuers, "/: Is a directory"},
        {"a broken CA file", [](auto& o) { o.ca_file(certificate("broken.pem")); }, errc::tls_bad_issuers, "broken.pem: certificate number 1 is broken"},
        {"a broken CA text", [](auto& o) { o.ca_file("").ca_text(certificate_text("ca.pem") + certificate_text("broken.pem")); }, errc::tls_bad_issuers, "certificate number 2 is broken"},
        {"a CA text without certificate", [](auto& o) { o.ca_text("none"); }, errc::tls_bad_issuers, "the text of issuers: holds no certificate"},
        {"a CA folder that is not there", [](auto& o) { o.ca_directory("/nonexistent"); }, errc::tls_bad_issuers, "/nonexistent: No such file"},
        {"a CA folder without hashed names", [](auto& o) { o.ca_directory(certificate_folder()); }, errc::tls_bad_issuers, "openssl rehash"},
        {"a CRL file that is not there", [](auto& o) { o.crl_file("/nonexistent"); }, errc::tls_bad_revocations, "/nonexistent: No such file"},
        {"a CRL file without list", [](auto& o) { o.crl_file(certificate("ca.pem")); }, errc::tls_bad_revocations, "ca.pem: holds no list of revoked certificates"},
        {"a certificate that is not there", [](auto& o) { o.certificate_file("/nonexistent"); }, errc::tls_bad_certificate, "/nonexistent: No such file"},
        {"an empty certificate", [](auto& o) { o.certificate_file(certificate("empty.pem")); }, errc::tls_bad_certificate, "holds no certificate"},
        {"a key that is not there", [](auto& o) { o.key_file("/nonexistent"); }, errc::tls_bad_key, "/nonexistent: No such file"},
        {"an empty key", [](auto& o) { o.key_file(certificate("empty.pem")); }, errc::tls_bad_key, "empty.pem: holds no key in PEM form"},
        {"somebody else's key", [](auto& o) { o.key_file(certificate("ca.key")); }, errc::tls_bad_key, "ca.key: the key does not belong to the certificate"},
        {"no key at all", [](auto& o) { o.key_file(""); }, errc::tls_bad_key, "holds no key"},
        {"a key without certificate", [](auto& o) { o.certificate_file("").psk("a", "b"); }, errc::tls_bad_certificate, "no certificate that it belongs to"},
        {"certificate as file and text", [](auto& o) { o.certificate_text("x"); }, errc::tls_bad_option, "as a file and as a text"},
        {"versions upside down", [](auto& o) { o.versions(tls_version::v1_3, tls_version::v1_2); }, errc::tls_bad_option, "lowest TLS version"},
        {"unknown ciphers", [](auto& o) { o.ciphers("NONE-SUCH"); }, errc::tls_bad_option, "\"NONE-SUCH\""},
        {"unknown suites", [](auto& o) { o.suites("NONE-SUCH"); }, errc::tls_bad_option, "\"NONE-SUCH\""},
        {"an empty protocol name", [](auto& o) { o.alpn({"mqtt", ""}); }, errc::tls_bad_option, "ALPN"},
        {"a protocol name that is too long", [](auto& o) { o.alpn({std::string(256, 'a')}); }, errc::tls_bad_option, "ALPN"},
        {"an identity without key", [](auto& o) { o.psk("a", ""); }, errc::tls_bad_option, "pre-shared key"},
        {"an identity that is too long", [](auto& o) { o.psk(std::string(257, 'a'), "b"); }, errc::tls_bad_option, "pre-shared key"},
        {"a key that is too long", [](auto& o) { o.psk("a", std::string(513, 'b')); }, errc::tls_bad_option, "pre-shared key"},
        {"a key log in no folder", [](auto& o) { o.key_log_file("/nonexistent/keys"); }, errc::tls_bad_key_log, "/nonexistent/keys: No such file"},
        {"a key log that is a device", [](auto& o) { o.key_log_file("/dev/null"); }, errc::tls_bad_key_log, "/dev/null: not a regular file"},
        {"an encrypted key and nobody to ask", [](auto& o) { o.certificate_file(certificate("client.pem")).key_file(certificate("client_encrypted.key")); },
         errc::tls_key_password_wrong, "client_encrypted.key: the key is encrypted and there is nobody to ask"},
    };
    return cases;
}

tls_options with_encrypted_key(tls_options::password_callback ask) {
    return client_with("client").key_file(certificate("client_encrypted.key")).key_password(std::move(ask));
}

std::string the_password() {
    auto text = certificate_text("client_encrypted.password");
    text.pop_back();
    return text;
}

void require_client(tls_pair& pair) { pair.server.client_certificate(tls_client_certificate::required).ca_file(certificate("ca.pem")); }

} // namespace

TEST_CASE("what is wrong with options is an error at every attempt to connect, never a connection", "[transport][tls][options]") {
    tls_pair pair;
    pair.client = client_with("client");
    for (auto const& each : bad_cases()) {
        CAPTURE(each.what);
        auto spoilt = pair.client;
        each.spoil(spoilt);
        for (int attempt = 0; attempt < 2; ++attempt) {
            diary          heard;
            stream_outcome connected;
            auto [left, right] = make_memory_pair(pair.ex());
            start_tls_connect(std::move(left), pair.where, spoilt, heard.observer(), connected.handler());
            CHECK_FALSE(connected.is_done());
            pair.run(connected);
            CHECK(connected.ec() == each.verdict);
            CHECK(connected.value() == nullptr);
            CHECK(heard.count(note::level::failure) == 1);
            INFO(heard.failure());
            CHECK(heard.failure().find(each.cause) != std::string::npos);
            CHECK(pair.next_read_error(*right) == asio::error::eof); // not one byte was sent
        }
    }
}

TEST_CASE("what is wrong with a listener's options is told when it opens", "[transport][tls][options]") {
    auto const  good = server_with("server").ca_file(certificate("ca.pem"));
    std::string story;
    CHECK_FALSE(check_tls_listener(good, story));
    for (auto const& each : bad_cases()) {
        CAPTURE(each.what);
        auto spoilt = good;
        each.spoil(spoilt);
        for (int attempt = 0; attempt < 2; ++attempt) {
            CHECK(check_tls_listener(spoilt, story) == each.verdict);
            CAPTURE(story);
            CHECK(story.find(each.cause) != std::string::npos);
        }
    }
    CHECK(check_tls_listener(tls_options(), story) == errc::tls_bad_option);
    CHECK(story.find("needs a certificate") != std::string::npos);
    CHECK(check_tls_listener(server_with("server").client_certificate(tls_client_certificate::required), story) == errc::tls_bad_option);
    CHECK(story.find("name their issuers with ca_file") != std::string::npos);
    CHECK_FALSE(check_tls_listener(tls_options().psk("a", "b"), story));
    CHECK(story.empty());
}

TEST_CASE("a file that was mended is read at the next attempt", "[transport][tls][options]") {
    folder_of_files const at;
    tls_pair              pair;
    pair.client.ca_file(at("ca.pem"));

    pair.start();
    pair.run(pair.connected);
    CHECK(pair.connected.ec() == errc::tls_bad_issuers);
    std::filesystem::copy_file(certificate("ca.pem"), at("ca.pem"));
    pair.join();

    // What was read is kept, until it is asked for anew.
    std::filesystem::remove(at("ca.pem"));
    pair.join();
    pair.client.fresh();
    pair.start();
    pair.run(pair.connected);
    CHECK(pair.connected.ec() == errc::tls_bad_issuers);
}

TEST_CASE("a server shows the new certificate after fresh, and old connections go on", "[transport][tls][options]") {
    folder_of_files const at;
    std::filesystem::copy_file(certificate("expired.pem"), at("s.pem"));
    std::filesystem::copy_file(certificate("expired.key"), at("s.key"));
    tls_pair pair, later;
    pair.server = tls_options().certificate_file(at("s.pem")).key_file(at("s.key"));
    pair.client = tls_options().verification(tls_verification::insecure_accept_anyone);
    pair.join();

    std::filesystem::copy_file(certificate("server.pem"), at("s.pem"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(certificate("server.key"), at("s.key"), std::filesystem::copy_options::overwrite_existing);
    later.server = pair.server;
    later.shake();
    CHECK(later.connected.ec() == errc::tls_expired);
    later.server.fresh();
    later.join();
    pair.talk();
}

TEST_CASE("everything can be given as text", "[transport][tls][options]") {
    tls_pair pair;
    pair.client = tls_options().ca_text(certificate_text("other_ca.pem") + certificate_text("ca.pem")).certificate_text(certificate_text("client_chain.pem"))
                      .key_text(certificate_text("client_chain.key"));
    pair.server = tls_options().certificate_text(certificate_text("chain.pem")).key_text(certificate_text("chain.key")).ca_text(certificate_text("ca.pem"));
    pair.server.client_certificate(tls_client_certificate::required);

    pair.join();

    CHECK(pair.second->facts().tls->peer_common_name == "device-8");
}

TEST_CASE("a key may stand in the file of its certificate", "[transport][tls][options]") {
    folder_of_files const at;
    std::ofstream(at("both.pem")) << certificate_text("client.pem") << certificate_text("client.key");
    tls_pair pair;
    require_client(pair);
    pair.client.certificate_file(at("both.pem"));

    pair.join();

    CHECK(pair.second->facts().tls->peer_common_name == "device-7");
}

TEST_CASE("issuers are found in a folder by the hash of their names", "[transport][tls][options]") {
    folder_of_files const at;
    std::filesystem::copy_file(certificate("ca.pem"), at("ca.pem"));
    REQUIRE(std::system(("openssl rehash '" + at("") + "'").c_str()) == 0);
    tls_pair pair;
    pair.client = tls_options().ca_directory(at(""));

    pair.join();
    pair.server = server_with("other_server");
    pair.shake();

    CHECK(pair.connected.ec() == errc::tls_unknown_issuer);
}

TEST_CASE("the password of an encrypted key is asked for once", "[transport][tls][options]") {
    tls_pair pair;
    require_client(pair);
    std::vector<std::string> asked;
    pair.client = with_encrypted_key([&](std::string_view key) -> std::optional<std::string> {
        asked.emplace_back(key);
        return the_password();
    });

    pair.join();
    pair.join();

    CHECK(asked == std::vector<std::string>{certificate("client_encrypted.key")});
    CHECK(pair.second->facts().tls->peer_common_name == "device-7");

    asked.clear();
    pair.client.key_file("").key_text(certificate_text("client_encrypted.key"));
    pair.join();
    CHECK(asked == std::vector<std::string>{""});
}

TEST_CASE("a wrong password, or none, is an error each time", "[transport][tls][options]") {
    tls_pair   pair;
    auto const answer = GENERATE(as<std::optional<std::string>>{}, std::nullopt, "wrong", "", std::string(5000, 'x'));
    int        asked = 0;
    pair.client = with_encrypted_key([&](std::string_view) { return ++asked, answer; });

    for (int attempt = 1; attempt <= 2; ++attempt) {
        pair.start();
        pair.run(pair.connected);
        CHECK(pair.connected.ec() == errc::tls_key_password_wrong);
        CHECK(pair.client_diary.failure().find("client_encrypted.key: the password of the key is missing or wrong") != std::string::npos);
        CHECK(asked == attempt);
        pair.run(pair.accepted);
    }
}

TEST_CASE("the secrets of connections are appended to the key log, which is the owner's alone", "[transport][tls][options]") {
    folder_of_files const at;
    tls_pair              pair;
    pair.client.key_log_file(at("keys"));
    pair.server.key_log_file(at("server_keys"));

    pair.join();
    auto const once = read_all(at("keys"));
    CHECK(once.find("CLIENT_TRAFFIC_SECRET_0 ") != std::string::npos);
    CHECK(once.ends_with('\n'));
    struct stat info {};
    REQUIRE(stat(at("keys").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK_FALSE(read_all(at("server_keys")).empty());

    pair.client.fresh();
    pair.join();
    auto const twice = read_all(at("keys"));
    CHECK(twice.starts_with(once));
    CHECK(twice.size() > once.size());
}

TEST_CASE("a key log is not written through a symbolic link", "[transport][tls][options]") {
    folder_of_files const at;
    std::filesystem::create_symlink(at("target"), at("keys"));
    tls_pair pair;
    pair.client.key_log_file(at("keys"));

    pair.start();
    pair.run(pair.connected);

    CHECK(pair.connected.ec() == errc::tls_bad_key_log);
    CHECK_FALSE(std::filesystem::exists(at("target")));
}

TEST_CASE("the native context can be adjusted, once for each that is made", "[transport][tls][options]") {
    tls_pair pair;
    int      calls = 0;
    pair.client.native([&](ssl_ctx_st* context) { calls += context != nullptr ? 1 : 100; });

    pair.join();
    pair.join();
    CHECK(calls == 1);
    pair.client.fresh();
    pair.join();
    CHECK(calls == 2);
}

TEST_CASE("one set of options serves as client and as server, from copies and after a move", "[transport][tls][options]") {
    tls_pair pair;
    auto     both = server_with("server").ca_file(certificate("ca.pem"));
    pair.client = both;
    pair.server = both;
    pair.join();

    auto const taken = std::move(both);
    both = tls_options();
    pair.client = taken;
    pair.join();
}
