// Enhanced authentication and re-authentication (4.12).
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using session::refusal;

namespace {

property_list method(std::string_view name, std::string_view data = "") {
    property_list props;
    props.add<property_id::authentication_method>(name);
    if (!data.empty()) props.add<property_id::authentication_data>(to_bytes(data));
    return props;
}

/// CONNECT with a method, waiting for the server's word.
session_pair begun() {
    session_pair::options how;
    how.props = method("SCRAM", "first");
    how.connect = false;
    return session_pair{how};
}

} // namespace

TEST_CASE("an exchange of AUTH packets comes before CONNACK", "[session][auth][MQTT-3.1.2-30][MQTT-4.12.0-2][MQTT-4.12.0-3][MQTT-4.12.0-5]") {
    auto peers = begun();
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();

    auto const challenge = method("SCRAM", "challenge"), answer = method("SCRAM", "answer"), final_data = method("SCRAM", "done");
    REQUIRE(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = challenge}, peers.now));
    peers.run();
    CHECK(peers.client.auths.at(0) == std::pair{reason_code::continue_authentication, std::string{"challenge"}});
    REQUIRE(peers.client.engine->authenticate({.reason = reason_code::continue_authentication, .props = answer}, peers.now));
    peers.run();
    CHECK(peers.server.auths.at(0).second == "answer");
    SECTION("the server names the method in CONNACK") { REQUIRE(peers.server.engine->accept({.props = final_data}, peers.server.state, peers.now)); }
    SECTION("or leaves that to the engine") { REQUIRE(peers.server.engine->accept({}, peers.server.state, peers.now)); }
    peers.run();

    CHECK(peers.client.session_present == false);
    CHECK(peers.client.connack_seen.view().get<property_id::authentication_method>() == "SCRAM");
}

TEST_CASE("a CONNACK changes nothing before its server is trusted", "[session][auth][MQTT-3.2.2-5]") {
    auto peers = begun();
    peers.client.settings.distrust = true;
    peers.client.renew();
    REQUIRE(peers.client.state.enqueue(*session::message::make("t", {}, to_bytes("x")), {.qos = qos_level::at_least_once}, {}, peers.now).no != 0);
    CHECK(peers.client.engine->trust(peers.now).error() == refusal::not_connected);
    (void)peers.connect(true);
    peers.run();

    CHECK(peers.client.session_present == false);
    CHECK(peers.client.engine->where() == session::phase::connecting);
    CHECK_FALSE(peers.client.engine->wants_input());
    CHECK_FALSE(peers.client.state.exists());
    CHECK(peers.server.messages.empty());
    SECTION("trusted") {
        REQUIRE(peers.client.engine->trust(peers.now));
        CHECK(peers.client.engine->trust(peers.now).error() == refusal::not_connected);
        peers.run();
        CHECK(peers.client.engine->where() == session::phase::open);
        CHECK(peers.server.received("t") == std::vector{std::string{"x"}});
    }
    SECTION("not trusted") {
        REQUIRE(peers.client.engine->disconnect({.reason = reason_code::unspecified_error}, peers.now));
        peers.run();
        CHECK(peers.client.engine->trust(peers.now).error() == refusal::not_connected);
        CHECK(peers.server.messages.empty());
        CHECK(peers.client.state.queued_messages() == 1);
    }
    SECTION("not judged in time") {
        peers.pass(31s);
        REQUIRE(peers.client.closed);
        CHECK(peers.client.closed->expired == session::timer::handshake);
    }
}

TEST_CASE("a server that cannot authenticate refuses at any step", "[session][auth][MQTT-4.12.0-1][MQTT-4.12.0-4]") {
    auto peers = begun();
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "x");

    SECTION("at once") {}
    SECTION("after a step") {
        REQUIRE(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
        peers.run();
        REQUIRE(peers.client.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
        peers.run();
    }
    REQUIRE(peers.server.engine->reject({.reason = reason_code::bad_authentication_method}, peers.now));
    peers.run();
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->reason == reason_code::bad_authentication_method);
    CHECK(peers.server.engine->finished());
}

TEST_CASE("the method is one and the same throughout", "[session][auth][MQTT-4.12.0-5]") {
    auto peers = begun();
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const other = method("OTHER");

    CHECK(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = other}, peers.now).error() == refusal::invalid);
    CHECK(peers.server.engine->accept({.props = other}, peers.server.state, peers.now).error() == refusal::invalid);
    peers.feed(peers.client, packet::auth{.reason = reason_code::continue_authentication, .props = other});
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->reason == reason_code::protocol_error);
}

TEST_CASE("without a method in CONNECT there is no AUTH at all", "[session][auth][MQTT-4.12.0-6][MQTT-4.12.0-7][MQTT-4.12.1-1]") {
    session_pair peers;
    auto const props = method("SCRAM");
    CHECK(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now).error() == refusal::invalid);
    CHECK(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now).error() == refusal::invalid);

    SECTION("to a server") {
        peers.feed(peers.server, packet::auth{.reason = reason_code::re_authenticate, .props = props});
        CHECK(peers.server.closed->reason == reason_code::protocol_error);
    }
    SECTION("to a client") {
        peers.feed(peers.client, packet::auth{.reason = reason_code::continue_authentication, .props = props});
        CHECK(peers.client.closed->reason == reason_code::protocol_error);
    }
}

TEST_CASE("CONNACK names no method that CONNECT did not", "[session][auth][MQTT-4.12.0-6]") {
    session_pair peers{{.connect = false}};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM");
    CHECK(peers.server.engine->accept({.props = props}, peers.server.state, peers.now).error() == refusal::invalid);
    peers.feed(peers.client, packet::connack{.props = props});
    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->reason == reason_code::protocol_error);
}

TEST_CASE("a client re-authenticates while messages flow", "[session][auth][MQTT-4.12.1-1]") {
    auto peers = begun();
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "again");

    REQUIRE(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now));
    CHECK(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now).error() == refusal::not_connected);
    peers.publish(peers.client, "a", "x", qos_level::at_least_once);
    peers.run();
    CHECK(peers.server.auths.at(0).first == reason_code::re_authenticate);
    CHECK(peers.server.received("a").size() == 1);
    REQUIRE(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
    peers.run();
    REQUIRE(peers.client.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
    peers.run();
    REQUIRE(peers.server.engine->authenticate({.reason = reason_code::success, .props = props}, peers.now));
    peers.run();
    CHECK(peers.client.auths.back().first == reason_code::success);

    SECTION("and can do so once more") {
        CHECK(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now));
    }
    SECTION("nothing is left to say for the server") {
        CHECK(peers.server.engine->authenticate({.reason = reason_code::success, .props = props}, peers.now).error() == refusal::not_connected);
    }
}

TEST_CASE("a failed re-authentication ends the connection with its reason", "[session][auth][MQTT-4.12.1-2]") {
    auto peers = begun();
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "again");
    REQUIRE(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now));
    peers.run();

    REQUIRE(peers.server.engine->disconnect({.reason = reason_code::not_authorized}, peers.now));
    peers.run();

    REQUIRE(peers.client.closed);
    CHECK(peers.client.closed->reason == reason_code::not_authorized);
}

TEST_CASE("AUTH out of turn is a protocol error", "[session][auth][MQTT-4.12.0-3]") {
    auto peers = begun();
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "x");
    SECTION("a server that begins") {
        peers.feed(peers.client, packet::auth{.reason = reason_code::continue_authentication, .props = props});
        CHECK(peers.client.closed->reason == reason_code::protocol_error);
    }
    SECTION("a client that goes on with nothing") {
        peers.feed(peers.server, packet::auth{.reason = reason_code::continue_authentication, .props = props});
        CHECK(peers.server.closed->reason == reason_code::protocol_error);
    }
}

TEST_CASE("each side sends AUTH in its turn only", "[session][auth][MQTT-4.12.0-2][MQTT-4.12.0-3][MQTT-4.12.1-1]") {
    auto peers = begun();
    peers.server.accepts = false;
    auto const props = method("SCRAM", "x");
    auto& client = *peers.client.engine;
    auto& server = *peers.server.engine;
    auto const say = [&](session::engine& who, reason_code reason) { return who.authenticate({.reason = reason, .props = props}, peers.now); };
    using enum reason_code;

    CHECK(say(client, continue_authentication).error() == refusal::invalid);    // no method was named yet
    (void)peers.connect(true);
    peers.run();
    CHECK(say(client, re_authenticate).error() == refusal::not_connected);
    CHECK(say(server, success).error() == refusal::not_connected);              // that is what CONNACK says
    REQUIRE(say(server, continue_authentication));
    CHECK(say(server, continue_authentication).error() == refusal::not_connected);
    peers.run();
    REQUIRE(say(client, continue_authentication));
    peers.run();
    REQUIRE(server.accept({}, peers.server.state, peers.now));
    peers.run();

    CHECK(say(client, continue_authentication).error() == refusal::not_connected);
    CHECK(say(server, continue_authentication).error() == refusal::not_connected);
    CHECK(peers.client.auths.size() == 1);
    CHECK(peers.server.auths.size() == 1);
    CHECK_FALSE(peers.client.closed);
}

TEST_CASE("an AUTH that breaks a rule is refused and the step is still to be made", "[session][auth]") {
    auto peers = begun();
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto misplaced = method("SCRAM", "x");
    misplaced.add<property_id::content_type>("t");
    auto const right = method("SCRAM", "x");

    CHECK(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = misplaced}, peers.now).error() == refusal::invalid);
    CHECK(peers.server.engine->where() == session::phase::accepting);
    CHECK(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = right}, peers.now));
}

TEST_CASE("3.1.1 has no AUTH", "[session][auth]") {
    session_pair peers{{.version = protocol::v3_1_1}};
    auto const props = method("SCRAM");
    CHECK(peers.client.engine->authenticate({.reason = reason_code::re_authenticate, .props = props}, peers.now).error() == refusal::invalid);
}

TEST_CASE("before CONNACK an AUTH only goes on", "[session][auth][MQTT-4.12.0-2][MQTT-4.12.0-3]") {
    auto peers = begun();
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "x");

    SECTION("to a client") {
        peers.feed(peers.client, packet::auth{.reason = reason_code::success, .props = props});
        REQUIRE(peers.client.closed);
        CHECK(peers.client.closed->reason == reason_code::protocol_error);
        CHECK(peers.client.auths.empty());
    }
    SECTION("to a server") {
        REQUIRE(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
        peers.feed(peers.server, packet::auth{.reason = reason_code::re_authenticate, .props = props});
        REQUIRE(peers.server.closed);
        CHECK(peers.server.closed->reason == reason_code::protocol_error);
        CHECK(peers.server.auths.empty());
    }
}

TEST_CASE("a client that begins again before the last time ended is disconnected", "[session][auth][MQTT-4.12.1-1]") {
    auto peers = begun();
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "x");
    peers.feed(peers.server, packet::auth{.reason = reason_code::re_authenticate, .props = props});
    CHECK_FALSE(peers.server.closed);

    peers.feed(peers.server, packet::auth{.reason = reason_code::re_authenticate, .props = props});

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->reason == reason_code::protocol_error);
}

TEST_CASE("a client may leave in the middle of the exchange and the server is not silent in its keep-alive", "[session][auth]") {
    session_pair::options how{.keep_alive = 10, .props = method("SCRAM", "first"), .connect = false};
    session_pair peers{how};
    peers.server.accepts = false;
    (void)peers.connect(true);
    peers.run();
    auto const props = method("SCRAM", "x");
    REQUIRE(peers.server.engine->authenticate({.reason = reason_code::continue_authentication, .props = props}, peers.now));
    peers.run();
    auto const later = property_list{}.add<property_id::session_expiry_interval>(5);

    REQUIRE(peers.client.engine->disconnect({.props = later}, peers.now));
    peers.run();

    REQUIRE(peers.server.closed);
    CHECK(peers.server.closed->who == session::event::closed::by::peer);
    CHECK_FALSE(peers.server.state.exists());                      // there was no session yet
}
