// Messages through a broker: who gets them, how, and in which order; retained ones; wills.
#include "guests.hpp"

using namespace aldis;
using namespace aldis::test;
using texts = std::vector<std::string>;

namespace {

constexpr auto qos_0 = qos_level::at_most_once;
constexpr auto qos_1 = qos_level::at_least_once;
constexpr auto qos_2 = qos_level::exactly_once;

entrance of(protocol version) {
    entrance how;
    how.version = version;
    return how;
}

packet::will will_of(std::string_view topic, std::string_view text) {
    packet::will made;
    made.topic = topic;
    made.payload = to_bytes(text);
    made.qos = qos_level::at_least_once;
    return made;
}

} // namespace

TEST_CASE("a subscriber gets a message at the lower of both QoS", "[broker][MQTT-3.8.4-8][MQTT-3.3.2-3][MQTT-3.2.2-10][v3-MQTT-3.8.4-6][v3-MQTT-3.3.2-3]") {
    house h;
    auto const from = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    auto const to = GENERATE(protocol::v3_1, protocol::v3_1_1, protocol::v5);
    auto& writer = h.enter("writer", of(from));
    auto& reader = h.enter("reader", of(to));
    for (auto const granted : {qos_0, qos_1, qos_2}) {
        reader.subscribe("a/+", granted);
        CHECK(reader.codes == std::vector{static_cast<reason_code>(granted)});
        for (auto const sent : {qos_0, qos_1, qos_2}) {
            writer.publish("a/b", "x", sent);
            REQUIRE(reader.got.size() == 1);
            CHECK(reader.got[0].topic == "a/b");
            CHECK(reader.got[0].qos == std::min(sent, granted));
            CHECK_FALSE(reader.got[0].retain);
            reader.got.clear();
        }
    }
    writer.publish("b/b", "x");
    CHECK(reader.got.empty());
}

TEST_CASE("properties reach all receivers unchanged and in their order", "[broker][MQTT-3.3.2-4][MQTT-3.3.2-15][MQTT-3.3.2-16][MQTT-3.3.2-17][MQTT-3.3.2-18][MQTT-3.3.2-20]") {
    house h;
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    reader.subscribe("t");
    property_list props;
    props.add<property_id::user_property>({"b", "1"}).add<property_id::user_property>({"a", "2"}).add<property_id::user_property>({"b", "0"});
    props.add<property_id::payload_format_indicator>(1).add<property_id::content_type>("text/plain");
    props.add<property_id::response_topic>("answers").add<property_id::correlation_data>(to_bytes("#7"));
    writer.publish("t", "x", qos_1, false, props);
    REQUIRE(reader.got.size() == 1);
    CHECK(reader.got[0].props == "b=1;a=2;b=0;");
}

TEST_CASE("overlapping subscriptions bring one copy with all identifiers", "[broker][MQTT-3.3.4-2][MQTT-3.3.4-3][MQTT-3.3.4-4]") {
    house h;
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    reader.subscribe("a/#", qos_0, 7);
    reader.subscribe("a/+", qos_2, 9);
    writer.publish("a/b", "x", qos_1);
    REQUIRE(reader.got.size() == 1);
    std::sort(reader.got[0].ids.begin(), reader.got[0].ids.end());
    CHECK(reader.got[0].ids == std::vector<std::uint32_t>{7, 9});
    CHECK(reader.got[0].qos == qos_1);
}

TEST_CASE("no local and retain as published are kept to", "[broker][MQTT-3.8.3-3][MQTT-3.3.1-12][MQTT-3.3.1-13][v3-MQTT-3.3.1-9]") {
    house h;
    auto& one = h.enter("one");
    auto& two = h.enter("two");
    subscription wanted;
    wanted.filter = "t";
    wanted.no_local = true;
    wanted.retain_as_published = true;
    one.subscribe(wanted);
    two.subscribe("t");
    one.publish("t", "1", qos_0, true);
    CHECK(one.got.empty());
    REQUIRE(two.got.size() == 1);
    CHECK_FALSE(two.got[0].retain);
    two.publish("t", "2", qos_0, true);
    REQUIRE(one.got.size() == 1);
    CHECK(one.got[0].retain);
}

TEST_CASE("the publisher is told when nobody wanted it", "[broker]") {
    house h;
    auto& writer = h.enter("writer");
    writer.publish("t", "x", qos_1);
    writer.publish("t", "x", qos_2);
    h.enter("reader").subscribe("t");
    writer.publish("t", "x", qos_1);
    using enum reason_code;
    CHECK(writer.answers == std::vector{no_matching_subscribers, no_matching_subscribers, success});
}

TEST_CASE("those of one publisher stay in their order", "[broker][MQTT-4.6.0-5][MQTT-4.6.0-6][v3-MQTT-4.6.0-5][v3-MQTT-4.6.0-6]") {
    house h;
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    auto const qos = GENERATE(qos_0, qos_1, qos_2);
    reader.subscribe("t", qos);
    texts sent;
    for (int i = 0; i < 200; ++i) {
        sent.push_back(std::to_string(i));
        writer.publish("t", sent.back(), qos);
    }
    CHECK(reader.texts() == sent);
}

TEST_CASE("topics that begin with a dollar are kept from wildcards, and SYS from writers", "[broker][MQTT-4.7.2-1]") {
    house h;
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    reader.subscribe("#");
    writer.publish("$internal/x", "1", qos_1);
    writer.publish("$SYS/broker/version", "mine", qos_1, true);
    CHECK(reader.got.empty());
    CHECK(writer.answers == std::vector{reason_code::no_matching_subscribers, reason_code::not_authorized});
    CHECK(h.core.retained().size() == 0);
}

TEST_CASE("a message that has expired is nobody's", "[broker][MQTT-3.3.2-5]") {
    house h;
    auto& reader = h.enter("reader");
    reader.takes = false;
    reader.subscribe("t");
    reader.takes = true;
    h.settle();
    property_list props;
    props.add<property_id::message_expiry_interval>(30);
    h.enter("writer").publish("t", "x", qos_1, true, props);
    REQUIRE(reader.got.size() == 1);
    CHECK(reader.got[0].expiry == 30);
    h.pass(31s);
    CHECK(h.core.retained().size() == 0);
}

TEST_CASE("3.1.1 - overlapping subscriptions, retained QoS 0, and RETAIN left alone", "[broker][v3-MQTT-3.3.5-1][v3-MQTT-3.3.1-7][v3-MQTT-3.3.1-12]") {
    house h;
    auto& writer = h.enter("writer", of(protocol::v3_1_1));
    auto& reader = h.enter("reader", of(protocol::v3_1_1));
    reader.subscribe("a/#", qos_0);
    reader.subscribe("a/+", qos_2);
    writer.publish("a/b", "1", qos_1, true);
    writer.publish("a/b", "2", qos_0, true);
    writer.publish("a/b", "3", qos_2);
    REQUIRE(reader.got.size() == 3);
    CHECK(reader.got[2].qos == qos_2);
    auto& late = h.enter("late", of(protocol::v3_1_1));
    late.subscribe("a/b");
    CHECK(late.texts() == texts{"2"});
}

TEST_CASE("what is begun is completed after UNSUBSCRIBE, and nothing new comes",
          "[broker][MQTT-3.10.4-1][MQTT-3.10.4-2][MQTT-3.10.4-3][MQTT-3.10.4-6][v3-MQTT-3.10.4-1][v3-MQTT-3.10.4-2][v3-MQTT-3.10.4-3][v3-MQTT-3.10.4-5][v3-MQTT-3.10.4-6]") {
    house h;
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader", of(version));
    reader.subscribe("t/#");
    reader.acknowledges = false;
    writer.publish("t/1", "begun", qos_1);
    reader.unsubscribe("t/+");
    if (version == protocol::v5) CHECK(reader.codes == std::vector{reason_code::no_subscription_existed});
    reader.unsubscribe("t/#");
    if (version == protocol::v5) CHECK(reader.codes == std::vector{reason_code::success});
    writer.publish("t/1", "new", qos_1);
    CHECK(reader.texts() == texts{"begun"});
    CHECK(h.core.find("reader")->state.in_flight() == 1);
    REQUIRE(reader.engine->acknowledge(1, h.now));
    h.settle();
    CHECK(h.core.find("reader")->state.in_flight() == 0);
}

TEST_CASE("a message for a group and for its member alone comes twice, each with its own identifier", "[broker][MQTT-3.3.4-5]") {
    house h;
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    reader.subscribe("t", qos_1, 1);
    reader.subscribe("$share/g/t", qos_1, 2);
    writer.publish("t", "x", qos_1);
    REQUIRE(reader.got.size() == 2);
    CHECK(reader.got[0].ids == std::vector<std::uint32_t>{1});
    CHECK(reader.got[1].ids == std::vector<std::uint32_t>{2});
}

// ---- Shared subscriptions -----------------------------------------------------------------------------------------------

TEST_CASE("a group shares what it subscribed to, each its turn, and gets no retained messages", "[broker][MQTT-4.8.2-3][MQTT-4.8.2-4]") {
    house h;
    auto& writer = h.enter("writer");
    writer.publish("t", "old", qos_1, true);
    auto& a = h.enter("a");
    auto& b = h.enter("b");
    auto& alone = h.enter("alone");
    a.subscribe("$share/g/t", qos_0);
    b.subscribe("$share/g/t", qos_1);
    alone.subscribe("t");
    CHECK(alone.texts() == texts{"old"});
    for (int i = 0; i < 4; ++i) writer.publish("t", std::to_string(i), qos_2);
    CHECK(a.got.size() == 2);
    CHECK(b.got.size() == 2);
    CHECK(b.got[0].qos == qos_1);
    CHECK(alone.texts() == texts{"0", "1", "2", "3"});
    b.cut();
    writer.publish("t", "5", qos_1);
    CHECK(a.got.size() == 3);
}

TEST_CASE("a group skips who is away, and queues where all are", "[broker]") {
    house h;
    entrance lasting;
    lasting.clean = false;
    lasting.expiry = 100;
    auto& writer = h.enter("writer");
    auto& a = h.enter("a", lasting);
    auto& b = h.enter("b", lasting);
    a.subscribe("$share/g/t");
    b.subscribe("$share/g/t");
    a.cut();
    for (int i = 0; i < 4; ++i) writer.publish("t", std::to_string(i), qos_1);
    CHECK(b.texts() == texts{"0", "1", "2", "3"});
    b.cut();
    writer.publish("t", "4", qos_1);
    a.connect(lasting);
    b.connect(lasting);
    CHECK(a.got.size() + b.got.size() == 1);
}

TEST_CASE("a message that a member of a group has is its own to the end", "[broker][MQTT-4.8.2-4][MQTT-4.8.2-5][MQTT-4.8.2-6]") {
    house h;
    entrance lasting;
    lasting.clean = false;
    lasting.expiry = 100;
    auto& writer = h.enter("writer");
    auto& a = h.enter("a", lasting);
    auto& b = h.enter("b", lasting);
    a.acknowledges = false;
    a.subscribe("$share/g/t");
    writer.publish("t", "1", qos_2);
    b.subscribe("$share/g/t");
    CHECK(a.texts() == texts{"1"});
    SECTION("it comes again when the member is back") {
        a.cut();
        CHECK(b.texts().empty());
        a.acknowledges = true;
        a.connect(lasting);
        CHECK(b.texts().empty());
        CHECK(h.core.find("a")->state.in_flight() <= 1);
    }
    SECTION("the member's session ends") {
        a.cut();
        h.pass(101s);
        CHECK(b.texts().empty());
    }
    SECTION("the member refuses it") {
        REQUIRE(a.engine->acknowledge(1, reason_code::quota_exceeded, {}, h.now));
        h.settle();
        CHECK(b.texts().empty());
        CHECK(h.core.find("a")->state.in_flight() == 0);
    }
}

// ---- Retained messages --------------------------------------------------------------------------------------------------

TEST_CASE("a new subscription gets what is retained", "[broker][MQTT-3.3.1-8][MQTT-3.3.1-9][v3-MQTT-3.3.1-6][v3-MQTT-3.3.1-8]") {
    house h;
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto& writer = h.enter("writer");
    writer.publish("a/1", "one", qos_2, true);
    writer.publish("a/2", "two", qos_0, true);
    writer.publish("a/1", "new", qos_1, true);
    writer.publish("b", "other", qos_1, true);
    auto& reader = h.enter("reader", of(version));
    reader.subscribe("a/#", qos_2, version == protocol::v5 ? 5 : 0);
    REQUIRE(reader.got.size() == 2);
    std::sort(reader.got.begin(), reader.got.end(), [](auto const& a, auto const& b) { return a.topic < b.topic; });
    CHECK(reader.got[0].text == "new");
    CHECK(reader.got[0].qos == qos_1);
    CHECK(reader.got[0].retain);
    CHECK(reader.got[1].qos == qos_0);
    if (version == protocol::v5) CHECK(reader.got[0].ids == std::vector<std::uint32_t>{5});
    writer.publish("a/1", "", qos_1, true);
    CHECK(reader.got.back().text.empty());
    CHECK(h.core.retained().size() == 2);
}

TEST_CASE("Retain Handling says when retained messages are wanted", "[broker][MQTT-3.3.1-10][MQTT-3.3.1-11][MQTT-3.8.4-4]") {
    house h;
    h.enter("writer").publish("t", "kept", qos_1, true);
    auto& reader = h.enter("reader");
    subscription wanted;
    wanted.filter = "t";
    wanted.retained = retain_handling::do_not_send;
    reader.subscribe(wanted);
    CHECK(reader.texts().empty());
    wanted.retained = retain_handling::send_if_new;
    reader.subscribe(wanted);
    CHECK(reader.texts().empty());
    wanted.retained = retain_handling::send;
    reader.subscribe(wanted);
    CHECK(reader.texts() == texts{"kept"});
    reader.unsubscribe("t");
    wanted.retained = retain_handling::send_if_new;
    reader.subscribe(wanted);
    CHECK(reader.texts() == texts{"kept"});
}

TEST_CASE("more retained messages than fit a queue all arrive, as the client takes them", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.max_queued_messages(10).max_inflight_messages(4).max_retained_rate(0)));
    auto& writer = h.enter("writer");
    for (int i = 0; i < 500; ++i) writer.publish("r/" + std::to_string(i), "x", qos_1, true);
    auto& reader = h.enter("reader");
    reader.subscribe("r/#", qos_1);
    CHECK(reader.got.size() == 500);
    CHECK(h.core.counted().messages_dropped == 0);
    auto& other = h.enter("other");
    other.subscribe("r/#", qos_0);
    CHECK(other.got.size() == 500);
}

// ---- Wills --------------------------------------------------------------------------------------------------------------

TEST_CASE("a will is published when its client is gone without a word", "[broker][MQTT-3.1.2-8][MQTT-3.1.2-10][v3-MQTT-3.1.2-8]") {
    house h;
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto& reader = h.enter("reader");
    reader.subscribe("wills/#");
    auto how = of(version);
    how.will = will_of("wills/lamp", "gone");
    auto& lamp = h.enter("lamp", how);
    lamp.cut();
    CHECK(reader.texts() == texts{"gone"});
    lamp.connect(how);
    lamp.leave();
    CHECK(reader.texts().empty());                                 // [MQTT-3.14.4-3]
    lamp.connect(how);
    if (version == protocol::v5) {
        lamp.leave(reason_code::disconnect_with_will);
        CHECK(reader.texts() == texts{"gone"});
    }
}

TEST_CASE("a will can be retained, or not", "[broker][MQTT-3.1.2-14][MQTT-3.1.2-15][v3-MQTT-3.1.2-16][v3-MQTT-3.1.2-17]") {
    house h;
    bool const retained = GENERATE(true, false);
    entrance how;
    how.will = will_of("w", "gone");
    how.will->retain = retained;
    h.enter("lamp", how).cut();
    CHECK(h.core.retained().size() == (retained ? 1 : 0));
    auto& late = h.enter("late");
    late.subscribe("w");
    CHECK(late.got.size() == (retained ? 1 : 0));
}

TEST_CASE("a will waits for its delay, or for the end of the session", "[broker][MQTT-3.1.3-9][MQTT-3.1.3-10]") {
    house h;
    auto& reader = h.enter("reader");
    reader.subscribe("w");
    property_list props;
    props.add<property_id::will_delay_interval>(60).add<property_id::user_property>({"b", "2"}).add<property_id::user_property>({"a", "1"});
    entrance how;
    how.expiry = 3'600;
    how.clean = false;
    how.will = will_of("w", "gone");
    how.will->props = props;
    auto& lamp = h.enter("lamp", how);
    SECTION("the delay passes") {
        lamp.cut();
        h.pass(59s);
        CHECK(reader.got.empty());
        h.pass(2s);
        REQUIRE(reader.got.size() == 1);
        CHECK(reader.got[0].props == "b=2;a=1;");                  // [MQTT-3.1.3-10]
    }
    SECTION("the client is back in time") {
        lamp.cut();
        h.pass(50s);
        how.will.reset();
        lamp.connect(how);
        h.pass(100s);
        CHECK(reader.got.empty());
    }
    SECTION("the session ends before") {
        lamp.cut();
        how.clean = true;
        how.will.reset();
        lamp.connect(how);
        CHECK(reader.texts() == texts{"gone"});
    }
    SECTION("the session is taken over") {
        auto& other = h.enter("lamp", how);
        CHECK(other.session_present);
        CHECK(reader.got.empty());
    }
}

TEST_CASE("the will of a client that is taken over is published when it has no delay", "[broker]") {
    house h;
    auto& reader = h.enter("reader");
    reader.subscribe("w");
    entrance how;
    how.expiry = 3'600;
    how.clean = false;
    how.will = will_of("w", "gone");
    h.enter("lamp", how);
    h.enter("lamp", how);
    CHECK(reader.texts() == texts{"gone"});
}

TEST_CASE("keep-alive that passes in silence ends the connection and its will is published", "[broker][MQTT-3.1.2-22]") {
    house h;
    auto& reader = h.enter("reader");
    reader.subscribe("w");
    entrance how;
    how.keep_alive = 10;
    how.will = will_of("w", "gone");
    auto& lamp = h.enter("lamp", how);
    h.pass(14s);
    CHECK(reader.got.empty());
    h.pass(2s);
    CHECK(reader.texts() == texts{"gone"});
    CHECK(lamp.dismissed == reason_code::keep_alive_timeout);
}

// ---- What the broker says of itself ---------------------------------------------------------------------------------------

TEST_CASE("the broker tells of itself under names that mosquitto has, and each value when it has changed", "[broker]") {
    house h(broker_options{}.sys_interval(10s));
    h.core.begin(h.now);
    auto& reader = h.enter("reader");
    auto& wide = h.enter("wide");
    wide.subscribe("#");
    reader.subscribe("$SYS/broker/clients/connected");
    reader.subscribe("$SYS/broker/version");
    REQUIRE(reader.got.size() == 2);
    CHECK(reader.got[0].text == "0");
    CHECK(reader.got[0].retain);
    CHECK(reader.got[1].text.starts_with("aldis version "));
    reader.got.clear();
    h.pass(11s);
    CHECK(reader.texts() == texts{"2"});
    h.pass(20s);
    CHECK(reader.texts().empty());
    CHECK(wide.got.empty());
}
