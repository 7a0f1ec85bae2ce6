// Answering: a subscription whose messages come with a way back (4.10.1).
#include <aldis/request_response.hpp>

#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

struct request_reply::core {
    std::weak_ptr<client::impl> of{};
    std::string                 topic{};
    std::optional<byte_buffer>  correlation{};
    qos_level                   qos{};

    publish_options complete(publish_options how) const {
        if (correlation) how.correlation_data(bytes_view(*correlation));
        return how;
    }
};

namespace {

request_reply reply_to(std::weak_ptr<client::impl> of, received_message const& request) {
    auto made = std::make_shared<request_reply::core>();
    made->of = std::move(of);
    made->topic = request.response_topic();
    if (auto const data = request.props().get<property_id::correlation_data>()) made->correlation.emplace(data->begin(), data->end());
    made->qos = request.qos();
    return request_reply(std::move(made));
}

} // namespace

client_subscription client::respond(std::string_view filter, subscription_options const& how, request_handler handler) {
    return subscribe(filter, how, [of = std::weak_ptr<impl>(impl_), handler = std::move(handler)](received_message const& request) {
        handler(request, reply_to(of, request));
    });
}

std::string const& request_reply::topic() const noexcept { return core_->topic; }

/// Of this copy only.
request_reply& request_reply::topic(std::string value) {
    core_ = std::make_shared<core>(*core_);
    core_->topic = std::move(value);
    return *this;
}

error_code request_reply::operator()(payload_view payload) const { return (*this)(payload, publish_options{core_->qos}); }

error_code request_reply::operator()(payload_view payload, publish_options how) const {
    auto const of = core_->of.lock();
    if (!of || of->dead_) return asio::error::operation_aborted;
    if (core_->topic.empty()) return error::no_response_topic;
    if (how.qos() == qos_level::at_most_once && !of->is_open()) return error::not_connected;
    auto what = client::impl::make(core_->topic, payload, core_->complete(std::move(how)));
    if (what.flaw) return what.flaw;
    if (what.has_props && !is_v5(of->options_.version())) return bad_argument(codec::errc::not_expressible);
    of->publish(std::move(what), publish_operation([](error_code, publish_result const&) {}, of->executor()));
    return {};
}

void request_reply::begin_send(shared_core const& of, std::string const& payload, publish_options how, publish_handler handler) {
    auto const on = of->of.lock();
    if (!on) {                                                     // with the client its executor is gone
        auto const there = asio::get_associated_executor(handler);
        asio::dispatch(there, [handler = std::move(handler)]() mutable { std::move(handler)(asio::error::operation_aborted, publish_result{}); });
        return;
    }
    publish_operation op(std::move(handler), on->executor());
    if (of->topic.empty()) return std::move(op).complete(error::no_response_topic, {});
    on->publish(client::impl::make(of->topic, payload, of->complete(std::move(how))), std::move(op));
}

} // namespace aldis
