// Subscriptions as objects: who is given a message, when it is acknowledged, what the server is asked for and when again.
#include <algorithm>
#include <set>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

using texts = std::vector<std::string>;

/// A handler that keeps what it was given.
class listener {
public:
    auto handler() {
        return [seen = seen_](received_message const& m) { seen->push_back(m); };
    }
    texts text() const {
        texts all;
        for (auto const& each : *seen_) all.emplace_back(each.text());
        return all;
    }
    std::size_t             count() const { return seen_->size(); }
    received_message const& at(std::size_t i) const { return seen_->at(i); }

private:
    std::shared_ptr<std::vector<received_message>> seen_ = std::make_shared<std::vector<received_message>>();
};

/// The four ways in which a message finds its subscription.
struct way {
    protocol version;
    bool     has_ids;
    bool     merges;
};
auto ways() {
    return GENERATE(way{protocol::v3_1_1, false, false}, way{protocol::v5, true, false}, way{protocol::v5, true, true}, way{protocol::v5, false, false});
}
void behave(small_server& server, way const& how) {
    server.settings.own.subscription_identifier_available = how.has_ids;
    server.merges_overlaps = how.merges;
}

subscribe_result wait_answer(world& w, client_subscription& of) {
    subscribe_outcome done;
    of.async_wait_answer(done.handler());
    w.run(done);
    REQUIRE_FALSE(done.ec());
    return done.value();
}

received_message receive(world& w, client_subscription& from) {
    receive_outcome done;
    from.async_receive(done.handler());
    w.run(done);
    REQUIRE_FALSE(done.ec());
    return done.value();
}

void publish(world& w, client& c, std::string_view topic, std::string_view text, qos_level qos = qos_1) {
    w.run(w.start_publish(c, topic, text, publish_options{qos}));
}

} // namespace

TEST_CASE("each subscription object is given the messages of its own filter", "[lib][subscription]") {
    auto const how = ways();
    world      w;
    behave(w.server, how);
    client   c(w.io, lamp(how.version));
    listener a, b, rest;
    w.connect(c);
    auto first = c.subscribe("room/+/lamp", a.handler());
    auto second = c.subscribe("door/#", subscription_options{qos_2}, b.handler());
    c.on_message(rest.handler());
    wait_answer(w, first);
    wait_answer(w, second);

    publish(w, c, "room/1/lamp", "on");
    publish(w, c, "door", "open", qos_2);
    publish(w, c, "door/1/2", "shut", qos_0);
    w.server.send_all("elsewhere", "x");
    REQUIRE(w.run_until([&] { return rest.count() == 1 && b.count() == 2; }));

    CHECK(a.text() == texts{"on"});
    CHECK(b.text() == texts{"open", "shut"});
    CHECK(rest.text() == texts{"x"});
    CHECK(a.at(0).matched() == texts{"room/+/lamp"});
    CHECK(b.at(0).qos() == qos_2);
    CHECK(rest.at(0).matched().empty());
    CHECK(first.is_active());
    CHECK(second.answer().codes() == std::vector{reason_code::granted_qos_2});
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 2; }));
}

TEST_CASE("a message of several subscriptions reaches each and is acknowledged once", "[lib][subscription]") {
    world w;
    w.server.merges_overlaps = true;
    client   c(w.io, lamp());
    listener a;
    w.connect(c);
    auto automatic = c.subscribe("a/#", a.handler());
    auto manual = c.subscribe("a/b", subscription_options{}.manual_acknowledge(true));
    auto local = c.on_message("+/b", a.handler());
    wait_answer(w, manual);

    publish(w, c, "a/b", "x");
    auto const m = receive(w, manual);
    REQUIRE(a.text() == texts{"x", "x"});
    auto const all = m.matched();
    CHECK(std::set<std::string>(all.begin(), all.end()) == std::set<std::string>{"a/#", "a/b", "+/b"});
    w.settle();
    CHECK(w.server.deliveries_done == 0);                          // one has not let go

    manual.acknowledge(m);
    manual.acknowledge(m);
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 1; }));
    w.settle();
    CHECK(w.server.deliveries_done == 1);
    CHECK(c.is_connected());
}

TEST_CASE("manual acknowledgements are given in any order and leave in order of arrival", "[lib][subscription][MQTT-4.6.0-2]") {
    auto const qos = GENERATE(qos_1, qos_2);
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    auto s = c.subscribe("a/+", subscription_options{qos}.manual_acknowledge(true));
    wait_answer(w, s);
    std::vector<packet_id> acknowledged;
    c.tap([&](direction way, bytes_view frame) {
        auto const type = static_cast<unsigned>(frame.front()) >> 4;
        bool const is_ack = type == static_cast<unsigned>(qos == qos_1 ? packet_type::puback : packet_type::pubrec);
        if (way == direction::sent && is_ack)
            acknowledged.push_back(static_cast<packet_id>(static_cast<unsigned>(frame[2]) << 8 | static_cast<unsigned>(frame[3])));
    });
    for (auto const each : {"1", "2", "3"}) w.server.send_all(std::string("a/") + each, each, qos);
    std::vector<received_message> got;
    for (int i = 0; i < 3; ++i) got.push_back(receive(w, s));

    s.acknowledge(got[2]);
    s.acknowledge(got[1]);
    w.settle();
    CHECK(acknowledged.empty());
    c.acknowledge(got[0]);                                         // the client's own knows whose message it is
    REQUIRE(w.run_until([&] { return acknowledged.size() == 3; }));

    CHECK(acknowledged == std::vector{got[0].packet_id(), got[1].packet_id(), got[2].packet_id()});
}

TEST_CASE("a slow subscription stops the socket and loses nothing", "[lib][subscription]") {
    world  w;
    client c(w.io, lamp().maximum_packet_size(4'096));
    w.connect(c);
    auto s = c.subscribe("a", subscription_options{}.queue(8, 1U << 20));
    wait_answer(w, s);
    auto const wire = w.server.output_size();
    REQUIRE(wire == 0);

    std::string const large(2'000, 'x');
    for (int i = 0; i < 400; ++i) w.server.send_all("a", std::to_string(i) + large);
    w.settle();

    CHECK(s.waiting_messages() < 60);                              // what one read brought beyond the bound
    CHECK(w.server.output_size() > 300'000);                       // the rest waits in the server
    for (int i = 0; i < 400; ++i) {
        auto const m = receive(w, s);
        REQUIRE(m.text().substr(0, m.text().find('x')) == std::to_string(i));
        REQUIRE(s.waiting_messages() < 60);
    }
}

TEST_CASE("what waits for a subscription that is given up holds nobody up", "[lib][subscription]") {
    bool const destroyed = GENERATE(true, false);
    world    w;
    client   c(w.io, lamp());
    listener b;
    w.connect(c);
    auto slow = c.subscribe("a", subscription_options{}.queue(2, 1'000'000));
    auto other = c.subscribe("b", b.handler());
    wait_answer(w, other);
    for (int i = 0; i < 5; ++i) w.server.send_all("a", std::to_string(i), qos_1);
    REQUIRE(w.run_until([&] { return slow.waiting_messages() >= 2; }));

    if (destroyed) slow = {};
    else slow.unsubscribe();
    publish(w, c, "b", "through");
    REQUIRE(w.run_until([&] { return b.count() == 1; }));

    REQUIRE(w.run_until([&] { return w.server.unsubscribed == texts{"a"}; }));
    if (destroyed) return;
    CHECK(receive(w, slow).text() == "0");                         // what had come can still be had
    while (slow.waiting_messages() > 0) receive(w, slow);
    receive_outcome none;
    slow.async_receive(none.handler());
    w.run(none);
    CHECK(none.ec() == error::subscription_ended);
}

TEST_CASE("subscriptions made without a connection are sent on the first, and again only when the session is lost", "[lib][subscription]") {
    auto const how = ways();
    world      w;
    behave(w.server, how);
    client   c(w.io, lasting_lamp(how.version));
    listener a;
    auto     first = c.subscribe("a/+", a.handler());
    auto     second = c.subscribe("b", subscription_options{qos_2}, a.handler());
    CHECK(first.state() == subscription_state::waiting);
    w.connect(c);
    wait_answer(w, second);
    REQUIRE(w.server.subscribed == texts{"a/+", "b"});
    CHECK(w.server.subscribes == (how.has_ids ? 2U : 1U));

    auto const cut = [&] {
        w.server.drop_all();
        REQUIRE(w.run_until([&] { return !c.is_connected(); }));
        w.settle();
    };
    cut();
    CHECK(w.connect(c).session_present());
    publish(w, c, "a/1", "kept");
    CHECK(w.server.subscribed.size() == 2);                        // the server still had them

    cut();
    w.server.forget_sessions();
    auto third = c.subscribe("c", a.handler());
    CHECK_FALSE(w.connect(c).session_present());
    wait_answer(w, third);
    CHECK(w.server.subscribed == texts{"a/+", "b", "a/+", "b", "c"});
    publish(w, c, "b", "again");
    publish(w, c, "c", "third");
    REQUIRE(w.run_until([&] { return a.count() == 3; }));
    CHECK(a.text() == texts{"kept", "again", "third"});
}

TEST_CASE("a subscription without an answer when the connection is lost is asked for again", "[lib][subscription]") {
    world  w;
    client c(w.io, lasting_lamp());
    w.connect(c);
    w.server.drop_all();
    auto              s = c.subscribe("a");
    subscribe_outcome cut_off;
    s.async_wait_answer(cut_off.handler());
    w.run(cut_off);
    CHECK(cut_off.ec() == condition::connection_lost);
    CHECK(s.state() == subscription_state::waiting);
    w.settle();

    w.connect(c);
    wait_answer(w, s);
    CHECK(s.is_active());
}

TEST_CASE("a refusal is told to the subscription it is of and to no other", "[lib][subscription]") {
    auto const how = ways();
    world      w;
    behave(w.server, how);
    client     c(w.io, lamp(how.version));
    auto const code = is_v5(how.version) ? reason_code::not_authorized : reason_code::unspecified_error;
    auto       bad = c.subscribe("forbidden/x");
    auto       good = c.subscribe("allowed");
    error_code told;
    bad.on_answer([&](error_code ec, subscribe_result const&) { told = ec; });
    receive_outcome none;
    bad.async_receive(none.handler());
    w.connect(c);
    wait_answer(w, good);
    w.run(none);

    CHECK(bad.state() == subscription_state::refused);
    CHECK(bad.error() == code);
    CHECK(told == code);
    CHECK(none.ec() == code);
    CHECK(good.is_active());
    subscribe_outcome late;
    bad.async_wait_answer(late.handler());
    w.run(late);
    CHECK(late.ec() == code);
}

TEST_CASE("async_subscribe_to brings the subscription with the answer", "[lib][subscription]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    outcome<error_code, client_subscription> done, refused;

    c.async_subscribe_to("a", subscription_options{qos_2}, done.handler());
    c.async_subscribe_to("forbidden", {}, refused.handler());
    w.run(done);
    w.run(refused);

    CHECK_FALSE(done.ec());
    CHECK(done.value().is_active());
    CHECK(refused.ec() == reason_code::not_authorized);
    CHECK(refused.value().filter() == "forbidden");
    publish(w, c, "a", "x", qos_2);
    CHECK(receive(w, done.value()).text() == "x");
}

TEST_CASE("wrong filters are refused without asking the server", "[lib][subscription]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    w.server.settings.own.wildcard_subscription_available = false;

    auto const wrong = c.subscribe("a/#/b");
    auto const empty = c.subscribe("");
    auto const local = c.on_message("a+", [](received_message const&) {});
    auto const shared = c.subscribe("$share/g/a", subscription_options{}.no_local(true));

    CHECK(wrong.error() == bad_argument(codec::errc::filter_invalid));
    CHECK(empty.error() == bad_argument(codec::errc::filter_empty));
    CHECK(local.error() == bad_argument(codec::errc::filter_invalid));
    CHECK(shared.state() == subscription_state::refused);
    w.settle();
    CHECK(w.server.subscribes == 0);
}

TEST_CASE("what the server can not do is told to the subscription that wants it", "[lib][subscription]") {
    world w;
    w.server.settings.own.wildcard_subscription_available = false;
    w.server.settings.own.subscription_identifier_available = false;
    client c(w.io, lamp());
    auto   wild = c.subscribe("a/#");
    auto   plain = c.subscribe("a/b");
    w.connect(c);
    wait_answer(w, plain);

    CHECK(wild.error() == error::wildcard_not_supported);
    CHECK(plain.is_active());
}

TEST_CASE("objects for the same filter share the subscription of the server until the last one leaves", "[lib][subscription]") {
    world    w;
    client   c(w.io, lamp());
    listener a, b;
    w.connect(c);
    auto first = c.subscribe("a", subscription_options{qos_2}, a.handler());
    auto second = c.subscribe("a", subscription_options{qos_0}, b.handler());
    wait_answer(w, first);
    wait_answer(w, second);
    CHECK(second.answer().codes() == std::vector{reason_code::granted_qos_2});

    publish(w, c, "a", "both");
    subscribe_outcome left;
    first.async_unsubscribe(left.handler());
    w.run(left);
    CHECK(w.server.unsubscribed.empty());
    publish(w, c, "a", "one");
    subscribe_outcome gone;
    second.async_unsubscribe(gone.handler());
    w.run(gone);

    CHECK_FALSE(gone.ec());
    CHECK(w.server.unsubscribed == texts{"a"});
    CHECK(a.text() == texts{"both"});
    CHECK(b.text() == texts{"both", "one"});
}

TEST_CASE("shared subscriptions are found by their real filter", "[lib][subscription]") {
    auto const how = ways();
    world      w;
    behave(w.server, how);
    client   c(w.io, lamp(how.version));
    listener a;
    w.connect(c);
    auto s = c.subscribe("$share/group/work/+", a.handler());
    wait_answer(w, s);

    publish(w, c, "work/1", "x");
    REQUIRE(w.run_until([&] { return a.count() == 1; }));
    CHECK(a.at(0).matched() == texts{"$share/group/work/+"});
}

TEST_CASE("handlers for local filters see what others subscribed to, but no system topics by wildcard", "[lib][subscription]") {
    world    w;
    client   c(w.io, lamp());
    listener lamps, everything, rest;
    w.connect(c);
    auto local = c.on_message("lamp/+", lamps.handler());
    auto all = c.on_message("#", everything.handler());
    c.on_message(rest.handler());

    w.server.send_all("lamp/1", "on", qos_1);
    w.server.send_all("$SYS/uptime", "9", qos_1);
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 2; }));
    local.unsubscribe();
    w.server.send_all("lamp/2", "off", qos_1);
    REQUIRE(w.run_until([&] { return w.server.deliveries_done == 3; }));

    CHECK(lamps.text() == texts{"on"});
    CHECK(everything.text() == texts{"on", "off"});
    CHECK(rest.text() == texts{"9"});
    CHECK(w.server.subscribes == 0);
}

TEST_CASE("the handle of a subscription may go, its handler stays unless told otherwise", "[lib][subscription]") {
    world    w;
    client   c(w.io, lamp());
    listener a;
    w.connect(c);
    (void)c.subscribe("stays", a.handler());
    (void)c.subscribe("goes", subscription_options{}.unsubscribe_on_destruction(true), a.handler());
    (void)c.subscribe("nobody");
    REQUIRE(w.run_until([&] { return w.server.unsubscribed.size() == 2; }));

    publish(w, c, "stays", "x");
    publish(w, c, "goes", "y");
    REQUIRE(w.run_until([&] { return a.count() == 1; }));
    CHECK(a.text() == texts{"x"});
}

TEST_CASE("subscriptions end with their client and complete everything", "[lib][subscription]") {
    bool const by_close = GENERATE(true, false);
    world             w;
    std::optional<client> c(std::in_place, w.io, lamp());
    w.connect(*c);
    auto s = c->subscribe("a");
    wait_answer(w, s);
    receive_outcome   waiting;
    subscribe_outcome leaving;
    s.async_receive(waiting.handler());
    auto other = c->subscribe("b");
    other.async_unsubscribe(leaving.handler());

    if (by_close) c->close();
    else c.reset();
    w.run(waiting);
    w.run(leaving);

    CHECK(waiting.ec() == asio::error::operation_aborted);
    CHECK(waiting.calls() == 1);
    CHECK(leaving.calls() == 1);
    if (!by_close) CHECK(s.state() == subscription_state::ended);
}

TEST_CASE("handlers may subscribe and leave while a message is handed round", "[lib][subscription]") {
    world w;
    w.server.merges_overlaps = true;
    client              c(w.io, lamp());
    listener            late;
    client_subscription first, second, added;
    w.connect(c);
    int calls = 0;
    first = c.subscribe("a/#", [&](received_message const&) {
        ++calls;
        first.unsubscribe();
        second.unsubscribe();
        added = c.subscribe("a/+", late.handler());
    });
    second = c.subscribe("a/b", [&](received_message const&) {
        ++calls;
        second.unsubscribe();
        first.unsubscribe();
        added = c.subscribe("a/+", late.handler());
    });
    wait_answer(w, second);

    publish(w, c, "a/b", "x");
    REQUIRE(w.run_until([&] { return added.is_active() && w.server.deliveries_done == 1; }));
    publish(w, c, "a/b", "y");
    REQUIRE(w.run_until([&] { return late.count() == 1; }));

    CHECK(calls == 1);
    CHECK(late.text() == texts{"y"});
}

TEST_CASE("identifiers of an earlier life do not lead a message astray", "[lib][subscription]") {
    world    w;
    listener a, b;
    {
        client before(w.io, lasting_lamp());
        w.connect(before);
        auto one = before.subscribe("a", a.handler());
        auto two = before.subscribe("b", a.handler());
        wait_answer(w, two);
        CHECK_FALSE(w.disconnect(before));
    }
    client sender(w.io, connect_options{}.client_id("sender"));
    w.connect(sender);
    publish(w, sender, "a", "for a");
    publish(w, sender, "b", "for b");

    client c(w.io, lasting_lamp().resume(true));
    auto   other = c.subscribe("b", b.handler());                  // the other way round
    auto   one = c.subscribe("a", a.handler());
    CHECK(w.connect(c).session_present());
    REQUIRE(w.run_until([&] { return a.count() == 1 && b.count() == 1; }));

    CHECK(a.text() == texts{"for a"});
    CHECK(b.text() == texts{"for b"});
}

TEST_CASE("a thousand subscriptions are asked for without a thousand requests at once", "[lib][subscription]") {
    auto const how = ways();
    world      w;
    behave(w.server, how);
    client                           c(w.io, lamp(how.version));
    std::vector<client_subscription> all;
    for (int i = 0; i < 1'000; ++i) all.push_back(c.subscribe("a/" + std::to_string(i)));
    w.connect(c);
    REQUIRE(w.run_until([&] { return std::all_of(all.begin(), all.end(), [](auto const& each) { return each.is_active(); }); }));

    CHECK(w.server.subscribes == (how.has_ids ? 1'000U : 16U));
    publish(w, c, "a/777", "x");
    CHECK(receive(w, all[777]).text() == "x");
}
