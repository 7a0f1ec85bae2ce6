// cancel_after(): a deadline around any operation, with any token.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include <aldis/cancel_after.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("each operation ends with deadline_passed when its time is over", "[lib][deadline]") {
    world w;
    w.server.acknowledges = false;
    client          c(w.io, lasting_lamp());
    connect_outcome connected;
    w.server.answers_connect = false;
    c.async_connect(w.wire(), cancel_after(w.ex(), 1ms, connected.handler()));
    w.run(connected);
    CHECK(connected.ec() == error::deadline_passed);
    w.server.answers_connect = true;
    w.connect(c);

    publish_outcome published;
    receive_outcome received;
    c.async_publish("t", "x", qos_1, cancel_after(w.ex(), 1ms, published.handler()));
    c.async_receive(cancel_after(w.ex(), 1ms, received.handler()));
    w.run(published);
    w.run(received);
    CHECK(published.ec() == error::deadline_passed);
    CHECK(received.ec() == error::deadline_passed);
    CHECK(c.unacknowledged() == 1);
}

TEST_CASE("what is done in time is not touched and leaves no timer behind", "[lib][deadline]") {
    world             w;
    client            c(w.io, lasting_lamp());
    connect_outcome   connected;
    subscribe_outcome subscribed;
    c.async_connect(w.wire(), cancel_after(w.ex(), 1h, connected.handler()));
    w.run(connected);
    CHECK_FALSE(connected.ec());
    c.async_subscribe("t", cancel_after(w.ex(), 1h, asio::bind_executor(asio::make_strand(w.io), subscribed.handler())));
    w.run(subscribed);
    CHECK_FALSE(subscribed.ec());
    CHECK_FALSE(w.disconnect(c));
    w.io.restart();
    w.io.run();
    CHECK(subscribed.calls() == 1);
}

TEST_CASE("the caller's own cancellation slot works as before", "[lib][deadline]") {
    world                     w;
    client                    c(w.io, lasting_lamp());
    asio::cancellation_signal stop;
    receive_outcome           received;
    w.connect(c);
    c.async_receive(cancel_after(w.ex(), 1h, asio::bind_cancellation_slot(stop.slot(), received.handler())));
    stop.emit(asio::cancellation_type::terminal);
    w.run(received);
    CHECK(received.ec() == asio::error::operation_aborted);
}

TEST_CASE("a future can have a deadline", "[lib][deadline]") {
    world  w;
    client c(w.io, lasting_lamp());
    w.connect(c);
    auto message = c.async_receive(cancel_after(w.ex(), 1ms, asio::use_future));
    CHECK(w.run_until([&] { return message.wait_for(0s) == std::future_status::ready; }));
    CHECK_THROWS_AS(message.get(), boost::system::system_error);
}

TEST_CASE("a loop that ends before the deadline frees the operation", "[lib][deadline]") {
    receive_outcome received;
    {
        world  w;
        client c(w.io, lasting_lamp());
        w.connect(c);
        c.async_receive(cancel_after(w.ex(), 1h, received.handler()));
        w.settle();
    }
    CHECK(received.calls() == 0);
}
