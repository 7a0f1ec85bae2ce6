// Publishing and receiving in a single call, against mosquitto.
#include "blocking_world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("one retained message is published in a call and received in another", "[lib][blocking][one call]") {
    mosquitto_server s;
    publish_once(s.config("pub"), "kept/a", "hello", publish_options(qos_level::at_least_once, true));
    auto const got = receive_once(s.config("sub"), "kept/#");
    REQUIRE(got.size() == 1);
    CHECK(got[0].topic() == "kept/a");
    CHECK(got[0].text() == "hello");
    CHECK(got[0].retain());
}

TEST_CASE("many messages of every QoS are published in a call", "[lib][blocking][one call]") {
    mosquitto_server              s;
    std::vector<outgoing_message> messages;
    for (int i = 0; i < 30; ++i) messages.emplace_back("many/" + std::to_string(i), "x", i % 3, true);
    publish_many(s.config("pub"), messages);
    CHECK(receive_once(s.config("sub"), "many/+", 30).size() == 30);
}

TEST_CASE("each message is handed on until the handler has enough, retained ones left out on request", "[lib][blocking][one call]") {
    mosquitto_server s;
    publish_once(s.config("pub"), "t/old", "old", publish_options(qos_level::at_least_once, true));
    std::vector<std::string> each;
    std::atomic<bool>        enough{false};
    std::thread              publisher([&] {
        blocking_client c(s.config("pub"));
        c.connect();
        while (!enough)                                            // until the subscription is there
            c.publish("t/new", "new").wait();
    });
    auto const got = receive_once(s.config("once"), "t/#", 2, false);
    receive_each(s.config("each"), "t/#", [&](received_message const& m) {
        each.emplace_back(m.text());
        return each.size() < 3;
    });
    enough = true;
    publisher.join();
    REQUIRE(got.size() == 2);
    CHECK(got[0].text() == "new");
    REQUIRE(each.size() == 3);
    CHECK(each[0] == "old");
}

TEST_CASE("a call that can not be served throws what went wrong", "[lib][blocking][one call]") {
    auto const nobody = blocking_config("127.0.0.1", free_port());
    CHECK_THROWS_AS(publish_once(nobody, "t", "x"), connection_error);
    CHECK_THROWS_AS(publish_once(nobody, "t/#", "x"), validation_error);
    CHECK_THROWS_AS(receive_once(nobody, "t"), connection_error);
    CHECK(receive_once(nobody, "t", 0).empty());
    scripted_server s;
    CHECK_THROWS_AS(receive_once(s.config(), "forbidden"), validation_error);
    CHECK_THROWS_AS(receive_each(s.config(), "t", {}), validation_error);
    publish_options const how;
    s.refuses_with = static_cast<int>(reason_code::not_authorized);
    CHECK_THROWS_AS(publish_once(s.config(), "t", "x", how), authentication_error);
}

TEST_CASE("an exception of the handler ends the call that brought the message", "[lib][blocking][one call]") {
    mosquitto_server s;
    publish_once(s.config("pub"), "t", "x", publish_options(qos_level::at_least_once, true));
    CHECK_THROWS_AS(receive_each(s.config("sub"), "t", [](received_message const&) -> bool { throw std::out_of_range("mine"); }), std::out_of_range);
}
