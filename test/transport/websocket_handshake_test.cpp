// The WebSocket handshake: which requests our server serves, which answers our client takes, and what both say otherwise.
#include "web.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

constexpr bool is_sanitized = ALDIS_SANITIZED;

std::string const with_mqtt = "Sec-WebSocket-Protocol: mqtt\r\n";

std::string get(std::string const& target, std::string const& lines) { return "GET " + target + " HTTP/1.1\r\n" + lines + "\r\n"; }

std::string replaced(std::string text, std::string const& what, std::string const& with) {
    text.replace(text.find(what), what.size(), with);
    return text;
}

struct bad_request {
    std::string request;
    int         status;
    errc        why;
};

// What the server says, to the end, and what its owner hears.
std::pair<std::string, error_code> ask(std::string const& request, websocket_options const& options = {}) {
    web_loop   web(memory_options{}.both(memory_direction{}.capacity(300'000)));
    auto const accepted = web.accept_right(options);
    CHECK_FALSE(web.write(*web.left, request));
    auto const said = web.read(*web.left, 100'000);
    web.left->close();
    web.run(accepted);
    CHECK(accepted.value() == nullptr);
    CHECK_FALSE(web.notes.failure().empty());
    return {said, accepted.ec()};
}

std::string answer_of(std::string const& status, std::string const& body = {}) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

TEST_CASE("a request for WebSocket is served however it is written", "[transport][websocket]") {
    auto const request = GENERATE(as<std::string>{}, web_request, get("/mqtt?token=1", web_request_lines + with_mqtt), get("http://broker.example/mqtt", web_request_lines + with_mqtt),
                                  get("/mqtt", web_request_lines + "sec-websocket-protocol: chat, mqtt\r\n"),
                                  get("/mqtt", web_request_lines + "Sec-WebSocket-Protocol: chat\r\nSEC-WEBSOCKET-PROTOCOL:  mqtt  \r\n"),
                                  replaced(web_request, "Connection: Upgrade", "connection: keep-alive, UPGRADE"), replaced(web_request, "websocket", "WebSocket"),
                                  get("/mqtt", web_request_lines + with_mqtt + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nOrigin: null\r\n"));
    web_loop web(memory_options{}.both(memory_direction{}.split(GENERATE(as<std::size_t>{}, 1, 4096))));

    web.open_server({}, request);
    CHECK(web.response.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(web.response.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
    CHECK(web.response.find("Sec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
    CHECK(web.response.find("Extensions") == std::string::npos);
    CHECK_FALSE(web.right->facts().websocket->is_compressed);
}

TEST_CASE("each reason not to serve a request has its status and its sentence", "[transport][websocket][MQTT-6.0.0-3]") {
    auto const each = GENERATE(values<bad_request>({
        {get("/other", web_request_lines + with_mqtt), 404, errc::web_not_found},
        {get("/mqtt/", web_request_lines + with_mqtt), 404, errc::web_not_found},
        {get("/MQTT", web_request_lines + with_mqtt), 404, errc::web_not_found},
        {get("/mqtt", web_request_lines), 400, errc::web_no_subprotocol},
        {get("/mqtt", web_request_lines + "Sec-WebSocket-Protocol: mqttv3.1\r\n"), 400, errc::web_no_subprotocol},
        {get("/mqtt", web_request_lines + "Sec-WebSocket-Protocol: \r\n"), 400, errc::web_no_subprotocol},
        {get("/mqtt", "Host: a\r\n"), 426, errc::web_bad_handshake},
        {get("/", "Host: a\r\nConnection: keep-alive\r\n"), 426, errc::web_bad_handshake},
        {replaced(web_request, "Upgrade: websocket", "Upgrade: h2c"), 426, errc::web_bad_handshake},
        {replaced(web_request, "Version: 13", "Version: 8"), 426, errc::web_bad_handshake},
        {replaced(web_request, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"), 400, errc::web_bad_handshake},
        {replaced(web_request, "dGhlIHNhbXBsZSBub25jZQ==", std::string(100, 'A')), 400, errc::web_bad_handshake},
        {replaced(web_request, "Host: broker.example:8080\r\n", ""), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "Host: other\r\n"), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "Content-Length: 4\r\n"), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "Transfer-Encoding: chunked\r\n"), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "Folded: a\r\n b\r\n"), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "Name : a\r\n"), 400, errc::web_bad_handshake},
        {get("/mqtt", web_request_lines + with_mqtt + "X: a\x01\r\n"), 400, errc::web_bad_handshake},
        {replaced(web_request, "GET", "POST"), 405, errc::web_bad_handshake},
        {replaced(web_request, "HTTP/1.1", "HTTP/1.0"), 505, errc::web_bad_handshake},
        {replaced(web_request, "HTTP/1.1", "HTTP/2"), 400, errc::web_bad_handshake},
        {"\x16\x03\x01\x02\x00\x01\n\n"s, 400, errc::web_bad_handshake},
    }));

    auto const [said, why] = ask(each.request);
    CHECK(said.starts_with("HTTP/1.1 " + std::to_string(each.status) + ' '));
    CHECK(said.find("\r\nContent-Type: text/plain") != std::string::npos);
    CHECK(said.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(said.ends_with(".\n"));
    CHECK(why == each.why);
    if (each.status == 426) CHECK(said.find("\r\nUpgrade: websocket\r\n") != std::string::npos);
}

TEST_CASE("a listener without a path serves requests for any", "[transport][websocket]") {
    auto const target = GENERATE(as<std::string>{}, "/", "/mqtt", "/a/b?c", "ws://broker.example");
    web_loop   web;
    auto const accepted = web.accept_right({}, web_endpoint().path(""));

    CHECK_FALSE(web.write(*web.left, get(target, web_request_lines + with_mqtt)));
    web.run(accepted);
    CHECK_FALSE(accepted.ec());
    CHECK(web.read_head(*web.left).starts_with("HTTP/1.1 101 "));
    CHECK(accepted.value()->facts().websocket->target == target);
}

TEST_CASE("web pages connect from allowed origins only and programs without one", "[transport][websocket]") {
    auto const options = websocket_options{}.allow_origin("https://good.example").allow_origin("http://localhost:3000");
    auto const from = [](std::string const& lines) { return get("/mqtt", web_request_lines + with_mqtt + lines); };

    for (auto const& fine : {""s, "Origin: https://good.example\r\n"s, "origin: HTTPS://Good.Example\r\n"s, "Origin: http://localhost:3000\r\n"s}) {
        web_loop web;
        web.open_server(options, from(fine));
        CHECK(web.right->facts().websocket->origin.size() == (fine.empty() ? 0 : fine.size() - 10));
    }
    for (auto const& evil : {"Origin: https://evil.example\r\n"s, "Origin: https://good.example.evil\r\n"s, "Origin: http://good.example\r\n"s, "Origin: null\r\n"s,
                             "Origin: \r\n"s, "Origin: https://good.example, https://evil.example\r\n"s,
                             "Origin: https://good.example\r\nOrigin: https://evil.example\r\n"s, "Origin: https://" + std::string(2000, 'a') + "\r\n"}) {
        auto const [said, why] = ask(from(evil), options);
        CHECK(said.starts_with("HTTP/1.1 403 "));
        CHECK(why == errc::web_bad_origin);
    }
    auto const [said, why] = ask(from("Origin: a\r\nOrigin: b\r\n"));
    CHECK(why == errc::web_bad_origin);
}

TEST_CASE("a request is as large as the limit allows and not one byte larger", "[transport][websocket]") {
    auto const padded = [](std::size_t size) {
        auto const bare = get("/mqtt", web_request_lines + with_mqtt + "X: \r\n");
        return get("/mqtt", web_request_lines + with_mqtt + "X: " + std::string(size - bare.size(), 'x') + "\r\n");
    };
    auto const options = websocket_options{}.max_header(1000);

    web_loop fits;
    fits.open_server(options, padded(1000));
    for (auto const& large : {padded(1001), padded(30'000), std::string(2000, 'x'), std::string(200'000, '\n')}) {
        auto const [said, why] = ask(large, options);
        CHECK(said.starts_with(large.front() == '\n' ? "HTTP/1.1 400 " : "HTTP/1.1 431 "));
        CHECK(why == errc::web_bad_handshake);
    }
}

TEST_CASE("bytes that a hasty client sends behind its request are read as frames", "[transport][websocket]") {
    web_loop web;
    web.open_server({}, web_request + frame{opcode::binary, "early"}.bytes());
    CHECK(web.read(*web.right, 5) == "early");
}

TEST_CASE("a client asks for path and query and subprotocol and what its program adds", "[transport][websocket][MQTT-6.0.0-3]") {
    web_loop   web;
    auto const options = websocket_options{}.add_header("Authorization", "Bearer x").add_header("X-Two", "1").add_header("X-Two", "2").add_header("Host", "other");
    auto const connected = web.connect_left(options, web_endpoint().path("/a/b").query("token=1"));
    web.answer_client([](std::string& head) { head.clear(); });

    CHECK(web.request.starts_with("GET /a/b?token=1 HTTP/1.1\r\n"));
    for (auto const& line : {"Host: other\r\n", "Sec-WebSocket-Protocol: mqtt\r\n", "Authorization: Bearer x\r\n", "X-Two: 1\r\n", "X-Two: 2\r\n", "User-Agent: aldis\r\n"})
        CHECK(web.request.find(line) != std::string::npos);
    CHECK(web.request.find("broker.example") == std::string::npos);
    CHECK(web.request.find("Extensions") == std::string::npos);
    web.right->close();
    web.run(connected);
    CHECK(connected.ec() == asio::error::eof);
}

TEST_CASE("the Host of a request has its port where that is not the default", "[transport][websocket]") {
    auto const host_for = [](endpoint const& where) {
        web_loop web;
        auto const connected = web.connect_left({}, where);
        auto const head = web.read_head(*web.right);
        auto const at = head.find("Host: ");
        return head.substr(at + 6, head.find("\r\n", at) - at - 6);
    };
    CHECK(host_for(endpoint(scheme::ws, "a")) == "a");
    CHECK(host_for(endpoint(scheme::wss, "a")) == "a");
    CHECK(host_for(endpoint(scheme::wss, "a", 80)) == "a:80");
    CHECK(host_for(endpoint(scheme::ws, "::1", 8080)) == "[::1]:8080");
    CHECK(host_for(endpoint(scheme::ws, "fe80::1%eth0")) == "[fe80::1]");
}

TEST_CASE("what cannot be sent in a request is refused before anything is", "[transport][websocket]") {
    auto const try_it = [](websocket_options const& options, endpoint const& where = web_endpoint()) {
        web_loop   web;
        auto const connected = web.connect_left(options, where);
        CHECK_FALSE(connected.is_done());
        web.run(connected);
        CHECK_FALSE(web.notes.failure().empty());
        CHECK(web.read(*web.right, 1).empty());
        return connected.ec();
    };
    for (auto const& name : {""s, "a b"s, "a:"s, "a\r\nb"s, "Upgrade"s, "connection"s, "Sec-WebSocket-Key"s, "sec-websocket-protocol"s, "Content-Length"s})
        CHECK(try_it(websocket_options{}.add_header(name, "x")) == errc::web_bad_option);
    for (auto const& value : {"a\r\nX: b"s, "a\nb"s, "a\0b"s, "\x7F"s}) CHECK(try_it(websocket_options{}.add_header("X", value)) == errc::web_bad_option);
    for (auto const& path : {"/a b"s, "/a\r\n"s, "/\xC3\xA4"s, "/a#b"s}) CHECK(try_it({}, web_endpoint().path(path)) == errc::web_bad_option);
    CHECK(try_it({}, web_endpoint().host("a\r\nb")) == errc::web_bad_option);
}

TEST_CASE("a server that does not switch protocols is quoted", "[transport][websocket]") {
    struct row {
        std::string answer, story;
    };
    auto const each = GENERATE(values<row>({
        {answer_of("404 Not Found"), "the server answered 404 Not Found at /mqtt: try another path"},
        {answer_of("401 Unauthorized", "who are\x1B you?\nmore"), "the server answered 401 Unauthorized at /mqtt and said \"who are\\x1b you?\""},
        {answer_of("200 OK", std::string(100'000, 'x')), "the server answered 200 OK at /mqtt and said \"" + std::string(120, 'x') + "...\": try another path"},
        {"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "the server answered 301 Moved at /mqtt: try another path"},
        {"HTTP/1.1 500 \x1B[31m\r\n\r\n", "the server answered 500 \\x1b[31m at /mqtt"},
    }));
    web_loop   web;
    auto const connected = web.connect_left({}, web_endpoint().query("token=secret"));
    web.read_head(*web.right);
    static_cast<void>(web.write(*web.right, each.answer));
    web.right->close();
    web.run(connected);

    CHECK(connected.ec() == errc::web_refused);
    CHECK(web.notes.failure() == each.story);
}

TEST_CASE("a client takes no server without the subprotocol mqtt", "[transport][websocket][MQTT-6.0.0-4]") {
    auto const with = GENERATE(as<std::string>{}, "", "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: mqtt, chat\r\n", with_mqtt + with_mqtt);
    web_loop   web;
    auto const connected = web.connect_left();
    web.answer_client([&](std::string& head) { head = replaced(head, with_mqtt, with); });
    web.run(connected);
    CHECK(connected.ec() == errc::web_no_subprotocol);
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
}

TEST_CASE("an answer that is no proper handshake is refused", "[transport][websocket]") {
    auto const change = GENERATE(as<std::function<void(std::string&)>>{}, [](std::string& head) { head = replaced(head, "Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"); },
                                 [](std::string& head) { head = replaced(head, "Upgrade: websocket", "Upgrade: other"); },
                                 [](std::string& head) { head = replaced(head, "Connection: ", "X: "); }, [](std::string& head) { head = replaced(head, "HTTP/1.1", "HTTP/1.0"); },
                                 [](std::string& head) { head = "SSH-2.0-OpenSSH_9.2p1\r\n" + head; },
                                 [](std::string& head) { head.insert(head.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n"); },
                                 [](std::string& head) { head.insert(head.size() - 2, "X: " + std::string(70'000, 'x') + "\r\n"); });
    web_loop   web(memory_options{}.both(memory_direction{}.capacity(200'000)));
    auto const connected = web.connect_left();
    web.answer_client(change);
    web.run(connected);
    CHECK(connected.ec() == errc::web_bad_handshake);
    CHECK_FALSE(web.notes.failure().empty());
}

TEST_CASE("an answer longer than the read buffer of Beast is still an answer", "[transport][websocket]") {
    web_loop web;
    web.open_client({}, "X: " + std::string(5000, 'x') + "\r\n");
    CHECK_FALSE(web.write(*web.right, frame{opcode::binary, "hello", true, false}.bytes()));
    CHECK(web.read(*web.left, 5) == "hello");
}

TEST_CASE("a handshake cut after any byte ends in an error for both sides", "[transport][websocket]") {
    for (std::size_t size = 0; size < 160; size += is_sanitized ? 7 : 1)
        for (bool const is_reset : {false, true}) {
            auto const cut = is_reset ? memory_direction{}.reset_after(size) : memory_direction{}.eof_after(size);
            web_loop   to_server(memory_options{}.first_to_second(cut)), to_client(memory_options{}.second_to_first(cut));
            for (auto* const web : {&to_server, &to_client}) {
                auto const connected = web->connect_left();
                auto const accepted = web->accept_right();
                web->run(web == &to_server ? accepted : connected);
                CHECK((web == &to_server ? accepted : connected).ec());
            }
        }
}

TEST_CASE("a handshake can be given up at any time", "[transport][websocket]") {
    bool const is_server = GENERATE(false, true);
    for (int turns = 0; turns < 5; ++turns) {
        web_loop                  web;
        asio::cancellation_signal stop;
        stream_outcome            done;
        auto const                handler = asio::bind_cancellation_slot(stop.slot(), done.handler());
        if (is_server) start_websocket_accept(std::move(web.right), web_endpoint(), {}, web.notes.pen(), handler);
        else start_websocket_connect(std::move(web.left), web_endpoint(), {}, web.notes.pen(), handler);
        for (int i = 0; i < turns; ++i) web.io.poll_one();
        stop.emit(asio::cancellation_type::total);
        web.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        CHECK(done.calls() == 1);
        CHECK(web.notes.failure().empty());
        web.settle();
        auto& other = is_server ? *web.left : *web.right;
        web.read(other, 100'000);
        CHECK(web.next_read_error(other) == asio::error::eof);
    }
}

TEST_CASE("a deadline in the middle of a refusal still tells what was refused", "[transport][websocket]") {
    web_loop                  web;
    asio::cancellation_signal stop;
    stream_outcome            done;
    start_websocket_connect(std::move(web.left), web_endpoint(), {}, web.notes.pen(), asio::bind_cancellation_slot(stop.slot(), done.handler()));
    web.read_head(*web.right);
    CHECK_FALSE(web.write(*web.right, "HTTP/1.1 403 Forbidden\r\n\r\nand so on"));
    web.settle();
    stop.emit(asio::cancellation_type::terminal);
    web.run(done);
    CHECK(done.ec() == asio::error::operation_aborted);
    CHECK(web.notes.failure() == "the server answered 403 Forbidden at /mqtt and said \"and so on\"");
}
