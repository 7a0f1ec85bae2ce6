// The public face of the client.
#include <aldis/client.hpp>

#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

client::client(executor_type executor, connect_options options) : impl_(std::make_shared<impl>(std::move(executor), std::move(options))) {
    impl_->open_store();
}
client::client(client&&) noexcept = default;
client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        if (impl_) impl_->close(true);
        impl_ = std::move(other.impl_);
    }
    return *this;
}
client::~client() {
    if (impl_) impl_->close(true);
}

client::executor_type  client::get_executor() const noexcept { return impl_->executor(); }
connect_options const& client::options() const noexcept { return impl_->given_; }
void                   client::options(connect_options value) { impl_->options_ = impl_->given_ = std::move(value); }
bool                   client::is_connected() const noexcept { return impl_->is_open(); }
connect_result const&  client::connected_as() const noexcept { return impl_->connected_as_; }
void                   client::close() { impl_->close(false); }
void                   client::stop() { impl_->close(false); }
void                   client::start(reconnect_policy how) { impl_->start(std::move(how), {}); }
connection_state       client::state() const { return impl_->now_; }

client_metrics client::metrics() const { return impl_->metrics(); }

std::size_t client::unacknowledged() const noexcept { return impl_->state_->queued_messages() + impl_->state_->in_flight(); }

void client::on_message(std::function<void(received_message const&)> handler) {
    impl_->on_message_ = handler ? std::make_shared<std::function<void(received_message const&)>>(std::move(handler)) : nullptr;
}
void client::on_state(std::function<void(connection_state const&)> handler) {
    impl_->on_state_ = handler ? std::make_shared<std::function<void(connection_state const&)>>(std::move(handler)) : nullptr;
}
void client::on_disconnected(std::function<void(error_code, disconnect_result const&)> handler) {
    impl_->on_disconnected_ = std::move(handler);
}
void client::on_delivered(std::function<void(session::delivery_no, error_code, publish_result const&)> handler) {
    impl_->on_delivered_ = std::move(handler);
}
void client::on_store_failure(std::function<void(error_code, std::string const&)> handler) { impl_->on_store_failure_ = std::move(handler); }
void client::tap(tap_handler see) {
    impl_->tap_ = std::move(see);
    if (impl_->connection_) impl_->connection_->tap(impl_->all_taps());
}

void client::log(log_handler sink) { impl_->log(std::move(sink)); }

session::outcome<session::delivery_no> client::publish(std::string_view topic, payload_view payload, publish_options const& how) {
    return impl_->publish_now(topic, payload, how);
}
void client::acknowledge(received_message const& message, reason_code reason) {
    impl_->acknowledge(message, reason);
}
void          client::request_limit(std::size_t most) { impl_->requests().limit(most); }
std::size_t   client::pending_requests() const noexcept { return impl_->requester_ ? impl_->requester_->pending() : 0; }
std::uint64_t client::stray_responses() const noexcept { return impl_->requester_ ? impl_->requester_->stray() : 0; }

client_subscription client::subscribe(std::string_view filter, subscription_options const& how, message_handler handler) {
    return client_subscription(impl_->routes().subscribe(filter, how, std::move(handler)));
}
std::vector<std::string> client::restored_subscriptions() const {
    return impl_->router_ ? impl_->router_->restored() : std::vector<std::string>{};
}
client_subscription client::on_message(std::string_view filter, message_handler handler) {
    return client_subscription(impl_->routes().listen(filter, std::move(handler)));
}

// ---- What the initiating functions come down to -----------------------------------------------------------------------

void client::begin_connect(shared_impl const& self, std::unique_ptr<transport::stream> over, connect_handler handler) {
    self->connect(std::move(over), connect_operation(std::move(handler), self->executor()));
}
void client::begin_publish(shared_impl const& self, outgoing what, publish_handler handler) {
    self->publish(std::move(what), publish_operation(std::move(handler), self->executor()));
}
void client::begin_subscribe(shared_impl const& self, subscribe_list what, subscribe_handler handler) {
    self->subscribe(what, subscribe_operation(std::move(handler), self->executor()));
}
void client::begin_subscribe_to(shared_impl const& self, std::string_view filter, subscription_options const& how, subscribe_to_handler handler) {
    subscribe_to_operation op(std::move(handler), self->executor());
    if (self->dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    self->routes().subscribe(filter, how, nullptr)->wait(std::move(op));
}
void client::begin_unsubscribe(shared_impl const& self, unsubscribe_list what, subscribe_handler handler) {
    self->unsubscribe(what, subscribe_operation(std::move(handler), self->executor()));
}
void client::begin_receive(shared_impl const& self, receive_handler handler) {
    self->receive(receive_operation(std::move(handler), self->executor()));
}
void client::begin_request(shared_impl const& self, std::string_view topic, std::string_view payload, request_options const& how,
                           receive_handler handler) {
    self->requests().request(topic, payload, how, receive_operation(std::move(handler), self->executor()));
}
void client::begin_disconnect(shared_impl const& self, disconnect_options what, disconnect_handler handler) {
    self->disconnect(what, disconnect_operation(std::move(handler), self->executor()));
}
void client::begin_run(shared_impl const& self, reconnect_policy how, disconnect_handler handler) {
    self->start(std::move(how), disconnect_operation(std::move(handler), self->executor()));
}
void client::begin_reauthenticate(shared_impl const& self, disconnect_handler handler) {
    self->reauthenticate(disconnect_operation(std::move(handler), self->executor()));
}
void client::begin_next_state(shared_impl const& self, state_handler handler) {
    self->next_state(state_operation(std::move(handler), self->executor()));
}
void client::begin_wait_connected(shared_impl const& self, std::optional<std::chrono::milliseconds> within, connect_handler handler) {
    self->wait_connected(within, connect_operation(std::move(handler), self->executor()));
}
void client::begin_leave(shared_impl const& self, std::chrono::milliseconds within, disconnect_options how, leave_handler handler) {
    self->leave(within, std::move(how), leave_operation(std::move(handler), self->executor()));
}

} // namespace aldis
