// The client against Debian's mosquitto, and through it against Paho, both versions, every QoS.
#include <memory>
#include <set>

#include "broker_world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("mosquitto passes messages of every QoS on", "[interop][mosquitto]") {
    auto const   version = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    broker_world w;
    client       c(w.io, w.options("lamp", version));
    auto const   connected = w.dial(c);
    CHECK_FALSE(connected.session_present());
    CHECK(w.subscribe(c, subscribe_list{"a/#", qos_2}.add("b/+", qos_1)).codes() ==
          std::vector{reason_code::granted_qos_2, reason_code::granted_qos_1});

    for (auto const qos : {qos_0, qos_1, qos_2})
        for (auto const size : {std::size_t{0}, std::size_t{5}, std::size_t{200'000}}) {
            auto const payload = std::string(size, 'x');
            auto const done = w.start_publish(c, "a/b/c", payload, publish_options{}.qos(qos));
            auto const m = w.receive(c);
            w.run(done);
            CHECK_FALSE(done.ec());
            CHECK(m.topic() == "a/b/c");
            CHECK(m.qos() == qos);
            CHECK(m.text() == payload);
        }
    unsubscribe_list const both = unsubscribe_list{"a/#"}.add("b/+");
    subscribe_outcome      undone;
    c.async_unsubscribe(both, undone.handler());
    w.run(undone);
    CHECK_FALSE(undone.ec());
    CHECK_FALSE(w.disconnect(c));
}

TEST_CASE("mosquitto passes properties on", "[interop][mosquitto]") {
    broker_world w;
    client       c(w.io, w.options("", protocol::v5).topic_alias_maximum(5));
    auto const   connected = w.dial(c);
    CHECK_FALSE(connected.client_id().empty());
    w.subscribe(c, subscribe_list{"q"}.identifier(77));

    auto const how = publish_options{}.content_type("text/plain").response_topic("r").correlation_data("9").text(true)
                         .user_property("k", "v").user_property("k", "w").expiry(60s);
    for (int i = 0; i < 3; ++i) w.run(w.start_publish(c, "q", "question", how));
    for (int i = 0; i < 3; ++i) {
        auto const m = w.receive(c);
        CHECK(m.topic() == "q");
        CHECK(m.content_type() == "text/plain");
        CHECK(m.response_topic() == "r");
        CHECK(to_text(m.correlation_data()) == "9");
        CHECK(m.subscription_identifiers() == std::vector<std::uint32_t>{77});
        std::vector<std::string> values;
        for (auto const& each : m.props())
            if (each.id == property_id::user_property) values.emplace_back(each.pair.value);
        CHECK(values == std::vector<std::string>{"v", "w"});
    }
    auto const nobody = w.start_publish(c, "nobody/listens", "x");
    w.run(nobody);
    CHECK_FALSE(nobody.ec());
    CHECK(nobody.value().reason() == reason_code::no_matching_subscribers);
}

TEST_CASE("a session on mosquitto outlives a cut connection", "[interop][mosquitto]") {
    auto const   version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const   qos = GENERATE(qos_1, qos_2);
    broker_world w;
    client       c(w.io, w.options("lasting", version).session_expiry(1h));
    client       other(w.io, w.options("other", version));
    w.dial(c);
    w.dial(other);
    w.subscribe(c, subscribe_list{"t", qos});
    c.close();
    for (auto const* text : {"1", "2", "3"}) w.run(w.start_publish(other, "t", text, publish_options{}.qos(qos)));

    CHECK(w.dial(c).session_present());
    for (auto const* text : {"1", "2", "3"}) CHECK(w.receive(c).text() == text);
}

TEST_CASE("mosquitto keeps retained messages and publishes wills", "[interop][mosquitto]") {
    auto const   version = GENERATE(protocol::v3_1_1, protocol::v5);
    broker_world w;
    auto         mortal = std::make_unique<client>(w.io, w.options("mortal", version).will(will_message("gone", "mortal").qos(qos_1)));
    client       c(w.io, w.options("watcher", version));
    w.dial(*mortal);
    w.dial(c);
    w.run(w.start_publish(c, "kept", "state", publish_options{}.retain(true)));
    w.subscribe(c, subscribe_list{"gone"}.add("kept"));
    auto const kept = w.receive(c);
    CHECK(kept.topic() == "kept");
    CHECK(kept.retain());

    mortal.reset();
    auto const gone = w.receive(c);
    CHECK(gone.topic() == "gone");
    CHECK(gone.text() == "mortal");
}

TEST_CASE("thousands of messages go through mosquitto with many under way", "[interop][mosquitto]") {
    auto const   qos = GENERATE(qos_1, qos_2);
    broker_world w;
    client       c(w.io, w.options("busy", protocol::v5));
    std::size_t  got = 0;
    c.on_message([&](received_message const&) { ++got; });
    w.dial(c);
    w.subscribe(c, subscribe_list{"t", qos});

    for (std::size_t i = 0; i < 3'000; ++i) {
        REQUIRE(c.publish("t", "0123456789", publish_options{}.qos(qos)));
        if (i % 500 == 499) REQUIRE(w.run_until([&] { return got == i + 1; }));
    }
    CHECK(w.run_until([&] { return c.unacknowledged() == 0; }));
}

TEST_CASE("a message goes to Paho and back", "[interop][paho]") {
    auto const   ours = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const   theirs = GENERATE(protocol::v3_1_1, protocol::v5);
    broker_world w;
    REQUIRE(std::string_view(ALDIS_PAHO_PYTHON).find("NOTFOUND") == std::string_view::npos);
    process      paho({ALDIS_PAHO_PYTHON, ALDIS_PAHO_ECHO, w.port(), theirs == protocol::v5 ? "5" : "311"});
    client       c(w.io, w.options("lamp", ours));
    w.dial(c);
    w.subscribe(c, subscribe_list{"from/paho/#", qos_2}.add("paho/ready"));
    REQUIRE(w.receive(c).text() == "ready");

    for (auto const qos : {qos_0, qos_1, qos_2}) {
        auto how = publish_options{}.qos(qos);
        if (ours == protocol::v5) how.user_property("k", "v");
        auto const done = w.start_publish(c, "to/paho/x", "hello", how);
        auto const m = w.receive(c);
        w.run(done);
        CHECK(m.topic() == "from/paho/x");
        CHECK(m.text() == "hello");
        CHECK(m.qos() == qos);
        if (ours == protocol::v5 && theirs == protocol::v5) CHECK(m.props().get<property_id::user_property>()->value == "v");
    }
    w.run(w.start_publish(c, "to/paho/stop", ""));
    CHECK(w.receive(c).text().empty());
}
