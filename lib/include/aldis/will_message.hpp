// The message that the server publishes for a client that went without a word.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/codec/property.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/payload.hpp>

namespace aldis {

/// A session, a will's delay or a message that is never to expire.
inline constexpr std::chrono::seconds never = std::chrono::seconds::max();

/// What the server publishes for us when the connection ends without our DISCONNECT.
class will_message {
public:
    explicit will_message(std::string topic, payload_view payload = {});

    std::string const&   topic() const noexcept { return topic_; }
    bytes_view           payload() const noexcept { return payload_; }
    qos_level            qos() const noexcept { return qos_; }
    bool                 retain() const noexcept { return retain_; }
    property_list const& props() const noexcept { return props_; }

    will_message& qos(qos_level value) noexcept { qos_ = value; return *this; }
    will_message& retain(bool value) noexcept { retain_ = value; return *this; }

    /// 5.0 only, as all properties are.
    will_message& delay(std::chrono::seconds value);
    will_message& expiry(std::chrono::seconds value);
    will_message& user_property(std::string_view name, std::string_view value);
    will_message& props(property_list value) { props_ = std::move(value); return *this; }

private:
    std::string   topic_;
    byte_buffer   payload_;
    property_list props_{};
    qos_level     qos_ = qos_level::at_most_once;
    bool          retain_ = false;
};

} // namespace aldis
