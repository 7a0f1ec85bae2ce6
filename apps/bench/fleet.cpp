// All clients of a run.
#include "fleet.hpp"

#include <algorithm>
#include <csignal>

#include <boost/asio/post.hpp>
#include <sys/resource.h>

#include <fmt/format.h>

#include "../cli/way.hpp"

namespace aldis::app::bench {
namespace {

constexpr std::size_t connects_in_a_turn = 64;
constexpr rlim_t      descriptors_of_our_own = 32;

// The soft limit is raised as far as that is allowed to everybody.
void make_room_for(std::uint32_t clients) {
    rlimit limit{};
    auto const needed = rlim_t{clients} + descriptors_of_our_own;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= needed) return;
    throw start_error{fmt::format("Error: {} clients need {} file descriptors, and {} are allowed: lower -c, or see 'ulimit -n'.", clients,
                                  needed, limit.rlim_cur)};
}

} // namespace

fleet::fleet(settings const& wanted)
    : wanted_(wanted), timer_(io_), signals_(io_, SIGINT, SIGTERM), way_(way_of(wanted.base.connection)), progress_(io_, wanted, counts_.count) {
    make_room_for(wanted.clients);
}

void fleet::run() {
    members_.reserve(wanted_.clients);
    connects_ = pace{clock::now(), wanted_.connect_interval};
    on_signal();
    progress_.start();
    connect_due();
    io_.run();
}

void fleet::on_signal() {
    signals_.async_wait([this](error_code const& why, int) {
        if (why) return;
        if (phase_ >= phase::finishing) return io_.stop();
        on_signal();
        finish();
    });
}

void fleet::after(duration time, void (fleet::*then)()) {
    timer_.expires_after(time);
    timer_.async_wait([this, then](error_code const& why) { if (!why) (this->*then)(); });
}

// ---- Connecting -------------------------------------------------------------------------------------------------------

void fleet::connect_due() {
    if (phase_ != phase::connecting) return;
    for (std::size_t i = 0; i < connects_in_a_turn && started_ < wanted_.clients; ++i) {
        auto const intended = connects_.take(clock::now());
        if (!intended) {
            timer_.expires_at(connects_.due());
            return timer_.async_wait([this](error_code const& why) { if (!why) connect_due(); });
        }
        auto const number = wanted_.first_number + static_cast<std::uint32_t>(started_++);
        members_.push_back(std::make_unique<member>(company{io_, wanted_, way_, counts_, *this}, number));
        members_.back()->connect(*intended);
    }
    if (started_ < wanted_.clients) asio::post(io_, [this] { connect_due(); });
}

void fleet::on_ready(bool works) {
    ++decided_;
    working_ += works ? 1 : 0;
    if (phase_ == phase::connecting && decided_ == wanted_.clients) begin();
}

// ---- Running ----------------------------------------------------------------------------------------------------------

void fleet::begin() {
    phase_ = phase::running;
    auto const now = clock::now();
    measure_from_ = now + wanted_.warm_up;
    counts_.measure_from(measure_from_);
    if (working_ == 0 || (wanted_.what == mode::conn && wanted_.run_time.count() == 0)) return finish();
    if (wanted_.run_time.count() > 0) after(wanted_.run_time, &fleet::finish);
    if (!wanted_.publishes()) return;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        // Spread over one interval, so that they do not all send at once.
        auto const share = wanted_.interval * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(members_.size());
        auto const quota = wanted_.limit / members_.size() + (i < wanted_.limit % members_.size() ? 1 : 0);
        if (wanted_.limit == 0 || quota > 0) members_[i]->begin(now + share, quota);
    }
}

bool fleet::reached_limit() const noexcept {
    auto const& n = counts_.count;
    if (wanted_.limit == 0) return false;
    return wanted_.publishes() ? n.sent >= wanted_.limit : n.received >= wanted_.limit;
}

void fleet::on_progress() {
    last_message_ = clock::now();
    if (phase_ == phase::running && (reached_limit() || counts_.count.connection_lost >= working_)) return finish();
    if (phase_ == phase::finishing) finish_if_all_came();
}

// ---- The end ----------------------------------------------------------------------------------------------------------

std::uint64_t fleet::outstanding() const noexcept {
    std::uint64_t all = 0;
    for (auto const& each : members_) all += each->outstanding();
    return all;
}

void fleet::finish() {
    if (phase_ >= phase::finishing) return;
    phase_ = phase::finishing;
    auto const now = clock::now();
    for (auto const& each : members_) each->end_sending(now);
    after(wanted_.patience, &fleet::leave);
    finish_if_all_came();
}

void fleet::finish_if_all_came() {
    auto const& n = counts_.count;
    auto const  back = n.received - n.duplicates - n.foreign;
    if (wanted_.publishes() && n.sent > n.completed + n.publish_failed) return;
    if (wanted_.what == mode::rtt && n.sent > back + n.publish_failed) return;
    leave();
}

void fleet::count_lost() {
    auto& n = counts_.count;
    if (wanted_.publishes()) n.lost = outstanding();
    else n.lost = counts_.missing();
}

// Not from inside a client's own handler.
void fleet::leave() {
    if (phase_ == phase::leaving) return;
    phase_ = phase::leaving;
    count_lost();
    signals_.cancel();
    timer_.cancel();
    asio::post(io_, [this] {
        present_ = members_.size() + 1;
        for (auto const& each : members_) each->leave([this] { left(); });
        left();
    });
}

void fleet::left() {
    if (--present_ > 0) return;
    progress_.stop();
    io_.stop();
}

duration fleet::measured_time() const noexcept {
    return last_message_ > measure_from_ ? duration{last_message_ - measure_from_} : duration{0};
}

} // namespace aldis::app::bench
