// -F formats, -v and plain output.
#include <support/catch.hpp>

#include <cstdlib>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;

namespace {

struct utc {
    utc() { ::setenv("TZ", "UTC", 1); ::tzset(); }
} const set_utc;

// 2026-11-21T06:32:39.068914123Z
constexpr std::timespec moment{1'795'242'759, 68'914'123};

arrival message(std::string_view payload, properties props = {}) {
    arrival m;
    m.topic = "r/1";
    m.payload = to_bytes(payload);
    m.qos = qos_level::at_least_once;
    m.retain = true;
    m.id = 7;
    m.props = props;
    m.at = moment;
    return m;
}

std::string print(std::string_view format, arrival const& m, print_style style = {.end_of_line = false}) {
    std::string out;
    message_format{format}.append(out, m, style);
    return out;
}

property_list all_properties() {
    property_list list;
    list.add<property_id::content_type>("text/plain").add<property_id::correlation_data>(to_bytes("xyz"));
    list.add<property_id::user_property>({"k", "v"}).add<property_id::user_property>({"k", "w"}).add<property_id::user_property>({"z", "v2"});
    list.add<property_id::payload_format_indicator>(1).add<property_id::response_topic>("re/sp").add<property_id::message_expiry_interval>(997);
    list.add<property_id::subscription_identifier>(12).add<property_id::topic_alias>(5);
    return list;
}

} // namespace

TEST_CASE("fields of a message are printed as observed of the tool it replaces", "[apps][format]") {
    auto const list = all_properties();
    auto const m = message("payload", list);
    CHECK(print("%%|%A|%3A|%03A", m) == "%|5|  5|005");
    CHECK(print("%C|%20C|%-20C|%.4C|%10.4C", m) == "text/plain|          text/plain|text/plain          |text|      text");
    CHECK(print("%D|%E|%8E|%08E|%-8E|%F|%3F", m) == "xyz|997|     997|00000997|997     |1|  1");
    CHECK(print("%l|%05l|%m|%4m|%P|%q", m) == "7|00007|7|   7|k:v k:w z:v2|1");
    CHECK(print("%R|%10R|%r|%S|%4S", m) == "re/sp|     re/sp|1|12|  12");
    CHECK(print("%t|%10t|%-10t|%.2t|%05t", m) == "r/1|       r/1|r/1       |r/|  r/1");
}

TEST_CASE("fields that a message lacks are blank to their width", "[apps][format]") {
    auto const m = message("p");
    CHECK(print("%C|%5C|%5R|%R|%D|%P|%5A|%05E|%-05F|%4S", m) == "|     |||||     |00000|00000|    ");
}

TEST_CASE("times are those of the arrival", "[apps][format]") {
    auto const m = message("p");
    CHECK(print("%I|%30I|%.4I", m) == "2026-11-21T06:32:39+0000|      2026-11-21T06:32:39+0000|2026");
    CHECK(print("%U", m) == "1795242759.068914123");
    CHECK(print("@Y-@m-@dT@H:@M:@S@z @N @@", m) == "2026-11-21T06:32:39+0000 068914123 @");
}

TEST_CASE("escape sequences of a format", "[apps][format]") {
    CHECK(print("\\\\|\\0|\\a|\\e|\\n|\\r|\\t|\\v", message("p")) == std::string{"\\|\0|\a|\033|\n|\r|\t|\v", 15});
}

TEST_CASE("the width of a payload is its least and its greatest", "[apps][format]") {
    auto const m = message("not json");
    CHECK(print("%p|%20p|%-20p|%3p|%020p|%.2p", m) == "not json|            not json|not json            |not|000000000000not json|not json");
    CHECK(print("%x|%X|%3x|%4X", m) == "6e6f74206a736f6e|6E6F74206A736F6E| 6e|6E6F");
    CHECK(print("%20x|%-20X|%020x", m) == "    6e6f74206a736f6e|6E6F74206A736F6E    |00006e6f74206a736f6e");
    CHECK(print("%-0p", m) == "not json");
}

TEST_CASE("a width counts characters and never cuts one", "[apps][format]") {
    auto m = message("p");
    m.topic = "\u00e9\u4e2dx";
    CHECK(print("%.2t|%5t", m) == "\u00e9\u4e2d|  \u00e9\u4e2dx");
}

TEST_CASE("a large expiry is not negative", "[apps][format]") {
    property_list list;
    list.add<property_id::message_expiry_interval>(0xFFFF'FFFF);
    CHECK(print("%E", message("p", list)) == "4294967295");
}

TEST_CASE("a format that is not one is refused in known words", "[apps][format]") {
    using Catch::Matchers::StartsWith;
    auto const refused = [](std::string_view format) { return error_of([&] { message_format{format}; }); };
    for (auto const* incomplete : {"%", "%5", "%-", "%.", "%5.", "%5.3", "%0", "%-05", "a@"}) {
        INFO(incomplete);
        CHECK_THAT(refused(incomplete), StartsWith("Incomplete format specifier."));
    }
    CHECK_THAT(refused("\\"), StartsWith("Incomplete escape specifier."));
    CHECK_THAT(refused("\\q"), StartsWith("Invalid escape specifier 'q'"));
    CHECK_THAT(refused("%Q"), StartsWith("Invalid format specifier 'Q'"));
    CHECK_THAT(refused("%0-l"), StartsWith("Invalid format specifier '-'"));
    CHECK_THAT(refused("%--5t"), StartsWith("Invalid format specifier '-'"));
    CHECK_THAT(refused("%+t"), StartsWith("Invalid format specifier '+'"));
    CHECK_THAT(refused("%99999999999999999999t"), StartsWith("Field width too large"));
    CHECK_THAT(refused("%.65536t"), StartsWith("Field width too large"));
    CHECK(refused("%65535t").empty());
}

TEST_CASE("a format never fails otherwise whatever its text", "[apps][format]") {
    auto const list = all_properties();
    auto const m = message("{\"a\":1}", list);
    for (int a = 1; a < 256; ++a)
        for (int b = 1; b < 256; ++b) {
            std::string const format{'%', static_cast<char>(a), static_cast<char>(b)};
            error_of([&] { print(format, m); });
        }
    SUCCEED();
}

TEST_CASE("plain output is the payload and -v puts the topic before it", "[apps][format]") {
    auto const plain = [](std::string_view payload, bool verbose, bool end_of_line) {
        std::string out;
        append_plain(out, message(payload), verbose, {.end_of_line = end_of_line});
        return out;
    };
    CHECK(plain("x", false, true) == "x\n");
    CHECK(plain("x", true, true) == "r/1 x\n");
    CHECK(plain("x", true, false) == "r/1 x");
    CHECK(plain("", false, true).empty());
    CHECK(plain("", true, true) == "r/1 (null)\n");
    CHECK(plain("", true, false).empty());
    CHECK(plain("\x1b[31m", false, true) == "\x1b[31m\n");
}

TEST_CASE("on a terminal only what comes from messages is escaped", "[apps][format][terminal]") {
    property_list list;
    list.add<property_id::content_type>("c\x1b").add<property_id::response_topic>("r\x1b").add<property_id::user_property>({"n\x1b", "v\x1b"});
    list.add<property_id::correlation_data>(to_bytes("d\x1b"));
    auto m = message("p\x1b[0m", list);
    m.topic = "t\x1b";
    print_style const style{.end_of_line = true, .pretty = false, .escape = true};
    CHECK(print("\\e[1m%t %p %C %R %P %D %3p\\e[0m", m, style) ==
          "\033[1mt\\x1b p\\x1b[0m c\\x1b r\\x1b n\\x1b:v\\x1b d\\x1b p\\x1b[\033[0m\n");

    std::string out;
    append_plain(out, m, true, style);
    CHECK(out == "t\\x1b p\\x1b[0m\n");
}
