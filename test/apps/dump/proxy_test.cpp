// The dumping proxy, over the loopback address: what passes, half-close, targets that are not there; and live capture's refusal.
#include <atomic>
#include <exception>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"

using namespace aldis;
using namespace aldis::test;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// A proxy that runs beside the test, in front of a listener of the test's own.
class running_proxy {
public:
    explicit running_proxy(std::string const& target = {}) {
        auto const own = "127.0.0.1:" + std::to_string(listener.local_endpoint().port());
        from_ = open_proxy("0", target.empty() ? own : target, {});
        from_->step(told);
        auto const& note = told.notes.at(0);
        auto const  at = note.find(':');
        port = static_cast<std::uint16_t>(std::stoul(note.substr(at + 1)));
        runner_ = std::thread([this] {
            while (from_->step(told)) passed = from_->position().read;
            has_ended = true;
        });
    }
    ~running_proxy() { stop(); }
    running_proxy(running_proxy const&) = delete;
    running_proxy& operator=(running_proxy const&) = delete;

    /// From here on `told` may be looked at.
    void stop() {
        from_->stop();
        if (runner_.joinable()) runner_.join();
    }
    tcp::socket dial() {
        tcp::socket socket{io};
        socket.connect({asio::ip::address_v4::loopback(), port});
        return socket;
    }

    asio::io_context           io{};
    tcp::acceptor              listener{io, {asio::ip::address_v4::loopback(), 0}};
    std::uint16_t              port = 0;
    recorder                   told{};
    std::atomic<std::uint64_t> passed{0};
    std::atomic<bool>          has_ended{false};

private:
    std::unique_ptr<source> from_{};
    std::thread             runner_{};
};

void send(tcp::socket& to, std::string const& text) { asio::write(to, asio::buffer(text)); }
std::string receive(tcp::socket& from, std::size_t size) {
    std::string text(size, '\0');
    asio::read(from, asio::buffer(text));
    return text;
}
bool is_at_end(tcp::socket& from) {
    char                      byte = 0;
    boost::system::error_code failed;
    asio::read(from, asio::buffer(&byte, 1), failed);
    return failed == asio::error::eof;
}

std::size_t count(recorder const& told, std::string_view what) {
    std::size_t found = 0;
    for (auto const& line : told.lines) found += line.find(what) != std::string::npos ? 1 : 0;
    return found;
}

} // namespace

TEST_CASE("what passes through the proxy is brought - each direction to its end", "[dump][proxy]") {
    running_proxy proxy;
    auto          client = proxy.dial();
    auto          server = proxy.listener.accept();
    send(client, "hello");
    CHECK(receive(server, 5) == "hello");
    send(server, "world");
    CHECK(receive(client, 5) == "world");

    client.shutdown(tcp::socket::shutdown_send);
    CHECK(is_at_end(server));
    send(server, "still");                                         // the other way goes on
    CHECK(receive(client, 5) == "still");
    server.close();
    CHECK(is_at_end(client));
    proxy.stop();

    CHECK(proxy.told.stream(0, 0) == "hello");
    CHECK(proxy.told.stream(0, 1) == "worldstill");
    CHECK(proxy.told.vias.at(0) == carrier::tcp);
    CHECK(count(proxy.told, "c end") == 1);
    CHECK(count(proxy.told, "s end") == 1);
    CHECK(count(proxy.told, "behind") == 0);
}

TEST_CASE("connections through the proxy are conversations of their own", "[dump][proxy]") {
    running_proxy proxy;
    for (int i = 0; i < 3; ++i) {
        auto client = proxy.dial();
        auto server = proxy.listener.accept();
        send(client, "n" + std::to_string(i));
        CHECK(receive(server, 2) == "n" + std::to_string(i));
        client.close();
        CHECK(is_at_end(server));
    }
    proxy.stop();

    for (unsigned i = 0; i < 3; ++i) CHECK(proxy.told.stream(i, 0) == "n" + std::to_string(i));
}

TEST_CASE("the proxy reads no further than it can pass on", "[dump][proxy]") {
    running_proxy     proxy;
    auto              client = proxy.dial();
    auto              server = proxy.listener.accept();
    std::string const much(1U << 20, 'x');
    client.non_blocking(true);
    std::size_t sent = 0;
    for (;;) {                                                     // until all buffers on the way are full, and stay so
        boost::system::error_code failed;
        auto const size = client.write_some(asio::buffer(much), failed);
        sent += size;
        if (failed != asio::error::would_block) {
            REQUIRE_FALSE(failed);
            REQUIRE(sent < (1U << 28));
            continue;
        }
        auto const before = proxy.passed.load();
        std::this_thread::sleep_for(std::chrono::milliseconds{250});
        if (proxy.passed == before) break;
    }
    CHECK(proxy.passed < sent);

    CHECK(receive(server, sent) == std::string(sent, 'x'));
    proxy.stop();
    CHECK(proxy.told.stream(0, 0).size() == sent);
}

TEST_CASE("a target that is not there is told and its client is let go", "[dump][proxy]") {
    std::uint16_t nobody = 0;
    {
        asio::io_context io;
        tcp::acceptor    closed{io, {asio::ip::address_v4::loopback(), 0}};
        nobody = closed.local_endpoint().port();
    }
    running_proxy proxy{"127.0.0.1:" + std::to_string(nobody)};
    auto          client = proxy.dial();
    CHECK(is_at_end(client));
    proxy.stop();

    REQUIRE(proxy.told.notes.size() == 2);
    CHECK(proxy.told.notes[1].starts_with("The target 127.0.0.1:" + std::to_string(nobody) + " cannot be reached: "));
}

TEST_CASE("a proxy that is stopped ends the connections it has", "[dump][proxy]") {
    running_proxy proxy;
    auto          client = proxy.dial();
    auto          server = proxy.listener.accept();
    send(client, "x");
    CHECK(receive(server, 1) == "x");
    proxy.stop();

    CHECK(proxy.has_ended);
    CHECK(is_at_end(client));
    CHECK(is_at_end(server));
    CHECK(count(proxy.told, " end") == 2);
}

TEST_CASE("addresses that the proxy cannot use are refused with advice", "[dump][proxy]") {
    CHECK_THROWS_WITH(open_proxy("x", "localhost:1", {}), Catch::Contains("cannot listen on 'x': write a port"));
    CHECK_THROWS_WITH(open_proxy("0", "1883", {}), Catch::Contains("cannot pass on to '1883'"));
    CHECK_THROWS_WITH(open_proxy("0", "localhost:70000", {}), Catch::Contains("cannot pass on to"));
    running_proxy proxy;
    CHECK_THROWS_WITH(open_proxy(std::to_string(proxy.port), "127.0.0.1:9", {}), Catch::Contains("cannot listen on 127.0.0.1:"));
}

TEST_CASE("live capture refuses what it cannot capture with advice", "[dump][live]") {
    CHECK_THROWS_WITH(open_live("nosuchthing", "", {}), Catch::Contains("Capturing on nosuchthing: "));
}
