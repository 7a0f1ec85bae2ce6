// Encoding: what it refuses, with the precise error and without a byte written; heads, sizes, and both roads to the same bytes.
#include <functional>
#include <string>

#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;
using codec::errc;
using codec::fault;

namespace {

std::string const too_long(65'536, 'x');
std::string const longest(65'535, 'x');

/// Encodes `p` behind some bytes that must stay as they are when it is refused; tells the error or "ok".
template <class Packet>
std::string refusal(Packet const& p, codec::context where) {
    auto const  before = "01 02 03"_hex;
    byte_buffer out = before;
    auto const  done = codec::encode(p, where, out);
    auto const  size = codec::encoded_size(p, where);
    CHECK(done.has_value() == size.has_value());
    if (done) {
        CHECK(out.size() == before.size() + *size);
        CHECK(to_hex(bytes_view{out.data(), 3}) == to_hex(before));
        return "ok";
    }
    CHECK(to_hex(out) == to_hex(before));
    CHECK(done.error() == size.error());
    CHECK(done.error().offset == 0);

    byte_buffer again = before;
    auto const  erased = codec::encode(any_packet{p}, where, again);
    REQUIRE_FALSE(erased);
    CHECK(erased.error() == done.error());
    CHECK(to_hex(again) == to_hex(before));
    return std::string(name_of(done.error().code));
}

packet::connect good_connect(protocol version = protocol::v5) {
    packet::connect p;
    p.version = version;
    p.client_id = "c";
    return p;
}

packet::publish good_publish() {
    packet::publish p;
    p.topic = "t";
    return p;
}

} // namespace

TEST_CASE("encode refuses a CONNECT that breaks a rule",
          "[codec][encode][connect][MQTT-3.1.3-4][MQTT-3.1.3-11][MQTT-3.1.3-12][v3-MQTT-3.1.2-22][v3-MQTT-3.1.3-7][v3-MQTT-3.1.3-4]") {
    auto const with = [](protocol version, auto change) {
        auto p = good_connect(version);
        change(p);
        return refusal(p, v5);
    };
    for (auto const version : {protocol::v5, protocol::v3_1_1, protocol::v3_1}) {
        INFO(name_of(version));
        CHECK(with(version, [](auto&) {}) == "ok");
        CHECK(with(version, [](auto& p) { p.client_id = "\xFF"; }) == "utf8_invalid");
        CHECK(with(version, [](auto& p) { p.client_id = std::string_view("\0", 1); }) == "utf8_null");
        CHECK(with(version, [](auto& p) { p.client_id = too_long; }) == "text_too_long");
        CHECK(with(version, [](auto& p) { p.client_id = longest; }) == "ok");
        CHECK(with(version, [](auto& p) { p.user_name = "\xC0\x80"; }) == "utf8_invalid");
        CHECK(with(version, [](auto& p) { p.user_name = too_long; }) == "text_too_long");
        CHECK(with(version, [](auto& p) { p.user_name = "u", p.password = to_bytes(too_long); }) == "text_too_long");
        CHECK(with(version, [](auto& p) { p.last_will = packet::will{}; }) == "topic_empty");
        CHECK(with(version, [](auto& p) { p.last_will = packet::will{.topic = "a/#"}; }) == "topic_wildcard");
        CHECK(with(version, [](auto& p) { p.last_will = packet::will{.topic = "a\xFF"}; }) == "utf8_invalid");
        CHECK(with(version, [](auto& p) { p.last_will = packet::will{.topic = "w", .payload = to_bytes(too_long)}; }) == "text_too_long");
        CHECK(with(version, [](auto& p) { p.last_will = packet::will{.topic = "w", .qos = static_cast<qos_level>(3)}; }) == "will_qos_invalid");
    }
    auto const password_only = [](auto& p) { p.password = to_bytes("p"); };
    CHECK(with(protocol::v5, password_only) == "ok");
    CHECK(with(protocol::v3_1_1, password_only) == "password_without_user_name");
    auto const no_id = [](auto& p) { p.client_id = "", p.clean_start = false; };
    CHECK(with(protocol::v5, no_id) == "ok");
    CHECK(with(protocol::v3_1_1, no_id) == "client_id_empty");
    CHECK(with(protocol::v3_1_1, [](auto& p) { p.client_id = ""; }) == "ok");
    CHECK(with(protocol::v3_1, [](auto& p) { p.client_id = ""; }) == "client_id_empty");
    CHECK(with(static_cast<protocol>(7), [](auto&) {}) == "protocol_level");
}

TEST_CASE("encode refuses a PUBLISH that breaks a rule",
          "[codec][encode][publish][MQTT-2.2.1-2][MQTT-2.2.1-3][MQTT-2.2.1-4][MQTT-3.3.1-2][MQTT-3.3.1-4][MQTT-3.3.2-1][MQTT-3.3.2-2]"
          "[v3-MQTT-2.3.1-1][v3-MQTT-2.3.1-5][v3-MQTT-3.3.1-2][v3-MQTT-3.3.1-4][v3-MQTT-3.3.2-1][v3-MQTT-3.3.2-2]") {
    auto const where = GENERATE(v5, v4);
    auto const with = [where](auto change) {
        auto p = good_publish();
        change(p);
        byte_buffer head{std::byte{7}};
        auto const  r = refusal(p, where);
        auto const  done = codec::encode_head(p, where, head);
        CHECK((r == "ok") == done.has_value());
        if (!done) CHECK(name_of(done.error().code) == r);
        if (!done) CHECK(head == byte_buffer{std::byte{7}});
        return r;
    };
    CHECK(with([](auto&) {}) == "ok");
    CHECK(with([](auto& p) { p.topic = ""; }) == "topic_empty");
    CHECK(with([](auto& p) { p.topic = "a/+"; }) == "topic_wildcard");
    CHECK(with([](auto& p) { p.topic = "a\xFF"; }) == "utf8_invalid");
    CHECK(with([](auto& p) { p.topic = std::string_view("a\0", 2); }) == "utf8_null");
    CHECK(with([](auto& p) { p.topic = too_long; }) == "text_too_long");
    CHECK(with([](auto& p) { p.topic = longest; }) == "ok");
    CHECK(with([](auto& p) { p.id = 1; }) == "packet_id_misplaced");
    CHECK(with([](auto& p) { p.qos = qos_level::at_least_once; }) == "packet_id_zero");
    CHECK(with([](auto& p) { p.qos = qos_level::exactly_once; }) == "packet_id_zero");
    CHECK(with([](auto& p) { p.qos = static_cast<qos_level>(3), p.id = 1; }) == "qos_invalid");
    CHECK(with([](auto& p) { p.dup = true; }) == "dup_at_qos_0");
}

TEST_CASE("encode refuses what would exceed the largest Remaining Length", "[codec][encode][publish]") {
    std::unique_ptr<std::byte[]> const memory{new std::byte[max_remaining_length]};
    auto                               p = good_publish();

    p.payload = {memory.get(), max_remaining_length - 4};          // topic of 3 bytes, property length of 1
    CHECK(*codec::encoded_size(p, v5) == max_packet_size);
    byte_buffer head;
    REQUIRE(codec::encode_head(p, v5, head));
    CHECK(to_hex(head) == "30 ff ff ff 7f 00 01 74 00");

    p.payload = {memory.get(), max_remaining_length - 3};
    CHECK(codec::encoded_size(p, v5).error() == fault{errc::packet_too_large, 0});
    CHECK(refusal(p, v5) == "packet_too_large");
    CHECK(*codec::encoded_size(p, v4) == max_packet_size);
}

TEST_CASE("a topic may be empty only beside a topic alias", "[codec][encode][publish][MQTT-3.3.2-8]") {
    auto p = good_publish();
    p.topic = "";
    property_list props;
    props.add<property_id::topic_alias>(5);
    p.props = props;

    CHECK(encoded(p, v5) == "30 06 00 00 03 23 00 05");
    CHECK(refusal(p, v4) == "not_expressible");

    property_list zero;
    zero.add<property_id::topic_alias>(0);
    p.props = zero;
    CHECK(refusal(p, v5) == "topic_alias_zero");
}

TEST_CASE("encode refuses an acknowledgement without identifier or with a reason of another packet",
          "[codec][encode][ack][MQTT-2.2.1-5][MQTT-3.4.2-1][MQTT-3.5.2-1][MQTT-3.6.2-1][MQTT-3.7.2-1]") {
    CHECK(refusal(packet::puback{}, v5) == "packet_id_zero");
    CHECK(refusal(packet::pubrec{}, v4) == "packet_id_zero");
    CHECK(refusal(packet::puback{.id = 1, .reason = reason_code::packet_identifier_not_found}, v5) == "reason_misplaced");
    CHECK(refusal(packet::pubrec{.id = 1, .reason = reason_code::granted_qos_1}, v5) == "reason_misplaced");
    CHECK(refusal(packet::pubrel{.id = 1, .reason = reason_code::no_matching_subscribers}, v5) == "reason_misplaced");
    CHECK(refusal(packet::pubcomp{.id = 1, .reason = reason_code::not_authorized}, v5) == "reason_misplaced");
    CHECK(refusal(packet::pubcomp{.id = 1, .reason = static_cast<reason_code>(5)}, v5) == "reason_unknown");
    CHECK(encoded(packet::pubcomp{.id = 1, .reason = reason_code::packet_identifier_not_found}, v5) == "70 03 00 01 92");
}

TEST_CASE("encode refuses SUBSCRIBE and UNSUBSCRIBE that break a rule",
          "[codec][encode][subscribe][MQTT-3.8.3-2][MQTT-3.8.3-4][MQTT-3.8.3-5][MQTT-3.10.3-2][v3-MQTT-3.8.3-3][v3-MQTT-3.10.3-2][v3-MQTT-2.3.1-1]") {
    auto const where = GENERATE(v5, v4);
    auto const with = [where](subscription const& s) {
        wire_builder<subscription> filters;
        filters.add(s);
        return refusal(packet::subscribe{.id = 1, .filters = filters}, where);
    };
    CHECK(with({.filter = "a"}) == "ok");
    CHECK(with({.filter = ""}) == "filter_empty");
    CHECK(with({.filter = "a#"}) == "filter_invalid");
    CHECK(with({.filter = "a\xFF"}) == "utf8_invalid");
    CHECK(with({.filter = too_long}) == "text_too_long");
    CHECK(with({.filter = "a", .qos = static_cast<qos_level>(3)}) == "subscription_qos_invalid");
    CHECK(with({.filter = "a", .retained = static_cast<retain_handling>(3)}) == "retain_handling_invalid");
    CHECK(with({.filter = "$share/g/a", .no_local = true}) == "share_no_local");
    CHECK(refusal(packet::subscribe{.id = 1}, where) == "no_filters");
    CHECK(refusal(packet::unsubscribe{.id = 1}, where) == "no_filters");
    wire_builder<subscription> one;
    one.add({.filter = "a"});
    CHECK(refusal(packet::subscribe{.id = 0, .filters = one}, where) == "packet_id_zero");
    wire_builder<std::string_view> bad;
    bad.add("a").add("#/a");
    CHECK(refusal(packet::unsubscribe{.id = 1, .filters = bad}, where) == "filter_invalid");
}

TEST_CASE("encode refuses acknowledgements of subscriptions that break a rule", "[codec][encode][suback][MQTT-3.8.4-6][MQTT-3.9.3-2][v3-MQTT-3.9.3-2]") {
    CHECK(refusal(packet::suback{.id = 1}, v5) == "no_reason_codes");
    CHECK(refusal(packet::suback{.id = 1}, v4) == "no_reason_codes");
    CHECK(refusal(packet::unsuback{.id = 1}, v5) == "no_reason_codes");
    CHECK(refusal(packet::unsuback{.id = 1}, v4) == "ok");
    CHECK(refusal(packet::unsuback{}, v4) == "packet_id_zero");
    wire_builder<reason_code> misplaced;
    misplaced.add(reason_code::no_subscription_existed);
    CHECK(refusal(packet::suback{.id = 1, .codes = misplaced}, v5) == "reason_misplaced");
    CHECK(refusal(packet::unsuback{.id = 1, .codes = misplaced}, v5) == "ok");
    CHECK(refusal(packet::suback{.id = 0, .codes = misplaced}, v5) == "packet_id_zero");
}

TEST_CASE("SUBACK of 3.1.1 can only say that a subscription failed", "[codec][encode][suback][v3-MQTT-3.9.3-2]") {
    wire_builder<reason_code> codes;
    codes.add(reason_code::success).add(reason_code::granted_qos_1).add(reason_code::granted_qos_2).add(reason_code::not_authorized);

    CHECK(refusal(packet::suback{.id = 10, .codes = codes}, v4) == "not_expressible");
    CHECK(encoded(packet::suback{.id = 10, .codes = codes}, v5) == "90 07 00 0a 00 00 01 02 87");

    codes.clear();
    codes.add(reason_code::success).add(reason_code::granted_qos_1).add(reason_code::granted_qos_2).add(reason_code::unspecified_error);
    CHECK(encoded(packet::suback{.id = 10, .codes = codes}, v4) == "90 06 00 0a 00 01 02 80");
}

TEST_CASE("encode refuses in 3.1.1 what only 5.0 can say", "[codec][encode][v3-MQTT-3.2.2-6]") {
    property_list props;
    props.add<property_id::user_property>({"k", "v"});

    auto connect = good_connect(protocol::v3_1_1);
    connect.props = props;
    CHECK(refusal(connect, v4) == "not_expressible");
    connect.props = {};
    connect.last_will = packet::will{.topic = "w", .props = props};
    CHECK(refusal(connect, v4) == "not_expressible");
    CHECK(refusal(packet::connack{.props = props}, v4) == "not_expressible");
    CHECK(refusal(packet::connack{.reason = reason_code::banned}, v4) == "not_expressible");
    auto publish = good_publish();
    publish.props = props;
    CHECK(refusal(publish, v4) == "not_expressible");
    CHECK(refusal(packet::puback{.id = 1, .props = props}, v4) == "not_expressible");
    CHECK(refusal(packet::disconnect{.reason = reason_code::server_busy}, v4) == "not_expressible");
    CHECK(refusal(packet::disconnect{.props = props}, v4) == "not_expressible");
    CHECK(refusal(packet::auth{}, v4) == "packet_not_in_version");
    wire_builder<subscription> options;
    options.add({.filter = "a", .retain_as_published = true});
    CHECK(refusal(packet::subscribe{.id = 1, .filters = options}, v4) == "not_expressible");
}

TEST_CASE("encode refuses properties where they may not stand", "[codec][encode][property][MQTT-3.3.4-6][MQTT-3.14.2-2]") {
    property_list twice;
    twice.add<property_id::reason_string>("a").add<property_id::reason_string>("b");
    CHECK(refusal(packet::puback{.id = 1, .props = twice}, v5) == "property_repeated");
    property_list alias;
    alias.add<property_id::topic_alias>(1);
    CHECK(refusal(packet::puback{.id = 1, .props = alias}, v5) == "property_misplaced");
    property_list id;
    id.add<property_id::subscription_identifier>(1).add<property_id::subscription_identifier>(2);
    auto publish = good_publish();
    publish.props = id;
    CHECK(refusal(publish, by_client(v5)) == "property_not_from_sender");
    CHECK(refusal(publish, by_server(v5)) == "ok");
    property_list expiry;
    expiry.add<property_id::session_expiry_interval>(1);
    CHECK(refusal(packet::disconnect{.props = expiry}, by_server(v5)) == "property_not_from_sender");
    CHECK(refusal(packet::disconnect{.props = expiry}, by_client(v5)) == "ok");
    CHECK(refusal(packet::auth{.reason = reason_code::continue_authentication}, v5) == "auth_method_missing");
    property_list data;
    data.add<property_id::authentication_data>(to_bytes("x"));
    auto connect = good_connect();
    connect.props = data;
    CHECK(refusal(connect, v5) == "auth_data_without_method");
}

TEST_CASE("encode refuses a session with a refusal", "[codec][encode][connack][MQTT-3.2.2-6][v3-MQTT-3.2.2-4]") {
    auto const where = GENERATE(v5, v4);
    CHECK(refusal(packet::connack{.session_present = true, .reason = reason_code::not_authorized}, where) == "session_present_on_refusal");
    CHECK(refusal(packet::connack{.session_present = true}, where) == "ok");
}

TEST_CASE("a property list keeps its first error and nothing of what caused it", "[codec][property]") {
    property_list list;
    list.add<property_id::content_type>("ok");
    auto const before = to_hex(list.view().wire());
    CHECK_FALSE(list.flaw());

    list.add<property_id::receive_maximum>(0);
    CHECK(list.flaw() == errc::property_value);
    list.add<property_id::content_type>("\xFF").add<property_id::content_type>(too_long);

    CHECK(list.flaw() == errc::property_value);
    CHECK(to_hex(list.view().wire()) == before);
    auto p = good_publish();
    p.props = list;
    CHECK(refusal(p, v5) == "property_value");
    property_list const copy(list.view());
    CHECK(copy.flaw() == errc::property_value);
    list.clear();
    CHECK(list.empty());
    CHECK_FALSE(list.flaw());
}

TEST_CASE("each kind of bad value has its error in a property list", "[codec][property]") {
    auto const flaw = [](property const& p) {
        property_list list;
        return list.add(p).flaw();
    };
    CHECK(flaw({.id = property_id::content_type, .text = "\xFF"}) == errc::utf8_invalid);
    CHECK(flaw({.id = property_id::content_type, .text = std::string_view("\0", 1)}) == errc::utf8_null);
    CHECK(flaw({.id = property_id::content_type, .text = too_long}) == errc::text_too_long);
    CHECK(flaw({.id = property_id::correlation_data, .binary = to_bytes(too_long)}) == errc::text_too_long);
    CHECK(flaw({.id = property_id::user_property, .pair = {"k", "\xFF"}}) == errc::utf8_invalid);
    CHECK(flaw({.id = property_id::user_property, .pair = {too_long, "v"}}) == errc::text_too_long);
    CHECK(flaw({.id = property_id::response_topic, .text = "a/#"}) == errc::response_topic_wildcard);
    CHECK(flaw({.id = property_id::topic_alias, .number = 0}) == errc::topic_alias_zero);
    CHECK(flaw({.id = property_id::topic_alias, .number = 65'536}));
    CHECK(flaw({.id = property_id::maximum_qos, .number = 2}) == errc::property_value);
    CHECK(flaw({.id = property_id::subscription_identifier, .number = 268'435'456}) == errc::property_value);
    CHECK(flaw({.id = static_cast<property_id>(0x7F), .number = 1}) == errc::property_unknown);
    CHECK_FALSE(flaw({.id = property_id::content_type, .text = longest}));
}

TEST_CASE("properties are found by identifier and walked in wire order", "[codec][property][MQTT-3.1.3-10][MQTT-3.3.2-18]") {
    property_list list;
    list.add<property_id::user_property>({"b", "1"}).add<property_id::message_expiry_interval>(9).add<property_id::user_property>({"a", "2"});
    properties const view = list;

    CHECK(dump(view) == R"( {User Property="b":"1", Message Expiry Interval=9, User Property="a":"2"})");
    CHECK(view.get<property_id::message_expiry_interval>() == 9U);
    CHECK(view.get<property_id::user_property>() == text_pair{"b", "1"});
    CHECK_FALSE(view.get<property_id::content_type>());
    CHECK_FALSE(view.has(property_id::topic_alias));
    property_list const copy(view);
    CHECK(view == copy.view());
    CHECK(properties{}.begin() == properties{}.end());
    CHECK(std::distance(view.begin(), view.end()) == 3);
    auto walk = view.begin();
    CHECK((*walk++).pair.name == "b");
    CHECK((*walk).number == 9);
}

TEST_CASE("where properties may ride is known while they are built", "[codec][property]") {
    property_list list;
    CHECK(list.view().fits() == 0xFFFF);
    list.add<property_id::authentication_method>("m");
    CHECK(list.view().fits() == (in(packet_type::connect) | in(packet_type::connack) | in(packet_type::auth)));
    property_list id;
    id.add<property_id::subscription_identifier>(1);
    CHECK(id.view().fits(sender::client) == in(packet_type::subscribe));
    CHECK(id.view().fits(sender::server) == (in(packet_type::subscribe) | in(packet_type::publish)));
    id.add<property_id::subscription_identifier>(2);
    CHECK(id.view().fits(sender::either) == in(packet_type::publish));
}

TEST_CASE("a wire builder keeps its first error and counts what it holds", "[codec][wire_list]") {
    wire_builder<std::string_view> filters;
    filters.add("a").add("").add("b#").add("c");

    CHECK(filters.size() == 2);
    CHECK(filters.flaw() == errc::filter_empty);
    CHECK(to_hex(filters.view().wire()) == "00 01 61 00 01 63");
    filters.clear();
    CHECK(filters.empty());
    CHECK_FALSE(filters.flaw());
    auto const made = wire_builder<reason_code>{}.add(reason_code::success).add(reason_code::not_authorized);
    CHECK(made.size() == 2);
    CHECK(made.view() == made.view());
    CHECK_FALSE(made.view().empty());
    CHECK(*++made.view().begin() == reason_code::not_authorized);
    CHECK(wire_builder<reason_code>{}.add(static_cast<reason_code>(0x7F)).flaw() == errc::reason_unknown);
    auto at = made.view().begin();
    CHECK(*at++ == reason_code::success);
}

TEST_CASE("encoding appends and leaves what stands before", "[codec][encode]") {
    byte_buffer out;
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(codec::encode(good_publish(), v5, out));
        REQUIRE(codec::encode(any_packet{packet::pingreq{}}, v5, out));
    }
    CHECK(out.size() == 1000 * (6 + 2));
    CHECK(to_hex(bytes_view{out.data() + 7992, 8}) == "30 04 00 01 74 00 c0 00");
}
