// Requests that are answered, on both sides: how to ask, and what an answer is given with (4.10).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <aldis/error.hpp>
#include <aldis/outcome.hpp>
#include <aldis/payload.hpp>
#include <aldis/received_message.hpp>
#include <aldis/request.hpp>

namespace aldis {

namespace asio = boost::asio;

/// How client::async_request() asks: QoS 1, and 30 seconds for the answer, unless told otherwise.
class request_options {
public:
    request_options() = default;
    request_options(std::chrono::milliseconds timeout) noexcept : timeout_(timeout) {}

    /// From the call to the answer; zero: for ever. In 5.0 the request expires then too, where publish() sets no expiry.
    request_options& timeout(std::chrono::milliseconds value) noexcept { timeout_ = value; return *this; }
    /// How the request is published. Response topic and correlation data are added to its properties.
    request_options& publish(publish_options value) { publish_ = std::move(value); return *this; }
    /// Where the answer is to come, instead of a topic of the client's own. In 3.1.1, which cannot send a response topic along, it is what
    /// client and responder have agreed on; answers are then taken for requests in the order in which these were made.
    request_options& response_topic(std::string value) { response_topic_ = std::move(value); return *this; }

    std::chrono::milliseconds timeout() const noexcept { return timeout_; }
    publish_options const&    publish() const noexcept { return publish_; }
    std::string const&        response_topic() const noexcept { return response_topic_; }

private:
    publish_options           publish_{};
    std::string               response_topic_{};
    std::chrono::milliseconds timeout_{30'000};
};

/// What client::respond() gives its handler to answer with, at once or later, once or more often. Copies are the same answer; it outlives
/// the request, and the client, after whose end it fails with operation_aborted. Used from the client's executor.
class request_reply {
public:
    using publish_signature = void(error_code, publish_result);

    /// Where the answer goes: the request's Response Topic; empty when it named none.
    std::string const& topic() const noexcept;
    /// Answers there instead: what was agreed on, in 3.1.1.
    request_reply&     topic(std::string value);

    /// Publishes the answer with the request's correlation data, and its QoS where `how` is not given. Fails with no_response_topic, with
    /// what is wrong with the arguments, and at QoS 0 with not_connected; later ends are not told.
    error_code operator()(payload_view payload) const;
    error_code operator()(payload_view payload, publish_options how) const;

    /// The same; completes as client::async_publish() does.
    template <asio::completion_token_for<publish_signature> Token>
    auto async_send(payload_view payload, publish_options how, Token&& token) const {
        return asio::async_initiate<Token, publish_signature>(
            [](auto handler, shared_core of, std::string bytes, publish_options wanted) {
                begin_send(of, bytes, std::move(wanted), publish_handler(std::move(handler)));
            },
            token, core_, std::string(to_text(payload.bytes())), std::move(how));
    }

    struct core;
    explicit request_reply(std::shared_ptr<core> of) noexcept : core_(std::move(of)) {}

private:
    using shared_core     = std::shared_ptr<core>;
    using publish_handler = asio::any_completion_handler<publish_signature>;

    static void begin_send(shared_core const& of, std::string const& payload, publish_options how, publish_handler handler);

    shared_core core_;
};

/// The request is a view, valid until the handler returns; a copy can be kept.
using request_handler = std::function<void(received_message const& request, request_reply reply)>;

} // namespace aldis
