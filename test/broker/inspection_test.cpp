// What a broker tells of itself, and what its program does beside the network.
#include <aldis/broker.hpp>
#include <lib/world.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

class joined_world : public world {
public:
    broker made{io, broker_options{}.limits(broker_limits{}.max_retained_messages(30))};

    void join(client& c) {
        connect_outcome done;
        c.async_connect(made.connect(), done.handler());
        run(done);
        REQUIRE_FALSE(done.ec());
    }
};

connect_options named(std::string id) { return connect_options{}.client_id(std::move(id)); }

} // namespace

TEST_CASE("sessions and subscriptions can be looked at, with and without a connection", "[broker]") {
    joined_world w;
    client       lamp(w.io, named("lamp").session_expiry(1h).user_name("ada"));
    w.join(lamp);
    w.subscribe(lamp, subscribe_list{"a/#", qos_1}.add("$share/g/b", qos_2));
    auto const here = w.made.session("lamp");
    REQUIRE(here);
    CHECK(here->is_connected);
    CHECK(here->user_name == "ada");
    CHECK(here->version == protocol::v5);
    CHECK(here->subscriptions == 2);
    CHECK_FALSE(here->ends_in);
    auto const filters = w.made.subscriptions("lamp");
    REQUIRE(filters.size() == 2);
    CHECK(filters[0].filter == "a/#");
    CHECK(filters[0].qos == qos_1);
    CHECK(filters[1].filter == "$share/g/b");
    CHECK(w.made.subscriptions("nobody").empty());

    CHECK_FALSE(w.disconnect(lamp));
    REQUIRE(w.run_until([&] { return !w.made.session("lamp")->is_connected; }));
    CHECK_FALSE(w.made.publish("a/1", "waits", publish_options{}.qos(qos_1)));
    auto const away = w.made.session("lamp");
    CHECK(away->queued_messages == 1);
    CHECK(away->ends_in > 59min);
    CHECK(away->address.empty());
    CHECK(w.made.sessions().size() == 1);
    CHECK_FALSE(w.made.session("nobody"));
}

TEST_CASE("the program publishes without a session, and hears what is wrong with a topic", "[broker]") {
    joined_world w;
    client       lamp(w.io, named("lamp"));
    auto const   own_topics = w.made.metrics().retained_messages;
    w.join(lamp);
    w.subscribe(lamp, subscribe_list{"t/#", qos_2});
    CHECK_FALSE(w.made.publish("t/1", "hello", publish_options{}.qos(qos_1).retain(true).user_property("a", "1")));
    auto const m = w.receive(lamp);
    CHECK(m.text() == "hello");
    CHECK(m.qos() == qos_1);
    CHECK(m.props().has(property_id::user_property));
    CHECK(w.made.publish("t/+", "x") == condition::local_misuse);
    for (int i = 0; i < 40; ++i) (void)w.made.publish("r/" + std::to_string(i), "x", publish_options{}.retain(true));
    CHECK(w.made.publish("r/full", "x", publish_options{}.retain(true)) == reason_code::quota_exceeded);
    CHECK(w.made.metrics().retained_messages == own_topics + 30);
}

TEST_CASE("a client can be sent away, and a session ended", "[broker]") {
    joined_world              w;
    client                    lamp(w.io, named("lamp").session_expiry(1h));
    std::optional<reason_code> told;
    lamp.on_disconnected([&](error_code ec, disconnect_result const&) { told = reason_of(ec); });
    w.join(lamp);
    CHECK(w.made.disconnect("lamp"));
    REQUIRE(w.run_until([&] { return told.has_value(); }));
    CHECK(told == reason_code::administrative_action);
    CHECK_FALSE(w.made.disconnect("lamp"));
    CHECK(w.made.session("lamp"));
    CHECK(w.made.remove_session("lamp"));
    CHECK_FALSE(w.made.session("lamp"));
    CHECK_FALSE(w.made.remove_session("lamp"));
    told.reset();
    w.join(lamp);
    CHECK(w.made.remove_session("lamp"));
    REQUIRE(w.run_until([&] { return told.has_value(); }));
    CHECK(w.made.metrics().sessions == 0);
}

TEST_CASE("counters add up, and what is open is nothing when all have gone", "[broker]") {
    joined_world w;
    {
        client a(w.io, named("a")), b(w.io, named("b"));
        w.join(a);
        w.join(b);
        w.subscribe(a, subscribe_list{"t", qos_1});
        auto const done = w.start_publish(b, "t", "12345", publish_options{}.qos(qos_1));
        w.run(done);
        CHECK(w.receive(a).text() == "12345");
        auto const m = w.made.metrics();
        CHECK(m.clients == 2);
        CHECK(m.connections == 2);
        CHECK(m.messages_received == 1);
        CHECK(m.payload_received == 5);
        CHECK(m.payload_sent >= 5);
        CHECK(m.subscriptions == 1);
        CHECK(m.bytes_received > 40);
        CHECK(m.bytes_sent > 40);
        w.disconnect(a);
        w.disconnect(b);
    }
    REQUIRE(w.run_until([&] { return w.made.metrics().connections == 0; }));
    auto const m = w.made.metrics();
    CHECK(m.clients == 0);
    CHECK(m.clients_maximum == 2);
    CHECK(m.connections_accepted == 2);
    CHECK(m.sessions == 0);
    CHECK(m.subscriptions == 0);
}

TEST_CASE("packets are counted on their way", "[broker][sys]") {
    world  w;
    broker made(w.io, broker_options{}.sys_interval(std::chrono::seconds{1}));
    client reader(w.io, connect_options{}.client_id("reader"));

    connect_outcome in;
    reader.async_connect(made.connect(), in.handler());
    w.run(in);
    REQUIRE_FALSE(in.ec());
    w.subscribe(reader, subscribe_list{"$SYS/broker/messages/received", qos_0});
    std::string text(w.receive(reader).text());
    if (text != "2") text = w.receive(reader).text();              // retained before, or not
    CHECK(text == "2");                                            // CONNECT and SUBSCRIBE
}

TEST_CASE("a tap of a connection is shown its packets of both directions, one connection at a time", "[broker]") {
    world                                                              w;
    std::vector<std::pair<std::string, std::vector<packet_type>>>      seen;
    broker made{w.io, broker_options{}.tap([&](transport::stream_facts const&) -> tap_handler {
        if (seen.size() == 2) return nullptr;
        auto const at = seen.size();
        seen.emplace_back();
        return [&seen, at](direction way, bytes_view frame) {
            seen[at].first += way == direction::received ? '>' : '<';
            seen[at].second.push_back(static_cast<packet_type>(std::to_integer<unsigned>(frame[0]) >> 4U));
        };
    })};
    client lamp(w.io, named("lamp")), desk(w.io, named("desk")), unseen(w.io, named("unseen"));
    for (auto* const each : {&lamp, &desk, &unseen}) {
        connect_outcome done;
        each->async_connect(made.connect(), done.handler());
        w.run(done);
        REQUIRE_FALSE(done.ec());
    }
    auto const sent = w.start_publish(lamp, "t", std::string(100'000, 'x'), publish_options{}.qos(qos_1));
    w.run(sent);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].first == "><><");
    CHECK(seen[0].second == std::vector{packet_type::connect, packet_type::connack, packet_type::publish, packet_type::puback});
    CHECK(seen[1].first == "><");
}
