// What the wire does to a connection: every split, every cut; how many writes there are, and when reading stops.
#include <map>
#include <set>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// The same conversation over any wire, as what the client's side saw of it.
std::vector<std::string> converse(protocol version, transport::memory_options const& how, transport::memory_control* control = nullptr) {
    world                    w;
    client                   c(w.io, lamp(version));
    std::vector<std::string> seen;
    transport::memory_control steer;
    auto                     with = how;
    with.control(steer);

    auto const connected = w.start_connect(c, with);
    w.run(connected);
    seen.push_back("connected " + connected.ec().message());
    for (auto const& code : w.subscribe(c, subscribe_list{"t/#", qos_2}.add("u", qos_1)).codes())
        seen.push_back("code " + std::to_string(static_cast<int>(code)));
    std::vector<publish_outcome> published;
    for (auto const qos : {qos_0, qos_1, qos_2})
        for (auto const& text : {std::string("short"), std::string(300, 'x'), std::string()})
            published.push_back(w.start_publish(c, "t/" + std::to_string(static_cast<int>(qos)), text, publish_options{}.qos(qos)));
    for (std::size_t i = 0; i < published.size(); ++i) {
        auto const m = w.receive(c);
        seen.push_back(std::string(m.topic()) + " " + std::to_string(static_cast<int>(m.qos())) + " " + std::string(m.text()));
    }
    for (auto const& each : published) {
        w.run(each);
        seen.push_back("published " + each.ec().message());
    }
    seen.push_back("left " + w.disconnect(c).message());
    if (control) *control = steer;
    return seen;
}

/// Publishes `count` messages at `qos` over connections of which the first is cut as `fault` says, then over one that holds.
struct cut_run {
    std::size_t                        count;
    qos_level                          qos;
    protocol                           version;
    std::map<std::string, std::size_t> arrived{};                  // at the server
    std::vector<error_code>            ends{};                     // of the publishes
    std::size_t                        first_bytes = 0;
    bool                               lost = false;

    void run(transport::memory_options fault) {
        world                     w;
        client                    c(w.io, lasting_lamp(version));
        transport::memory_control steer;
        fault.control(steer);
        std::vector<publish_outcome> published;
        for (std::size_t i = 0; i < count; ++i)
            published.push_back(w.start_publish(c, "t", std::to_string(i), publish_options{}.qos(qos)));
        auto const all_done = [&] { return std::all_of(published.begin(), published.end(), [](auto const& each) { return each.is_done(); }); };

        bool ended = false;
        c.on_disconnected([&](error_code, disconnect_result const&) { ended = true; });
        auto const first = w.start_connect(c, fault);
        REQUIRE(w.run_until([&] { return ended || (first.is_done() && first.ec()) || (all_done() && c.unacknowledged() == 0); }));
        first_bytes = steer.delivered(transport::direction::first_to_second);
        lost = !c.is_connected();
        if (lost) {
            // Both ends must have seen the cut before the session is taken up again.
            REQUIRE(w.run_until([&] { return w.server.connections() == 0; }));
            w.connect(c);
        }
        REQUIRE(w.run_until([&] { return all_done() && c.unacknowledged() == 0; }));
        for (auto const& each : published) {
            CHECK(each.calls() == 1);
            ends.push_back(each.ec());
        }
        for (auto const& each : w.server.arrivals) ++arrived[each.text];
    }
};

} // namespace

TEST_CASE("the same conversation over every split of the byte stream", "[lib][wire]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    transport::memory_control steer;
    auto const whole = converse(version, {}, &steer);
    REQUIRE(whole.size() == 1 + 2 + 9 + 9 + 1);
    auto const bytes = std::max(steer.delivered(transport::direction::first_to_second), steer.delivered(transport::direction::second_to_first));
    REQUIRE(bytes > 1'000);

    // The long payloads make the stream long; a cut in the middle of one is like any other.
    for (std::size_t at = 1; at <= bytes; at += at < 120 ? 1 : 13) {
        CAPTURE(at);
        auto const cut = transport::memory_direction{}.split(at);
        REQUIRE(converse(version, transport::memory_options{}.first_to_second(cut)) == whole);
        REQUIRE(converse(version, transport::memory_options{}.second_to_first(cut)) == whole);
    }
    auto const narrow = transport::memory_direction{}.capacity(1);
    CHECK(converse(version, transport::memory_options{}.both(narrow)) == whole);
    auto const late = transport::memory_direction{}.coalesce(3);
    CHECK(converse(version, transport::memory_options{}.both(late)) == whole);
}

TEST_CASE("messages survive a cut after any byte", "[lib][wire][MQTT-4.4.0-1][MQTT-4.3.2-4][MQTT-4.3.3-10]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const qos = GENERATE(qos_1, qos_2);
    auto const towards_server = GENERATE(true, false);
    auto const resets = GENERATE(true, false);

    for (std::size_t at = 0;; ++at) {
        CAPTURE(at, version, qos, towards_server, resets);
        transport::memory_direction cut;
        if (resets) cut.reset_after(at);
        else cut.eof_after(at);
        cut_run one{3, qos, version};
        one.run(towards_server ? transport::memory_options{}.first_to_second(cut) : transport::memory_options{}.second_to_first(cut));

        REQUIRE(one.ends == std::vector<error_code>(3));
        REQUIRE(one.arrived.size() == 3);
        for (auto const& [text, times] : one.arrived) {
            if (qos == qos_2) REQUIRE(times == 1);
            else REQUIRE(times <= 2);
        }
        if (!one.lost) {
            REQUIRE(at >= 16);                                     // CONNACK and three acknowledgements at least fitted
            break;
        }
    }
}

TEST_CASE("messages to the client survive a cut after any byte", "[lib][wire][MQTT-4.4.0-1][MQTT-4.3.3-10]") {
    auto const qos = GENERATE(qos_1, qos_2);
    for (std::size_t at = 20; at < 90; ++at) {
        CAPTURE(at, qos);
        world                              w;
        std::map<std::string, std::size_t> got;
        client                             c(w.io, lasting_lamp());
        c.on_message([&](received_message const& m) { ++got[std::string(m.text())]; });
        w.connect(c);
        w.subscribe(c, subscribe_list{"t", qos});
        w.disconnect(c);

        client other(w.io, connect_options{}.client_id("other"));
        w.connect(other);
        for (auto const* text : {"1", "2", "3"}) w.run(w.start_publish(other, "t", text, publish_options{}.qos(qos)));
        w.disconnect(other);

        auto const fault = transport::memory_direction{}.reset_after(at);
        auto const first = w.start_connect(c, transport::memory_options{}.second_to_first(fault));
        REQUIRE(w.run_until([&] { return w.server.deliveries_done == 3 || (first.is_done() && !c.is_connected()); }));
        if (!c.is_connected()) {
            REQUIRE(w.run_until([&] { return w.server.connections() == 0; }));
            auto const result = w.connect(c);
            CHECK(result.session_present());
        }
        REQUIRE(w.run_until([&] { return w.server.deliveries_done == 3; }));

        REQUIRE(got.size() == 3);
        for (auto const& each : got)
            if (qos == qos_2) REQUIRE(each.second == 1);
    }
}

TEST_CASE("a burst of messages leaves in few writes", "[lib][wire]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);

    for (int i = 0; i < 1000; ++i) REQUIRE(c.publish("t", "x", publish_options{}.qos(i % 2 == 0 ? qos_0 : qos_1)));
    auto const before = w.server.writes();
    REQUIRE(w.run_until([&] { return w.server.arrivals.size() == 1000 && c.unacknowledged() == 0; }));
    auto const chunks = w.server.writes() - before;

    CHECK(chunks > 0);
    CHECK(chunks <= 10);
}

TEST_CASE("what one turn produced leaves in one write", "[lib][wire]") {
    struct quiet : connection_owner {
        void on_event(session::any_event const&) override {}
        void on_ended(error_code) override { ended = true; }
        bool ended = false;
    };
    world w;
    auto [ours, theirs] = transport::make_memory_pair(w.ex());
    w.server.serve(std::move(theirs));
    quiet                            owner;
    auto const                       session = std::make_shared<session::state>();
    connection                       link(std::move(ours), session::role::client, {});
    link.keep(session);
    packet::connect hello;
    hello.client_id = "x";
    REQUIRE(link.engine().connect(hello, *session, connection::now()));
    link.start(owner);
    REQUIRE(w.run_until([&] { return link.engine().where() == session::phase::open; }));
    REQUIRE(link.writes() == 1);

    for (int i = 0; i < 1000; ++i) {
        packet::publish p;
        p.topic = "t";
        p.qos = i % 2 == 0 ? qos_0 : qos_1;
        REQUIRE(link.engine().publish(p, connection::now()));
        link.flush();
    }
    REQUIRE(w.run_until([&] { return w.server.arrivals.size() == 1000; }));

    CHECK(link.writes() <= 3);
    link.close();
    REQUIRE(w.run_until([&] { return owner.ended; }));
}

TEST_CASE("a client that does not take its messages stops the server and not itself", "[lib][wire]") {
    world  w;
    client c(w.io, lamp().incoming_queue(10, 1U << 20U));
    w.connect(c);
    w.subscribe(c, subscribe_list{"t", qos_0});
    std::string const big(2'000, 'x');
    for (int i = 0; i < 400; ++i) w.server.send_all("t", big);
    w.settle();
    auto const [inside, left] = std::pair{w.server.output_size(), w.server.connections()};
    CHECK(inside > 400'000);                                       // most of it never left the server
    CHECK(left == 1);

    std::size_t got = 0;
    while (got < 400) {
        CHECK(w.receive(c).text().size() == big.size());
        ++got;
    }
    CHECK(w.server.output_size() == 0);
}

TEST_CASE("QoS 0 publishing waits for room in the output", "[lib][wire]") {
    world                     w;
    transport::memory_control steer;
    auto                      how = lamp();
    session::settings         small;
    small.max_output = 4'096;
    client c(w.io, how.settings(small));
    auto const connected = w.start_connect(c, transport::memory_options{}.control(steer).both(transport::memory_direction{}.capacity(512)));
    w.run(connected);
    steer.stall(transport::direction::first_to_second);

    std::vector<publish_outcome> published;
    for (int i = 0; i < 100; ++i) published.push_back(w.start_publish(c, "t", std::string(200, 'x'), publish_options{}.qos(qos_0)));
    w.settle();
    auto const done = [&] { return std::count_if(published.begin(), published.end(), [](auto const& each) { return each.is_done(); }); };
    CHECK(done() < 60);
    CHECK(c.publish("t", "x", publish_options{}.qos(qos_0)).error() == session::refusal::queue_full);

    steer.release(transport::direction::first_to_second);
    REQUIRE(w.run_until([&] { return done() == 100; }));
    for (auto const& each : published) CHECK_FALSE(each.ec());
    REQUIRE(w.run_until([&] { return w.server.arrivals.size() == 100; }));
}

TEST_CASE("a tap sees every packet whole and in order", "[lib][wire]") {
    world                                           w;
    std::vector<std::pair<direction, packet_type>>  seen;
    client                                          c(w.io, lamp());
    c.tap([&](direction which, bytes_view frame) {
        auto const size = frame.size();
        REQUIRE(size >= 2);
        seen.emplace_back(which, static_cast<packet_type>(std::to_integer<unsigned>(frame[0]) >> 4U));
    });
    auto const split = transport::memory_direction{}.split(1);
    w.run(w.start_connect(c, transport::memory_options{}.both(split)));
    w.run(w.start_publish(c, "a", std::string(200, 'x'), publish_options{}.qos(qos_2)));
    w.disconnect(c);

    using enum packet_type;
    auto const out = direction::sent;
    auto const in = direction::received;
    CHECK(seen == std::vector<std::pair<direction, packet_type>>{{out, connect}, {in, connack}, {out, publish}, {in, pubrec}, {out, pubrel},
                                                                 {in, pubcomp}, {out, packet_type::disconnect}});
}
