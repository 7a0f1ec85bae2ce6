// Proxies made by hand at the other end of a wire in memory: SOCKS5, HTTP CONNECT, and the URIs that name them.
#include <functional>

#include "proxy_parse.hpp"
#include "web.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

using kind = proxy_options::kind;

// A client of a proxy at the left, the proxy's script at the right.
struct proxy_loop : web_loop {
    using web_loop::web_loop;

    stream_outcome ask(proxy_options const& options, std::string const& host = "broker.example", std::uint16_t port = 1883) {
        stream_outcome done;
        start_proxy_connect(std::move(left), options, host, port, notes.pen(), done.handler());
        return done;
    }

    // The proxy hears `expected` and answers, in turns; then the outcome.
    error_code play(proxy_options const& options, std::vector<std::pair<std::string, std::string>> const& turns, std::string const& host = "broker.example") {
        auto const done = ask(options, host);
        for (auto const& [expected, answer] : turns) {
            CHECK(read(*right, expected.size()) == expected);
            CHECK_FALSE(write(*right, answer));
        }
        run(done);
        if (!done.ec()) left = std::move(done.value());
        else CHECK(done.value() == nullptr);
        return done.ec();
    }
};

proxy_options const plain_socks(kind::socks5, "proxy", 1080);
proxy_options const plain_http(kind::http, "proxy", 8080);

std::string const greeting = "\x05\x01\x00"s;
std::string const socks_request = "\x05\x01\x00\x03\x0E"s "broker.example\x07\x5B"s;
std::string const socks_success = "\x05\x00\x00\x01\x0A\x00\x00\x01\x1F\x90"s;
std::string const connect_request = "CONNECT broker.example:1883 HTTP/1.1\r\nHost: broker.example:1883\r\nUser-Agent: aldis\r\n\r\n";

memory_options split_everywhere() { return memory_options{}.both(memory_direction{}.split(1)); }

} // namespace

TEST_CASE("SOCKS5 connects to a name that the proxy resolves", "[transport][proxy]") {
    proxy_loop proxy(GENERATE(as<memory_options>{}, memory_options{}, split_everywhere()));

    CHECK_FALSE(proxy.play(plain_socks, {{greeting, "\x05\x00"s}, {socks_request, socks_success + "surplus"}}));
    CHECK(proxy.read(*proxy.left, 7) == "surplus");
    CHECK_FALSE(proxy.write(*proxy.left, "hello"));
    CHECK(proxy.read(*proxy.right, 5) == "hello");
    CHECK(proxy.left->facts().remote == "broker.example:1883");
    CHECK(proxy.left->remote_name() == "broker.example:1883");
    CHECK(proxy.left->facts().via == "memory:second");
}

TEST_CASE("SOCKS5 sends addresses as addresses", "[transport][proxy]") {
    CHECK(make_socks_request("192.0.2.1", 1883) == "\x05\x01\x00\x01\xC0\x00\x02\x01\x07\x5B"s);
    CHECK(make_socks_request("2001:db8::1", 8883) == "\x05\x01\x00\x04\x20\x01\x0D\xB8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x22\xB3"s);
    CHECK(make_socks_request("a.b", 1) == "\x05\x01\x00\x03\x03"s "a.b\x00\x01"s);
}

TEST_CASE("SOCKS5 logs in with user name and password where the proxy asks", "[transport][proxy]") {
    auto const login = proxy_options(plain_socks).credentials("user", "secret");
    auto const offered = "\x05\x02\x00\x02"s, said = "\x01\x04user\x06secret"s;

    CHECK_FALSE(proxy_loop(split_everywhere()).play(login, {{offered, "\x05\x02"s}, {said, "\x01\x00"s}, {socks_request, socks_success}}));
    CHECK_FALSE(proxy_loop().play(login, {{offered, "\x05\x00"s}, {socks_request, socks_success}}));
    CHECK(proxy_loop().play(login, {{offered, "\x05\x02"s}, {said, "\x01\x01"s}}) == errc::proxy_unauthorized);
    CHECK(proxy_loop().play(login, {{offered, "\x05\xFF"s}}) == errc::proxy_unauthorized);
    CHECK(proxy_loop().play(login, {{offered, "\x05\x02"s}, {said, "\x05\x00"s}}) == errc::proxy_bad_answer);
    CHECK(proxy_loop().play(plain_socks, {{greeting, "\x05\xFF"s}}) == errc::proxy_unauthorized);
    CHECK(proxy_loop().play(plain_socks, {{greeting, "\x05\x02"s}}) == errc::proxy_bad_answer);
}

TEST_CASE("each refusal of a SOCKS5 proxy is told in words", "[transport][proxy]") {
    auto const code = GENERATE(range(1, 12));
    proxy_loop proxy;

    auto refusal = socks_success;
    refusal[1] = static_cast<char>(code);
    CHECK(proxy.play(plain_socks, {{greeting, "\x05\x00"s}, {socks_request, refusal}}) == errc::proxy_refused);
    CHECK(proxy.notes.failure().starts_with("the proxy did not connect to broker.example:1883: "));
    if (code == 5) CHECK(proxy.notes.failure().ends_with("the host refused the connection"));
}

TEST_CASE("a SOCKS5 answer of every address type ends where it ends", "[transport][proxy]") {
    auto const head = GENERATE(as<std::string>{}, "\x05\x00\x00\x01\x01\x02\x03\x04"s, "\x05\x00\x00\x04"s + std::string(16, '\x01'), "\x05\x00\x00\x03\x02hi"s,
                               "\x05\x00\x00\x03\x00"s);
    auto const whole = head + "\x07\x5B";

    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto const part = parse_socks_reply(whole.substr(0, size));
        CHECK(part.is == progress::state::more);
        CHECK(part.size > size);
        CHECK(part.size <= whole.size());
    }
    CHECK(parse_socks_reply(whole + "more").is == progress::state::whole);
    CHECK(parse_socks_reply(whole + "more").size == whole.size());
}

TEST_CASE("what is no SOCKS5 is no proxy", "[transport][proxy]") {
    CHECK(proxy_loop().play(plain_socks, {{greeting, "HTTP/1.1 400 Bad Request\r\n"}}) == errc::proxy_bad_answer);
    CHECK(proxy_loop().play(plain_socks, {{greeting, "\x04\x00"s}}) == errc::proxy_bad_answer);
    CHECK(proxy_loop().play(plain_socks, {{greeting, "\x05\x00"s}, {socks_request, "\x04\x5A\x00\x01\x00"s}}) == errc::proxy_bad_answer);
    CHECK(proxy_loop().play(plain_socks, {{greeting, "\x05\x00"s}, {socks_request, "\x05\x00\x00\x02\x00"s}}) == errc::proxy_bad_answer);
}

TEST_CASE("what a proxy cannot be told is refused before it is asked", "[transport][proxy]") {
    CHECK(proxy_loop().play(proxy_options(plain_socks).credentials(std::string(256, 'u'), "p"), {}) == errc::proxy_bad_option);
    CHECK(proxy_loop().play(proxy_options(plain_socks).credentials("u", ""), {}) == errc::proxy_bad_option);
    CHECK(proxy_loop().play(proxy_options(plain_http).credentials("a:b", "p"), {}) == errc::proxy_bad_option);
    CHECK(proxy_loop().play(proxy_options(plain_http).credentials("a", "p\r\nX: y"), {}) == errc::proxy_bad_option);
    for (auto const& host : {"a b"s, "a\r\nX: y"s, ""s, std::string(256, 'a')}) {
        CHECK(proxy_loop().play(plain_socks, {}, host) == errc::proxy_bad_option);
        CHECK(proxy_loop().play(plain_http, {}, host) == errc::proxy_bad_option);
    }
}

TEST_CASE("HTTP CONNECT takes every 2xx and what follows the head stays in the stream", "[transport][proxy]") {
    auto const answer = GENERATE(as<std::string>{}, "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", "HTTP/1.1 299\r\n\r\n",
                                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\n\n");
    auto const wire = GENERATE(as<memory_options>{}, memory_options{}, split_everywhere());
    proxy_loop proxy(wire);

    CHECK_FALSE(proxy.play(plain_http, {{connect_request, answer + "surplus"}}));
    CHECK(proxy.read(*proxy.left, 7) == "surplus");
    wait_outcome readable;
    proxy.left->async_wait_readable(readable.handler());
    proxy.settle();
    CHECK_FALSE(readable.is_done());
    CHECK_FALSE(proxy.write(*proxy.right, "more"));
    proxy.run(readable);
    CHECK(proxy.read(*proxy.left, 4) == "more");
}

TEST_CASE("HTTP CONNECT authenticates and names IPv6 addresses in brackets", "[transport][proxy]") {
    CHECK(make_connect_request("::1", 1883, connect_login{"Aladdin", "open sesame"}) ==
          "CONNECT [::1]:1883 HTTP/1.1\r\nHost: [::1]:1883\r\nUser-Agent: aldis\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("\xFF\xFE\xFD\xFC") == "//79/A==");
}

TEST_CASE("refusals of an HTTP proxy are told apart", "[transport][proxy]") {
    proxy_loop wants_login, refuses;

    CHECK(wants_login.play(plain_http, {{connect_request, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"}}) == errc::proxy_unauthorized);
    CHECK(refuses.play(plain_http, {{connect_request, "HTTP/1.1 403 Go \x1B[31maway\r\n\r\n"}}) == errc::proxy_bad_answer);
    CHECK(proxy_loop().play(plain_http, {{connect_request, "HTTP/1.1 502 Bad Gateway\r\n\r\n"}}) == errc::proxy_refused);
    CHECK(wants_login.notes.failure() == "the proxy answered 407 Proxy Authentication Required when asked for broker.example:1883");
}

TEST_CASE("an HTTP proxy that talks nonsense or without end is given up", "[transport][proxy]") {
    for (auto const& answer : {"\x05\x00"s, "HTTP/2 200 OK\r\n\r\n"s, "HTTP/1.1 20x OK\r\n\r\n"s, "HTTP/1.1 200 OK\r\nno field\r\n\r\n"s,
                               "HTTP/1.1 101 Switching Protocols\r\n\r\n"s, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"s,
                               "HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'x')})
        CHECK(proxy_loop().play(plain_http, {{connect_request, answer}}) == errc::proxy_bad_answer);
    std::string endless;
    while (endless.size() < 17'000) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(proxy_loop().play(plain_http, {{connect_request, endless}}) == errc::proxy_bad_answer);
}

TEST_CASE("a proxy that leaves in the middle of its answer is an end of file wherever it is", "[transport][proxy]") {
    auto const whole = "\x05\x00"s + socks_success;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        proxy_loop proxy;
        auto const done = proxy.ask(plain_socks);
        CHECK_FALSE(proxy.write(*proxy.right, whole.substr(0, size)));
        wait_outcome ended;
        proxy.right->async_shutdown(ended.handler());
        proxy.run(done);
        CHECK(done.ec() == asio::error::eof);
    }
}

TEST_CASE("asking a proxy can be given up at any time", "[transport][proxy]") {
    auto const options = GENERATE(as<proxy_options>{}, plain_socks, plain_http);
    for (int turns = 0; turns < 4; ++turns) {
        proxy_loop                proxy;
        asio::cancellation_signal stop;
        stream_outcome            done;
        start_proxy_connect(std::move(proxy.left), options, "broker.example", 1883, {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
        for (int i = 0; i < turns; ++i) proxy.io.poll_one();
        CHECK_FALSE(done.is_done());
        stop.emit(asio::cancellation_type::terminal);
        proxy.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        CHECK(done.calls() == 1);
        CHECK(proxy.notes.failure().empty());
    }
}

TEST_CASE("a proxy is named by a URI", "[transport][proxy][uri]") {
    auto const full = parse_proxy("socks5h://us%40er:p%3Aw@[::1]:9050").value();
    CHECK(full.how() == kind::socks5);
    CHECK(full.host() == "::1");
    CHECK(full.port() == 9050);
    CHECK(full.user_name() == "us@er");
    CHECK(full.password() == "p:w");
    CHECK(to_string(full) == "socks5h://us%40er@[::1]:9050");
    CHECK(parse_proxy("SOCKS5://proxy").value().port() == 1080);
    CHECK(parse_proxy("http://proxy/").value().port() == 8080);
    CHECK(parse_proxy("http://proxy").value().how() == kind::http);
    CHECK_FALSE(parse_proxy("http://proxy").value().user_name());
    CHECK(to_string(parse_proxy("http://proxy:3128").value()) == "http://proxy:3128");
}

TEST_CASE("a bad proxy URI is refused with the offending part unless that may hold a password", "[transport][proxy][uri]") {
    auto const why = [](std::string_view uri) { return parse_proxy(uri).error(); };
    CHECK(why("proxy:1080").code() == errc::proxy_scheme_unknown);
    CHECK(why("https://proxy").message() == "the scheme of a proxy is none of socks5h socks5 http: 'https'");
    CHECK(why("user:secret@proxy").part().empty());
    CHECK(why("http://proxy:70000").code() == errc::uri_port_bad);
    CHECK(why("http://proxy:0").code() == errc::uri_port_bad);
    CHECK(why("http://pro xy").code() == errc::uri_host_bad);
    CHECK(why("http://*").code() == errc::uri_host_bad);
    CHECK(why("http://").code() == errc::uri_host_bad);
    CHECK(why("http://::1").code() == errc::uri_host_bad);
    CHECK(why("http://proxy/path").part() == "/path");
    CHECK(why("http://proxy?q").code() == errc::uri_path_bad);
    CHECK(why("http://us er@proxy").code() == errc::uri_user_bad);
    CHECK(why("http://user:pa/ss@proxy").part().empty());
    CHECK(why("http://" + std::string(9000, 'a')).code() == errc::uri_too_long);
}
