// What it costs to find the filters that want a topic, among few and among many.
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <aldis/codec/topic_trie.hpp>

using namespace aldis;

namespace {

/// Filters as devices have them: each its own, one in ten with a wildcard in the middle, one in a hundred for all of a house.
std::string filter(std::int64_t i) {
    auto const house = "house/" + std::to_string(i / 100);
    if (i % 100 == 0) return house + "/#";
    if (i % 10 == 1) return house + "/+/device-" + std::to_string(i % 100) + "/state";
    return house + "/floor-" + std::to_string(i % 3) + "/device-" + std::to_string(i % 100) + "/state";
}

void match(benchmark::State& state) {
    topic_trie<std::int64_t> tree;
    for (std::int64_t i = 0; i < state.range(0); ++i) tree.add(filter(i), i);
    std::int64_t  found = 0, asked = 0;
    std::uint64_t at = 12'345;
    // Topics made beforehand: a pause of the clock costs more than what is measured.
    std::vector<std::string> topics;
    while (topics.size() < 4'096) {
        at = at * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        auto const i = static_cast<std::int64_t>((at >> 33U) % static_cast<std::uint64_t>(state.range(0)));
        topics.push_back("house/" + std::to_string(i / 100) + "/floor-" + std::to_string(i % 3) + "/device-" + std::to_string(i % 100) + "/state");
    }
    for (auto _ : state) {
        tree.match(topics[static_cast<std::size_t>(asked) % topics.size()], [&](std::int64_t) { ++found; });
        ++asked;
    }
    state.counters["matches"] = benchmark::Counter(static_cast<double>(found) / static_cast<double>(asked));
}

} // namespace

BENCHMARK(match)->Arg(100)->Arg(10'000)->Arg(100'000);
