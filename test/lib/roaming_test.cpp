// Where attempts go: several servers, references, versions; and what servers do that speak no MQTT, or nothing.
#include <algorithm>
#include <array>
#include <map>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// A world of servers by name. Each is the same small server with an answer of its own; the hook is the network.
struct roaming : world {
    struct manner {
        std::optional<reason_code> refuses{};
        std::string                reference{};
        std::string                raw{};                          // says this instead of anything sensible
        bool                       only_3_1_1 = false;
    };
    std::map<std::string, manner>  manners{};
    std::vector<std::string>       visited{};
    std::vector<protocol>          versions{};
    std::unique_ptr<transport::stream> raw_end{};

    reconnect_policy policy() {
        return reconnect_policy{}.delays(1ms, 2ms).seed(7).attempts(12).retry_first(true).before_attempt([this](connect_attempt attempt) {
            auto const& how = attempt.options();
            auto const  name = how.endpoint()->host() + ":" + std::to_string(how.endpoint()->port());
            visited.push_back(name);
            versions.push_back(how.version());
            auto const& is = manners[how.endpoint()->host()];
            if (!is.raw.empty()) return attempt.go(raw_wire(is.raw));
            server.refuse_connect = is.refuses;
            if (is.only_3_1_1 && is_v5(how.version())) server.refuse_connect = reason_code::unsupported_protocol_version;
            server.connack_props = {};
            if (!is.reference.empty()) server.connack_props.add<property_id::server_reference>(is.reference);
            attempt.go(wire());
        });
    }

    std::unique_ptr<transport::stream> raw_wire(std::string const& says) {
        auto [ours, theirs] = transport::make_memory_pair(ex(), {});
        raw_end = std::move(theirs);
        said_ = says;
        piece_ = asio::buffer(said_);
        raw_end->async_write_some(std::span<asio::const_buffer const>(&piece_, 1), [](transport::error_code, std::size_t) {});
        read_away();
        return std::move(ours);
    }

    /// And hangs up when the client does.
    void read_away() {
        raw_end->async_read_some(asio::buffer(heard_), [this](transport::error_code ec, std::size_t) {
            if (ec) raw_end->close();
            else read_away();
        });
    }

    bool reach(client& c) { return run_until([&] { return c.is_connected() || std::holds_alternative<link_state::given_up>(c.state()); }); }

private:
    std::string        said_{};
    asio::const_buffer piece_{};
    std::array<char, 256> heard_{};
};

connect_options at_a() { return connect_options{"mqtt://a"}.client_id("lamp"); }
transport::endpoint server_at(std::string host) { return transport::endpoint(transport::scheme::tcp, std::move(host)); }

using names = std::vector<std::string>;

} // namespace

TEST_CASE("servers are tried one after the other, from the first or from where the client was", "[lib][running][roaming]") {
    auto const order = GENERATE(reconnect_policy::order::failover, reconnect_policy::order::rotation);
    roaming    w;
    client     c(w.io, at_a());
    w.manners["a"].refuses = reason_code::server_busy;
    c.start(w.policy().also(server_at("b")).also(server_at("c")).go_by(order));
    REQUIRE(w.reach(c));
    CHECK(w.visited == names{"a:1883", "b:1883"});

    w.manners["b"].refuses = reason_code::server_busy;
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return w.visited.size() > 2 && c.is_connected(); }));
    if (order == reconnect_policy::order::failover) CHECK(w.visited == names{"a:1883", "b:1883", "a:1883", "b:1883", "c:1883"});
    else CHECK(w.visited == names{"a:1883", "b:1883", "c:1883"});
}

TEST_CASE("credentials in an address stay with its server", "[lib][running][roaming]") {
    world                                   w;
    client                                  c(w.io, connect_options{"mqtt://me:secret@a"});
    std::vector<std::optional<std::string>> users;
    c.start(reconnect_policy{}.delays(1ms, 1ms).also(server_at("b")).also(server_at("c").user_name("you")).before_attempt([&](connect_attempt attempt) {
        users.push_back(attempt.options().user_name());
        w.server.refuse_connect = reason_code::server_busy;
        if (users.size() < 3) attempt.go(w.wire());
        else attempt.give_up();
    }));
    REQUIRE(w.run_until([&] { return std::holds_alternative<link_state::given_up>(c.state()); }));
    CHECK(users == std::vector<std::optional<std::string>>{"me", std::nullopt, "you"});
}

TEST_CASE("a Server Reference is followed, for now or for good", "[lib][running][roaming]") {
    auto const reason = GENERATE(reason_code::use_another_server, reason_code::server_moved);
    roaming    w;
    client     c(w.io, at_a());
    w.manners["a"] = {reason, "x/y [::1 b:2000 c", {}, false};      // what is no place is left out
    c.start(w.policy());
    REQUIRE(w.reach(c));
    CHECK(w.visited == names{"a:1883", "b:2000"});

    w.server.drop_all();
    w.manners["a"] = {};
    REQUIRE(w.run_until([&] { return w.visited.size() > 2 && c.is_connected(); }));
    CHECK(w.visited.back() == (reason == reason_code::server_moved ? "b:2000" : "a:1883"));
}

TEST_CASE("servers that send clients round in circles are not followed for ever", "[lib][running][roaming]") {
    roaming w;
    client  c(w.io, at_a());
    w.manners["a"] = {reason_code::use_another_server, "b", {}, false};
    w.manners["b"] = {reason_code::use_another_server, "a c", {}, false};
    w.manners["c"] = {reason_code::use_another_server, "d", {}, false};
    w.manners["d"] = {reason_code::use_another_server, "e", {}, false};
    std::size_t waits = 0;
    c.on_state([&](connection_state const& now) {
        auto const* const lost = std::get_if<link_state::lost>(&now);
        if (lost && w.visited.size() == 4) waits = lost->cause.server_reference() == "e" ? 1 : 2;
    });
    SECTION("three at most") {
        c.start(w.policy().attempts(5));
        REQUIRE(w.reach(c));
        w.settle();
        CHECK(w.visited == names{"a:1883", "b:1883", "c:1883", "d:1883", "a:1883"});
        CHECK(waits == 1);
    }
    SECTION("not at all") {
        c.start(w.policy().redirects(0).attempts(2));
        REQUIRE(w.reach(c));
        CHECK(w.visited == names{"a:1883", "a:1883"});
    }
}

TEST_CASE("where 5.0 is refused 3.1.1 is spoken, and from then on", "[lib][running][roaming]") {
    roaming    w;
    client     c(w.io, at_a());
    auto const falls_back = GENERATE(true, false);
    SECTION("with the reason") { w.manners["a"].only_3_1_1 = true; }
    SECTION("with the answer of a server that knows no 5.0") { w.manners["a"].raw = std::string("\x20\x02\x00\x01", 4); }
    bool const is_raw = !w.manners["a"].raw.empty();
    c.start(w.policy().fall_back(falls_back).attempts(3));
    REQUIRE(w.run_until([&] { return w.visited.size() == 2 || std::holds_alternative<link_state::given_up>(c.state()); }));
    if (!falls_back) {
        CHECK(std::all_of(w.versions.begin(), w.versions.end(), is_v5));
        return;
    }
    CHECK(w.versions == std::vector{protocol::v5, protocol::v3_1_1});
    if (is_raw) return;
    REQUIRE(w.reach(c));
    w.server.drop_all();
    REQUIRE(w.run_until([&] { return w.visited.size() == 3 && c.is_connected(); }));
    CHECK(w.versions.back() == protocol::v3_1_1);
    CHECK(c.options().version() == protocol::v5);
}

TEST_CASE("a server that talks nonsense is a cause with a name", "[lib][running][roaming]") {
    roaming w;
    client  c(w.io, at_a().version(protocol::v3_1_1));
    auto const [says, kind] = GENERATE(table<std::string, cause_kind>({{"HTTP/1.1 400 Bad Request\r\n\r\n", cause_kind::protocol_error},
                                                                       {std::string("\x20\x02\x00\x09", 4), cause_kind::malformed},
                                                                       {std::string("\x40\x02\x00\x01", 4), cause_kind::protocol_error},
                                                                       {"\xff\xff\xff\xff\xff\xff", cause_kind::malformed}}));
    CAPTURE(says);
    w.manners["a"].raw = says;
    c.start(w.policy().attempts(2));
    REQUIRE(w.reach(c));
    auto const state = c.state();
    auto const& end = std::get<link_state::given_up>(state).cause;
    INFO(end.text());
    CHECK((end.kind() == kind || end.kind() == cause_kind::malformed));
    CHECK(w.visited.size() == 2);
}

TEST_CASE("silence ends an attempt and a connection", "[lib][running][roaming]") {
    roaming w;
    SECTION("before CONNACK") {
        client c(w.io, at_a().connect_timeout(20ms));
        w.server.answers_connect = false;
        c.start(w.policy().attempts(1));
        REQUIRE(w.reach(c));
        auto const state = c.state();
        CHECK(std::get<link_state::given_up>(state).cause.kind() == cause_kind::timed_out);
    }
    SECTION("after a ping") {
        session::settings how;
        how.ping_timeout = 20ms;
        client                    c(w.io, at_a().settings(how).keep_alive(1s));
        transport::memory_control steer;
        cause_kind                seen{};
        c.on_state([&](connection_state const& now) {
            if (auto const* const lost = std::get_if<link_state::lost>(&now)) seen = lost->cause.kind();
        });
        c.start(reconnect_policy{}.delays(1ms, 1ms).before_attempt([&](connect_attempt attempt) {
            attempt.go(w.wire(transport::memory_options{}.control(steer)));
        }));
        REQUIRE(w.reach(c));
        steer.stall(transport::direction::second_to_first);
        REQUIRE(w.run_until([&] { return !w.server.ends.empty(); }));
        steer.release(transport::direction::second_to_first);
        REQUIRE(w.run_until([&] { return seen != cause_kind{}; }));
        CHECK(seen == cause_kind::keep_alive);
    }
}
