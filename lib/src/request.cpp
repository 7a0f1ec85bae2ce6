// Requests of a client as properties and lists in wire form.
#include <aldis/request.hpp>

#include "seconds.hpp"

namespace aldis {

// ---- PUBLISH ----------------------------------------------------------------------------------------------------------

publish_options& publish_options::expiry(std::chrono::seconds value) {
    props_.add<property_id::message_expiry_interval>(to_interval(value));
    return *this;
}
publish_options& publish_options::content_type(std::string_view value) {
    props_.add<property_id::content_type>(value);
    return *this;
}
publish_options& publish_options::response_topic(std::string_view value) {
    props_.add<property_id::response_topic>(value);
    return *this;
}
publish_options& publish_options::correlation_data(payload_view value) {
    props_.add<property_id::correlation_data>(value.bytes());
    return *this;
}
publish_options& publish_options::text(bool value) {
    props_.add<property_id::payload_format_indicator>(value ? 1 : 0);
    return *this;
}
publish_options& publish_options::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}
publish_options& publish_options::topic_alias(std::uint16_t value) {
    props_.add<property_id::topic_alias>(value);
    return *this;
}

// ---- SUBSCRIBE and UNSUBSCRIBE ----------------------------------------------------------------------------------------

subscribe_list& subscribe_list::add(std::string_view filter, qos_level qos) {
    subscription wanted;
    wanted.filter = filter;
    wanted.qos = qos;
    return add(wanted);
}
subscribe_list& subscribe_list::add(subscription const& wanted) {
    filters_.add(wanted);
    return *this;
}
subscribe_list& subscribe_list::identifier(std::uint32_t value) {
    props_.add<property_id::subscription_identifier>(value);
    return *this;
}
subscribe_list& subscribe_list::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}

unsubscribe_list& unsubscribe_list::add(std::string_view filter) {
    filters_.add(filter);
    return *this;
}
unsubscribe_list& unsubscribe_list::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}

// ---- DISCONNECT -------------------------------------------------------------------------------------------------------

disconnect_options& disconnect_options::session_expiry(std::chrono::seconds value) {
    props_.add<property_id::session_expiry_interval>(to_interval(value));
    return *this;
}
disconnect_options& disconnect_options::reason_string(std::string_view value) {
    props_.add<property_id::reason_string>(value);
    return *this;
}
disconnect_options& disconnect_options::user_property(std::string_view name, std::string_view value) {
    props_.add<property_id::user_property>({name, value});
    return *this;
}

} // namespace aldis
