// Pages over HTTP: what is answered to requests of every kind, and what those who ask nothing cost.
#include <aldis/transport/http_pages.hpp>

#include <stdexcept>

#include "loop.hpp"

using namespace aldis::test;
using aldis::transport::http_page;
using aldis::transport::http_pages;
using aldis::transport::http_pages_options;
using namespace std::string_literals;

namespace {

struct visiting : loop {
    explicit visiting(http_pages_options const& options = {}) : pages(std::make_unique<http_pages>(ex(), [this](std::string_view path) { return find(path); }, options)) {
        REQUIRE_FALSE(pages->open(tcp_on_loopback()));
    }

    std::optional<http_page> find(std::string_view path) {
        asked.emplace_back(path);
        if (path == "/broken") throw std::runtime_error("no");
        if (path == "/end") pages.reset();
        if (path == "/large") return http_page(std::string(3'000'000, 'x'));
        if (path == "/a") return http_page("text of a\n").content_type("text/odd");
        return std::nullopt;
    }

    stream_ptr dial() {
        auto const done = connect(pages->local());
        run(done);
        REQUIRE_FALSE(done.ec());
        return std::move(done.value());
    }

    /// All that comes until the connection is closed.
    std::string ask(std::string_view request) {
        auto const over = dial();
        REQUIRE_FALSE(write(*over, request));
        return read(*over, 10'000'000);
    }

    bool is_down_to(std::size_t connections) {
        return run_until([&] { return pages->connections() == connections; });
    }

    std::vector<std::string>    asked{};
    std::unique_ptr<http_pages> pages;
};

std::string get(std::string const& target, std::string const& more = {}) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n"; }

bool answers(std::string const& said, int status) { return said.starts_with("HTTP/1.1 " + std::to_string(status) + ' '); }

} // namespace

TEST_CASE("a page is fetched with GET, and its head with HEAD", "[transport][pages]") {
    visiting v;

    auto const whole = v.ask(get("/a"));
    auto const head = v.ask("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(answers(whole, 200));
    CHECK(whole == head + "text of a\n");
    CHECK(whole.find("\r\nContent-Type: text/odd\r\n") != std::string::npos);
    CHECK(whole.find("\r\nContent-Length: 10\r\n") != std::string::npos);
    CHECK(whole.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(v.ask(get("/large")).size() > 3'000'000);
    CHECK(v.is_down_to(0));
}

TEST_CASE("requests are understood however they are written", "[transport][pages]") {
    auto const request = GENERATE(as<std::string>{}, "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\nHost:a\n\n", "GET http://elsewhere/a?b=/c HTTP/1.1\r\nHost: a\r\n\r\n",
                                  get("/a?b"), get("/a", "Content-Length: 0\r\nConnection: keep-alive\r\n"), get("/a", "X: " + std::string(7'000, 'x') + "\r\n"),
                                  get("/a") + get("/a"), get("/a") + std::string(20'000, 'x'));
    visiting v;

    auto const said = v.ask(request);
    CHECK(answers(said, 200));
    CHECK(said.ends_with("\r\n\r\ntext of a\n"));
    CHECK(v.asked == std::vector{"/a"s});
}

TEST_CASE("what is not served is refused with its status", "[transport][pages]") {
    struct refusal {
        std::string request;
        int         status;
    };
    auto const each = GENERATE(values<refusal>({
        {get("/b"), 404},
        {get("/"), 404},
        {get("/a/"), 404},
        {get("/%61"), 404},
        {get("/../a"), 404},
        {get("http://elsewhere"), 404},
        {get("/broken"), 500},
        {"POST /a HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"get /a HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {get("a"), 400},
        {get("*"), 400},
        {"GET /a HTTP/1.1\r\n\r\n", 400},
        {get("/a", "Host: b\r\n"), 400},
        {get("/a", "Content-Length: 4\r\n"), 400},
        {get("/a", "Transfer-Encoding: chunked\r\n"), 400},
        {get("/a", "Folded: a\r\n b\r\n"), 400},
        {get("/a", "No colon\r\n"), 400},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"GET /a\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x00\x01\n\n"s, 400},
        {"\0\0\r\n\r\n"s, 400},
        {"\r\n\r\n", 400},
        {get("/" + std::string(9'000, 'a')), 431},
        {std::string(9'000, 'a'), 431},
        {get("/a", "X: " + std::string(300'000, 'x') + "\r\n"), 431},
    }));
    visiting v;
    INFO(each.request.substr(0, 100));

    auto const said = v.ask(each.request.substr(0, 20'000));
    CHECK(answers(said, each.status));
    CHECK(said.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK((said.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos) == (each.status == 405));
    CHECK(v.is_down_to(0));
}

TEST_CASE("a request may come byte by byte, and end anywhere", "[transport][pages]") {
    visiting   v;
    auto const request = get("/a");
    for (std::size_t size = 0; size < request.size(); ++size) {
        auto const over = v.dial();
        REQUIRE_FALSE(v.write(*over, request.substr(0, size)));
        wait_outcome ended;
        over->async_shutdown(ended.handler());
        v.run(ended);
        CHECK(v.read(*over, 1'000).empty());
    }
    CHECK(v.asked.empty());

    auto over = v.dial();
    for (char const each : request) {
        REQUIRE_FALSE(v.write(*over, {&each, 1}));
        v.settle();
    }
    CHECK(answers(v.read(*over, 10'000), 200));
    over.reset();
    CHECK(v.is_down_to(0));
}

TEST_CASE("who asks nothing, or takes no answer, is closed in time", "[transport][pages]") {
    visiting   v(http_pages_options().timeout(std::chrono::milliseconds(50)));
    auto const silent = v.dial(), half = v.dial(), takes_nothing = v.dial();
    REQUIRE_FALSE(v.write(*half, "GET /a HT"));
    REQUIRE_FALSE(v.write(*takes_nothing, get("/large")));
    REQUIRE(v.run_until([&] { return v.asked.size() == 1; }));
    CHECK(v.is_down_to(0));
    CHECK(v.next_read_error(*silent));
    CHECK(v.next_read_error(*half));
}

TEST_CASE("who comes when all places are taken takes the oldest", "[transport][pages]") {
    visiting                v(http_pages_options().max_connections(3));
    std::vector<stream_ptr> silent;
    for (int i = 0; i < 40; ++i) silent.push_back(v.dial());
    CHECK(answers(v.ask(get("/a")), 200));
    CHECK(v.pages->connections() <= 3);
    for (std::size_t i = 0; i + 3 < silent.size(); ++i) CHECK(v.next_read_error(*silent[i]));
}

TEST_CASE("pages may go while they are asked, and before their loop", "[transport][pages]") {
    visiting   v;
    auto const over = v.dial();
    REQUIRE_FALSE(v.write(*over, get("/end")));
    CHECK(v.read(*over, 1'000).empty());
    CHECK(v.pages == nullptr);

    visiting left_open;
    left_open.dial();
    left_open.settle();
}

TEST_CASE("only plain sockets are listened on", "[transport][pages]") {
    using aldis::transport::endpoint;
    using aldis::transport::scheme;
    loop       on;
    http_pages pages(on.ex(), [](std::string_view) { return std::nullopt; });
    for (auto const via : {scheme::tls, scheme::ws, scheme::wss}) CHECK(pages.open(endpoint(via, "127.0.0.1", 0)) == aldis::transport::errc::scheme_not_supported);
    scratch_folder folder;
    CHECK_FALSE(pages.open(aldis::transport::local_endpoint(folder.file())));
}
