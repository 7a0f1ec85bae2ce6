// The client over loopback TCP and a unix socket, and what dialling can run into.
#include <cstdlib>
#include <filesystem>

#include <boost/asio/ip/tcp.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("the client finds the server over TCP by its address", "[lib][tcp]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world      w;
    auto const where = w.server.listen();
    client     c(w.io, connect_options{"mqtt://me:secret@127.0.0.1:" + std::to_string(where.port())}.client_id("lamp").version(version));
    connect_outcome connected;
    c.async_connect(connected.handler());
    w.run(connected);
    REQUIRE_FALSE(connected.ec());

    w.subscribe(c, subscribe_list{"t", qos_2});
    for (auto const qos : {qos_0, qos_1, qos_2}) {
        auto const done = w.start_publish(c, "t", std::string(100'000, 'x'), publish_options{}.qos(qos));
        auto const m = w.receive(c);
        w.run(done);
        CHECK(m.payload().size() == 100'000);
        CHECK(m.qos() == qos);
    }
    CHECK_FALSE(w.disconnect(c));
    REQUIRE(w.run_until([&] { return !w.server.ends.empty(); }));
    CHECK(w.server.ends == std::vector{session::event::closed::by::peer});
}

TEST_CASE("a port without a server is told as such", "[lib][tcp]") {
    asio::io_context        probe;
    asio::ip::tcp::acceptor taken(probe, {asio::ip::address_v4::loopback(), 0});
    auto const              port = taken.local_endpoint().port();
    taken.close();
    world           w;
    client          c(w.io, connect_options{"mqtt://127.0.0.1:" + std::to_string(port)});
    connect_outcome done;

    c.async_connect(done.handler());
    w.run(done);

    CHECK(done.ec() == asio::error::connection_refused);
    CHECK(done.ec() == condition::connection_lost);
}

TEST_CASE("a server that never answers is given up after the connect timeout", "[lib][tcp]") {
    world w;
    w.server.answers_connect = false;
    auto const      where = w.server.listen();
    client          c(w.io, connect_options{where}.connect_timeout(50ms));
    connect_outcome done;

    c.async_connect(done.handler());
    w.run(done);

    CHECK(done.ec() == error::connect_timed_out);
    CHECK(done.ec() == condition::timed_out);
}

TEST_CASE("a server that closes without an answer is told as such", "[lib][tcp]") {
    world                 w;
    asio::ip::tcp::acceptor deaf(w.io, {asio::ip::address_v4::loopback(), 0});
    deaf.async_accept([](error_code, asio::ip::tcp::socket) {});
    client          c(w.io, connect_options{"mqtt://127.0.0.1:" + std::to_string(deaf.local_endpoint().port())});
    connect_outcome done;

    c.async_connect(done.handler());
    w.run(done);

    CHECK((done.ec() == error::no_answer || done.ec() == condition::connection_lost));
}

TEST_CASE("a server that does not speak MQTT is told as such", "[lib][tcp]") {
    world                   w;
    asio::ip::tcp::acceptor odd(w.io, {asio::ip::address_v4::loopback(), 0});
    std::optional<asio::ip::tcp::socket> peer;
    odd.async_accept([&](error_code, asio::ip::tcp::socket s) {
        peer.emplace(std::move(s));
        peer->async_send(asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28), [](error_code, std::size_t) {});
    });
    client          c(w.io, connect_options{"mqtt://127.0.0.1:" + std::to_string(odd.local_endpoint().port())});
    connect_outcome done;

    c.async_connect(done.handler());
    w.run(done);

    CHECK(done.ec());
    CHECK((done.ec() == condition::malformed || done.ec() == condition::protocol_error));
}

TEST_CASE("a lost TCP connection is taken up again with its session", "[lib][tcp]") {
    world      w;
    auto const where = w.server.listen();
    client     c(w.io, connect_options{where}.client_id("lamp").session_expiry(1h));
    w.server.acknowledges = false;
    connect_outcome first, second;
    c.async_connect(first.handler());
    w.run(first);
    auto const done = w.start_publish(c, "t", "x", publish_options{}.qos(qos_2));
    REQUIRE(w.run_until([&] { return w.server.arrivals.size() == 1; }));
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return !c.is_connected() && w.server.connections() == 0; }));

    w.server.acknowledges = true;
    c.async_connect(second.handler());
    w.run(second);
    REQUIRE_FALSE(second.ec());
    CHECK(second.value().session_present());
    CHECK_FALSE(done.is_done());
    // The server has the message already and only its answer was withheld; it is the session that remembers.
    w.server.acknowledge_all();
    w.server.send_all("still", "there");
    CHECK(w.receive(c).topic() == "still");
}
