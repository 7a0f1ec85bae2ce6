// The result of a run of `bench`.
#include "result.hpp"

#include <array>
#include <string_view>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace aldis::app::bench {
namespace {

constexpr std::array counts_shown{
    named_count{"connected", &counters::connected},           named_count{"connect_failed", &counters::connect_failed},
    named_count{"connection_lost", &counters::connection_lost}, named_count{"subscribed", &counters::subscribed},
    named_count{"subscribe_failed", &counters::subscribe_failed}, named_count{"sent", &counters::sent},
    named_count{"completed", &counters::completed},           named_count{"publish_failed", &counters::publish_failed},
    named_count{"received", &counters::received},             named_count{"foreign", &counters::foreign},
    named_count{"unchecked", &counters::unchecked},           named_count{"lost", &counters::lost},
    named_count{"duplicates", &counters::duplicates},         named_count{"out_of_order", &counters::out_of_order},
    named_count{"overrun", &counters::overrun},
};

struct percent_row {
    std::string_view name;
    double           percent;
};
constexpr std::array percents{percent_row{"p50", 50.0}, percent_row{"p90", 90.0}, percent_row{"p99", 99.0}, percent_row{"p99.9", 99.9}};

double seconds_of(duration time) { return std::chrono::duration<double>(time).count(); }
double rate_of(tally const& counts, duration time) { return time.count() > 0 ? static_cast<double>(counts.measured()) / seconds_of(time) : 0.0; }

std::string line_of(std::string_view name, duration_histogram const& times) {
    auto const ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
    auto out = fmt::format("{:8} n {}  min {:.3f}  mean {:.3f}", name, times.count(), ms(times.min()), times.mean() / 1e6);
    for (auto const& row : percents) out += fmt::format("  {} {:.3f}", row.name, ms(times.percentile(row.percent)));
    return out + fmt::format("  max {:.3f} ms\n", ms(times.max()));
}

boost::json::object object_of(duration_histogram const& times) {
    boost::json::object out{{"count", times.count()}, {"min", times.min()}, {"mean", static_cast<std::uint64_t>(times.mean())}};
    for (auto const& row : percents) out[row.name] = times.percentile(row.percent);
    out["max"] = times.max();
    return out;
}

} // namespace

std::string result_text(settings const& wanted, tally const& counts, duration measured_time) {
    std::string out = fmt::format("{}:", wanted.name);
    for (auto const& row : counts_shown)
        if (auto const value = counts.count.*row.value; value > 0) out += fmt::format(" {} {}", row.name, value);
    out += "\n";
    if (measured_time.count() > 0 && counts.measured() > 0)
        out += fmt::format("rate     {:.0f} messages/s over {:.3f} s\n", rate_of(counts, measured_time), seconds_of(measured_time));
    if (!counts.connects().empty()) out += line_of("connect", counts.connects());
    if (!counts.latencies().empty()) out += line_of("latency", counts.latencies());
    for (auto const& [text, times] : counts.failures()) out += fmt::format("error    {} times: {}\n", times, text);
    return out;
}

std::string result_json(settings const& wanted, tally const& counts, duration measured_time) {
    boost::json::object out{{"bench", wanted.name}, {"clients", wanted.clients}, {"clean", counts.is_clean()}};
    if (wanted.what != mode::conn) out["qos"] = static_cast<int>(wanted.qos);
    if (wanted.publishes()) {
        out["size"] = wanted.size;
        out["inflight"] = wanted.window;
        out["interval_ns"] = wanted.interval.count();
    }
    for (auto const& row : counts_shown) out[row.name] = counts.count.*row.value;
    out["seconds"] = seconds_of(measured_time);
    out["rate"] = rate_of(counts, measured_time);
    out["connect_ns"] = object_of(counts.connects());
    out["latency_ns"] = object_of(counts.latencies());
    boost::json::object failures;
    for (auto const& [text, times] : counts.failures()) failures[text] = times;
    out["errors"] = std::move(failures);
    return boost::json::serialize(out) + "\n";
}

} // namespace aldis::app::bench
