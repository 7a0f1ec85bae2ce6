// An MQTT client on the program's own event loop: connect, publish, subscribe, receive, disconnect, with any completion token.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <aldis/connection.hpp>
#include <aldis/error.hpp>
#include <aldis/log.hpp>
#include <aldis/options.hpp>
#include <aldis/outcome.hpp>
#include <aldis/payload.hpp>
#include <aldis/received_message.hpp>
#include <aldis/request.hpp>
#include <aldis/subscription.hpp>
#include <aldis/session/engine.hpp>

namespace aldis {

namespace asio = boost::asio;

/// One MQTT session and, between async_connect() and its end, one connection. Used from one executor: an io_context run by one thread,
/// or a strand. Completion handlers run on their associated executor, never from inside the call that starts the operation.
///
/// A connection that is lost is not made again by itself: async_connect() on the same client resumes the session, and publishes at
/// QoS 1 and 2 that were under way complete then. Destroying the client, or close(), completes everything with operation_aborted.
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

    /// Publishes. QoS 0 completes when the message is in the output, waiting for room there if need be, and needs a connection.
    /// QoS 1 and 2 complete with the acknowledgement; they can be started without a connection and outlive a lost one while the session
    /// does. Reason codes from 0x80 are errors. Topic, payload and options are copied (one allocation) before this returns.
    /// Cancellation terminal or partial only stops waiting: a QoS 1 or 2 message is delivered all the same. Total withdraws a message that
    /// was not started, and does nothing to others.
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

    /// The end of each connection that had been open: no error when async_disconnect() asked for it.
    void on_disconnected(std::function<void(error_code, disconnect_result const&)> handler);

    /// The end of QoS 1 and 2 messages that were published without a handler, by number.
    void on_delivered(std::function<void(session::delivery_no, error_code, publish_result const&)> handler);

    /// Accepts (or with a reason from 0x80 refuses) a message when acknowledging is manual. Also after a reconnect: what the new
    /// connection does not know any more is ignored. Acknowledgements leave in order of arrival, whatever the order of calls.
    void acknowledge(received_message const& message, reason_code reason = reason_code::success);

    /// Sees every packet of this and later connections.
    void tap(tap_handler see);

    /// Is told, line by line, what the client does: steps of connecting, the beginning and end of each connection, and (debug) every packet.
    /// Called on the client's executor; an empty function ends it. A line for each packet costs an allocation or two.
    void log(log_handler sink);

    // ---- What holds now ---------------------------------------------------------------------------------------------------

    bool is_connected() const noexcept;

    /// The last successful connect.
    connect_result const& connected_as() const noexcept;

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

    /// A message to publish that owns itself, so that a lazy token can outlive the arguments.
    struct outgoing {
        session::message             content{};
        error_code                   flaw{};
        std::optional<std::uint32_t> expiry{};
        std::uint16_t                topic_alias = 0;
        qos_level                    qos{};
        bool                         retain = false;
        bool                         has_props = false;
    };
    static outgoing prepare(std::string_view topic, payload_view payload, publish_options const& how);

    static void begin_connect(shared_impl const& self, std::unique_ptr<transport::stream> over, connect_handler handler);
    static void begin_publish(shared_impl const& self, outgoing what, publish_handler handler);
    static void begin_subscribe(shared_impl const& self, subscribe_list what, subscribe_handler handler);
    static void begin_subscribe_to(shared_impl const& self, std::string_view filter, subscription_options const& how,
                                   subscribe_to_handler handler);
    static void begin_unsubscribe(shared_impl const& self, unsubscribe_list what, subscribe_handler handler);
    static void begin_receive(shared_impl const& self, receive_handler handler);
    static void begin_disconnect(shared_impl const& self, disconnect_options what, disconnect_handler handler);

    shared_impl impl_;
};

} // namespace aldis
