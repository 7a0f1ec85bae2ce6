// A session that is saved and comes back: what is recorded, what is refused, what goes on from there.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::change;
using session::event::outcome;

namespace {

session::message text(std::string_view payload) { return *session::message::make("a", {}, to_bytes(payload)); }

change queued(session::delivery_no no, qos_level qos) { return {.kind = change::what::queued, .no = no, .qos = qos, .content = text("x")}; }

/// What a state tells of itself.
std::vector<std::size_t> figures(session::state const& s) {
    return {s.exists(), s.expiry(), s.queued_messages(), s.queued_bytes(), s.in_flight(), s.incoming(), s.identifiers_in_use()};
}

session::state replayed(std::span<change const> changes) {
    session::state made;
    for (auto const& c : changes) REQUIRE(made.replay(c));
    return made;
}

} // namespace

TEST_CASE("changes that a store has taken are not told again", "[session][state]") {
    session_pair peers{{.connect = false}};
    auto& state = peers.client.state;
    state.keep_changes(true);
    (void)state.enqueue(text("1"), {.qos = at_least_once}, {}, peers.now);
    REQUIRE(state.changes().size() == 1);

    state.changes_taken();
    CHECK(state.changes().empty());
    (void)state.enqueue(text("2"), {.qos = at_least_once}, {}, peers.now);

    REQUIRE(state.changes().size() == 1);
    CHECK(to_text(state.changes()[0].content.payload()) == "2");
}

TEST_CASE("QoS 0 and messages still with their owner are not part of what is saved", "[session][state]") {
    session_pair peers;
    auto& state = peers.server.state;
    state.keep_changes(true);
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "held", exactly_once);
    peers.publish(peers.client, "a", "accepted", exactly_once);
    peers.run();
    REQUIRE(peers.server.engine->acknowledge(peers.server.messages.at(1).arrival, peers.now));
    peers.cut();
    (void)state.enqueue(text("0"), {}, {}, peers.now);
    (void)state.enqueue(text("1"), {.qos = at_least_once}, {}, peers.now);
    REQUIRE(state.queued_messages() == 2);
    REQUIRE(state.incoming() == 2);

    for (auto const& changes : {state.snapshot(), std::vector<change>(state.changes().begin(), state.changes().end())}) {
        auto const again = replayed(changes);
        CHECK(again.queued_messages() == 1);
        CHECK(again.incoming() == 1);
    }
}

TEST_CASE("a session that the server lost is saved as what is left of it", "[session][state]") {
    session_pair peers;
    peers.client.settings.max_in_flight = 3;
    peers.reconnect();
    peers.client.state.keep_changes(true);
    std::vector<change> saved = peers.client.state.snapshot();
    peers.server.acknowledges = false;
    for (auto const qos : {at_least_once, exactly_once, exactly_once, at_least_once}) peers.publish(peers.client, "a", "x", qos);
    peers.run();
    peers.feed(peers.client, packet::pubrec{.id = 2});
    peers.server.state.clear();
    peers.server.accepts = false;

    peers.reconnect();
    peers.feed(peers.client, packet::connack{});                   // and nothing goes out yet
    REQUIRE(peers.client.session_present == false);

    auto const made = peers.client.state.changes();
    saved.insert(saved.end(), made.begin(), made.end());
    CHECK(figures(replayed(saved)) == figures(peers.client.state));
    CHECK(figures(replayed(peers.client.state.snapshot())) == figures(peers.client.state));
    CHECK(peers.client.state.in_flight() == 2);                    // begun anew: the two of QoS 1
}

TEST_CASE("a session that was moved goes on", "[session][state]") {
    session_pair peers;
    peers.cut();
    (void)peers.client.state.enqueue(text("x"), {.qos = at_least_once}, {}, peers.now);

    session::state elsewhere{std::move(peers.client.state)};
    CHECK(elsewhere.queued_messages() == 1);
    peers.client.state = std::move(elsewhere);
    peers.reconnect();

    CHECK(peers.client.session_present == true);
    CHECK(peers.server.received("a") == std::vector<std::string>{"x"});
}

TEST_CASE("what no session can have come to is refused when it is replayed", "[session][state]") {
    session::state s{4};
    REQUIRE(s.replay(queued(1, at_least_once)));
    REQUIRE(s.replay(queued(2, exactly_once)));
    REQUIRE(s.replay(queued(3, exactly_once)));
    REQUIRE(s.replay({.kind = change::what::started, .no = 2, .id = 2}));
    auto const before = figures(s);

    CHECK_FALSE(s.replay({.kind = change::what::started, .no = 1, .id = 5}));    // above the last identifier
    CHECK_FALSE(s.replay({.kind = change::what::started, .no = 1, .id = 2}));    // in use
    CHECK_FALSE(s.replay({.kind = change::what::started, .no = 2, .id = 3}));    // started already
    CHECK_FALSE(s.replay({.kind = change::what::released, .no = 3}));            // not started
    CHECK_FALSE(s.replay({.kind = change::what::finished, .no = 4}));
    CHECK_FALSE(s.replay(queued(4, at_most_once)));                              // never kept
    CHECK_FALSE(s.replay(queued(3, exactly_once)));                              // there already: waiting
    CHECK_FALSE(s.replay(queued(2, at_least_once)));                             // and under way
    CHECK_FALSE(s.replay({.kind = static_cast<change::what>(99), .no = 1}));
    CHECK(figures(s) == before);

    REQUIRE(s.replay({.kind = change::what::released, .no = 2}));
    CHECK_FALSE(s.replay({.kind = change::what::released, .no = 2}));
    CHECK_FALSE(s.replay(queued(2, exactly_once)));                              // PUBCOMP awaited
    REQUIRE(s.replay({.kind = change::what::finished, .no = 2}));
    REQUIRE(s.replay({.kind = change::what::finished, .no = 3}));
    REQUIRE(s.replay({.kind = change::what::received, .id = 3}));
    REQUIRE(s.replay({.kind = change::what::completed, .id = 3}));
    CHECK_FALSE(s.replay({.kind = change::what::completed, .id = 3}));
    CHECK(s.queued_messages() == 1);
    CHECK(s.identifiers_in_use() == 0);
}

TEST_CASE("numbers of deliveries go on above those that were restored", "[session][state]") {
    session::state s;
    REQUIRE(s.replay(queued(7, at_least_once)));
    REQUIRE(s.replay(queued(5, at_least_once)));                   // a snapshot is not in order of numbers

    CHECK(s.enqueue(text("y"), {.qos = at_least_once}, {}, {}).no == 8);
    CHECK(s.queued_messages() == 3);
}

TEST_CASE("what a restored session began goes out as a duplicate under its identifier", "[session][state][MQTT-4.4.0-1][MQTT-3.3.1-1]") {
    session_pair peers{{.connect = false}};
    peers.client.settings.resume = true;
    peers.client.renew();
    for (auto const& c : {queued(1, at_least_once), change{.kind = change::what::started, .no = 1, .id = 40}, queued(2, exactly_once)})
        REQUIRE(peers.client.state.replay(c));

    (void)peers.connect(false);
    peers.server.accepts = false;
    peers.run();
    peers.feed(peers.client, packet::connack{.session_present = true});
    peers.run();

    auto const sent = peers.from_client.all<packet::publish>();
    REQUIRE(sent.size() == 2);
    CHECK((sent[0].id == 40 && sent[0].dup));
    CHECK((sent[1].id == 1 && !sent[1].dup));
}

TEST_CASE("a QoS 2 message whose content is gone before its PUBREC is given up as lost", "[session][state]") {
    session_pair peers{{.connect = false}};
    peers.client.settings.resume = true;
    peers.client.renew();
    change without = queued(1, exactly_once);
    without.content = {};
    REQUIRE(peers.client.state.replay(without));
    REQUIRE(peers.client.state.replay({.kind = change::what::started, .no = 1, .id = 1}));
    REQUIRE(peers.client.state.replay(queued(2, exactly_once)));

    (void)peers.connect(false);
    peers.run();
    peers.reconnect();

    CHECK(peers.client.deliveries.at(1).how == outcome::session_lost);
    CHECK(peers.client.deliveries.at(2).how == outcome::acknowledged);
    CHECK(peers.client.state.identifiers_in_use() == 0);
}

TEST_CASE("a queue that may hold nothing takes nothing", "[session][state]") {
    session::state s;
    auto const when_full = GENERATE(session::overflow::reject, session::overflow::drop_oldest, session::overflow::drop_qos_0_first);

    CHECK(s.enqueue(text("x"), {.qos = at_least_once}, {.messages = 0, .when_full = when_full}, {}).result == session::enqueued::how::rejected);
    CHECK(s.enqueue(text("x"), {.qos = at_least_once}, {.bytes = 1, .when_full = when_full}, {}).result == session::enqueued::how::rejected);

    CHECK(s.queued_messages() == 0);
    CHECK(s.take_outcomes().empty());
}
