// What a broker is set up with: defaults, and what can be read off an address.
#include <aldis/broker_options.hpp>
#include <support/catch.hpp>

using namespace aldis;

TEST_CASE("the limits that a broker has by itself", "[broker]") {
    broker_limits const l;
    CHECK(l.max_packet_size() == 1'048'576);
    CHECK(l.max_connect_packet_size() == 65'536);
    CHECK(l.connect_timeout() == std::chrono::seconds{10});
    CHECK(l.max_unauthenticated() == 1'024);
    CHECK(l.max_unauthenticated_per_address() == 64);
    CHECK(l.max_keepalive() == 3'600);
    CHECK(l.receive_maximum() == 32);
    CHECK(l.max_inflight_messages() == 32);
    CHECK(l.max_queued_messages() == 1'000);
    CHECK(l.max_queued_bytes() == 8'388'608);
    CHECK(l.max_session_expiry() == std::chrono::hours{7 * 24});
    CHECK(l.max_retained_messages() == 100'000);
    CHECK(l.max_subscriptions() == 1'000);
    CHECK(l.exempt_loopback());
    CHECK_FALSE(l.queue_qos0_messages());
}

TEST_CASE("who can reach a listener is read off its address", "[broker]") {
    for (auto const* const uri : {"mqtt://127.0.0.1:1883", "mqtt://[::1]", "ws://localhost:8080/mqtt", "unix:///run/aldis.sock", "mqtts://"})
        CHECK(broker_listener(uri).is_local());
    for (auto const* const uri : {"mqtt://*:1883", "mqtt://0.0.0.0", "mqtt://[::]:1883", "wss://192.0.2.1/mqtt", "mqtt://broker.example"})
        CHECK_FALSE(broker_listener(uri).is_local());
}

TEST_CASE("an address that is none is kept with what is wrong with it", "[broker]") {
    CHECK(broker_listener("mqtt://localhost:70000").address_fault().find("70000") != std::string::npos);
    CHECK(broker_listener("mqtt://localhost:1883").address_fault().empty());
}

TEST_CASE("a file that is not there is told with its name", "[broker]") {
    CHECK_THROWS_WITH(broker_options{}.password_file("/nowhere/users.txt"), Catch::Contains("users.txt"));
    CHECK_THROWS_WITH(broker_options{}.acl_file("/nowhere/rules.txt"), Catch::Contains("rules.txt"));
}
