// $SYS/broker/...: what the broker says of itself, under the names that mosquitto gave it.
#include <array>
#include <utility>

#include "core.hpp"
#include "limit_table.hpp"

namespace aldis::serving {

namespace {

struct sys_row {
    std::string_view topic;
    std::uint64_t (*value)(core const& of);
};

constexpr std::array sys_rows{
    sys_row{"clients/total", [](core const& c) -> std::uint64_t { return c.sessions(); }},
    sys_row{"clients/maximum", [](core const& c) -> std::uint64_t { return c.counted().clients_most; }},
    sys_row{"clients/connected", [](core const& c) -> std::uint64_t { return c.counted().clients; }},
    sys_row{"clients/active", [](core const& c) -> std::uint64_t { return c.counted().clients; }},
    sys_row{"clients/disconnected", [](core const& c) -> std::uint64_t { return c.sessions() - c.counted().clients; }},
    sys_row{"clients/inactive", [](core const& c) -> std::uint64_t { return c.sessions() - c.counted().clients; }},
    sys_row{"clients/expired", [](core const& c) -> std::uint64_t { return c.counted().expired_sessions; }},
    sys_row{"subscriptions/count", [](core const& c) -> std::uint64_t { return c.subscriptions().size(); }},
    sys_row{"retained messages/count", [](core const& c) -> std::uint64_t { return c.retained().size(); }},
    sys_row{"store/messages/bytes", [](core const& c) -> std::uint64_t { return c.bytes_kept(); }},
    sys_row{"publish/messages/received", [](core const& c) -> std::uint64_t { return c.counted().messages_in; }},
    sys_row{"publish/messages/sent", [](core const& c) -> std::uint64_t { return c.counted().messages_out; }},
    sys_row{"publish/messages/dropped", [](core const& c) -> std::uint64_t { return c.counted().messages_dropped; }},
    sys_row{"publish/bytes/received", [](core const& c) -> std::uint64_t { return c.counted().payload_in; }},
    sys_row{"publish/bytes/sent", [](core const& c) -> std::uint64_t { return c.counted().payload_out; }},
    sys_row{"messages/received", [](core const& c) -> std::uint64_t { return c.counted().packets_in; }},
    sys_row{"messages/sent", [](core const& c) -> std::uint64_t { return c.counted().packets_out; }},
    sys_row{"bytes/received", [](core const& c) -> std::uint64_t { return c.counted().bytes_in; }},
    sys_row{"bytes/sent", [](core const& c) -> std::uint64_t { return c.counted().bytes_out; }},
};

/// What there is a load average of.
constexpr std::array load_rows{
    sys_row{"load/messages/received", [](core const& c) -> std::uint64_t { return c.counted().packets_in; }},
    sys_row{"load/messages/sent", [](core const& c) -> std::uint64_t { return c.counted().packets_out; }},
    sys_row{"load/publish/received", [](core const& c) -> std::uint64_t { return c.counted().messages_in; }},
    sys_row{"load/publish/sent", [](core const& c) -> std::uint64_t { return c.counted().messages_out; }},
    sys_row{"load/publish/dropped", [](core const& c) -> std::uint64_t { return c.counted().messages_dropped; }},
    sys_row{"load/bytes/received", [](core const& c) -> std::uint64_t { return c.counted().bytes_in; }},
    sys_row{"load/bytes/sent", [](core const& c) -> std::uint64_t { return c.counted().bytes_out; }},
    sys_row{"load/sockets", [](core const& c) -> std::uint64_t { return c.counted().accepted; }},
    sys_row{"load/connections", [](core const& c) -> std::uint64_t { return c.counted().connects; }},
};

constexpr std::size_t loads_place = sys_rows.size() + limit_rows.size();
constexpr std::size_t numbers = loads_place + load_rows.size() * load_average::minutes.size();

std::string in_hundredths(std::uint64_t value) {
    auto const rest = value % 100;
    return std::to_string(value / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest);
}

} // namespace

void core::begin(time_point now) {
    if (!begun_) begun_ = now;
    bound_retained();
    if (options_->sys_interval().count() == 0) return sys_due_.reset();
    if (sys_due_) return;
    say_sys("version", "aldis version " ALDIS_VERSION, now);
    publish_sys(now);
}

/// Those that are retained, and not bounded by what clients may retain.
std::size_t core::own_topics() const noexcept {
    constexpr std::size_t in_words = 2;                            // version, uptime
    return begun_ && options_->sys_interval().count() != 0 ? numbers + in_words : 0;
}

/// What has changed since the last time.
void core::publish_sys(time_point now) {
    sys_due_ = now + session::duration(options_->sys_interval());
    said_.resize(numbers);
    for (std::size_t i = 0; i < sys_rows.size(); ++i) say_number(i, sys_rows[i].topic, sys_rows[i].value(*this), now);
    for (std::size_t i = 0; i < limit_rows.size(); ++i)
        say_number(sys_rows.size() + i, "limits/" + std::string(limit_rows[i].name), limit_rows[i].value(limits()), now);
    publish_loads(now);
    say_sys("uptime", std::to_string(std::chrono::floor<std::chrono::seconds>(now - *begun_).count()) + " seconds", now);
}

void core::publish_loads(time_point now) {
    auto const passed = now - std::exchange(loads_at_, now).value_or(now);
    loads_.resize(load_rows.size());
    for (std::size_t i = 0; i < load_rows.size(); ++i) {
        loads_[i].note(load_rows[i].value(*this), passed);
        for (std::size_t k = 0; k < load_average::minutes.size(); ++k) {
            auto const topic = std::string(load_rows[i].topic) + '/' + std::to_string(load_average::minutes[k]) + "min";
            say_number(loads_place + i * load_average::minutes.size() + k, topic, loads_[i].hundredths(k), now);
        }
    }
}

/// A number that is not what it was the last time.
void core::say_number(std::size_t place, std::string_view topic, std::uint64_t value, time_point now) {
    if (std::exchange(said_[place], value) == value) return;
    say_sys(topic, place < loads_place ? std::to_string(value) : in_hundredths(value), now);
}

void core::say_sys(std::string_view topic, std::string_view value, time_point now) {
    auto content = session::message::make("$SYS/broker/" + std::string(topic), {}, to_bytes(value));
    if (content) (void)publish({std::move(*content), qos_level::at_most_once, true, {}}, 0, now);
}

} // namespace aldis::serving
