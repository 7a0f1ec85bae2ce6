// The same conversation over every kind of wire: plain, TLS, WebSocket, both; in memory cut at every byte, and over real sockets.
#include <aldis/transport/connect.hpp>
#include <support/certificates.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;
using transport::endpoint;
using transport::scheme;

namespace {

constexpr std::size_t stride = ALDIS_SANITIZED ? 97 : 1;          // every position is tried, but where that would take long

transport::listen_options served() {
    return transport::listen_options{}.tls(transport::tls_options{}.certificate_file(certificate("server.pem")).key_file(certificate("server.key")));
}

transport::connect_options trusting() {
    return transport::connect_options{}.tls(transport::tls_options{}.ca_file(certificate("ca.pem")).server_name("broker.example"));
}

/// What a conversation was for its client: what it heard, and how each of its own messages ended.
using trace = std::vector<std::string>;

struct conversation {
    scheme   via;
    protocol version = protocol::v5;
    world    w{};
    client   c{w.io, lasting_lamp(version)};
    trace    seen{};

    conversation(scheme over, protocol spoken) : via(over), version(spoken) {}

    /// Over a wire in memory whose bytes the layers of `via` go through on both sides. False when it broke before CONNACK.
    bool connect_in_memory(transport::memory_options const& how) {
        auto const where = w.server.listen(endpoint(via, "127.0.0.1", std::uint16_t{0}), served());
        auto [ours, theirs] = transport::make_memory_pair(w.ex(), how);
        w.server.adopt(std::move(theirs));
        outcome<error_code, std::unique_ptr<transport::stream>> layered;
        transport::async_connect_over(std::move(ours), where, trusting(), layered.handler());
        w.run(layered);
        if (layered.ec()) return false;
        connect_outcome done;
        c.async_connect(std::move(layered.value()), done.handler());
        w.run(done);
        return !done.ec();
    }

    void connect_over_loopback(endpoint const& where) {
        session::settings roomy;
        roomy.queue.bytes = std::size_t{1} << 30U;
        w.server.settings = roomy;
        c.options(connect_options(w.server.listen(where, served()))
                      .client_id("lamp")
                      .session_expiry(1h)
                      .version(version)
                      .connect_timeout(5min)
                      .settings(roomy)
                      .transport(trusting()));
        connect_outcome done;
        c.async_connect(done.handler());
        w.run(done);
        REQUIRE_FALSE(done.ec());
    }

    /// A few hundred bytes: a subscription, a message of each QoS there and back.
    trace talk() {
        for (auto const& code : w.subscribe(c, subscribe_list{"t/#", qos_2}).codes()) seen.push_back("code " + std::to_string(static_cast<int>(code)));
        std::vector<publish_outcome> published;
        for (auto const qos : {qos_0, qos_1, qos_2})
            published.push_back(w.start_publish(c, "t/" + std::to_string(static_cast<int>(qos)), std::string(20, 'x'), publish_options{}.qos(qos)));
        for (std::size_t i = 0; i < published.size(); ++i) {
            auto const m = w.receive(c);
            seen.push_back(std::string(m.topic()) + " " + std::to_string(static_cast<int>(m.qos())) + " " + std::string(m.text()));
        }
        for (auto const& each : published) {
            w.run(each);
            seen.push_back("published " + each.ec().message());
        }
        seen.push_back("left " + w.disconnect(c).message());
        return seen;
    }
};

constexpr scheme everything[] = {scheme::tcp, scheme::tls, scheme::ws, scheme::wss, scheme::local};

endpoint somewhere(scheme via) {
    return via == scheme::local ? transport::local_endpoint(certificate("layers-" + std::to_string(getpid()))) : endpoint(via, "127.0.0.1", std::uint16_t{0});
}

trace converse(scheme via, protocol version, transport::memory_options const& how = {}) {
    conversation one(via, version);
    REQUIRE(one.connect_in_memory(how));
    return one.talk();
}

} // namespace

TEST_CASE("the same conversation over every layer and every split of the bytes below", "[lib][layers]") {
    auto const via = GENERATE(scheme::tls, scheme::ws, scheme::wss);
    auto const plain = converse(scheme::tcp, protocol::v5);
    REQUIRE(plain.size() == 1 + 3 + 3 + 1);

    transport::memory_control steer;
    REQUIRE(converse(via, protocol::v5, transport::memory_options{}.control(steer)) == plain);
    REQUIRE(converse(via, protocol::v3_1_1) == converse(scheme::tcp, protocol::v3_1_1));
    auto const bytes = std::max(steer.delivered(transport::direction::first_to_second), steer.delivered(transport::direction::second_to_first));

    for (std::size_t at = 1; at <= bytes; at += at < 64 ? stride : stride * 7) {
        CAPTURE(static_cast<int>(via), at);
        REQUIRE(converse(via, protocol::v5, transport::memory_options{}.both(transport::memory_direction{}.split(at))) == plain);
    }
    for (auto const& odd : {transport::memory_direction{}.capacity(1), transport::memory_direction{}.coalesce(3)})
        CHECK(converse(via, protocol::v5, transport::memory_options{}.both(odd)) == plain);
}

TEST_CASE("messages survive a cut after any byte of any layer", "[lib][layers][MQTT-4.4.0-1][MQTT-4.3.3-10]") {
    auto const via = GENERATE(scheme::tls, scheme::ws, scheme::wss);
    auto const towards_server = GENERATE(true, false);
    auto const resets = GENERATE(true, false);

    bool is_whole = false;
    for (std::size_t at = 1; !is_whole; at += stride) {
        CAPTURE(static_cast<int>(via), towards_server, resets, at);
        transport::memory_direction cut;
        if (resets) cut.reset_after(at);
        else cut.eof_after(at);
        conversation one(via, protocol::v5);
        auto         published = std::vector{one.w.start_publish(one.c, "t", "1", publish_options{}.qos(qos_1)),
                                     one.w.start_publish(one.c, "t", "2", publish_options{}.qos(qos_2))};
        auto const   all_done = [&] { return published[0].is_done() && published[1].is_done(); };
        bool         ended = false;
        one.c.on_disconnected([&](error_code, disconnect_result const&) { ended = true; });

        bool const came_about =
            one.connect_in_memory(towards_server ? transport::memory_options{}.first_to_second(cut) : transport::memory_options{}.second_to_first(cut));
        if (came_about) REQUIRE(one.w.run_until([&] { return ended || (all_done() && one.c.unacknowledged() == 0); }));
        is_whole = came_about && !ended;
        if (!is_whole) {
            REQUIRE(one.w.run_until([&] { return one.w.server.connections() == 0; }));
            one.w.connect(one.c);
        }
        REQUIRE(one.w.run_until([&] { return all_done() && one.c.unacknowledged() == 0; }));

        for (auto const& each : published) REQUIRE_FALSE(each.ec());
        std::map<std::string, int> arrived;
        for (auto const& each : one.w.server.arrivals) ++arrived[each.text];
        REQUIRE(arrived["1"] >= 1);
        REQUIRE(arrived["1"] <= 2);
        REQUIRE(arrived["2"] == 1);
    }
}

TEST_CASE("the same conversation over every kind of socket", "[lib][layers]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const plain = converse(scheme::tcp, version);

    for (auto const via : everything) {
        CAPTURE(static_cast<int>(via));
        conversation one(via, version);
        one.connect_over_loopback(somewhere(via));
        CHECK(one.talk() == plain);
    }
}

namespace {

/// There and back over a socket of this kind.
void send_large(scheme via, std::size_t size) {
    CAPTURE(static_cast<int>(via), size);
    conversation one(via, protocol::v5);
    one.connect_over_loopback(somewhere(via));
    one.w.subscribe(one.c, subscribe_list{"t", qos_1});
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 4093) text[i] = static_cast<char>('a' + i % 26);

    auto const published = one.w.start_publish(one.c, "t", text, publish_options{}.qos(qos_1));
    auto const received = one.w.receive(one.c);
    one.w.run(published);

    REQUIRE_FALSE(published.ec());
    REQUIRE(received.text() == text);
}

// What the Remaining Length can say, less topic, identifier and Property Length.
constexpr std::size_t largest = 268'435'455 - 3 - 2 - 1;

} // namespace

TEST_CASE("a large message passes every kind of socket", "[lib][layers]") {
    for (auto const via : everything) send_large(via, stride == 1 ? 20'000'000 : 2'000'000);
}

TEST_CASE("a message of 200 MB and the largest there can be pass every kind of socket", "[.][large]") {
    for (auto const via : everything)
        for (auto const size : {std::size_t{200'000'000}, largest}) send_large(via, size);
}

TEST_CASE("a message one byte too large is refused before anything is sent", "[.][large]") {
    conversation one(scheme::tcp, protocol::v5);
    one.connect_over_loopback(somewhere(scheme::tcp));

    auto const published = one.w.start_publish(one.c, "t", std::string(largest + 1, 'x'), publish_options{}.qos(qos_1));
    one.w.run(published);

    CHECK(published.ec());
    CHECK(one.c.is_connected());
    CHECK(one.w.server.arrivals.empty());
}
