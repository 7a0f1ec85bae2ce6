// A broker in virtual time with a store that a test can hold up, and which alone is left when it is killed.
#pragma once

#include <memory>

#include <lib/broker_model.hpp>

#include "guests.hpp"

namespace aldis::test {

/// A broker with a store; killed, only what was committed is left of it.
class kept_house {
public:
    kept_house() { begin(); }

    house& operator*() { return *house_; }
    house* operator->() { return house_.get(); }

    /// The store does not answer from now on.
    void stall() { house_->commits = nullptr; }

    /// The store answers again.
    void go_on() {
        house_->commits = [this](broker_store::entry const& each) { disk.apply(each); };
        house_->settle();
    }

    void kill() {
        stall();
        auto const when = house_->now;
        house_.reset();
        begin();
        house_->now = when;
        REQUIRE(house_->core.restore(disk.contents(), when));
        house_->settle();
    }

    broker_model disk{};

private:
    void begin() {
        bool const is_first = house_ == nullptr && disk.sessions_.empty() && disk.retained_.empty();
        house_ = std::make_unique<house>();
        house_->commits = [this](broker_store::entry const& each) { disk.apply(each); };
        if (is_first) REQUIRE(house_->core.restore({}, house_->now));
    }

    std::unique_ptr<house> house_{};
};

} // namespace aldis::test
