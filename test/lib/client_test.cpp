// The client's operations against a small server: what completes, with what, and in which order.
#include <aldis/codec/decode.hpp>
#include <aldis/codec/frame.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

property_list words(std::string_view text) { return property_list{}.add<property_id::reason_string>(text); }

} // namespace

TEST_CASE("a client connects and says what holds then", "[lib][client]") {
    auto const version = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    world  w;
    client c(w.io, lamp(version).keep_alive(10s));

    auto const result = w.connect(c);

    CHECK(c.is_connected());
    CHECK_FALSE(result.session_present());
    CHECK(result.reason() == reason_code::success);
    CHECK(result.client_id() == "lamp");
    CHECK(result.keep_alive() == 10);
    CHECK(w.server.connects == std::vector<std::string>{"lamp"});
    CHECK_FALSE(w.disconnect(c));
    CHECK_FALSE(c.is_connected());
    CHECK(w.server.ends == std::vector{session::event::closed::by::peer});
}

TEST_CASE("what the server says in CONNACK reaches the caller", "[lib][client]") {
    world w;
    w.server.settings.own.receive_maximum = 7;
    w.server.settings.own.maximum_qos = qos_1;
    w.server.connack_props.add<property_id::server_keep_alive>(33).add<property_id::user_property>({"region", "north"});
    client c(w.io, connect_options{});

    auto const result = w.connect(c);

    CHECK(result.client_id() == "made-up-1");
    CHECK(result.keep_alive() == 33);
    CHECK(result.limits().receive_maximum == 7);
    CHECK(result.limits().maximum_qos == qos_1);
    CHECK(result.props().view().get<property_id::user_property>()->value == "north");
    CHECK(c.connected_as().client_id() == "made-up-1");
    auto const refused = w.start_publish(c, "a", "b", publish_options{}.qos(qos_2));
    w.run(refused);
    CHECK(refused.ec() == error::qos_not_supported);
    CHECK(refused.ec() == condition::not_supported);
}

TEST_CASE("a refused connection brings the server's reason and words", "[lib][client]") {
    world w;
    w.server.refuse_connect = reason_code::not_authorized;
    w.server.connack_props = words("not today");
    client c(w.io, lamp());

    auto const done = w.start_connect(c);
    w.run(done);

    CHECK(done.ec() == reason_code::not_authorized);
    CHECK(done.ec() == condition::refused);
    CHECK(done.ec() == condition::not_authorized);
    CHECK(done.value().reason() == reason_code::not_authorized);
    CHECK(done.value().reason_string() == "not today");
    CHECK_FALSE(c.is_connected());

    w.server.refuse_connect.reset();
    w.server.connack_props.clear();
    w.connect(c);
}

TEST_CASE("options reach the server", "[lib][client]") {
    world  w;
    auto   options = lamp().session_expiry(2h).receive_maximum(5).maximum_packet_size(1000).topic_alias_maximum(3).user_property("a", "b");
    client c(w.io, options);

    w.connect(c);

    auto const expected = property_list{}.add<property_id::user_property>({"a", "b"}).add<property_id::session_expiry_interval>(7200)
                              .add<property_id::receive_maximum>(5).add<property_id::maximum_packet_size>(1000)
                              .add<property_id::topic_alias_maximum>(3);
    CHECK(bytes_view(w.server.connect_props.at(0)) == expected.view().wire());
}

TEST_CASE("messages of every QoS go out and come back", "[lib][client]") {
    auto const version = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    auto const qos = GENERATE(qos_0, qos_1, qos_2);
    world  w;
    client c(w.io, lamp(version));
    w.connect(c);

    auto const subscribed = w.subscribe(c, subscribe_list{"lamp/+", qos});
    auto const published = w.start_publish(c, "lamp/1", "on", publish_options{}.qos(qos));
    auto const received = w.receive(c);
    w.run(published);

    CHECK(subscribed.codes() == std::vector{static_cast<reason_code>(qos)});
    CHECK_FALSE(published.ec());
    CHECK(received.topic() == "lamp/1");
    CHECK(received.text() == "on");
    CHECK(received.qos() == qos);
    CHECK_FALSE(received.retain());
    CHECK_FALSE(received.dup());
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == (qos == qos_0 ? 0U : 1U); }));
    CHECK(c.unacknowledged() == 0);
    CHECK(w.server.arrivals.size() == 1);
}

TEST_CASE("properties of a message arrive with it", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    w.subscribe(c, "q");

    auto const how = publish_options{}.content_type("text/plain").response_topic("r").correlation_data("77").text(true)
                         .user_property("k", "v").expiry(100s);
    w.start_publish(c, "q", "question", how);
    auto const m = w.receive(c);

    CHECK(m.content_type() == "text/plain");
    CHECK(m.response_topic() == "r");
    CHECK(to_text(m.correlation_data()) == "77");
    CHECK(m.props().get<property_id::payload_format_indicator>() == 1);
    CHECK(m.props().get<property_id::user_property>()->name == "k");
}

TEST_CASE("a refused publish is an error with the server's reason and words", "[lib][client]") {
    auto const qos = GENERATE(qos_1, qos_2);
    world w;
    w.server.refuse_publish = reason_code::quota_exceeded;
    w.server.ack_props = words("enough");
    client c(w.io, lamp());
    w.connect(c);

    auto const done = w.start_publish(c, "a", "b", publish_options{}.qos(qos));
    w.run(done);

    CHECK(done.ec() == reason_code::quota_exceeded);
    CHECK(done.ec() == condition::refused);
    CHECK(done.value().reason() == reason_code::quota_exceeded);
    CHECK(done.value().reason_string() == "enough");
    CHECK(done.ec().message().find("Quota exceeded (0x97)") != std::string::npos);
}

TEST_CASE("many filters are subscribed at once and each has its answer", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);

    subscribe_outcome done;
    c.async_subscribe(subscribe_list{"a", qos_0}.add("forbidden/x").add(subscription{.filter = "b/#", .qos = qos_2, .no_local = true}),
                      done.handler());
    w.run(done);

    CHECK(done.ec() == reason_code::not_authorized);
    CHECK(done.value().codes() == std::vector{reason_code::success, reason_code::not_authorized, reason_code::granted_qos_2});
    CHECK(done.value().refused() == 1);

    subscribe_outcome undone;
    c.async_unsubscribe(unsubscribe_list{"a"}.add("never-had"), undone.handler());
    w.run(undone);
    CHECK_FALSE(undone.ec());
    CHECK(undone.value().codes() == std::vector{reason_code::success, reason_code::no_subscription_existed});
}

TEST_CASE("wrong arguments are told before anything is sent", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    auto const fails_with = [&](auto start, codec::errc why) {
        auto const ec = start();
        CHECK(ec == bad_argument(why));
        CHECK(ec == condition::local_misuse);
        CHECK(c.is_connected());
    };
    auto const subscribe = [&](subscribe_list to) {
        subscribe_outcome done;
        c.async_subscribe(std::move(to), done.handler());
        CHECK_FALSE(done.is_done());
        w.run(done);
        return done.ec();
    };
    auto const publish = [&](std::string_view topic, publish_options const& how) {
        auto const done = w.start_publish(c, topic, "x", how);
        CHECK_FALSE(done.is_done());
        w.run(done);
        return done.ec();
    };

    fails_with([&] { return subscribe("a/#/b"); }, codec::errc::filter_invalid);
    fails_with([&] { return subscribe(""); }, codec::errc::filter_empty);
    fails_with([&] { return subscribe(subscribe_list{}); }, codec::errc::no_filters);
    fails_with([&] { return publish("a/+", {}); }, codec::errc::topic_wildcard);
    fails_with([&] { return publish("", {}); }, codec::errc::topic_empty);
    fails_with([&] { return publish("a\xff", {}); }, codec::errc::utf8_invalid);
    fails_with([&] { return publish("a", publish_options{}.user_property("\xc0", "v")); }, codec::errc::utf8_invalid);
    CHECK_FALSE(c.publish("a/+", "x", publish_options{}.qos(qos_0)));
    CHECK(w.server.arrivals.empty());
}

TEST_CASE("properties cannot be said in 3.1.1", "[lib][client]") {
    world  w;
    client c(w.io, lamp(protocol::v3_1_1));
    w.connect(c);

    auto const done = w.start_publish(c, "a", "b", publish_options{}.user_property("k", "v"));
    w.run(done);

    CHECK(done.ec() == bad_argument(codec::errc::not_expressible));
    auto const refused = c.publish("a", "b", publish_options{}.qos(qos_0).user_property("k", "v"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == session::refusal::invalid);
}

TEST_CASE("options that cannot be are told before anything is sent", "[lib][client]") {
    world w;
    auto const fails = [&](connect_options options) {
        client          c(w.io, std::move(options));
        connect_outcome done;
        c.async_connect(w.wire(), done.handler());
        CHECK_FALSE(done.is_done());
        w.run(done);
        return done.ec();
    };

    CHECK(fails(lamp().keep_alive(70'000s)) == error::invalid);
    CHECK(fails(connect_options{}.version(protocol::v3_1_1).session_expiry(never)) == bad_argument(codec::errc::client_id_empty));
    CHECK(fails(lamp().will(will_message("a/#"))) == bad_argument(codec::errc::topic_wildcard));
    CHECK(fails(lamp().user_property("a", "\xff")) == bad_argument(codec::errc::utf8_invalid));
    CHECK(fails(lamp(protocol::v3_1_1).user_property("a", "b")) == condition::local_misuse);
    CHECK(w.server.connects.empty());
}

TEST_CASE("an address that cannot be read is told", "[lib][client]") {
    world           w;
    client          c(w.io, connect_options{"mqtt://host:notaport"});
    connect_outcome done;

    c.async_connect(done.handler());
    w.run(done);

    CHECK(done.ec() == transport::errc::uri_port_bad);
    CHECK(done.ec() == condition::local_misuse);
}

TEST_CASE("one connection at a time", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    auto const first = w.start_connect(c);

    auto const second = w.start_connect(c);
    w.run(first);
    w.run(second);

    CHECK_FALSE(first.ec());
    CHECK(second.ec() == error::already_connected);
    auto const third = w.start_connect(c);
    w.run(third);
    CHECK(third.ec() == error::already_connected);
    CHECK(c.is_connected());
}

TEST_CASE("without a connection operations say so", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    subscribe_outcome  subscribed, unsubscribed;
    disconnect_outcome disconnected;
    c.async_subscribe("a", subscribed.handler());
    c.async_unsubscribe("a", unsubscribed.handler());
    c.async_disconnect(disconnected.handler());
    auto const received = w.start_receive(c);
    auto const published = w.start_publish(c, "a", "b", publish_options{}.qos(qos_0));
    w.settle();

    CHECK(subscribed.ec() == error::not_connected);
    CHECK(unsubscribed.ec() == error::not_connected);
    CHECK(disconnected.ec() == error::not_connected);
    CHECK(received.ec() == error::not_connected);
    CHECK(published.ec() == error::not_connected);
    auto const refused = c.publish("a", "b", publish_options{}.qos(qos_0));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == session::refusal::not_connected);
}

TEST_CASE("QoS 1 and 2 messages may be published before the first connection", "[lib][client]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const options = GENERATE(lamp, lasting_lamp)(version);
    world  w;
    client c(w.io, options);
    auto const one = w.start_publish(c, "a", "1");
    auto const two = w.start_publish(c, "a", "2", publish_options{}.qos(qos_2));
    auto const plain = c.publish("a", "3");
    REQUIRE(plain);
    CHECK(c.unacknowledged() == 3);

    w.connect(c);
    w.run(one);
    w.run(two);
    REQUIRE(w.run_until([&] { return c.unacknowledged() == 0; }));

    CHECK_FALSE(one.ec());
    CHECK_FALSE(two.ec());
    REQUIRE(w.server.arrivals.size() == 3);
    CHECK(w.server.arrivals[0].text == "1");
    CHECK(w.server.arrivals[1].text == "2");
    CHECK(w.server.arrivals[2].text == "3");
}

TEST_CASE("the end of messages published without a handler is told by number", "[lib][client]") {
    world  w;
    client c(w.io, lamp());
    std::vector<std::pair<session::delivery_no, error_code>> ends;
    c.on_delivered([&](session::delivery_no no, error_code ec, publish_result const&) { ends.emplace_back(no, ec); });
    w.connect(c);

    auto const first = c.publish("a", "1");
    w.server.refuse_publish.reset();
    auto const second = c.publish("a", "2", publish_options{}.qos(qos_2));
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(w.run_until([&] { return ends.size() == 2; }));

    CHECK(ends[0] == std::pair{*first, error_code{}});
    CHECK(ends[1] == std::pair{*second, error_code{}});
}

TEST_CASE("the will is published when the connection is cut and not when the client leaves", "[lib][client]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world w;
    std::vector<byte_buffer> frames;
    auto options = lamp(version).will(will_message("gone", "lamp").qos(qos_1).retain(true)).user_name("me").password("secret");
    client c(w.io, options);
    c.tap([&](direction which, bytes_view frame) {
        if (which == direction::sent) frames.emplace_back(frame.begin(), frame.end());
    });
    w.connect(c);

    auto const frame = codec::next_frame(frames.at(0), max_packet_size);
    REQUIRE(frame);
    auto const connect = codec::decode_as<packet::connect>(**frame, {version, sender::client});
    REQUIRE(connect);
    REQUIRE(connect->last_will);
    CHECK(connect->last_will->topic == "gone");
    CHECK(to_text(connect->last_will->payload) == "lamp");
    CHECK(connect->last_will->qos == qos_1);
    CHECK(connect->last_will->retain);
    CHECK(connect->user_name == "me");
    CHECK(to_text(*connect->password) == "secret");
    CHECK(connect->version == version);
    CHECK(connect->clean_start);
    CHECK(connect->keep_alive == 60);
}
