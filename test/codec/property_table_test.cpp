// The 27 properties against Table 2-4 of the specification, written down here a second time: every property in every packet and in
// the will, none, one and two copies, from each side.
#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// One letter for each place, in the order of `places_in_order`: C CONNECT, c CONNACK, P PUBLISH, a the four acknowledgements ...
constexpr std::string_view letters = "CcPkrlmSsUuioDAW";
// CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH Will

struct row {
    unsigned         id;
    std::string_view value;                                        // a good one, in hexadecimal
    std::string_view bad;                                          // one outside its range, or ""
    std::string_view allowed;
    std::string_view repeats;
    std::string_view no_client;                                    // where a client may not send it
    std::string_view no_server;                                    // where a server may not send it
};

constexpr std::string_view everywhere = "CcPkrlmSsUuDAW";

constexpr row rows[] = {
    {0x01, "01", "02", "PW", "", "", ""},
    {0x02, "00 00 00 3c", "", "PW", "", "", ""},
    {0x03, "00 01 61", "", "PW", "", "", ""},
    {0x08, "00 01 61", "", "PW", "", "", ""},
    {0x09, "00 01 ff", "", "PW", "", "", ""},
    {0x0B, "01", "00", "PS", "P", "P", ""},
    {0x11, "00 00 00 3c", "", "CcD", "", "", "D"},
    {0x12, "00 01 61", "", "c", "", "", ""},
    {0x13, "00 3c", "", "c", "", "", ""},
    {0x15, "00 01 61", "", "CcA", "", "", ""},
    {0x16, "00 01 ff", "", "CcA", "", "", ""},
    {0x17, "00", "02", "C", "", "", ""},
    {0x18, "00 00 00 3c", "", "W", "", "", ""},
    {0x19, "01", "02", "C", "", "", ""},
    {0x1A, "00 01 61", "", "c", "", "", ""},
    {0x1C, "00 01 61", "", "cD", "", "D", ""},
    {0x1F, "00 01 61", "", "ckrlmsuDA", "", "", ""},
    {0x21, "00 01", "00 00", "Cc", "", "", ""},
    {0x22, "00 00", "", "Cc", "", "", ""},
    {0x23, "00 01", "00 00", "P", "", "", ""},
    {0x24, "01", "02", "c", "", "", ""},
    {0x25, "00", "02", "c", "", "", ""},
    {0x26, "00 01 6b 00 01 76", "", everywhere, everywhere, "", ""},
    {0x27, "00 00 00 01", "00 00 00 00", "Cc", "", "", ""},
    {0x28, "00", "02", "c", "", "", ""},
    {0x29, "00", "02", "c", "", "", ""},
    {0x2A, "00", "02", "c", "", "", ""},
};
static_assert(std::size(rows) == 27);

/// A packet for each place with `props` in it; what the place needs besides stands around them.
byte_buffer packet_with(char place, byte_buffer const& props) {
    using namespace test::literals;
    auto const p = with_length(props);
    switch (place) {
    case 'C': return packet_of(0x10, "00 04 4d 51 54 54 05 02 00 00"_hex + p + "00 01 63"_hex);
    case 'W': return packet_of(0x10, "00 04 4d 51 54 54 05 06 00 00 00 00 01 63"_hex + p + "00 01 77 00 00"_hex);
    case 'c': return packet_of(0x20, "00 00"_hex + p);
    case 'P': return packet_of(0x30, "00 01 74"_hex + p);
    case 'k': return packet_of(0x40, "00 01 00"_hex + p);
    case 'r': return packet_of(0x50, "00 01 00"_hex + p);
    case 'l': return packet_of(0x62, "00 01 00"_hex + p);
    case 'm': return packet_of(0x70, "00 01 00"_hex + p);
    case 'S': return packet_of(0x82, "00 01"_hex + p + "00 01 61 00"_hex);
    case 's': return packet_of(0x90, "00 01"_hex + p + "00"_hex);
    case 'U': return packet_of(0xA2, "00 01"_hex + p + "00 01 61"_hex);
    case 'u': return packet_of(0xB0, "00 01"_hex + p + "00"_hex);
    case 'i': return packet_of(0xC0, p);
    case 'o': return packet_of(0xD0, p);
    case 'D': return packet_of(0xE0, "00"_hex + p);
    default: return packet_of(0xF0, "18"_hex + p);
    }
}

byte_buffer property_bytes(row const& r, std::string_view value) {
    byte_buffer out{static_cast<std::byte>(r.id)};
    return std::move(out) + from_hex(value);
}

/// What `copies` of a property need beside them to be judged for themselves: AUTH has a method, authentication data has one too.
byte_buffer company(row const& r, char place) {
    bool const wants_method = place == 'A' || (r.id == 0x16 && (place == 'C' || place == 'c'));
    return wants_method && r.id != 0x15 ? from_hex("15 00 01 6d") : byte_buffer{};
}

std::string expected(row const& r, char place, int copies, sender from) {
    auto const has = [place](std::string_view set) { return set.find(place) != set.npos; };
    if (place == 'i' || place == 'o') return "trailing_bytes";
    if (place == 'A' && r.id == 0x15 && copies == 0) return "auth_method_missing";
    if (copies == 0) return "ok";
    if (!has(r.allowed)) return "property_misplaced";
    if (from == sender::client && has(r.no_client)) return "property_not_from_sender";
    if (from == sender::server && has(r.no_server)) return "property_not_from_sender";
    if (copies == 2 && !has(r.repeats)) return "property_repeated";
    return "ok";
}

} // namespace

TEST_CASE("the property table is the table of the specification in every place and number and direction",
          "[codec][property][MQTT-2.2.2-1][MQTT-3.3.4-6][MQTT-3.14.2-2]") {
    std::size_t checked = 0;
    for (auto const& r : rows)
        for (char const place : letters)
            for (int const copies : {0, 1, 2})
                for (auto const from : {sender::either, sender::client, sender::server}) {
                    INFO("property " << hex_byte(r.id) << " place " << place << " copies " << copies << " from " << static_cast<int>(from));
                    auto props = company(r, place);
                    for (int i = 0; i < copies; ++i) props = std::move(props) + property_bytes(r, r.value);

                    CHECK(error_of(packet_with(place, props), {protocol::v5, from}) == expected(r, place, copies, from));
                    ++checked;
                }
    CHECK(checked == 27 * 16 * 3 * 3);
}

TEST_CASE("a property outside its range is refused wherever it may stand", "[codec][property][MQTT-3.3.2-8]") {
    for (auto const& r : rows) {
        if (r.bad.empty()) continue;
        for (char const place : r.allowed) {
            INFO("property " << hex_byte(r.id) << " place " << place);
            auto const bytes = packet_with(place, company(r, place) + property_bytes(r, r.bad));
            CHECK(error_of(bytes, v5) == (r.id == 0x23 ? "topic_alias_zero" : "property_value"));
        }
    }
}

TEST_CASE("every number of a byte property but its two values is refused", "[codec][property]") {
    for (auto const& r : rows) {
        if (r.value.size() != 2 || r.id == 0x0B) continue;
        for (unsigned value = 0; value < 256; ++value) {
            INFO("property " << hex_byte(r.id) << " value " << value);
            auto const text = hex_byte(value).substr(2);
            CHECK(error_of(packet_with(r.allowed[0], property_bytes(r, text)), v5) == (value <= 1 ? "ok" : "property_value"));
        }
    }
}

TEST_CASE("identifiers that are no property are unknown in every place", "[codec][property]") {
    for (unsigned id = 0; id < 128; ++id) {
        bool known = false;
        for (auto const& r : rows) known = known || r.id == id;
        CHECK((codec::find_property(id) != nullptr) == known);
        if (known) continue;
        for (char const place : letters) {
            if (place == 'i' || place == 'o') continue;
            INFO("property " << id << " place " << place);
            CHECK(error_of(packet_with(place, {static_cast<std::byte>(id), std::byte{0}}), v5) == "property_unknown");
        }
    }
}

TEST_CASE("the rows say what the specification says", "[codec][property]") {
    REQUIRE(codec::property_specs.size() == std::size(rows));
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        auto const& spec = codec::property_specs[i];
        INFO(spec.name);
        CHECK(static_cast<unsigned>(spec.id) == rows[i].id);
        for (std::size_t at = 0; at < letters.size(); ++at) {
            bool const will = letters[at] == 'W';
            auto const place = will ? in_will : in(static_cast<packet_type>(at + 1));
            CHECK(((spec.allowed & place) != 0) == (rows[i].allowed.find(letters[at]) != std::string_view::npos));
            CHECK(((spec.repeats & place) != 0) == (rows[i].repeats.find(letters[at]) != std::string_view::npos));
        }
    }
}

TEST_CASE("a property that ends at any byte too early is refused", "[codec][property]") {
    for (auto const& r : rows) {
        auto const whole = property_bytes(r, r.value);
        for (std::size_t size = 1; size < whole.size(); ++size) {
            INFO("property " << hex_byte(r.id) << " cut at " << size);
            byte_buffer const cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            auto const        error = error_of(packet_with(r.allowed[0], cut), v5);
            CHECK((error == "truncated" || error == "property_length_overrun"));
        }
    }
}
