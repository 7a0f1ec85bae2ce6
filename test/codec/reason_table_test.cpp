// The reason codes against Table 2-6 and the tables of each packet, written down here a second time: every value in every packet that
// carries one, from each side.
#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

// c CONNACK, k PUBACK, r PUBREC, l PUBREL, m PUBCOMP, s SUBACK, u UNSUBACK, D DISCONNECT, A AUTH
struct row {
    unsigned         value;
    std::string_view allowed;
    std::string_view name;
    char             client_only = ' ';
    char             server_only = ' ';
};

// 3.14.2.1 gives 0x00 to the client only; servers say it too when they stop, so it is accepted from both.
constexpr row rows[] = {
    {0x00, "ckrlmsuDA", "Success", ' ', 'A'},
    {0x01, "s", "Granted QoS 1"},
    {0x02, "s", "Granted QoS 2"},
    {0x04, "D", "Disconnect with Will Message", 'D'},
    {0x10, "kr", "No matching subscribers"},
    {0x11, "u", "No subscription existed"},
    {0x18, "A", "Continue authentication"},
    {0x19, "A", "Re-authenticate", 'A'},
    {0x80, "ckrsuD", "Unspecified error"},
    {0x81, "cD", "Malformed Packet"},
    {0x82, "cD", "Protocol Error"},
    {0x83, "ckrsuD", "Implementation specific error"},
    {0x84, "c", "Unsupported Protocol Version"},
    {0x85, "c", "Client Identifier not valid"},
    {0x86, "c", "Bad User Name or Password"},
    {0x87, "ckrsuD", "Not authorized", ' ', 'D'},
    {0x88, "c", "Server unavailable"},
    {0x89, "cD", "Server busy", ' ', 'D'},
    {0x8A, "c", "Banned"},
    {0x8B, "D", "Server shutting down", ' ', 'D'},
    {0x8C, "cD", "Bad authentication method"},
    {0x8D, "D", "Keep Alive timeout", ' ', 'D'},
    {0x8E, "D", "Session taken over", ' ', 'D'},
    {0x8F, "suD", "Topic Filter invalid", ' ', 'D'},
    {0x90, "ckrD", "Topic Name invalid"},
    {0x91, "krsu", "Packet Identifier in use"},
    {0x92, "lm", "Packet Identifier not found"},
    {0x93, "D", "Receive Maximum exceeded"},
    {0x94, "D", "Topic Alias invalid"},
    {0x95, "cD", "Packet too large"},
    {0x96, "D", "Message rate too high"},
    {0x97, "ckrsD", "Quota exceeded"},
    {0x98, "D", "Administrative action"},
    {0x99, "ckrD", "Payload format invalid"},
    {0x9A, "cD", "Retain not supported", ' ', 'D'},
    {0x9B, "cD", "QoS not supported", ' ', 'D'},
    {0x9C, "cD", "Use another server", ' ', 'D'},
    {0x9D, "cD", "Server moved", ' ', 'D'},
    {0x9E, "sD", "Shared Subscriptions not supported", ' ', 'D'},
    {0x9F, "cD", "Connection rate exceeded", ' ', 'D'},
    {0xA0, "D", "Maximum connect time", ' ', 'D'},
    {0xA1, "sD", "Subscription Identifiers not supported", ' ', 'D'},
    {0xA2, "sD", "Wildcard Subscriptions not supported", ' ', 'D'},
};
static_assert(std::size(rows) == 43);

row const* find_row(unsigned value) {
    for (auto const& r : rows)
        if (r.value == value) return &r;
    return nullptr;
}

struct place {
    char        letter;
    packet_type type;
};
constexpr place places_of_reasons[] = {
    {'c', packet_type::connack}, {'k', packet_type::puback}, {'r', packet_type::pubrec},   {'l', packet_type::pubrel}, {'m', packet_type::pubcomp},
    {'s', packet_type::suback},  {'u', packet_type::unsuback}, {'D', packet_type::disconnect}, {'A', packet_type::auth},
};

byte_buffer packet_with(char where, unsigned value) {
    std::string const code = hex_byte(value).substr(2);
    switch (where) {
    case 'c': return packet_of(0x20, "00 " + code + " 00");
    case 'k': return packet_of(0x40, "00 01 " + code);
    case 'r': return packet_of(0x50, "00 01 " + code);
    case 'l': return packet_of(0x62, "00 01 " + code);
    case 'm': return packet_of(0x70, "00 01 " + code);
    case 's': return packet_of(0x90, "00 01 00 " + code);
    case 'u': return packet_of(0xB0, "00 01 00 " + code);
    case 'D': return packet_of(0xE0, code);
    default: return packet_of(0xF0, code + " 04 15 00 01 6d");
    }
}

std::string expected(unsigned value, char where, sender from) {
    auto const* const r = find_row(value);
    if (r == nullptr) return "reason_unknown";
    if (r->allowed.find(where) == r->allowed.npos) return "reason_misplaced";
    if (from == sender::client && r->server_only == where) return "reason_not_from_sender";
    if (from == sender::server && r->client_only == where) return "reason_not_from_sender";
    return "ok";
}

} // namespace

TEST_CASE("the reason codes are those of the specification in every packet and from each side",
          "[codec][reason][MQTT-3.2.2-8][MQTT-3.4.2-1][MQTT-3.5.2-1][MQTT-3.6.2-1][MQTT-3.7.2-1][MQTT-3.8.4-7][MQTT-3.9.3-2]"
          "[MQTT-3.11.3-2][MQTT-3.14.2-1][MQTT-3.15.2-1]") {
    std::size_t checked = 0;
    for (unsigned value = 0; value < 256; ++value)
        for (auto const& [letter, type] : places_of_reasons)
            for (auto const from : {sender::either, sender::client, sender::server}) {
                INFO("reason " << hex_byte(value) << " in " << name_of(type) << " from " << static_cast<int>(from));
                auto const wanted = expected(value, letter, from);
                CHECK(error_of(packet_with(letter, value), {protocol::v5, from}) == wanted);
                CHECK(codec::may_carry(type, static_cast<reason_code>(value), from) == (wanted == "ok"));
                ++checked;
            }
    CHECK(checked == 256 * 9 * 3);
}

TEST_CASE("no other packet carries a reason code", "[codec][reason]") {
    for (auto const type : {packet_type::connect, packet_type::publish, packet_type::subscribe, packet_type::unsubscribe, packet_type::pingreq,
                            packet_type::pingresp})
        for (auto const& r : rows) CHECK_FALSE(codec::may_carry(type, static_cast<reason_code>(r.value), sender::either));
}

TEST_CASE("every reason code has the name of the specification", "[codec][reason]") {
    for (auto const& r : rows) {
        CHECK(name_of(static_cast<reason_code>(r.value)) == r.name);
        CHECK(is_error(static_cast<reason_code>(r.value)) == (r.value >= 0x80));
        REQUIRE(codec::find_reason(static_cast<std::uint8_t>(r.value)) != nullptr);
        CHECK(codec::find_reason(static_cast<std::uint8_t>(r.value))->name == r.name);
    }
    CHECK(codec::reason_specs().size() == std::size(rows));
    CHECK(codec::find_reason(0x03) == nullptr);
    CHECK(name_of(static_cast<reason_code>(0xFF)) == "unknown reason");
    CHECK(name_of(reason_code::success, packet_type::disconnect) == "Normal disconnection");
    CHECK(name_of(reason_code::success, packet_type::suback) == "Granted QoS 0");
}

TEST_CASE("the return codes of CONNACK in 3.1.1 are its table both ways", "[codec][reason][connack][v3-MQTT-3.2.2-6]") {
    constexpr std::pair<unsigned, reason_code> codes[] = {
        {0, reason_code::success},
        {1, reason_code::unsupported_protocol_version},
        {2, reason_code::client_identifier_not_valid},
        {3, reason_code::server_unavailable},
        {4, reason_code::bad_user_name_or_password},
        {5, reason_code::not_authorized},
    };
    for (auto const& [code, reason] : codes) {
        packet::connack p;
        p.reason = reason;
        CHECK(encoded(p, v4) == "20 02 00 " + hex_byte(code).substr(2));
        CHECK(*decode_packet(packet_of(0x20, "00 " + hex_byte(code).substr(2)), v4) == any_packet{p});
    }
    for (unsigned code = 6; code < 256; ++code) CHECK(error_of(packet_of(0x20, "00 " + hex_byte(code).substr(2)), v4) == "connack_return_code");
    for (auto const& r : rows) {
        packet::connack p;
        p.reason = static_cast<reason_code>(r.value);
        bool const has_code = std::any_of(std::begin(codes), std::end(codes), [&](auto const& c) { return c.second == p.reason; });
        INFO(r.name);
        CHECK((encoded(p, v4).substr(0, 5) != "error") == has_code);
    }
}

TEST_CASE("SUBACK of 3.1.1 knows four return codes", "[codec][reason][suback][v3-MQTT-3.9.3-2][v3-MQTT-3.8.4-5]") {
    for (unsigned code = 0; code < 256; ++code) {
        bool const good = code <= 2 || code == 0x80;
        INFO("code " << hex_byte(code));
        CHECK(error_of(packet_of(0x90, "00 01 " + hex_byte(code).substr(2)), v4) == (good ? "ok" : "return_code_invalid"));
    }
}
