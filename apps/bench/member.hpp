// One client of a run: connects, subscribes, publishes by its plan, checks what it receives.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/client.hpp>

#include "settings.hpp"
#include "tally.hpp"

namespace aldis::app::bench {

/// Who a run's clients tell what has happened. Called from the event loop.
class member_owner {
public:
    /// The client is connected and subscribed, or will never be.
    virtual void on_ready(bool works) = 0;
    /// A message came to its end, or the connection did.
    virtual void on_progress() = 0;

protected:
    ~member_owner() = default;
};

/// What all clients of a run have in common.
struct company {
    asio::io_context&                 io;
    settings const&                   wanted;
    transport::connect_options const& way;
    tally&                            counts;
    member_owner&                     owner;
};

class member {
public:
    member(company const& with, std::uint32_t number);

    /// Connects; `intended` is when that was planned.
    void connect(time_point intended);

    /// Publishes from `start` on, `quota` messages (0: no end).
    void begin(time_point start, std::uint64_t quota);
    /// Publishes nothing more.
    void end_sending(time_point now);

    /// Says DISCONNECT; `done` is called once, at once where there is no connection.
    void leave(std::function<void()> done);

    /// Messages sent and not complete: not acknowledged, or in rtt not returned.
    std::uint64_t outstanding() const noexcept;

private:
    struct sent_message {
        session::delivery_no no;
        time_point           intended;
        bool                 done = false;
    };

    void on_connected(error_code const& why, connect_result const& answer);
    void subscribe();
    void fail_to_start(std::string_view what);
    void on_message(received_message const& m);
    void on_delivered(session::delivery_no no, error_code const& why, publish_result const& answer);
    void on_lost(error_code const& why);

    void pump();
    void wait_for_due();
    bool has_room() const noexcept;
    bool send(time_point intended);
    void wait_for_output(time_point intended);
    void settle(time_point intended, error_code const& why);

    company                  with_;
    std::uint32_t            number_;
    std::string              client_id_;
    std::string              topic_;
    client                   client_;
    asio::steady_timer       timer_;
    time_point               connect_intended_{};
    pace                     pace_{};
    publish_options          how_{};
    byte_buffer              payload_{};
    std::uint64_t            sender_ = 0;
    std::uint64_t            sent_ = 0;
    std::uint64_t            settled_ = 0;                         // of these: acknowledged, failed, or at QoS 0 in the output
    std::uint64_t            returned_ = 0;                        // of these, in rtt
    std::uint64_t            quota_ = 0;
    std::deque<sent_message> under_way_{};                         // QoS 1 and 2, in the order of their numbers
    bool                     ready_ = false;
    bool                     sending_ = false;
    bool                     pumping_ = false;                     // a call of pump() is on the way
    bool                     leaving_ = false;
};

} // namespace aldis::app::bench
