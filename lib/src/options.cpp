// Options for connecting, and wills.
#include <aldis/options.hpp>

#include <algorithm>

#include <aldis/transport/connect_options.hpp>
#include <aldis/transport/endpoint.hpp>

#include "seconds.hpp"

namespace aldis {

// ---- Wills ------------------------------------------------------------------------------------------------------------

will_message::will_message(std::string topic, payload_view payload)
    : topic_(std::move(topic)), payload_(payload.bytes().begin(), payload.bytes().end()) {}

will_message& will_message::delay(std::chrono::seconds value) {
    props_.add<property_id::will_delay_interval>(to_interval(value));
    return *this;
}
will_message& will_message::expiry(std::chrono::seconds value) {
    props_.add<property_id::message_expiry_interval>(to_interval(value));
    return *this;
}
will_message& will_message::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}

// ---- Where ------------------------------------------------------------------------------------------------------------

connect_options::connect_options(std::string_view address) { uri(address); }
connect_options::connect_options(transport::endpoint where) { endpoint(std::move(where)); }

connect_options& connect_options::uri(std::string_view value) {
    auto parsed = transport::parse_endpoint(value);
    if (parsed.has_value()) return endpoint(std::move(*parsed));
    endpoint_.reset();
    address_error_ = parsed.error().code();
    return *this;
}

/// User name and password of the address count unless they are given on their own afterwards.
connect_options& connect_options::endpoint(transport::endpoint value) {
    if (value.user_name()) user_name_ = value.user_name();
    if (value.password()) password_ = value.password();
    address_error_ = {};
    endpoint_ = std::make_shared<transport::endpoint const>(std::move(value));
    return *this;
}

connect_options& connect_options::tls(transport::tls_options value) {
    auto changed = transport();
    return transport(std::move(changed.tls(std::move(value))));
}

connect_options& connect_options::proxy(transport::proxy_options value) {
    auto changed = transport();
    return transport(std::move(changed.proxy(std::move(value))));
}

connect_options& connect_options::transport(transport::connect_options value) {
    transport_ = std::make_shared<transport::connect_options const>(std::move(value));
    return *this;
}

transport::connect_options const& connect_options::transport() const noexcept {
    static transport::connect_options const as_they_come;
    return transport_ ? *transport_ : as_they_come;
}

// ---- The rest ---------------------------------------------------------------------------------------------------------

connect_options& connect_options::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}

connect_options& connect_options::incoming_queue(std::size_t messages, std::size_t bytes) noexcept {
    incoming_messages_ = std::max<std::size_t>(messages, 1);
    incoming_bytes_ = std::max<std::size_t>(bytes, 1);
    return *this;
}

} // namespace aldis
