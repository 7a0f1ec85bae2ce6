// A subscription's own side: its queue, its handler, the operations that wait for it; and the handle.
#include <aldis/subscription.hpp>

#include <boost/asio/error.hpp>

#include "impl.hpp"
#include "routing.hpp"

namespace aldis {

subscription_options& subscription_options::queue(std::size_t messages, std::size_t bytes) noexcept {
    queue_messages_ = messages;
    queue_bytes_ = bytes;
    return *this;
}

// ---- Messages ---------------------------------------------------------------------------------------------------------

client_subscription::route::route(client::impl& of, std::uint32_t number, std::string_view topics, subscription_options const& wanted,
                                  message_handler to)
    : owner(of.weak_from_this()), executor(of.executor()), no(number), filter(topics), how(wanted),
      handler(to ? std::make_shared<message_handler>(std::move(to)) : nullptr),
      alone(std::make_shared<std::vector<std::string> const>(1, filter)) {}

bool client_subscription::route::is_manual(client::impl const& of) const noexcept {
    return how.manual_acknowledge().value_or(of.options_.manual_acknowledge());
}

void client_subscription::route::take(received_message const& seen) {
    auto const of = owner.lock();
    if (!of) return;
    if (state == subscription_state::ended) return of->router_->let_go(no, seen.arrival(), seen.qos(), reason_code::success);
    if (auto const to = handler) {
        (*to)(seen);
        if (!is_manual(*of)) of->router_->let_go(no, seen.arrival(), seen.qos(), reason_code::success);
        return;
    }
    if (auto op = receivers_.take_first()) return hand_over(std::move(*op), seen);
    incoming.push_back(seen);
    incoming_bytes_ += seen.size();
    measure();
}

void client_subscription::route::receive(receive_operation op) {
    if (handler) return std::move(op).complete(error::invalid, {});
    if (!incoming.empty()) {
        auto next = std::move(incoming.front());
        incoming.pop_front();
        incoming_bytes_ -= next.size();
        measure();
        return hand_over(std::move(op), std::move(next));
    }
    if (auto const why = why_not()) return std::move(op).complete(why, {});
    auto const number = next_no_++;
    op.on_cancel([weak = weak_from_this(), number](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->receivers_.take(number)) std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    receivers_.add(number, std::move(op));
}

void client_subscription::route::hand_over(receive_operation op, received_message message) {
    auto const of = owner.lock();
    auto const arrival = message.arrival();
    auto const qos = message.qos();
    if (!of || arrival == 0 || is_manual(*of)) return std::move(op).complete({}, std::move(message));
    std::move(op).complete_then(
        [weak = owner, taker = no, arrival, qos] {
            if (auto const self = weak.lock(); self && self->router_) self->router_->let_go(taker, arrival, qos, reason_code::success);
        },
        {}, std::move(message));
}

/// Full at either bound, and free again when half of it is.
void client_subscription::route::measure() {
    auto const most = how.queue_messages();
    auto const most_bytes = how.queue_bytes();
    bool const is_now = full_ ? incoming.size() > most / 2 || incoming_bytes_ > most_bytes / 2
                              : incoming.size() >= most || incoming_bytes_ >= most_bytes;
    bool const counts = is_now && state != subscription_state::ended && !incoming.empty();
    if (counts == full_) return;
    full_ = counts;
    if (auto const of = owner.lock(); of && of->router_) of->router_->filled(counts);
}

void client_subscription::route::acknowledge(received_message const& message, reason_code reason) {
    if (auto const of = owner.lock(); of && of->router_) of->router_->let_go(no, message.arrival(), message.qos(), reason);
}

// ---- The server's answer ----------------------------------------------------------------------------------------------

/// Why nothing more will come; no error while something may.
error_code client_subscription::route::why_not() const noexcept {
    if (state == subscription_state::refused) return error;
    if (state == subscription_state::ended) return error::subscription_ended;
    auto const of = owner.lock();
    if (!of || of->dead_) return asio::error::operation_aborted;
    return {};
}

void client_subscription::route::wait(subscribe_operation op) {
    if (state == subscription_state::active) return std::move(op).complete({}, answer);
    if (auto const why = why_not()) return std::move(op).complete(why, answer);
    auto const number = next_no_++;
    op.on_cancel([weak = weak_from_this(), number](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        if (auto taken = self->waiters_.take(number)) std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    waiters_.add(number, std::move(op));
}

void client_subscription::route::wait(subscribe_to_operation op) {
    if (auto const why = why_not()) return std::move(op).complete(why, client_subscription(shared_from_this()));
    auto const number = next_no_++;
    op.on_cancel([weak = weak_from_this(), number](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        auto taken = self->openers_.take(number);
        if (!taken) return;
        self->unsubscribe(std::nullopt);
        std::move(*taken).complete(asio::error::operation_aborted, {});
    });
    openers_.add(number, std::move(op));
}

void client_subscription::route::answered(error_code why, subscribe_result const& said) {
    auto const self = shared_from_this();
    if (state == subscription_state::ended) return;
    answer = said;
    error = why;
    state = why ? subscription_state::refused : subscription_state::active;
    for (auto& op : waiters_.take_all()) std::move(op).complete(why, said);
    for (auto& op : openers_.take_all()) std::move(op).complete(why, client_subscription(self));
    if (why)
        for (auto& op : receivers_.take_all()) std::move(op).complete(why, {});
    if (auto const told = on_answer) told(why, said);
}

void client_subscription::route::fail_operations(error_code why, error_code of_receivers) {
    for (auto& op : waiters_.take_all()) std::move(op).complete(why, {});
    for (auto& op : openers_.take_all()) std::move(op).complete(why, client_subscription(shared_from_this()));
    if (!of_receivers) return;                                     // there will be another connection
    for (auto& op : receivers_.take_all()) std::move(op).complete(of_receivers, {});
}

// ---- The end ----------------------------------------------------------------------------------------------------------

void client_subscription::route::unsubscribe(std::optional<subscribe_operation> op) {
    auto const of = owner.lock();
    bool const is_there = of && of->router_ && state != subscription_state::ended;
    if (is_there) return of->router_->leave(*this, std::move(op));
    if (op) std::move(*op).complete(state == subscription_state::ended ? error_code{} : asio::error::operation_aborted, {});
}

void client_subscription::route::ended() {
    auto const self = shared_from_this();
    state = subscription_state::ended;
    handler = nullptr;
    on_answer = nullptr;
    measure();
    fail_operations(error::subscription_ended, error::subscription_ended);
}

void client_subscription::route::handle_gone() {
    auto const self = shared_from_this();
    has_handle = false;
    if (!handler || how.unsubscribe_on_destruction()) unsubscribe(std::nullopt);
    auto const of = owner.lock();
    for (auto const& each : std::exchange(incoming, {}))
        if (of && of->router_) of->router_->let_go(no, each.arrival(), each.qos(), reason_code::success);
    incoming_bytes_ = 0;
    measure();
}

// ---- The handle -------------------------------------------------------------------------------------------------------

client_subscription& client_subscription::operator=(client_subscription&& other) noexcept {
    if (this != &other) {
        let_go();
        route_ = std::move(other.route_);
    }
    return *this;
}
client_subscription::~client_subscription() { let_go(); }

void client_subscription::let_go() noexcept {
    if (auto const of = std::exchange(route_, nullptr)) of->handle_gone();
}

std::string const& client_subscription::filter() const noexcept {
    static std::string const none;
    return route_ ? route_->filter : none;
}
subscription_options const& client_subscription::options() const noexcept {
    static subscription_options const none;
    return route_ ? route_->how : none;
}
subscription_state      client_subscription::state() const noexcept { return route_ ? route_->state : subscription_state::ended; }
error_code              client_subscription::error() const noexcept { return route_ ? route_->error : error_code{}; }
subscribe_result const& client_subscription::answer() const noexcept {
    static subscribe_result const none;
    return route_ ? route_->answer : none;
}
std::size_t client_subscription::waiting_messages() const noexcept { return route_ ? route_->incoming.size() : 0; }

void client_subscription::on_answer(answer_handler handler) {
    if (route_ && route_->state != subscription_state::ended) route_->on_answer = std::move(handler);
}
void client_subscription::acknowledge(received_message const& message, reason_code reason) {
    if (route_) route_->acknowledge(message, reason);
}
void client_subscription::unsubscribe() {
    if (route_) route_->unsubscribe(std::nullopt);
}

namespace {

/// A handle of nothing knows no executor but that of the handler.
template <class Handler, class Result>
void complete_without_subscription(Handler handler) {
    auto const on = asio::get_associated_executor(handler);
    asio::dispatch(on, [handler = std::move(handler)]() mutable { std::move(handler)(error_code(error::subscription_ended), Result{}); });
}

} // namespace

void client_subscription::begin_receive(shared_route const& of, receive_handler handler) {
    if (!of) return complete_without_subscription<receive_handler, received_message>(std::move(handler));
    of->receive(receive_operation(std::move(handler), of->executor));
}
void client_subscription::begin_wait(shared_route const& of, subscribe_handler handler) {
    if (!of) return complete_without_subscription<subscribe_handler, subscribe_result>(std::move(handler));
    of->wait(subscribe_operation(std::move(handler), of->executor));
}
void client_subscription::begin_unsubscribe(shared_route const& of, subscribe_handler handler) {
    if (!of) return complete_without_subscription<subscribe_handler, subscribe_result>(std::move(handler));
    of->unsubscribe(subscribe_operation(std::move(handler), of->executor));
}

} // namespace aldis
