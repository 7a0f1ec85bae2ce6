// Lines of `bench` while it runs: each second, one for each count that has moved.
#pragma once

#include <array>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "settings.hpp"
#include "tally.hpp"

namespace aldis::app::bench {

namespace asio = boost::asio;

/// "3s pub total=2970 rate=990.00/sec", on standard output, or on standard error with --json.
class progress {
public:
    progress(asio::io_context& io, settings const& wanted, counters const& counts) : wanted_(wanted), counts_(counts), timer_(io) {}

    void start();
    void stop() { timer_.cancel(); }

private:
    static constexpr std::size_t lines = 10;

    void wait();
    void print();

    settings const&                  wanted_;
    counters const&                  counts_;
    asio::steady_timer               timer_;
    std::array<std::uint64_t, lines> before_{};
    time_point                       next_{};
    time_point                       last_{};
    std::uint64_t                    second_ = 0;
};

} // namespace aldis::app::bench
