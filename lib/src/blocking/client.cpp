// The public face of the blocking client and its tokens.
#include <aldis/blocking_client.hpp>

#include <aldis/codec/topic.hpp>

#include "core.hpp"

namespace aldis {

using blocking::core;

// ---- Arguments --------------------------------------------------------------------------------------------------------

qos_value::qos_value(qos_level value) : qos_value(static_cast<int>(value)) {}
qos_value::qos_value(int value) : level_(static_cast<qos_level>(value)) {
    if (value < 0 || value > 2) blocking::raise_invalid("QoS " + std::to_string(value), codec::errc::qos_invalid);
}

// ---- Tokens -----------------------------------------------------------------------------------------------------------

void token::wait() const { wait_for(std::chrono::hours(24 * 365)); }

bool token::wait_for(std::chrono::milliseconds patience) const {
    if (!ticket_) blocking::raise_invalid("wait()", "a token of nothing: it was not made by publish() or subscribe()");
    auto const until = blocking::clock::now() + std::min<blocking::clock::duration>(patience, std::chrono::hours(24 * 365));
    if (auto const of = ticket_->asked.lock()) return of->wait(*ticket_, until);
    blocking::raise(ticket_->wrong ? ticket_->wrong : blocking::failed(boost::asio::error::operation_aborted, "the client is gone"), ticket_->what, "wait()");
}

bool token::is_done() const {
    if (!ticket_) return false;
    std::lock_guard const lock(ticket_->sync->mutex);
    return ticket_->done;
}

std::error_code token::error() const {
    if (!ticket_) return {};
    std::lock_guard const lock(ticket_->sync->mutex);
    return ticket_->wrong.code;
}

reason_code token::reason() const {
    if (!ticket_) return reason_code::success;
    std::lock_guard const lock(ticket_->sync->mutex);
    return ticket_->reason;
}

std::uint64_t token::id() const noexcept { return ticket_ ? ticket_->id : 0; }

bool publish_token::is_published() const { return is_done() && !error(); }

received_message request_token::answer() const {
    wait();
    std::lock_guard const lock(ticket_->sync->mutex);
    return *ticket_->answer;
}

std::vector<std::string> const& subscribe_token::filters() const noexcept {
    static std::vector<std::string> const none;
    return ticket_ ? ticket_->filters : none;
}

std::vector<reason_code> subscribe_token::codes() const {
    if (!ticket_) return {};
    std::lock_guard const lock(ticket_->sync->mutex);
    return ticket_->codes;
}

// ---- The client -------------------------------------------------------------------------------------------------------
// A handler may destroy the client that calls it: what runs the loop holds the core itself.

blocking_client::blocking_client(blocking_config config) : core_(std::make_shared<core>(std::move(config))) {}
blocking_client::~blocking_client() { core_->abandon(); }

void blocking_client::connect() { auto const core = core_; core->connect(); }
void blocking_client::connect_async() { core_->connect_async(); }
void blocking_client::reconnect() { core_->reconnect(); }
void blocking_client::disconnect(std::chrono::milliseconds patience) { core_->disconnect(patience); }
void blocking_client::reinitialise(blocking_config config) { core_->reinitialise(std::move(config)); }
bool blocking_client::is_connected() const { return core_->is_connected(); }

void blocking_client::set_will(will_message value) { core_->will(std::move(value)); }
void blocking_client::set_will(std::string topic, payload_view payload, qos_value qos, bool retain) {
    set_will(will_message(std::move(topic), payload).qos(qos.level()).retain(retain));
}
void blocking_client::clear_will() { core_->will(std::nullopt); }

void blocking_client::start() { core_->start(); }
void blocking_client::stop() { auto const core = core_; core->stop(); }
void blocking_client::run() { auto const core = core_; core->run(); }
bool blocking_client::run_for(std::chrono::milliseconds time) { auto const core = core_; return core->run_for(time); }
int  blocking_client::run_until_signal() { auto const core = core_; return core->run_until_signal(); }

publish_token blocking_client::publish(std::string_view topic, payload_view payload, publish_options const& how) {
    return publish_token(core_->publish(topic, payload, how));
}
request_token blocking_client::request(std::string_view topic, payload_view payload, std::chrono::milliseconds patience, publish_options const& how) {
    return request_token(core_->ask(topic, payload, patience, how));
}
subscribe_token blocking_client::subscribe(subscribe_list to, message_handler handler) {
    return subscribe_token(core_->subscribe(std::move(to), std::move(handler)));
}
subscribe_token blocking_client::unsubscribe(unsubscribe_list from) { return subscribe_token(core_->unsubscribe(std::move(from))); }

void blocking_client::add_message_handler(std::string filter, message_handler handler) {
    if (auto const wrong = codec::check_topic_filter(filter)) blocking::raise_invalid("add_message_handler()", *wrong);
    if (!handler) return remove_message_handler(filter);
    core_->calls.of_filters.add(std::move(filter), std::move(handler));
}
void blocking_client::remove_message_handler(std::string_view filter) { core_->calls.of_filters.remove(filter); }

void blocking_client::on_connected(std::function<void(connect_result const&)> handler) { core_->calls.connected.set(std::move(handler)); }
void blocking_client::on_disconnected(std::function<void(disconnected_notice const&)> handler) {
    core_->calls.disconnected.set(std::move(handler));
}
void blocking_client::on_message(message_handler handler) { core_->calls.message.set(std::move(handler)); }
void blocking_client::on_published(std::function<void(publish_token const&)> handler) { core_->calls.published.set(std::move(handler)); }
void blocking_client::on_subscribed(std::function<void(subscribe_token const&)> handler) { core_->calls.subscribed.set(std::move(handler)); }
void blocking_client::on_unsubscribed(std::function<void(subscribe_token const&)> handler) { core_->calls.unsubscribed.set(std::move(handler)); }
void blocking_client::on_log(log_handler handler) { core_->log(std::move(handler)); }
void blocking_client::tap(tap_handler see) { core_->tap(std::move(see)); }

void     blocking_client::user_data(std::any value) { core_->user_data(std::move(value)); }
std::any blocking_client::user_data() const { return core_->user_data(); }

} // namespace aldis
