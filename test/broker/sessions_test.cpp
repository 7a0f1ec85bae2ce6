// Sessions of a broker: made, resumed, taken over, expired; and whose they are.
#include "guests.hpp"

using namespace aldis;
using namespace aldis::test;
using texts = std::vector<std::string>;

namespace {

entrance lasting_v3() {
    entrance how;
    how.version = protocol::v3_1_1;
    how.clean = false;
    return how;
}

entrance as(std::string user, std::string password, entrance how = {}) {
    how.user = std::move(user);
    how.password = std::move(password);
    return how;
}

std::shared_ptr<access::password_file const> ada_and_bob() {
    auto made = std::make_shared<access::password_file>();
    made->put("ada", to_bytes("secret"), {access::password_hash::kind::sha512_pbkdf2, 1});
    made->put("bob", to_bytes("secret"), {access::password_hash::kind::sha512_pbkdf2, 1});
    return made;
}

} // namespace

TEST_CASE("a client that comes back finds its subscriptions and what was sent meanwhile", "[broker][MQTT-3.1.2-5][MQTT-3.2.2-3][MQTT-4.5.0-1][MQTT-3.1.3-2][v3-MQTT-3.1.3-2][v3-MQTT-3.1.2-5][v3-MQTT-4.5.0-1]") {
    house h;
    auto& writer = h.enter("writer");
    auto const how = GENERATE(lasting(), lasting_v3());
    auto& lamp = h.enter("lamp", how);
    CHECK_FALSE(lamp.session_present);
    lamp.subscribe("t");
    lamp.cut();
    CHECK(h.core.sessions() == 2);
    writer.publish("t", "1", qos_level::at_least_once);
    writer.publish("t", "2", qos_level::exactly_once);
    writer.publish("t", "lost", qos_level::at_most_once);
    lamp.connect(how);
    CHECK(lamp.session_present);
    CHECK(lamp.texts() == texts{"1", "2"});
    CHECK(h.core.counted().clients == 2);
}

TEST_CASE("QoS 0 waits for a client that is away where that is wanted", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.queue_qos0_messages(true)));
    auto& lamp = h.enter("lamp", lasting());
    lamp.subscribe("t");
    lamp.cut();
    h.enter("writer").publish("t", "0");
    lamp.connect(lasting());
    CHECK(lamp.texts() == texts{"0"});
}

TEST_CASE("Clean Start ends the session that was there", "[broker][MQTT-3.1.2-4][v3-MQTT-3.1.2-6]") {
    house h;
    auto& lamp = h.enter("lamp", lasting());
    lamp.subscribe("t");
    lamp.cut();
    auto again = lasting();
    again.clean = true;
    lamp.connect(again);
    CHECK_FALSE(lamp.session_present);
    h.enter("writer").publish("t", "1", qos_level::at_least_once);
    CHECK(lamp.texts().empty());
    CHECK(h.core.subscriptions().size() == 0);
}

TEST_CASE("one without expiry ends with its connection", "[broker][MQTT-3.1.2-23]") {
    house h;
    auto& lamp = h.enter("lamp");
    lamp.subscribe("t");
    lamp.cut();
    CHECK(h.core.sessions() == 0);
    CHECK(h.core.subscriptions().size() == 0);
    CHECK(h.core.bytes_kept() == 0);
}

TEST_CASE("one is kept for as long as its client asked, and no longer", "[broker][MQTT-4.1.0-2]") {
    house h;
    auto& lamp = h.enter("lamp", lasting(100));
    lamp.cut();
    h.pass(99s);
    CHECK(h.core.sessions() == 1);
    h.pass(2s);
    CHECK(h.core.sessions() == 0);
    CHECK(h.core.counted().expired_sessions == 1);
}

TEST_CASE("DISCONNECT can change how long the session is kept", "[broker]") {
    house h;
    auto& lamp = h.enter("lamp", lasting(100));
    property_list        props;
    packet::disconnect bye;
    props.add<property_id::session_expiry_interval>(0);
    bye.props = props;
    REQUIRE(lamp.engine->disconnect(bye, h.now));
    h.settle();
    CHECK(h.core.sessions() == 0);
}

TEST_CASE("the longest time is the broker's, and it says so", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.max_session_expiry(50s).session_expiry_v3(20s)));
    auto& lamp = h.enter("lamp", lasting(0xFFFF'FFFF));
    CHECK(lamp.connack.view().get<property_id::session_expiry_interval>() == 50);
    auto& old = h.enter("old", lasting_v3());
    lamp.cut();
    old.cut();
    h.pass(30s);
    CHECK(h.core.sessions() == 1);
    h.pass(30s);
    CHECK(h.core.sessions() == 0);
}

TEST_CASE("a second connection takes the session over, and the first is told", "[broker][MQTT-3.1.4-3][v3-MQTT-3.1.4-2]") {
    house h;
    auto& first = h.enter("lamp", lasting());
    first.subscribe("t");
    auto& second = h.enter("lamp", lasting());
    CHECK(second.session_present);
    CHECK_FALSE(first.is_in());
    CHECK(first.dismissed == reason_code::session_taken_over);
    h.enter("writer").publish("t", "1", qos_level::exactly_once);
    CHECK(first.texts().empty());
    CHECK(second.texts() == texts{"1"});
    CHECK(h.core.sessions() == 2);
    CHECK(h.core.counted().clients == 2);
}

TEST_CASE("a client of 3.1.1 that is taken over is closed without a word", "[broker]") {
    house h;
    auto& first = h.enter("lamp", lasting_v3());
    auto& second = h.enter("lamp", lasting_v3());
    CHECK(second.session_present);
    CHECK_FALSE(first.link);
    CHECK_FALSE(first.dismissed);
}

TEST_CASE("taking over again and again leaves nothing behind", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.max_connect_rate(0).max_connect_rate_per_address(0)));
    auto& lamp = h.add("lamp");
    for (int i = 0; i < 200; ++i) {
        auto& other = h.enter("lamp", lasting());
        CHECK(other.is_in());
    }
    CHECK(h.core.sessions() == 1);
    CHECK(h.core.counted().connections == 1);
    CHECK_FALSE(lamp.is_in());
}

TEST_CASE("nobody else gets the session of a client identifier", "[broker]") {
    house h(broker_options{}.passwords(ada_and_bob()));
    auto& ada = h.enter("lamp", as("ada", "secret", lasting()));
    ada.subscribe("t");
    auto const clean = GENERATE(true, false);
    auto how = as("bob", "secret", lasting());
    how.clean = clean;
    auto& bob = h.enter("lamp", how);
    CHECK(bob.refused == reason_code::not_authorized);
    CHECK(ada.is_in());
    ada.cut();
    bob.connect(how);
    CHECK(bob.refused == reason_code::not_authorized);
    ada.connect(as("ada", "secret", lasting()));
    CHECK(ada.session_present);
}

TEST_CASE("a wrong password touches no session", "[broker]") {
    house h(broker_options{}.passwords(ada_and_bob()));
    auto& ada = h.enter("lamp", as("ada", "secret", lasting()));
    ada.subscribe("t");
    auto how = as("ada", "guessed");
    auto& thief = h.enter("lamp", how);
    CHECK(thief.refused == reason_code::bad_user_name_or_password);
    CHECK(ada.is_in());
    CHECK(h.core.subscriptions().size() == 1);
}

TEST_CASE("a client without an identifier gets one of its own", "[broker][MQTT-3.1.3-6][MQTT-3.1.3-7][v3-MQTT-3.1.3-6]") {
    house h;
    auto& one = h.enter("");
    auto& two = h.enter("");
    auto const a = std::string(one.connack.view().get<property_id::assigned_client_identifier>().value());
    auto const b = std::string(two.connack.view().get<property_id::assigned_client_identifier>().value());
    CHECK(a.starts_with("auto-"));
    CHECK(a != b);
    CHECK(h.core.find(a) != nullptr);
    entrance v3;
    v3.version = protocol::v3_1_1;
    CHECK(h.enter("", v3).is_in());
    CHECK(h.core.sessions() == 3);
}

TEST_CASE("identifiers that the broker must not assign are refused", "[broker][MQTT-3.1.3-8][v3-MQTT-3.1.3-9]") {
    house h(broker_options{}.allow_zero_length_clientid(false));
    CHECK(h.enter("").refused == reason_code::client_identifier_not_valid);
}

TEST_CASE("more than there may be are refused, and those that are there go on", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.max_sessions(2)));
    auto& a = h.enter("a", lasting());
    auto& b = h.enter("b", lasting());
    CHECK(h.enter("c").refused == reason_code::quota_exceeded);
    b.cut();
    CHECK(h.enter("c").refused == reason_code::quota_exceeded);
    b.connect(lasting());
    CHECK(b.session_present);
    b.connect();
    CHECK(b.is_in());
    CHECK(a.is_in());
}

TEST_CASE("what waits for a client that is away expires there", "[broker]") {
    house h;
    auto& lamp = h.enter("lamp", lasting());
    lamp.subscribe("t");
    lamp.cut();
    auto& writer = h.enter("writer");
    property_list short_lived, long_lived;
    short_lived.add<property_id::message_expiry_interval>(10);
    long_lived.add<property_id::message_expiry_interval>(100);
    writer.publish("t", "short", qos_level::at_least_once, false, short_lived);
    writer.publish("t", "long", qos_level::at_least_once, false, long_lived);
    CHECK(h.core.find("lamp")->state.queued_messages() == 2);
    h.pass(11s);
    CHECK(h.core.find("lamp")->state.queued_messages() == 1);
    h.pass(29s);
    lamp.connect(lasting());
    REQUIRE(lamp.got.size() == 1);
    CHECK(lamp.got[0].text == "long");
    CHECK(lamp.got[0].expiry == 60);                               // [MQTT-3.3.2-6]
}

TEST_CASE("a queue that is full keeps what it has", "[broker]") {
    house h(broker_options{}.limits(broker_limits{}.max_queued_messages(3).queue_qos0_messages(true)));
    auto& lamp = h.enter("lamp", lasting());
    lamp.subscribe("t");
    lamp.cut();
    auto& writer = h.enter("writer");
    writer.publish("t", "zero");
    for (auto const* const text : {"1", "2", "3", "4"}) writer.publish("t", text, qos_level::at_least_once);
    CHECK(h.core.counted().messages_dropped == 2);
    lamp.connect(lasting());
    CHECK(lamp.texts() == texts{"1", "2", "3"});
}

TEST_CASE("bytes are counted, and nothing is left when all have gone", "[broker]") {
    house h;
    auto& lamp = h.enter("lamp", lasting(60));
    lamp.subscribe("t");
    lamp.cut();
    auto& writer = h.enter("writer");
    for (int i = 0; i < 10; ++i) writer.publish("t", std::string(1'000, 'x'), qos_level::at_least_once);
    CHECK(h.core.bytes_kept() > 10'000);
    writer.leave();
    h.pass(61s);
    CHECK(h.core.bytes_kept() == 0);
    CHECK(h.core.sessions() == 0);
    CHECK_FALSE(h.core.deadline());
}
