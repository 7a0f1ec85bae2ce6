// A subscription as an object: its filter, its options, its own handler or queue, its own way of acknowledging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <aldis/codec/types.hpp>
#include <aldis/error.hpp>
#include <aldis/outcome.hpp>
#include <aldis/received_message.hpp>

namespace aldis {

namespace asio = boost::asio;

/// How to subscribe, and how the client treats what arrives: QoS 1, acknowledged after hand-over, unless told otherwise.
class subscription_options {
public:
    subscription_options() = default;
    subscription_options(qos_level qos) noexcept : qos_(qos) {}

    subscription_options& qos(qos_level value) noexcept { qos_ = value; return *this; }
    /// 5.0: what this client publishes does not come back to it.
    subscription_options& no_local(bool value) noexcept { no_local_ = value; return *this; }
    /// 5.0: messages keep the retain flag they were published with.
    subscription_options& retain_as_published(bool value) noexcept { retain_as_published_ = value; return *this; }
    /// 5.0: whether retained messages are sent when the subscription is made.
    subscription_options& retained(retain_handling value) noexcept { retained_ = value; return *this; }
    /// Its messages are acknowledged by acknowledge() only; what the client's options say, where this is not called.
    subscription_options& manual_acknowledge(bool value) noexcept { manual_acknowledge_ = value; return *this; }
    /// Messages that may wait for async_receive(), and their bytes; 1,000 and 16 MiB by default. At either bound the socket is not read
    /// until half of it is free again: nothing is dropped, and one slow subscription holds up its client.
    subscription_options& queue(std::size_t messages, std::size_t bytes) noexcept;
    /// Destroying the handle unsubscribes, as it does anyway where there is no handler.
    subscription_options& unsubscribe_on_destruction(bool value) noexcept { unsubscribe_on_destruction_ = value; return *this; }
    /// Whether connect_options::store() has it outlive the process, on by default: see client::restored_subscriptions().
    subscription_options& kept(bool value) noexcept { kept_ = value; return *this; }

    qos_level           qos() const noexcept { return qos_; }
    bool                no_local() const noexcept { return no_local_; }
    bool                retain_as_published() const noexcept { return retain_as_published_; }
    retain_handling     retained() const noexcept { return retained_; }
    std::optional<bool> manual_acknowledge() const noexcept { return manual_acknowledge_; }
    std::size_t         queue_messages() const noexcept { return queue_messages_; }
    std::size_t         queue_bytes() const noexcept { return queue_bytes_; }
    bool                unsubscribe_on_destruction() const noexcept { return unsubscribe_on_destruction_; }
    bool                kept() const noexcept { return kept_; }

private:
    std::size_t         queue_messages_ = 1'000;
    std::size_t         queue_bytes_ = 16U << 20U;
    std::optional<bool> manual_acknowledge_{};
    qos_level           qos_ = qos_level::at_least_once;
    retain_handling     retained_ = retain_handling::send;
    bool                no_local_ = false;
    bool                retain_as_published_ = false;
    bool                unsubscribe_on_destruction_ = false;
    bool                kept_ = true;
};

/// Where a subscription stands.
enum class subscription_state : std::uint8_t {
    waiting,                               // for a connection, or for the server's answer
    active,
    refused,                               // by the server, or before it was asked: error() tells why; it is not asked for again
    ended,                                 // by unsubscribe(), or with the client
};

/// A handle of a subscription that client::subscribe() made; used from the client's executor. The subscription stays when the handle is
/// destroyed, as long as it has a handler and was not told otherwise. What waits in the queue of a destroyed handle is acknowledged and gone.
///
/// It outlives connections: it is asked for again when the server has lost the session, and only then. Several for the same filter
/// share one subscription of the server, with the highest QoS asked for; each new one asks again, so that it gets the retained messages.
class client_subscription {
public:
    using message_handler = std::function<void(received_message const&)>;
    using answer_handler  = std::function<void(error_code, subscribe_result const&)>;

    using receive_signature   = void(error_code, received_message);
    using subscribe_signature = void(error_code, subscribe_result);

    /// Of nothing: ended.
    client_subscription() = default;
    client_subscription(client_subscription&& other) noexcept = default;
    client_subscription& operator=(client_subscription&& other) noexcept;
    ~client_subscription();

    explicit operator bool() const noexcept { return route_ != nullptr; }

    /// As subscribed to, with `$share/name/` where it has one. Empty without a subscription.
    std::string const&      filter() const noexcept;
    subscription_options const& options() const noexcept;
    subscription_state      state() const noexcept;
    bool                    is_active() const noexcept { return state() == subscription_state::active; }
    /// Why it was refused; no error otherwise.
    error_code              error() const noexcept;
    /// The server's last SUBACK, with one code.
    subscribe_result const& answer() const noexcept;
    /// Messages that wait for async_receive().
    std::size_t             waiting_messages() const noexcept;

    /// Brings the next message of this subscription, in order of arrival; acknowledged after the handler has returned, unless
    /// acknowledging is manual. Not for a subscription with a handler: error::invalid. Fails with the cause when the connection ends or
    /// the subscription is refused, and with error::subscription_ended after unsubscribe(); not before what waits was brought.
    template <asio::completion_token_for<receive_signature> Token>
    auto async_receive(Token&& token) {
        return asio::async_initiate<Token, receive_signature>(
            [](auto handler, shared_route of) { begin_receive(of, receive_handler(std::move(handler))); }, token, route_);
    }

    /// Completes when the server has answered, at once where it has: with an error when it refused. Fails with the cause when the
    /// connection ends before that; the subscription is then asked for on the next one.
    template <asio::completion_token_for<subscribe_signature> Token>
    auto async_wait_answer(Token&& token) {
        return asio::async_initiate<Token, subscribe_signature>(
            [](auto handler, shared_route of) { begin_wait(of, subscribe_handler(std::move(handler))); }, token, route_);
    }

    /// Each answer of the server to this subscription, also when it was asked for again on a later connection.
    void on_answer(answer_handler handler);

    /// Accepts a message (or with a reason from 0x80 refuses it) where acknowledging is manual. In any order: acknowledgements leave in order
    /// of arrival, and for a message that matches several subscriptions when all of them have it, with the first reason from 0x80.
    void acknowledge(received_message const& message, reason_code reason = reason_code::success);

    /// No handler is called any more, and the server is told, on the next connection where there is none. What waits can still be received.
    void unsubscribe();

    /// The same; completes when the server has answered, and at once when it need not be asked. Fails with not_connected without a connection;
    /// the server is then told on the next one.
    template <asio::completion_token_for<subscribe_signature> Token>
    auto async_unsubscribe(Token&& token) {
        return asio::async_initiate<Token, subscribe_signature>(
            [](auto handler, shared_route of) { begin_unsubscribe(of, subscribe_handler(std::move(handler))); }, token, route_);
    }

    class route;

    explicit client_subscription(std::shared_ptr<route> of) noexcept : route_(std::move(of)) {}

private:
    using shared_route      = std::shared_ptr<route>;
    using receive_handler   = asio::any_completion_handler<receive_signature>;
    using subscribe_handler = asio::any_completion_handler<subscribe_signature>;

    static void begin_receive(shared_route const& of, receive_handler handler);
    static void begin_wait(shared_route const& of, subscribe_handler handler);
    static void begin_unsubscribe(shared_route const& of, subscribe_handler handler);
    void        let_go() noexcept;

    shared_route route_{};
};

} // namespace aldis
