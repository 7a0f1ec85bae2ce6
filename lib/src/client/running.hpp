// What a client that was started keeps between its attempts.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <aldis/connection_state.hpp>
#include <aldis/options.hpp>
#include <aldis/reconnect.hpp>
#include <aldis/session/time.hpp>

#include "operation.hpp"

namespace aldis {

/// The servers of a policy and which of them is next; references that were followed; versions that were learnt. No I/O, no time.
class itinerary {
public:
    struct stop {
        transport::endpoint     where;
        std::optional<protocol> speaks{};                          // where it refused a later one
    };

    itinerary(transport::endpoint first, reconnect_policy const& policy);

    stop&       current() noexcept { return redirected_ ? *redirected_ : servers_[which_]; }

    /// The attempt failed: turns to the next server. True while one is left that was not tried in this round.
    bool        next();
    /// A connection was lost: a new round begins.
    void        begin_again();
    /// Turns to the first usable server of a Server Reference. False when there is none, or by the guard against loops.
    bool        follow(std::string_view reference, bool for_good);
    /// The connection was stable: references may be followed again.
    void        arrived() noexcept { hops_.clear(); }

private:
    std::vector<stop>                servers_;
    std::vector<transport::endpoint> hops_{};
    std::optional<stop>              redirected_{};
    std::size_t                      which_ = 0;
    std::size_t                      tried_ = 0;
    unsigned                         most_hops_;
    reconnect_policy::order          order_;
};

/// The places that a Server Reference names: "host", "host:port", "[::1]:port", separated by spaces. Others than those are left out.
std::vector<transport::endpoint> places_of(std::string_view reference, transport::endpoint const& like);

struct supervision {
    enum class phase : std::uint8_t { waiting, asking, connecting, open };
    using run_operation = operation<error_code>;

    supervision(asio::any_io_executor const& io, reconnect_policy how, std::uint64_t seed, transport::endpoint first)
        : policy(std::move(how)), chance(policy.seed() != 0 ? policy.seed() : seed), way(std::move(first), policy), timer(io) {}

    reconnect_policy                      policy;
    chance_source                         chance;
    itinerary                             way;
    asio::steady_timer                    timer;
    std::vector<run_operation>            runs{};
    connection_cause                      last{};
    session::time_point                   open_since{};
    std::uint64_t                         timer_no = 0;
    unsigned                              attempt = 0;             // since the start, or since a stable connection
    unsigned                              rounds = 0;              // of failures, what the delay grows by
    phase                                 at = phase::waiting;
    bool                                  was_connected = false;
};

/// What an attempt that waits for its word is made of. Its options outlive the client, should that go first.
struct connect_attempt::body {
    body(asio::any_io_executor on, connect_options with, connection_cause before, unsigned no)
        : io(std::move(on)), options(std::move(with)), last(std::move(before)), number(no) {}
    body(body const&) = delete;
    body& operator=(body const&) = delete;
    ~body();

    using verdict = std::function<void(error_code, bool go_on, connect_options&&, std::unique_ptr<transport::stream>)>;

    void decide(error_code why, bool go_on, std::unique_ptr<transport::stream> over);

    asio::any_io_executor io;
    connect_options       options;
    connection_cause      last;
    unsigned              number;
    verdict               tell{};                                  // called once, on `io`
    std::atomic<bool>     decided = false;
};

} // namespace aldis
