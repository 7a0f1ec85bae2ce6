// The inside of a client: one session, at most one connection, and the operations that wait for something. One source file for each
// group of functions.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include <aldis/client.hpp>
#include <aldis/session/state.hpp>

#include "deadline_list.hpp"
#include "numbered.hpp"
#include "operation.hpp"
#include "requesting.hpp"
#include "routing.hpp"
#include "running.hpp"
#include "store/store_driver.hpp"

namespace aldis {

using connect_operation    = operation<error_code, connect_result>;
using publish_operation    = operation<error_code, publish_result>;
using disconnect_operation = operation<error_code>;
using state_operation      = operation<error_code, connection_state>;
using leave_operation      = operation<error_code, std::size_t>;

/// Lives as long as the handle, a lazy operation or a running dial needs it; after close(for_good) it does nothing any more. The session
/// state is shared with the connection, which may have to outlive both.
class client::impl final : public connection_owner, public store_driver::watcher, public deadline_list::listener,
                           public std::enable_shared_from_this<impl> {
public:
    using outgoing = client::outgoing;

    impl(executor_type io, connect_options options) : io_(std::move(io)), options_(options), given_(std::move(options)) { state_->count_traffic(); }

    executor_type const& executor() const noexcept { return io_; }

    // ---- connecting.cpp: dialling, the handshake, the end ---------------------------------------------------------------
    void connect(std::unique_ptr<transport::stream> over, connect_operation op);
    void disconnect(disconnect_options const& how, disconnect_operation op);
    void close(bool for_good);
    bool is_open() const noexcept { return connection_ && connection_->engine().where() == session::phase::open; }

    // ---- running.cpp, states.cpp, leaving.cpp: keeping connected, telling of it, leaving in order ---------------------------
    void start(reconnect_policy how, std::optional<disconnect_operation> op);
    void next_state(state_operation op);
    void wait_connected(std::optional<std::chrono::milliseconds> within, connect_operation op);
    void leave(std::chrono::milliseconds within, disconnect_options how, leave_operation op);
    void reauthenticate(disconnect_operation op);

    // ---- logging.cpp ----------------------------------------------------------------------------------------------------
    void        log(log_handler handler);
    void        say(log_level level, std::string_view what);
    void        say(transport::note const& said);
    tap_handler all_taps() const;

    // ---- publishing.cpp -------------------------------------------------------------------------------------------------
    void publish(outgoing what, publish_operation op);
    session::outcome<session::delivery_no> publish_now(std::string_view topic, payload_view payload, publish_options const& how);
    client_metrics metrics() const;

    // ---- receiving.cpp: messages, and requests for them -----------------------------------------------------------------
    void subscribe(subscribe_list const& to, subscribe_operation op);
    void unsubscribe(unsubscribe_list const& from, subscribe_operation op);
    void receive(receive_operation op);
    void acknowledge(session::arrival_no arrival, qos_level qos, reason_code reason);
    void acknowledge(received_message const& message, reason_code reason);
    void throttle();
    router& routes();

    // ---- requesting.cpp, responding.cpp ---------------------------------------------------------------------------------
    requester& requests();
    static outgoing make(std::string_view topic, payload_view payload, publish_options const& how) { return prepare(topic, payload, how); }

    // ---- storing.cpp: what waits for the store --------------------------------------------------------------------------
    void open_store();
    bool keep_subscription(kept_subscription what);                // false: there is no store
    void drop_subscription(std::string const& filter);

    executor_type                                                                       io_;
    connect_options                                                                     options_;      // of the attempt or connection
    connect_options                                                                     given_;        // the program's
    std::shared_ptr<session::state>                                                     state_ = std::make_shared<session::state>();
    connect_result                                                                      connected_as_{};
    std::shared_ptr<std::function<void(received_message const&)>>                       on_message_{};
    std::function<void(error_code, disconnect_result const&)>                           on_disconnected_{};
    std::function<void(session::delivery_no, error_code, publish_result const&)>        on_delivered_{};
    std::function<void(error_code, std::string const&)>                                 on_store_failure_{};
    tap_handler                                                                         tap_{};
    std::shared_ptr<std::function<void(connection_state const&)>>                       on_state_{};
    connection_state                                                                    now_{};
    std::optional<connection>                                                           connection_{};
    std::unique_ptr<router>                                                             router_{};   // once there are subscription objects
    std::unique_ptr<requester>                                                          requester_{};
    bool                                                                                dead_ = false;

private:
    struct on_dialed;
    struct log_sink;
    struct authentication;

    /// async_connect() that came while the last connection was still being taken down.
    struct next_connect {
        std::unique_ptr<transport::stream> over;
        connect_operation                  op;
    };

    // connecting.cpp
    void on_event(session::any_event const& said) override;
    void on_ended(error_code why) override;
    error_code flaw_of_options() const;
    void begin(std::unique_ptr<transport::stream> over, connect_operation op);
    void begin(std::unique_ptr<transport::stream> over);
    void begin_next();
    void dial();
    void dialed(error_code ec, std::unique_ptr<transport::stream> stream);
    void attach(std::unique_ptr<transport::stream> stream);
    error_code say_connect();
    void connect_failed(error_code ec, connect_result result = {});
    void give_up_connecting();
    void connected(session::event::connected const& e);
    void closed(session::event::closed const& e);
    error_code cause_of(session::event::closed const& e) const;
    void tell_end(error_code cause, disconnect_result ended);
    void end_session();
    void fall_silent();
    void end_operations(error_code why, error_code of_receivers);

    // authenticating.cpp
    error_code flaw_of_authenticator() const;
    error_code authentication_error() const noexcept;
    void introduce(property_list& props);
    void ask_again(session::event::authenticate const& e);
    void answer_challenge(error_code why, byte_buffer const& data);
    bool say_auth(reason_code reason, bytes_view data);
    error_code verdict_on(bytes_view last);
    bool is_content(properties const& props);
    void authenticated_again(bytes_view last);
    void refuse_server(reason_code tell, error_code why);
    void end_authentication(error_code why);

    // running.cpp
    void wait_for_attempt(std::chrono::milliseconds delay);
    connect_options options_of_attempt() const;
    void next_attempt();
    void begin_attempt(std::unique_ptr<transport::stream> over);
    void after_end(connection_cause const& cause, bool was_open, bool is_wanted);
    std::optional<std::chrono::milliseconds> delay_after(supervision& run, connection_cause const& cause, bool was_open);
    void finish_running(error_code why, connection_cause cause);

    // states.cpp
    void tell(connection_state now);
    void tell_cause(connect_operation op);
    void end_waits(error_code why, connect_result const& result);

    // leaving.cpp
    std::size_t undelivered() const noexcept;
    void leave_if_done();
    void leave_now();
    void count_remaining() noexcept;
    void left();

    struct pending_publish {
        publish_operation                  op;
        std::optional<session::time_point> deadline{};
        std::uint64_t                      batch = 0;              // until_stored: the one it becomes true with
    };
    struct waiting_publish {
        outgoing                           what;
        publish_operation                  op;
        std::optional<session::time_point> deadline{};
    };
    using waiting_list = numbered<waiting_publish>;

    // publishing.cpp
    void on_written() override;
    error_code flaw_of(outgoing const& what) const;
    bool may_queue(qos_level qos) const noexcept;
    error_code start_at_qos_0(outgoing const& what);
    session::outcome<session::delivery_no> start(outgoing const& what);
    void track(session::delivery_no no, bool until_stored, pending_publish made);
    void settle(session::delivery_no no, error_code ec, publish_result result);
    void settle(session::event::delivered const& e);

    // queueing.cpp: what waits for room, for its time, or for nothing any more
    void wait_for_room(waiting_list& in, outgoing what, publish_operation op);
    void admit();
    bool withdraw(session::delivery_no no);
    std::optional<publish_operation> take_publish(session::delivery_no no);
    void end_publishes(error_code why);
    void on_deadline(deadline_list::kind what, std::uint64_t no) override;
    deadline_list::kind kind_of(waiting_list const& list) const noexcept;
    waiting_publish take_first(waiting_list& in);
    void end_waiting(waiting_list& in, std::uint64_t no, error_code why);
    void watch_expiry(std::optional<std::uint32_t> seconds);
    void expire();
    void report_offline_outcomes();

    // storing.cpp
    void on_turn() override;
    void committed() override;
    void commit_failed(error_code why, std::vector<session::delivery_no> const& fresh) override;
    bool waits_for_commit() const override;
    void changed_offline();
    void restore_subscriptions();
    void leave_store();
    error_code flaw_of_store();

    // receiving.cpp
    void arrived(session::event::message_arrived const& e);
    void answered(packet_type type, packet_id id, reason_codes const& codes, properties const& props);
    void wait_for_answer(packet_type type, session::outcome<packet_id> const& sent, subscribe_operation op);
    void hand_over(receive_operation op, received_message message);

    struct pending_request {
        packet_type         type;
        packet_id           id;
        subscribe_operation op;
    };
    struct late_answer {
        session::arrival_no arrival;
        reason_code         reason;
    };

    struct waiting_for_connection {
        connect_operation                   op;
        std::unique_ptr<asio::steady_timer> limit;
    };
    struct departure {
        leave_operation                     op;
        disconnect_options                  how;
        std::unique_ptr<asio::steady_timer> limit;
        std::uint64_t                       no;
        bool                                has_said = false;      // DISCONNECT, or there is nobody to say it to
        std::size_t                         remaining = 0;
    };

    std::uint64_t next_no_ = 1;

    // running
    std::shared_ptr<supervision>     run_{};
    connection_cause                 last_cause_{};
    std::deque<connection_state>     states_{};                    // that nobody has taken
    numbered<state_operation>        state_waits_{};
    numbered<waiting_for_connection> connect_waits_{};
    std::optional<departure>         leaving_{};
    std::shared_ptr<authentication>  authentication_{};            // of this connection, if it has one

    // connecting and the end
    bool                                       is_connecting_ = false;
    std::optional<connect_operation>           connecting_{};      // async_connect(); none for an attempt of our own
    std::shared_ptr<asio::cancellation_signal> dialing_{};
    std::shared_ptr<std::string>               failure_{};         // what the transport had to say of it last
    std::uint64_t                              attempt_ = 0;       // what a late answer of an earlier dial can be told by
    session::time_point                        give_up_at_{};
    std::optional<next_connect>                next_{};
    std::optional<disconnect_result>           end_{};             // of the connection that is ending
    error_code                                 cause_{};
    bool                                       was_open_ = false;
    numbered<disconnect_operation>             disconnects_{};
    std::shared_ptr<log_sink>                  log_{};

    // publishing
    numbered<pending_publish>          publishes_{};               // by delivery_no
    waiting_list                       waiting_{};                 // QoS 0, for room in the output
    waiting_list                       waiting_to_queue_{};        // for room in the queue
    std::shared_ptr<deadline_list>     deadlines_ = std::make_shared<deadline_list>(io_, *this);
    std::optional<session::time_point> expires_{};                 // the queue is looked at then
    std::uint64_t                      opened_ = 0;                // connections

    // storing
    std::shared_ptr<store_driver> store_{};
    error_code                    store_error_{};                  // while it fails
    std::string                   store_failure_{};
    numbered<pending_publish>     stored_{};                       // by delivery_no, until the store has them

    // receiving
    numbered<pending_request>    requests_{};
    numbered<receive_operation>  receivers_{};
    std::deque<received_message> incoming_{};
    std::size_t                  incoming_bytes_ = 0;
    bool                         is_full_ = false;                 // the queue
    bool                         throttled_ = false;               // that one, or one of a subscription
    std::vector<late_answer>     late_answers_{};                  // given to QoS 2 messages while there was no connection
};

} // namespace aldis
