// An MQTT client on the program's own event loop: connect, publish, subscribe, receive, disconnect, with any completion token.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <aldis/connection.hpp>
#include <aldis/connection_state.hpp>
#include <aldis/error.hpp>
#include <aldis/metrics.hpp>
#include <aldis/log.hpp>
#include <aldis/options.hpp>
#include <aldis/outcome.hpp>
#include <aldis/payload.hpp>
#include <aldis/received_message.hpp>
#include <aldis/reconnect.hpp>
#include <aldis/request.hpp>
#include <aldis/request_response.hpp>
#include <aldis/subscription.hpp>
#include <aldis/session/engine.hpp>

namespace aldis {

namespace asio = boost::asio;

/// One MQTT session and, between async_connect() and its end, one connection. Used from one executor: an io_context run by one thread,
/// or a strand. Completion handlers run on their associated executor, never from inside the call that starts the operation.
///
/// start() and async_run() keep it connected: they try again, by a policy, what fails and is lost. async_connect() makes one connection and
/// fails loudly; on the same client it resumes the session, and publishes at QoS 1 and 2 that were under way complete then. Destroying the client, or close(), completes everything with operation_aborted.
class client {
public:
    using executor_type = asio::any_io_executor;

    using connect_signature    = void(error_code, connect_result);
    using publish_signature    = void(error_code, publish_result);
    using subscribe_signature  = void(error_code, subscribe_result);
    using receive_signature    = void(error_code, received_message);
    using disconnect_signature = void(error_code);
    using subscribe_to_signature = void(error_code, client_subscription);
    using message_handler        = client_subscription::message_handler;
    using state_signature      = void(error_code, connection_state);
    using leave_signature      = void(error_code, std::size_t);

    explicit client(executor_type executor, connect_options options = connect_options{});

    template <class Context>
        requires std::derived_from<Context, asio::execution_context>
    explicit client(Context& context, connect_options options = connect_options{})
        : client(executor_type(context.get_executor()), std::move(options)) {}

    client(client&&) noexcept;
    client& operator=(client&&) noexcept;
    ~client();

    executor_type get_executor() const noexcept;

    /// What the next async_connect() uses.
    connect_options const& options() const noexcept;
    void                   options(connect_options value);

    // ---- Operations -------------------------------------------------------------------------------------------------------

    /// Connects and says CONNECT; completes with the server's answer. A refusal is its reason code, with CONNACK's properties in the
    /// result. Cancelling it, with any type, gives the connection up.
    template <asio::completion_token_for<connect_signature> Token>
    auto async_connect(Token&& token) {
        return asio::async_initiate<Token, connect_signature>(
            [](auto handler, shared_impl self) { begin_connect(self, nullptr, connect_handler(std::move(handler))); }, token, impl_);
    }

    /// The same over a stream that is already connected.
    template <asio::completion_token_for<connect_signature> Token>
    auto async_connect(std::unique_ptr<transport::stream> stream, Token&& token) {
        return asio::async_initiate<Token, connect_signature>(
            [](auto handler, shared_impl self, std::unique_ptr<transport::stream> over) {
                begin_connect(self, std::move(over), connect_handler(std::move(handler)));
            },
            token, impl_, std::move(stream));
    }

    /// Keeps connected from now on: connects, and again whenever an attempt fails or the connection ends, until async_disconnect(), stop() or
    /// a cause that the policy calls final. A connection that stands or is being made is taken over. on_state(), state() and
    /// async_next_state() tell what happens. While it lasts, messages that were not acknowledged wait for the next connection, also when the
    /// server does not keep the session: QoS 1 is sent again, QoS 2 ends with error::session_lost where the answer would be a guess. Where
    /// it was started already, `how` replaces the policy from the next attempt on, but for servers and seed.
    void start(reconnect_policy how = reconnect_policy{});

    /// start(), and completes when there will be no further attempt: without error after async_disconnect(), with operation_aborted after
    /// stop() or close(), otherwise with the final cause. Fails with already_connected when started already. Cancelling it ends nothing.
    template <asio::completion_token_for<disconnect_signature> Token>
    auto async_run(reconnect_policy how, Token&& token) {
        return asio::async_initiate<Token, disconnect_signature>(
            [](auto handler, shared_impl self, reconnect_policy policy) {
                begin_run(self, std::move(policy), disconnect_handler(std::move(handler)));
            },
            token, impl_, std::move(how));
    }
    template <asio::completion_token_for<disconnect_signature> Token>
    auto async_run(Token&& token) {
        return async_run(reconnect_policy{}, std::forward<Token>(token));
    }

    /// Ends all at once, as close() does.
    void stop();

    /// Brings the next change of state, in order. Of those that nobody has taken the last 16 are kept. Waits where there is none; close()
    /// and stop() bring given_up first and operation_aborted to whoever waits on.
    template <asio::completion_token_for<state_signature> Token>
    auto async_next_state(Token&& token) {
        return asio::async_initiate<Token, state_signature>(
            [](auto handler, shared_impl self) { begin_next_state(self, state_handler(std::move(handler))); }, token, impl_);
    }

    /// Completes when connected, at once if it is so already. Fails with the last cause when given up or after `within`, its text in
    /// connect_result::detail(); with connect_timed_out where nothing has failed yet, and not_connected when nobody is connecting.
    template <asio::completion_token_for<connect_signature> Token>
    auto async_wait_connected(std::chrono::milliseconds within, Token&& token) {
        return asio::async_initiate<Token, connect_signature>(
            [](auto handler, shared_impl self, std::chrono::milliseconds limit) {
                begin_wait_connected(self, limit, connect_handler(std::move(handler)));
            },
            token, impl_, within);
    }
    template <asio::completion_token_for<connect_signature> Token>
    auto async_wait_connected(Token&& token) {
        return asio::async_initiate<Token, connect_signature>(
            [](auto handler, shared_impl self) { begin_wait_connected(self, std::nullopt, connect_handler(std::move(handler))); }, token, impl_);
    }

    /// Publishes. QoS 0 completes when the message is in the output, waiting for room there if need be, and needs a connection unless
    /// connect_options::queue_qos_0() lets it wait for one.
    /// QoS 1 and 2 complete with the acknowledgement; they can be started without a connection and outlive a lost one while the session
    /// does. Reason codes from 0x80 are errors. Topic, payload and options are copied (one allocation) before this returns.
    /// Cancellation terminal or partial only stops waiting: a QoS 1 or 2 message is delivered all the same. Total withdraws a message that
    /// was not sent, and does nothing to others. A deadline() that passes withdraws what was not sent (error::deadline_not_sent) and only
    /// stops waiting for the rest (error::deadline_passed). While the queue is full, what happens is connect_options::queue()'s policy.
    template <asio::completion_token_for<publish_signature> Token>
    auto async_publish(std::string_view topic, payload_view payload, publish_options const& how, Token&& token) {
        return asio::async_initiate<Token, publish_signature>(
            [](auto handler, shared_impl self, outgoing what) {
                begin_publish(self, std::move(what), publish_handler(std::move(handler)));
            },
            token, impl_, prepare(topic, payload, how));
    }
    template <asio::completion_token_for<publish_signature> Token>
    auto async_publish(std::string_view topic, payload_view payload, Token&& token) {
        return async_publish(topic, payload, publish_options{}, std::forward<Token>(token));
    }

    /// Publishes without a handler: for hot loops. At QoS 0 nothing is allocated. Fails when not connected (QoS 0), when the output or
    /// the queue is full, or when the message can not be said to this server. The number is that of on_delivered(); 0 at QoS 0.
    session::outcome<session::delivery_no> publish(std::string_view topic, payload_view payload, publish_options const& how = {});

    /// Subscribes. Completes with SUBACK: an error when any of the filters was refused, the first one's; the result has all codes.
    template <asio::completion_token_for<subscribe_signature> Token>
    auto async_subscribe(subscribe_list to, Token&& token) {
        return asio::async_initiate<Token, subscribe_signature>(
            [](auto handler, shared_impl self, subscribe_list what) {
                begin_subscribe(self, std::move(what), subscribe_handler(std::move(handler)));
            },
            token, impl_, std::move(to));
    }

    /// Subscribes with an object that receives by its own handler, or by its own async_receive(). Also without a connection: the server is
    /// asked on the next one, and again on each that finds the session lost. What is wrong with the filter makes it refused at once.
    client_subscription subscribe(std::string_view filter, subscription_options const& how, message_handler handler);
    client_subscription subscribe(std::string_view filter, message_handler handler) { return subscribe(filter, {}, std::move(handler)); }
    client_subscription subscribe(std::string_view filter, subscription_options const& how = {}) { return subscribe(filter, how, nullptr); }

    /// With a store: filters that an earlier process had subscribed to with objects, and nobody has again in this one. The server is asked for them
    /// when it has lost the session, and their messages go to on_message() or async_receive(). Subscribing takes one over, async_unsubscribe()
    /// ends it; with connect_options::clean_start() there are none. Costs a copy of each.
    std::vector<std::string> restored_subscriptions() const;

    /// The same; completes with the object when the server has answered, with an error when it refused. Where the connection ends before
    /// that it fails with the cause, and the object is still asked for on the next one as long as it is kept. Cancelling unsubscribes.
    template <asio::completion_token_for<subscribe_to_signature> Token>
    auto async_subscribe_to(std::string_view filter, subscription_options const& how, Token&& token) {
        return asio::async_initiate<Token, subscribe_to_signature>(
            [](auto handler, shared_impl self, std::string topics, subscription_options wanted) {
                begin_subscribe_to(self, topics, wanted, subscribe_to_handler(std::move(handler)));
            },
            token, impl_, std::string(filter), how);
    }

    template <asio::completion_token_for<subscribe_signature> Token>
    auto async_unsubscribe(unsubscribe_list from, Token&& token) {
        return asio::async_initiate<Token, subscribe_signature>(
            [](auto handler, shared_impl self, unsubscribe_list what) {
                begin_unsubscribe(self, std::move(what), subscribe_handler(std::move(handler)));
            },
            token, impl_, std::move(from));
    }

    /// Brings the next message, in order of arrival. It is acknowledged after the handler has returned, unless acknowledging is manual.
    /// Fails with the cause when the connection ends, and with not_connected when there is none and nothing is left to bring.
    template <asio::completion_token_for<receive_signature> Token>
    auto async_receive(Token&& token) {
        return asio::async_initiate<Token, receive_signature>(
            [](auto handler, shared_impl self) { begin_receive(self, receive_handler(std::move(handler))); }, token, impl_);
    }

    /// Publishes a request and completes with its answer. The answers come to one subscription, made with the first request: below the
    /// server's Response Information where it gave one (ask for it with the property Request Response Information), else below
    /// `response/<client identifier>/`. The request is sent when the server has confirmed that subscription; without a connection it waits
    /// for the next. Fails with request_timed_out, queue_full above request_limit(), no_response_topic in 3.1.1 where the options name
    /// none, the refusal of the subscription, and what became of the publish. Cancelling it, with any type, only stops waiting.
    template <asio::completion_token_for<receive_signature> Token>
    auto async_request(std::string_view topic, payload_view payload, request_options const& how, Token&& token) {
        return asio::async_initiate<Token, receive_signature>(
            [](auto handler, shared_impl self, std::string to, std::string bytes, request_options wanted) {
                begin_request(self, to, bytes, wanted, receive_handler(std::move(handler)));
            },
            token, impl_, std::string(topic), std::string(to_text(payload.bytes())), how);
    }

    /// Answers requests: subscribes to `filter` and gives `handler` each message with a way to reply to it.
    client_subscription respond(std::string_view filter, subscription_options const& how, request_handler handler);
    client_subscription respond(std::string_view filter, request_handler handler) { return respond(filter, {}, std::move(handler)); }

    /// Says DISCONNECT after what is in the output, and completes when the connection is closed; the server is given 2 seconds for that.
    template <asio::completion_token_for<disconnect_signature> Token>
    auto async_disconnect(disconnect_options how, Token&& token) {
        return asio::async_initiate<Token, disconnect_signature>(
            [](auto handler, shared_impl self, disconnect_options what) {
                begin_disconnect(self, std::move(what), disconnect_handler(std::move(handler)));
            },
            token, impl_, std::move(how));
    }
    template <asio::completion_token_for<disconnect_signature> Token>
    auto async_disconnect(Token&& token) {
        return async_disconnect(disconnect_options{}, std::forward<Token>(token));
    }

    /// Leaves in order: sends what was accepted, waits for the acknowledgements, then says DISCONNECT, all within `deadline`; what is
    /// published meanwhile is accepted too. Where the connection is lost and the client was started, it is made again for that. Completes
    /// with the number of messages that were not acknowledged (QoS 0: not written): 0, or not, with left_undelivered; the operation of each
    /// fails with error::disconnected. Without a connection and not started: not_connected.
    template <asio::completion_token_for<leave_signature> Token>
    auto async_disconnect(std::chrono::milliseconds deadline, disconnect_options how, Token&& token) {
        return asio::async_initiate<Token, leave_signature>(
            [](auto handler, shared_impl self, std::chrono::milliseconds within, disconnect_options what) {
                begin_leave(self, within, std::move(what), leave_handler(std::move(handler)));
            },
            token, impl_, deadline, std::move(how));
    }
    template <asio::completion_token_for<leave_signature> Token>
    auto async_disconnect(std::chrono::milliseconds deadline, Token&& token) {
        return async_disconnect(deadline, disconnect_options{}, std::forward<Token>(token));
    }

    /// Authenticates again over the connection that stands, with the authenticator it began with, whose secret may have changed; messages flow
    /// meanwhile. Completes when both sides are content; otherwise the connection ends, and this with its cause. Fails with not_connected,
    /// no_authenticator or already_authenticating. A server that never answers is not waited for longer than a cancellation says, which (terminal
    /// or partial) ends the waiting only.
    template <asio::completion_token_for<disconnect_signature> Token>
    auto async_reauthenticate(Token&& token) {
        return asio::async_initiate<Token, disconnect_signature>(
            [](auto handler, shared_impl self) { begin_reauthenticate(self, disconnect_handler(std::move(handler))); }, token, impl_);
    }

    /// Ends the connection at once, without DISCONNECT, and completes every pending operation with operation_aborted. The session stays.
    void close();

    // ---- Messages and events ----------------------------------------------------------------------------------------------

    /// From now on messages go to `handler`, as views, instead of async_receive(); acknowledged when it has returned. Messages that
    /// already wait for async_receive() stay there. An empty function turns that off.
    void on_message(std::function<void(received_message const&)> handler);

    /// Messages whose topic matches `filter` go to `handler`, whatever brings them: the server is not asked for them. Acknowledged when it
    /// has returned, unless acknowledging is manual. A message goes to every such handler and subscription object that it matches, and to
    /// on_message() above or async_receive() only when there is none.
    client_subscription on_message(std::string_view filter, message_handler handler);

    /// Is told every change of state. `connected` comes before the first message of its connection.
    void on_state(std::function<void(connection_state const&)> handler);

    /// The end of each connection that had been open: no error when async_disconnect() asked for it.
    void on_disconnected(std::function<void(error_code, disconnect_result const&)> handler);

    /// The end of QoS 1 and 2 messages that were published without a handler, by number.
    void on_delivered(std::function<void(session::delivery_no, error_code, publish_result const&)> handler);

    /// The store could not make changes true: nothing at QoS 1 and 2 is sent or acknowledged until it can, which is tried every second.
    /// What the failing commit held of messages that had not been sent is given up: each completes with the error. The text says what
    /// happened to which file.
    void on_store_failure(std::function<void(error_code, std::string const&)> handler);

    /// Accepts (or with a reason from 0x80 refuses) a message when acknowledging is manual. Also after a reconnect: what the new
    /// connection does not know any more is ignored. Acknowledgements leave in order of arrival, whatever the order of calls.
    void acknowledge(received_message const& message, reason_code reason = reason_code::success);

    /// Sees every packet of this and later connections. packet_log makes taps that write them as `aldis dump` does, or into a capture file.
    void tap(tap_handler see);

    /// Is told, line by line, what the client does: steps of connecting, the beginning and end of each connection, and (debug) every packet.
    /// Called on the client's executor; an empty function ends it. A line for each packet costs an allocation or two.
    void log(log_handler sink);

    // ---- What holds now ---------------------------------------------------------------------------------------------------

    bool is_connected() const noexcept;

    /// The last state that was told of.
    connection_state state() const;

    /// The last successful connect.
    connect_result const& connected_as() const noexcept;

    /// Requests that may wait for their answers at a time; 1,000 by default.
    void          request_limit(std::size_t most);
    /// Requests that wait for their answers.
    std::size_t   pending_requests() const noexcept;
    /// Messages to response topics that answered nothing that waits: too late, or not meant for this client. They were dropped.
    std::uint64_t stray_responses() const noexcept;

    /// Counters and gauges of this moment.
    client_metrics metrics() const;

    /// QoS 1 and 2 messages not complete yet, sent or waiting.
    std::size_t unacknowledged() const noexcept;

    class impl;

private:
    using shared_impl        = std::shared_ptr<impl>;
    using connect_handler    = asio::any_completion_handler<connect_signature>;
    using publish_handler    = asio::any_completion_handler<publish_signature>;
    using subscribe_handler  = asio::any_completion_handler<subscribe_signature>;
    using receive_handler    = asio::any_completion_handler<receive_signature>;
    using disconnect_handler = asio::any_completion_handler<disconnect_signature>;
    using subscribe_to_handler = asio::any_completion_handler<subscribe_to_signature>;
    using state_handler      = asio::any_completion_handler<state_signature>;
    using leave_handler      = asio::any_completion_handler<leave_signature>;

    /// A message to publish that owns itself, so that a lazy token can outlive the arguments.
    struct outgoing {
        session::message             content{};
        error_code                   flaw{};
        std::optional<std::uint32_t> expiry{};
        std::uint16_t                topic_alias = 0;
        qos_level                    qos{};
        bool                         retain = false;
        bool                         has_props = false;
        bool                         until_stored = false;
        std::chrono::milliseconds    deadline{};                   // zero: none
    };
    static outgoing prepare(std::string_view topic, payload_view payload, publish_options const& how);

    static void begin_connect(shared_impl const& self, std::unique_ptr<transport::stream> over, connect_handler handler);
    static void begin_publish(shared_impl const& self, outgoing what, publish_handler handler);
    static void begin_subscribe(shared_impl const& self, subscribe_list what, subscribe_handler handler);
    static void begin_subscribe_to(shared_impl const& self, std::string_view filter, subscription_options const& how,
                                   subscribe_to_handler handler);
    static void begin_unsubscribe(shared_impl const& self, unsubscribe_list what, subscribe_handler handler);
    static void begin_receive(shared_impl const& self, receive_handler handler);
    static void begin_run(shared_impl const& self, reconnect_policy how, disconnect_handler handler);
    static void begin_reauthenticate(shared_impl const& self, disconnect_handler handler);
    static void begin_next_state(shared_impl const& self, state_handler handler);
    static void begin_wait_connected(shared_impl const& self, std::optional<std::chrono::milliseconds> within, connect_handler handler);
    static void begin_leave(shared_impl const& self, std::chrono::milliseconds within, disconnect_options how, leave_handler handler);
    static void begin_request(shared_impl const& self, std::string_view topic, std::string_view payload, request_options const& how,
                              receive_handler handler);
    static void begin_disconnect(shared_impl const& self, disconnect_options what, disconnect_handler handler);

    shared_impl impl_;
};

} // namespace aldis
