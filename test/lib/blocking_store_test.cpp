// A blocking client with a store, and requests.
#include <aldis/error.hpp>

#include "blocking_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

std::string     file_in(scratch_folder const& folder, char const* name) { return (folder.path / name).string(); }
publish_options stored(qos_level qos) { return publish_options(qos).until_stored(true); }

} // namespace

TEST_CASE("what was stored by a blocking client without a server is sent by the next one", "[lib][blocking][durable]") {
    scratch_folder  folder;
    scripted_server s;
    auto const      config = s.config().store(file_in(folder, "lamp.db"));
    {
        blocking_client c(blocking_config("127.0.0.1", std::uint16_t{1}).client_id("lamp").store(file_in(folder, "lamp.db")));
        c.start();
        for (auto const qos : {qos_level::at_least_once, qos_level::exactly_once})
            CHECK_NOTHROW(c.publish("kept", std::to_string(static_cast<int>(qos)), stored(qos)).is_done());
        CHECK(eventually([&, all = c.publish("kept", "3", stored(qos_level::at_least_once))] { return all.is_published(); }));
    }
    blocking_client c(config);
    c.connect();
    CHECK(eventually([&] { return s.seen.has("PUBLISH kept 1") && s.seen.has("PUBLISH kept 2") && s.seen.has("PUBLISH kept 3"); }));
    c.publish("kept", "4").wait();
    CHECK(s.seen.count("PUBLISH kept 1") == 1);
}

TEST_CASE("a store that can not be used is told by connect and by each message", "[lib][blocking][durable]") {
    scratch_folder  folder;
    scripted_server s;
    blocking_client c(s.config().store(file_in(folder, "no/such/folder.db")));
    CHECK_THROWS_AS(c.connect(), connection_error);
    c.start();
    auto const lost = c.publish("t", "x", stored(qos_level::at_least_once));
    CHECK(eventually([&] { return lost.is_done(); }));
    CHECK(lost.error());
    CHECK(s.seen.count("CONNECT MQTT 5.0") == 0);
    CHECK_THROWS_AS(blocking_client(blocking_config("127.0.0.1").store("x.db")), validation_error);
}

TEST_CASE("a request of a blocking client brings its answer or says that none came", "[lib][blocking][request]") {
    mosquitto_server s;
    blocking_client  service(s.config("service")), c(s.config("caller"));
    service.connect();
    service.subscribe("double", [&](received_message const& m) {
        publish_options how;
        how.correlation_data(m.correlation_data());
        service.publish(m.response_topic(), std::string(m.text()) + std::string(m.text()), how);
    }, 1).wait();
    c.connect();
    CHECK(c.request("double", "ab").answer().text() == "abab");
    auto const one = c.request("double", "1"), two = c.request("double", "2");
    CHECK(two.answer().text() == "22");
    CHECK(one.answer().text() == "11");

    auto const unheard = c.request("nobody", "x", std::chrono::milliseconds(50));
    CHECK_THROWS_AS(unheard.answer(), connection_error);
    CHECK(unheard.error() == std::error_code(aldis::error_code(aldis::error::request_timed_out)));
    CHECK_THROWS_AS(c.request("#", "x"), validation_error);
    CHECK_THROWS_AS(c.request("t", "x", std::chrono::milliseconds(-1)), validation_error);
    CHECK_THROWS_AS(blocking_client(s.config("old").version(protocol::v3_1_1)).request("t"), validation_error);
    auto const late = c.request("nobody", "x");
    c.stop();
    CHECK(late.is_done());
    CHECK(late.error());
}
