// An operation of a layered stream that waits for its turn, and can be cancelled meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "completion.hpp"

namespace aldis::transport {

/// One place for one outstanding operation, with what it wants and who waits for it.
template <class What, class... Args>
class pending {
public:
    using completion_type = completion<Args...>;

    explicit operator bool() const noexcept { return waiting_.has_value(); }
    What&    what() noexcept { return waiting_->what; }

    /// `on_cancel()` is called when the caller gives up, as long as the operation waits; `owner` must be held by a shared_ptr and own this.
    template <class Owner, class OnCancel>
    void start(std::weak_ptr<Owner> owner, What what, completion_type done, OnCancel on_cancel) {
        waiting_.emplace(std::move(what), std::move(done));
        waiting_->done.when_cancelled([this, owner = std::move(owner), no = ++last_no_, on_cancel](asio::cancellation_type type) mutable {
            auto const self = owner.lock();
            if (self && type != asio::cancellation_type::none && waiting_ && no == last_no_) on_cancel();
        });
    }

    /// Ends the operation, if there is one.
    void finish(Args... args) {
        if (!waiting_) return;
        auto done = std::move(waiting_->done);
        waiting_.reset();
        std::move(done).post(std::move(args)...);
    }

private:
    struct entry {
        entry(What w, completion_type d) : what(std::move(w)), done(std::move(d)) {}

        What            what;
        completion_type done;
    };

    std::optional<entry> waiting_{};
    std::uint64_t        last_no_ = 0;
};

} // namespace aldis::transport
