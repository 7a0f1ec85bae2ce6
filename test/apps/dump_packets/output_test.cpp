// What the printers make of records, and how a command line is read.
#include <dump/options.hpp>
#include <dump/output/printers.hpp>
#include <dump/pipeline.hpp>
#include <json_text.hpp>
#include <support/catch.hpp>

#include "seen.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

constexpr auto connect_5 = "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 78";
constexpr auto lamp_5 = "33 0a 00 01 61 00 05 00 7b 7d 20 0a";             // QoS 1, retained, "{} \n"
constexpr auto bad_qos = "36 07 00 01 61 00 05 00 78";

/// What `words` make of one conversation: a CONNECT and, in one frame, what `then` spells.
struct shown {
    std::string text{};
    bool        wrong = false;

    shown(std::vector<std::string> words, std::string_view then, bool color = false) {
        words.insert(words.begin(), {"-r", "x"});
        auto const      wanted = read_settings(words);
        output          out{[](std::string_view) {}, [](std::string_view) {}};   // so little is never written
        auto const      last = make_printer(out, wanted, color, false);
        pipeline_stages stages{wanted, *last};
        streams         in{stages.first(), {}};
        conversation    c{.number = 7, .ends = {peer{"10.0.0.1", 40000}, peer{"::1", 1883}}, .saw_start = true};
        in.bytes(c, 0, {1, 1'000'000'000}, from_hex(connect_5));
        in.frame_done({1, 1'000'000'000});
        in.bytes(c, 0, {12, 1'034'567'891}, from_hex(then));
        last->frame_done({12, 1'034'567'891});
        text = out.text;
        wrong = stages.found_violations();
    }

    std::string line(std::size_t number) const {
        std::size_t at = 0;
        for (; number > 0; --number) at = text.find('\n', at) + 1;
        return text.substr(at, text.find('\n', at) - at);
    }
};

} // namespace

TEST_CASE("a frame is a line with tshark's Info, and what we know stands behind two blanks", "[dump][output]") {
    shown const one{{}, lamp_5};

    CHECK(one.line(0) == "    1   0.000000 10.0.0.1:40000 → [::1]:1883 MQTT 16 Connect Command  5.0 \"x\" clean keep-alive=60");
    CHECK(one.line(1) == "   12   0.034567 10.0.0.1:40000 → [::1]:1883 MQTT 12 Publish Message (id=5) [a]  q1 r 4B \"x\" : {} \\n");
    CHECK_FALSE(one.wrong);
}

TEST_CASE("packets of one frame share its line unless each is to have its own", "[dump][output]") {
    CHECK(shown{{}, "c0 00 c0 00"}.line(1) == "   12   0.034567 10.0.0.1:40000 → [::1]:1883 MQTT 4 Ping Request, Ping Request");
    shown const each{{"--one-per-packet"}, "c0 00 c0 00"};
    CHECK(each.line(1).starts_with(" 12.0   0.034567 "));
    CHECK(each.line(2).starts_with(" 12.1   0.034567 "));
}

TEST_CASE("a broken rule is marked in the line and asked for by --check", "[dump][output]") {
    shown const wrong{{}, bad_qos};

    CHECK(wrong.line(1).ends_with("!MQTT-3.3.1-4"));
    CHECK(wrong.wrong);
    CHECK(shown{{}, "c0 00 36 07 00 01 61 00 05 00 78"}.line(1).ends_with("Publish Message (id=5) [a]  #1 !MQTT-3.3.1-4"));
    CHECK(shown{{"-V"}, bad_qos}.text.find("Packet 0 breaks [MQTT-3.3.1-4] at byte 0: PUBLISH has QoS 3\n") != std::string::npos);
    CHECK(shown{{"--json"}, bad_qos}.text.find(R"("violations":[{"id":"MQTT-3.3.1-4","at":0,"text":"PUBLISH has QoS 3"}])") != std::string::npos);
}

TEST_CASE("a JSON object tells where a packet stands, what it is and what is known of it", "[dump][output]") {
    shown const one{{"--json"}, lamp_5};

    CHECK(one.line(1) ==
          R"({"frame":12,"pdu":0,"time":"1.034567891","stream":7,"src":"10.0.0.1","sport":40000,"dst":"::1","dport":1883,"dir":"c2s",)"
          R"("transport":"tcp","version":5,"version_src":"connect","info":"Publish Message (id=5) [a]","mqtt":{"mqtt.hdrflags":51,"mqtt.msgtype":3,)"
          R"("mqtt.dupflag":false,"mqtt.qos":1,"mqtt.retain":true,"mqtt.len":10,"mqtt.topic_len":1,"mqtt.topic":"a","mqtt.msgid":5,)"
          R"("mqtt.properties":{"mqtt.property_len":0},"mqtt.msg":"7b7d200a"},"malformed":null,"truncated":false,"expert":[],"violations":[],)"
          R"("x":{"client":"x"}})");
}

TEST_CASE("fields are columns, and those of a frame's packets are joined", "[dump][output]") {
    CHECK(shown{{"-T", "fields", "-e", "frame.number", "-e", "mqtt.msgtype", "-e", "mqtt.qos"}, "c0 00 33 08 00 01 61 00 05 00 7b 7d"}.line(1) == "12\t12,3\t1");
    CHECK(shown{{"-T", "fields", "-e", "mqtt.topic", "-E", "header=y", "-E", "quote=d"}, lamp_5}.line(0) == "mqtt.topic");
    CHECK(shown{{"-T", "fields", "-e", "mqtt.topic", "-E", "quote=d"}, lamp_5}.line(1) == "\"a\"");
}

TEST_CASE("payloads are shown as text, as JSON in one line, as bytes, or not at all", "[dump][output]") {
    auto const behind = [](std::vector<std::string> words) {
        auto const line = shown{std::move(words), lamp_5}.line(1);
        return line.substr(line.rfind("\"x\"") + 3);
    };
    CHECK(behind({}) == " : {} \\n");
    CHECK(behind({"--payload", "json"}) == " : {}");
    CHECK(behind({"--payload", "hex"}) == " : 0x7b7d200a");
    CHECK(behind({"--payload", "none"}) == "");
    CHECK(behind({"--payload-max", "2"}) == " : {}…");
}

TEST_CASE("colours are switched off where they are not wanted", "[dump][output]") {
    CHECK(shown{{}, bad_qos}.text.find('\x1b') == std::string::npos);
    CHECK(shown{{}, bad_qos, true}.text.find("\x1b[1;31m !MQTT-3.3.1-4\x1b[0m") != std::string::npos);
}

TEST_CASE("JSON loses its blanks, and what is not JSON is not taken for it", "[dump][output]") {
    auto const compact = [](std::string_view text) {
        std::string out;
        return follow::append_compact_json(out, text, 100) ? out : "no";
    };
    CHECK(compact(" { \"a\" : [ 1 , -2.5e3, true, null, {} , [] ] ,\n \"b c\" : \"x y\" } ") == R"({"a":[1,-2.5e3,true,null,{},[]],"b c":"x y"})");
    for (auto const wrong : {"", "{", "[1,]", "{\"a\"}", "01", "1.", "tru", "{} {}", "\"a", "[1}", "{1:2}"}) {
        INFO(wrong);
        CHECK(compact(wrong) == "no");
    }
    CHECK(compact(std::string(100, '[')) == "no");
}

TEST_CASE("a command line is read by the table of options", "[dump][output]") {
    auto const s = read_settings({"-rfile", "-d", "tcp.port==1882,mqtt", "--keylog=keys", "--version", "3.1.1", "-V", "--check"});
    CHECK(s.target == "file");
    CHECK(s.mqtt_ports == std::set<std::uint16_t>{1882});
    CHECK(s.key_log == "keys");
    CHECK(s.version == protocol::v3_1_1);
    CHECK(s.output == output_kind::tree);
    CHECK(s.check);
    CHECK(read_settings({"--json", "-r", "--keylog", "keys", "file"}).target == "file");
    CHECK(read_settings({"file"}).input == input_kind::capture);
    CHECK(read_settings({"--version"}).show_version);
}

TEST_CASE("a wrong command line is refused with what is possible", "[dump][output]") {
    using Catch::Matchers::Contains;
    CHECK_THROWS_WITH(read_settings({}), Contains("no input"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "-i", "lo"}), Contains("only one input"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "-T", "pdml"}), Contains("possible: text, json, fields"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "-T", "fields"}), Contains("-e NAME"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "-T", "fields", "-e", "mqtt.tpic"}), Contains("unknown field 'mqtt.tpic'"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "-d", "udp.port==1,mqtt"}), Contains("tcp.port==PORT,mqtt"));
    CHECK_THROWS_WITH(read_settings({"-r", "a", "--frobnicate"}), Contains("unknown option"));
    CHECK_THROWS_WITH(read_settings({"-r"}), Contains("needs a value"));
}
