// A message from any thread to the client below, and its end back to its token.
#include <aldis/codec/encode.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis::blocking {

namespace {

/// What can be told without a server.
void check(std::string_view topic, payload_view payload, publish_options const& how, std::optional<protocol> version) {
    auto const tried = [&] { return "publish to '" + std::string(topic.substr(0, 100)) + "'"; };
    if (how.qos() > qos_level::exactly_once) raise_invalid(tried(), codec::errc::qos_invalid);
    if (auto const wrong = codec::check_topic_name(topic)) raise_invalid(tried(), *wrong);
    packet::publish p;
    p.topic = topic;
    p.payload = payload.bytes();
    p.qos = how.qos();
    p.id = how.qos() == qos_level::at_most_once ? packet_id(0) : packet_id(1);
    p.props = how.props().view();
    auto const size = codec::encoded_size(p, {version.value_or(protocol::v5), sender::client});
    if (!size) raise_invalid(tried(), size.error().code);
}

} // namespace

ticket_ptr core::publish(std::string_view topic, payload_view payload, publish_options const& how) {
    lock_type  lock(sync_->mutex);
    auto const version = config_.version();
    auto const most = config_.max_unfinished(), most_bytes = config_.max_unfinished_bytes();
    lock.unlock();
    check(topic, payload, how, version);

    auto made = make_ticket(asked_for::publish, std::string(topic));
    made->bytes = topic.size() + payload.bytes().size();
    bool const is_full = ++unfinished_ > most;
    if ((unfinished_bytes_ += made->bytes) > most_bytes || is_full) {
        settle(made, failed(error::queue_full, "too many messages have not ended yet: wait for some, or raise blocking_config::max_unfinished()"));
        return made;
    }
    outgoing message{made, std::string(topic), byte_buffer(payload.bytes().begin(), payload.bytes().end()), how};
    asio::post(io_, [this, message = std::move(message)]() mutable { take(std::move(message)); });
    return made;
}

ticket_ptr core::ask(std::string_view topic, payload_view payload, milliseconds patience, publish_options const& how) {
    lock_type  lock(sync_->mutex);
    auto const version = config_.version();
    lock.unlock();
    if (patience.count() < 0) raise_invalid("request()", "the patience is negative");
    if (version && !is_v5(*version)) raise_invalid("request()", "3.1.1 can not tell where the answer is to go", error::no_response_topic);
    check(topic, payload, how, version);
    auto made = make_ticket(asked_for::answer, std::string(topic));
    byte_buffer said(payload.bytes().begin(), payload.bytes().end());
    asio::post(io_, [this, made, said = std::move(said), with = request_options(patience).publish(how)] { ask(made, made->subject, said, with); });
    return made;
}

void core::ask(ticket_ptr const& asked, std::string_view topic, bytes_view payload, request_options const& how) {
    asked->no = next_no_++;
    asked_.add(asked->no, asked);
    client_->async_request(topic, payload, how, [this, asked](error_code ec, received_message answer) {
        if (!asked_.take(asked->no)) return;                       // stopped meanwhile
        if (!ec) {
            std::lock_guard const lock(sync_->mutex);
            asked->answer.emplace(std::move(answer));
        }
        settle(asked, failed(ec));
        leave_if_done();
    });
}

void core::take(outgoing message) {
    if (at_ == phase::open) return send(std::move(message));
    if (at_ == phase::leaving) return settle(message.ticket, failed(error::not_connected, "disconnect() was called before"));
    if (message.how.qos() == qos_level::at_most_once && !config_.queue_qos_0())
        return settle(message.ticket, failed(error::not_connected, "not connected, and QoS 0 is not kept"));
    if (store_) return send(std::move(message));                   // it waits in the store
    if (waiting_.size() >= config_.publish_queue_size())
        return settle(message.ticket, failed(error::queue_full, "the publish queue is full: " + std::to_string(waiting_.size()) + " messages wait for a connection"));
    waiting_.push_back(std::move(message));
}

void core::flush_waiting() {
    for (auto& each : std::exchange(waiting_, {})) send(std::move(each));
}

void core::send(outgoing message) {
    auto const ticket = message.ticket;
    ticket->no = next_no_++;
    under_way_.add(ticket->no, ticket);
    client_->async_publish(message.topic, message.payload, message.how,
                           [this, ticket](error_code ec, publish_result const& result) { sent(ticket, ec, result); });
}

void core::sent(ticket_ptr const& ticket, error_code ec, publish_result const& result) {
    if (!under_way_.take(ticket->no)) return;                      // stopped meanwhile
    settle(ticket, failed(ec, std::string(result.reason_string())), result.reason());
    if (!ec) call(calls.published, "published", publish_token(ticket));
    else say(log_level::warning, "message " + std::to_string(ticket->id) + " to '" + ticket->subject + "' was not delivered: " + ec.message());
    leave_if_done();
}

} // namespace aldis::blocking
