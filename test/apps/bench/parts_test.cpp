// The parts of `aldis bench` that compute: histogram, order of numbers, stamps, pace.
#include <array>
#include <cstdint>
#include <vector>

#include <bench/order_check.hpp>
#include <bench/pace.hpp>
#include <bench/stamp.hpp>
#include <bench/tally.hpp>
#include <support/catch.hpp>

using namespace aldis::app::bench;
using namespace std::chrono_literals;

TEST_CASE("a histogram tells small values exactly", "[apps][bench]") {
    duration_histogram h;
    for (std::uint64_t i = 1; i <= 100; ++i) h.add(i);

    CHECK(h.count() == 100);
    CHECK(h.min() == 1);
    CHECK(h.max() == 100);
    CHECK(h.mean() == Approx(50.5));
    CHECK(h.percentile(0) == 1);
    CHECK(h.percentile(50) == 50);
    CHECK(h.percentile(99) == 99);
    CHECK(h.percentile(100) == 100);
}

TEST_CASE("a histogram tells any value to within a 128th", "[apps][bench]") {
    for (std::uint64_t value = 1; value < (std::uint64_t{1} << 62); value = value * 3 / 2 + 1) {
        duration_histogram h;
        h.add(value);
        h.add(~std::uint64_t{0});                                  // so that it is not clamped by the maximum

        auto const told = h.percentile(50);
        CHECK(told >= value);
        CHECK(told - value <= value / 128);
    }
}

TEST_CASE("a histogram holds the ends of 64 bits", "[apps][bench]") {
    duration_histogram h;
    h.add(0);
    h.add(~std::uint64_t{0});

    CHECK(h.min() == 0);
    CHECK(h.percentile(50) == 0);
    CHECK(h.percentile(51) == ~std::uint64_t{0});
}

TEST_CASE("an empty histogram says zero", "[apps][bench]") {
    duration_histogram h;

    CHECK(h.empty());
    CHECK(h.min() == 0);
    CHECK(h.max() == 0);
    CHECK(h.percentile(99) == 0);
    CHECK(h.mean() == 0.0);
}

TEST_CASE("histograms add up to the histogram of all", "[apps][bench]") {
    duration_histogram a, b, all;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        (i % 3 == 0 ? a : b).add(i * 977);
        all.add(i * 977);
    }
    a.add(b);
    a.add(duration_histogram{});

    CHECK(a.count() == all.count());
    CHECK(a.min() == all.min());
    CHECK(a.max() == all.max());
    for (double percent : {1.0, 50.0, 90.0, 99.9}) CHECK(a.percentile(percent) == all.percentile(percent));
}

namespace {

using verdict = order_check::verdict;

std::vector<verdict> see_all(order_check& check, std::vector<std::uint64_t> const& numbers) {
    std::vector<verdict> out;
    for (auto const each : numbers) out.push_back(check.see(each));
    return out;
}

} // namespace

TEST_CASE("numbers in order are in order", "[apps][bench]") {
    order_check check{0};

    for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(check.see(i) == verdict::in_order);
    CHECK(check.missing() == 0);
}

TEST_CASE("a number left out is missing until it comes", "[apps][bench]") {
    order_check check{0};

    CHECK(see_all(check, {0, 1, 4}) == std::vector{verdict::in_order, verdict::in_order, verdict::after_gap});
    CHECK(check.missing() == 2);
    CHECK(see_all(check, {2, 3, 5}) == std::vector{verdict::out_of_order, verdict::out_of_order, verdict::in_order});
    CHECK(check.missing() == 0);
}

TEST_CASE("a number that comes again is a duplicate", "[apps][bench]") {
    order_check check{0};

    CHECK(see_all(check, {0, 0, 1, 3, 1, 3, 2, 2}) ==
          std::vector{verdict::in_order, verdict::duplicate, verdict::in_order, verdict::after_gap, verdict::duplicate,
                      verdict::duplicate, verdict::out_of_order, verdict::duplicate});
    CHECK(check.missing() == 0);
}

TEST_CASE("numbers far behind are duplicates unless some are missing", "[apps][bench]") {
    order_check whole{0}, holey{0};
    for (std::uint64_t i = 0; i < 200; ++i) (void)whole.see(i);
    for (std::uint64_t i = 1; i < 200; ++i) (void)holey.see(i);

    CHECK(whole.see(0) == verdict::duplicate);
    CHECK(holey.missing() == 1);
    CHECK(holey.see(0) == verdict::out_of_order);
    CHECK(holey.see(0) == verdict::duplicate);
}

TEST_CASE("a gap of any size is counted", "[apps][bench]") {
    for (std::uint64_t gap : {1U, 62U, 63U, 64U, 1000U}) {
        order_check check{0};
        (void)check.see(0);

        CHECK(check.see(gap + 1) == verdict::after_gap);
        CHECK(check.missing() == gap);
        CHECK(check.see(gap + 1) == verdict::duplicate);
    }
}

TEST_CASE("what was sent before the first seen is late and not missing", "[apps][bench]") {
    order_check check{10};

    CHECK(see_all(check, {10, 9, 11}) == std::vector{verdict::in_order, verdict::out_of_order, verdict::in_order});
    CHECK(check.missing() == 0);
}

TEST_CASE("a stamp comes out of a payload as it went in", "[apps][bench]") {
    std::array<std::byte, 40> payload{};
    stamp const               what{0x0123'4567'89AB'CDEF, 42, ~std::uint64_t{0}};
    put_stamp(payload, what);

    CHECK(find_stamp(payload) == what);
    CHECK(find_stamp(std::span(payload).first(stamp::size)) == what);
    CHECK_FALSE(find_stamp(std::span(payload).first(stamp::size - 1)));
    payload[0] = std::byte{0};
    CHECK_FALSE(find_stamp(payload));
}

TEST_CASE("a pace names the times by plan however late it is asked", "[apps][bench]") {
    time_point const start{1h};
    pace             plan{start, 10ms};

    CHECK_FALSE(plan.take(start - 1ns));
    CHECK(plan.take(start + 35ms) == start);
    CHECK(plan.behind(start + 35ms) == 3);
    CHECK(plan.take(start + 35ms) == start + 10ms);
    CHECK(plan.take(start + 35ms) == start + 20ms);
    CHECK(plan.take(start + 35ms) == start + 30ms);
    CHECK_FALSE(plan.take(start + 35ms));
    CHECK(plan.due() == start + 40ms);
    CHECK(plan.behind(start + 35ms) == 0);
}

TEST_CASE("without an interval a message is due when asked for", "[apps][bench]") {
    time_point const start{1h};
    pace             plan{start, 0ms};

    CHECK(plan.take(start + 5ms) == start + 5ms);
    CHECK(plan.take(start + 5ms) == start + 5ms);
    CHECK(plan.behind(start + 1h) == 0);
}
