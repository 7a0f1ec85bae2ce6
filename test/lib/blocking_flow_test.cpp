// The blocking client at work: the order of events, losses, queues, leaving.
#include <algorithm>

#include <aldis/error.hpp>
#include <aldis/packet_log.hpp>

#include "blocking_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// Writes down what a client sends, receives and tells.
void record(blocking_client& c, notes& to) {
    c.on_log([&to](log_level level, std::string_view line) {
        if (level != log_level::debug) return;
        auto const at = line.find("sending ") != line.npos ? line.find("sending ") : line.find("received ");
        if (at == line.npos) return;
        to.add(std::string(line.substr(at, line.find(' ', line.find(' ', at) + 1) - at)));
    });
    c.on_connected([&to](connect_result const&) { to.add("connected"); });
    c.on_disconnected([&to](disconnected_notice const&) { to.add("disconnected"); });
    c.on_message([&to](received_message const& m) { to.add("message " + std::string(m.text())); });
    c.on_published([&to](publish_token const&) { to.add("published"); });
    c.on_subscribed([&to](subscribe_token const&) { to.add("subscribed"); });
    c.on_unsubscribed([&to](subscribe_token const&) { to.add("unsubscribed"); });
}

/// connect(), subscribe(), publish() in a row; then unsubscribe() and disconnect().
void play(blocking_client& c, notes const& seen, int qos) {
    c.connect();
    c.subscribe("a/b", qos);
    c.publish("a/b", "hello", qos);
    REQUIRE(eventually([&] { return seen.has("message hello") && seen.has("published") && seen.has("subscribed"); }));
    if (qos == 2) REQUIRE(eventually([&] { return seen.has("sending PUBCOMP"); }));
    c.unsubscribe("a/b").wait();
    REQUIRE(eventually([&] { return seen.has("unsubscribed"); }));
    c.disconnect();
    REQUIRE(eventually([&] { return seen.has("disconnected"); }));
    c.stop();
}

void check_order(notes const& seen, std::vector<std::string> const& expected) {
    for (std::size_t i = 1; i < expected.size(); ++i) {
        INFO(expected[i - 1] << " comes before " << expected[i]);
        CHECK(seen.in_order(expected[i - 1], expected[i]));
    }
}

void check_flow_of_qos_2(blocking_config config) {
    notes           seen;
    blocking_client c(std::move(config.clean_start(false)));
    record(c, seen);
    play(c, seen, 2);
    check_order(seen, {"sending CONNECT", "received CONNACK", "connected", "sending SUBSCRIBE", "received SUBACK", "subscribed"});
    check_order(seen, {"connected", "sending PUBLISH", "received PUBREC", "sending PUBREL", "received PUBCOMP", "published"});
    check_order(seen, {"received PUBLISH", "sending PUBREC", "received PUBREL", "sending PUBCOMP"});
    check_order(seen, {"received PUBLISH", "message hello", "sending PUBCOMP", "sending UNSUBSCRIBE", "received UNSUBACK", "unsubscribed"});
    check_order(seen, {"unsubscribed", "sending DISCONNECT", "disconnected"});
    CHECK(seen.count("message hello") == 1);
    CHECK(seen.count("published") == 1);
}

void check_flow_of_qos_0(blocking_config config) {
    notes           seen;
    blocking_client c(std::move(config.clean_start(true)));
    record(c, seen);
    play(c, seen, 0);
    check_order(seen, {"sending CONNECT", "received CONNACK", "connected", "sending SUBSCRIBE", "received SUBACK", "subscribed"});
    check_order(seen, {"connected", "published", "message hello", "sending UNSUBSCRIBE", "received UNSUBACK", "unsubscribed", "sending DISCONNECT",
                       "disconnected"});
    check_order(seen, {"sending PUBLISH", "received PUBLISH", "message hello"});
    CHECK_FALSE(seen.has("received PUBACK"));
}

} // namespace

TEST_CASE("the events of QoS 2 in a session that lasts come in their order", "[lib][blocking][flow]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    SECTION("scripted") {
        scripted_server s;
        check_flow_of_qos_2(s.config().version(version));
    }
    SECTION("mosquitto") {
        mosquitto_server s;
        check_flow_of_qos_2(s.config().version(version));
    }
}

TEST_CASE("the events of QoS 0 in a clean session come in their order", "[lib][blocking][flow]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    SECTION("scripted") {
        scripted_server s;
        check_flow_of_qos_0(s.config().version(version));
    }
    SECTION("mosquitto") {
        mosquitto_server s;
        check_flow_of_qos_0(s.config().version(version));
    }
}

TEST_CASE("a tap sees each packet from when it is set until it is taken away", "[lib][blocking]") {
    scripted_server s;
    notes           frames, lines;
    blocking_client c(s.config());
    auto const      see = [&frames](direction to, bytes_view frame) {
        frames.add(std::to_string(std::to_integer<int>(frame.front()) >> 4) + (to == direction::sent ? " sent" : " received"));
    };
    auto const transcript = packet_log{}.text([&lines](std::string_view line) { lines.add(std::string(line)); }).tap();
    c.tap([&, see, transcript](direction to, bytes_view frame) {
        see(to, frame);
        transcript(to, frame);
    });
    c.connect();
    c.publish("a/b", "hello").wait();
    check_order(frames, {"1 sent", "2 received", "3 sent", "4 received"});
    auto const said = lines.all();
    CHECK(std::any_of(said.begin(), said.end(), [](std::string const& line) { return line.find("Publish Message (id=1) [a/b]") != line.npos; }));

    c.tap({});
    auto const before = frames.count("3 sent");
    c.publish("a/b", "unseen").wait();
    CHECK(frames.count("3 sent") == before);
    c.tap([](direction, bytes_view) { throw std::runtime_error("no room"); });
    c.publish("a/b", "all the same").wait();                       // logged, and nothing else
    c.tap(see);
    c.publish("a/b", "seen").wait();
    CHECK(frames.count("3 sent") == before + 1);
}

TEST_CASE("a client with nothing to say pings again and again at its part of the keep-alive", "[lib][blocking][flow][MQTT-3.1.2-20]") {
    scripted_server s;
    blocking_client c(s.config().keep_alive(1s).heartbeat_check_ratio(0.1));
    c.connect();
    CHECK(eventually([&] { return s.seen.count("PINGREQ") >= 3; }));
    CHECK(c.is_connected());
}

TEST_CASE("a QoS 0 publish from every published handler starves neither reception nor the end", "[lib][blocking]") {
    scripted_server  s;
    blocking_client  c(s.config());
    std::atomic<int> messages{0}, published{0};
    s.echoes = false;
    c.on_message([&](received_message const&) { ++messages; });
    c.on_published([&](publish_token const&) {
        ++published;
        c.publish("endless", "x", 0);
    });
    c.connect();
    c.publish("endless", "x", 0);
    REQUIRE(eventually([&] { return published > 100; }));
    for (int i = 0; i < 100; ++i) s.send_message("in", "between");
    CHECK(eventually([&] { return messages == 100; }));
    c.stop();
}

TEST_CASE("a lost connection is made again with its subscriptions and its messages", "[lib][blocking][reconnect]") {
    scripted_server s;
    s.acknowledges = false;
    blocking_client c(s.config().reconnect_delay(1ms, 20ms));
    notes           told;
    c.on_disconnected([&](disconnected_notice const& n) { told.add(n.is_retried() ? "retried" : "given up"); });
    c.connect();
    CHECK(c.subscribe("lamp/#", 1).wait_for(30s));
    auto const sent = c.publish("lamp/1", "on");
    REQUIRE(eventually([&] { return s.seen.has("PUBLISH lamp/1 on"); }));
    bool const remembers = GENERATE(true, false);
    s.remembers = remembers;
    s.acknowledges = true;

    s.drop();

    REQUIRE(eventually([&] { return s.seen.count("CONNECT") == 2; }));
    sent.wait();
    CHECK(sent.is_published());
    CHECK(s.seen.count("PUBLISH lamp/1 on") == 2);
    if (remembers) CHECK(s.seen.count("SUBSCRIBE lamp/#") == 1);
    else CHECK(eventually([&] { return s.seen.count("SUBSCRIBE lamp/#") == 2; }));
    CHECK(told.all() == std::vector<std::string>{"retried"});
}

TEST_CASE("a subscription asked for when the connection is lost is asked for again", "[lib][blocking][reconnect]") {
    scripted_server s;
    blocking_client c(s.config().mode(run_mode::caller).reconnect_delay(1ms, 20ms));
    auto const      asked = c.subscribe("early", 1);
    CHECK_FALSE(asked.is_done());
    c.connect();
    asked.wait();
    CHECK(asked.codes() == std::vector{reason_code::granted_qos_1});
    CHECK(asked.filters() == std::vector<std::string>{"early"});
    s.drop();
    auto const late = c.subscribe("late", 2);
    late.wait();
    CHECK(late.codes() == std::vector{reason_code::granted_qos_2});
}

TEST_CASE("messages published without a connection are kept up to the queue size, then sent in the order of each QoS", "[lib][blocking][queue]") {
    scripted_server            s;
    blocking_client            c(s.config().publish_queue_size(5).mode(run_mode::caller));
    std::vector<publish_token> sent;
    s.echoes = false;
    for (int i = 0; i < 7; ++i) sent.push_back(c.publish("t", i, qos_value(i % 3).level()));
    CHECK_FALSE(c.run_for(1ms));
    for (int i = 5; i < 7; ++i) {
        REQUIRE(sent[static_cast<std::size_t>(i)].is_done());
        CHECK_THROWS_AS(sent[static_cast<std::size_t>(i)].wait(), connection_error);
    }
    CHECK_THROWS_AS(sent[0].wait(), connection_error);             // nothing would make a connection
    CHECK_FALSE(sent[0].is_done());

    c.connect();
    for (int i = 0; i < 5; ++i) sent[static_cast<std::size_t>(i)].wait();
    std::vector<std::string> arrived;
    for (auto const& each : s.seen.all())
        if (each.starts_with("PUBLISH t")) arrived.push_back(each);
    REQUIRE(arrived.size() == 5);
    auto const place = [&](int i) { return std::find(arrived.begin(), arrived.end(), "PUBLISH t " + std::to_string(i)) - arrived.begin(); };
    CHECK(place(0) < place(3));                                    // QoS 0, which may overtake the others
    CHECK(place(1) < place(4));                                    // QoS 1
    CHECK(place(2) < 5);
}

TEST_CASE("QoS 0 is not kept without a connection where that is not wanted", "[lib][blocking][queue]") {
    scripted_server s;
    blocking_client c(s.config().queue_qos_0(false).mode(run_mode::caller));
    auto const      sent = c.publish("t", "x", 0);
    c.run_for(1ms);
    CHECK(sent.is_done());
    CHECK_THROWS_AS(sent.wait(), connection_error);
}

TEST_CASE("more unfinished messages than allowed end at once", "[lib][blocking][queue]") {
    scripted_server s;
    s.acknowledges = false;
    blocking_client c(s.config().max_unfinished(3, 1'000));
    c.connect();
    for (int i = 0; i < 3; ++i) c.publish("t", "x");
    auto const more = c.publish("t", "x");
    CHECK(more.is_done());
    CHECK(more.error() == std::error_code(make_error_code(error::queue_full)));
    c.stop();
    CHECK(c.publish("t", std::string(2'000, 'x')).is_done());      // alone too large for the bytes
    CHECK_FALSE(c.publish("t", "x").is_done());                    // the others have ended and count no more
}

TEST_CASE("disconnect sends what was published before it: ten at each QoS, thirty arrive", "[lib][blocking][disconnect]") {
    mosquitto_server s;
    notes            arrived;
    blocking_client  listener(s.config("listener"));
    listener.connect();
    listener.subscribe("all/#", [&](received_message const& m) { arrived.add(std::string(m.topic())); }, 2).wait();
    blocking_client c(s.config("lamp"));
    c.connect();
    notes            told;
    std::atomic<std::size_t> lost{99};
    c.on_disconnected([&](disconnected_notice const& n) {
        lost = n.undelivered();
        told.add(n.is_asked_for() ? "asked for" : "lost");
    });
    for (int i = 0; i < 10; ++i)
        for (int qos = 0; qos < 3; ++qos) c.publish("all/" + std::to_string(qos) + "/" + std::to_string(i), "x", qos);
    c.disconnect();
    CHECK(eventually([&] { return told.all().size() == 1; }));
    CHECK(told.has("asked for"));
    CHECK(lost == 0);
    CHECK(eventually([&] { return arrived.all().size() == 30; }));
}

TEST_CASE("disconnect tells how many messages could not go", "[lib][blocking][disconnect]") {
    scripted_server s;
    s.acknowledges = false;
    blocking_client          c(s.config());
    std::atomic<std::size_t> lost{99};
    c.on_disconnected([&](disconnected_notice const& n) { lost = n.undelivered(); });
    c.connect();
    auto const sent = c.publish("t", "x");
    c.publish("t", "y", 2);
    c.disconnect(1ms);
    CHECK_THROWS_AS(sent.wait(), connection_error);
    CHECK(eventually([&] { return lost == 2; }));
    CHECK(eventually([&] { return s.seen.has("DISCONNECT"); }));
}

TEST_CASE("a connect after a disconnect waits for its end", "[lib][blocking][disconnect]") {
    scripted_server s;
    blocking_client c(s.config());
    c.connect();
    c.disconnect();
    c.connect();
    CHECK(c.is_connected());
    c.reconnect();
    REQUIRE(eventually([&] { return s.seen.count("CONNECT") == 3; }));
    c.publish("still", "there").wait();
}

TEST_CASE("a server that knows 3.1.1 only is met half way", "[lib][blocking][version]") {
    scripted_server s;
    s.is_old = true;
    SECTION("by negotiation") {
        blocking_client c(s.config());
        c.connect();
        CHECK(c.is_connected());
        CHECK(s.seen.has("CONNECT 5.0 clean"));
        CHECK(s.seen.has("CONNECT 3.1.1 clean"));
    }
    SECTION("not when one version is asked for") {
        blocking_client c(s.config().version(protocol::v5));
        CHECK_THROWS_AS(c.connect(), exception);
        CHECK(s.seen.count("CONNECT") == 1);
    }
}

TEST_CASE("messages go to the handlers of their filters, others to the general one", "[lib][blocking][handlers]") {
    scripted_server s;
    blocking_client c(s.config().mode(run_mode::caller));
    notes           got;
    auto const      into = [&](std::string name) { return [&got, name](received_message const& m) { got.add(name + " " + std::string(m.topic())); }; };
    c.on_message(into("general"));
    c.connect();
    c.subscribe("lamp/+", into("lamp"), 1).wait();
    c.subscribe("$share/crew/ship/#", into("ship"), 0).wait();
    c.add_message_handler("lamp/1", into("one"));
    for (auto const topic : {"lamp/1", "lamp/2", "ship/deck", "sea"}) s.send_message(topic, "x");
    while (got.all().size() < 5) c.run_for(1ms);
    CHECK(got.all() == std::vector<std::string>{"lamp lamp/1", "one lamp/1", "lamp lamp/2", "ship ship/deck", "general sea"});
    c.remove_message_handler("lamp/1");
    c.unsubscribe("lamp/+").wait();
    s.send_message("lamp/1", "x");
    while (got.all().size() < 6) c.run_for(1ms);
    CHECK(got.all().back() == "general lamp/1");
}

TEST_CASE("a refused subscription ends its token with the server's answer and takes the handler away", "[lib][blocking][handlers]") {
    scripted_server s;
    blocking_client c(s.config());
    c.connect();
    auto const asked = c.subscribe(subscribe_list("allowed").add("forbidden/a"), [](received_message const&) {});
    CHECK_THROWS_AS(asked.wait(), validation_error);
    CHECK(asked.codes() == std::vector{reason_code::granted_qos_1, reason_code::not_authorized});
    CHECK(asked.reason() == reason_code::not_authorized);
}

TEST_CASE("a refused message is a validation error with the server's reason", "[lib][blocking]") {
    scripted_server s;
    s.refuses_publish = static_cast<int>(reason_code::quota_exceeded);
    blocking_client c(s.config());
    c.connect();
    auto const sent = c.publish("t", "x");
    try {
        sent.wait();
        FAIL("it was refused");
    } catch (validation_error const& e) {
        CHECK(e.reason() == reason_code::quota_exceeded);
        CHECK(e.code().value() == 0x97);
    }
    CHECK_FALSE(sent.is_published());
}

TEST_CASE("the will of a client that just ends is published, and set anew for the next connection", "[lib][blocking][will]") {
    mosquitto_server s;
    notes            got;
    blocking_client  listener(s.config("listener"));
    listener.connect();
    listener.subscribe("will/#", [&](received_message const& m) { got.add(std::string(m.topic()) + " " + std::string(m.text())); }, 1).wait();
    blocking_client c(s.config("lamp").will(will_message("will/a", "first")));
    c.connect();
    c.stop();
    CHECK(eventually([&] { return got.has("will/a first"); }));
    c.set_will("will/b", "second", 1, false);
    c.connect();
    c.stop();
    CHECK(eventually([&] { return got.has("will/b second"); }));
}

TEST_CASE("a client begins again as if newly made", "[lib][blocking]") {
    scripted_server  first, second;
    blocking_client  c(first.config("one"));
    std::atomic<int> connected{0};
    c.on_connected([&](connect_result const&) { ++connected; });
    c.user_data(std::string("mine"));
    c.connect();
    CHECK(std::any_cast<std::string>(c.user_data()) == "mine");
    c.reinitialise(second.config("two"));
    c.connect();
    CHECK(second.seen.count("CONNECT") == 1);
    CHECK(connected == 1);                                         // the handler went with the rest
    CHECK_FALSE(c.user_data().has_value());
    CHECK_THROWS_AS(c.reinitialise(blocking_config("")), validation_error);
}

TEST_CASE("a client that has no success any more gives up after its attempts and says so", "[lib][blocking][reconnect]") {
    auto            s = std::make_unique<scripted_server>();
    blocking_client c(s->config().mode(run_mode::caller).max_reconnect_attempts(2).reconnect_delay(1ms, 2ms));
    std::vector<bool> retried;
    c.on_disconnected([&](disconnected_notice const& n) { retried.push_back(n.is_retried()); });
    c.connect();
    auto const kept = [&] {
        s->acknowledges = false;
        return c.publish("t", "x");
    }();
    s.reset();
    CHECK_THROWS_AS(c.run(), connection_error);
    CHECK(retried == std::vector{true, false});
    CHECK(kept.is_done());
    CHECK_FALSE(kept.is_published());
}
