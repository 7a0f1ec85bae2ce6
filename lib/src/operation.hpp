// A started operation: its handler, called once on its own executor, which is kept busy until then.
#pragma once

#include <tuple>
#include <utility>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace aldis {

namespace asio = boost::asio;

template <class... Results>
class operation {
public:
    using handler_type = asio::any_completion_handler<void(Results...)>;

    operation(handler_type handler, asio::any_io_executor const& io)
        : handler_(std::move(handler)),
          on_(asio::prefer(asio::any_completion_executor(asio::get_associated_executor(handler_, io)), tracked)),
          io_(asio::prefer(io, tracked)) {}

    /// `cancelled` is called with the cancellation type; it must look whether the operation is still there before it ends it.
    template <class Cancelled>
    void on_cancel(Cancelled cancelled) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.assign(std::move(cancelled));
    }

    /// Ends the operation: its handler runs later, on its executor, never inside this call. The way leads over the I/O executor, since an
    /// erased completion executor can dispatch but not post.
    void complete(Results... results) && { std::move(*this).complete_then([] {}, std::move(results)...); }

    /// And when the handler has returned, `after` runs on the I/O executor.
    template <class After>
    void complete_then(After after, Results... results) && {
        auto const io = io_;
        asio::post(io, arrived<After>{std::move(*this), std::move(after), {std::move(results)...}});
    }

private:
    static constexpr auto tracked = asio::execution::outstanding_work.tracked;

    template <class After>
    struct ran {
        handler_type           handler;
        After                  after;
        std::tuple<Results...> results;
        asio::any_io_executor  io;

        void operator()() {
            std::apply([this](auto&... each) { std::move(handler)(std::move(each)...); }, results);
            asio::dispatch(io, std::move(after));
        }
    };

    template <class After>
    struct arrived {
        operation              op;
        After                  after;
        std::tuple<Results...> results;

        void operator()() {
            // The slot may serve the caller's next operation, which must not find this one in it.
            auto slot = asio::get_associated_cancellation_slot(op.handler_);
            if (slot.is_connected()) slot.clear();
            asio::dispatch(op.on_, ran<After>{std::move(op.handler_), std::move(after), std::move(results), std::move(op.io_)});
        }
    };

    handler_type                   handler_;
    asio::any_completion_executor  on_;                             // both count as work outstanding until the handler has run
    asio::any_io_executor          io_;
};

} // namespace aldis
