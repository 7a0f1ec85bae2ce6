// Subscription objects, requests and answers against Debian's mosquitto and its tools.
#include <set>

#include "broker_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

using texts = std::vector<std::string>;

void wait_answer(world& w, client_subscription& of) {
    subscribe_outcome done;
    of.async_wait_answer(done.handler());
    w.run(done);
    INFO(done.ec().message());
    REQUIRE_FALSE(done.ec());
}

received_message receive(world& w, client_subscription& from) {
    receive_outcome done;
    from.async_receive(done.handler());
    w.run(done);
    INFO(done.ec().message());
    REQUIRE_FALSE(done.ec());
    return done.value();
}

} // namespace

TEST_CASE("mosquitto serves subscription objects, retained and shared ones too", "[interop][mosquitto][subscription]") {
    auto const   version = GENERATE(protocol::v3_1_1, protocol::v5);
    broker_world w;
    client       c(w.io, w.options("lamp", version)), sender(w.io, w.options("sender", version));
    w.dial(c);
    w.dial(sender);
    w.run(w.start_publish(sender, "kept/1", "state", publish_options{}.retain(true)));

    auto kept = c.subscribe("kept/+");
    auto shared = c.subscribe("$share/group/work/#", subscription_options{qos_2});
    auto exact = c.subscribe("work/1");
    auto late = c.subscribe("kept/+", subscription_options{}.retained(retain_handling::send));
    for (auto* each : {&kept, &shared, &exact, &late}) wait_answer(w, *each);

    auto const state = receive(w, kept);
    CHECK(state.text() == "state");
    CHECK(state.retain());
    CHECK(receive(w, late).retain());
    w.run(w.start_publish(sender, "work/1", "x", publish_options{qos_2}));
    CHECK(receive(w, shared).matched().front() == "$share/group/work/#");
    CHECK(receive(w, exact).text() == "x");
    subscribe_outcome left;
    shared.async_unsubscribe(left.handler());
    w.run(left);
    CHECK_FALSE(left.ec());
}

TEST_CASE("subscriptions are restored after mosquitto was restarted", "[interop][mosquitto][subscription]") {
    auto const   version = GENERATE(protocol::v3_1_1, protocol::v5);
    broker_world w;
    client       c(w.io, w.options("lasting", version).session_expiry(1h));
    w.dial(c);
    auto a = c.subscribe("a/#", subscription_options{qos_2});
    auto b = c.subscribe("b");
    wait_answer(w, a);
    wait_answer(w, b);

    w.stop();
    REQUIRE(w.run_until([&] { return !c.is_connected(); }));
    w.start_again();
    CHECK_FALSE(w.dial(c).session_present());
    wait_answer(w, a);
    wait_answer(w, b);

    for (auto const* text : {"1", "2", "3"}) w.run(w.start_publish(c, "a/x", text, publish_options{qos_2}));
    for (auto const* text : {"1", "2", "3"}) CHECK(receive(w, a).text() == text);
    w.run(w.start_publish(c, "b", "y"));
    CHECK(receive(w, b).text() == "y");
}

TEST_CASE("mosquitto_rr is answered, and its kind answers", "[interop][mosquitto][request]") {
    broker_world w;
    REQUIRE(std::string_view(ALDIS_MOSQUITTO_RR).find("NOTFOUND") == std::string_view::npos);
    client serves(w.io, w.options("serves", protocol::v5)), asks(w.io, w.options("asks", protocol::v5));
    w.dial(serves);
    w.dial(asks);
    texts seen;
    auto  s = serves.respond("question", subscription_options{qos_2}, [&](received_message const& request, request_reply reply) {
        seen.emplace_back(request.text());
        CHECK_FALSE(reply("answer to " + std::string(request.text())));
    });
    wait_answer(w, s);

    process rr({ALDIS_MOSQUITTO_RR, "-h", "127.0.0.1", "-p", w.port(), "-t", "question", "-e", "answers/rr", "-m", "theirs", "-q", "1"});
    w.run_until_ended(rr);
    receive_outcome done;
    asks.async_request("question", "ours", request_options{}.publish(publish_options{qos_2}), done.handler());
    w.run(done);

    CHECK_FALSE(done.ec());
    CHECK(done.value().text() == "answer to ours");
    CHECK(seen == texts{"theirs", "ours"});
    CHECK(rr.exit_status() == 0);
}
