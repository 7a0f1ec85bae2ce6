// The broker on its event loop: listeners, clients of this library beside it, its end, and its end at any moment.
#include <aldis/broker.hpp>
#include <lib/world.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// A loop with a broker and clients of it.
class pair_world : public world {
public:
    explicit pair_world(broker_options how = {}) : made(std::make_unique<broker>(io, std::move(how))) {}

    std::string listen(std::string uri = "mqtt://127.0.0.1:0") {
        auto const at = made->listen(broker_listener(uri));
        return to_string(at);
    }
    connect_result dial(client& c) {
        connect_outcome done;
        c.async_connect(done.handler());
        run(done);
        INFO(done.ec().message());
        REQUIRE_FALSE(done.ec());
        return done.value();
    }
    /// Over two ends of memory.
    connect_outcome start_joined(client& c, transport::memory_options const& how = {}) {
        auto [ours, theirs] = transport::make_memory_pair(ex(), how);
        made->serve(std::move(theirs));
        connect_outcome done;
        c.async_connect(std::move(ours), done.handler());
        return done;
    }
    void join(client& c, transport::memory_options const& how = {}) {
        auto const done = start_joined(c, how);
        run(done);
        REQUIRE_FALSE(done.ec());
    }
    void publish(client& c, std::string_view topic, std::string_view text, publish_options const& how = publish_options{}.qos(qos_1)) {
        auto const done = start_publish(c, topic, text, how);
        run(done);
        REQUIRE_FALSE(done.ec());
    }

    std::unique_ptr<broker> made;
};

connect_options named(std::string id, std::string const& uri = "mqtt://localhost") { return connect_options{uri}.client_id(std::move(id)); }

} // namespace

TEST_CASE("two clients over TCP, each version with each", "[broker]") {
    pair_world w;
    auto const uri = w.listen();
    auto const a = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const b = GENERATE(protocol::v3_1_1, protocol::v5);
    client     reader(w.io, named("reader", uri).version(a)), writer(w.io, named("writer", uri).version(b));
    w.dial(reader);
    w.dial(writer);
    w.subscribe(reader, subscribe_list{"t/#", qos_2});
    for (auto const qos : {qos_0, qos_1, qos_2}) {
        w.publish(writer, "t/1", "hello", publish_options{}.qos(qos));
        auto const m = w.receive(reader);
        CHECK(m.text() == "hello");
        CHECK(m.qos() == qos);
    }
    CHECK_FALSE(w.disconnect(writer));
    CHECK_FALSE(w.disconnect(reader));
}

TEST_CASE("large messages and many of them, over slow and broken up wires", "[broker]") {
    pair_world w;
    client     reader(w.io, named("reader")), writer(w.io, named("writer"));
    transport::memory_options how;
    if (GENERATE(true, false)) how.both(transport::memory_direction{}.capacity(700).split(300));
    w.join(reader, how);
    w.join(writer, how);
    w.subscribe(reader, subscribe_list{"t", qos_1});
    std::string const           large(200'000, 'x');
    std::vector<publish_outcome> all;
    for (int i = 0; i < 100; ++i) all.push_back(w.start_publish(writer, "t", i == 50 ? large : std::to_string(i), publish_options{}.qos(qos_1)));
    for (int i = 0; i < 100; ++i) {
        auto const m = w.receive(reader);
        CHECK(m.text() == (i == 50 ? large : std::to_string(i)));
    }
    for (auto const& each : all) w.run(each);
}

TEST_CASE("a packet above its maximum is answered with the reason for it", "[broker][MQTT-3.2.2-15]") {
    pair_world w(broker_options{}.limits(broker_limits{}.max_packet_size(1'000)));
    client     c(w.io, named("lamp"));
    w.join(c);
    auto const done = w.start_publish(c, "t", std::string(2'000, 'x'), publish_options{}.qos(qos_1));
    w.run(done);
    CHECK(done.ec() == error::too_large);
}

TEST_CASE("stopping tells all clients, flushes, and completes", "[broker]") {
    pair_world                      w;
    auto const                      uri = w.listen();
    client                          c(w.io, named("lamp", uri));
    error_code                      cause;
    std::optional<reason_code>      told;
    w.dial(c);
    c.on_disconnected([&](error_code ec, disconnect_result const&) {
        cause = ec;
        told = reason_of(ec);
    });
    outcome<error_code> stopped;
    w.made->async_stop(stopped.handler());
    w.run(stopped);
    CHECK_FALSE(stopped.ec());
    REQUIRE(w.run_until([&] { return told.has_value(); }));
    CHECK(told == reason_code::server_shutting_down);
    connect_outcome refused;
    c.async_connect(refused.handler());
    w.run(refused);
    CHECK(refused.ec());
    outcome<error_code> again;
    w.made->async_stop(again.handler());
    w.run(again);
    CHECK_FALSE(again.ec());
}

TEST_CASE("stopping does not wait for a client that takes nothing for longer than its patience", "[broker]") {
    pair_world                w;
    transport::memory_control wire;
    client                    slow(w.io, named("slow")), writer(w.io, named("writer"));
    w.join(slow, transport::memory_options{}.control(wire));
    w.join(writer);
    w.subscribe(slow, subscribe_list{"t", qos_0});
    wire.stall(transport::direction::second_to_first);
    for (int i = 0; i < 20; ++i) w.publish(writer, "t", std::string(30'000, 'x'));
    outcome<error_code> stopped;
    auto const          before = std::chrono::steady_clock::now();
    w.made->async_stop(stopped.handler());
    w.run(stopped);
    CHECK(std::chrono::steady_clock::now() - before < 20s);
}

TEST_CASE("destroyed at any moment it leaves nothing behind", "[broker]") {
    auto const at = GENERATE(range(0, 40));
    pair_world w;
    auto const uri = w.listen();
    client     a(w.io, named("a", uri)), b(w.io, named("b"));
    connect_outcome done;
    a.async_connect(done.handler());
    auto const joined = w.start_joined(b);
    for (int i = 0; i < at; ++i) {
        w.io.restart();
        w.io.poll_one();
        if (i == 20 && joined.is_done()) (void)w.start_publish(b, "t", "x", publish_options{}.qos(qos_1));
    }
    w.made.reset();
    REQUIRE(w.run_until([&] { return done.is_done() && joined.is_done(); }));
    CHECK(true);
}

TEST_CASE("a hook may destroy the broker, or stop it", "[broker]") {
    pair_world* world = nullptr;
    bool const  destroys = GENERATE(true, false);
    pair_world  w(broker_options{}.authenticate([&](connecting_client const&) {
        if (destroys) world->made.reset();
        else world->made->stop();
        return admission::accept();
    }));
    world = &w;
    client     c(w.io, named("lamp"));
    auto const done = w.start_joined(c);
    w.run(done);
    CHECK((destroys ? done.ec().failed() : true));
    CHECK(w.run_until([&] { return !c.is_connected(); }));
}

TEST_CASE("it goes before its loop, with everything under way", "[broker]") {
    auto       io = std::make_unique<asio::io_context>(1);
    auto       made = std::make_unique<broker>(*io, broker_options{}.listen("mqtt://127.0.0.1:0"));
    made->start();
    client     c(*io, named("lamp", to_string(made->addresses()[0])));
    connect_outcome done;
    c.async_connect(done.handler());
    for (int i = 0; i < 30; ++i) io->poll_one();
    outcome<error_code> stopped;
    made->async_stop(stopped.handler());
    made.reset();
    c.close();
    io->restart();
    io->run();
    CHECK(stopped.ec() == asio::error::operation_aborted);
}

TEST_CASE("an address that cannot be had is told with its name", "[broker]") {
    pair_world w;
    auto const uri = w.listen();
    CHECK_THROWS_WITH(w.made->listen(broker_listener(uri)), Catch::Contains(uri));
    CHECK_THROWS_WITH(w.made->listen(broker_listener("mqtt://localhost:70000")), Catch::Contains("70000"));
    broker second(w.io, broker_options{}.listen("mqtt://127.0.0.1:0").listen(uri.c_str()));
    CHECK_THROWS(second.start());
    CHECK(second.addresses().empty());
}

TEST_CASE("listeners of other kinds serve the same sessions", "[broker]") {
    pair_world w;
    auto const tcp = w.listen();
    auto const web = w.listen("ws://127.0.0.1:0/mqtt");
    client     reader(w.io, named("reader", web)), writer(w.io, named("writer", tcp));
    w.dial(reader);
    w.dial(writer);
    w.subscribe(reader, subscribe_list{"t", qos_1});
    w.publish(writer, "t", "over ws");
    CHECK(w.receive(reader).text() == "over ws");
}

TEST_CASE("WebSocket clients come in by any path, or by the one that the listener names", "[broker]") {
    pair_world w;
    auto const anywhere = w.listen("ws://127.0.0.1:0"), named_one = w.listen("ws://127.0.0.1:0/a"), root = w.listen("ws://127.0.0.1:0/");
    auto const is_let_in = [&](std::string const& uri) {
        client          c(w.io, named("c", uri));
        connect_outcome done;
        c.async_connect(done.handler());
        w.run(done);
        return !done.ec();
    };

    for (auto const* const path : {"", "/", "/mqtt", "/a/b?c=d"}) CHECK(is_let_in(anywhere + path));
    CHECK(is_let_in(named_one));
    CHECK_FALSE(is_let_in(named_one + "/b"));
    CHECK(is_let_in(root));
    CHECK_FALSE(is_let_in(root + "mqtt"));
}

TEST_CASE("what it says is one line each, with the client's text escaped", "[broker]") {
    std::vector<std::string> lines;
    pair_world               w(broker_options{}.log([&](log_level, std::string_view line) { lines.emplace_back(line); }));
    client                   c(w.io, named("lamp-\xE2\x80\xAEgpj"));
    w.join(c);
    w.disconnect(c);
    REQUIRE(w.run_until([&] { return lines.size() >= 2; }));
    CHECK(lines[0].starts_with("lamp-\\u{202e}gpj connected from "));
    CHECK(lines[1] == "lamp-\\u{202e}gpj left");
}

TEST_CASE("listeners of the same text are told apart by their order when they are read again", "[broker]") {
    auto const with = [](bool first, bool second) {
        return broker_options{}.listen(broker_listener("mqtt://127.0.0.1:0").allow_anonymous(first)).listen(broker_listener("mqtt://127.0.0.1:0").allow_anonymous(second));
    };
    pair_world w(with(true, false));
    w.made->start();
    auto const where = w.made->addresses();
    auto const is_let_in = [&](std::size_t which) {
        client          c(w.io, named("c", to_string(where[which])));
        connect_outcome done;
        c.async_connect(done.handler());
        w.run(done);
        return !done.ec();
    };

    CHECK(is_let_in(0));
    CHECK_FALSE(is_let_in(1));
    w.made->reload(with(false, true));
    CHECK_FALSE(is_let_in(0));
    CHECK(is_let_in(1));
}
