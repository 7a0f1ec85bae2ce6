// Batches grow by themselves: what changes while one is being written makes the next.
#include "store_driver.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <unordered_set>
#include <utility>

#include <boost/asio/post.hpp>

namespace aldis {
namespace {

using session::change;

constexpr std::chrono::seconds pause_after_failure{1};

/// A message that came and went within the batch needs no trace in the store.
void cancel_out(std::vector<change>& changes) {
    using what = change::what;
    std::unordered_set<session::delivery_no> made, over;
    for (auto const& each : changes) {
        if (each.kind == what::cleared) return;                    // the same numbers may follow once more
        if (each.kind == what::queued) made.insert(each.no);
        if (each.kind == what::finished && made.contains(each.no)) over.insert(each.no);
    }
    if (over.empty()) return;
    std::erase_if(changes, [&](change const& each) { return each.no != 0 && over.contains(each.no); });
}

/// What was before the session was cleared does not matter any more.
void forget_cleared(std::vector<change>& changes) {
    auto const last = std::find_if(changes.rbegin(), changes.rend(), [](change const& each) { return each.kind == change::what::cleared; });
    if (last != changes.rend()) changes.erase(changes.begin(), std::prev(last.base()));
}

} // namespace

store_driver::store_driver(asio::any_io_executor const& ex, std::shared_ptr<session_store> store, std::shared_ptr<session::state> state)
    : ex_(ex), store_(std::move(store)), state_(std::move(state)), again_(ex), mail_(std::make_shared<mailbox>()), last_(std::make_shared<last_batch>()) {}

error_code store_driver::load() {
    session_store::contents found;
    if (auto const ec = store_->load(found)) return ec;
    for (auto const& each : found.changes)
        if (!state_->replay(each)) {
            state_->clear();
            store_->close();
            return error::store_corrupt;
        }
    state_->keep_changes(true);
    client_id_ = std::move(found.client_id);
    subscriptions_ = std::move(found.subscriptions);
    return {};
}

// ---- What is kept beside the session ----------------------------------------------------------------------------------------

void store_driver::keep_client_id(std::string id) {
    if (id == client_id_) return;
    client_id_ = id;
    new_client_id_ = std::move(id);
    gather_soon();
}

void store_driver::keep(kept_subscription what) {
    auto const filter = what.filter;
    new_subscriptions_.insert_or_assign(filter, session_store::subscription_change{std::move(what), false});
    gather_soon();
}

void store_driver::forget_subscription(std::string filter) {
    auto const key = filter;
    new_subscriptions_.insert_or_assign(key, session_store::subscription_change{{std::move(filter)}, true});
    gather_soon();
}

// ---- Batches ----------------------------------------------------------------------------------------------------------------

void store_driver::gather_soon() {
    if (std::exchange(is_posted_, true)) return;
    asio::post(ex_, [self = shared_from_this()] {
        self->is_posted_ = false;
        self->gather();
    });
}

bool store_driver::has_changes() const noexcept { return !state_->changes().empty() || new_client_id_ || !new_subscriptions_.empty(); }

void store_driver::gather() {
    if (batch_ && !is_resting_) return;
    if (!has_changes() && !batch_) {
        if (!watcher_ || !watcher_->waits_for_commit()) return;
        clock_.done = clock_.filling++;                            // nothing to write makes everything true
        return watcher_->committed();
    }
    if (!batch_) batch_ = std::make_shared<session_store::batch>();
    take_changes();
    begin();
}

/// Adds what has changed to the batch, which then is worth all changes until now.
void store_driver::take_changes() {
    auto const changes = state_->changes();
    batch_->changes.insert(batch_->changes.end(), changes.begin(), changes.end());
    state_->changes_taken();
    forget_cleared(batch_->changes);
    cancel_out(batch_->changes);
    if (auto id = std::exchange(new_client_id_, std::nullopt)) batch_->client_id = std::move(id);
    for (auto& each : std::exchange(new_subscriptions_, {})) batch_->subscriptions.push_back(std::move(each.second));
    batch_no_ = clock_.filling++;
}

void store_driver::begin() {
    is_failing_ = is_resting_ = false;
    mail_->open(ex_);
    last_->asked();
    store_->commit(batch_, [mail = mail_, last = last_, weak = weak_from_this()](error_code ec) {
        last->answered(ec);
        mail->post([weak, ec] {
            if (auto const self = weak.lock()) self->ended(ec);
        });
    });
}

void store_driver::ended(error_code ec) {
    if (!watcher_) return;                                         // nobody waits for it any more
    if (ec) return failed(ec);
    batch_.reset();
    clock_.done = batch_no_;
    watcher_->committed();
    gather();
}

void store_driver::failed(error_code ec) {
    is_failing_ = true;
    std::vector<session::delivery_no> fresh;
    bool const begins_anew = !batch_->changes.empty() && batch_->changes.front().kind == change::what::cleared;
    for (auto const& each : batch_->changes)                       // what is queued once more after `cleared` may have been kept before
        if (each.kind == change::what::queued && !begins_anew) fresh.push_back(each.no);
    again_.expires_after(pause_after_failure);
    again_.async_wait([self = shared_from_this()](error_code stopped) {
        if (stopped || !self->watcher_ || !self->is_failing_) return;
        self->take_changes();
        self->begin();
    });
    watcher_->commit_failed(ec, fresh);
}

void store_driver::rest() {
    if (!is_failing_) return;
    is_resting_ = true;
    again_.cancel();
}

void store_driver::leave() noexcept {
    watcher_ = nullptr;
    mail_->close();
    again_.cancel();
    if (batch_ && is_failing_) {                                   // tried once more
        take_changes();
        store_->commit(batch_, [](error_code) {});
    } else if (has_changes()) {
        batch_ = std::make_shared<session_store::batch>();         // the one before may still be looked at
        take_changes();
        last_->commit(store_, batch_);
    }
    store_->close();
}

} // namespace aldis
