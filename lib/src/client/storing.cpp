// A client with a store: what waits for a commit, and what is refused while the store fails.
#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

void client::impl::open_store() {
    if (!options_.store()) return;
    auto const driver = std::make_shared<store_driver>(io_, options_.store(), state_);
    store_error_ = driver->load();
    store_failure_ = driver->failure();
    if (store_error_) return;
    store_ = driver;
    store_->watch(*this);
    if (!store_->client_id().empty()) connected_as_.in_use(store_->client_id(), 0, {});
    expire();
    restore_subscriptions();
}

/// Beginning anew means without them.
void client::impl::restore_subscriptions() {
    auto const& kept = store_->subscriptions();
    if (kept.empty()) return;
    if (!options_.clean_start()) return routes().restore(kept);
    for (auto const& each : kept) store_->forget_subscription(each.filter);
}

bool client::impl::keep_subscription(kept_subscription what) {
    if (store_) store_->keep(std::move(what));
    return store_ != nullptr;
}

void client::impl::drop_subscription(std::string const& filter) {
    if (store_) store_->forget_subscription(filter);
}

/// A store that could not be opened is tried again: whoever used it may be gone.
error_code client::impl::flaw_of_store() {
    if (!options_.store()) return {};
    if (!store_) open_store();
    if (!store_) return store_error_;
    return options_.session_expiry().count() > 0 ? error_code{} : make_error_code(error::store_needs_session);
}

void client::impl::on_turn() {
    admit();
    if (store_) store_->gather();
}

/// The session changed and no connection has a turn for it.
void client::impl::changed_offline() {
    if (store_) store_->gather_soon();
}

void client::impl::committed() {
    auto const self = shared_from_this();
    store_error_ = {};
    if (connection_) {
        connection_->engine().committed(connection::now());
        connection_->flush();
    }
    while (auto const* const first = stored_.first()) {
        if (first->batch > store_->clock().done) return;
        if (auto op = take_publish(stored_.first_no())) std::move(*op).complete({}, {});
    }
}

/// What the store does not have and nobody was sent is given up: an error at once is worth more than a promise that may never be kept.
/// Messages of which that can not be said (a session that began anew) stay, and go on waiting.
void client::impl::commit_failed(error_code why, std::vector<session::delivery_no> const& fresh) {
    auto const self = shared_from_this();
    store_error_ = why;
    store_failure_ = store_->failure();
    std::vector<session::delivery_no> given_up;
    for (auto no = fresh.rbegin(); no != fresh.rend(); ++no)
        if (withdraw(*no)) given_up.push_back(*no);
    for (auto no = given_up.rbegin(); no != given_up.rend(); ++no) settle(*no, why, {});
    if (auto const handler = on_store_failure_) handler(why, store_failure_);
}

bool client::impl::waits_for_commit() const { return connection_ && connection_->engine().waits_for_commit(); }

void client::impl::leave_store() {
    if (store_) store_->leave();
}

} // namespace aldis
