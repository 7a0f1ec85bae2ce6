// All clients of a run, from the first connect to the last DISCONNECT.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/transport/connect_options.hpp>

#include "member.hpp"
#include "progress.hpp"
#include "settings.hpp"
#include "tally.hpp"

namespace aldis::app::bench {

/// One run, in phases: connecting, one client after the other by plan; running; finishing, while what is on its way arrives; leaving.
/// A signal (SIGINT, SIGTERM) ends the running phase, a second one everything.
class fleet final : public member_owner {
public:
    explicit fleet(settings const& wanted);

    /// Plays the run to its end.
    void run();

    tally const& counts() const noexcept { return counts_; }
    /// From the end of the warm-up to the end of sending or receiving.
    duration     measured_time() const noexcept;

private:
    enum class phase : std::uint8_t { connecting, running, finishing, leaving };

    void on_ready(bool works) override;
    void on_progress() override;
    void on_signal();

    void connect_due();
    void begin();
    void finish();
    void finish_if_all_came();
    void leave();
    void left();
    void count_lost();

    bool          reached_limit() const noexcept;
    std::uint64_t outstanding() const noexcept;
    void          after(duration time, void (fleet::*then)());

    settings const&                      wanted_;
    asio::io_context                     io_{1};
    asio::steady_timer                   timer_;
    asio::signal_set                     signals_;
    transport::connect_options           way_;
    tally                                counts_{};
    progress                             progress_;
    std::vector<std::unique_ptr<member>> members_{};
    pace                                 connects_{};
    time_point                           measure_from_{};
    time_point                           last_message_{};
    std::size_t                          started_ = 0;
    std::size_t                          decided_ = 0;             // connected or failed
    std::size_t                          working_ = 0;
    std::size_t                          present_ = 0;             // have not left
    phase                                phase_ = phase::connecting;
};

} // namespace aldis::app::bench
