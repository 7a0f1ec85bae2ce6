// What a broker promises and a store is to make true: changes in the order in which they happen, and the clock that answers wait for.
#pragma once

#include <functional>
#include <utility>

#include <aldis/broker_store.hpp>
#include <aldis/session/state.hpp>

namespace aldis::serving {

/// Without a store nothing is noted, and nothing waits.
class journal {
public:
    /// From now on there is a store. `wake` is called when there is something for it after there was nothing.
    void begin(std::function<void()> wake) {
        clock_ = {1, 0};
        wake_ = std::move(wake);
    }

    bool is_kept() const noexcept { return clock_.done != session::commit_clock{}.done; }

    template <class What>
    void note(What what) {
        if (!is_kept()) return;
        tell_first();
        entries_.emplace_back(std::in_place_type<What>, std::move(what));
    }

    /// What `state` has recorded, as changes of session `no`.
    void take(broker_store::session_no no, session::state& state) {
        auto const changes = state.changes();
        if (changes.empty()) return;
        tell_first();
        for (auto const& each : changes) entries_.emplace_back(std::in_place_type<broker_store::session_changed>, broker_store::session_changed{no, each});
        state.changes_taken();
    }

    bool                         empty() const noexcept { return entries_.empty(); }
    session::commit_clock const& clock() const noexcept { return clock_; }

    /// All that was noted, as a batch or added to one, and that batch's number.
    std::uint64_t move_to(broker_store::batch& to) {
        if (to.empty()) to.swap(entries_);
        else for (auto& each : entries_) to.push_back(std::move(each));
        entries_.clear();
        return clock_.filling++;
    }

    void committed(std::uint64_t batch) noexcept { clock_.done = batch; }

    // While the store fails nobody new is let in, and nothing is taken that it would have to keep.
    bool is_failing() const noexcept { return is_failing_; }
    void failing(bool on) noexcept { is_failing_ = on; }

private:
    void tell_first() const {
        if (entries_.empty() && wake_) wake_();
    }

    session::commit_clock clock_{};
    std::function<void()> wake_{};
    broker_store::batch   entries_{};
    bool                  is_failing_ = false;
};

} // namespace aldis::serving
