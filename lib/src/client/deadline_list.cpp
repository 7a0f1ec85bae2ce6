// One timer for all: it is set for the earliest, and one that is due too early just looks again.
#include "deadline_list.hpp"

#include <algorithm>
#include <chrono>

#include <aldis/connection.hpp>

namespace aldis {

namespace {

constexpr session::duration no_end = std::chrono::hours{24 * 365};

} // namespace

session::time_point deadline_list::from_now(session::duration span) { return connection::now() + std::min(span, no_end); }

void deadline_list::add(session::time_point at, kind what, std::uint64_t no) {
    entries_.emplace(at, what, no);
    arm();
}

void deadline_list::remove(session::time_point at, kind what, std::uint64_t no) {
    if (entries_.erase({at, what, no}) == 0 || !entries_.empty()) return;
    armed_.reset();                                                // the loop may end
    timer_.cancel();
}

void deadline_list::clear_all() {
    entries_.clear();
    armed_.reset();
    timer_.cancel();
}

void deadline_list::leave() noexcept {
    who_ = nullptr;
    clear_all();
}

void deadline_list::arm() {
    if (entries_.empty()) return;
    auto const due = std::get<0>(*entries_.begin());
    if (armed_ && *armed_ <= due) return;
    armed_ = due;
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(due.time_since_epoch())));
    timer_.async_wait([self = shared_from_this(), no = ++wait_no_](boost::system::error_code ec) {
        if (!ec && no == self->wait_no_) self->fire();
    });
}

void deadline_list::fire() {
    armed_.reset();
    auto const now = connection::now();
    while (who_ && !entries_.empty() && std::get<0>(*entries_.begin()) <= now) {
        auto const [at, what, no] = *entries_.begin();
        entries_.erase(entries_.begin());
        who_->on_deadline(what, no);
    }
    arm();
}

} // namespace aldis
