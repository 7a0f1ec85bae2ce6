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
    sys_row{"bytes/received", [](core const& c) -> std::uint64_t { return c.counted().bytes_in; }},
    sys_row{"bytes/sent", [](core const& c) -> std::uint64_t { return c.counted().bytes_out; }},
};

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
    return begun_ && options_->sys_interval().count() != 0 ? sys_rows.size() + limit_rows.size() + in_words : 0;
}

/// What has changed since the last time.
void core::publish_sys(time_point now) {
    sys_due_ = now + session::duration(options_->sys_interval());
    said_.resize(sys_rows.size() + limit_rows.size());
    for (std::size_t i = 0; i < sys_rows.size(); ++i) {
        auto const value = sys_rows[i].value(*this);
        if (said_[i] == value) continue;
        said_[i] = value;
        say_sys(sys_rows[i].topic, std::to_string(value), now);
    }
    for (std::size_t i = 0; i < limit_rows.size(); ++i) {
        auto const value = limit_rows[i].value(limits());
        if (std::exchange(said_[sys_rows.size() + i], value) != value) say_sys("limits/" + std::string(limit_rows[i].name), std::to_string(value), now);
    }
    say_sys("uptime", std::to_string(std::chrono::floor<std::chrono::seconds>(now - *begun_).count()) + " seconds", now);
}

void core::say_sys(std::string_view topic, std::string_view value, time_point now) {
    auto content = session::message::make("$SYS/broker/" + std::string(topic), {}, to_bytes(value));
    if (content) (void)publish({std::move(*content), qos_level::at_most_once, true, {}}, 0, now);
}

} // namespace aldis::serving
