// What gathers while a batch is being committed, for when its owner does not wait for the answer any more: it is committed behind that batch.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <aldis/session_store.hpp>

namespace aldis {

/// Between the executor of a session and the thread on which its store answers.
class last_batch {
public:
    using batch = session_store::batch;

    /// A commit begins; answered() tells its end.
    void asked() {
        std::lock_guard const lock(guard_);
        is_asked_ = true;
    }

    /// On the store's thread. Behind a batch that is not kept nothing is.
    void answered(error_code ec) {
        std::unique_lock lock(guard_);
        is_asked_ = false;
        said_ = ec;
        auto const what = std::exchange(behind_, nullptr);
        auto const to = store_.lock();
        lock.unlock();
        if (what && to && !ec) to->commit(what, [](error_code) {});
    }

    /// Commits `what` now, or when the batch before has been answered; the store's close() waits for both.
    void commit(std::shared_ptr<session_store> const& to, std::shared_ptr<batch const> what) {
        std::unique_lock lock(guard_);
        if (is_asked_) {
            store_ = to;
            behind_ = std::move(what);
            return;
        }
        bool const is_kept = !said_;
        lock.unlock();
        if (is_kept) to->commit(std::move(what), [](error_code) {});
    }

private:
    std::mutex                   guard_{};
    bool                         is_asked_ = false;
    error_code                   said_{};
    std::weak_ptr<session_store> store_{};
    std::shared_ptr<batch const> behind_{};
};

} // namespace aldis
