// Enhanced authentication as a broker does it: SCRAM-SHA-256, methods of a program's own, and authenticating again; hooks that allow.
#include <aldis/access/scram.hpp>

#include "guests.hpp"

using namespace aldis;
using namespace aldis::test;
using texts = std::vector<std::string>;

namespace {

broker_options scram_broker() {
    auto const secret = access::scram_secret::make("pencil", 4'096);
    return broker_options{}.authenticate_enhanced(scram_sha_256([secret](std::string_view name) {
        return name == "ada" ? std::optional(secret) : std::nullopt;
    }));
}

property_list said(std::string_view method, std::string_view data) {
    property_list made;
    made.add<property_id::authentication_method>(method);
    if (!data.empty()) made.add<property_id::authentication_data>(to_bytes(data));
    return made;
}

entrance by(std::string_view method, std::string_view data = {}) {
    entrance how;
    how.props = said(method, data);
    return how;
}

std::string data_of(properties const& props) { return std::string(to_text(props.get<property_id::authentication_data>().value_or(bytes_view{}))); }

void say(guest& by, reason_code why, std::string_view method, std::string_view data) {
    auto const   props = said(method, data);
    packet::auth step;
    step.reason = why;
    step.props = props;
    REQUIRE(by.engine->authenticate(step, by.in_->now));
}

/// A guest that knows SCRAM.
struct scram_guest {
    scram_guest(house& in, std::string name, std::string user, std::string password)
        : scram(std::move(user), std::move(password)), of(in.add(std::move(name))) {
        of.on_step = [this](packet::auth const& step) {
            if (step.reason == reason_code::success) {
                is_proven_again = bool(scram.check(data_of(step.props)));
                return;
            }
            auto const answer = scram.answer(data_of(step.props));
            REQUIRE(answer);
            say(of, reason_code::continue_authentication, "SCRAM-SHA-256", *answer);
        };
    }
    void connect() { of.connect(by("SCRAM-SHA-256", scram.first())); }

    access::scram_client scram;
    guest&               of;
    bool                 is_proven_again = false;
};

/// Answers when the test does.
class slow_method final : public server_authenticator {
public:
    explicit slow_method(std::vector<reply>& waiting) : waiting_(waiting) {}
    void begin(bytes_view, reply answer) override { waiting_.push_back(std::move(answer)); }
    void step(bytes_view, reply answer) override { waiting_.push_back(std::move(answer)); }

private:
    std::vector<reply>& waiting_;
};

broker_options slow_broker(std::vector<server_authenticator::reply>& waiting) {
    return broker_options{}.authenticate_enhanced([&waiting](std::string_view, connecting_client const&) { return std::make_unique<slow_method>(waiting); });
}

} // namespace

TEST_CASE("a client proves with SCRAM-SHA-256 who it is, and is shown that the broker knows it", "[broker][auth][MQTT-4.12.0-2][MQTT-4.12.0-5]") {
    house       h(scram_broker());
    scram_guest lamp(h, "lamp", "ada", "pencil");
    lamp.connect();
    REQUIRE(lamp.of.is_in());
    CHECK(lamp.scram.check(data_of(lamp.of.connack.view())));
    REQUIRE(h.core.find("lamp"));
    CHECK(h.core.find("lamp")->user_name == "ada");
}

TEST_CASE("a wrong password and a user who does not exist are refused alike, without a session", "[broker][auth][MQTT-4.12.0-4]") {
    house h(scram_broker());
    auto const [user, password] = GENERATE(table<std::string, std::string>({{"ada", "pencils"}, {"eve", "pencil"}}));
    scram_guest lamp(h, "lamp", user, password);
    lamp.connect();
    CHECK_FALSE(lamp.of.is_in());
    CHECK(lamp.of.refused == reason_code::not_authorized);
    CHECK_FALSE(h.core.find("lamp"));
}

TEST_CASE("a method that is not there is refused by its name", "[broker][auth][MQTT-4.12.0-1]") {
    house with(scram_broker()), without;
    for (auto* const h : {&with, &without}) {
        auto& lamp = h->enter("lamp", by("GS2-KRB5", "x"));
        CHECK(lamp.refused == reason_code::bad_authentication_method);
    }
    CHECK(with.enter("noise", by("SCRAM-SHA-256", "nonsense")).refused == reason_code::not_authorized);
}

TEST_CASE("a client that is let in authenticates again as whom it was, or goes", "[broker][auth][MQTT-4.12.1-1][MQTT-4.12.1-2]") {
    house       h(scram_broker());
    scram_guest lamp(h, "lamp", "ada", "pencil");
    lamp.connect();
    REQUIRE(lamp.of.is_in());
    say(lamp.of, reason_code::re_authenticate, "SCRAM-SHA-256", lamp.scram.first());
    h.settle();
    CHECK(lamp.is_proven_again);
    CHECK(lamp.of.is_in());
    say(lamp.of, reason_code::re_authenticate, "SCRAM-SHA-256", "nonsense");
    h.settle();
    CHECK(lamp.of.dismissed == reason_code::not_authorized);
}

TEST_CASE("a method that answers later is waited for, and its answers count once and only while the client is there", "[broker][auth]") {
    std::vector<server_authenticator::reply> waiting;
    house                                    h(slow_broker(waiting));
    auto&                                    lamp = h.enter("lamp", by("own"));
    REQUIRE(waiting.size() == 1);
    waiting[0](authentication_step::challenge({std::byte{'?'}}));
    waiting[0](authentication_step::accept("eve"));
    lamp.on_step = [&](packet::auth const& step) {
        CHECK(data_of(step.props) == "?");
        say(lamp, reason_code::continue_authentication, "own", "!");
    };
    h.settle();
    REQUIRE(waiting.size() == 2);
    waiting[0](authentication_step::accept("eve"));
    h.settle();
    CHECK_FALSE(lamp.is_in());
    waiting[1](authentication_step::accept("ada"));
    h.settle();
    CHECK(lamp.is_in());
    CHECK(h.core.find("lamp")->user_name == "ada");

    auto& gone = h.enter("gone", by("own"));
    gone.cut();
    waiting[2](authentication_step::accept("ada"));
    h.settle();
    CHECK_FALSE(h.core.find("gone"));
    auto& late = h.enter("late", by("own"));
    h.pass(11s);
    CHECK_FALSE(late.is_in());
    CHECK(late.engine == std::nullopt);
}

TEST_CASE("somebody else by a second authentication is nobody's session", "[broker][auth][MQTT-4.12.1-2]") {
    std::vector<server_authenticator::reply> waiting;
    house                                    h(slow_broker(waiting));
    auto&                                    lamp = h.enter("lamp", by("own"));
    waiting.at(0)(authentication_step::accept("ada"));
    h.settle();
    REQUIRE(lamp.is_in());
    say(lamp, reason_code::re_authenticate, "own", "");
    h.settle();
    waiting.at(1)(authentication_step::accept("eve"));
    h.settle();
    CHECK(lamp.dismissed == reason_code::not_authorized);
}

// ---- Hooks ------------------------------------------------------------------------------------------------------------

TEST_CASE("a hook lowers the QoS of a subscription, or refuses it", "[broker]") {
    house h(broker_options{}.on_subscribe([](client_identity const& who, subscription const& wanted) {
        if (who.client_id == "guest" && wanted.filter == "secret/#") return reason_code::not_authorized;
        return wanted.filter == "slow" ? reason_code::granted_qos_1 : reason_code::granted_qos_2;
    }));
    auto& guest = h.enter("guest");
    for (auto const* const filter : {"secret/#", "slow", "fast"}) {
        guest.subscribe(filter);
        CHECK(guest.codes == std::vector{filter == std::string_view("slow") ? reason_code::granted_qos_1 : filter == std::string_view("fast") ? reason_code::granted_qos_2 : reason_code::not_authorized});
    }
    auto& writer = h.enter("writer");
    writer.publish("slow", "1", qos_level::exactly_once);
    writer.publish("secret/1", "2", qos_level::exactly_once);
    REQUIRE(guest.got.size() == 1);
    CHECK(guest.got[0].qos == qos_level::at_least_once);
}

TEST_CASE("a hook withholds messages from some, live, retained and of a shared subscription", "[broker]") {
    house h(broker_options{}.on_delivery([](client_identity const& who, session::message const& what) {
        return who.client_id != "child" || to_text(what.payload()) != "adult";
    }));
    auto& child = h.enter("child");
    auto& parent = h.enter("parent");
    for (auto* const each : {&child, &parent}) {
        each->subscribe("t");
        each->subscribe("$share/g/s");
    }
    auto& writer = h.enter("writer");
    writer.publish("t", "adult", qos_level::at_least_once, true);
    CHECK(child.texts().empty());
    CHECK(parent.texts() == texts{"adult"});
    for (int i = 0; i < 4; ++i) writer.publish("s", "adult");
    CHECK(child.texts().empty());
    CHECK(parent.texts() == texts(4, "adult"));
    child.unsubscribe("t");
    child.subscribe("t");
    CHECK(child.texts().empty());
}
