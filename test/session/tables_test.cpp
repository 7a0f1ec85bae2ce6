// The tables walked whole: deliveries, who may receive what, what may be said.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::phase;
using session::role;

namespace {

any_packet const samples[] = {
    packet::connect{.client_id = "x"}, packet::connack{}, packet::publish{.topic = "a"}, packet::puback{.id = 1}, packet::pubrec{.id = 1},
    packet::pubrel{.id = 1}, packet::pubcomp{.id = 1}, packet::subscribe{}, packet::suback{}, packet::unsubscribe{}, packet::unsuback{},
    packet::pingreq{}, packet::pingresp{}, packet::disconnect{}, packet::auth{},
};

byte_buffer sample(packet_type type, protocol version) {
    static auto const filters = wire_builder<subscription>{}.add({.filter = "a"});
    static auto const names = wire_builder<std::string_view>{}.add("a");
    static auto const codes = wire_builder<reason_code>{}.add(reason_code::success);
    any_packet p = samples[static_cast<std::size_t>(type) - 1];
    if (auto* s = std::get_if<packet::subscribe>(&p)) *s = {.id = 1, .filters = filters};
    if (auto* s = std::get_if<packet::suback>(&p)) *s = {.id = 1, .codes = codes};
    if (auto* s = std::get_if<packet::unsubscribe>(&p)) *s = {.id = 1, .filters = names};
    if (auto* s = std::get_if<packet::unsuback>(&p)) *s = is_v5(version) ? packet::unsuback{.id = 1, .codes = codes} : packet::unsuback{.id = 1};
    if (auto* c = std::get_if<packet::connect>(&p)) c->version = version;
    byte_buffer bytes;
    REQUIRE(codec::encode(p, {type == packet_type::auth ? protocol::v5 : version, sender::either}, bytes));
    return bytes;
}

void bring_to(session_pair& peers, phase where) {
    if (where == phase::start) return;
    peers.server.accepts = where == phase::open || where == phase::finished;
    (void)peers.connect(true);
    peers.run();
    if (where == phase::finished) {
        (void)peers.client.engine->disconnect({}, peers.now);
        (void)peers.server.engine->disconnect({}, peers.now);
        peers.client.drain(peers.now);
        peers.server.drain(peers.now);
    }
}

} // namespace

TEST_CASE("every packet in every phase of both roles is handled or ends the connection",
          "[session][MQTT-3.1.0-2][MQTT-4.13.1-1][v3-MQTT-4.8.0-1]") {
    for (auto const version : {protocol::v3_1_1, protocol::v5})
        for (auto const who : {role::client, role::server})
            for (auto const where : {phase::start, phase::connecting, phase::accepting, phase::open, phase::finished})
                for (auto t = 1; t <= 15; ++t) {
                    if ((who == role::client) == (where == phase::accepting) && where != phase::start && where != phase::open &&
                        where != phase::finished)
                        continue;                                  // a phase of the other role
                    auto const type = static_cast<packet_type>(t);
                    session_pair peers{{.version = version, .connect = false}};
                    bring_to(peers, where);
                    auto& p = who == role::client ? peers.client : peers.server;
                    REQUIRE(p.engine->where() == where);
                    auto const messages = p.messages.size();

                    auto const bytes = sample(type, version);
                    auto const space = p.engine->prepare();
                    std::copy(bytes.begin(), bytes.end(), space.begin());
                    p.engine->received(bytes.size(), peers.now);
                    p.closed.reset();
                    p.drain(peers.now);

                    INFO(name_of(type) << " to a " << (who == role::client ? "client" : "server") << " in phase " << static_cast<int>(where));
                    auto const allowed = (session::may_receive(who, where, version) & in(type)) != 0;
                    if (where == phase::accepting || where == phase::finished) {
                        CHECK_FALSE(p.closed);                     // nothing is read
                        CHECK(p.messages.size() == messages);
                    } else if (!allowed) {
                        REQUIRE(p.closed);
                        CHECK(is_error(p.closed->reason));
                    }
                }
}

TEST_CASE("the table of who may receive what has a row for each role and phase", "[session]") {
    for (auto const who : {role::client, role::server})
        for (auto const where : {phase::start, phase::open, phase::finished}) {
            int rows = 0;
            for (auto const& row : session::may_receive_table) rows += row.who == who && row.when == where;
            CHECK(rows == 1);
        }
    CHECK((session::may_receive(role::client, phase::open, protocol::v3_1_1) & in(packet_type::disconnect)) == 0);
    CHECK((session::may_receive(role::server, phase::open, protocol::v3_1_1) & in(packet_type::auth)) == 0);
}

TEST_CASE("each acknowledgement in each sending state takes its step or ends the connection",
          "[session][MQTT-4.3.2-3][MQTT-4.3.3-4][MQTT-4.3.3-5][MQTT-4.4.0-2]") {
    using session::out_input;
    using session::out_state;
    for (auto const state : {out_state::wait_puback, out_state::wait_pubrec, out_state::wait_pubcomp})
        for (auto const input : {out_input::puback, out_input::pubrec, out_input::pubrec_refused, out_input::pubcomp}) {
            session_pair peers;
            peers.server.acknowledges = false;
            auto const qos = state == out_state::wait_puback ? at_least_once : exactly_once;
            auto const no = peers.publish(peers.client, "a", "x", qos);
            peers.run();
            if (state == out_state::wait_pubcomp) peers.feed(peers.client, packet::pubrec{.id = 1});

            switch (input) {
            case out_input::puback: peers.feed(peers.client, packet::puback{.id = 1}); break;
            case out_input::pubrec: peers.feed(peers.client, packet::pubrec{.id = 1}); break;
            case out_input::pubrec_refused: peers.feed(peers.client, packet::pubrec{.id = 1, .reason = reason_code::quota_exceeded}); break;
            case out_input::pubcomp: peers.feed(peers.client, packet::pubcomp{.id = 1}); break;
            }

            auto const* const step = session::find_step(state, input);
            INFO("state " << static_cast<int>(state) << " input " << static_cast<int>(input));
            CHECK(peers.client.closed.has_value() == (step == nullptr));
            CHECK(peers.client.deliveries.contains(no) == (step && !step->to));
            CHECK(peers.client.state.identifiers_in_use() == (step && !step->to ? 0U : 1U));
        }
}

TEST_CASE("an acknowledgement for an identifier not in use changes nothing", "[session][MQTT-4.3.3-4]") {
    auto const version = GENERATE(protocol::v3_1_1, protocol::v5);
    session_pair peers{{.version = version}};
    peers.from_client.clear();

    peers.feed(peers.client, packet::puback{.id = 9});
    peers.feed(peers.client, packet::pubcomp{.id = 9});
    peers.feed(peers.client, packet::pubrec{.id = 9});
    peers.run();

    CHECK_FALSE(peers.client.closed);
    CHECK(peers.client.engine->stray_acknowledgements() >= 3);
    REQUIRE(peers.from_client.count<packet::pubrel>() == 1);
    CHECK(peers.from_client.all<packet::pubrel>()[0].reason ==
          (version == protocol::v5 ? reason_code::packet_identifier_not_found : reason_code::success));
}

TEST_CASE("each input in each receiving state takes its step",
          "[session][MQTT-4.3.3-8][MQTT-4.3.3-9][MQTT-4.3.3-10][MQTT-4.3.3-11][MQTT-4.3.3-12]") {
    using session::in_input;
    using session::in_state;
    for (auto const state : {in_state::none, in_state::held, in_state::received})
        for (auto const input : {in_input::publish, in_input::accepted, in_input::refused, in_input::pubrel}) {
            session_pair peers;
            peers.server.acknowledges = false;
            packet::publish const p{.topic = "a", .qos = exactly_once, .id = 1};
            if (state != in_state::none) peers.feed(peers.server, p);
            if (state == in_state::received) (void)peers.server.engine->acknowledge(1, peers.now);
            auto const before = peers.server.messages.size();

            auto answered = session::outcome<void>{};
            switch (input) {
            case in_input::publish: peers.feed(peers.server, p); break;
            case in_input::accepted: answered = peers.server.engine->acknowledge(1, peers.now); break;
            case in_input::refused: answered = peers.server.engine->acknowledge(1, reason_code::quota_exceeded, {}, peers.now); break;
            case in_input::pubrel: peers.feed(peers.server, packet::pubrel{.id = 1}); break;
            }

            auto const* const step = session::find_step(state, input);
            INFO("state " << static_cast<int>(state) << " input " << static_cast<int>(input));
            if (!step) {
                CHECK(answered.error() == session::refusal::stale);
                continue;
            }
            CHECK(peers.server.closed.has_value() == (step->send == session::in_reply::close));
            CHECK(peers.server.messages.size() - before == (step->arrives ? 1U : 0U));
            CHECK(peers.server.state.incoming() == (step->to == in_state::none ? 0U : 1U));
        }
}
