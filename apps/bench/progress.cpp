// Lines of `bench` while it runs.
#include "progress.hpp"

#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace aldis::app::bench {
namespace {

struct line_row {
    std::string_view name;
    std::uint64_t counters::*value;
};

// The names are emqtt_bench's where it has the count.
constexpr std::array table{
    line_row{"connect_succ", &counters::connected},     line_row{"connect_fail", &counters::connect_failed},
    line_row{"connect_lost", &counters::connection_lost}, line_row{"sub", &counters::subscribed},
    line_row{"sub_fail", &counters::subscribe_failed},  line_row{"pub", &counters::completed},
    line_row{"pub_fail", &counters::publish_failed},    line_row{"recv", &counters::received},
    line_row{"duplicate", &counters::duplicates},       line_row{"out_of_order", &counters::out_of_order},
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
