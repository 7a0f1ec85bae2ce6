// Messages as JSON.
#include <support/catch.hpp>

#include <sub/json.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;

namespace {

arrival message(std::string_view payload, properties props = {}) {
    arrival m;
    m.topic = "r/1";
    m.payload = to_bytes(payload);
    m.props = props;
    m.at = {1'795'242'759, 68'914'123};
    return m;
}

// What stands behind "payload": in the unformatted object.
std::string payload_of(std::string_view payload, bool as_json) {
    auto const made = json_of(message(payload), as_json, false);
    if (!made) return "refused";
    auto const at = made->find("\"payload\":");
    return made->substr(at + 10, made->size() - at - 11);
}

std::string minimised(std::string_view json) {
    std::string out;
    append_json(out, json, false, 0);
    return out;
}

std::string laid_out(std::string_view json) {
    std::string out;
    append_json(out, json, true, 0);
    return out;
}

} // namespace

TEST_CASE("a message is one JSON object in known order", "[apps][json]") {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    property_list list;
    list.add<property_id::content_type>("text/plain").add<property_id::correlation_data>(to_bytes("xyz"));
    list.add<property_id::user_property>({"k", "v"}).add<property_id::response_topic>("re/sp").add<property_id::user_property>({"k", "w"});
    auto m = message("{\"a\":1}", list);
    CHECK(json_of(message("x"), false, false) ==
          "{\"tst\":\"2026-11-21T06:32:39.068914Z+0000\",\"topic\":\"r/1\",\"qos\":0,\"retain\":0,\"payloadlen\":1,\"payload\":\"x\"}");

    m.qos = qos_level::exactly_once;
    m.id = 9;
    m.retain = true;
    CHECK(json_of(m, false, false) ==
          "{\"tst\":\"2026-11-21T06:32:39.068914Z+0000\",\"topic\":\"r/1\",\"qos\":2,\"retain\":1,\"payloadlen\":7,\"mid\":9,\"properties\":{"
          "\"content-type\":\"text/plain\",\"correlation-data\":\"xyz\",\"user-properties\":{\"k\":\"v\",\"k\":\"w\"},\"response-topic\":\"re/sp\"},"
          "\"payload\":\"{\\\"a\\\":1}\"}");
    CHECK(json_of(m, true, true) ==
          "{\n\t\"tst\":\t\"2026-11-21T06:32:39.068914Z+0000\",\n\t\"topic\":\t\"r/1\",\n\t\"qos\":\t2,\n\t\"retain\":\t1,\n\t\"payloadlen\":\t7,\n\t\"mid\":\t9,\n"
          "\t\"properties\":\t{\n\t\t\"content-type\":\t\"text/plain\",\n\t\t\"correlation-data\":\t\"xyz\",\n\t\t\"user-properties\":\t{\n\t\t\t\"k\":\t\"v\",\n"
          "\t\t\t\"k\":\t\"w\"\n\t\t},\n\t\t\"response-topic\":\t\"re/sp\"\n\t},\n\t\"payload\":\t{\n\t\t\"a\":\t1\n\t}\n}");
}

TEST_CASE("a payload as a string is escaped and is JSON whatever its bytes", "[apps][json]") {
    CHECK(payload_of("a\"b\\c\n\x01\u00e9", false) == "\"a\\\"b\\\\c\\n\\u0001\u00e9\"");
    CHECK(payload_of(std::string_view{"a\0b", 3}, false) == "\"a\\u0000b\"");
    CHECK(payload_of("\xc4\x8a", false) == "\"\u010a\"");
    CHECK(payload_of("\xff" "A", false) == "[255,65]");
    CHECK(payload_of("", false) == "null");
    std::string every;
    for (int c = 0; c < 256; ++c) {
        every.assign(1, static_cast<char>(c));
        CHECK(is_json(payload_of(every, false)));
    }
}

TEST_CASE("a JSON payload keeps its numbers and strings as they were written", "[apps][json]") {
    CHECK(payload_of(" { \"a\" : [ 1.50 , 1e400 , \"x\\u0041 \\\" y\" ] } \n", true) == "{\"a\":[1.50,1e400,\"x\\u0041 \\\" y\"]}");
    CHECK(payload_of("12345678901234567890123", true) == "12345678901234567890123");
    CHECK(payload_of("true", true) == "true");
    CHECK(payload_of("", true) == "null");
    CHECK(payload_of("not json", true) == "refused");
    CHECK(payload_of("{} x", true) == "refused");
    CHECK(payload_of("\"\xff\"", true) == "refused");
}

TEST_CASE("what is JSON and what is not", "[apps][json]") {
    for (auto const* good : {"1", " 1 ", "\"\"", "[]", "{}", "[1,[2],{\"a\":null}]", "-0.5e+7", "false"}) {
        INFO(good);
        CHECK(is_json(good));
    }
    for (auto const* bad : {"", " ", "1 2", "[1,]", "{\"a\"}", "{a:1}", "'a'", "nan", "[", "]", "\"", "\"\\x\"", "//c\n1", "+1", "01", "tru"}) {
        INFO(bad);
        CHECK(!is_json(bad));
    }
}

TEST_CASE("JSON nested too deeply is refused and does not crash", "[apps][json]") {
    std::string const inside(900, '['), outside(900, ']');
    CHECK(is_json(inside + outside));
    CHECK(!is_json(std::string(1'000'000, '[')));
    CHECK(!is_json(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
}

TEST_CASE("JSON is laid out as cJSON does it", "[apps][json]") {
    CHECK(laid_out("{\"a\":1,\"b\":[1,2,{\"c\":[]}],\"d\":{}}") ==
          "{\n\t\"a\":\t1,\n\t\"b\":\t[1, 2, {\n\t\t\t\"c\":\t[]\n\t\t}],\n\t\"d\":\t{\n\t}\n}");
    CHECK(laid_out("[]") == "[]");
    CHECK(laid_out("\"a:,{}\"") == "\"a:,{}\"");
    CHECK(minimised("{ }") == "{}");
    CHECK(minimised("[ \"a , b\" ,\t1 ]") == "[\"a , b\",1]");
}
