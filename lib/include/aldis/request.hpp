// What a client asks of a server beyond connecting: how to publish, what to subscribe to, how to leave.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/codec/wire_list.hpp>
#include <aldis/payload.hpp>

namespace aldis {

/// How a message is published: QoS 1 and not retained, unless told otherwise. Properties exist in 5.0 only.
class publish_options {
public:
    publish_options() = default;
    publish_options(qos_level qos, bool retain = false) noexcept : qos_(qos), retain_(retain) {}

    publish_options& qos(qos_level value) noexcept { qos_ = value; return *this; }
    publish_options& retain(bool value) noexcept { retain_ = value; return *this; }
    /// After so long without having been sent the server may not deliver it any more; whole seconds.
    publish_options& expiry(std::chrono::seconds value);
    publish_options& content_type(std::string_view value);
    publish_options& response_topic(std::string_view value);
    publish_options& correlation_data(payload_view value);
    /// The payload is UTF-8.
    publish_options& text(bool value);
    publish_options& user_property(std::string_view name, std::string_view value);
    /// Chosen by hand; otherwise aliases are assigned automatically where the server allows them.
    publish_options& topic_alias(std::uint16_t value);
    /// Replaces all properties.
    publish_options& props(property_list value) { props_ = std::move(value); return *this; }
    /// QoS 1 and 2 of a client with a store: async_publish() completes when the message is stored, so that it will be delivered whatever
    /// becomes of this process, unless it expires or the queue's policy drops it. Its acknowledgement goes to on_delivered().
    publish_options& until_stored(bool value) noexcept { until_stored_ = value; return *this; }

    /// async_publish() ends by then, whatever has become of the message: see there. Zero (the default): no deadline.
    publish_options& deadline(std::chrono::milliseconds value) noexcept { deadline_ = value; return *this; }

    std::chrono::milliseconds deadline() const noexcept { return deadline_; }
    bool                 until_stored() const noexcept { return until_stored_; }
    qos_level            qos() const noexcept { return qos_; }
    bool                 retain() const noexcept { return retain_; }
    property_list const& props() const noexcept { return props_; }

private:
    property_list props_{};
    qos_level     qos_ = qos_level::at_least_once;
    bool          retain_ = false;
    bool          until_stored_ = false;
    std::chrono::milliseconds deadline_{};
};

/// Topic filters to subscribe to, each with its options, in one SUBSCRIBE. A bad filter fails the whole request with its codec::errc.
class subscribe_list {
public:
    subscribe_list() = default;
    subscribe_list(char const* filter, qos_level qos = qos_level::at_least_once) { add(filter, qos); }
    subscribe_list(std::string_view filter, qos_level qos = qos_level::at_least_once) { add(filter, qos); }
    subscribe_list(std::string const& filter, qos_level qos = qos_level::at_least_once) { add(filter, qos); }

    subscribe_list& add(std::string_view filter, qos_level qos = qos_level::at_least_once);
    /// With No Local, Retain As Published, Retain Handling (5.0).
    subscribe_list& add(subscription const& wanted);
    /// A number that comes with every message the subscriptions match (5.0); 1 to 268,435,455.
    subscribe_list& identifier(std::uint32_t value);
    subscribe_list& user_property(std::string_view name, std::string_view value);
    subscribe_list& props(property_list value) { props_ = std::move(value); return *this; }

    subscriptions        filters() const noexcept { return filters_.view(); }
    property_list const& props() const noexcept { return props_; }

private:
    wire_builder<subscription> filters_{};
    property_list              props_{};
};

/// Topic filters to unsubscribe from, in one UNSUBSCRIBE.
class unsubscribe_list {
public:
    unsubscribe_list() = default;
    unsubscribe_list(char const* filter) { add(filter); }
    unsubscribe_list(std::string_view filter) { add(filter); }
    unsubscribe_list(std::string const& filter) { add(filter); }

    unsubscribe_list& add(std::string_view filter);
    unsubscribe_list& user_property(std::string_view name, std::string_view value);
    unsubscribe_list& props(property_list value) { props_ = std::move(value); return *this; }

    topic_filters        filters() const noexcept { return filters_.view(); }
    property_list const& props() const noexcept { return props_; }

private:
    wire_builder<std::string_view> filters_{};
    property_list                  props_{};
};

/// How to leave. All of it exists in 5.0 only; before, leaving is always normal.
class disconnect_options {
public:
    disconnect_options() = default;
    disconnect_options(reason_code reason) noexcept : reason_(reason) {}

    /// disconnect_with_will has the server publish the will.
    disconnect_options& reason(reason_code value) noexcept { reason_ = value; return *this; }
    /// Changes how long the server keeps the session.
    disconnect_options& session_expiry(std::chrono::seconds value);
    disconnect_options& reason_string(std::string_view value);
    disconnect_options& user_property(std::string_view name, std::string_view value);
    disconnect_options& props(property_list value) { props_ = std::move(value); return *this; }

    reason_code          reason() const noexcept { return reason_; }
    property_list const& props() const noexcept { return props_; }

private:
    property_list props_{};
    reason_code   reason_ = reason_code::success;
};

} // namespace aldis
