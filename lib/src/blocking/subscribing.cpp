// Subscriptions: asked for from any thread, kept, restored; and messages to the handlers of their filters.
#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis::blocking {

namespace {

template <class List>
std::vector<std::string> check(List const& list, std::optional<protocol> version, char const* tried) {
    auto const filters = list.filters();
    auto const props = list.props().view();
    if (auto const wrong = filters.flaw() ? filters.flaw() : props.flaw()) raise_invalid(tried, *wrong);
    if (filters.empty()) raise_invalid(tried, codec::errc::no_filters);
    if (version && !is_v5(*version) && !props.empty()) raise_invalid(tried, codec::errc::not_expressible);
    std::vector<std::string> names;
    for (auto const& each : filters) {
        if constexpr (std::is_same_v<List, subscribe_list>) names.emplace_back(each.filter);
        else names.emplace_back(each);
    }
    return names;
}

std::string joined(std::vector<std::string> const& names) {
    auto text = names.front();
    if (names.size() > 1) text += " and " + std::to_string(names.size() - 1) + " more";
    return text;
}

} // namespace

ticket_ptr core::subscribe(subscribe_list to, blocking_client::message_handler handler) {
    lock_type  lock(sync_->mutex);
    auto const version = config_.version();
    lock.unlock();
    auto names = check(to, version, "subscribe");
    if (handler)
        for (auto const& each : names) calls.of_filters.add(each, handler);
    auto made = make_ticket(asked_for::subscribe, joined(names));
    made->filters = std::move(names);
    asio::post(io_, [this, asked = request{made, static_cast<bool>(handler), std::move(to)}]() mutable { take(std::move(asked)); });
    return made;
}

ticket_ptr core::unsubscribe(unsubscribe_list from) {
    lock_type  lock(sync_->mutex);
    auto const version = config_.version();
    lock.unlock();
    auto names = check(from, version, "unsubscribe");
    for (auto const& each : names) calls.of_filters.remove(each);
    auto made = make_ticket(asked_for::unsubscribe, joined(names));
    made->filters = std::move(names);
    asio::post(io_, [this, asked = request{made, false, std::move(from)}]() mutable { take(std::move(asked)); });
    return made;
}

void core::take(request asked) {
    if (asked.ticket->what == asked_for::unsubscribe)
        for (auto const& each : asked.ticket->filters) subscribed_.erase(each);
    if (at_ == phase::open) return send(std::move(asked));
    if (at_ == phase::leaving) return settle(asked.ticket, failed(error::not_connected, "disconnect() was called before"));
    requests_.push_back(std::move(asked));
}

void core::send(request asked) {
    auto const kept = std::make_shared<request>(std::move(asked));
    auto const done = [this, kept](error_code ec, subscribe_result const& result) { answered(*kept, ec, result); };
    kept->ticket->no = next_no_++;
    asked_.add(kept->ticket->no, kept->ticket);
    if (auto const* const to = std::get_if<subscribe_list>(&kept->what)) client_->async_subscribe(*to, done);
    else client_->async_unsubscribe(std::get<unsubscribe_list>(kept->what), done);
}

void core::answered(request const& asked, error_code ec, subscribe_result const& result) {
    auto const& ticket = asked.ticket;
    if (!asked_.take(ticket->no)) return;                          // stopped meanwhile
    bool const has_answer = !ec || !result.codes().empty();
    bool const is_hopeless = ec == condition::not_supported || ec == condition::local_misuse || at_ == phase::leaving;
    if (!has_answer && (!is_hopeless || ec == error::not_connected) && at_ != phase::leaving) return requests_.push_back(asked);
    if (ticket->what == asked_for::subscribe && has_answer) granted(asked, result.codes());
    settle(ticket, failed(ec, std::string(result.reason_string())), result.reason(), result.codes());
    if (ec) say(log_level::warning, ticket->subject + ": " + ec.message());
    if (ticket->what == asked_for::subscribe && has_answer) call(calls.subscribed, "subscribed", subscribe_token(ticket));
    if (ticket->what == asked_for::unsubscribe && has_answer) call(calls.unsubscribed, "unsubscribed", subscribe_token(ticket));
    leave_if_done();
}

void core::granted(request const& asked, std::vector<reason_code> const& codes) {
    auto const& list = std::get<subscribe_list>(asked.what);
    std::size_t at = 0;
    for (auto const& each : list.filters()) {
        auto const code = at < codes.size() ? codes[at++] : reason_code::unspecified_error;
        if (is_error(code)) {
            if (asked.has_handler) calls.of_filters.remove(each.filter);
            continue;
        }
        subscribe_list one;
        one.add(each).props(list.props());
        subscribed_.insert_or_assign(std::string(each.filter), std::move(one));
    }
}

// ---- A server that has forgotten --------------------------------------------------------------------------------------

void core::restore_subscriptions() {
    if (!std::exchange(restoring_, false)) return;
    subscribe_list plain;                                          // all that need no properties of their own, in one packet
    for (auto const& [filter, list] : subscribed_) {
        if (!list.props().view().empty()) restore(list);
        else for (auto const& each : list.filters()) plain.add(each);
    }
    if (!plain.filters().empty()) restore(std::move(plain));
}

void core::restore(subscribe_list list) {
    auto const sent = std::make_shared<subscribe_list>(std::move(list));
    client_->async_subscribe(*sent, [this, sent](error_code ec, subscribe_result const& result) {
        if (ec && result.codes().empty()) {
            restoring_ = true;                                     // nobody knows whether it arrived
            return;
        }
        std::size_t at = 0;
        for (auto const& each : sent->filters()) {
            if (at >= result.codes().size() || !is_error(result.codes()[at++])) continue;
            say(log_level::warning, "the server does not take the subscription to '" + std::string(each.filter) + "' again: " +
                                        std::string(name_of(result.codes()[at - 1], packet_type::suback)));
            if (auto const gone = subscribed_.find(each.filter); gone != subscribed_.end()) subscribed_.erase(gone);
        }
    });
}

// ---- Messages ---------------------------------------------------------------------------------------------------------

void core::arrived(received_message const& message) {
    bool       is_taken = false;
    auto const handlers_now = calls.of_filters.all();
    for (auto const& each : *handlers_now) {
        if (!topic_matches(each->pattern, message.topic())) continue;
        is_taken = true;
        guarded("message", [&] { each->handler(message); });
    }
    if (!is_taken) call(calls.message, "message", message);
}

} // namespace aldis::blocking
