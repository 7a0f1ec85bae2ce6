// The session as data: the bounded queue, what a store keeps, and what waits for its commits.
#include <algorithm>
#include <random>

#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;
using session::overflow;

namespace {

session::message text(std::string_view payload) { return *session::message::make("a", {}, to_bytes(payload)); }

session::enqueued put(session::state& s, std::string_view payload, qos_level qos, session::queue_limits const& bound) {
    return s.enqueue(text(payload), {.qos = qos}, bound, {});
}

} // namespace

TEST_CASE("the queue is bounded in messages and does with the next one as it was told", "[session][state]") {
    using how = session::enqueued::how;
    session::state s;
    session::queue_limits bound{.messages = 2, .bytes = 10'000, .when_full = GENERATE(overflow::reject, overflow::drop_newest, overflow::drop_oldest, overflow::drop_qos_0_first, overflow::wait)};
    auto const first = put(s, "1", at_least_once, bound);
    auto const second = put(s, "2", at_most_once, bound);
    auto const third = put(s, "3", exactly_once, bound);
    auto const outcomes = s.take_outcomes();

    CHECK(s.queued_messages() == 2);
    switch (bound.when_full) {
    case overflow::reject:
    case overflow::wait: CHECK(third.result == how::rejected); break;
    case overflow::drop_newest: CHECK(third.result == how::dropped_new); break;
    case overflow::drop_oldest:
        CHECK(third.result == how::yes);
        REQUIRE(outcomes.size() == 1);
        CHECK(outcomes[0].no == first.no);
        CHECK(outcomes[0].how == outcome::dropped);
        break;
    case overflow::drop_qos_0_first:
        CHECK(third.result == how::yes);
        REQUIRE(outcomes.size() == 1);
        CHECK(outcomes[0].no == second.no);
        CHECK(put(s, "4", at_least_once, bound).result == how::rejected);    // only QoS 0 is given up
        break;
    }
}

TEST_CASE("of a full queue the oldest QoS 0 goes first, whatever was taken back", "[session][state]") {
    session::queue_limits const                               bound{.messages = 12, .bytes = 1'000'000, .when_full = overflow::drop_qos_0_first};
    session::state                                            s;
    std::vector<std::pair<session::delivery_no, qos_level>>   model;
    std::mt19937                                              random(4711);
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 3 == 0 && !model.empty()) {
            auto const at = model.begin() + static_cast<std::ptrdiff_t>(random() % model.size());
            REQUIRE(s.withdraw(at->first));
            model.erase(at);
            continue;
        }
        auto const qos = random() % 4 == 0 ? at_most_once : at_least_once;
        auto const taken = put(s, "x", qos, bound);
        auto const victim = std::find_if(model.begin(), model.end(), [](auto const& each) { return each.second == at_most_once; });
        auto const dropped = s.take_outcomes();
        if (model.size() == bound.messages) {
            REQUIRE(dropped.size() == (victim == model.end() ? 0 : 1));
            if (victim != model.end()) {
                REQUIRE(dropped[0].no == victim->first);
                model.erase(victim);
            }
        }
        REQUIRE((taken.result == session::enqueued::how::yes) == (model.size() < bound.messages));
        if (taken.result == session::enqueued::how::yes) model.emplace_back(taken.no, qos);
    }
}

TEST_CASE("the queue is bounded in bytes and gives them back", "[session][state]") {
    session::state s;
    auto const one = text(std::string(1000, 'x')).size();
    session::queue_limits const bound{.messages = 100, .bytes = 2 * one};
    std::string const big(1000, 'x');
    CHECK(put(s, big, at_least_once, bound).no != 0);
    CHECK(put(s, big, at_least_once, bound).no != 0);
    CHECK(put(s, "", at_least_once, bound).result == session::enqueued::how::rejected);
    CHECK(s.queued_bytes() == 2 * one);
    s.clear();
    CHECK(s.queued_bytes() == 0);
    CHECK(put(s, std::string(5000, 'x'), at_least_once, {.messages = 9, .bytes = 100, .when_full = overflow::drop_oldest}).result ==
          session::enqueued::how::rejected);                       // never fits, so nothing is dropped for it
}

TEST_CASE("a message can be taken back until it is sent", "[session][state]") {
    session_pair::options how;
    how.client.max_in_flight = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    auto const started = peers.publish(peers.client, "a", "1", at_least_once);
    auto const waiting = peers.publish(peers.client, "a", "2", at_least_once);
    auto const last = peers.publish(peers.client, "a", "3", at_least_once);
    peers.run();

    CHECK_FALSE(peers.client.engine->withdraw(started, peers.now));
    CHECK(peers.client.engine->withdraw(waiting, peers.now));
    CHECK_FALSE(peers.client.engine->withdraw(waiting, peers.now));
    peers.server.acknowledges = true;
    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(0).arrival, peers.now));
    peers.run();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "3"});
    CHECK_FALSE(peers.client.deliveries.contains(waiting));
    CHECK(peers.client.deliveries.contains(last));
    CHECK(peers.client.state.queued_bytes() == 0);
}

TEST_CASE("what was queued offline is sent when the connection is there", "[session][state]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .connect = false}};
    std::vector<session::delivery_no> nos;
    for (auto const qos : {at_most_once, at_least_once, exactly_once}) nos.push_back(put(peers.client.state, "x", qos, {}).no);

    (void)peers.connect(true);
    peers.run();

    CHECK(peers.server.received("a").size() == 3);
    for (auto const no : nos) CHECK(peers.client.deliveries.at(no).how == outcome::acknowledged);
    CHECK(peers.client.state.queued_messages() == 0);
    CHECK(peers.client.state.queued_bytes() == 0);
}

TEST_CASE("a full queue refuses a publish and says so", "[session][state]") {
    session_pair::options how;
    how.client.queue.messages = 1;
    how.client.max_in_flight = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "1", at_least_once);
    peers.publish(peers.client, "a", "2", at_least_once);
    CHECK(peers.client.engine->publish({.topic = "a", .qos = at_least_once}, peers.now).error() == session::refusal::queue_full);
}

TEST_CASE("output that the transport does not take is bounded", "[session]") {
    session_pair::options how;
    how.client.max_output = 1000;
    session_pair peers{how};
    auto& client = *peers.client.engine;
    std::string const payload(600, 'x');
    auto const once = [&] { return client.publish({.topic = "a", .payload = to_bytes(payload)}, peers.now); };
    CHECK(once());
    CHECK(once());
    CHECK(once().error() == session::refusal::queue_full);
    CHECK(client.wants_input());                                   // or two peers that both write would wait for each other
    peers.run();
    CHECK(once());
}

TEST_CASE("a peer that asks and does not read the answers is not read from", "[session]") {
    session_pair::options how;
    how.server.max_output = 1000;
    session_pair peers{how};
    auto& server = *peers.server.engine;
    auto const asks = GENERATE(0, 1);
    for (auto i = 0; i < 600 && server.wants_input(); ++i) {
        if (asks == 0) peers.feed(peers.server, packet::pingreq{});
        else peers.feed(peers.server, packet::pubrel{.id = 7});
    }
    CHECK_FALSE(server.wants_input());
    CHECK(server.output_size() < 1100);
    peers.run();
    CHECK(server.wants_input());
}

TEST_CASE("QoS 0 does not overtake QoS 0 that was queued before", "[session][state]") {
    session_pair peers{{.connect = false}};
    (void)put(peers.client.state, "1", at_most_once, {});
    (void)put(peers.client.state, "2", at_most_once, {});
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    REQUIRE(peers.server.engine->accept({}, peers.server.state, peers.now));
    auto const answer = peers.server.engine->pending(peers.now);
    byte_buffer bytes(answer[0].begin(), answer[0].end());
    peers.server.engine->sent(bytes.size(), peers.now);
    peers.feed(peers.client, bytes_view{bytes});
    REQUIRE(peers.client.engine->publish({.topic = "a", .payload = to_bytes("3")}, peers.now));
    peers.run();

    CHECK(peers.server.received("a") == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("a connection that ended while its CONNACK waited for the store does not open", "[session][commit]") {
    session_pair peers{{.connect = false}};
    peers.server_clock = {.filling = 2, .done = 1};
    (void)put(peers.server.state, "x", at_least_once, {});
    (void)peers.connect(true);
    peers.run();
    peers.server.engine->connection_lost(peers.now);

    peers.server_clock = {.filling = 3, .done = 2};
    peers.server.engine->committed(peers.now);

    CHECK(peers.server.engine->finished());
    CHECK(peers.server.engine->pending(peers.now).empty());
}

TEST_CASE("pending shows the same bytes until they are sent", "[session]") {
    session_pair peers;
    auto& client = *peers.client.engine;
    std::string const large(5000, 'y');
    peers.publish(peers.client, "a", "small", at_most_once);
    peers.publish(peers.client, "a", large, at_least_once);
    byte_buffer all;
    for (auto const v : client.pending(peers.now)) all.insert(all.end(), v.begin(), v.end());
    peers.publish(peers.client, "a", "later", at_most_once);

    byte_buffer trickle;
    while (trickle.size() < all.size()) {
        auto const views = client.pending(peers.now);
        auto const n = std::min<std::size_t>(views[0].size(), 7);
        trickle.insert(trickle.end(), views[0].begin(), views[0].begin() + static_cast<std::ptrdiff_t>(n));
        client.sent(n, peers.now);
    }

    CHECK(trickle == all);
    CHECK_FALSE(client.pending(peers.now).empty());                // the next batch
}

TEST_CASE("a delivery may end before the write that carried it did", "[session]") {
    session_pair peers;
    auto& client = *peers.client.engine;
    std::string const large(5000, 'y');
    auto const no = peers.publish(peers.client, "a", large, at_least_once);
    auto const views = client.pending(peers.now);
    REQUIRE(views.size() == 2);
    client.sent(views[0].size(), peers.now);
    peers.feed(peers.client, packet::puback{.id = 1});
    REQUIRE(peers.client.deliveries.contains(no));

    CHECK(to_text(client.pending(peers.now)[0]) == large);         // the block lives as long as the batch refers to it
}

TEST_CASE("acknowledgements wait for the commit that makes them true and nothing else does", "[session][commit]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.server_clock = {.filling = 5, .done = 4};
    auto const one = peers.publish(peers.client, "a", "1", at_least_once);
    peers.publish(peers.client, "a", "2", exactly_once);
    peers.publish(peers.client, "a", "0", at_most_once);
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    REQUIRE(peers.client.engine->subscribe(filters, {}, peers.now));
    peers.run();

    CHECK(peers.server.messages.size() == 3);
    CHECK(peers.from_server.count<packet::puback>() == 0);
    CHECK(peers.from_server.count<packet::pubrec>() == 0);
    CHECK(peers.from_server.count<packet::suback>() == 0);
    peers.publish(peers.server, "b", "at once", at_most_once);
    peers.run();
    CHECK(peers.client.received("b").size() == 1);

    peers.server_clock = {.filling = 6, .done = 5};
    peers.server.engine->committed(peers.now);
    peers.run();

    CHECK(peers.client.deliveries.at(one).how == outcome::acknowledged);
    CHECK(peers.from_server.count<packet::pubrec>() == 1);
    CHECK(peers.from_server.count<packet::pubcomp>() == 0);        // that the identifier is free is a change of its own
    CHECK(peers.from_server.count<packet::suback>() == 1);
    peers.server_clock = {.filling = 7, .done = 6};
    peers.run();
    CHECK(peers.from_server.count<packet::pubcomp>() == 1);
}

TEST_CASE("a PUBLISH and a PUBREL wait for the commit of their identifier and state", "[session][commit]") {
    session_pair peers;
    peers.client_clock = {.filling = 2, .done = 1};
    auto const no = peers.publish(peers.client, "a", "x", exactly_once);
    peers.run();
    CHECK(peers.from_client.count<packet::publish>() == 0);

    peers.client_clock = {.filling = 3, .done = 2};
    peers.run();
    CHECK(peers.from_client.count<packet::publish>() == 1);
    CHECK(peers.from_client.count<packet::pubrel>() == 0);

    peers.client_clock = {.filling = 4, .done = 3};
    peers.run();
    CHECK(peers.from_client.count<packet::pubrel>() == 1);
    CHECK(peers.client.deliveries.contains(no));
}

TEST_CASE("CONNACK waits for its commit and nothing overtakes it", "[session][commit][MQTT-3.2.0-1]") {
    session_pair peers{{.connect = false}};
    peers.server_clock = {.filling = 2, .done = 1};
    (void)put(peers.server.state, "x", at_least_once, {});
    (void)peers.connect(true);
    peers.run();
    CHECK(peers.from_server.log.empty());
    CHECK(peers.server.engine->publish({.topic = "a"}, peers.now).error() == session::refusal::not_connected);

    peers.server_clock = {.filling = 3, .done = 2};
    peers.server.engine->committed(peers.now);
    peers.run();
    REQUIRE_FALSE(peers.from_server.log.empty());
    CHECK(peers.from_server.log[0].as<packet::connack>());
}

TEST_CASE("changes applied to an empty state make an equal one", "[session][state]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version, .connect = false}};
    peers.client.state.keep_changes(true);
    peers.server.state.keep_changes(true);
    (void)peers.connect(true);
    peers.run();
    peers.client.settings.max_in_flight = 4;
    peers.reconnect();
    peers.server.acknowledges = false;
    for (auto const* payload : {"1", "2", "3", "4", "5"}) peers.publish(peers.client, "a", payload, exactly_once);
    peers.publish(peers.client, "a", "6", at_least_once);
    peers.run();
    for (auto const i : {0U, 1U}) (void)peers.server.engine->acknowledge(peers.server.messages.at(i).arrival, peers.now);
    peers.from_server.cut_before = packet_type::pubcomp;
    peers.run();

    session::state client, server, compact;
    for (auto const& c : peers.client.state.changes()) REQUIRE(client.replay(c));
    for (auto const& c : peers.server.state.changes()) REQUIRE(server.replay(c));
    for (auto const& c : peers.client.state.snapshot()) REQUIRE(compact.replay(c));

    for (auto* s : {&client, &compact}) {
        CHECK(s->exists());
        CHECK(s->expiry() == peers.client.state.expiry());
        CHECK(s->in_flight() == peers.client.state.in_flight());
        CHECK(s->queued_messages() == peers.client.state.queued_messages());
        CHECK(s->queued_bytes() == peers.client.state.queued_bytes());
        CHECK(s->identifiers_in_use() == peers.client.state.identifiers_in_use());
    }
    CHECK(server.exists());

    SECTION("and the exchange goes on from there") {
        peers.cut();
        peers.client.state = std::move(client);
        peers.server.state = std::move(server);
        peers.server.acknowledges = true;
        auto const before = peers.server.received("a");
        peers.reconnect();
        CHECK(peers.client.session_present == true);
        CHECK(peers.client.state.in_flight() == 0);
        CHECK(peers.client.state.identifiers_in_use() == 0);
        CHECK(peers.server.state.incoming() == 0);
        for (auto const& p : peers.from_client.all<packet::publish>())
            if (p.dup) CHECK(p.id != 0);
    }
}

TEST_CASE("changes that do not fit are refused and change nothing", "[session][state]") {
    using session::change;
    session::state s;
    CHECK_FALSE(s.replay({.kind = change::what::started, .no = 1, .id = 1}));
    CHECK_FALSE(s.replay({.kind = change::what::released, .no = 1}));
    CHECK_FALSE(s.replay({.kind = change::what::finished, .no = 1}));
    CHECK_FALSE(s.replay({.kind = change::what::queued, .no = 1, .qos = at_least_once}));
    CHECK_FALSE(s.replay({.kind = change::what::queued, .no = 0, .content = text("x")}));
    CHECK_FALSE(s.replay({.kind = change::what::received, .id = 0}));
    CHECK_FALSE(s.replay({.kind = change::what::completed, .id = 3}));
    REQUIRE(s.replay({.kind = change::what::queued, .no = 1, .qos = at_least_once, .content = text("x")}));
    CHECK_FALSE(s.replay({.kind = change::what::started, .no = 1, .id = 0}));
    REQUIRE(s.replay({.kind = change::what::started, .no = 1, .id = 7}));
    CHECK_FALSE(s.replay({.kind = change::what::released, .no = 1}));    // QoS 1 has no PUBREC
    REQUIRE(s.replay({.kind = change::what::received, .id = 3}));
    CHECK_FALSE(s.replay({.kind = change::what::received, .id = 3}));
    CHECK(s.identifiers_in_use() == 1);
    REQUIRE(s.replay({.kind = change::what::finished, .no = 1}));
    CHECK(s.identifiers_in_use() == 0);
    CHECK(static_cast<int>(s.snapshot().size()) == 1);
    REQUIRE(s.replay({.kind = change::what::cleared}));
    CHECK(s.snapshot().empty());
}

TEST_CASE("a message is one block that its copies share", "[session][message]") {
    auto const props = property_list{}.add<property_id::message_expiry_interval>(5).add<property_id::content_type>("t").add<property_id::topic_alias>(3);
    auto const m = session::message::make("topic", props, to_bytes("payload"));
    REQUIRE(m);
    auto const copy = *m;
    CHECK(copy.topic().data() == m->topic().data());
    CHECK(copy.topic() == "topic");
    CHECK(to_text(copy.payload()) == "payload");
    auto const kept = property_list{}.add<property_id::content_type>("t");
    CHECK(copy.props() == kept.view());                            // what differs from delivery to delivery is not in it

    CHECK(session::message::make("", {}, {}).error().code == codec::errc::topic_empty);
    CHECK(session::message::make("a/+", {}, {}).error().code == codec::errc::topic_wildcard);
    auto const misplaced = property_list{}.add<property_id::server_keep_alive>(1);
    CHECK_FALSE(session::message::make("a", misplaced, {}));

    auto const bytes = std::make_shared<std::string>("kept");
    auto const adopted = session::message::adopt({.topic = "t", .payload = to_bytes(*bytes), .props = props}, bytes);
    CHECK(static_cast<void const*>(adopted.payload().data()) == static_cast<void const*>(bytes->data()));
    CHECK(adopted.props() == copy.props());
}

TEST_CASE("an event's bytes live as long as they are held", "[session]") {
    session_pair peers;
    auto& server = *peers.server.engine;
    byte_buffer bytes;
    REQUIRE(codec::encode(packet::publish{.topic = "a", .payload = to_bytes("held")}, {}, bytes));
    auto const space = server.prepare();
    std::copy(bytes.begin(), bytes.end(), space.begin());
    server.received(bytes.size(), peers.now);
    auto const* const event = server.poll(peers.now);
    REQUIRE(event);
    auto const payload = std::get<session::event::message_arrived>(*event).message.payload;
    auto const hold = server.hold();

    for (auto i = 0; i < 100; ++i) peers.feed(peers.server, packet::publish{.topic = "b", .payload = to_bytes("other payload")});

    CHECK(to_text(payload) == "held");
}

TEST_CASE("too many unanswered requests of one client end its connection", "[session]") {
    session_pair::options how;
    how.server.max_requests = 3;
    session_pair peers{how};
    peers.server.answers_requests = false;
    auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    for (packet_id id = 1; id <= 4; ++id) peers.feed(peers.server, packet::subscribe{.id = id, .filters = filters});
    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::quota_exceeded);
}
