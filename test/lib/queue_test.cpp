// What waits to be sent: policies of a full queue, QoS 0 without a connection, expiry, deadlines; and what is counted of it.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;
using session::overflow;

namespace {

session::queue_limits two(overflow when_full) { return {.messages = 2, .bytes = 1U << 20U, .when_full = when_full}; }

std::vector<std::string> texts(small_server const& s) {
    std::vector<std::string> all;
    for (auto const& each : s.arrivals) all.push_back(each.text);
    return all;
}

} // namespace

TEST_CASE("each policy of a full queue ends the right message, with its own error, and counts it", "[lib][queue]") {
    struct expectation { overflow policy; std::vector<std::string> sent; std::vector<error_code> ends; std::uint64_t dropped; };
    auto const& e = GENERATE(
        expectation{overflow::reject, {"1", "2"}, {{}, {}, error::queue_full}, 0},
        expectation{overflow::drop_newest, {"1", "2"}, {{}, {}, error::message_dropped}, 1},
        expectation{overflow::drop_oldest, {"2", "3"}, {error::message_dropped, {}, {}}, 1},
        expectation{overflow::drop_qos_0_first, {"1", "3"}, {{}, error::message_dropped, {}}, 1},
        expectation{overflow::wait, {"1", "2", "3"}, {{}, {}, {}}, 0});
    world                        w;
    client                       c(w.io, lasting_lamp().queue(two(e.policy)).queue_qos_0(true));
    std::vector<publish_outcome> done{w.start_publish(c, "t", "1", qos_1), w.start_publish(c, "t", "2", qos_0), w.start_publish(c, "t", "3", qos_2)};
    w.settle();
    CHECK(c.metrics().queued_messages == 2);
    CHECK(c.metrics().waiting == (e.policy == overflow::wait ? 1 : 0));
    CHECK(c.metrics().traffic.dropped == e.dropped);
    w.connect(c);

    for (std::size_t i = 0; i < 3; ++i) {
        w.run(done[i]);
        INFO(i << ": " << done[i].ec().message());
        CHECK(done[i].ec() == e.ends[i]);
    }
    CHECK(w.run_until([&] { return w.server.arrivals.size() == e.sent.size(); }));
    CHECK(texts(w.server) == e.sent);
    CHECK(c.metrics().queued_messages == 0);
    CHECK(c.metrics().queued_bytes == 0);
}

TEST_CASE("publishes that wait for room go in order, and can be cancelled or run out of time", "[lib][queue]") {
    world                     w;
    client                    c(w.io, lasting_lamp().queue({.messages = 1, .bytes = 1U << 20U, .when_full = overflow::wait}).max_in_flight(1));
    asio::cancellation_signal stop;
    auto const                first = w.start_publish(c, "t", "1", qos_1);
    publish_outcome           cancelled;
    c.async_publish("t", "2", qos_1, asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    auto const timed = w.start_publish(c, "t", "3", publish_options{}.deadline(1ms));
    auto const last = w.start_publish(c, "t", "4", qos_1);
    CHECK_FALSE(c.publish("t", "5", qos_1));                       // it does not overtake those that wait
    stop.emit(asio::cancellation_type::terminal);
    w.run(cancelled);
    CHECK(cancelled.ec() == asio::error::operation_aborted);
    w.run(timed);
    CHECK(timed.ec() == error::deadline_not_sent);
    w.connect(c);
    w.run(first);
    w.run(last);
    CHECK_FALSE(last.ec());
    CHECK(texts(w.server) == std::vector<std::string>{"1", "4"});
}

TEST_CASE("QoS 0 without a connection is refused, or queued by choice and complete when it is written", "[lib][queue]") {
    bool const   is_queued = GENERATE(false, true);
    world        w;
    client       c(w.io, lasting_lamp().queue_qos_0(is_queued));
    auto const   done = w.start_publish(c, "t", "x", qos_0);
    auto const   plain = c.publish("t", "y", qos_0);
    w.settle();
    CHECK(done.is_done() == !is_queued);
    CHECK(plain.has_value() == is_queued);
    w.connect(c);
    w.run(done);
    CHECK(done.ec() == (is_queued ? error_code{} : make_error_code(error::not_connected)));
    auto const last = w.start_publish(c, "t", "z", qos_1);
    w.run(last);
    CHECK(texts(w.server) == (is_queued ? std::vector<std::string>{"x", "y", "z"} : std::vector<std::string>{"z"}));
}

TEST_CASE("queued QoS 0 ends with a session that is not kept", "[lib][queue]") {
    world  w;
    client c(w.io, lamp().queue_qos_0(true));
    w.server.answers_connect = false;
    auto const connecting = w.start_connect(c);
    auto const done = w.start_publish(c, "t", "x", qos_0);
    w.settle();
    CHECK_FALSE(done.is_done());
    c.close();
    w.run(done);
    CHECK(done.ec() == asio::error::operation_aborted);
}

TEST_CASE("a message expires in the queue, with or without a connection", "[lib][queue]") {
    bool const is_connected = GENERATE(false, true);
    world      w;
    w.server.acknowledges = false;
    client c(w.io, lasting_lamp().max_in_flight(1));
    if (is_connected) {
        w.connect(c);
        w.start_publish(c, "t", "takes the only place", qos_1);
    }
    auto const done = w.start_publish(c, "t", "x", publish_options{}.expiry(1s));
    auto const stays = w.start_publish(c, "t", "y", publish_options{}.expiry(1h));
    w.run(done);
    CHECK(done.ec() == error::message_expired);
    CHECK_FALSE(stays.is_done());
    CHECK(c.metrics().traffic.expired == 1);
    CHECK(c.metrics().queued_messages == 1);
}

TEST_CASE("a deadline withdraws what was not sent, and only stops waiting for what was", "[lib][queue]") {
    world w;
    w.server.acknowledges = false;
    client c(w.io, lasting_lamp().max_in_flight(1));
    w.connect(c);
    auto const sent = w.start_publish(c, "t", "sent", publish_options{}.deadline(500ms));
    w.settle();
    auto const queued = w.start_publish(c, "t", "queued", publish_options{}.deadline(5ms));
    auto const in_time = w.start_publish(c, "t", "in time", publish_options{}.deadline(1h));
    w.run(sent);
    w.run(queued);
    CHECK(sent.ec() == error::deadline_passed);
    CHECK(sent.ec() == condition::timed_out);
    CHECK(queued.ec() == error::deadline_not_sent);
    CHECK(queued.ec() == condition::timed_out);
    w.server.acknowledges = true;
    w.server.acknowledge_all();
    w.run(in_time);
    CHECK_FALSE(in_time.ec());
    CHECK(texts(w.server) == std::vector<std::string>{"sent", "in time"});
    CHECK_FALSE(w.disconnect(c));
    w.io.restart();
    w.io.run();                                                    // no deadline is left to wait for
}

TEST_CASE("bytes in flight are bounded, but one message may be larger", "[lib][queue]") {
    world             w;
    session::settings how;
    how.max_in_flight_bytes = 2000;
    w.server.acknowledges = false;
    client            c(w.io, lasting_lamp().settings(how));
    w.connect(c);
    std::vector<publish_outcome> done;
    for (int i = 0; i < 4; ++i) done.push_back(w.start_publish(c, "t", std::string(i == 0 ? 5000 : 300, 'x'), qos_1));
    w.settle();
    CHECK(w.server.arrivals.size() == 1);
    CHECK(c.metrics().in_flight == 1);
    CHECK(c.metrics().in_flight_bytes > 5000);
    w.server.acknowledge_all();
    w.settle();
    CHECK(w.server.arrivals.size() == 4);
    CHECK(c.metrics().in_flight_bytes <= 2000);
    w.server.acknowledge_all();
    for (auto const& each : done) w.run(each);
    CHECK(c.metrics().in_flight_bytes == 0);
}

TEST_CASE("metrics count messages and bytes by QoS, both ways, over all connections", "[lib][queue]") {
    world  w;
    client c(w.io, lasting_lamp());
    for (int round = 0; round < 2; ++round) {
        w.connect(c);
        w.subscribe(c, {"t", qos_2});
        for (auto const qos : {qos_0, qos_1, qos_2}) {
            auto const done = w.start_publish(c, "t", "12345", qos);
            CHECK(w.receive(c).text() == "12345");
            w.run(done);
        }
        w.disconnect(c);
    }
    auto const m = c.metrics();
    for (std::size_t qos = 0; qos < 3; ++qos) {
        CHECK(m.traffic.sent[qos].messages == 2);
        CHECK(m.traffic.sent[qos].bytes == 10);
        CHECK(m.traffic.received[qos].messages == 2);
        CHECK(m.traffic.received[qos].bytes == 10);
    }
    CHECK(m.traffic.bytes_sent > 60);
    CHECK(m.traffic.bytes_received > 60);
    CHECK(m.traffic.acknowledgement.has_value());
    CHECK(m.connects == 2);
    CHECK(m.reconnects == 1);
    CHECK_FALSE(m.is_connected);
    CHECK(m.in_flight == 0);
}
