// A completion handler in waiting: called once, on its own executor, which is kept busy until then.
#pragma once

#include <tuple>
#include <utility>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <aldis/transport/error.hpp>

namespace aldis::transport {

template <class... Args>
class completion {
public:
    using handler_type = asio::any_completion_handler<void(Args...)>;

    completion(handler_type handler, asio::any_io_executor const& io)
        : handler_(std::move(handler)), work_(asio::make_work_guard(handler_, io)), io_(io) {}

    /// Calls `on_cancel(cancellation_type)` when the caller cancels. It may come late, after the operation has ended: it must look
    /// before it acts, and may not call the handler directly.
    template <class OnCancel>
    void when_cancelled(OnCancel on_cancel) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.assign(std::move(on_cancel));
    }

    /// Ends the operation: the handler runs later, never inside this call. An erased executor can dispatch but not post, hence the hop
    /// over the I/O executor.
    void post(Args... args) && {
        auto const io = io_;
        asio::post(io, [self = std::move(*this), values = std::tuple<Args...>(std::move(args)...)]() mutable {
            std::apply([&](auto&... each) { std::move(self).invoke(std::move(each)...); }, values);
        });
    }

private:
    void invoke(Args... args) && {
        // The slot may serve the caller's next operation, which must not find our handler in it.
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.clear();
        auto const on = work_.get_executor();
        auto const work = std::move(work_);
        asio::dispatch(on, asio::append(std::move(handler_), std::move(args)...));
    }

    handler_type                                                handler_;
    asio::executor_work_guard<asio::any_completion_executor>    work_;
    asio::any_io_executor                                       io_;
};

} // namespace aldis::transport
