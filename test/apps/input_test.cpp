// Where pub gets its payloads.
#include <support/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <unistd.h>

#include <pub/input.hpp>

using namespace aldis::app;

namespace {

std::vector<std::string> lines_of(std::string_view text, std::size_t piece, std::size_t longest = largest_payload) {
    line_splitter lines{longest};
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const n = std::min(piece, text.size());
        lines.feed(text.substr(0, n));
        text.remove_prefix(n);
        while (auto const line = lines.next()) out.emplace_back(*line);
    }
    if (auto const line = lines.last()) out.emplace_back(*line);
    return out;
}

template <class Act>
std::string input_error_of(Act act) {
    try {
        act();
    } catch (input_error const& error) {
        return error.what();
    }
    return {};
}

} // namespace

TEST_CASE("lines are the same in whatever pieces they come", "[apps][input]") {
    std::string_view const text{"one\ntwo\n\nfour\r\nfi\0ve", 20};
    std::vector<std::string> const wanted{"one", "two", "", "four\r", std::string{"fi\0ve", 5}};
    for (std::size_t piece = 1; piece <= text.size(); ++piece) CHECK(lines_of(text, piece) == wanted);
    CHECK(lines_of("one\n", 4) == std::vector<std::string>{"one"});
    CHECK(lines_of("\n", 1) == std::vector<std::string>{""});
    CHECK(lines_of("", 1).empty());
}

TEST_CASE("a line longer than a message can be is refused by its number", "[apps][input]") {
    CHECK(lines_of("ab\n1234\n", 3, 4) == std::vector<std::string>{"ab", "1234"});
    CHECK_THAT(input_error_of([] { lines_of("ab\n12345\n", 3, 4); }), Catch::Matchers::StartsWith("Line 2 of standard input is longer than 4 bytes"));
    CHECK_THAT(input_error_of([] { lines_of("12345", 5, 4); }), Catch::Matchers::StartsWith("Line 1 of standard input"));
}

TEST_CASE("a file is read whole or refused with its name", "[apps][input]") {
    char name[] = "/tmp/aldis_input_XXXXXX";
    auto const file = ::mkstemp(name);
    REQUIRE(file >= 0);
    std::string const text(100'000, 'x');
    REQUIRE(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));

    CHECK(read_file(name) == text);
    CHECK(read_file(name, text.size()) == text);
    CHECK_THAT(input_error_of([&] { read_file(name, text.size() - 1); }), Catch::Matchers::StartsWith("File must be less than 99999 bytes"));

    ::close(file);
    ::unlink(name);
    CHECK_THAT(input_error_of([&] { read_file(name); }), Catch::Matchers::StartsWith("Unable to open file \"" + std::string{name}));
    CHECK_THAT(input_error_of([] { read_file("/"); }), Catch::Matchers::Contains("it is a directory"));
    CHECK_THAT(input_error_of([] { read_file("/dev/zero", 1'000'000); }), Catch::Matchers::Contains("at most 1000000 bytes"));
}

TEST_CASE("standard input is read to its end", "[apps][input]") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "a\nb", 3) == 3);
    ::close(ends[1]);
    CHECK(read_all(ends[0]) == "a\nb");
    CHECK_THAT(input_error_of([&] { read_all(ends[0]); }), Catch::Matchers::StartsWith("Zero length input"));
    ::close(ends[0]);
    CHECK_THAT(input_error_of([&] { read_all(ends[0]); }), Catch::Matchers::StartsWith("Unable to read Standard input"));
}
