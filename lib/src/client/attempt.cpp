// An attempt that waits for the program's word, and where attempts go: servers in turn, references, versions.
#include <algorithm>
#include <string>

#include <boost/asio/post.hpp>

#include "running.hpp"

namespace aldis {

// ---- The program's word ------------------------------------------------------------------------------------------------

connect_attempt::body::~body() {
    if (!decided.exchange(true)) {
        if (!tell) return;
        asio::post(io, [told = std::move(tell), with = std::move(options)]() mutable { told({}, false, std::move(with), nullptr); });
    }
}

void connect_attempt::body::decide(error_code why, bool go_on, std::unique_ptr<transport::stream> over) {
    if (decided.exchange(true)) return;
    asio::post(io, [told = std::move(tell), with = std::move(options), stream = std::move(over), why, go_on]() mutable {
        told(why, go_on, std::move(with), std::move(stream));
    });
}

connect_options&        connect_attempt::options() const noexcept { return body_->options; }
connection_cause const& connect_attempt::last_cause() const noexcept { return body_->last; }
unsigned                connect_attempt::number() const noexcept { return body_->number; }
void                    connect_attempt::go() const { body_->decide({}, true, nullptr); }
void                    connect_attempt::go(std::unique_ptr<transport::stream> over) const { body_->decide({}, true, std::move(over)); }
void                    connect_attempt::give_up(error_code why) const { body_->decide(why, false, nullptr); }

// ---- Where to ----------------------------------------------------------------------------------------------------------

itinerary::itinerary(transport::endpoint first, reconnect_policy const& policy)
    : most_hops_(policy.redirects()), order_(policy.go_by()) {
    servers_.push_back({std::move(first)});
    for (auto const& each : policy.servers()) servers_.push_back({each});
}

bool itinerary::next() {
    redirected_.reset();
    which_ = (which_ + 1) % servers_.size();
    if (++tried_ < servers_.size()) return true;
    tried_ = 0;
    hops_.clear();
    if (order_ == reconnect_policy::order::failover) which_ = 0;
    return false;
}

void itinerary::begin_again() {
    redirected_.reset();
    hops_.clear();
    tried_ = 0;
    which_ = order_ == reconnect_policy::order::failover ? 0 : (which_ + 1) % servers_.size();
}

bool itinerary::follow(std::string_view reference, bool for_good) {
    auto const from = current().where;
    if (from.via() == transport::scheme::local) return false;
    if (hops_.empty()) hops_.push_back(from);
    if (hops_.size() > most_hops_) return false;
    for (auto& place : places_of(reference, from)) {
        if (std::find(hops_.begin(), hops_.end(), place) != hops_.end()) continue;
        hops_.push_back(place);
        if (for_good) {
            servers_[which_] = {std::move(place)};
            redirected_.reset();
        } else {
            redirected_ = stop{std::move(place)};
        }
        return true;
    }
    return false;
}

std::vector<transport::endpoint> places_of(std::string_view reference, transport::endpoint const& like) {
    std::vector<transport::endpoint> found;
    constexpr std::size_t            most = 8;
    while (!reference.empty() && found.size() < most) {
        auto const end = std::min(reference.find(' '), reference.size());
        auto const one = reference.substr(0, end);
        reference.remove_prefix(std::min(end + 1, reference.size()));
        if (one.empty() || one.find_first_of("/@?#") != std::string_view::npos) continue;
        auto const parsed = transport::parse_endpoint(std::string(transport::name_of(like.via())) + "://" + std::string(one));
        if (!parsed.has_value() || parsed->host().empty() || parsed->port() == 0) continue;
        auto place = like;
        found.push_back(std::move(place.host(parsed->host()).port(parsed->port())));
    }
    return found;
}

} // namespace aldis
