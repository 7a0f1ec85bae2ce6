// A deadline for any asynchronous operation: cancel_after() around its completion token.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/error.hpp>

namespace aldis {

/// What cancel_after() returns; itself a completion token.
template <class Token>
struct cancel_after_token {
    Token                               token;
    boost::asio::any_io_executor        executor;
    std::chrono::steady_clock::duration span;
};

/// Around the token of an operation whose first result is an error_code: client.async_connect(cancel_after(client.get_executor(), 5s, token)).
/// When `span` has passed since it was started, it is cancelled as by cancellation_type::terminal, and completes with error::deadline_passed;
/// what cancelling means for it is said there. `executor` is that of the client. The token's own cancellation slot works as before.
template <class Token>
cancel_after_token<std::decay_t<Token>> cancel_after(boost::asio::any_io_executor executor, std::chrono::steady_clock::duration span, Token&& token) {
    return {std::forward<Token>(token), std::move(executor), span};
}

namespace cancelling {

/// Shared by the timer and the operation.
struct watch {
    watch(boost::asio::any_io_executor const& executor, std::chrono::steady_clock::duration span) : timer(executor, span) {}

    boost::asio::steady_timer        timer;
    boost::asio::cancellation_signal signal{};
    std::atomic<bool>                has_fired{false};
};

/// Stands between the operation and the caller's handler.
template <class Handler>
struct handler {
    using executor_type = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
    using allocator_type = boost::asio::associated_allocator_t<Handler>;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    executor_type          get_executor() const noexcept { return boost::asio::get_associated_executor(inner, io); }
    allocator_type         get_allocator() const noexcept { return boost::asio::get_associated_allocator(inner); }
    cancellation_slot_type get_cancellation_slot() const noexcept { return shared->signal.slot(); }

    template <class... Results>
    void operator()(error_code ec, Results&&... results) {
        shared->timer.cancel();
        auto slot = boost::asio::get_associated_cancellation_slot(inner);
        if (slot.is_connected()) slot.clear();
        if (ec == boost::asio::error::operation_aborted && shared->has_fired) ec = error::deadline_passed;
        std::move(inner)(ec, std::forward<Results>(results)...);
    }

    Handler                      inner;
    boost::asio::any_io_executor io;
    std::shared_ptr<watch>       shared;
};

/// Makes the watch when the operation is started, which may be long after the token was made.
template <class Initiation>
struct initiation {
    Initiation                          start;
    boost::asio::any_io_executor        executor;
    std::chrono::steady_clock::duration span;

    template <class Handler, class... Args>
    void operator()(Handler&& inner, Args&&... args) {
        auto const shared = std::make_shared<watch>(executor, span);
        auto       slot = boost::asio::get_associated_cancellation_slot(inner);
        if (slot.is_connected()) slot.assign([shared](boost::asio::cancellation_type type) { shared->signal.emit(type); });
        shared->timer.async_wait([shared](error_code stopped) {
            if (stopped) return;
            shared->has_fired = true;
            shared->signal.emit(boost::asio::cancellation_type::terminal);
        });
        std::move(start)(handler<std::decay_t<Handler>>{std::forward<Handler>(inner), executor, shared}, std::forward<Args>(args)...);
    }
};

} // namespace cancelling
} // namespace aldis

template <class Token, class... Signatures>
struct boost::asio::async_result<aldis::cancel_after_token<Token>, Signatures...> {
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(Initiation&& start, RawToken&& raw, Args&&... args) {
        return boost::asio::async_initiate<Token, Signatures...>(
            aldis::cancelling::initiation<std::decay_t<Initiation>>{std::forward<Initiation>(start), raw.executor, raw.span}, raw.token,
            std::forward<Args>(args)...);
    }
};
