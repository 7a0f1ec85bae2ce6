// A store that commits late, and at a crash loses what it had not committed.
#pragma once

#include <span>
#include <vector>

#include <aldis/session/state.hpp>

namespace aldis::simulation {

class store {
public:
    explicit store(bool durable = false) noexcept : durable_(durable) {
        if (!durable_) return;
        clock_ = {1, 0};
        log_.reserve(64);
    }

    bool durable() const noexcept { return durable_; }
    session::commit_clock const& clock() const noexcept { return clock_; }
    bool busy() const noexcept { return busy_; }

    /// Takes what gathered. With `compact` the batch is a snapshot that replaces everything before it.
    void begin(session::state& from, bool compact) {
        auto const changes = from.changes();
        if (compact) replacement_ = from.snapshot();
        else log_.insert(log_.end(), changes.begin(), changes.end());
        from.changes_taken();
        replaces_ = compact;
        busy_ = true;
        ++clock_.filling;
    }

    void commit() {
        if (replaces_) log_.swap(replacement_);
        replaces_ = busy_ = false;
        committed_ = log_.size();
        clock_.done = clock_.filling - 1;
    }

    /// The process ends. True when `fresh` could be made what was committed.
    bool restore(session::state& fresh) {
        log_.resize(committed_);
        replaces_ = busy_ = false;
        for (auto const& c : log_)
            if (!fresh.replay(c)) return false;
        fresh.keep_changes(true);
        clock_.done = clock_.filling++;
        return true;
    }

    /// What is committed.
    std::span<session::change const> log() const noexcept { return std::span{log_}.first(committed_); }

private:
    session::commit_clock        clock_{};
    std::vector<session::change> log_{};                           // what is committed, and behind it the batch under way
    std::vector<session::change> replacement_{};                   // the batch under way when it is a snapshot
    std::size_t                  committed_ = 0;
    bool                         durable_;
    bool                         busy_ = false;
    bool                         replaces_ = false;
};

} // namespace aldis::simulation
