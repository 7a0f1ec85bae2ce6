// -d: a line for each packet.
#include <support/catch.hpp>

#include <aldis/codec/encode.hpp>
#include <aldis/codec/packet.hpp>

#include <cli/trace.hpp>

using namespace aldis;
using aldis::app::packet_trace;

namespace {

template <class Packet>
byte_buffer bytes_of(Packet const& p, protocol version) {
    byte_buffer out;
    auto const made = codec::encode(p, {version, sender::either}, out);
    REQUIRE(made);
    return out;
}

packet_lines connected(protocol version, std::string_view id = "x") {
    auto trace = packet_trace(false);
    packet::connect hello;
    hello.version = version;
    hello.client_id = id;
    trace.sent(bytes_of(hello, version));
    return trace;
}

} // namespace

TEST_CASE("a publisher's packets as lines", "[apps][trace]") {
    auto trace = packet_trace(false);
    packet::connect hello;
    hello.version = protocol::v3_1_1;
    auto const v = protocol::v3_1_1;
    CHECK(trace.sent(bytes_of(hello, v)) == "Client (null) sending CONNECT\n");
    CHECK(trace.received(bytes_of(packet::connack{}, v)) == "Client (null) received CONNACK (0)\n");
    packet::publish p;
    p.topic = "a";
    p.payload = to_bytes("b");
    CHECK(trace.sent(bytes_of(p, v)) == "Client (null) sending PUBLISH (d0, q0, r0, m1, 'a', ... (1 bytes))\n");
    CHECK(trace.sent(bytes_of(p, v)) == "Client (null) sending PUBLISH (d0, q0, r0, m2, 'a', ... (1 bytes))\n");
    p.qos = qos_level::exactly_once;
    p.id = 5;
    p.dup = p.retain = true;
    CHECK(trace.sent(bytes_of(p, v)) == "Client (null) sending PUBLISH (d1, q2, r1, m5, 'a', ... (1 bytes))\n");
    CHECK(trace.received(bytes_of(packet::pubrec{.id = 5}, v)) == "Client (null) received PUBREC (Mid: 5)\n");
    CHECK(trace.sent(bytes_of(packet::pubrel{.id = 5}, v)) == "Client (null) sending PUBREL (m5)\n");
    CHECK(trace.received(bytes_of(packet::pubcomp{.id = 5}, v)) == "Client (null) received PUBCOMP (Mid: 5, RC:0)\n");
    CHECK(trace.sent(bytes_of(packet::disconnect{}, v)) == "Client (null) sending DISCONNECT\n");
}

TEST_CASE("a subscriber's packets as lines", "[apps][trace]") {
    auto const v = protocol::v5;
    auto trace = connected(v, "");
    property_list given;
    given.add<property_id::assigned_client_identifier>("auto-1");
    packet::connack welcome;
    welcome.props = given;
    CHECK(trace.received(bytes_of(welcome, v)) == "Client auto-1 received CONNACK (0)\n");
    wire_builder<subscription> filters;
    filters.add({.filter = "r/1", .qos = qos_level::at_least_once, .retain_as_published = true}).add({.filter = "r/2", .retained = retain_handling::do_not_send});
    CHECK(trace.sent(bytes_of(packet::subscribe{.id = 1, .filters = filters}, v)) ==
          "Client auto-1 sending SUBSCRIBE (Mid: 1, Topic: r/1, QoS: 1, Options: 0x08)\n"
          "Client auto-1 sending SUBSCRIBE (Mid: 1, Topic: r/2, QoS: 0, Options: 0x20)\n");
    wire_builder<reason_code> codes;
    codes.add(reason_code::granted_qos_1).add(reason_code::not_authorized);
    CHECK(trace.received(bytes_of(packet::suback{.id = 1, .codes = codes}, v)) == "Client auto-1 received SUBACK\nSubscribed (mid: 1): 1, 135\n");
    packet::publish p;
    p.topic = "r/1";
    p.qos = qos_level::at_least_once;
    p.id = 3;
    CHECK(trace.received(bytes_of(p, v)) == "Client auto-1 received PUBLISH (d0, q1, r0, m3, 'r/1', ... (0 bytes))\n");
    CHECK(trace.sent(bytes_of(packet::puback{.id = 3}, v)) == "Client auto-1 sending PUBACK (m3, rc0)\n");
    CHECK(trace.sent(bytes_of(packet::pubrec{.id = 3}, v)) == "Client auto-1 sending PUBREC (m3, rc0)\n");
    CHECK(trace.received(bytes_of(packet::pubrel{.id = 3}, v)) == "Client auto-1 received PUBREL (Mid: 3)\n");
    CHECK(trace.sent(bytes_of(packet::pubcomp{.id = 3}, v)) == "Client auto-1 sending PUBCOMP (m3)\n");
    wire_builder<std::string_view> gone;
    gone.add("r/1");
    CHECK(trace.sent(bytes_of(packet::unsubscribe{.id = 2, .filters = gone}, v)) == "Client auto-1 sending UNSUBSCRIBE (Mid: 2, Topic: r/1)\n");
    CHECK(trace.sent(bytes_of(packet::pingreq{}, v)) == "Client auto-1 sending PINGREQ\n");
    CHECK(trace.received(bytes_of(packet::pingresp{}, v)) == "Client auto-1 received PINGRESP\n");
    CHECK(trace.received(bytes_of(packet::disconnect{.reason = reason_code::server_busy}, v)) == "Client auto-1 received DISCONNECT (137)\n");
}

TEST_CASE("a refused connection shows the code of its version", "[apps][trace]") {
    auto old = connected(protocol::v3_1_1);
    packet::connack no;
    no.reason = reason_code::not_authorized;
    CHECK(old.received(bytes_of(no, protocol::v3_1_1)) == "Client x received CONNACK (5)\n");
    auto now = connected(protocol::v5);
    CHECK(now.received(bytes_of(no, protocol::v5)) == "Client x received CONNACK (135)\n");
}

TEST_CASE("a topic cannot reach the terminal through the trace", "[apps][trace][terminal]") {
    auto trace = packet_trace(true);
    packet::publish p;
    p.topic = "a\x1b[31m";
    CHECK(trace.sent(bytes_of(p, protocol::v3_1_1)) == "Client (null) sending PUBLISH (d0, q0, r0, m1, 'a\\x1b[31m', ... (0 bytes))\n");
}

TEST_CASE("what is no packet gives no line", "[apps][trace]") {
    auto trace = packet_trace(false);
    CHECK(trace.sent({}).empty());
    CHECK(trace.received(to_bytes("\xff\xff")).empty());
    CHECK(trace.received(to_bytes(std::string_view{"\x20\x02\x00\x77", 4})).empty());
}
