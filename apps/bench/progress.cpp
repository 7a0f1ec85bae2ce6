// Lines of `bench` while it runs.
#include "progress.hpp"

#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace aldis::app::bench {
namespace {

// The names are emqtt_bench's where it has the count.
constexpr std::array table{
    named_count{"connect_succ", &counters::connected},     named_count{"connect_fail", &counters::connect_failed},
    named_count{"connect_lost", &counters::connection_lost}, named_count{"sub", &counters::subscribed},
    named_count{"sub_fail", &counters::subscribe_failed},  named_count{"pub", &counters::completed},
    named_count{"pub_fail", &counters::publish_failed},    named_count{"recv", &counters::received},
    named_count{"duplicate", &counters::duplicates},       named_count{"out_of_order", &counters::out_of_order},
};

} // namespace

void progress::start() {
    static_assert(table.size() == lines);
    last_ = clock::now();
    next_ = last_;
    wait();
}

void progress::wait() {
    next_ += std::chrono::seconds{1};
    timer_.expires_at(next_);
    timer_.async_wait([this](boost::system::error_code const& why) {
        if (why) return;
        ++second_;
        print();
        wait();
    });
}

void progress::print() {
    auto const now = clock::now();
    auto const seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    auto* const out = wanted_.json ? stderr : stdout;
    for (std::size_t i = 0; i < table.size(); ++i) {
        auto const value = counts_.*table[i].value;
        auto const more = value - before_[i];
        before_[i] = value;
        if (more > 0) fmt::print(out, "{}s {} total={} rate={:.2f}/sec\n", second_, table[i].name, value, static_cast<double>(more) / seconds);
    }
    std::fflush(out);
}

} // namespace aldis::app::bench
