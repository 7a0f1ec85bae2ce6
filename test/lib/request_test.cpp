// Requests and answers: the response topic, correlation, time, limits; and the responder's side.
#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

connect_options asker(protocol version = protocol::v5) { return connect_options{}.client_id("asker").version(version); }

receive_outcome ask(client& c, std::string_view topic, std::string_view payload, request_options const& how = {}) {
    receive_outcome done;
    c.async_request(topic, payload, how, done.handler());
    return done;
}

void wait_answer(world& w, client_subscription& of) {
    subscribe_outcome done;
    of.async_wait_answer(done.handler());
    w.run(done);
    REQUIRE_FALSE(done.ec());
}

} // namespace

TEST_CASE("a request is answered by whoever serves its topic", "[lib][request]") {
    world  w;
    client serves(w.io, lamp()), asks(w.io, asker());
    w.connect(serves);
    w.connect(asks);
    auto s = serves.respond("add/+", [](received_message const& request, request_reply reply) {
        CHECK_FALSE(reply(std::string(request.text()) + "!"));
    });
    wait_answer(w, s);

    auto const first = ask(asks, "add/1", "one");
    auto const second = ask(asks, "add/2", "two");
    w.run(first);
    w.run(second);

    CHECK(first.value().text() == "one!");
    CHECK(second.value().text() == "two!");
    CHECK(asks.pending_requests() == 0);
    CHECK(asks.stray_responses() == 0);
    CHECK(std::count_if(w.server.subscribed.begin(), w.server.subscribed.end(), [](auto const& each) { return each.starts_with("response/asker/"); }) == 1);
}

TEST_CASE("answers come below the response information of the server", "[lib][request]") {
    auto const  information = GENERATE("private/asker", "private/asker/", "bad/#");
    world       w;
    w.server.connack_props.add<property_id::response_information>(information);
    client asks(w.io, asker().props(property_list{}.add<property_id::request_response_information>(1)));
    auto const early = ask(asks, "a", "b");                        // before there is a connection to learn it from
    w.connect(asks);
    REQUIRE(w.run_until([&] { return w.server.arrivals.size() == 1; }));

    CHECK_FALSE(early.is_done());
    REQUIRE(w.server.subscribed.size() == 1);
    auto const expected = std::string_view(information) == "bad/#" ? "response/asker/" : "private/asker/";
    CHECK(w.server.subscribed[0].starts_with(expected));
    CHECK(w.server.subscribed[0].find("//") == std::string::npos);
}

TEST_CASE("a request without an answer in time fails, and its answer is dropped and counted when it comes", "[lib][request]") {
    world  w;
    client serves(w.io, lamp()), asks(w.io, asker());
    w.connect(serves);
    w.connect(asks);
    std::vector<request_reply> later;
    int                        expiring = 0;                       // requests that say on the wire when they expire
    auto s = serves.respond("a", [&](received_message const&, request_reply reply) { later.push_back(std::move(reply)); });
    asks.tap([&](direction way, bytes_view frame) {
        auto const text = to_text(frame);
        bool const is_publish = way == direction::sent && static_cast<unsigned>(frame.front()) >> 4 == static_cast<unsigned>(packet_type::publish);
        auto const says = [&](std::string_view expiry) { return text.find(expiry) != text.npos; };
        if (is_publish && (says({"\x02\0\0\0\x01", 5}) || says({"\x02\0\0\0\x1e", 5}))) ++expiring;
    });
    wait_answer(w, s);

    auto const done = ask(asks, "a", "x", request_options{30s});
    REQUIRE(w.run_until([&] { return later.size() == 1; }));       // the subscription stands, so the next one leaves at once
    auto const quick = ask(asks, "a", "y", request_options{30ms});
    w.run(quick);
    CHECK(quick.ec() == error::request_timed_out);
    CHECK(quick.ec() == condition::timed_out);
    REQUIRE(w.run_until([&] { return later.size() == 2; }));
    CHECK(expiring == 2);

    publish_outcome sent;
    later[1].async_send("late", publish_options{qos_1}, sent.handler());
    w.run(sent);
    CHECK_FALSE(sent.ec());
    REQUIRE(w.run_until([&] { return asks.stray_responses() == 1; }));
    CHECK_FALSE(later[0]("in time"));
    w.run(done);
    CHECK(done.value().text() == "in time");
}

TEST_CASE("what comes to a response topic without our correlation data is no answer", "[lib][request]") {
    world  w;
    client asks(w.io, asker()), stranger(w.io, connect_options{}.client_id("stranger"));
    w.connect(asks);
    w.connect(stranger);
    auto const done = ask(asks, "a", "x", request_options{}.response_topic("answers"));
    REQUIRE(w.run_until([&] { return !w.server.arrivals.empty(); }));

    w.run(w.start_publish(stranger, "answers", "none"));
    w.run(w.start_publish(stranger, "answers", "short", publish_options{}.correlation_data("1")));
    w.run(w.start_publish(stranger, "answers", "false", publish_options{}.correlation_data("0123456789abcdef")));
    REQUIRE(w.run_until([&] { return asks.stray_responses() == 3; }));

    CHECK_FALSE(done.is_done());
    CHECK(asks.pending_requests() == 1);
    asks.close();
    w.run(done);
    CHECK(done.ec() == asio::error::operation_aborted);
}

TEST_CASE("in 3.1.1 a request needs a topic agreed on for the answer", "[lib][request]") {
    world  w;
    client serves(w.io, lamp(protocol::v3_1_1)), asks(w.io, asker(protocol::v3_1_1));
    w.connect(serves);
    w.connect(asks);
    error_code undirected;
    auto       s = serves.respond("time", [&](received_message const& request, request_reply reply) {
        undirected = reply("lost");
        CHECK_FALSE(reply.topic("time/answer")(request.text()));
    });
    wait_answer(w, s);

    auto const refused = ask(asks, "time", "now");
    w.run(refused);
    CHECK(refused.ec() == error::no_response_topic);

    auto const how = request_options{}.response_topic("time/answer");
    auto const first = ask(asks, "time", "1", how), second = ask(asks, "time", "2", how);
    w.run(first);
    w.run(second);
    CHECK(undirected == error::no_response_topic);
    CHECK(first.value().text() == "1");
    CHECK(second.value().text() == "2");
}

TEST_CASE("requests are bounded, and what is wrong with one is told at once", "[lib][request]") {
    world  w;
    client asks(w.io, asker());
    w.connect(asks);
    asks.request_limit(2);
    auto const first = ask(asks, "a", "1"), second = ask(asks, "a", "2"), third = ask(asks, "a", "3");
    w.run(third);
    CHECK(third.ec() == error::queue_full);
    asks.request_limit(10);

    auto const wild = ask(asks, "a/+", "x");
    auto const answer_wild = ask(asks, "a", "x", request_options{}.response_topic("b/#"));
    auto const forbidden = ask(asks, "a", "x", request_options{}.response_topic("forbidden/answers"));
    w.run(wild);
    w.run(answer_wild);
    w.run(forbidden);
    CHECK(wild.ec() == bad_argument(codec::errc::topic_wildcard));
    CHECK(answer_wild.ec() == condition::local_misuse);
    CHECK(forbidden.ec() == reason_code::not_authorized);
    CHECK(asks.pending_requests() == 2);
}

TEST_CASE("a request that the server refuses to take fails with its reason", "[lib][request]") {
    world w;
    w.server.refuse_publish = reason_code::quota_exceeded;
    client asks(w.io, asker());
    w.connect(asks);

    auto const done = ask(asks, "a", "x");
    w.run(done);
    CHECK(done.ec() == reason_code::quota_exceeded);
    CHECK(asks.pending_requests() == 0);
}

TEST_CASE("cancelling a request stops waiting for its answer", "[lib][request]") {
    world                     w;
    client                    asks(w.io, asker());
    asio::cancellation_signal stop;
    receive_outcome           done;
    w.connect(asks);
    asks.async_request("a", "x", request_options{}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
    REQUIRE(w.run_until([&] { return !w.server.arrivals.empty(); }));

    stop.emit(asio::cancellation_type::total);
    w.run(done);
    CHECK(done.ec() == asio::error::operation_aborted);
    CHECK(asks.pending_requests() == 0);
}

TEST_CASE("no timer keeps the loop busy once the requests are done", "[lib][request]") {
    world w;
    {
        client asks(w.io, asker());
        w.connect(asks);
        auto s = asks.respond("echo", [](received_message const& request, request_reply reply) { (void)reply(request.text()); });
        wait_answer(w, s);
        auto const done = ask(asks, "echo", "x", request_options{1h});
        w.run(done);
        CHECK(done.value().text() == "x");
        CHECK_FALSE(w.disconnect(asks));
        w.io.restart();
        w.io.run_for(20s);
        CHECK(w.io.stopped());                                     // ran out of work by itself
    }
}
