// Text made safe for a terminal.
#include <support/catch.hpp>

#include <cli/terminal.hpp>

using namespace aldis::app;

namespace {
std::string visible_json(std::string_view text) {
    std::string out;
    append_visible_json(out, text);
    return out;
}
} // namespace

TEST_CASE("no control character reaches a terminal", "[apps][terminal]") {
    CHECK(visible("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m");
    CHECK(visible("\a\b") == "\\x07\\x08");
    CHECK(visible("a\nb\rc\td") == "a\\nb\\rc\\td");
    CHECK(visible(std::string_view{"\0", 1}) == "\\x00");
    CHECK(visible("\x7f") == "\\x7f");
    CHECK(visible("\u009b31m") == "\\u{009b}31m");
    for (int c = 0; c < 0x20; ++c) {
        auto const shown = visible(std::string(1, static_cast<char>(c)));
        CHECK(shown.size() > 1);
        CHECK(shown.front() == '\\');
    }
}

TEST_CASE("characters that turn the direction of writing are shown by number", "[apps][terminal]") {
    CHECK(visible("a\u202eb") == "a\\u{202e}b");
    CHECK(visible("\u2066\u2069\u200f\u061c") == "\\u{2066}\\u{2069}\\u{200f}\\u{061c}");
    CHECK(visible("\u2028") == "\\u{2028}");
}

TEST_CASE("other text stays as it is", "[apps][terminal]") {
    CHECK(visible("plain \\ text \"1\"") == "plain \\ text \"1\"");
    CHECK(visible("\u00e9\u4e2d\U0001F600") == "\u00e9\u4e2d\U0001F600");
    CHECK(visible("").empty());
}

TEST_CASE("bytes that are not UTF-8 are shown one by one", "[apps][terminal]") {
    CHECK(visible("\xff\xfe") == "\\xff\\xfe");
    CHECK(visible("\x9b" "31m") == "\\x9b31m");
    CHECK(visible("\xc3") == "\\xc3");
    CHECK(visible("\xe2\x82") == "\\xe2\\x82");
    CHECK(visible("\xc0\xaf") == "\\xc0\\xaf");
    CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");
    CHECK(visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

TEST_CASE("JSON stays the same JSON when it is made visible", "[apps][terminal]") {
    CHECK(visible_json("{\"a\":\t\"x\x7f\u009b\u202e\"\n}") == "{\"a\":\t\"x\\u007f\\u009b\\u202e\"\n}");
}
