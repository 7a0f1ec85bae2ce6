// TCP's own probing of a silent connection.
#pragma once

#include <chrono>

namespace aldis::transport {

/// SO_KEEPALIVE and its times; 0 leaves one to the system.
class tcp_keep_alive {
public:
    tcp_keep_alive() = default;
    tcp_keep_alive(std::chrono::seconds idle, std::chrono::seconds interval, int probes) : idle_(idle), interval_(interval), probes_(probes) {}

    std::chrono::seconds idle() const noexcept { return idle_; }
    std::chrono::seconds interval() const noexcept { return interval_; }
    int                  probes() const noexcept { return probes_; }

private:
    std::chrono::seconds idle_{0};
    std::chrono::seconds interval_{0};
    int                  probes_ = 0;
};

} // namespace aldis::transport
