// What a broker has acknowledged, and what it is to know again after its process has ended at any moment.
#include "kept_house.hpp"

using namespace aldis;
using namespace aldis::test;
using texts = std::vector<std::string>;

namespace {

packet::will will_to(std::string_view topic) {
    packet::will made;
    made.topic = topic;
    made.payload = to_bytes("gone");
    made.qos = qos_level::at_least_once;
    return made;
}

} // namespace

TEST_CASE("after a kill, sessions, subscriptions, queued messages and retained ones are there", "[broker][store][MQTT-4.1.0-1][MQTT-4.4.0-1]") {
    kept_house h;
    auto const how = lasting();
    auto&      lamp = h->enter("lamp", how);
    lamp.subscribe("t/#", qos_level::exactly_once, 7);
    lamp.cut();
    auto& writer = h->enter("writer");
    writer.publish("t/1", "1", qos_level::at_least_once);
    writer.publish("t/2", "2", qos_level::exactly_once, true);
    CHECK(writer.answers.size() == 2);
    h.kill();

    auto& again = h->add("lamp");
    again.own = session::state{};
    again.connect(how);
    CHECK(again.session_present);
    REQUIRE(again.got.size() == 2);
    CHECK(again.got[0].ids == std::vector<std::uint32_t>{7});
    CHECK(again.texts() == texts{"1", "2"});
    auto& reader = h->enter("reader");
    reader.subscribe("#");
    CHECK(reader.texts() == texts{"2"});
    h->enter("second writer").publish("t/3", "3", qos_level::at_least_once);
    CHECK(again.texts() == texts{"3"});
}

TEST_CASE("nothing is acknowledged before it is committed, and QoS 0 goes on", "[broker][store]") {
    kept_house h;
    auto&      lamp = h->enter("lamp", lasting());
    lamp.subscribe("t");
    auto& writer = h->enter("writer");
    h.stall();
    writer.publish("t", "1", qos_level::at_least_once);
    writer.publish("t", "2", qos_level::exactly_once);
    writer.publish("t", "0", qos_level::at_most_once);
    CHECK(writer.answers.empty());
    CHECK(lamp.texts() == texts{"0"});
    h.kill();
    auto& again = h->add("lamp");
    again.connect(lasting());
    CHECK(again.session_present);
    CHECK(again.texts().empty());                                  // nobody was told that they were taken
}

TEST_CASE("an acknowledged QoS 2 message is delivered once, though broker and sender begin again", "[broker][store][MQTT-4.3.3-7]") {
    kept_house h;
    auto&      lamp = h->enter("lamp", lasting());
    lamp.subscribe("t");
    lamp.cut();
    auto& writer = h->enter("writer", lasting());
    writer.acknowledges = false;
    writer.publish("t", "once", qos_level::exactly_once);
    h.kill();
    auto& back = h->add("writer");
    back.connect(lasting());
    CHECK(back.session_present);
    auto& again = h->add("lamp");
    again.connect(lasting());
    CHECK(again.texts() == texts{"once"});
    h.kill();
    auto& third = h->add("lamp");
    third.connect(lasting());
    CHECK(third.session_present);
    CHECK(third.texts().empty());
}

TEST_CASE("a will of a client that was connected at the kill is published afterwards, once", "[broker][store][MQTT-3.1.2-8]") {
    kept_house h;
    auto&      watcher = h->enter("watcher", lasting());
    watcher.subscribe("w");
    auto how = lasting();
    how.will = will_to("w");
    h->enter("lamp", how);
    h.kill();
    auto& again = h->add("watcher");
    again.connect(lasting());
    CHECK(again.texts() == texts{"gone"});
    h.kill();
    auto& third = h->add("watcher");
    third.connect(lasting());
    CHECK(third.texts().empty());
}

TEST_CASE("what ended is gone from the store: sessions, subscriptions, wills, retained messages", "[broker][store]") {
    kept_house h;
    auto       how = lasting(60);
    how.will = will_to("w");
    auto& lamp = h->enter("lamp", how);
    lamp.subscribe("t");
    lamp.publish("r", "kept", qos_level::at_least_once, true);
    lamp.publish("r", "", qos_level::at_least_once, true);
    CHECK(h.disk.sessions_.size() == 1);
    CHECK(h.disk.sessions_.begin()->second.subscriptions.size() == 1);
    lamp.unsubscribe("t");
    CHECK(h.disk.sessions_.begin()->second.subscriptions.empty());
    lamp.leave();
    REQUIRE(h.disk.sessions_.size() == 1);
    CHECK_FALSE(h.disk.sessions_.begin()->second.will);
    CHECK(h.disk.sessions_.begin()->second.what.left_at);
    CHECK(h.disk.retained_.empty());
    h->pass(61s);
    CHECK(h.disk.sessions_.empty());
    h->enter("passing by").subscribe("t");
    CHECK(h.disk.sessions_.empty());                               // it ends with its connection
}

TEST_CASE("a session that expired while there was no broker is gone, and its user is still its owner otherwise", "[broker][store]") {
    kept_house h;
    h->enter("short", lasting(10)).cut();
    auto how = lasting();
    how.user = "ada";
    h->enter("owned", how).cut();
    h->now += 11s;
    h.kill();
    h->settle();
    h->pass(1s);
    CHECK_FALSE(h->core.find("short"));
    REQUIRE(h->core.find("owned"));
    CHECK(h->core.find("owned")->user_name == "ada");
}

TEST_CASE("a retained message that expires is gone from the store at that moment", "[broker][store][MQTT-3.3.2-5]") {
    kept_house    h;
    property_list soon;
    soon.add<property_id::message_expiry_interval>(10);
    auto& writer = h->enter("writer");
    writer.publish("short", "1", qos_level::at_least_once, true, soon);
    writer.publish("long", "2", qos_level::at_least_once, true);
    CHECK(h.disk.retained_.size() == 2);
    h->pass(11s);
    CHECK(h.disk.retained_.size() == 1);
    CHECK(h.disk.retained_.contains("long"));
}

TEST_CASE("while the store fails nobody is let in, what it would have to keep is refused, and QoS 0 goes on", "[broker][store]") {
    kept_house h;
    auto&      reader = h->enter("reader", lasting());
    reader.subscribe("t");
    auto& writer = h->enter("writer");
    h->core.notes().failing(true);
    writer.publish("t", "1", qos_level::at_least_once);
    writer.publish("t", "2", qos_level::exactly_once);
    writer.publish("t", "3", qos_level::at_most_once, true);
    writer.publish("t", "4");
    CHECK(writer.answers == std::vector{reason_code::quota_exceeded, reason_code::quota_exceeded});
    CHECK(reader.texts() == texts{"4"});
    CHECK(h.disk.retained_.empty());
    CHECK(h->enter("late").refused == reason_code::quota_exceeded);
    h->core.notes().failing(false);
    CHECK(h->enter("later").is_in());
}

TEST_CASE("what the broker says about itself is not kept", "[broker][store]") {
    kept_house h;
    h->core.begin(h->now);
    h->pass(25s);
    CHECK(h->core.retained().size() > 5);
    CHECK(h.disk.retained_.empty());
}
