// A session's changes on their way to its store: one batch is being committed, the next one gathers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/session_store.hpp>

#include "last_batch.hpp"
#include "mailbox.hpp"

namespace aldis {

namespace asio = boost::asio;

/// Used from one executor. Moves the commit clock that the engines of the session look at.
class store_driver : public std::enable_shared_from_this<store_driver> {
public:
    store_driver(asio::any_io_executor const& ex, std::shared_ptr<session_store> store, std::shared_ptr<session::state> state);

    /// Makes the session again from what the store has. Blocks while the store is read. Then client_id() and subscriptions() tell the rest.
    error_code load();

    session::commit_clock const&          clock() const noexcept { return clock_; }
    std::string const&                    client_id() const noexcept { return client_id_; }
    std::vector<kept_subscription> const& subscriptions() const noexcept { return subscriptions_; }      // as they were loaded
    std::string                           failure() const { return store_->failure(); }

    // What is kept with the next batch: the identifier that the server assigned, and what is subscribed to.
    void keep_client_id(std::string id);
    void keep(kept_subscription what);
    void forget_subscription(std::string filter);

    /// Begins to commit what has changed, if nothing is being committed. To be called when a turn of the loop has made its changes.
    void gather();

    /// gather() at the end of this turn.
    void gather_soon();

    /// Whom it works for.
    class watcher {
    public:
        virtual void committed() = 0;                              // the clock has moved
        /// Nothing of the batch is kept, and it is tried again soon, with what the watcher makes of the session now: `fresh` are the
        /// messages that the store does not have, oldest first.
        virtual void commit_failed(error_code why, std::vector<session::delivery_no> const& fresh) = 0;
        virtual bool waits_for_commit() const = 0;                 // though nothing changed
    protected:
        ~watcher() = default;
    };
    void watch(watcher& who) noexcept { watcher_ = &who; }

    /// Until the next change nothing is tried again, so that the loop may end.
    void rest();

    /// What has changed is given to the store, also what gathered while a batch was being committed, and the store is closed; nobody is
    /// called any more and the executor is not used after this.
    void leave() noexcept;

private:
    void take_changes();
    void begin();
    void ended(error_code ec);
    void failed(error_code ec);
    bool has_changes() const noexcept;

    asio::any_io_executor                 ex_;
    std::shared_ptr<session_store>        store_;
    std::shared_ptr<session::state>       state_;
    asio::steady_timer                    again_;
    session::commit_clock                 clock_{1, 0};
    std::shared_ptr<session_store::batch> batch_{};                // being committed, or waiting to be tried again
    std::uint64_t                         batch_no_ = 0;
    std::optional<std::string>            new_client_id_{};
    std::map<std::string, session_store::subscription_change> new_subscriptions_{};
    std::string                           client_id_{};
    std::vector<kept_subscription>        subscriptions_{};
    std::shared_ptr<mailbox>              mail_;
    std::shared_ptr<last_batch>           last_;
    watcher*                              watcher_ = nullptr;
    bool                                  is_posted_ = false;
    bool                                  is_failing_ = false;     // the batch is not being committed now
    bool                                  is_resting_ = false;
};

} // namespace aldis
