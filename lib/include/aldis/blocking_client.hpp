// An MQTT client for programs without an event loop: any thread may call it, and it runs on a thread of its own or in the caller.
#pragma once

#include <any>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <aldis/blocking_config.hpp>
#include <aldis/exceptions.hpp>
#include <aldis/log.hpp>
#include <aldis/outcome.hpp>
#include <aldis/payload.hpp>
#include <aldis/received_message.hpp>
#include <aldis/request.hpp>
#include <aldis/tap.hpp>

namespace aldis {

namespace blocking {
class core;
struct ticket;
} // namespace blocking

/// 0, 1 or 2; anything else throws validation_error.
class qos_value {
public:
    qos_value(qos_level value);
    qos_value(int value);

    qos_level level() const noexcept { return level_; }

private:
    qos_level level_;
};

class blocking_client;

/// Something that was asked for and ends later. Copies are the same; any thread may use one; it may outlive the client.
class token {
public:
    token() = default;

    /// Waits until it has ended, and throws what went wrong. Without a connection, and without anything that would make one, it throws
    /// connection_error at once. In a handler of the client it throws validation_error: it would wait for itself.
    void wait() const;
    /// The same for at most so long; false: not yet.
    bool wait_for(std::chrono::milliseconds patience) const;
    /// Ended, well or not.
    bool            is_done() const;
    /// Why it ended badly; nothing while it has not ended or when all is well.
    std::error_code error() const;
    /// What the server said; success before it did.
    reason_code     reason() const;
    /// Rises from 1 with each thing asked of a client; 0: a token of nothing.
    std::uint64_t   id() const noexcept;

protected:
    friend class blocking::core;
    friend class blocking_client;
    explicit token(std::shared_ptr<blocking::ticket> what) noexcept : ticket_(std::move(what)) {}

    std::shared_ptr<blocking::ticket> ticket_{};
};

/// A message on its way: QoS 0 ends when it is written, QoS 1 when it is acknowledged, QoS 2 when it is completed.
class publish_token : public token {
public:
    publish_token() = default;

    /// It has ended well.
    bool is_published() const;

private:
    friend class blocking::core;
    using token::token;
};

/// A SUBSCRIBE or UNSUBSCRIBE. It ends badly when one of its filters was refused.
class subscribe_token : public token {
public:
    subscribe_token() = default;

    /// The filters asked for, and the server's answer for each (none from an UNSUBACK of 3.1.1).
    std::vector<std::string> const& filters() const noexcept;
    std::vector<reason_code>        codes() const;

private:
    friend class blocking::core;
    using token::token;
};

/// A request that waits for its answer.
class request_token : public token {
public:
    request_token() = default;

    /// wait(), and the answer.
    received_message answer() const;

private:
    friend class blocking::core;
    using token::token;
};

/// How a connection ended, and what comes next.
class disconnected_notice {
public:
    disconnected_notice() = default;

    /// disconnect() or reconnect() asked for it.
    bool               is_asked_for() const noexcept { return asked_for_; }
    /// There will be another attempt after so long; otherwise the client has given up, or was told to.
    bool               is_retried() const noexcept { return retried_; }
    std::chrono::milliseconds retry_in() const noexcept { return retry_in_; }
    std::error_code    code() const noexcept { return code_; }
    /// Why, for people.
    std::string const& cause() const noexcept { return cause_; }
    reason_code        reason() const noexcept { return reason_; }
    /// Messages that could not go before disconnect() ran out of patience, or that were given up.
    std::size_t        undelivered() const noexcept { return undelivered_; }

private:
    friend class blocking::core;

    std::error_code           code_{};
    std::string               cause_{};
    std::chrono::milliseconds retry_in_{0};
    std::size_t               undelivered_ = 0;
    reason_code               reason_ = reason_code::success;
    bool                      asked_for_ = false;
    bool                      retried_ = false;
};

/// One client. Every function may be called from any thread and, but for those that block, inside handlers. connect(), token::wait(),
/// wait_for(), run(), run_for() and run_until_signal() block; called inside a handler they throw validation_error at once. What the caller
/// does wrong is thrown at the call; what the network does comes by token and handler.
///
/// Handlers run one at a time on the thread that runs the loop, without any lock held; each can be set and taken away (an empty function)
/// at any time, also by itself. An exception that leaves a handler is logged as an error; run() and run_for() throw it on.
class blocking_client {
public:
    using message_handler = std::function<void(received_message const&)>;

    explicit blocking_client(blocking_config config);
    blocking_client(blocking_client const&) = delete;
    blocking_client& operator=(blocking_client const&) = delete;
    /// stop().
    ~blocking_client();

    // ---- Connection -------------------------------------------------------------------------------------------------------

    /// Connects, if it is not connected, and waits for CONNACK. Throws the kind of error that kept it from that. Later losses are repaired
    /// by new attempts, with the subscriptions restored.
    void connect();
    /// The same without waiting: the end is told to the handlers for connected or disconnected.
    void connect_async();
    /// Connects again, at once; a connection there is ended first. Messages and subscriptions go on.
    void reconnect();
    /// Sends what was published so far, waits for its acknowledgements for as long as `patience`, says DISCONNECT. All of that after this
    /// has returned; then the handler for disconnected learns how many could not go, and their tokens end with an error.
    void disconnect(std::chrono::milliseconds patience = std::chrono::seconds(5));
    /// As if newly made with `config`: connection, messages, subscriptions, handlers and user data are gone; the loop goes on.
    void reinitialise(blocking_config config);
    bool is_connected() const;

    /// The will of the next connection.
    void set_will(will_message value);
    void set_will(std::string topic, payload_view payload = {}, qos_value qos = 0, bool retain = false);
    void clear_will();

    // ---- The loop ---------------------------------------------------------------------------------------------------------

    /// Runs the loop on a thread of the client's own; it does not connect. Nothing happens if it runs there already.
    void start();
    /// Ends the loop, wherever it runs, and the connection with it, without a word to the server; tokens end with an error. When it was the
    /// client's own thread this returns when that has ended, unless it is called in a handler. After a stop() that found no loop the next
    /// run() or run_for() returns at once.
    void stop();
    /// Connects if nobody did, and runs the loop until stop() or the end of disconnect(). Throws when the client has given up.
    void run();
    /// Runs the loop for so long; false: there is nothing to run for any more.
    bool run_for(std::chrono::milliseconds time);
    /// run() until SIGINT or SIGTERM comes; then disconnects and returns its number. 0: ended without a signal.
    int run_until_signal();

    // ---- Messages ---------------------------------------------------------------------------------------------------------

    /// Publishes, at QoS 1 unless told otherwise; before there is a connection it is kept. Throws validation_error for a bad topic, QoS,
    /// size or property. When the queue is full the token ends at once with error::queue_full.
    publish_token publish(std::string_view topic, payload_view payload = {}, publish_options const& how = {});
    publish_token publish(std::string_view topic, payload_view payload, int qos, bool retain = false) {
        return publish(topic, payload, publish_options(qos_value(qos).level(), retain));
    }
    /// A number, as text.
    template <class Number>
        requires((std::integral<Number> || std::floating_point<Number>) && !std::same_as<Number, bool> && !std::same_as<Number, char>)
    publish_token publish(std::string_view topic, Number number, publish_options const& how = {}) {
        char       text[64];
        auto const end = std::to_chars(text, text + sizeof text, number).ptr;
        return publish(topic, std::string_view(text, static_cast<std::size_t>(end - text)), how);
    }

    /// Publishes a request, whose answer ends the token: at a topic of the client's own, told in the request, which only MQTT 5 can. Without an
    /// answer it ends with error::request_timed_out. Throws validation_error as publish() does.
    request_token request(std::string_view topic, payload_view payload = {}, std::chrono::milliseconds patience = std::chrono::seconds(30),
                          publish_options const& how = {});

    /// Subscribes, now or as soon as there is a connection, and again whenever the server has forgotten it. With a handler, messages that
    /// match the filters go to it; those that match no handler of their own go to on_message().
    subscribe_token subscribe(subscribe_list to, message_handler handler = {});
    subscribe_token subscribe(std::string_view filter, message_handler handler, qos_value qos) {
        return subscribe(subscribe_list(filter, qos.level()), std::move(handler));
    }
    subscribe_token subscribe(std::string_view filter, int qos) { return subscribe(subscribe_list(filter, qos_value(qos).level())); }
    subscribe_token subscribe(std::string_view filter, qos_level qos) { return subscribe(subscribe_list(filter, qos_value(qos).level())); }
    /// Handlers of these filters are taken away too.
    subscribe_token unsubscribe(unsubscribe_list from);

    /// A handler for messages that match `filter`, whatever was subscribed to; it replaces the one of that filter.
    void add_message_handler(std::string filter, message_handler handler);
    void remove_message_handler(std::string_view filter);

    // ---- Handlers ---------------------------------------------------------------------------------------------------------

    void on_connected(std::function<void(connect_result const&)> handler);
    /// The end of a connection, each failed attempt of a connect_async() or reconnect(), and giving up.
    void on_disconnected(std::function<void(disconnected_notice const&)> handler);
    void on_message(message_handler handler);
    /// QoS 0 written, QoS 1 acknowledged, QoS 2 completed.
    void on_published(std::function<void(publish_token const&)> handler);
    void on_subscribed(std::function<void(subscribe_token const&)> handler);
    void on_unsubscribed(std::function<void(subscribe_token const&)> handler);
    void on_log(log_handler handler);
    /// Sees every packet of later connections, and of this one from now on, on the loop's thread. packet_log makes taps that write them as
    /// `aldis dump` does, or into a capture file.
    void tap(tap_handler see);

    /// Whatever the program wants to find again; a copy.
    void     user_data(std::any value);
    std::any user_data() const;

private:
    std::shared_ptr<blocking::core> core_;
};

// ---- In one call ----------------------------------------------------------------------------------------------------------

/// What publish_many() publishes.
class outgoing_message {
public:
    explicit outgoing_message(std::string topic, payload_view payload = {}, qos_value qos = 1, bool retain = false)
        : topic_(std::move(topic)), payload_(payload.bytes().begin(), payload.bytes().end()), how_(qos.level(), retain) {}

    outgoing_message& options(publish_options value) { how_ = std::move(value); return *this; }

    std::string const&     topic() const noexcept { return topic_; }
    byte_buffer const&     payload() const noexcept { return payload_; }
    publish_options const& options() const noexcept { return how_; }

private:
    std::string     topic_;
    byte_buffer     payload_;
    publish_options how_;
};

/// Connects, publishes, waits until all are acknowledged, disconnects. Throws the first failure.
void publish_once(blocking_config config, std::string_view topic, payload_view payload = {}, publish_options const& how = {});
void publish_many(blocking_config config, std::vector<outgoing_message> const& messages);

/// Connects, subscribes and waits for `count` messages; those that the server had retained count only if `retained`.
std::vector<received_message> receive_once(blocking_config config, subscribe_list to, std::size_t count = 1, bool retained = true);

/// Connects, subscribes and hands each message on until `handler` returns false.
void receive_each(blocking_config config, subscribe_list to, std::function<bool(received_message const&)> handler);

} // namespace aldis
