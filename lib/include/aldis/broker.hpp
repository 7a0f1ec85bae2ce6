// An MQTT broker inside the program: 3.1, 3.1.1 and 5.0 on one port, beside clients on the same event loop.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <aldis/broker_inspection.hpp>
#include <aldis/broker_options.hpp>
#include <aldis/error.hpp>
#include <aldis/payload.hpp>
#include <aldis/request.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis {

namespace asio = boost::asio;

/// Listens, and serves whoever comes. Used from one executor: an io_context run by one thread, or a strand. Destroying it closes all at once;
/// sessions end with it.
class broker {
public:
    using executor_type  = asio::any_io_executor;
    using stop_signature = void(error_code);

    explicit broker(executor_type executor, broker_options options = {});

    template <class Context>
        requires std::derived_from<Context, asio::execution_context>
    explicit broker(Context& context, broker_options options = {}) : broker(executor_type(context.get_executor()), std::move(options)) {}

    broker(broker&&) noexcept;
    broker& operator=(broker&&) noexcept;
    ~broker();

    executor_type get_executor() const noexcept;

    /// Opens all listeners, that of the metrics too. Throws boost::system::system_error with the address and what is wrong with it; then none is open.
    void start();

    /// Opens one more; gives where it listens, with the port that was found for port 0. Throws as start() does.
    transport::endpoint listen(broker_listener where);

    /// Where it listens, in the order in which that was asked for.
    std::vector<transport::endpoint> addresses() const;

    /// Where the pages of broker_options::metrics_listener() are, with the port that was found for port 0; nothing: nowhere.
    std::optional<transport::endpoint> metrics_address() const;

    /// Serves a stream that came another way. Its executor must be the broker's.
    void serve(std::unique_ptr<transport::stream> stream);

    /// From now on these passwords, access rules, hooks and limits hold, for what is there as far as it can be changed; certificates are read
    /// again where a listener's address is among the new ones. Listeners stay as they are: neither opened nor closed. Throws what is wrong with
    /// a certificate; everything is as before then.
    void reload(broker_options fresh);

    // ---- Beside the network -----------------------------------------------------------------------------------------------

    /// Another end of a stream in memory that the broker serves: for a client of this program, client::async_connect(broker.connect(), ...).
    std::unique_ptr<transport::stream> connect();

    /// Publishes to whoever subscribed, without a session and whatever the access rules say. Fails with what is wrong with the topic or the
    /// properties, and with quota_exceeded where it was to be retained and there is no room. From a hook that is asked about a message it
    /// follows that one.
    error_code publish(std::string_view topic, payload_view payload, publish_options const& how = {});

    // ---- Inspection -------------------------------------------------------------------------------------------------------

    std::vector<session_info>      sessions() const;
    std::optional<session_info>    session(std::string_view client_id) const;
    /// Of a session, in the order in which they were made.
    std::vector<subscription_info> subscriptions(std::string_view client_id) const;
    broker_metrics                 metrics() const;

    /// DISCONNECT for a client; its session stays. False when it is not connected. Not from inside a hook.
    bool disconnect(std::string_view client_id, reason_code why = reason_code::administrative_action);
    /// Ends a session and its connection. False when there is none. Not from inside a hook.
    bool remove_session(std::string_view client_id);

    // ---- The end ----------------------------------------------------------------------------------------------------------

    /// Listens no more, tells all clients 0x8B, flushes what waits for them for up to two seconds, and completes. Sessions are kept until
    /// the broker is destroyed.
    template <asio::completion_token_for<stop_signature> Token>
    auto async_stop(Token&& token) {
        return asio::async_initiate<Token, stop_signature>(
            [](auto handler, shared_impl self) { begin_stop(self, stop_handler(std::move(handler))); }, token, impl_);
    }

    /// async_stop() for those who do not wait for it.
    void stop();

private:
    class impl;
    using shared_impl  = std::shared_ptr<impl>;
    using stop_handler = asio::any_completion_handler<stop_signature>;

    static void begin_stop(shared_impl const& self, stop_handler handler);

    shared_impl impl_;
};

} // namespace aldis
