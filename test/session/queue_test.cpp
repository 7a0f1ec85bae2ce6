// Messages that wait: withdrawn, expired, bounded in flight; what waits for a commit; what is counted.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace std::chrono_literals;
using enum qos_level;
using session::event::outcome;

namespace {

session::message text(std::string_view payload) { return *session::message::make("a", {}, to_bytes(payload)); }

session::delivery_no put(session::state& s, std::string_view payload, std::optional<session::time_point> expires_at, qos_level qos = at_least_once) {
    return s.enqueue(text(payload), {.qos = qos, .expires_at = expires_at}, {}, {}).no;
}

} // namespace

TEST_CASE("the queue lets go of what has expired and tells when to look again", "[session][queue]") {
    session::time_point const now{100s};
    session::state            s;
    s.count_traffic();
    auto const first = put(s, "1", now + 1s);
    put(s, "2", std::nullopt);
    auto const third = put(s, "3", now + 2s, at_most_once);
    put(s, "4", now + 5s);

    CHECK(s.expire(now) == now + 1s);
    CHECK(s.take_outcomes().empty());
    CHECK(s.expire(now + 2s) == now + 5s);
    auto const ends = s.take_outcomes();
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].no == first);
    CHECK(ends[1].no == third);
    CHECK(ends[0].how == outcome::expired);
    CHECK(s.queued_messages() == 2);
    CHECK(s.counted()->expired == 2);
    CHECK(s.expire(now + 5s) == std::nullopt);
    CHECK(s.queued_messages() == 1);
    CHECK(s.queued_bytes() == text("2").size());
    CHECK(s.outstanding() == std::vector<session::delivery_no>{2});
}

TEST_CASE("what expires while an engine serves the session is reported by that engine", "[session][queue]") {
    session_pair::options how;
    how.server.own.receive_maximum = 1;
    session_pair peers{how};
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", "under way", at_least_once);
    peers.run();
    auto const waiting = peers.client.engine->publish(text("x"), {.qos = at_least_once, .expires_at = peers.now + 1s}, peers.now);
    REQUIRE(waiting);
    peers.pass(2s);
    peers.client.state.expire(peers.now);
    peers.run();
    REQUIRE(peers.client.deliveries.size() == 1);
    CHECK(peers.client.deliveries.at(*waiting).how == outcome::expired);
}

TEST_CASE("what was not sent can be withdrawn, started or not, and frees its identifier", "[session][queue]") {
    session::commit_clock commits{1, 0};
    session::state        s;
    session::engine       e(session::role::client, {}, commits);
    session::time_point   now{1s};
    REQUIRE(e.connect({.client_id = "c", .props = {}}, s, now));
    while (!e.pending(now).empty()) e.sent(e.pending(now).front().size(), now);
    byte_buffer connack;
    REQUIRE(codec::encode(packet::connack{}, {protocol::v5, sender::server}, connack));
    auto const into = e.prepare();
    std::copy(connack.begin(), connack.end(), into.begin());
    e.received(connack.size(), now);
    while (e.poll(now)) {}

    auto const first = *e.publish(text("1"), {.qos = exactly_once}, now);
    auto const second = *e.publish(text("2"), {.qos = at_least_once}, now);
    CHECK(s.identifiers_in_use() == 2);
    CHECK(e.waits_for_commit());
    CHECK(e.pending(now).empty());
    CHECK(e.withdraw(first, now));
    CHECK_FALSE(e.withdraw(first, now));
    CHECK(s.identifiers_in_use() == 1);

    commits.done = commits.filling++;
    CHECK_FALSE(e.waits_for_commit());
    auto const out = e.pending(now);
    REQUIRE(out.size() == 1);
    CHECK(to_text(out.front()).find('2') != std::string_view::npos);
    CHECK_FALSE(e.withdraw(second, now));                          // it is on its way
    CHECK(e.poll(now) == nullptr);
    CHECK(s.in_flight() == 1);
    e.connection_lost(now);
    CHECK_FALSE(s.withdraw(second));
}

TEST_CASE("bytes in flight are bounded, given back by PUBACK and by PUBREC, and one message may be larger", "[session][queue]") {
    auto const            qos = GENERATE(at_least_once, exactly_once);
    session_pair::options how;
    how.client.max_in_flight_bytes = 3 * text(std::string(100, 'x')).size();
    session_pair peers{how};
    peers.server.acknowledges = false;
    peers.publish(peers.client, "a", std::string(2000, 'x'), qos);
    for (int i = 0; i < 5; ++i) peers.publish(peers.client, "a", std::string(100, 'x'), qos);
    peers.run();
    CHECK(peers.server.messages.size() == 1);
    CHECK(peers.client.state.in_flight() == 1);

    peers.server.acknowledges = true;
    REQUIRE(peers.server.engine->acknowledge(1, peers.now));
    peers.run();
    CHECK(peers.server.messages.size() == 6);
    CHECK(peers.client.state.in_flight_bytes() == 0);
    CHECK(peers.client.deliveries.size() == 6);
}

TEST_CASE("a session counts what it moves and how long answers take", "[session][queue]") {
    session_pair::options how;
    how.keep_alive = 10;
    session_pair peers{how};
    CHECK(peers.client.state.counted() == nullptr);
    peers.client.state.count_traffic();
    peers.server.state.count_traffic();
    peers.server.acknowledges = false;
    for (auto const qos : {at_most_once, at_least_once, exactly_once}) peers.publish(peers.client, "a", "12345", qos);
    peers.run();
    peers.now += 250ms;
    REQUIRE(peers.server.engine->acknowledge(1, peers.now));
    peers.run();
    auto const& sent = *peers.client.state.counted();
    auto const& received = *peers.server.state.counted();
    for (std::size_t qos = 0; qos < 3; ++qos) {
        CHECK(sent.sent[qos].messages == 1);
        CHECK(sent.sent[qos].bytes == 5);
        CHECK(received.received[qos].messages == 1);
        CHECK(received.received[qos].bytes == 5);
    }
    CHECK(sent.acknowledgement == 250ms);
    CHECK(sent.bytes_sent == received.bytes_received);
    peers.pass(9s);
    CHECK(sent.ping == 0ms);
    peers.client.state.clear();
    CHECK(peers.client.state.counted() != nullptr);
}
