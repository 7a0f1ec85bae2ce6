// What the blocking client is told, what it refuses at the call, and which exception says what.
#include <aldis/codec/packet.hpp>
#include <aldis/error.hpp>

#include "blocking_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

enum class is { connection, authentication, validation, decode, protocol };

is thrown_by(std::function<void()> const& what) {
    try {
        what();
    } catch (authentication_error const&) { return is::authentication; } catch (validation_error const&) {
        return is::validation;
    } catch (decode_error const&) { return is::decode; } catch (protocol_error const&) {
        return is::protocol;
    } catch (connection_error const&) { return is::connection; }
    throw std::logic_error("nothing was thrown");
}

} // namespace

TEST_CASE("the defaults are those people know", "[lib][blocking][config]") {
    blocking_config const c;
    CHECK(c.host() == "localhost");
    CHECK_FALSE(c.port().has_value());
    CHECK(c.connect_timeout() == 60s);
    CHECK(c.keep_alive() == 60s);
    CHECK(c.session_expiry() == 3600s);
    CHECK(c.max_reconnect_attempts() == 10);
    CHECK(c.initial_reconnect_delay() == 1s);
    CHECK(c.maximum_reconnect_delay() == 60s);
    CHECK(c.heartbeat_check_ratio() == 0.5);
    CHECK(c.publish_queue_size() == 1000);
    CHECK(c.max_in_flight() == 20);
    CHECK(c.mode() == run_mode::own_thread);
    CHECK_FALSE(c.version().has_value());
    CHECK_FALSE(c.user_name().has_value());
    CHECK_FALSE(c.will().has_value());
    CHECK(publish_options{}.qos() == qos_level::at_least_once);
}

TEST_CASE("a queue without a bound is refused with the reason", "[lib][blocking][config]") {
    try {
        blocking_config().publish_queue_size(0);
        FAIL("it was taken");
    } catch (validation_error const& e) {
        CHECK(e.cause().find("takes all memory") != std::string::npos);
        CHECK(e.code() == std::error_code(make_error_code(error::invalid)));
        CHECK(std::string(e.what()).starts_with("blocking_config: "));
    }
}

TEST_CASE("settings that can not be are refused where they are made", "[lib][blocking][config]") {
    blocking_config c;
    CHECK_THROWS_AS(c.connect_timeout(0ms), validation_error);
    CHECK_THROWS_AS(c.keep_alive(65'536s), validation_error);
    CHECK_THROWS_AS(c.keep_alive(-1s), validation_error);
    CHECK_THROWS_AS(c.session_expiry(-1s), validation_error);
    CHECK_THROWS_AS(c.heartbeat_check_ratio(0), validation_error);
    CHECK_THROWS_AS(c.heartbeat_check_ratio(1.01), validation_error);
    CHECK_THROWS_AS(c.reconnect_delay(2s, 1s), validation_error);
    CHECK_THROWS_AS(c.max_in_flight(0), validation_error);
    CHECK_THROWS_AS(c.max_unfinished(0, 1), validation_error);
    CHECK_THROWS_AS(c.proxy("gopher://x"), validation_error);
    CHECK_THROWS_AS(blocking_config::from_uri("gopher://x"), validation_error);
    CHECK_NOTHROW(c.resend_interval(20s));                         // does nothing [MQTT-4.4.0-1]
}

TEST_CASE("settings that do not fit together are refused where a client is made of them", "[lib][blocking][config][v3-MQTT-3.1.3-7]") {
    auto const made_of = [](blocking_config config) { return [config = std::move(config)] { blocking_client c(config); }; };
    CHECK(thrown_by(made_of(blocking_config().version(protocol::v3_1_1).clean_start(false))) == is::validation);
    CHECK(thrown_by(made_of(blocking_config(""))) == is::validation);
    CHECK(thrown_by(made_of(blocking_config().will(will_message("a/+")))) == is::validation);
    CHECK(thrown_by(made_of(blocking_config().version(protocol::v3_1_1).user_property("a", "b"))) == is::validation);
    CHECK(thrown_by(made_of(blocking_config().client_id(std::string(70'000, 'x')))) == is::validation);
    CHECK_NOTHROW(made_of(blocking_config().version(protocol::v3_1_1))());
    CHECK_NOTHROW(made_of(blocking_config().client_id("").clean_start(false))());
}

TEST_CASE("a caller's mistakes are thrown at the call, before anything is sent", "[lib][blocking][errors]") {
    blocking_client c{blocking_config()};
    CHECK_THROWS_AS(c.publish(""), validation_error);
    CHECK_THROWS_AS(c.publish("a/+", "x"), validation_error);
    CHECK_THROWS_AS(c.publish("a", "x", 3), validation_error);
    CHECK_THROWS_AS(c.publish("a", "x", -1), validation_error);
    CHECK_THROWS_AS(c.publish("a", "x", publish_options(static_cast<qos_level>(3))), validation_error);
    CHECK_THROWS_AS(c.publish(std::string(65'536, 'x'), "x"), validation_error);
    CHECK_THROWS_AS(c.publish("\xff", "x"), validation_error);
    CHECK_THROWS_AS(c.subscribe("a/#/b", 1), validation_error);
    CHECK_THROWS_AS(c.subscribe("a", 3), validation_error);
    CHECK_THROWS_AS(c.subscribe(subscribe_list()), validation_error);
    CHECK_THROWS_AS(c.unsubscribe(""), validation_error);
    CHECK_THROWS_AS(c.add_message_handler("#a", [](received_message const&) {}), validation_error);
    CHECK_THROWS_AS(c.set_will("a/#"), validation_error);
    CHECK_THROWS_AS(c.set_will("a", "b", 3), validation_error);
    CHECK_THROWS_AS(c.disconnect(-1ms), validation_error);
    CHECK_THROWS_AS(publish_token().wait(), validation_error);
    try {
        c.publish("a/+", "x");
    } catch (validation_error const& e) { CHECK(std::string(e.what()).starts_with("publish to 'a/+': ")); }
    blocking_client old(blocking_config().version(protocol::v3_1_1));
    CHECK_THROWS_AS(old.publish("a", "x", publish_options().content_type("t")), validation_error);
    CHECK_NOTHROW(c.publish("a", "x", publish_options().content_type("t")));
}

TEST_CASE("a payload above what MQTT can carry is refused at the call", "[lib][blocking][errors]") {
    blocking_client        c{blocking_config()};
    std::vector<std::byte> large(268'435'456);
    CHECK_THROWS_AS(c.publish("a", large), validation_error);
}

TEST_CASE("each return code of a 3.1.1 CONNACK is an error of its kind", "[lib][blocking][errors]") {
    struct row {
        reason_code code;
        is          kind;
    };
    auto const each = GENERATE(row{reason_code::unsupported_protocol_version, is::protocol}, row{reason_code::client_identifier_not_valid, is::validation},
                               row{reason_code::server_unavailable, is::protocol}, row{reason_code::bad_user_name_or_password, is::authentication},
                               row{reason_code::not_authorized, is::authentication});
    scripted_server s;
    s.refuses_with = static_cast<int>(each.code);
    blocking_client c(s.config().version(protocol::v3_1_1));
    INFO(static_cast<int>(each.code));
    CHECK(thrown_by([&] { c.connect(); }) == each.kind);
    CHECK(s.seen.count("CONNECT") == 1);                           // it fails loudly, at once
}

TEST_CASE("each reason code of a 5.0 CONNACK is an error of its kind", "[lib][blocking][errors]") {
    scripted_server s;
    blocking_client c(s.config().version(protocol::v5));
    auto const      kind_of = [](int code) {
        switch (code) {
        case 0x81: case 0x82: case 0x83: case 0x84: case 0x88: case 0x89: return is::protocol;
        case 0x86: case 0x87: case 0x8A: case 0x8C: return is::authentication;
        case 0x85: case 0x90: case 0x95: case 0x97: case 0x99: case 0x9A: case 0x9B: return is::validation;
        default: return is::connection;                            // 0x80, 0x9C, 0x9D, 0x9F
        }
    };
    for (int const code : {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}) {
        INFO("reason code " << code);
        s.refuses_with = code;
        try {
            c.connect();
            FAIL("it was let in");
        } catch (exception const& e) {
            CHECK(static_cast<int>(e.reason()) == code);
            CHECK(e.code().value() == code);
            CHECK_FALSE(e.cause().empty());
            CHECK(thrown_by([&] { throw; }) == kind_of(code));
        }
    }
}

TEST_CASE("no server, no answer and no MQTT are told apart", "[lib][blocking][errors]") {
    SECTION("nobody listens") {
        blocking_client c(blocking_config("127.0.0.1", free_port()));
        try {
            c.connect();
            FAIL("it connected");
        } catch (connection_error const& e) {
            CHECK(e.code() == std::errc::connection_refused);
            CHECK(std::string(e.what()).find("mqtt://127.0.0.1") != std::string::npos);
        }
    }
    SECTION("a server that says nothing") {
        scripted_server s;
        s.is_silent = true;
        blocking_client c(s.config().connect_timeout(50ms));
        CHECK(thrown_by([&] { c.connect(); }) == is::connection);
    }
    SECTION("a server that sends what is no MQTT") {
        scripted_server s;
        blocking_client c(s.config().max_reconnect_attempts(0).mode(run_mode::caller));
        c.connect();
        s.send_bytes(to_bytes("\xf0\x01\x00"));
        CHECK(thrown_by([&] { c.run(); }) != is::validation);
    }
}

TEST_CASE("a first connection that fails is tried again where that is wanted", "[lib][blocking][reconnect]") {
    scripted_server s;
    s.refuses_with = static_cast<int>(reason_code::server_busy);
    blocking_client c(s.config().retry_first_connect(true).reconnect_delay(1ms, 2ms).max_reconnect_attempts(blocking_config::unlimited));
    c.connect_async();
    c.start();
    REQUIRE(eventually([&] { return s.seen.count("CONNECT") >= 3; }));
    s.refuses_with = -1;
    c.connect();
    CHECK(c.is_connected());
}

TEST_CASE("wrong credentials end the attempts, however many are left", "[lib][blocking][reconnect]") {
    scripted_server s;
    blocking_client c(s.config().reconnect_delay(1ms, 2ms).mode(run_mode::caller));
    c.connect();
    s.refuses_with = static_cast<int>(reason_code::bad_user_name_or_password);
    s.drop();
    CHECK_THROWS_AS(c.run(), authentication_error);
    CHECK(s.seen.count("CONNECT") == 2);
}
