// Where a store's thread leaves its answer for the executor that waits for it.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace aldis {

/// Once closed, the executor, and what it stands for, may go.
class mailbox {
public:
    /// An answer is awaited: counts as work until it comes.
    void open(boost::asio::any_io_executor const& ex) {
        std::lock_guard const lock(guard_);
        to_ = boost::asio::prefer(ex, boost::asio::execution::outstanding_work.tracked);
    }

    void close() {
        std::lock_guard const lock(guard_);
        to_.reset();
    }

    /// From any thread.
    template <class Handler>
    void post(Handler handler) {
        std::lock_guard const lock(guard_);
        if (to_) boost::asio::post(*to_, std::move(handler));
        to_.reset();
    }

private:
    std::mutex                                  guard_;
    std::optional<boost::asio::any_io_executor> to_;
};

} // namespace aldis
