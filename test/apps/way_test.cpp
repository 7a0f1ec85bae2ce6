// From a command line to the address of the broker and what lies between: TLS, WebSocket, proxies, SRV records.
#include <support/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <cli/way.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;
using transport::scheme;

namespace {

// A publisher's line with topic and message, so that only the options at hand differ.
options way(std::vector<std::string> words) {
    words.insert(words.end(), {"-t", "a", "-n"});
    return pub(words);
}
std::string way_error(std::vector<std::string> words) {
    return error_of([&] { way(words); });
}
transport::endpoint place(std::vector<std::string> words) { return endpoint_of(way(std::move(words)).connection); }
transport::connect_options told(std::vector<std::string> words) { return way_of(way(std::move(words)).connection); }

class scratch_file {
public:
    explicit scratch_file(std::string_view text) : path_(std::filesystem::temp_directory_path() / ("aldis_way_" + std::to_string(::getpid()))) {
        std::ofstream{path_} << text;
    }
    ~scratch_file() { std::filesystem::remove(path_); }
    scratch_file(scratch_file const&) = delete;
    scratch_file& operator=(scratch_file const&) = delete;

    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

class without_key_log {
public:
    without_key_log() { if (auto const* value = std::getenv("SSLKEYLOGFILE")) before_ = value; ::unsetenv("SSLKEYLOGFILE"); }
    ~without_key_log() { if (before_) ::setenv("SSLKEYLOGFILE", before_->c_str(), 1); else ::unsetenv("SSLKEYLOGFILE"); }
    without_key_log(without_key_log const&) = delete;
    without_key_log& operator=(without_key_log const&) = delete;

private:
    std::optional<std::string> before_{};
};

} // namespace

TEST_CASE("the port is the one of the transport unless it is given", "[apps][options][tls]") {
    struct row { std::vector<std::string> words; scheme via; std::uint16_t port; };
    for (auto const& [words, via, port] : std::vector<row>{
             {{}, scheme::tcp, 1883},
             {{"--cafile", "x"}, scheme::tls, 8883},
             {{"--capath", "x"}, scheme::tls, 8883},
             {{"--tls-use-os-certs"}, scheme::tls, 8883},
             {{"--psk", "00", "--psk-identity", "me"}, scheme::tls, 8883},
             {{"--tls-accept-any-certificate"}, scheme::tls, 8883},
             {{"--cafile", "x", "-p", "1883"}, scheme::tls, 1883},
             {{"-p", "8883"}, scheme::tls, 8883},
             {{"-p", "8883", "-L", "mqtt://h/t"}, scheme::tcp, 1883},
             {{"--ws"}, scheme::ws, 80},
             {{"--ws", "--cafile", "x"}, scheme::wss, 443},
             {{"-L", "mqtt://h/t"}, scheme::tcp, 1883},
             {{"-L", "tcp://h/t"}, scheme::tcp, 1883},
             {{"-L", "mqtt://h/t", "--cafile", "x"}, scheme::tls, 1883},
             {{"-L", "mqtt://h:8883/t"}, scheme::tls, 8883},
             {{"-L", "mqtts://h/t"}, scheme::tls, 8883},
             {{"-L", "ssl://h/t"}, scheme::tls, 8883},
             {{"-L", "TLS://h/t", "-p", "9"}, scheme::tls, 9},
             {{"-L", "ws://h/t"}, scheme::ws, 80},
             {{"-L", "ws://h/t", "--cafile", "x"}, scheme::wss, 80},
             {{"-L", "wss://h/t"}, scheme::wss, 443},
             {{"-L", "wss://h:9/t", "-L", "mqtt://h/t"}, scheme::tcp, 1883},
             {{"--unix", "/s"}, scheme::local, 0},
             {{"--unix", "/s", "-p", "8883"}, scheme::local, 0},
             {{"-L", "unix:///run/a%20b"}, scheme::local, 0},
             {{"--unix", "/s", "-L", "mqtts://h/t"}, scheme::tls, 8883},
         }) {
        auto const where = place(words);
        INFO(transport::to_string(where));
        CHECK(where.via() == via);
        CHECK(where.port() == port);
    }
    CHECK(place({"-L", "unix:///run/a%20b"}).path() == "/run/a b");
}

TEST_CASE("the topic of a WebSocket URL is its path and the path an option", "[apps][options][websocket]") {
    auto const given = sub({"-L", "wss://u:p@h:99/a/%31/#", "--ws-path", "/x/%20?token=1", "--ws-header", "Authorization: Bearer  a:b ", "--ws-header", "X-Y:"});
    auto const where = endpoint_of(given.connection);
    CHECK(given.topics == std::vector<std::string>{"a/%31/#"});
    CHECK(given.connection.user_name == "u");
    CHECK(where.target() == "/x/%20?token=1");
    CHECK(place({"--ws"}).target() == "/mqtt");
    auto const headers = way_of(given.connection).websocket().headers();
    REQUIRE(headers.size() == 2);
    CHECK(headers[0] == std::pair<std::string, std::string>{"Authorization", "Bearer  a:b"});
    CHECK(headers[1] == std::pair<std::string, std::string>{"X-Y", ""});
}

TEST_CASE("certificates are checked unless an option says how far not", "[apps][options][tls]") {
    using transport::tls_verification;
    CHECK(told({"--tls-use-os-certs"}).tls().verification() == tls_verification::peer_and_host);
    CHECK(told({"--tls-use-os-certs", "--insecure"}).tls().verification() == tls_verification::peer_of_any_name);
    CHECK(told({"--tls-accept-any-certificate"}).tls().verification() == tls_verification::insecure_accept_anyone);
    CHECK(told({"--tls-accept-any-certificate", "--insecure"}).tls().verification() == tls_verification::insecure_accept_anyone);
}

TEST_CASE("the issuers of a file are the only ones unless those of the system are asked for too", "[apps][options][tls]") {
    scratch_file const file{"anything"};
    auto const only = told({"--cafile", file.path()}).tls();
    CHECK(only.ca_file() == file.path());
    CHECK_FALSE(only.system_store().has_value());
    CHECK_FALSE(told({"--cafile", file.path(), "-L", "mqtts://h/t"}).tls().system_store().has_value());
    CHECK(told({"--cafile", file.path(), "--tls-use-os-certs"}).tls().system_store() == true);
}

TEST_CASE("options of TLS reach the transport", "[apps][options][tls]") {
    using transport::tls_version;
    scratch_file const file{"anything"};
    auto const         tls = told({"--cafile", file.path(), "--cert", file.path(), "--key", file.path(), "--keyform", "pem", "--crlfile", file.path(),
                                   "--ciphers", "ECDHE+AESGCM:TLS_AES_128_GCM_SHA256:!aNULL", "--tls-version", "tlsv1.3", "--tls-alpn", "x-amzn-mqtt-ca",
                                   "--tls-keylog", "log"}).tls();
    CHECK(tls.certificate_file() == file.path());
    CHECK(tls.key_file() == file.path());
    CHECK(tls.crl_file() == file.path());
    CHECK(tls.ciphers() == "ECDHE+AESGCM:!aNULL");
    CHECK(tls.suites() == "TLS_AES_128_GCM_SHA256");
    CHECK(tls.lowest() == tls_version::v1_3);
    CHECK(tls.alpn() == std::vector<std::string>{"x-amzn-mqtt-ca"});
    CHECK(tls.key_log_file() == "log");

    auto const plain = told({"--cafile", file.path(), "--tls-version", "tlsv1.2"}).tls();
    CHECK(plain.lowest() == tls_version::v1_2);
    CHECK(plain.highest() == tls_version::v1_3);
    CHECK_FALSE(plain.alpn().has_value());
}

TEST_CASE("a pre-shared key is read as a number in hexadecimal", "[apps][options][tls]") {
    auto const key = [](std::string const& digits) { return told({"--psk", digits, "--psk-identity", "me"}).tls().psk_key(); };
    CHECK(key("00ff") == std::string("\x00\xff", 2));
    CHECK(key("DEADbeef") == "\xde\xad\xbe\xef");
    CHECK(key("123") == "\x01\x23");
    CHECK(key("a") == "\x0a");
    CHECK(told({"--psk", "00", "--psk-identity", "me"}).tls().psk_identity() == "me");
}

TEST_CASE("mistakes about the way to the broker are one line with advice", "[apps][options]") {
    struct row { std::vector<std::string> words; std::string begins; };
    for (auto const& [words, begins] : std::vector<row>{
             {{"--cert", "x"}, "Both certfile and keyfile must be provided if one of them is set"},
             {{"--key", "x"}, "Both certfile and keyfile must be provided if one of them is set"},
             {{"--cafile", "x", "--psk", "00", "--psk-identity", "y"}, "Only one of --psk or --cafile/--capath may be used at once."},
             {{"--psk", "00"}, "--psk-identity required if --psk used."},
             {{"--psk-identity", "x"}, "--psk required if --psk-identity used."},
             {{"--psk", "xy", "--psk-identity", "x"}, "Problem setting TLS-PSK options"},
             {{"--psk", "0x12", "--psk-identity", "x"}, "Problem setting TLS-PSK options"},
             {{"--psk", ""}, "Problem setting TLS-PSK options"},
             {{"--keyform", "pem"}, "If keyform is set, keyfile must be also specified"},
             {{"--keyform", "foo"}, "Problem setting key form, it must be one of 'pem' or 'engine', of which only"},
             {{"--keyform", "engine"}, "Problem setting key form, it must be one of 'pem' or 'engine', of which only"},
             {{"--tls-engine", "tpm"}, "Problem setting TLS engine, is tpm a valid engine? OpenSSL engines are not supported"},
             {{"--tls-engine-kpass-sha1", "00"}, "--tls-engine-kpass-sha1 cannot be used"},
             {{"--tls-version", "tlsv1.1"}, "Problem setting TLS options, tlsv1.1 is not safe"},
             {{"--tls-version", "tlsv1"}, "Problem setting TLS options, tlsv1 is not safe"},
             {{"--tls-version", "foo"}, "Problem setting TLS options, check the options are valid"},
             {{"--ciphers", ":"}, "Invalid --ciphers"},
             {{"--tls-alpn", ""}, "Invalid --tls-alpn"},
             {{"--tls-alpn", std::string(256, 'x')}, "Invalid --tls-alpn"},
             {{"--cafile", ""}, "Invalid --cafile ''"},
             {{"--unix", "/s", "--cafile", "x"}, "TLS cannot be used over a Unix domain socket"},
             {{"--unix", "/s", "--ws"}, "WebSocket cannot be used over a Unix domain socket"},
             {{"--unix", "/s", "--proxy", "socks5h://p"}, "--proxy cannot be used with a Unix domain socket"},
             {{"--ws-path", "mqtt"}, "Invalid --ws-path 'mqtt', it must begin with '/'"},
             {{"--ws-path", "/a b"}, "Invalid --ws-path: "},
             {{"--ws-path", "/a#b"}, "Invalid --ws-path: "},
             {{"--ws-path", "/a\r\nb: c"}, "Invalid --ws-path: "},
             {{"--ws-header", "novalue"}, "Invalid --ws-header"},
             {{"--ws-header", ": x"}, "Invalid --ws-header"},
             {{"--ws-header", "a b: x"}, "Invalid --ws-header"},
             {{"--ws-header", "a: x\r\nb: y"}, "Invalid --ws-header a, its value"},
             {{"--proxy", "foo"}, "Unsupported proxy protocol: foo"},
             {{"--proxy", "ftp://x"}, "Unsupported proxy protocol: ftp://x"},
             {{"--proxy", "ftp://u:secret@x"}, "Unsupported proxy protocol: ftp; "},
             {{"--proxy", "socks5h://"}, "Invalid proxy: "},
             {{"--proxy", "socks5h://h:99999"}, "Invalid proxy: "},
             {{"-S"}, "-S needs the domain"},
             {{"-S", "-h", "d", "--ws"}, "-S cannot be used with WebSocket"},
             {{"-S", "-h", "d", "--proxy", "http://p"}, "-S cannot be used with --proxy"},
             {{"--dns-servers", ","}, "Invalid --dns-servers"},
         }) {
        auto const text = way_error(words);
        INFO(begins);
        CHECK_THAT(text, Catch::Matchers::StartsWith(begins));
        CHECK(text.find('\n') == text.npos);
    }
}

TEST_CASE("an option of TLS without TLS is refused or warned of under an old name", "[apps][options][tls]") {
    for (auto const& words : std::vector<std::vector<std::string>>{
             {"--insecure"}, {"--cert", "x", "--key", "y"}, {"--tls-version", "tlsv1.2"}, {"--ciphers", "x"}, {"--tls-alpn", "mqtt"}, {"--crlfile", "x"}}) {
        INFO(words.front());
        auto const text = way_error(words);
        CHECK_THAT(text, Catch::Matchers::StartsWith(words.front() + " alone does not switch TLS on"));

        options given;
        given.stand_in = true;
        auto all = words;
        all.insert(all.end(), {"-t", "a", "-n"});
        apply_arguments(given, all);
        finish(given);
        REQUIRE(given.warnings.size() == 1);
        CHECK_THAT(given.warnings.front(), Catch::Matchers::StartsWith("Warning: The connection is not encrypted."));
        CHECK(scheme_of(given.connection) == scheme::tcp);
    }
}

TEST_CASE("a key log is asked for by option or environment and never silent", "[apps][options][tls]") {
    without_key_log const guard;
    CHECK(way({"--tls-use-os-certs"}).warnings.empty());
    ::setenv("SSLKEYLOGFILE", "from-environment", 1);
    auto const given = way({"--tls-use-os-certs"});
    CHECK(given.connection.tls.key_log == "from-environment");
    REQUIRE(given.warnings.size() == 1);
    CHECK(given.warnings.front().find("from-environment") != std::string::npos);
    CHECK(way({"--tls-use-os-certs", "--tls-keylog", "mine"}).connection.tls.key_log == "mine");
    CHECK(way({}).warnings.empty());
    ::setenv("SSLKEYLOGFILE", "", 1);
    CHECK(way({"--tls-use-os-certs"}).warnings.empty());
}

TEST_CASE("a proxy keeps its credentials and its kind", "[apps][options][proxy]") {
    auto const socks = told({"--proxy", "socks5h://us%40er:p%3Aw@proxy:99"}).proxy();
    REQUIRE(socks.has_value());
    CHECK(socks->how() == transport::proxy_options::kind::socks5);
    CHECK(socks->host() == "proxy");
    CHECK(socks->port() == 99);
    CHECK(socks->user_name() == "us@er");
    CHECK(socks->password() == "p:w");
    auto const http = told({"--proxy", "http://proxy"}).proxy();
    REQUIRE(http.has_value());
    CHECK(http->how() == transport::proxy_options::kind::http);
    CHECK(http->port() == 8080);
    CHECK_FALSE(told({}).proxy().has_value());
}

TEST_CASE("SRV look-up takes its domain and servers along", "[apps][options]") {
    auto const made = told({"-S", "-h", "example.org", "--dns-servers", "127.0.0.1:5353,,[::1]:53"});
    CHECK(made.service_lookup());
    CHECK(made.name_servers() == std::vector<std::string>{"127.0.0.1:5353", "[::1]:53"});
    CHECK_FALSE(told({"-h", "example.org"}).service_lookup());
}

TEST_CASE("a file that cannot be read is told of before anything is connected", "[apps][options][tls]") {
    auto const text = [](std::vector<std::string> words) -> std::string {
        try {
            told(std::move(words));
        } catch (start_error const& error) {
            return error.what();
        }
        return {};
    };
    using Catch::Matchers::StartsWith;
    CHECK_THAT(text({"--cafile", "/nonexistent/ca"}), StartsWith("Error: Problem setting TLS options: File not found: --cafile '/nonexistent/ca'"));
    CHECK_THAT(text({"--capath", "/nonexistent/ca"}), StartsWith("Error: Problem setting TLS options: File not found: --capath"));
    CHECK_THAT(text({"--tls-use-os-certs", "--crlfile", "/nonexistent"}), StartsWith("Error: Problem setting TLS options: File not found: --crlfile"));
    CHECK_THAT(text({"--tls-use-os-certs", "--cert", "/nonexistent", "--key", "x"}), StartsWith("Error: Problem setting TLS options: File not found: --cert"));
    scratch_file const file{"anything"};
    CHECK_THAT(text({"--tls-use-os-certs", "--cert", file.path(), "--key", "/nonexistent"}),
               StartsWith("Error: Problem setting TLS options: File not found: --key"));
}
