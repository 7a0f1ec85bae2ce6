// Packets are equal when all of their fields are: each field is changed once, in each packet.
#include <vector>

#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

property_list const& some_properties() {
    static property_list const list = property_list{}.add<property_id::user_property>({"k", "v"});
    return list;
}

/// Checks that `base` equals itself, and that no two of `base` and its variants are equal.
template <class Packet>
void all_differ(Packet const& base, std::vector<Packet> variants) {
    variants.push_back(base);
    for (std::size_t a = 0; a < variants.size(); ++a)
        for (std::size_t b = 0; b < variants.size(); ++b) {
            INFO(dump(variants[a]) << " and " << dump(variants[b]));
            CHECK((variants[a] == variants[b]) == (a == b));
            CHECK((any_packet{variants[a]} == any_packet{variants[b]}) == (a == b));
        }
}

template <class Ack>
void acks_differ() {
    all_differ(Ack{.id = 1}, {{.id = 2}, {.id = 1, .reason = reason_code::unspecified_error}, {.id = 1, .props = some_properties()}});
}

template <class Packet>
void reasons_differ() {
    all_differ(Packet{}, {{.reason = reason_code::unspecified_error}, {.props = some_properties()}});
}

} // namespace

TEST_CASE("a CONNECT differs in each of its fields", "[codec][equality]") {
    packet::will const    w{.topic = "w"};
    packet::connect const base{.client_id = "c", .last_will = w};
    std::vector<packet::connect> variants;
    auto const with = [&](auto change) { change(variants.emplace_back(base)); };
    with([](auto& p) { p.version = protocol::v3_1_1; });
    with([](auto& p) { p.clean_start = false; });
    with([](auto& p) { p.keep_alive = 1; });
    with([](auto& p) { p.client_id = "d"; });
    with([](auto& p) { p.last_will.reset(); });
    with([](auto& p) { p.last_will->topic = "v"; });
    with([](auto& p) { p.last_will->payload = to_bytes("x"); });
    with([](auto& p) { p.last_will->qos = qos_level::exactly_once; });
    with([](auto& p) { p.last_will->retain = true; });
    with([](auto& p) { p.last_will->props = some_properties(); });
    with([](auto& p) { p.user_name = ""; });
    with([](auto& p) { p.user_name = "u"; });
    with([](auto& p) { p.password = bytes_view{}; });
    with([](auto& p) { p.password = to_bytes("p"); });
    with([](auto& p) { p.props = some_properties(); });

    all_differ(base, variants);
}

TEST_CASE("a CONNACK differs in each of its fields", "[codec][equality]") {
    all_differ(packet::connack{}, {{.session_present = true}, {.reason = reason_code::banned}, {.props = some_properties()}});
}

TEST_CASE("a PUBLISH differs in each of its fields", "[codec][equality]") {
    packet::publish const base{.topic = "t"};
    std::vector<packet::publish> variants;
    auto const with = [&](auto change) { change(variants.emplace_back(base)); };
    with([](auto& p) { p.topic = "u"; });
    with([](auto& p) { p.payload = to_bytes("x"); });
    with([](auto& p) { p.payload = to_bytes("y"); });
    with([](auto& p) { p.qos = qos_level::at_least_once; });
    with([](auto& p) { p.retain = true; });
    with([](auto& p) { p.dup = true; });
    with([](auto& p) { p.id = 1; });
    with([](auto& p) { p.props = some_properties(); });

    all_differ(base, variants);
}

TEST_CASE("acknowledgements differ in each of their fields", "[codec][equality]") {
    acks_differ<packet::puback>();
    acks_differ<packet::pubrec>();
    acks_differ<packet::pubrel>();
    acks_differ<packet::pubcomp>();
    CHECK_FALSE(any_packet{packet::puback{.id = 1}} == any_packet{packet::pubrec{.id = 1}});
}

TEST_CASE("packets with lists differ in each of their fields", "[codec][equality]") {
    wire_builder<subscription>     subscriptions;
    wire_builder<std::string_view> filters;
    wire_builder<reason_code>      codes;
    subscriptions.add({.filter = "a"});
    filters.add("a");
    codes.add(reason_code::success);

    all_differ(packet::subscribe{.id = 1}, {{.id = 2}, {.id = 1, .filters = subscriptions}, {.id = 1, .props = some_properties()}});
    all_differ(packet::unsubscribe{.id = 1}, {{.id = 2}, {.id = 1, .filters = filters}, {.id = 1, .props = some_properties()}});
    all_differ(packet::suback{.id = 1}, {{.id = 2}, {.id = 1, .codes = codes}, {.id = 1, .props = some_properties()}});
    all_differ(packet::unsuback{.id = 1}, {{.id = 2}, {.id = 1, .codes = codes}, {.id = 1, .props = some_properties()}});
}

TEST_CASE("DISCONNECT and AUTH differ in each of their fields and pings not at all", "[codec][equality]") {
    reasons_differ<packet::disconnect>();
    reasons_differ<packet::auth>();
    CHECK(packet::pingreq{} == packet::pingreq{});
    CHECK(packet::pingresp{} == packet::pingresp{});
    CHECK_FALSE(any_packet{packet::pingreq{}} == any_packet{packet::pingresp{}});
}

TEST_CASE("subscriptions and properties differ in each of their fields", "[codec][equality]") {
    subscription const base{.filter = "a"};
    CHECK(base == subscription{.filter = "a"});
    CHECK_FALSE(base == subscription{.filter = "b"});
    CHECK_FALSE(base == subscription{.filter = "a", .qos = qos_level::at_least_once});
    CHECK_FALSE(base == subscription{.filter = "a", .no_local = true});
    CHECK_FALSE(base == subscription{.filter = "a", .retain_as_published = true});
    CHECK_FALSE(base == subscription{.filter = "a", .retained = retain_handling::do_not_send});

    property const p{.id = property_id::content_type};
    CHECK(p == property{.id = property_id::content_type});
    CHECK_FALSE(p == property{.id = property_id::reason_string});
    CHECK_FALSE(p == property{.id = property_id::content_type, .number = 1});
    CHECK_FALSE(p == property{.id = property_id::content_type, .text = "x"});
    CHECK_FALSE(p == property{.id = property_id::content_type, .binary = to_bytes("x")});
    CHECK_FALSE(p == property{.id = property_id::content_type, .pair = {"k", ""}});
    CHECK_FALSE(p == property{.id = property_id::content_type, .pair = {"", "v"}});
}
