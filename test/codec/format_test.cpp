// The statements about packet format, one test for each group, in both versions where both have it.
#include <string>

#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;

namespace {

/// A CONNECT of `where`'s version: these flags, this payload behind the client identifier's place.
byte_buffer connect_of(codec::context where, unsigned flags, byte_buffer const& payload) {
    bool const  v5_form = is_v5(where.version);
    byte_buffer body = text_field("MQTT") + byte_buffer{static_cast<std::byte>(where.version), static_cast<std::byte>(flags)} + "00 0a"_hex;
    if (v5_form) body = std::move(body) + "00"_hex;
    return packet_of(0x10, body + payload);
}

/// A will's fields of `where`'s version.
byte_buffer will_of(codec::context where, std::string_view topic, std::string_view payload) {
    auto const fields = text_field(topic) + text_field(payload);
    return is_v5(where.version) ? "00"_hex + fields : fields;
}

/// `hex` with the empty properties that 5.0 has in the place of `|`.
std::string for_version(codec::context where, std::string hex) {
    auto const bar = hex.find('|');
    if (bar != hex.npos) hex.replace(bar, 1, is_v5(where.version) ? "00" : "");
    return hex;
}

} // namespace

TEST_CASE("the protocol name is MQTT and the level one that exists",
          "[codec][connect][MQTT-3.1.2-1][MQTT-3.1.2-2][v3-MQTT-3.1.2-1][v3-MQTT-3.1.2-2]") {
    auto const with = [](std::string_view name, unsigned level) {
        auto const rest = level == 5 ? "02 00 00 00 00 01 63"_hex : "02 00 00 00 01 63"_hex;
        return error_of(packet_of(0x10, text_field(name) + byte_buffer{static_cast<std::byte>(level)} + rest), v5);
    };
    CHECK(with("MQTT", 5) == "ok");
    CHECK(with("MQTT", 4) == "ok");
    CHECK(with("MQIsdp", 3) == "ok");
    for (auto const name : {"", "MQT", "MQTTT", "mqtt", "MQTt", "MQIsdP", "MQisdp", "HTTP"}) CHECK(with(name, 4) == "protocol_name");
    for (unsigned level = 0; level < 256; ++level) {
        CHECK(with("MQTT", level) == (level == 4 || level == 5 ? "ok" : "protocol_level"));
        CHECK(with("MQIsdp", level) == (level == 3 ? "ok" : "protocol_level"));
    }
    CHECK(codec::spec_of(codec::errc::protocol_level).tell_peer == reason_code::unsupported_protocol_version);
}

TEST_CASE("connect flags are taken apart and refused as the specification says",
          "[codec][connect][MQTT-3.1.2-3][MQTT-3.1.2-9][MQTT-3.1.2-11][MQTT-3.1.2-12][MQTT-3.1.2-13][v3-MQTT-3.1.2-3][v3-MQTT-3.1.2-9]"
          "[v3-MQTT-3.1.2-11][v3-MQTT-3.1.2-13][v3-MQTT-3.1.2-14][v3-MQTT-3.1.2-15][v3-MQTT-3.1.2-22]") {
    auto const where = GENERATE(v5, v4);
    for (unsigned flags = 0; flags < 256; ++flags) {
        INFO(hex_byte(flags) << " in " << name_of(where.version));
        bool const     will = (flags & 0x04) != 0, user = (flags & 0x80) != 0, password = (flags & 0x40) != 0;
        unsigned const will_qos = flags >> 3 & 3;
        byte_buffer    payload = text_field("c");
        if (will) payload = std::move(payload) + will_of(where, "w", "m");
        if (user) payload = std::move(payload) + text_field("u");
        if (password) payload = std::move(payload) + text_field("p");

        auto const bytes = connect_of(where, flags, payload);
        auto const packet = decode_packet(bytes, where);

        std::string_view wanted = "ok";
        if ((flags & 1) != 0) wanted = "connect_reserved_flag";
        else if (!will && (will_qos != 0 || (flags & 0x20) != 0)) wanted = "will_flags_without_will";
        else if (will_qos == 3) wanted = "will_qos_invalid";
        else if (!is_v5(where.version) && password && !user) wanted = "password_without_user_name";
        CHECK((packet ? "ok" : name_of(packet.error().code)) == wanted);
        if (!packet) continue;
        auto const& p = std::get<packet::connect>(*packet);
        CHECK(p.clean_start == ((flags & 2) != 0));
        CHECK(p.last_will.has_value() == will);
        if (will) CHECK(static_cast<unsigned>(p.last_will->qos) == will_qos);
        if (will) CHECK(p.last_will->retain == ((flags & 0x20) != 0));
        CHECK(p.user_name.has_value() == user);
        CHECK(p.password.has_value() == password);
    }
}

TEST_CASE("the payload of CONNECT has its fields in one order and each exactly when its flag says so",
          "[codec][connect][MQTT-3.1.3-1][MQTT-3.1.3-3][MQTT-3.1.2-9][MQTT-3.1.2-16][MQTT-3.1.2-17][MQTT-3.1.2-18][MQTT-3.1.2-19]"
          "[v3-MQTT-3.1.3-1][v3-MQTT-3.1.3-3][v3-MQTT-3.1.2-18][v3-MQTT-3.1.2-19][v3-MQTT-3.1.2-20][v3-MQTT-3.1.2-21]") {
    auto const where = GENERATE(v5, v4);
    auto const all = text_field("id") + will_of(where, "topic", "message") + text_field("user") + text_field("secret");

    auto const bytes = connect_of(where, 0xC6, all);

    auto const packet = decode_packet(bytes, where);

    REQUIRE(packet);
    auto const& p = std::get<packet::connect>(*packet);
    CHECK(p.client_id == "id");
    CHECK(p.last_will->topic == "topic");
    CHECK(to_text(p.last_will->payload) == "message");
    CHECK(*p.user_name == "user");
    CHECK(to_text(*p.password) == "secret");
    CHECK(error_of(connect_of(where, 0x02, {}), where) == "truncated");
    CHECK(error_of(connect_of(where, 0x82, text_field("c")), where) == "truncated");
    CHECK(error_of(connect_of(where, 0x02, text_field("c") + text_field("u")), where) == "trailing_bytes");
    CHECK(error_of(connect_of(where, 0xC2, text_field("c") + text_field("u")), where) == "truncated");
    CHECK(error_of(connect_of(where, 0x82, text_field("c") + text_field("u") + text_field("p")), where) == "trailing_bytes");
}

TEST_CASE("the texts of CONNECT are UTF-8 and its password is anything",
          "[codec][connect][MQTT-3.1.3-4][MQTT-3.1.3-11][MQTT-3.1.3-12][v3-MQTT-3.1.3-4][v3-MQTT-3.1.3-10][v3-MQTT-3.1.3-11]") {
    auto const where = GENERATE(v5, v4);
    auto const with = [where](std::string_view id, std::string_view topic, std::string_view user) {
        auto const payload = text_field(id) + will_of(where, topic, "\xFF") + text_field(user) + text_field("\xFF");
        return error_of(connect_of(where, 0xC6, payload), where);
    };
    CHECK(with("c", "w", "u") == "ok");
    CHECK(with("\xFF", "w", "u") == "utf8_invalid");
    CHECK(with("c", "\xFF", "u") == "utf8_invalid");
    CHECK(with("c", "w", "\xFF") == "utf8_invalid");
    CHECK(with({"\0", 1}, "w", "u") == "utf8_null");
    CHECK(with("c", {"\0", 1}, "u") == "utf8_null");
    CHECK(with("c", "w", {"\0", 1}) == "utf8_null");
}

TEST_CASE("every client identifier that a server must allow is read", "[codec][connect][MQTT-3.1.3-5][v3-MQTT-3.1.3-5]") {
    auto const        where = GENERATE(v5, v4);
    std::string const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (std::size_t size = 1; size <= 23; ++size)
        for (std::size_t from = 0; from + size <= letters.size(); from += size) {
            auto const id = letters.substr(from, size);
            auto const bytes = connect_of(where, 0x00, text_field(id));
            auto const packet = decode_packet(bytes, where);
            REQUIRE(packet);
            CHECK(std::get<packet::connect>(*packet).client_id == id);
        }
}

TEST_CASE("an empty client identifier needs a clean session in 3.1.1", "[codec][connect][v3-MQTT-3.1.3-7][v3-MQTT-3.1.3-8][MQTT-3.1.3-6]") {
    CHECK(error_of(connect_of(v4, 0x00, text_field("")), v4) == "client_id_empty");
    CHECK(error_of(connect_of(v4, 0x02, text_field("")), v4) == "ok");
    CHECK(error_of(connect_of(v5, 0x00, text_field("")), v5) == "ok");
    CHECK(codec::spec_of(codec::errc::client_id_empty).tell_peer == reason_code::client_identifier_not_valid);
}

TEST_CASE("a CONNECT that ends anywhere too early is refused", "[codec][connect][MQTT-3.1.4-1][v3-MQTT-3.1.4-1]") {
    auto const where = GENERATE(v5, v4);
    auto const whole = connect_of(where, 0xC6, text_field("c") + will_of(where, "w", "m") + text_field("u") + text_field("p"));
    REQUIRE(error_of(whole, where) == "ok");
    byte_buffer const body(whole.begin() + 2, whole.end());

    for (std::size_t size = 0; size < body.size(); ++size) {
        INFO("body of " << size);
        byte_buffer const cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK(error_of(packet_of(0x10, cut), where) != "ok");
    }
    CHECK(error_of(packet_of(0x10, body + "00"_hex), where) == "trailing_bytes");
}

TEST_CASE("CONNACK has one flag and no session with a refusal",
          "[codec][connack][MQTT-3.2.2-1][MQTT-3.2.2-6][MQTT-3.2.2-8][v3-MQTT-3.2.2-4]") {
    auto const where = GENERATE(v5, v4);
    for (unsigned flags = 0; flags < 256; ++flags)
        for (unsigned const code : {0U, is_v5(where.version) ? 0x87U : 5U}) {
            auto const bytes = packet_of(0x20, for_version(where, hex_byte(flags).substr(2) + " " + hex_byte(code).substr(2) + " |"));
            INFO(to_hex(bytes));
            CHECK(error_of(bytes, where) == (flags > 1 ? "connack_flags" : flags == 1 && code != 0 ? "session_present_on_refusal" : "ok"));
        }
}

TEST_CASE("the flags of PUBLISH are taken apart and refused as the specification says",
          "[codec][publish][MQTT-3.3.1-2][MQTT-3.3.1-4][MQTT-4.3.1-1][v3-MQTT-3.3.1-2][v3-MQTT-3.3.1-4][v3-MQTT-4.3.1-1]") {
    auto const where = GENERATE(v5, v4);
    for (unsigned flags = 0; flags < 16; ++flags) {
        INFO(flags);
        unsigned const qos = flags >> 1 & 3;
        bool const     dup = (flags & 8) != 0;
        auto const     bytes = packet_of(0x30 | flags, for_version(where, std::string("00 01 74 ") + (qos > 0 ? "00 05 |" : "|")));
        auto const     packet = decode_packet(bytes, where);
        std::string_view const wanted = qos == 3 ? "qos_invalid" : dup && qos == 0 ? "dup_at_qos_0" : "ok";
        CHECK((packet ? "ok" : name_of(packet.error().code)) == wanted);
        if (!packet) continue;
        auto const& p = std::get<packet::publish>(*packet);
        CHECK(static_cast<unsigned>(p.qos) == qos);
        CHECK(p.dup == dup);
        CHECK(p.retain == ((flags & 1) != 0));
        CHECK(p.id == (qos > 0 ? 5 : 0));
    }
}

TEST_CASE("the topic comes first in PUBLISH and is a topic name",
          "[codec][publish][MQTT-3.3.2-1][MQTT-3.3.2-2][MQTT-4.7.0-1][v3-MQTT-3.3.2-1][v3-MQTT-3.3.2-2][v3-MQTT-4.7.1-1]") {
    auto const where = GENERATE(v5, v4);
    auto const with = [where](std::string_view topic) {
        auto const body = text_field(topic) + (is_v5(where.version) ? "00"_hex : byte_buffer{});
        return dump(decode_packet(packet_of(0x30, body), where));
    };
    CHECK(with("a/b") == R"(PUBLISH "a/b" qos=0 payload="")");
    CHECK(with("a/+") == "error topic_wildcard at 6");
    CHECK(with("#") == "error topic_wildcard at 4");
    CHECK(with("ab\xFF") == "error utf8_invalid at 6");
    CHECK(with({"a\0b", 3}) == "error utf8_null at 5");
    CHECK(with("") == "error topic_empty at 2");
    CHECK(error_of(packet_of(0x30, ""), where) == "truncated");
    CHECK(error_of(packet_of(0x30, "00 05 61"), where) == "truncated");
}

TEST_CASE("packet identifiers are there when they must be and never zero",
          "[codec][packet_id][MQTT-2.2.1-2][MQTT-2.2.1-3][MQTT-2.2.1-4][MQTT-2.2.1-5][MQTT-2.2.1-6][v3-MQTT-2.3.1-1][v3-MQTT-2.3.1-5]"
          "[v3-MQTT-2.3.1-6][v3-MQTT-2.3.1-7]") {
    auto const where = GENERATE(v5, v4);
    struct { unsigned first; std::string before, behind; } const packets[] = {
        {0x32, "00 01 74", "|"}, {0x34, "00 01 74", "|"}, {0x40, "", ""}, {0x50, "", ""}, {0x62, "", ""}, {0x70, "", ""},
        {0x82, "", "| 00 01 61 00"}, {0x90, "", "| 00"}, {0xA2, "", "| 00 01 61"}, {0xB0, "", is_v5(where.version) ? "| 00" : ""},
    };
    for (auto const& p : packets) {
        INFO(hex_byte(p.first) << " in " << name_of(where.version));
        auto const with = [&](std::string const& id) { return verdict(packet_of(p.first, for_version(where, p.before + " " + id + " " + p.behind)), where); };
        CHECK(with("ff ff").find("id=65535") != std::string::npos);
        CHECK(with("00 01").find("id=1") != std::string::npos);
        CHECK(with("00 00") == "error packet_id_zero at " + std::to_string(p.before.empty() ? 2 : 5));
        CHECK(error_of(packet_of(p.first, p.before + " 00"), where) == "truncated");
    }
    CHECK(verdict(packet_of(0x30, for_version(where, "00 01 74 | 00 07")), where) == R"(PUBLISH "t" qos=0 payload="\x00\x07")");
}

TEST_CASE("the texts among the properties are UTF-8", "[codec][property][MQTT-1.5.7-1][MQTT-3.3.2-13][MQTT-3.3.2-14][MQTT-3.3.2-19]") {
    auto const with = [](unsigned id, std::string_view text, bool pair = false) {
        auto props = byte_buffer{static_cast<std::byte>(id)} + text_field(text);
        if (pair) props = std::move(props) + text_field("v");
        return error_of(packet_of(0x30, text_field("t") + with_length(props)), v5);
    };
    for (unsigned const id : {0x03U, 0x08U}) {
        CHECK(with(id, "text/\xC3\xA4") == "ok");
        CHECK(with(id, "\xC3") == "utf8_invalid");
        CHECK(with(id, {"\0", 1}) == "utf8_null");
    }
    CHECK(with(0x26, "k", true) == "ok");
    CHECK(with(0x26, "\xFF", true) == "utf8_invalid");
    CHECK(with(0x26, {"\0", 1}, true) == "utf8_null");
    CHECK(error_of(packet_of(0x30, text_field("t") + with_length("26"_hex + text_field("k") + text_field("\xFF"))), v5) == "utf8_invalid");
    CHECK(with(0x08, "a/#") == "response_topic_wildcard");
    CHECK(with(0x08, "a+") == "response_topic_wildcard");
    CHECK(with(0x09, "\xFF") == "ok");
}

TEST_CASE("no properties are said by a length of zero", "[codec][property][MQTT-2.2.2-1]") {
    struct { unsigned first; std::string_view body; } const without[] = {
        {0x10, "00 04 4d 51 54 54 05 02 00 00"}, {0x20, "00 00"}, {0x30, "00 01 74"}, {0x82, "00 01"}, {0x90, "00 01"}, {0xA2, "00 01"}, {0xB0, "00 01"}, {0xF0, "18"},
    };
    for (auto const& p : without) {
        INFO(hex_byte(p.first));
        CHECK(error_of(p.first, p.body, v5) == "truncated");
    }
    CHECK(encoded(packet::publish{.topic = "t"}, v5) == "30 04 00 01 74 00");
    CHECK(encoded(packet::connack{}, v5) == "20 03 00 00 00");
}

TEST_CASE("SUBSCRIBE has filters with options that exist",
          "[codec][subscribe][MQTT-3.8.3-1][MQTT-3.8.3-2][MQTT-3.8.3-4][MQTT-3.8.3-5][v3-MQTT-3.8.3-1][v3-MQTT-3.8.3-3]") {
    auto const where = GENERATE(v5, v4);
    for (unsigned options = 0; options < 256; ++options)
        for (std::string_view const filter : {"a/b", "$share/g/a"}) {
            INFO(hex_byte(options) << " " << filter << " in " << name_of(where.version));
            auto const body = from_hex(for_version(where, "00 01 |")) + text_field(filter) + byte_buffer{static_cast<std::byte>(options)};
            bool const reserved = (options & (is_v5(where.version) ? 0xC0U : 0xFCU)) != 0;
            bool const bad_qos = (options & 3) == 3;
            bool const bad_retain = is_v5(where.version) && (options & 0x30) == 0x30;
            bool const bad_share = is_v5(where.version) && filter[0] == '$' && (options & 4) != 0;
            auto const error = error_of(packet_of(0x82, body), where);
            CHECK((error == "ok") == !(reserved || bad_qos || bad_retain || bad_share));
            if (reserved && !bad_qos && !bad_retain && !bad_share) CHECK(error == "subscription_options_reserved");
            if (!reserved && bad_qos && !bad_retain && !bad_share) CHECK(error == "subscription_qos_invalid");
            if (!reserved && !bad_qos && bad_retain && !bad_share) CHECK(error == "retain_handling_invalid");
            if (!reserved && !bad_qos && !bad_retain && bad_share) CHECK(error == "share_no_local");
        }
    CHECK(error_of(0x82, for_version(where, "00 01 |"), where) == "no_filters");
    CHECK(error_of(0x82, for_version(where, "00 01 | 00 01 ff 00"), where) == "utf8_invalid");
    CHECK(error_of(0x82, for_version(where, "00 01 | 00 01 00 00"), where) == "utf8_null");
}

TEST_CASE("UNSUBSCRIBE has filters", "[codec][unsubscribe][MQTT-3.10.3-1][MQTT-3.10.3-2][v3-MQTT-3.10.3-1][v3-MQTT-3.10.3-2]") {
    auto const where = GENERATE(v5, v4);
    CHECK(verdict(0xA2, for_version(where, "00 01 | 00 01 61 00 03 62 2f 23"), where) == R"(UNSUBSCRIBE id=1 "a" "b/#")");
    CHECK(error_of(0xA2, for_version(where, "00 01 |"), where) == "no_filters");
    CHECK(error_of(0xA2, for_version(where, "00 01 | 00 01 61 00 01 ff"), where) == "utf8_invalid");
    CHECK(error_of(0xA2, for_version(where, "00 01 | 00 01 61 00 01 00"), where) == "utf8_null");
    CHECK(error_of(0xA2, for_version(where, "00 01 | 00 00"), where) == "filter_empty");
    CHECK(error_of(0xA2, for_version(where, "00 01 | 00 01 61 00"), where) == "truncated");
}

TEST_CASE("a shared subscription in SUBSCRIBE is well formed", "[codec][subscribe][MQTT-4.8.2-1][MQTT-4.8.2-2]") {
    auto const with = [](std::string_view filter, codec::context where) {
        return error_of(packet_of(0x82, from_hex(for_version(where, "00 01 |")) + text_field(filter) + "00"_hex), where);
    };
    CHECK(with("$share/g/a", v5) == "ok");
    for (auto const filter : {"$share/", "$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/g#/a"}) CHECK(with(filter, v5) == "share_name_invalid");
    CHECK(with("$share//a", v4) == "ok");
}

TEST_CASE("codes of SUBACK and UNSUBACK stay in the order of their filters",
          "[codec][suback][MQTT-3.9.3-1][MQTT-3.8.4-6][MQTT-3.11.3-1][v3-MQTT-3.9.3-1][v3-MQTT-3.8.4-5]") {
    CHECK(verdict(0x90, "00 01 00 02 01 80 00", v5) == "SUBACK id=1 0x02 0x01 0x80 0x00");
    CHECK(verdict(0x90, "00 01 02 01 80 00", v4) == "SUBACK id=1 0x02 0x01 0x80 0x00");
    CHECK(verdict(0xB0, "00 01 00 11 00 8f", v5) == "UNSUBACK id=1 0x11 0x00 0x8f");
    CHECK(error_of(0x90, "00 01 00", v5) == "no_reason_codes");
    CHECK(error_of(0x90, "00 01", v4) == "no_reason_codes");
    CHECK(error_of(0xB0, "00 01 00", v5) == "no_reason_codes");
}

TEST_CASE("properties keep their order and every copy", "[codec][property][MQTT-3.1.3-10][MQTT-3.3.2-18]") {
    CHECK(verdict(0x30, "00 01 74 15 26 00 01 62 00 01 31 26 00 01 61 00 01 32 26 00 01 62 00 01 33", v5) ==
          R"(PUBLISH "t" qos=0 payload="" {User Property="b":"1", User Property="a":"2", User Property="b":"3"})");
}

TEST_CASE("packets that are a fixed header only have no body", "[codec]") {
    auto const where = GENERATE(v5, v4);
    for (unsigned const first : {0xC0U, 0xD0U}) {
        CHECK(error_of(packet_of(first, ""), where) == "ok");
        CHECK(verdict(packet_of(first, "00"), where) == "error trailing_bytes at 2");
    }
    CHECK(error_of(0xE0, "", where) == "ok");
    CHECK(error_of(0xF0, "", v4) == "packet_not_in_version");
}

TEST_CASE("packets and versions have the names of the specification", "[codec]") {
    constexpr std::string_view names[] = {"CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
                                          "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
    for (unsigned type = 1; type <= 15; ++type) CHECK(name_of(static_cast<packet_type>(type)) == names[type - 1]);
    CHECK(name_of(static_cast<packet_type>(0)) == "reserved");
    CHECK(name_of(protocol::v3_1) == "3.1");
    CHECK(name_of(protocol::v3_1_1) == "3.1.1");
    CHECK(name_of(protocol::v5) == "5.0");
    CHECK(name_of(static_cast<protocol>(6)) == "unknown version");
}
