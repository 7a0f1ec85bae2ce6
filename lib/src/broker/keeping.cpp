// Batches grow by themselves: what changes while one is being written makes the next.
#include "keeping.hpp"

#include <chrono>
#include <utility>

#include <aldis/connection.hpp>

#include "store/mailbox.hpp"

namespace aldis::serving {

namespace {

constexpr std::chrono::seconds pause_after_failure{1};

} // namespace

/// What the store's thread has to say, to the executor or to whoever waits for it.
struct keeping::exchange {
    mailbox                 mail;
    std::mutex              guard;
    std::condition_variable came;
    bool                    is_open = false;                       // an answer is to come
    error_code              said{};

    void wait() {
        std::unique_lock lock(guard);
        came.wait(lock, [this] { return !is_open; });
    }
};

keeping::keeping(asio::any_io_executor ex, std::shared_ptr<broker_store> store, core& of)
    : ex_(std::move(ex)), store_(std::move(store)), core_(&of), again_(ex_), exchange_(std::make_shared<exchange>()) {}

error_code keeping::load() {
    broker_store::contents found;
    if (auto const ec = store_->load(found)) return ec;
    if (core_->restore(std::move(found), connection::now())) return {};
    store_->close();
    return error::store_corrupt;
}

void keeping::gather() {
    if (!core_ || batch_) return;
    auto& journal = core_->notes();
    if (!journal.empty()) {
        batch_ = std::make_shared<broker_store::batch>();
        return begin();
    }
    if (!core_->waits_for_commit()) return;
    broker_store::batch nothing;                                   // nothing to write makes everything true
    core_->committed(journal.move_to(nothing), connection::now());
}

/// With what has been noted until now.
void keeping::begin() {
    batch_no_ = core_->notes().move_to(*batch_);
    auto const with = exchange_;
    with->mail.open(ex_);
    with->is_open = true;
    store_->commit(batch_, [with, weak = weak_from_this()](error_code ec) {
        with->mail.post([weak, ec] {
            if (auto const self = weak.lock()) self->ended(ec);
        });
        std::lock_guard const lock(with->guard);
        with->is_open = false;
        with->said = ec;
        with->came.notify_one();
    });
}

void keeping::ended(error_code ec) {
    if (!core_) return;
    bool const was_failing = std::exchange(is_failing_, bool(ec));
    core_->notes().failing(is_failing_);
    if (was_failing != is_failing_ && on_state) on_state(ec ? store_->failure() : std::string());
    if (!ec) {
        batch_.reset();
        core_->committed(batch_no_, connection::now());
        return gather();
    }
    again_.expires_after(pause_after_failure);
    again_.async_wait([weak = weak_from_this()](error_code stopped) {
        auto const self = weak.lock();
        if (!stopped && self && self->core_ && self->is_failing_) self->begin();
    });
}

void keeping::leave() noexcept {
    if (!core_) return;
    again_.cancel();
    exchange_->mail.close();
    exchange_->wait();
    bool const was_written = batch_ && !is_failing_ && !exchange_->said;
    if (was_written) batch_.reset();
    if (batch_ || !core_->notes().empty()) {
        if (!batch_) batch_ = std::make_shared<broker_store::batch>();
        begin();
        exchange_->mail.close();
        exchange_->wait();
    }
    core_ = nullptr;
    store_->close();
}

} // namespace aldis::serving
