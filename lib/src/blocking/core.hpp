// The inside of a blocking client: a client on a loop of its own, and the rules by which other threads reach it. One source file for each
// group of functions. What is not marked otherwise belongs to the loop and is touched on its thread only.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/client.hpp>
#include <aldis/session_store.hpp>
#include <numbered.hpp>

#include "handlers.hpp"
#include "ticket.hpp"

namespace aldis::blocking {

class core : public std::enable_shared_from_this<core> {
public:
    using milliseconds = std::chrono::milliseconds;
    using lock_type = std::unique_lock<std::mutex>;

    explicit core(blocking_config config);
    ~core();

    // ---- running.cpp: any thread ----------------------------------------------------------------------------------------
    void start();
    void stop();
    void abandon();                                                // stop(), when the handle goes
    void run();
    bool run_for(milliseconds time);
    int  run_until_signal();
    bool wait(ticket const& what, clock::time_point until);
    /// Throws when this is a handler's thread.
    void keep_out_of_handlers(char const* function) { if (sync_->is_here()) raise_in_handler(function); }

    // ---- connecting.cpp: any thread -------------------------------------------------------------------------------------
    void connect();
    void connect_async();
    void reconnect();
    void disconnect(milliseconds patience);
    void reinitialise(blocking_config config);
    bool is_connected() const { return connected_.load(); }
    void will(std::optional<will_message> value);

    // ---- publishing.cpp, subscribing.cpp: any thread --------------------------------------------------------------------
    ticket_ptr publish(std::string_view topic, payload_view payload, publish_options const& how);
    ticket_ptr ask(std::string_view topic, payload_view payload, milliseconds patience, publish_options const& how);
    ticket_ptr subscribe(subscribe_list to, blocking_client::message_handler handler);
    ticket_ptr unsubscribe(unsubscribe_list from);

    void     log(log_handler handler);
    void     tap(tap_handler see);
    void     user_data(std::any value);
    std::any user_data() const;

    handlers calls{};

private:
    enum class phase : std::uint8_t { idle, connecting, open, waiting, leaving };

    struct outgoing {
        ticket_ptr      ticket;
        std::string     topic;
        byte_buffer     payload;
        publish_options how;
    };
    struct request {
        ticket_ptr                                     ticket;
        bool                                           has_handler;
        std::variant<subscribe_list, unsubscribe_list> what;
    };

    // ---- core.cpp
    ticket_ptr make_ticket(asked_for what, std::string subject);
    void       settle(ticket_ptr const& done, failure wrong, reason_code reason = reason_code::success, std::vector<reason_code> codes = {});
    void       say(log_level level, std::string_view what);
    void       pass_on_log();
    void       pass_on_tap();
    void       make_client();
    /// What asked for something that can not come any more learns it; returns how many messages there were.
    std::size_t fail_all(failure const& why);
    template <class Slot, class... Arguments>
    void call(Slot const& slot, char const* name, Arguments const&... arguments) {
        if (auto const handler = slot.take()) guarded(name, [&] { (*handler)(arguments...); });
    }
    template <class Function>
    void guarded(char const* name, Function function) {
        try {
            function();
        } catch (...) { handler_threw(name, std::current_exception()); }
    }
    void handler_threw(char const* name, std::exception_ptr what);

    // ---- running.cpp
    template <class Predicate>
    bool run_until(lock_type& lock, Predicate is_reached, clock::time_point until);
    void run_once(lock_type& lock, clock::time_point until);
    void run_thread(std::uint64_t no);
    void shut_down();
    void wait_for_threads(lock_type& lock);
    bool run_caller(lock_type& lock, clock::time_point until);
    bool is_busy() const noexcept { return !idle_ || connects_asked_ > 0; }

    // ---- connecting.cpp
    void move_to(phase next);
    void post_begin(ticket_ptr waiting);
    void begin(ticket_ptr waiting);
    void again();
    void attempt();
    void attempted(std::uint64_t no, error_code ec, connect_result const& result);
    void opened(connect_result const& result);
    bool fall_back(error_code const& ec);
    bool is_final(error_code const& ec) const;
    void attempt_failed(failure const& why);
    void retry(failure const& why, bool was_open);
    void give_up(failure const& why, bool is_asked_for);
    void ended(error_code ec, disconnect_result const& result);
    void leave(milliseconds patience);
    void leave_if_done();
    void say_goodbye();
    void begin_after_leaving();
    void told_over(failure const& why);
    void drop_connection();

    // ---- publishing.cpp
    void take(outgoing message);
    void send(outgoing message);
    void sent(ticket_ptr const& ticket, error_code ec, publish_result const& result);
    void flush_waiting();
    void ask(ticket_ptr const& asked, std::string_view topic, bytes_view payload, request_options const& how);

    // ---- subscribing.cpp
    void take(request asked);
    void send(request asked);
    void answered(request const& asked, error_code ec, subscribe_result const& result);
    void granted(request const& asked, std::vector<reason_code> const& codes);
    void restore_subscriptions();
    void restore(subscribe_list list);
    void arrived(received_message const& message);

    // Any thread.
    std::shared_ptr<monitor>   sync_ = std::make_shared<monitor>();
    std::atomic<bool>          connected_{false};
    std::atomic<bool>          idle_{true};                        // no connection, and nothing under way to one
    std::atomic<unsigned>      connects_asked_{0};                 // and not yet begun
    std::atomic<std::uint64_t> next_id_{1};
    std::atomic<std::size_t>   unfinished_{0};
    std::atomic<std::size_t>   unfinished_bytes_{0};

    // Under the lock of sync_.
    blocking_config    config_;
    std::any           user_data_{};
    std::thread        thread_{};
    bool               has_thread_ = false;                        // start() came, and no stop()
    unsigned           threads_ = 0;                               // of ours that have not ended
    std::uint64_t      thread_no_ = 0;                             // the thread of this number may go on
    std::uint64_t      stops_asked_ = 0;
    std::uint64_t      stops_ = 0;                                 // done so far
    bool               stopped_ = false;                           // until a run has ended by it, or something was begun
    bool               over_ = false;                              // the same for disconnect() and giving up
    failure            gave_up_{};                                 // and why
    bool               in_run_ = false;                            // run() or run_for(): handlers' exceptions go there
    std::exception_ptr thrown_{};
    int                signal_ = 0;

    // The loop's.
    asio::io_context                                              io_{1};
    asio::executor_work_guard<asio::io_context::executor_type>    work_{io_.get_executor()};
    asio::steady_timer                                            timer_{io_};
    std::shared_ptr<session_store>                                store_{};
    std::optional<client>                                         client_{};
    phase                                                         at_ = phase::idle;
    protocol                                                      version_ = protocol::v5;
    std::uint64_t                                                 attempt_no_ = 0;
    std::uint64_t                                                 next_no_ = 1;
    unsigned                                                      failures_ = 0;      // since the last connection
    bool                                                          is_first_ = true;   // no connection was asked for before, or it is the caller's turn
    bool                                                          again_ = false;     // reconnect() ended the connection
    bool                                                          restoring_ = false; // subscriptions that the server may lack
    bool                                                          goodbye_said_ = false;
    std::vector<ticket_ptr>                                       connects_{};
    std::vector<ticket_ptr>                                       connects_after_{};  // disconnect() is under way before them
    std::deque<outgoing>                                          waiting_{};         // for a connection
    numbered<ticket_ptr>                                          under_way_{};
    std::deque<request>                                           requests_{};        // for a connection
    numbered<ticket_ptr>                                          asked_{};           // SUBSCRIBE, UNSUBSCRIBE and requests under way
    std::map<std::string, subscribe_list, std::less<>>            subscribed_{};      // by filter
};

} // namespace aldis::blocking
