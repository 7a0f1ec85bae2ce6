// simulation: runs schedules by seed and prints those that violate an invariant.
//   simulation [--seed N [--trace]] [--from N] [--count N]
#include <chrono>
#include <csignal>
#include <ctime>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include <unistd.h>

#include "world.hpp"

using namespace aldis::simulation;

namespace {

std::uint64_t running = 0;

/// An assertion or a sanitizer ended the process: the seed must not be lost.
extern "C" void tell_seed(int signal_no) {
    char text[64];
    auto const n = std::snprintf(text, sizeof text, "seed %llu: signal %d\n", static_cast<unsigned long long>(running), signal_no);
    if (n > 0 && ::write(STDERR_FILENO, text, static_cast<std::size_t>(n)) < 0) std::_Exit(1);
    std::signal(signal_no, SIG_DFL);
    std::raise(signal_no);
}

bool run(std::uint64_t seed, bool trace, tally& sum) {
    running = seed;
    std::string what;
    try {
        world w{choices{seed}, trace};
        w.run();
        auto const& t = w.counted();
        sum.steps += t.steps;
        sum.messages += t.messages;
        sum.faults += t.faults;
        sum.connections += t.connections;
        return true;
    } catch (violation const& v) {
        what = v.what;
    } catch (std::exception const& e) {
        what = e.what();
    }
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
    return false;
}

struct options {
    std::uint64_t from = 1;
    std::uint64_t count = 10'000;
    std::uint64_t most_failures = 10;
    bool          trace = false;
};

[[noreturn]] void usage() {
    std::fputs("usage: simulation [--seed N [--trace]] [--from N] [--count N] [--failures N]\n"
               "  --seed N      this schedule only; --trace prints each of its steps\n"
               "  --from N      the first seed (1)\n"
               "  --count N     how many schedules (10000, or ALDIS_SIMULATION_COUNT)\n"
               "  --failures N  stop after so many failures (10)\n", stderr);
    std::exit(2);
}

options read_options(int argc, char* argv[]) {
    options o;
    if (char const* const count = std::getenv("ALDIS_SIMULATION_COUNT")) o.count = std::strtoull(count, nullptr, 10);
    for (int i = 1; i < argc; ++i) {
        std::string const name = argv[i];
        if (name == "--trace") {
            o.trace = true;
            continue;
        }
        if (++i == argc) usage();
        char* end = nullptr;
        auto const number = std::strtoull(argv[i], &end, 10);
        if (*end != '\0' || end == argv[i]) usage();
        if (name == "--seed") o.from = number, o.count = 1;
        else if (name == "--from") o.from = number;
        else if (name == "--count") o.count = number;
        else if (name == "--failures") o.most_failures = number;
        else usage();
    }
    return o;
}

} // namespace

int main(int argc, char* argv[]) {
    auto const o = read_options(argc, argv);
    for (int const s : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(s, tell_seed);
    tally sum;
    std::uint64_t failed = 0, done = 0;
    auto const began = std::chrono::steady_clock::now();
    for (; done < o.count && failed < o.most_failures; ++done)
        if (!run(o.from + done, o.trace, sum)) ++failed;
    auto const cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    auto const per = [&](std::uint64_t n) { return done == 0 ? 0.0 : static_cast<double>(n) / static_cast<double>(done); };
    std::printf("%llu schedules from seed %llu, %llu failed; %.0f schedules/s (%.0f of processor time); each %.1f messages, %.1f faults, %.1f connections, %.0f steps\n",
                static_cast<unsigned long long>(done), static_cast<unsigned long long>(o.from), static_cast<unsigned long long>(failed),
                static_cast<double>(done) / seconds, static_cast<double>(done) / cpu, per(sum.messages), per(sum.faults), per(sum.connections), per(sum.steps));
    return failed == 0 && done > 0 ? 0 : 1;
}
