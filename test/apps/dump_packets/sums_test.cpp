// Parts of filters, sums and file names of dump that need no packets.
#include <string>

#include <dump/extract/file_name.hpp>
#include <dump/filters/filter_settings.hpp>
#include <dump/stats/tally.hpp>
#include <support/catch.hpp>

using namespace aldis::app::dump;

TEST_CASE("patterns of client identifiers match without recursion", "[dump][filters]") {
    CHECK(is_like("*", ""));
    CHECK(is_like("a*c?", "abbbcd"));
    CHECK(is_like("*a*b", "xaxxbab"));
    CHECK_FALSE(is_like("", "a"));
    CHECK_FALSE(is_like("?", ""));
    CHECK_FALSE(is_like("a*c", "acb"));
    std::string stars;
    for (int i = 0; i < 1000; ++i) stars += "*a";
    CHECK_FALSE(is_like(stars + "b", std::string(5000, 'a')));
}

TEST_CASE("percentiles of sums are near and the largest exact", "[dump][stats]") {
    latency_histogram h;
    for (std::uint64_t i = 1; i <= 100'000; ++i) h.add(i * 1000);
    for (unsigned const percent : {50U, 90U, 99U}) {
        auto const exact = 1'000'000.0 * percent;
        CHECK(static_cast<double>(h.percentile(percent)) >= exact);
        CHECK(static_cast<double>(h.percentile(percent)) < exact * 1.07);
    }
    CHECK(h.percentile(100) == 100'000'000);
}

TEST_CASE("a table that is full keeps its large rows and the sum of all", "[dump][stats]") {
    tally_table t{10};
    for (int i = 0; i < 500; ++i) {
        ++t.of("large").packets;
        ++t.of("n" + std::to_string(i)).packets;
    }
    auto const rows = t.sorted();
    CHECK(rows.size() <= 10);
    CHECK(rows.front().first == "large");
    CHECK(rows.front().second->packets == 500);
    auto sum = t.other().packets;
    for (auto const& [name, row] : rows) sum += row->packets;
    CHECK(sum == 1000);
}

TEST_CASE("file names from packets hold no slash, no dot in front and are bounded", "[dump][extract]") {
    CHECK(as_file_name("") == "_");
    CHECK(as_file_name("_") != "_");
    CHECK(as_file_name("../x") == "%2E.%2Fx");
    CHECK(as_file_name("a b") == "a%20b");
    CHECK(as_file_name(std::string_view{"\0", 1}) == "%00");
    auto const one = as_file_name(std::string(60'000, 'a')), two = as_file_name(std::string(60'001, 'a'));
    CHECK(one.size() <= 150);
    CHECK(one != two);
    CHECK(fault_of_pattern("d/%f-%t").empty());
    CHECK_FALSE(fault_of_pattern("%q").empty());
    CHECK_FALSE(fault_of_pattern("x%").empty());
}
