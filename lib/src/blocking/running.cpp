// Who runs the loop: a thread of the client's own, or whoever waits for something.
#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "core.hpp"

namespace aldis::blocking {

// ---- Waiting is running, where nobody else runs ------------------------------------------------------------------------

template <class Predicate>
bool core::run_until(lock_type& lock, Predicate is_reached, clock::time_point until) {
    while (!is_reached()) {
        if (clock::now() >= until) return false;
        if (sync_->runner == std::thread::id() && !has_thread_) run_once(lock, until);
        else sync_->changed.wait_until(lock, until);
    }
    return true;
}

void core::run_once(lock_type& lock, clock::time_point until) {
    struct turn {
        monitor&   sync;
        lock_type& held;

        ~turn() {
            held.lock();
            sync.runner = {};
            sync.changed.notify_all();
        }
    };
    sync_->runner = std::this_thread::get_id();
    lock.unlock();
    turn const mine{*sync_, lock};
    if (io_.stopped()) io_.restart();
    io_.run_one_until(until);
}

bool core::wait(ticket const& what, clock::time_point until) {
    keep_out_of_handlers("wait");
    lock_type  lock(sync_->mutex);
    bool const is_there = run_until(lock, [&] { return what.done || !is_busy(); }, until);
    if (what.done) {
        if (!what.wrong) return true;
        auto const wrong = what.wrong;
        lock.unlock();
        static constexpr char const* tried[] = {"not connected to ", "not published to ", "not subscribed to ", "not unsubscribed from ", "no answer from "};
        raise(wrong, what.what, tried[static_cast<std::size_t>(what.what)] + ("'" + what.subject + "'"));
    }
    if (is_there) raise(failed(error::not_connected, "not connected, and nothing is under way to that: call connect() first"), what.what, "wait()");
    return false;
}

// ---- A thread of our own ----------------------------------------------------------------------------------------------

void core::start() {
    lock_type lock(sync_->mutex);
    if (has_thread_) return;
    if (sync_->runner != std::this_thread::get_id()) {
        wait_for_threads(lock);
        if (has_thread_) return;
    }
    if (thread_.joinable()) thread_.detach();                      // it is this one, and ends by itself
    stopped_ = false;
    has_thread_ = true;
    ++threads_;
    thread_ = std::thread([self = shared_from_this(), no = ++thread_no_] { self->run_thread(no); });
}

void core::run_thread(std::uint64_t no) {
    lock_type lock(sync_->mutex);
    while (no == thread_no_) {
        if (sync_->runner != std::thread::id()) {
            sync_->changed.wait(lock);
            continue;
        }
        sync_->runner = std::this_thread::get_id();
        lock.unlock();
        io_.restart();
        io_.run();
        lock.lock();
        sync_->runner = {};
        sync_->changed.notify_all();
    }
    --threads_;
    sync_->changed.notify_all();
}

/// Those that may not go on.
void core::wait_for_threads(lock_type& lock) {
    sync_->changed.wait(lock, [&] { return threads_ == 0 || has_thread_; });
    if (has_thread_ || !thread_.joinable()) return;
    auto ended = std::move(thread_);
    lock.unlock();
    ended.join();
    lock.lock();
}

void core::stop() {
    lock_type  lock(sync_->mutex);
    bool const is_handler = sync_->runner == std::this_thread::get_id();
    if (has_thread_) ++thread_no_;
    has_thread_ = false;
    auto const wanted = ++stops_asked_;
    asio::post(io_, [this] { shut_down(); });
    if (is_handler) return;
    run_until(lock, [&] { return stops_ >= wanted; }, end_of_time());
    wait_for_threads(lock);
}

void core::abandon() {
    calls.clear();
    stop();
    std::lock_guard const lock(sync_->mutex);
    if (thread_.joinable()) thread_.detach();                      // we are in one of its handlers, and it holds what it needs
}

void core::shut_down() {
    drop_connection();
    timer_.cancel();
    fail_all(failed(asio::error::operation_aborted, "the client was stopped"));
    move_to(phase::idle);
    {
        std::lock_guard const lock(sync_->mutex);
        ++stops_;
        stopped_ = true;
    }
    sync_->changed.notify_all();
    io_.stop();                                                    // a thread looks whether it may go on; others run one handler at a time
}

// ---- The caller's thread ----------------------------------------------------------------------------------------------

void core::run() {
    keep_out_of_handlers("run");
    lock_type lock(sync_->mutex);
    if (!stopped_ && !over_ && !is_busy()) {
        lock.unlock();
        post_begin(nullptr);
        lock.lock();
    }
    run_caller(lock, end_of_time());
}

bool core::run_for(milliseconds time) {
    keep_out_of_handlers("run_for");
    lock_type lock(sync_->mutex);
    return run_caller(lock, clock::now() + std::min<clock::duration>(time, std::chrono::hours(24 * 365)));
}

/// True: the time was up first.
bool core::run_caller(lock_type& lock, clock::time_point until) {
    in_run_ = true;
    run_until(lock, [&] { return stopped_ || over_ || thrown_; }, until);
    in_run_ = false;
    if (auto const thrown = std::exchange(thrown_, nullptr)) {
        lock.unlock();
        std::rethrow_exception(thrown);
    }
    bool const was_stopped = std::exchange(stopped_, false);
    bool const was_over = std::exchange(over_, false);
    auto const why = std::exchange(gave_up_, {});
    bool const goes_on = !was_stopped && !was_over && is_busy();
    lock.unlock();
    if (was_over && !was_stopped && why) raise(why, asked_for::connection, "the client has given up");
    return goes_on;
}

int core::run_until_signal() {
    keep_out_of_handlers("run_until_signal");
    {
        std::lock_guard const lock(sync_->mutex);
        signal_ = 0;
    }
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](error_code ec, int number) {
        if (ec) return;
        {
            std::lock_guard const lock(sync_->mutex);
            signal_ = number;
        }
        leave(std::chrono::seconds(2));
    });
    run();
    std::lock_guard const lock(sync_->mutex);
    return signal_;
}

} // namespace aldis::blocking
