// The trees of packets, well-formed and not: what is read, where reading stops, and which rules are broken.
#include <support/vectors.hpp>

#include "dissected.hpp"

using namespace aldis;
using aldis::test::dissected;

namespace {

constexpr char const* files[]{"connect", "connack", "publish", "acks", "subscribe", "connection", "properties", "malformed"};

std::vector<test::wire_vector> vectors(std::string const& file) {
    return test::vector_reader{std::filesystem::path{ALDIS_TEST_VECTORS} / (file + ".txt")}.read();
}

/// Fields lie in the packet, groups hold whole nodes, and links lead forward to the same field.
void check_ranges(dissect::tree const& t) {
    for (std::size_t i = 0; i < t.nodes.size(); ++i) {
        auto const& n = t.nodes[i];
        REQUIRE(n.at + std::size_t{n.size} <= t.bytes.size());
        if (n.next != 0) REQUIRE((n.next > i && n.next < t.nodes.size() && t.nodes[n.next].id == n.id && t.nodes[n.next].again));
        if (dissect::spec_of(n.id).is == dissect::kind::group) REQUIRE(i + n.number < t.nodes.size());
    }
    for (auto const& v : t.violations) REQUIRE(v.at <= t.bytes.size());
    if (t.malformed) REQUIRE(t.malformed->at <= t.bytes.size());
}

} // namespace

TEST_CASE("a well-formed packet is read to its end and breaks no rule", "[dump][dissect]") {
    std::size_t seen = 0;
    for (auto const file : files)
        for (auto const& v : vectors(file)) {
            if (v.error || v.bytes.empty()) continue;
            INFO(v.origin << ": " << v.title);
            dissected const d{v.bytes, {.version = v.where.version, .from = v.where.from}};
            CHECK_FALSE(d.tree().malformed);
            CHECK(d.violations() == "");
            check_ranges(d.tree());
            ++seen;
        }
    CHECK(seen > 100);
}

TEST_CASE("a malformed packet is marked with the byte and the clause that the codec tells", "[dump][dissect]") {
    std::size_t seen = 0;
    for (auto const file : files)
        for (auto const& v : vectors(file)) {
            if (!v.error || v.max_size != max_packet_size) continue;
            INFO(v.origin << ": " << v.title);
            dissected const d{v.bytes, {.version = v.where.version, .from = v.where.from}};
            check_ranges(d.tree());
            REQUIRE((d.tree().malformed || !d.tree().violations.empty()));
            auto clause = v.clause;
            if (clause.starts_with("v3-")) clause.erase(0, 3);
            if (clause.empty() || d.tree().violations.empty()) continue;
            CHECK(d.violations().find(clause + '@' + std::to_string(v.error->offset)) != std::string::npos);
            ++seen;
        }
    CHECK(seen > 50);
}

TEST_CASE("a packet cut at any byte is truncated and not malformed where its size is known", "[dump][dissect]") {
    for (auto const file : files)
        for (auto const& v : vectors(file)) {
            if (v.error) continue;
            for (std::size_t cut = 0; cut < v.bytes.size(); ++cut) {
                dissected const d{byte_buffer{v.bytes.begin(), v.bytes.begin() + static_cast<std::ptrdiff_t>(cut)},
                                  {.version = v.where.version, .from = v.where.from, .size = v.bytes.size()}};
                REQUIRE(d.tree().truncated);
                REQUIRE_FALSE(d.tree().malformed);
                check_ranges(d.tree());
            }
        }
}

TEST_CASE("a topic that does not fit stops the reading at its first byte", "[dump][dissect]") {
    dissected const d{"30 05 00 20 61 62 63", protocol::v3_1_1};

    REQUIRE(d.tree().malformed);
    CHECK(d.tree().malformed->at == 4);
    CHECK(d.reason() == "the packet ends inside Topic: 32 bytes wanted, 3 left");
    CHECK(d.info() == "Publish Message[Malformed Packet]");
    CHECK(d.json() == R"({"mqtt.hdrflags":48,"mqtt.msgtype":3,"mqtt.dupflag":false,"mqtt.qos":0,"mqtt.retain":false,"mqtt.len":5,"mqtt.topic_len":32})");
}

TEST_CASE("rules that are broken carry the number of their version", "[dump][dissect][MQTT-3.3.1-4][MQTT-1.5.4-2][v3-MQTT-1.5.3-2]") {
    CHECK(dissected("36 07 00 02 71 33 00 07 78", protocol::v3_1_1).violations() == "MQTT-3.3.1-4@0");
    CHECK(dissected("30 08 00 05 6e 75 6c 00 78 78", protocol::v3_1_1).violations() == "MQTT-1.5.3-2@7");
    CHECK(dissected("30 09 00 05 6e 75 6c 00 78 00 78", protocol::v5).violations() == "MQTT-1.5.4-2@7");
    CHECK(dissected("80 06 00 01 00 01 66 00", protocol::v3_1_1).violations() == "MQTT-2.2.2-2@0");
    CHECK(dissected("c0 05 65 78 74 72 61", protocol::v3_1_1).violations() == "2.2.3@2");
    CHECK(dissected("30 ff ff ff ff 7f", protocol::v5).reason() == "Remaining Length has more than four bytes");
}

TEST_CASE("the Info of each packet is Wireshark's", "[dump][dissect]") {
    CHECK(dissected("10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 78", protocol::v5).info() == "Connect Command");
    CHECK(dissected("20 02 00 00", protocol::v3_1_1).info() == "Connect Ack");
    CHECK(dissected("30 04 00 01 61 00", protocol::v5).info() == "Publish Message [a]");
    CHECK(dissected("32 07 00 01 61 00 05 00 78", protocol::v5).info() == "Publish Message (id=5) [a]");
    CHECK(dissected("40 02 00 05", protocol::v5).info() == "Publish Ack (id=5)");
    CHECK(dissected("50 02 00 05", protocol::v5).info() == "Publish Received (id=5)");
    CHECK(dissected("62 02 00 05", protocol::v5).info() == "Publish Release (id=5)");
    CHECK(dissected("70 02 00 05", protocol::v5).info() == "Publish Complete (id=5)");
    CHECK(dissected("82 0a 00 01 00 01 61 00 00 01 62 01", protocol::v3_1_1).info() == "Subscribe Request (id=1) [a] [b]");
    CHECK(dissected("82 09 00 01 00 01 61 00 00 00 01", protocol::v3_1_1).info() == "Subscribe Request (id=1) [a] [a]");
    CHECK(dissected("90 03 00 01 00", protocol::v3_1_1).info() == "Subscribe Ack (id=1)");
    CHECK(dissected("a2 05 00 01 00 01 61", protocol::v3_1_1).info() == "Unsubscribe Request (id=1)");
    CHECK(dissected("b0 02 00 01", protocol::v3_1_1).info() == "Unsubscribe Ack (id=1)");
    CHECK(dissected("c0 00", protocol::v5).info() == "Ping Request");
    CHECK(dissected("d0 00", protocol::v5).info() == "Ping Response");
    CHECK(dissected("e0 00", protocol::v5).info() == "Disconnect Req");
    CHECK(dissected("f0 00", protocol::v5).info() == "Authentication Exchange");
    CHECK(dissected("00 00", protocol::v5).info() == "Reserved");
}

TEST_CASE("what a packet could do to a terminal is escaped", "[dump][dissect]") {
    // ESC [ 2 J, a C1 control, a mark that turns the direction of writing, and a byte that is no text
    dissected const d{"30 0f 00 0d 1b 5b 32 4a c2 9b e2 80 ae 41 ff 0a 00", protocol::v3_1_1};

    CHECK(d.info() == "Publish Message [\\033[2J\\u{009b}\\u{202e}A\xEF\xBF\xBD\\n\\000]");
    CHECK(d.text().find('\x1b') == std::string::npos);
    CHECK(d.json().find(R"("mqtt.topic":"\u001b[2J\u009b\u202eA)") != std::string::npos);
    CHECK(d.json().find(R"(\n\u0000")") != std::string::npos);
}

TEST_CASE("a password is masked wherever it is shown unless secrets are asked for", "[dump][dissect]") {
    dissected const d{"10 18 00 04 4d 51 54 54 04 c2 00 3c 00 01 78 00 01 75 00 06 73 33 63 72 33 74", protocol::v3_1_1};
    dissect::view_options const all{.secrets = true};

    for (auto const& shown : {d.text(), d.json(), d.bytes()}) CHECK(shown.find("s3cr3t") == std::string::npos);
    for (auto const& shown : {d.text(), d.json()}) CHECK(shown.find("****") != std::string::npos);
    CHECK(d.bytes().find("73 33 63 72") == std::string::npos);
    CHECK(d.text(all).find("    Password: s3cr3t\n") != std::string::npos);
    CHECK(d.json(all).find(R"("mqtt.passwd":"s3cr3t")") != std::string::npos);
    CHECK(d.bytes(all).find("73 33 63 72 33 74") != std::string::npos);
    CHECK(d.bytes(all).find("Password: s3cr3t\n") != std::string::npos);
}

TEST_CASE("a field that occurs again becomes an array in wire order within its block", "[dump][dissect]") {
    dissected const d{"30 13 00 01 61 0e 26 00 01 6b 00 01 31 26 00 01 6c 00 01 32 78", protocol::v5};

    CHECK(d.json() == R"({"mqtt.hdrflags":48,"mqtt.msgtype":3,"mqtt.dupflag":false,"mqtt.qos":0,"mqtt.retain":false,"mqtt.len":19,)"
                      R"("mqtt.topic_len":1,"mqtt.topic":"a","mqtt.properties":{"mqtt.property_len":14,"mqtt.property_id":[38,38],)"
                      R"("mqtt.prop_key_len":[1,1],"mqtt.prop_key":["k","l"],"mqtt.prop_value_len":[1,1],"mqtt.prop_value":["1","2"]},"mqtt.msg":"78"})");
}

TEST_CASE("every byte of a packet is accounted for once in its annotated bytes", "[dump][dissect]") {
    dissected const d{"32 07 00 01 61 00 05 00 78", protocol::v5};

    auto const shown = d.bytes();
    CHECK(shown.find("  00002  00 01") != std::string::npos);
    CHECK(shown.find("Topic: a") != std::string::npos);
    CHECK(shown.find("Message Identifier: 5") != std::string::npos);
    CHECK(std::count(shown.begin(), shown.end(), '\n') == 7);
}

TEST_CASE("dissecting allocates nothing once its memory has grown", "[dump][dissect]") {
    auto const          packet = test::from_hex("32 07 00 01 61 00 05 00 78");
    dissect::dissector  once;
    auto const*         nodes = once(packet, {.version = protocol::v5}).nodes.data();

    for (int i = 0; i < 100; ++i) CHECK(once(packet, {.version = protocol::v5}).nodes.data() == nodes);
}
