// Slow attackers against every listener: all are cut off, and those who come with good intentions are served meanwhile.
// ALDIS_ATTACK_SOCKETS=1000 plays the long form: so many of each kind, one kind after the other, with 10 seconds each.
#include "attack.hpp"

#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// Sanitizers keep what was freed and shadow the rest: there memory says nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_memory_told = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool is_memory_told = false;
#else
constexpr bool is_memory_told = true;
#endif
#else
constexpr bool is_memory_told = true;
#endif

// For each connection that is not through: what OpenSSL keeps for a handshake, and our share. A bound, not a measure.
constexpr std::size_t most_memory = 160 * 1024;

bool raise_descriptors(std::size_t needed) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed) return true;
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, needed));
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= needed;
}

round_result play(attack_plan const& plan) {
    round_result result{};
    certificate_folder();                                          // made here, not by each process
    std::fflush(stdout);
    player defenders([&](int director) { defend_from(plan, director); });
    if (!receive_value(defenders.socket(), result)) result.is_complete = false;
    return result;
}

void print(attack_plan const& plan, round_result const& r) {
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
        auto const& [connected, closed, last] = r.attacks[g];
        std::printf("%-5s %-17s %5zu connected, %5zu closed, the last after %5.2f s\n", std::string(name_of(plan.groups[g].via)).c_str(),
                    attack_names[static_cast<std::size_t>(plan.groups[g].how)], connected, closed, last);
    }
    auto const mega = [](std::size_t bytes) { return static_cast<double>(bytes) / 1048576; };
    auto const sockets = static_cast<double>(plan.groups.size() * plan.sockets);
    std::printf("  memory %.1f MB before, %.1f at most, %.1f after: %.1f KB a socket\n", mega(r.memory_before), mega(r.memory_peak),
                mega(r.memory_after), static_cast<double>(r.memory_peak - r.memory_before) / 1024 / sockets);
    for (std::size_t i = 0; i < listened.size(); ++i)
        std::printf("  served meanwhile over %-5s %4zu, failed %zu; p50 %6.1f ms, p99 %6.1f ms\n", std::string(name_of(listened[i])).c_str(),
                    r.services[i].served, r.services[i].failed, r.services[i].p50, r.services[i].p99);
}

void check(attack_plan const& plan, round_result const& r) {
    REQUIRE(r.is_complete);
    std::size_t expired = r.cut_after_handshake, accepted = 0;
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
        CAPTURE(g);
        CHECK(r.attacks[g].connected == plan.sockets);
        CHECK(r.attacks[g].closed == plan.sockets);
    }
    for (std::size_t i = 0; i < listened.size(); ++i) {
        CAPTURE(i);
        CHECK(r.services[i].served > 0);
        CHECK(r.services[i].failed == 0);
        CHECK(r.counts[i].handshakes == 0);
        CHECK(r.counts[i].refused_for_address == 0);
        expired += r.counts[i].timed_out;
        accepted += r.counts[i].accepted;
    }
    CHECK(expired >= plan.groups.size() * plan.sockets);
    CHECK(accepted >= plan.groups.size() * plan.sockets);
    if (is_memory_told) CHECK(r.memory_peak - r.memory_before < plan.groups.size() * plan.sockets * most_memory);
}

} // namespace

TEST_CASE("slow attackers are cut off and others are served meanwhile", "[transport][listener][attack]") {
    auto const* const        asked = std::getenv("ALDIS_ATTACK_SOCKETS");
    std::vector<attack_plan> rounds;
    attack_plan              plan;
    if (asked) {
        plan.sockets = std::strtoul(asked, nullptr, 10);
        plan.deadline = 10s;
        plan.trickle = 1s;
        for (auto const& each : all_groups) rounds.emplace_back(plan).groups = {each};
    } else {
        plan.groups.assign(all_groups.begin(), all_groups.end());
        rounds.push_back(plan);
    }
    REQUIRE(raise_descriptors(rounds.front().groups.size() * rounds.front().sockets + 500));

    for (auto const& each : rounds) {
        auto const result = play(each);
        print(each, result);
        check(each, result);
    }
}
