// Keeping connected: attempts, causes, delays, the hook, several servers, references, versions. Attempts go over wires in memory that the
// hook hands out, so nothing waits for a network; delays are a millisecond.
#include <deque>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

using wait_outcome  = outcome<error_code, connect_result>;
using state_outcome = outcome<error_code, connection_state>;
using leave_outcome = outcome<error_code, std::size_t>;

reconnect_policy quick() { return reconnect_policy{}.delays(1ms, 4ms).seed(1); }

/// What was told, in short: "connecting", "connected", "lost", "given up".
struct diary {
    std::vector<connection_state> states{};

    explicit diary(client& c) {
        c.on_state([this](connection_state const& now) { states.push_back(now); });
    }
    template <class State>
    std::size_t count() const {
        return static_cast<std::size_t>(std::count_if(states.begin(), states.end(), [](auto const& s) { return std::holds_alternative<State>(s); }));
    }
    template <class State>
    State const& last() const {
        for (auto at = states.rbegin(); at != states.rend(); ++at)
            if (auto const* const is = std::get_if<State>(&*at)) return *is;
        throw std::runtime_error("no such state");
    }
    bool is_over() const { return !states.empty() && std::holds_alternative<link_state::given_up>(states.back()); }
    connection_cause const& end() const { return last<link_state::given_up>().cause; }
};

/// Attempts that go over wires to the world's server.
reconnect_policy wired(world& w, reconnect_policy how = quick()) {
    return std::move(how.before_attempt([&w](connect_attempt attempt) { attempt.go(w.wire()); }));
}

} // namespace

TEST_CASE("a client that was started connects, and again after each loss", "[lib][running]") {
    world  w;
    client c(w.io, lamp());
    diary  d(c);
    c.start(wired(w));
    CHECK(d.states.empty());                                       // never from inside the call
    CHECK(std::holds_alternative<link_state::idle>(c.state()));

    REQUIRE(w.run_until([&] { return c.is_connected(); }));
    CHECK(d.last<link_state::connecting>().attempt == 1);
    CHECK(d.last<link_state::connected>().as.client_id() == "lamp");
    for (std::size_t i = 2; i <= 4; ++i) {
        w.server.drop_all();
        REQUIRE(w.run_until([&] { return d.count<link_state::connected>() == i; }));
    }

    CHECK(d.count<link_state::lost>() == 3);
    CHECK(d.last<link_state::lost>().cause.kind() != cause_kind::none);
    CHECK(d.last<link_state::lost>().retry_in <= 4ms);
    CHECK(w.disconnect(c) == error_code());
    REQUIRE(w.run_until([&] { return d.is_over(); }));
    CHECK(d.end().kind() == cause_kind::stopped);
    w.settle();
    CHECK(w.io.stopped());
}

TEST_CASE("the first attempt fails loudly unless it is to be tried again", "[lib][running]") {
    world      w;
    client     c(w.io, connect_options{"mqtt://127.0.0.1:1"});
    diary      d(c);
    auto const again = GENERATE(false, true);

    disconnect_outcome ended;
    c.async_run(quick().retry_first(again).attempts(3), ended.handler());
    w.run(ended);

    CHECK(ended.ec() == asio::error::connection_refused);
    w.settle();
    CHECK(d.end().kind() == cause_kind::refused);
    CHECK(d.count<link_state::connecting>() == (again ? 3 : 1));
    CHECK(d.count<link_state::lost>() == (again ? 2 : 0));
}

TEST_CASE("a cause that is final ends the attempts and others do not", "[lib][running]") {
    auto const [reason, is_final] = GENERATE(table<reason_code, bool>({{reason_code::bad_user_name_or_password, true},
                                                                       {reason_code::not_authorized, true},
                                                                       {reason_code::banned, true},
                                                                       {reason_code::server_busy, false},
                                                                       {reason_code::server_unavailable, false},
                                                                       {reason_code::quota_exceeded, false},
                                                                       {reason_code::client_identifier_not_valid, false}}));
    world  w;
    client c(w.io, lamp());
    diary  d(c);
    w.server.refuse_connect = reason;
    w.server.connack_props.add<property_id::reason_string>("not\nyou");
    c.start(wired(w, quick().retry_first(true)));

    REQUIRE(w.run_until([&] { return d.is_over() || d.count<link_state::connecting>() == 4; }));
    CHECK(d.is_over() == is_final);
    if (is_final) {
        CHECK(d.end().kind() == cause_kind::server_refusal);
        CHECK(d.end().reason() == reason);
        CHECK(d.end().reason_string() == "not\nyou");
        CHECK(d.end().text().find("the server says: not\\x0ayou") != std::string::npos);
    }
}

TEST_CASE("what is final is for the program to say", "[lib][running]") {
    world  w;
    client c(w.io, lamp());
    diary  d(c);
    w.server.refuse_connect = reason_code::not_authorized;
    c.start(wired(w, quick().retry_first(true).final_if([&](connection_cause const& cause) { return cause.reason() == reason_code::server_busy; })));
    REQUIRE(w.run_until([&] { return d.count<link_state::connecting>() == 3; }));

    w.server.refuse_connect = reason_code::server_busy;
    REQUIRE(w.run_until([&] { return d.is_over(); }));
    CHECK(d.end().reason() == reason_code::server_busy);
}

TEST_CASE("messages under way when the connection is lost arrive over the next one", "[lib][running]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    auto const options = GENERATE(false, true) ? lasting_lamp(version) : lamp(version);
    world      w;
    client     c(w.io, options);
    w.server.acknowledges = false;
    c.start(wired(w));
    REQUIRE(w.run_until([&] { return c.is_connected(); }));
    auto const one = w.start_publish(c, "a", "1");
    REQUIRE(w.run_until([&] { return !w.server.arrivals.empty(); }));

    w.server.acknowledges = true;
    w.server.drop_all();
    w.run(one);
    CHECK(one.ec() == error_code());
    CHECK(w.server.arrivals.back().text == "1");
    auto const two = w.start_publish(c, "a", "2");
    w.run(two);
    CHECK(two.ec() == error_code());
    c.stop();
}

TEST_CASE("a message that is received may come over any connection", "[lib][running]") {
    world      w;
    client     c(w.io, lamp());
    auto const received = w.start_receive(c);
    w.run(received);
    CHECK(received.ec() == error::not_connected);

    diary d(c);
    c.start(wired(w));
    REQUIRE(w.run_until([&] { return c.is_connected(); }));
    auto const waiting = w.start_receive(c);
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return d.count<link_state::connected>() == 2; }));
    CHECK_FALSE(waiting.is_done());
    w.server.send_all("t", "x");
    w.run(waiting);
    CHECK(waiting.value().text() == "x");
}

TEST_CASE("the hook changes credentials and is told what went wrong", "[lib][running]") {
    world                    w;
    client                   c(w.io, lamp());
    diary                    d(c);
    std::vector<cause_kind>  before;
    std::vector<std::string> names;
    w.server.refuse_connect = reason_code::server_busy;
    c.start(quick().retry_first(true).before_attempt([&](connect_attempt attempt) {
        before.push_back(attempt.last_cause().kind());
        attempt.options().client_id("lamp-" + std::to_string(attempt.number()));
        if (attempt.number() == 3) w.server.refuse_connect = {};
        asio::post(w.io, [&, attempt] {
            attempt.go(w.wire());
            attempt.give_up();                                     // the first word counts
        });
    }));
    REQUIRE(w.run_until([&] { return c.is_connected(); }));

    CHECK(before == std::vector{cause_kind::none, cause_kind::server_refusal, cause_kind::server_refusal});
    CHECK(w.server.connects == std::vector<std::string>{"lamp-1", "lamp-2", "lamp-3"});
    CHECK(c.options().client_id() == "lamp");
}

TEST_CASE("a hook that says no, or nothing, ends it", "[lib][running]") {
    world      w;
    client     c(w.io, lamp());
    diary      d(c);
    auto const says = GENERATE(false, true);
    disconnect_outcome ended;
    c.async_run(quick().before_attempt([&](connect_attempt attempt) { if (says) attempt.give_up(error::invalid); }), ended.handler());
    w.run(ended);
    w.settle();
    CHECK(ended.ec() == (says ? make_error_code(error::invalid) : error_code(asio::error::operation_aborted)));
    CHECK(d.end().kind() == cause_kind::hook);
}

TEST_CASE("waiting for a connection ends with it, with the deadline and the last cause, or with the attempts", "[lib][running]") {
    world        w;
    client       c(w.io, lamp());
    wait_outcome none;
    c.async_wait_connected(none.handler());
    w.run(none);
    CHECK(none.ec() == error::not_connected);

    w.server.refuse_connect = reason_code::server_busy;
    c.start(wired(w, quick().retry_first(true)));
    wait_outcome late;
    c.async_wait_connected(30ms, late.handler());
    w.run(late);
    CHECK(late.ec() == reason_code::server_busy);
    CHECK(late.value().detail().find("busy") != std::string::npos);

    wait_outcome in_time;
    c.async_wait_connected(in_time.handler());
    w.server.refuse_connect = {};
    w.run(in_time);
    CHECK(in_time.ec() == error_code());
    CHECK(in_time.value().client_id() == "lamp");

    w.server.refuse_connect = reason_code::banned;
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return !c.is_connected(); }));
    wait_outcome given_up;
    c.async_wait_connected(given_up.handler());
    w.run(given_up);
    CHECK(given_up.ec() == reason_code::banned);
}

TEST_CASE("states can be taken one by one and the last is never lost", "[lib][running]") {
    world  w;
    client c(w.io, lamp());
    state_outcome first;
    c.async_next_state(first.handler());
    c.start(wired(w));
    w.run(first);
    CHECK(std::holds_alternative<link_state::connecting>(first.value()));
    for (int i = 0; i < 20; ++i) {
        REQUIRE(w.run_until([&] { return c.is_connected(); }));
        w.server.drop_all();
        REQUIRE(w.run_until([&] { return !c.is_connected(); }));
    }
    c.stop();

    std::vector<connection_state> rest;
    while (true) {
        state_outcome next;
        c.async_next_state(next.handler());
        w.settle();
        if (!next.is_done()) break;
        REQUIRE_FALSE(next.ec());
        rest.push_back(next.value());
    }
    CHECK(rest.size() == 16);
    REQUIRE(std::holds_alternative<link_state::given_up>(rest.back()));
    CHECK(std::get<link_state::given_up>(rest.back()).cause.kind() == cause_kind::stopped);
}

TEST_CASE("one connection of async_connect tells its states too", "[lib][running]") {
    world  w;
    client c(w.io, lamp());
    diary  d(c);
    w.connect(c);
    w.settle();
    CHECK(d.count<link_state::connecting>() == 1);
    CHECK(d.count<link_state::connected>() == 1);
    w.server.dismiss_all(reason_code::session_taken_over);
    REQUIRE(w.run_until([&] { return d.is_over(); }));
    CHECK(d.end().kind() == cause_kind::taken_over);
    CHECK(to_string(c.state()).starts_with("given up: "));
}

TEST_CASE("a connection that stands is kept up once the client is started", "[lib][running]") {
    world  w;
    client c(w.io, lamp());
    w.connect(c);
    c.start(wired(w));
    w.settle();
    CHECK(w.server.connects.size() == 1);

    connect_outcome second;
    c.async_connect(w.wire(), second.handler());
    w.run(second);
    CHECK(second.ec() == error::already_connected);

    w.server.drop_all();
    REQUIRE(w.run_until([&] { return w.server.connects.size() == 2 && c.is_connected(); }));
}

TEST_CASE("every reason of a DISCONNECT reaches the program and the connection comes back", "[lib][running]") {
    auto const [reason, kind] = GENERATE(table<reason_code, cause_kind>({
        {reason_code::success, cause_kind::closed_by_server},
        {reason_code::unspecified_error, cause_kind::server_disconnect},
        {reason_code::malformed_packet, cause_kind::server_disconnect},
        {reason_code::protocol_error, cause_kind::server_disconnect},
        {reason_code::implementation_specific_error, cause_kind::server_disconnect},
        {reason_code::server_busy, cause_kind::server_disconnect},
        {reason_code::server_shutting_down, cause_kind::server_disconnect},
        {reason_code::keep_alive_timeout, cause_kind::keep_alive},
        {reason_code::session_taken_over, cause_kind::taken_over},
        {reason_code::topic_filter_invalid, cause_kind::server_disconnect},
        {reason_code::topic_name_invalid, cause_kind::server_disconnect},
        {reason_code::receive_maximum_exceeded, cause_kind::server_disconnect},
        {reason_code::topic_alias_invalid, cause_kind::server_disconnect},
        {reason_code::packet_too_large, cause_kind::server_disconnect},
        {reason_code::message_rate_too_high, cause_kind::server_disconnect},
        {reason_code::quota_exceeded, cause_kind::server_disconnect},
        {reason_code::administrative_action, cause_kind::server_disconnect},
        {reason_code::payload_format_invalid, cause_kind::server_disconnect},
        {reason_code::retain_not_supported, cause_kind::server_disconnect},
        {reason_code::qos_not_supported, cause_kind::server_disconnect},
        {reason_code::use_another_server, cause_kind::server_disconnect},
        {reason_code::server_moved, cause_kind::server_disconnect},
        {reason_code::shared_subscriptions_not_supported, cause_kind::server_disconnect},
        {reason_code::connection_rate_exceeded, cause_kind::server_disconnect},
        {reason_code::maximum_connect_time, cause_kind::server_disconnect},
        {reason_code::subscription_identifiers_not_supported, cause_kind::server_disconnect},
        {reason_code::wildcard_subscriptions_not_supported, cause_kind::server_disconnect},
    }));
    CAPTURE(static_cast<int>(reason));
    world  w;
    client c(w.io, lamp());
    diary  d(c);
    c.start(wired(w));
    REQUIRE(w.run_until([&] { return c.is_connected(); }));

    w.server.dismiss_all(reason);
    REQUIRE(w.run_until([&] { return d.count<link_state::connected>() == 2; }));
    CHECK(d.last<link_state::lost>().cause.kind() == kind);
    CHECK(d.last<link_state::lost>().cause.reason() == reason);
}

TEST_CASE("leaving with a deadline sends what was accepted and waits for the answers", "[lib][running][leaving]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world      w;
    client     c(w.io, lamp(version).max_in_flight(3));
    w.connect(c);
    std::vector<publish_outcome> sent;
    for (auto const qos : {qos_0, qos_1, qos_2})
        for (int i = 0; i < 10; ++i) sent.push_back(w.start_publish(c, "a", "x", publish_options{}.qos(qos)));

    leave_outcome left;
    c.async_disconnect(20s, left.handler());
    w.run(left);
    CHECK(left.ec() == error_code());
    CHECK(left.value() == 0);
    w.settle();
    CHECK(w.server.arrivals.size() == 30);
    for (auto const& each : sent) CHECK((each.is_done() && !each.ec()));
}

TEST_CASE("what could not go by the deadline is counted and told", "[lib][running][leaving]") {
    world  w;
    client c(w.io, GENERATE(lamp, lasting_lamp)(protocol::v5));
    w.server.acknowledges = false;
    w.connect(c);
    auto const one = w.start_publish(c, "a", "x");
    auto const two = w.start_publish(c, "a", "y", publish_options{}.qos(qos_2));

    leave_outcome left;
    c.async_disconnect(10ms, left.handler());
    w.run(left);
    CHECK(left.ec() == error::left_undelivered);
    CHECK(left.value() == 2);
    w.settle();
    REQUIRE((one.is_done() && two.is_done()));
    CHECK(one.calls() == 1);
    CHECK(two.calls() == 1);
    CHECK((one.ec() == error::disconnected || one.ec() == error::session_ended));
}

TEST_CASE("leaving waits for the next connection of a client that was started", "[lib][running][leaving]") {
    world  w;
    client c(w.io, lamp());
    w.server.acknowledges = false;
    c.start(wired(w));
    REQUIRE(w.run_until([&] { return c.is_connected(); }));
    auto const    one = w.start_publish(c, "a", "x");
    leave_outcome left;
    c.async_disconnect(20s, left.handler());
    REQUIRE(w.run_until([&] { return !w.server.arrivals.empty(); }));

    w.server.acknowledges = true;
    w.server.drop_all();
    w.run(left);
    CHECK(left.value() == 0);
    CHECK(one.is_done());
    CHECK_FALSE(c.is_connected());
}
