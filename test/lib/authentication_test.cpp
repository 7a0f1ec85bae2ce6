// Enhanced authentication: SCRAM-SHA-256 with a scripted server, that goes through with it, or stops, skips, lies and refuses.
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <aldis/authenticator.hpp>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// A server that does what its script says; by itself it goes through with SCRAM.
struct scripted final : connection_owner {
    explicit scripted(std::unique_ptr<transport::stream> line, session::settings const& how = {}) : link(std::move(line), session::role::server, how) {
        link.keep(state);
        link.start(*this);
    }

    void on_event(session::any_event const& said) override {
        using namespace session::event;
        if (auto const* const e = std::get_if<connect_request>(&said)) hear(reason_code::success, e->request.props);
        if (auto const* const e = std::get_if<authenticate>(&said)) hear(e->request.reason, e->request.props);
        if (auto const* const e = std::get_if<message_arrived>(&said)) {
            ++arrivals;
            last_arrival = e->arrival;
        }
        if (auto const* const e = std::get_if<closed>(&said)) ended = {e->who, e->reason};
        link.flush();
    }
    void on_ended(error_code) override {}

    void hear(reason_code reason, properties const& props) {
        heard.emplace_back(to_text(props.get<property_id::authentication_data>().value_or(bytes_view{})));
        methods.emplace_back(props.get<property_id::authentication_method>().value_or(std::string_view{}));
        if (script) script(reason, heard.back());
        else go_on(reason, heard.back());
    }
    void go_on(reason_code reason, std::string const& data) {
        if (reason != reason_code::continue_authentication) return challenge(*side.challenge(data));
        auto const last = side.finish(data);
        if (!last) return refuse(reason_code::not_authorized);
        welcome(*last);
    }

    void challenge(std::string_view text) { say(reason_code::continue_authentication, text); }
    void welcome(std::string_view text) {
        if (std::exchange(is_open, true)) return say(reason_code::success, text);
        packet::connack ok;
        auto const      props = saying(text);
        ok.props = props.view();
        CHECK(link.engine().accept(ok, *state, connection::now()));
    }
    void refuse(reason_code why) {
        packet::connack    no;
        packet::disconnect leave;
        no.reason = leave.reason = why;
        if (is_open) CHECK(link.engine().disconnect(leave, connection::now()));
        else CHECK(link.engine().reject(no, connection::now()));
    }
    void say(reason_code reason, std::string_view text) {
        auto const   props = saying(text);
        packet::auth p;
        p.reason = reason;
        p.props = props.view();
        CHECK(link.engine().authenticate(p, connection::now()));
    }
    static property_list saying(std::string_view text) {
        property_list props;
        props.add<property_id::authentication_method>("SCRAM-SHA-256");
        if (!text.empty()) props.add<property_id::authentication_data>(to_bytes(text));
        return props;
    }

    using end = std::pair<session::event::closed::by, reason_code>;

    std::function<void(reason_code, std::string const&)> script{};
    access::scram_server            side{[](std::string_view name) {
        static auto const secret = access::scram_secret::make("pencil", 4096);
        return name == "user" ? std::optional(secret) : std::nullopt;
    }};
    std::vector<std::string>        heard{};
    std::vector<std::string>        methods{};
    std::optional<end>              ended{};
    std::size_t                     arrivals = 0;
    bool                            is_open = false;
    session::arrival_no             last_arrival = 0;
    std::shared_ptr<session::state> state = std::make_shared<session::state>();
    connection                      link;
};

constexpr scripted::end left(reason_code why) { return {session::event::closed::by::peer, why}; }

struct scram_world : world {
    client                    c{io, with("user", "pencil")};
    std::unique_ptr<scripted> other{};
    connect_outcome           connected{};

    static connect_options with(std::string user, std::string password) {
        return lasting_lamp().authenticator(make_scram_sha_256(std::move(user), std::move(password)));
    }

    std::unique_ptr<transport::stream> line(session::settings const& how = {}) {
        auto [ours, theirs] = transport::make_memory_pair(ex(), {});
        other = std::make_unique<scripted>(std::move(theirs), how);
        return std::move(ours);
    }
    void dial() { c.async_connect(line(), connected.handler()); }
    void open() {
        dial();
        run(connected);
        REQUIRE_FALSE(connected.ec());
    }
    disconnect_outcome again() {
        disconnect_outcome done;
        c.async_reauthenticate(done.handler());
        return done;
    }
    connection_cause ending() {
        REQUIRE(run_until([&] { return std::holds_alternative<link_state::given_up>(c.state()); }));
        return std::get<link_state::given_up>(c.state()).cause;
    }
};

/// Answers when the test wants it to.
struct slow final : authenticator {
    std::string_view method() const noexcept override { return "SCRAM-SHA-256"; }
    byte_buffer      begin() override { return {}; }
    void             step(bytes_view, reply answer) override {
        if (in_step) in_step();
        kept = std::move(answer);
    }
    error_code       finish(bytes_view) override {
        if (in_finish) in_finish();
        return {};
    }
    reply                 kept{};
    std::function<void()> in_step{};
    std::function<void()> in_finish{};
};

} // namespace

TEST_CASE("a client authenticates with SCRAM and again later", "[lib][auth][MQTT-4.12.0-3][MQTT-4.12.0-5][MQTT-4.12.1-1]") {
    scram_world w;
    w.open();
    REQUIRE(w.other->heard.size() == 2);
    CHECK(w.other->heard[0].starts_with("n,,n=user,r="));
    CHECK(w.other->heard[1].starts_with("c=biws,r="));

    auto const again = w.again();
    auto const too_soon = w.again();
    w.run(again);
    CHECK_FALSE(again.ec());
    w.run(too_soon);
    CHECK(too_soon.ec() == error::already_authenticating);
    CHECK(w.other->methods == std::vector<std::string>(4, "SCRAM-SHA-256"));
    CHECK(w.other->heard[2] != w.other->heard[0]);                 // a new conversation
    w.run(w.start_publish(w.c, "t", "x", publish_options{}.qos(qos_0)));
    CHECK(w.c.is_connected());
    auto const once_more = w.again();
    w.run(once_more);
    CHECK_FALSE(once_more.ec());
}

TEST_CASE("the bytes of the vector of RFC 7677 go over as they are", "[lib][auth]") {
    struct by_the_book final : authenticator {
        std::string_view method() const noexcept override { return "SCRAM-SHA-256"; }
        byte_buffer      begin() override { return bytes(side.first("rOprNGfwEbeRWgbNEkqO")); }
        void             step(bytes_view challenge, reply answer) override { answer({}, bytes(*side.answer(to_text(challenge)))); }
        error_code       finish(bytes_view last) override { return side.check(to_text(last)) ? error_code{} : error::authentication_failed; }
        static byte_buffer bytes(std::string_view text) { return {to_bytes(text).begin(), to_bytes(text).end()}; }
        access::scram_client side{"user", "pencil"};
    };
    scram_world w;
    w.c.options(lamp().authenticator(std::make_shared<by_the_book>()));
    w.dial();
    w.other->script = [&](reason_code reason, std::string const&) {
        if (reason == reason_code::success) w.other->challenge("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        else w.other->welcome("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    };
    w.run(w.connected);
    CHECK_FALSE(w.connected.ec());
    CHECK(w.other->heard == std::vector<std::string>{"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                                                     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="});
}

TEST_CASE("a server refuses a client without the password", "[lib][auth][MQTT-4.12.0-4]") {
    scram_world w;
    auto const [user, password] = GENERATE(table<std::string, std::string>({{"user", "Pencil"}, {"nobody", "pencil"}}));
    w.c.options(w.with(user, password));
    w.dial();
    w.run(w.connected);
    CHECK(w.connected.ec() == reason_code::not_authorized);
    CHECK(w.ending().kind() == cause_kind::server_refusal);
}

TEST_CASE("a server that does not prove itself is told nothing", "[lib][auth]") {
    scram_world w;
    auto const  waits = w.start_publish(w.c, "secret", "x");
    w.dial();
    error_code why = error::authentication_failed;
    auto&      other = *w.other;
    SECTION("another signature") {
        other.script = [&](reason_code reason, std::string const& data) {
            if (reason == reason_code::success) other.go_on(reason, data);
            else other.welcome("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        };
    }
    SECTION("no signature") {
        why = error::authentication_malformed;
        other.script = [&](reason_code reason, std::string const& data) {
            if (reason == reason_code::success) other.go_on(reason, data);
            else other.welcome("");
        };
    }
    SECTION("no challenge at all") {
        why = error::authentication_malformed;
        other.script = [&](reason_code, std::string const&) { other.welcome("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="); };
    }
    w.run(w.connected);
    CHECK(w.connected.ec() == why);
    CHECK(w.connected.ec() == condition::not_authorized);
    CHECK(w.ending().kind() == cause_kind::authentication);
    REQUIRE(w.run_until([&] { return other.ended.has_value(); }));
    CHECK(other.arrivals == 0);                                    // what was queued has not gone to it
    CHECK_FALSE(waits.is_done());
    CHECK(w.c.unacknowledged() == 1);

    w.c.async_connect(w.line(), w.connected.handler());            // the true one gets it
    REQUIRE(w.run_until([&] { return w.other->arrivals == 1; }));
}

TEST_CASE("a server that does not prove itself can not end the session by saying that it has none", "[lib][auth]") {
    scram_world w;
    w.c.options(w.with("user", "pencil").clean_start(false));
    w.open();
    auto const waits = w.start_publish(w.c, "t", "x", publish_options{}.qos(qos_2));
    REQUIRE(w.run_until([&] { return w.other->arrivals == 1; }));  // under way, and not acknowledged
    auto const true_state = w.other->state;
    auto const arrival = w.other->last_arrival;
    w.other->link.close();
    w.ending();

    connect_outcome refused, resumed;
    w.c.async_connect(w.line(), refused.handler());
    w.other->script = [&](reason_code reason, std::string const& data) {
        if (reason == reason_code::success) w.other->go_on(reason, data);
        else w.other->welcome("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    };
    w.run(refused);
    CHECK(refused.ec() == error::authentication_failed);
    REQUIRE(w.run_until([&] { return w.other->ended.has_value(); }));
    CHECK(w.other->ended == left(reason_code::unspecified_error));
    CHECK_FALSE(waits.is_done());

    w.c.async_connect(w.line(), resumed.handler());
    w.other->state = true_state;
    w.run(resumed);
    CHECK(resumed.value().session_present());
    CHECK(w.other->link.engine().acknowledge(arrival, connection::now()));
    w.other->link.flush();
    w.run(waits);
    CHECK_FALSE(waits.ec());
}

TEST_CASE("SCRAM hashes on a thread of its own", "[lib][auth][threads]") {
    auto const                    by = make_scram_sha_256("user", "pencil");
    auto const                    began = by->begin();
    auto const                    first = std::string(to_text(began));
    std::promise<std::thread::id> where;
    auto const                    challenge = first.substr(first.find("r=")) + "x,s=QUJD,i=4096";
    by->step(to_bytes(challenge), [&](error_code ec, byte_buffer const& data) {
        CHECK_FALSE(ec);
        CHECK(to_text(data).starts_with("c=biws,r="));
        where.set_value(std::this_thread::get_id());
    });
    CHECK(where.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("what SCRAM hashed for an earlier conversation does not disturb the next", "[lib][auth][threads]") {
    auto const         by = make_scram_sha_256("user", "pencil");
    std::promise<void> late;
    auto const         old = by->begin();
    auto const         text = std::string(to_text(old));
    by->step(to_bytes(text.substr(text.find("r=")) + "x,s=QUJD,i=200000"), [&](error_code, byte_buffer const&) { late.set_value(); });
    scram_world w;
    w.c.options(lasting_lamp().authenticator(by));
    w.open();                                                      // begins anew meanwhile
    late.get_future().get();
    auto const again = w.again();
    w.run(again);
    CHECK_FALSE(again.ec());
}

TEST_CASE("an authenticator may answer when client and loop are gone", "[lib][auth][life]") {
    auto const by = std::make_shared<slow>();
    {
        scram_world w;
        w.c.options(lamp().authenticator(by));
        w.dial();
        w.other->script = [&](reason_code, std::string const&) { w.other->challenge("more"); };
        REQUIRE(w.run_until([&] { return static_cast<bool>(by->kept); }));
    }
    by->kept({}, {});
    SUCCEED("nobody was there");
}

TEST_CASE("a challenge that is not to be trusted ends the attempt by its name", "[lib][auth]") {
    auto const [extra, why] = GENERATE(table<std::string, error>({{"x,s=QUJD,i=1000", error::authentication_weak},
                                                                 {"x,s=QUJD,i=10000000", error::authentication_costly},
                                                                 {"x,s=QUJD", error::authentication_malformed},
                                                                 {",s=QUJD,i=4096", error::authentication_failed}}));
    scram_world w;
    w.dial();
    w.other->script = [&, more = extra](reason_code, std::string const& data) { w.other->challenge(data.substr(data.find("r=")) + more); };
    w.run(w.connected);
    CHECK(w.connected.ec() == why);
    CHECK(w.ending().kind() == cause_kind::authentication);
    REQUIRE(w.run_until([&] { return w.other->ended.has_value(); }));
    CHECK(w.other->heard.size() == 1);                             // no proof was given
}

TEST_CASE("a server that stops in the middle is given up", "[lib][auth]") {
    scram_world w;
    auto const  after = GENERATE(1U, 2U);
    bool const  hangs_up = GENERATE(false, true);
    if (!hangs_up) w.c.options(w.with("user", "pencil").connect_timeout(50ms));
    w.dial();
    w.other->script = [&](reason_code reason, std::string const& data) {
        if (w.other->heard.size() < after) w.other->go_on(reason, data);
    };
    if (!hangs_up) {                                               // but not a word more
        w.run(w.connected);
        CHECK(w.connected.ec() == error::connect_timed_out);
    }
    if (hangs_up) {
        REQUIRE(w.run_until([&] { return w.other->heard.size() == after; }));
        w.other->link.close();
        w.run(w.connected);
        CHECK(w.connected.ec() == error::no_answer);
    }
    CHECK(w.connected.calls() == 1);
}

TEST_CASE("who is not content with authenticating again ends the connection", "[lib][auth][MQTT-4.12.1-2]") {
    scram_world w;
    w.open();
    auto& other = *w.other;
    SECTION("the server") {
        other.script = [&](reason_code, std::string const&) { other.refuse(reason_code::not_authorized); };
        auto const again = w.again();
        w.run(again);
        CHECK(again.ec() == reason_code::not_authorized);
        CHECK(w.ending().kind() == cause_kind::server_disconnect);
    }
    SECTION("the client, with the challenge") {
        other.script = [&](reason_code, std::string const&) { other.challenge("r=other,s=QUJD,i=4096"); };
        auto const again = w.again();
        w.run(again);
        CHECK(again.ec() == error::authentication_failed);
        CHECK(w.ending().kind() == cause_kind::authentication);
        CHECK(other.ended == left(reason_code::unspecified_error));
    }
    SECTION("the client, with the end") {
        other.script = [&](reason_code, std::string const&) { other.welcome("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="); };
        auto const again = w.again();
        w.run(again);
        CHECK(again.ec() == error::authentication_malformed);      // it proves nothing without a challenge
        CHECK(other.ended == left(reason_code::unspecified_error));
    }
    SECTION("the network") {
        other.script = [&](reason_code, std::string const&) { other.link.close(); };
        auto const again = w.again();
        w.run(again);
        CHECK(again.ec() == condition::connection_lost);
    }
    CHECK_FALSE(w.c.is_connected());
    auto const late = w.again();
    w.run(late);
    CHECK(late.ec() == error::not_connected);
}

TEST_CASE("authenticating again ends once however the client ends", "[lib][auth][life]") {
    scram_world w;
    auto        c = std::make_unique<client>(w.io, w.with("user", "pencil"));
    c->async_connect(w.line(), w.connected.handler());
    w.run(w.connected);
    w.other->script = [](reason_code, std::string const&) {};      // never answers
    disconnect_outcome        again, leaving;
    asio::cancellation_signal stop;
    c->async_reauthenticate(asio::bind_cancellation_slot(stop.slot(), again.handler()));
    REQUIRE(w.run_until([&] { return w.other->heard.size() == 3; }));
    error_code why = asio::error::operation_aborted;
    SECTION("cancelled") {
        stop.emit(asio::cancellation_type::terminal);
        w.run(again);
        disconnect_outcome second;
        c->async_reauthenticate(second.handler());
        w.run(second);
        CHECK(second.ec() == error::already_authenticating);       // only the waiting has ended
        CHECK(c->is_connected());
    }
    SECTION("closed") { c->close(); }
    SECTION("destroyed") { c.reset(); }
    SECTION("left") {
        c->async_disconnect(leaving.handler());
        why = error::disconnected;
    }
    w.run(again);
    w.settle();
    CHECK(again.ec() == why);
    CHECK(again.calls() == 1);
}

TEST_CASE("an authenticator may answer later, and too late does no harm", "[lib][auth]") {
    auto const  by = std::make_shared<slow>();
    scram_world w;
    w.c.options(lamp().authenticator(by));
    w.dial();
    w.other->script = [&](reason_code reason, std::string const&) {
        if (reason == reason_code::success) w.other->challenge("more");
        else w.other->welcome("");
    };
    REQUIRE(w.run_until([&] { return static_cast<bool>(by->kept); }));
    SECTION("in time") {
        w.c.options(lamp());                                       // of the next connection
        by->kept({}, {});
        by->kept(error::invalid, {});                              // the first counts
        w.run(w.connected);
        CHECK_FALSE(w.connected.ec());
    }
    SECTION("with an error of its own") {
        by->kept(asio::error::access_denied, {});
        w.run(w.connected);
        CHECK(w.connected.ec() == asio::error::access_denied);
        CHECK(w.ending().kind() == cause_kind::authentication);
    }
    SECTION("with more than a packet holds") {
        by->kept({}, byte_buffer(70'000));
        w.run(w.connected);
        CHECK(w.connected.ec() == error::authentication_malformed);
    }
    SECTION("too late") {
        w.c.close();
        by->kept({}, {});
        w.settle();
        CHECK(w.connected.ec() == asio::error::operation_aborted);
    }
    SECTION("for another connection") {
        w.c.close();
        auto const late = std::exchange(by->kept, {});
        w.connected = {};
        w.dial();
        w.other->script = [&](reason_code reason, std::string const&) {
            if (reason == reason_code::success) w.other->challenge("more");
        };
        REQUIRE(w.run_until([&] { return static_cast<bool>(by->kept); }));
        late({}, {});
        w.settle();
        CHECK(w.other->heard.size() == 1);                         // that was no answer to it
        CHECK_FALSE(w.connected.is_done());
    }
    w.settle();
    CHECK(w.connected.calls() <= 1);
}

TEST_CASE("an authenticator may end the client or throw", "[lib][auth][life]") {
    auto const  by = std::make_shared<slow>();
    scram_world w;
    auto        c = std::make_unique<client>(w.io, lamp().authenticator(by));
    auto const  in_step = GENERATE(true, false);
    auto&       where = in_step ? by->in_step : by->in_finish;
    c->async_connect(w.line(), w.connected.handler());
    w.other->script = [&](reason_code reason, std::string const&) {
        if (reason == reason_code::success && in_step) w.other->challenge("more");
        else w.other->welcome("");
    };
    SECTION("destroys") {
        where = [&] { c.reset(); };
        w.run(w.connected);
        CHECK(w.connected.ec() == asio::error::operation_aborted);
    }
    SECTION("closes") {
        where = [&] { c->close(); };
        w.run(w.connected);
        CHECK(w.connected.ec() == asio::error::operation_aborted);
    }
    SECTION("throws") {
        where = [] { throw std::runtime_error("no key"); };
        CHECK_THROWS_AS(w.run_until([&] { return w.connected.is_done(); }), std::runtime_error);
        w.run(w.connected);
        CHECK(w.connected.ec() == error::authentication_failed);
        CHECK_FALSE(c->is_connected());
    }
    w.settle();
    CHECK(w.connected.calls() == 1);
}

TEST_CASE("what can not be authenticated with is told before anything is sent", "[lib][auth]") {
    world           w;
    connect_options how = lamp();
    error           why{};
    SECTION("a name that would have to be prepared") {
        how.authenticator(make_scram_sha_256("us\xc3\xa9r", "pencil"));
        why = error::authentication_not_ascii;
    }
    SECTION("no password") {
        how.authenticator(make_scram_sha_256("user", ""));
        why = error::authentication_not_ascii;
    }
    SECTION("a version without it") {
        how.version(protocol::v3_1_1).authenticator(make_scram_sha_256("user", "pencil"));
        why = error::authentication_needs_v5;
    }
    client     c(w.io, how);
    auto const done = w.start_connect(c);
    w.run(done);
    CHECK(done.ec() == why);
    CHECK(done.ec() == condition::local_misuse);
    CHECK(w.server.connects.empty());
}

TEST_CASE("without an authenticator nobody authenticates again", "[lib][auth][MQTT-4.12.0-7]") {
    world              w;
    client             c(w.io, lamp());
    disconnect_outcome early, later;
    c.async_reauthenticate(early.handler());
    w.run(early);
    CHECK(early.ec() == error::not_connected);
    w.connect(c);
    c.async_reauthenticate(later.handler());
    w.run(later);
    CHECK(later.ec() == error::no_authenticator);
    CHECK(c.is_connected());
}

TEST_CASE("a client that authenticates does not fall back to a version without it", "[lib][auth][running]") {
    scram_world w;
    unsigned    attempts = 0;
    w.c.start(reconnect_policy{}.delays(1ms, 1ms).retry_first(true).before_attempt([&](connect_attempt attempt) {
        ++attempts;
        auto over = w.line();
        w.other->script = [&](reason_code, std::string const&) { w.other->refuse(reason_code::unsupported_protocol_version); };
        attempt.go(std::move(over));
    }));
    CHECK(w.ending().code() == reason_code::unsupported_protocol_version);
    CHECK(attempts == 1);
}

TEST_CASE("each attempt is a conversation of its own", "[lib][auth][running]") {
    scram_world              w;
    std::vector<std::string> firsts;
    w.c.start(reconnect_policy{}.delays(1ms, 1ms).retry_first(true).before_attempt([&](connect_attempt attempt) { attempt.go(w.line()); }));
    for (std::size_t round = 1; round <= 3; ++round) {
        REQUIRE(w.run_until([&] { return w.c.is_connected(); }));
        firsts.push_back(w.other->heard.at(0));
        w.other->link.close();
        REQUIRE(w.run_until([&] { return !w.c.is_connected(); }));
    }
    CHECK(firsts[0] != firsts[1]);
    CHECK(firsts[1] != firsts[2]);
}
