// What ends one operation, and what a connection's end tells: cancellation, causes, messages without a session.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("operations are cancelled one by one", "[lib][life]") {
    auto const              type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
    bool const              is_total = type == asio::cancellation_type::total;
    world                   w;
    asio::cancellation_signal signal;
    client                  c(w.io, lasting_lamp());
    auto const              bound = [&](auto const& done) { return asio::bind_cancellation_slot(signal.slot(), outcome(done).handler()); };

    SECTION("async_receive") {
        w.connect(c);
        receive_outcome done;
        c.async_receive(bound(done));
        signal.emit(type);
        CHECK_FALSE(done.is_done());
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        auto const next = w.start_receive(c);
        w.server.send_all("t", "x");
        w.run(next);
        CHECK(next.value().text() == "x");
    }
    SECTION("async_publish stops waiting and the message is delivered") {
        w.server.acknowledges = false;
        w.connect(c);
        publish_outcome done;
        c.async_publish("t", "x", bound(done));
        w.settle();
        signal.emit(type);
        w.settle();
        CHECK(done.is_done() != is_total);
        w.server.acknowledge_all();
        REQUIRE(w.run_until([&] { return c.unacknowledged() == 0; }));
        w.run(done);
        CHECK(done.ec() == (is_total ? error_code{} : asio::error::operation_aborted));
        CHECK(w.server.arrivals.size() == 1);
    }
    SECTION("async_publish that was not started is withdrawn by total alone") {
        publish_outcome done;
        c.async_publish("t", "x", bound(done));
        w.settle();
        CHECK(c.unacknowledged() == 1);
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        CHECK(c.unacknowledged() == (is_total ? 0U : 1U));
    }
    SECTION("async_subscribe") {
        w.connect(c);
        subscribe_outcome done;
        c.async_subscribe("t", bound(done));
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == (is_total ? error_code{} : asio::error::operation_aborted));
        CHECK(c.is_connected());
    }
    SECTION("async_connect") {
        w.server.answers_connect = false;
        connect_outcome done;
        c.async_connect(w.wire(), bound(done));
        w.settle();
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        w.server.answers_connect = true;
        w.connect(c);
    }
    SECTION("async_connect while dialling") {
        c.options(connect_options{"mqtt://127.0.0.1:9"}.client_id("lamp"));
        connect_outcome done;
        c.async_connect(bound(done));
        signal.emit(type);
        w.run(done);
        CHECK(done.ec() == asio::error::operation_aborted);
        w.connect(c);
    }
    SECTION("async_disconnect") {
        transport::memory_control steer;
        w.run(w.start_connect(c, transport::memory_options{}.control(steer)));
        steer.stall(transport::direction::first_to_second);
        disconnect_outcome done;
        c.async_disconnect(bound(done));
        w.settle();
        CHECK_FALSE(done.is_done());
        signal.emit(type);
        if (type != asio::cancellation_type::terminal) steer.release(transport::direction::first_to_second);
        w.run(done);
        CHECK_FALSE(done.ec());
        CHECK_FALSE(c.is_connected());
    }
    // Late cancellations find nothing.
    signal.emit(type);
    w.settle();
}

TEST_CASE("the end of a connection is told with its cause", "[lib][life]") {
    world                            w;
    client                           c(w.io, lasting_lamp());
    std::vector<error_code>          causes;
    std::vector<disconnect_result>   ends;
    c.on_disconnected([&](error_code ec, disconnect_result const& how) {
        causes.push_back(ec);
        ends.push_back(how);
    });
    w.connect(c);
    auto const pending = w.start_receive(c);

    SECTION("cut off") {
        w.server.drop_all();
        w.run(pending);
        CHECK(pending.ec() == error::connection_lost);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK(causes[0] == condition::connection_lost);
        CHECK(ends[0].who() == disconnect_result::by::network);
    }
    SECTION("sent away") {
        w.server.dismiss_all(reason_code::server_shutting_down);
        w.run(pending);
        CHECK(pending.ec() == reason_code::server_shutting_down);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK(causes[0] == condition::connection_lost);
        CHECK(ends[0].who() == disconnect_result::by::peer);
        CHECK(ends[0].reason() == reason_code::server_shutting_down);
        CHECK(ends[0].session_kept());
    }
    SECTION("left") {
        w.disconnect(c);
        w.run(pending);
        CHECK(pending.ec() == error::disconnected);
        REQUIRE(w.run_until([&] { return !causes.empty(); }));
        CHECK_FALSE(causes[0]);
        CHECK(ends[0].who() == disconnect_result::by::us);
    }
    CHECK(causes.size() == 1);
    w.connect(c);                                                  // and again
    CHECK(c.connected_as().session_present());
}

TEST_CASE("without a session that is kept publishes end with the connection", "[lib][life]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    world w;
    w.server.acknowledges = false;
    client                          c(w.io, lamp(version));
    std::vector<session::delivery_no> plain;
    c.on_delivered([&](session::delivery_no no, error_code ec, publish_result const&) {
        CHECK(ec == error::session_ended);
        plain.push_back(no);
    });
    w.connect(c);
    auto const one = w.start_publish(c, "a", "1");
    auto const two = w.start_publish(c, "a", "2", publish_options{}.qos(qos_2));
    auto const three = c.publish("a", "3");
    w.settle();

    w.server.drop_all();
    w.run(one);
    w.run(two);
    w.settle();

    CHECK(one.ec() == error::session_ended);
    CHECK(two.ec() == condition::undelivered);
    CHECK(plain == std::vector{*three});
    CHECK(c.unacknowledged() == 0);
    w.server.acknowledges = true;
    w.connect(c);
    CHECK_FALSE(c.connected_as().session_present());
    w.run(w.start_publish(c, "a", "4"));
}
