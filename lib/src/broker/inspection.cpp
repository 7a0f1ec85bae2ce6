// What a broker tells of its sessions, subscriptions and counters, and what its program may do to them.
#include <aldis/broker.hpp>

#include <chrono>
#include <utility>

#include <aldis/connection.hpp>
#include <aldis/transport/memory.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

session_info info_of(serving::member const& who, serving::core const& of, session::time_point now) {
    session_info made;
    made.client_id = who.client_id;
    made.user_name = who.user_name;
    made.is_connected = who.at != nullptr;
    if (who.at) made.address = who.at->address;
    made.version = who.version;
    made.subscriptions = of.subscriptions().size(who.no);
    made.queued_messages = who.state.queued_messages();
    made.queued_bytes = who.state.queued_bytes();
    made.in_flight = who.state.in_flight();
    made.dropped = who.dropped;
    if (who.ends) made.ends_in = std::chrono::ceil<std::chrono::seconds>(*who.ends - now);
    return made;
}

} // namespace

std::vector<session_info> broker::sessions() const {
    std::vector<session_info> all;
    auto const                now = connection::now();
    impl_->state().each_member([&](serving::member const& who) { all.push_back(info_of(who, impl_->state(), now)); });
    return all;
}

std::optional<session_info> broker::session(std::string_view client_id) const {
    auto const* const who = impl_->state().find(client_id);
    if (!who) return std::nullopt;
    return info_of(*who, impl_->state(), connection::now());
}

std::vector<subscription_info> broker::subscriptions(std::string_view client_id) const {
    std::vector<subscription_info> all;
    auto const* const              who = impl_->state().find(client_id);
    if (!who) return all;
    impl_->state().subscriptions().each(who->no, [&](subscription const& each, std::uint32_t id) {
        all.push_back({std::string(each.filter), id, each.qos, each.no_local, each.retain_as_published});
    });
    return all;
}

broker_metrics broker::metrics() const { return impl_->metrics(); }

broker_metrics broker::impl::metrics() const {
    auto const&    core = core_;
    auto const&    c = core.counted();
    broker_metrics made;
    made.uptime = std::chrono::floor<std::chrono::seconds>(connection::now() - core.begun().value_or(connection::now()));
    made.connections = c.connections;
    made.clients = c.clients;
    made.clients_maximum = c.clients_most;
    made.sessions = core.sessions();
    made.subscriptions = core.subscriptions().size();
    made.retained_messages = core.retained().size();
    made.retained_bytes = core.retained().bytes();
    made.bytes_kept = core.bytes_kept();
    made.connections_accepted = c.accepted;
    made.connections_refused = c.refused;
    made.sessions_expired = c.expired_sessions;
    made.messages_received = c.messages_in;
    made.messages_sent = c.messages_out;
    made.messages_dropped = c.messages_dropped;
    made.payload_received = c.payload_in;
    made.payload_sent = c.payload_out;
    made.bytes_received = c.bytes_in;
    made.bytes_sent = c.bytes_out;
    return made;
}

bool broker::disconnect(std::string_view client_id, reason_code why) {
    auto const* const who = impl_->state().find(client_id);
    if (!who || !who->at) return false;
    impl_->state().dismiss(*who->at, is_error(why) ? why : reason_code::administrative_action, connection::now());
    return true;
}

bool broker::remove_session(std::string_view client_id) { return impl_->state().remove_session(client_id, connection::now()); }

error_code broker::publish(std::string_view topic, payload_view payload, publish_options const& how) {
    property_list props(how.props());
    auto          content = session::message::make(topic, props.view(), payload.bytes());
    if (!content) return bad_argument(content.error().code);
    serving::core::publication what{std::move(*content), how.qos(), how.retain(), {}};
    auto const                 now = connection::now();
    if (auto const expiry = props.view().get<property_id::message_expiry_interval>()) what.expires_at = now + std::chrono::seconds{*expiry};
    return impl_->state().publish(what, 0, now) == reason_code::quota_exceeded ? make_error_code(reason_code::quota_exceeded) : error_code{};
}

std::unique_ptr<transport::stream> broker::connect() {
    auto [theirs, ours] = transport::make_memory_pair(impl_->io());
    serve(std::move(ours));
    return std::move(theirs);
}

} // namespace aldis
