// How a client that was started comes back: how long it waits, what it does not try again, where else it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <aldis/error.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis {

class connect_options;
class connection_cause;

/// Doubling from `first` to `longest`, and of that a random part, so that clients cut off together do not come back together.
struct backoff {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds longest{60'000};
    /// 0: always the full delay; 1 ("full jitter"): anything between nothing and it.
    double                    jitter = 1.0;
};

/// The delay before attempt `attempt` (the first one after a loss is 0), for a `chance` that the caller draws evenly from 0 to 1.
constexpr std::chrono::milliseconds delay_before(unsigned attempt, backoff const& how, double chance) noexcept {
    auto       full = how.first < how.longest ? how.first : how.longest;
    for (unsigned i = 0; i < attempt && full < how.longest; ++i) full = full > how.longest / 2 ? how.longest : full * 2;
    auto const even = chance < 0 ? 0.0 : chance > 1 ? 1.0 : chance;
    auto const part = 1.0 - how.jitter * even;
    return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(static_cast<double>(full.count()) * part)};
}

/// Evenly spread numbers from a seed: splitmix64. Not for secrets.
class chance_source {
public:
    constexpr explicit chance_source(std::uint64_t seed) noexcept : state_(seed) {}
    /// From 0 to below 1.
    constexpr double next() noexcept {
        auto z = state_ += 0x9E37'79B9'7F4A'7C15U;
        z = (z ^ (z >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D0'49BB'1331'11EBU;
        return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
    }

private:
    std::uint64_t state_;
};

/// An attempt that waits for the program's word. Copies are one attempt; the first call of go() or give_up() counts, from any thread, and when
/// the last copy goes without one, that is give_up(). What the options are changed to holds for this attempt only.
class connect_attempt {
public:
    struct body;
    explicit connect_attempt(std::shared_ptr<body> is) noexcept : body_(std::move(is)) {}

    /// Of this attempt, its address among them; live as long as a copy of this object. Not to be touched after go() or give_up().
    connect_options&        options() const noexcept;
    /// Of the attempt or connection before; cause_kind::none when there was none.
    connection_cause const& last_cause() const noexcept;
    unsigned                number() const noexcept;

    void go() const;
    /// Over a stream of the program's own, instead of dialling.
    void go(std::unique_ptr<transport::stream> over) const;
    /// Ends the client's running with cause_kind::hook.
    void give_up(error_code why = {}) const;

private:
    std::shared_ptr<body> body_;
};

/// What client::start() and async_run() go by.
class reconnect_policy {
public:
    enum class order : std::uint8_t {
        failover,      // after a loss begin with the first server again
        rotation,      // go on with the next one
    };
    using judge = std::function<bool(connection_cause const&)>;
    using hook  = std::function<void(connect_attempt)>;

    reconnect_policy() = default;

    // ---- When -----------------------------------------------------------------------------------------------------------

    /// 1 s to 60 s with full jitter by default.
    reconnect_policy& delays(std::chrono::milliseconds first, std::chrono::milliseconds longest) noexcept;
    reconnect_policy& jitter(double value) noexcept { delays_.jitter = value; return *this; }
    /// A connection that stood so long is a success: delays and attempts begin anew after it. 30 s by default.
    reconnect_policy& stable_after(std::chrono::milliseconds value) noexcept { stable_after_ = value; return *this; }
    /// So many attempts without a stable connection, then no more; 0, the default: without end.
    reconnect_policy& attempts(unsigned value) noexcept { attempts_ = value; return *this; }
    /// Whether the very first attempt is tried again like any other. By default it is not: a program that was told a wrong address hears
    /// of it at once.
    reconnect_policy& retry_first(bool value) noexcept { retry_first_ = value; return *this; }
    /// Makes delays repeat, for tests; otherwise they differ from client to client.
    reconnect_policy& seed(std::uint64_t value) noexcept { seed_ = value; return *this; }

    // ---- Whether --------------------------------------------------------------------------------------------------------

    /// Which causes are final. By default those of is_final_by_default().
    reconnect_policy& final_if(judge value) { final_if_ = std::move(value); return *this; }
    /// Bad credentials, not authorised, a certificate that fails, an authenticator that is not content, a version the server does not speak,
    /// and options of ours that cannot work.
    static bool is_final_by_default(connection_cause const& cause) noexcept;
    bool        is_final(connection_cause const& cause) const { return final_if_ ? final_if_(cause) : is_final_by_default(cause); }

    // ---- Where ----------------------------------------------------------------------------------------------------------

    /// Further servers beside the address of the options, tried one after the other without delay; the delay comes when none was left. User
    /// name and password of an address are for that server, those of the options for servers without.
    reconnect_policy& also(transport::endpoint server) { servers_.push_back(std::move(server)); return *this; }
    reconnect_policy& go_by(order value) noexcept { order_ = value; return *this; }
    /// How many times in a row a Server Reference (reasons 0x9C and 0x9D) is followed; 3 by default, 0: never. Scheme, path, options and
    /// credentials stay. No server is visited twice without a stable connection in between.
    reconnect_policy& redirects(unsigned value) noexcept { redirects_ = value; return *this; }
    /// Whether 3.1.1 is tried where a server refuses 5.0, at once, and kept to there; on by default.
    reconnect_policy& fall_back(bool value) noexcept { fall_back_ = value; return *this; }

    /// Called before each attempt; the attempt waits until it is told to go.
    reconnect_policy& before_attempt(hook value) { before_attempt_ = std::move(value); return *this; }

    // ---- What was chosen ------------------------------------------------------------------------------------------------

    backoff const&                          delays() const noexcept { return delays_; }
    std::chrono::milliseconds               stable_after() const noexcept { return stable_after_; }
    unsigned                                attempts() const noexcept { return attempts_; }
    bool                                    retry_first() const noexcept { return retry_first_; }
    std::uint64_t                           seed() const noexcept { return seed_; }
    std::vector<transport::endpoint> const& servers() const noexcept { return servers_; }
    order                                   go_by() const noexcept { return order_; }
    unsigned                                redirects() const noexcept { return redirects_; }
    bool                                    fall_back() const noexcept { return fall_back_; }
    hook const&                             before_attempt() const noexcept { return before_attempt_; }

private:
    backoff                          delays_{};
    std::chrono::milliseconds        stable_after_{30'000};
    std::vector<transport::endpoint> servers_{};
    judge                            final_if_{};
    hook                             before_attempt_{};
    std::uint64_t                    seed_ = 0;
    unsigned                         attempts_ = 0;
    unsigned                         redirects_ = 3;
    order                            order_ = order::failover;
    bool                             retry_first_ = false;
    bool                             fall_back_ = true;
};

} // namespace aldis
