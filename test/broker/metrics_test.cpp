// What a broker tells monitoring: the text, and where it is fetched.
#include <aldis/broker_prometheus.hpp>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <aldis/broker.hpp>
#include <transport/loop.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// The samples of a text in Prometheus' format by name; checks that it is one: each family with HELP and TYPE once, in one piece.
std::map<std::string, std::string> read_exposition(std::string const& text) {
    static std::regex const    help("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n\\\\]|\\\\[\\\\n])+"), type("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)"),
        sample("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\"\\})? ([0-9]+)");
    std::map<std::string, std::string> samples;
    std::set<std::string>              families;
    std::string                        family, kind;
    REQUIRE(text.ends_with('\n'));
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        std::smatch found;
        INFO(line);
        if (std::regex_match(line, found, help)) {
            family = found[1];
            CHECK(families.insert(family).second);
            kind.clear();
        } else if (std::regex_match(line, found, type)) {
            CHECK(found[1] == family);
            kind = found[2];
            CHECK((kind == "counter") == family.ends_with("_total"));
        } else {
            REQUIRE(std::regex_match(line, found, sample));
            CHECK(found[1] == family);
            CHECK_FALSE(kind.empty());
            CHECK(samples.emplace(found[1], found[4]).second);
        }
    }
    CHECK(samples.size() == families.size());
    return samples;
}

/// What comes for a request, until the connection is closed.
std::string fetch(loop& w, transport::endpoint const& where, std::string const& path) {
    stream_outcome connected;
    transport::async_connect(w.ex(), where, {}, connected.handler());
    w.run(connected);
    REQUIRE_FALSE(connected.ec());
    auto&      over = *connected.value();
    auto const request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE_FALSE(w.write(over, request));
    return w.read(over, 1'000'000);
}

/// A store that takes nothing.
class full_store final : public broker_store {
public:
    error_code  load(contents&) override { return {}; }
    void        commit(std::shared_ptr<batch const>, commit_handler done) override { done(make_error_code(error::store_full)); }
    void        close() noexcept override {}
    std::string failure() const override { return "no room"; }
};

} // namespace

TEST_CASE("the text for Prometheus is in its format, with counters and bounds", "[broker][metrics]") {
    broker_metrics now;
    now.clients = 7;
    now.messages_received = 0xFFFF'FFFF'FFFF'FFFF;
    now.uptime = std::chrono::seconds{90};
    auto samples = read_exposition(prometheus_text(now, broker_limits{}.max_sessions(12).packet_timeout(std::chrono::seconds{5})));

    CHECK(samples["aldis_broker_info"] == "1");
    CHECK(samples["aldis_broker_clients"] == "7");
    CHECK(samples["aldis_broker_uptime_seconds"] == "90");
    CHECK(samples["aldis_broker_messages_received_total"] == "18446744073709551615");
    CHECK(samples["aldis_broker_limit_max_sessions"] == "12");
    CHECK(samples["aldis_broker_limit_packet_timeout_seconds"] == "5");
    CHECK(samples["aldis_broker_limit_max_queued_bytes"] == "8388608");
    CHECK(samples["aldis_broker_limit_max_topic_length_bytes"] == "4096");
}

TEST_CASE("each bound in numbers is told", "[broker][metrics]") {
    auto const    text = prometheus_text({}, {});
    std::ifstream header(ALDIS_BROKER_LIMITS);
    std::regex    setter(R"(    broker_limits& (\w+)\((?:seconds|std::\w+) value\).*)");
    int           seen = 0;
    for (std::string line; std::getline(header, line);) {
        std::smatch found;
        if (!std::regex_match(line, found, setter)) continue;
        ++seen;
        CHECK(text.find("\n# HELP aldis_broker_limit_" + found[1].str()) != std::string::npos);
    }
    CHECK(seen > 30);
}

TEST_CASE("metrics and health are fetched over HTTP while the broker is there", "[broker][metrics]") {
    loop   w;
    broker made(w.io, broker_options{}.metrics_listener("0"));
    CHECK(made.metrics_address() == std::nullopt);
    made.start();
    auto const where = made.metrics_address();
    REQUIRE(where);
    CHECK(where->host() == "127.0.0.1");
    CHECK(made.addresses().empty());
    REQUIRE_FALSE(made.publish("a", "b", publish_options{}.retain(true)));

    auto const said = fetch(w, *where, "/metrics");
    auto const body = said.find("\r\n\r\n");
    REQUIRE(body != std::string::npos);
    CHECK(said.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") < body);
    auto samples = read_exposition(said.substr(body + 4));
    CHECK(samples["aldis_broker_retained_messages"] == std::to_string(made.metrics().retained_messages));
    CHECK(fetch(w, *where, "/healthz").ends_with("\r\n\r\nok\n"));
    CHECK(fetch(w, *where, "/").starts_with("HTTP/1.1 404 "));

    wait_outcome stopped;
    made.async_stop(stopped.handler());
    w.run(stopped);
    CHECK(made.metrics_address() == std::nullopt);
    made.start();
    CHECK(made.metrics_address() != std::nullopt);
}

TEST_CASE("a broker that goes takes its pages along, and those who wait for them", "[broker][metrics]") {
    loop w;
    auto  made = std::make_unique<broker>(w.io, broker_options{}.metrics_listener("127.0.0.1:0"));
    made->start();
    stream_outcome connected;
    transport::async_connect(w.ex(), *made->metrics_address(), {}, connected.handler());
    w.run(connected);
    w.settle();
    made.reset();
    CHECK(w.next_read_error(*connected.value()));
}

TEST_CASE("where metrics are served is a port, or an address with one", "[broker][metrics]") {
    auto const of = [](std::string const& text) { return broker_options{}.metrics_listener(text); };
    CHECK(of("9641").metrics_listener()->host() == "127.0.0.1");
    CHECK(of("9641").metrics_listener()->port() == 9641);
    CHECK(of("[::1]:80").metrics_listener()->host() == "::1");
    CHECK(of("host.example:80").metrics_listener()->host() == "host.example");
    CHECK(of("").metrics_listener() == std::nullopt);
    CHECK(of("").metrics_listener_fault().empty());
    for (auto const* const text : {"x", ":", ":80", "65536", "123456", "host", "::1", "[::1]", "a@b:1", "http://h:1", "h:1/metrics", "h:-1", "h:1 "}) {
        INFO(text);
        CHECK(of(text).metrics_listener() == std::nullopt);
        CHECK_FALSE(of(text).metrics_listener_fault().empty());
        loop   w;
        broker made(w.io, of(text));
        CHECK_THROWS_WITH(made.start(), Catch::Contains("write PORT"));
    }
    loop   w;
    broker first(w.io, of("0"));
    first.start();
    auto const taken = std::to_string(first.metrics_address()->port());
    broker     second(w.io, of(taken).listen("mqtt://127.0.0.1:0"));
    CHECK_THROWS_WITH(second.start(), Catch::Contains("127.0.0.1:" + taken));
    CHECK(second.addresses().empty());
}

TEST_CASE("a broker that cannot write its store is not well", "[broker][metrics][store]") {
    loop   w;
    bool   is_told = false;
    broker made{w.ex(), broker_options{}.metrics_listener("0").store(std::make_shared<full_store>()).log([&](log_level, std::string_view line) {
        is_told = is_told || line.find("no room") != line.npos;
    })};
    made.start();
    REQUIRE(made.metrics_address());
    CHECK(fetch(w, *made.metrics_address(), "/healthz").find(" 200 ") != std::string::npos);
    CHECK_FALSE(made.publish("t", "1", publish_options{}.retain(true)));
    REQUIRE(w.run_until([&] { return is_told; }));
    auto const page = fetch(w, *made.metrics_address(), "/healthz");
    CHECK(page.find(" 503 ") != std::string::npos);
    CHECK(page.find("the store can not be written") != std::string::npos);
}
