// What each of the compared client programs is told to do, and what it measures: the same for all, whatever library does it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

/// Of the counting library, where it was loaded before this program.
extern "C" unsigned long counted_allocations() __attribute__((weak));

namespace bench {

enum class work { pub, recv, loop };

/// pub: publishes `count` messages and waits for the acknowledgement of each, or at QoS 0 until it is written.
/// recv: receives `count` messages of the mock broker, which begins when "flood/QOS/SIZE/COUNT" is subscribed to.
/// durable: is pub, with what is on its way kept in a file of `folder`.
/// loop: publishes to its own subscription, with at most `window` messages on their way; with window 1 that is the round trip.
struct job {
    work          what = work::pub;
    std::uint16_t port = 0;
    int           qos = 0;
    std::size_t   size = 64;
    unsigned      window = 20;
    std::uint64_t count = 1000;
    std::string   folder{};                                        // where a session is kept; empty: nowhere

    std::uint64_t warm_up() const noexcept { return count / 10; }
    std::uint64_t total() const noexcept { return count + warm_up(); }
    std::string   topic() const {
        if (what == work::recv) return "flood/" + std::to_string(qos) + "/" + std::to_string(size) + "/" + std::to_string(total());
        return what == work::loop ? "echo/own" : "bench/topic";
    }
};

inline std::uint64_t nanoseconds_now() noexcept {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1});
}

/// Counts messages as they are done; measures from the end of the warm-up to the last. Called from one thread at a time.
class meter {
public:
    explicit meter(job const& of) : job_(of) {
        if (of.warm_up() == 0) begin_ = take();
    }

    void done(std::uint64_t messages = 1) noexcept {
        auto const before = done_;
        done_ += messages;
        if (before < job_.warm_up() && done_ >= job_.warm_up()) begin_ = take();
        if (before < job_.total() && done_ >= job_.total()) end_ = take();
    }
    void took(std::uint64_t nanoseconds) {
        if (done_ >= job_.warm_up()) samples_.push_back(nanoseconds);
    }
    std::uint64_t count() const noexcept { return done_; }
    bool          is_done() const noexcept { return done_ >= job_.total(); }

    void print() {
        std::sort(samples_.begin(), samples_.end());
        auto const at = [&](double share) { return samples_.empty() ? 0 : samples_[static_cast<std::size_t>(share * static_cast<double>(samples_.size() - 1))]; };
        std::printf("{\"messages\": %llu, \"seconds\": %.9f, \"user\": %.6f, \"sys\": %.6f, \"allocations\": %lu, \"p50\": %llu, \"p99\": %llu, \"rss_kb\": %ld}\n",
                    static_cast<unsigned long long>(job_.count), end_.wall - begin_.wall, end_.user - begin_.user, end_.sys - begin_.sys,
                    end_.allocations - begin_.allocations, static_cast<unsigned long long>(at(0.5)), static_cast<unsigned long long>(at(0.99)), end_.rss);
    }

private:
    struct moment {
        double        wall = 0, user = 0, sys = 0;
        unsigned long allocations = 0;
        long          rss = 0;
    };
    static moment take() noexcept {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        auto const seconds = [](timeval const& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
        return {static_cast<double>(nanoseconds_now()) / 1e9, seconds(used.ru_utime), seconds(used.ru_stime),
                counted_allocations ? counted_allocations() : 0, used.ru_maxrss};
    }

    job                        job_;
    std::uint64_t              done_ = 0;
    moment                     begin_{}, end_{};
    std::vector<std::uint64_t> samples_{};
};

[[noreturn]] inline void give_up(std::string_view what) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
    std::exit(1);
}

/// PORT pub|recv|loop QOS SIZE WINDOW COUNT, or durable and the folder at the end
inline job read_job(int argc, char** argv) {
    bool const is_durable = argc == 8 && std::string_view(argv[2]) == "durable";
    if (argc != 7 && !is_durable) give_up("usage: PORT pub|recv|loop QOS SIZE WINDOW COUNT, or PORT durable QOS SIZE WINDOW COUNT FOLDER");
    job made;
    made.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    std::string_view const what = argv[2];
    if (what != "pub" && what != "recv" && what != "loop" && !is_durable) give_up("the work is pub, recv or loop");
    made.what = what == "recv" ? work::recv : what == "loop" ? work::loop : work::pub;
    if (is_durable) made.folder = argv[7];
    made.qos = std::atoi(argv[3]);
    made.size = static_cast<std::size_t>(std::atol(argv[4]));
    made.window = static_cast<unsigned>(std::atoi(argv[5]));
    made.count = static_cast<std::uint64_t>(std::atoll(argv[6]));
    if (made.port == 0 || made.qos < 0 || made.qos > 2 || made.size < 8 || made.window == 0 || made.count == 0) give_up("a number is out of range");
    return made;
}

} // namespace bench
