// An application message that owns itself, and how one is to be published.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/codec/result.hpp>
#include <aldis/session/time.hpp>

namespace aldis::session {

/// A reference-counted handle to one immutable block: topic, properties, payload. Message Expiry Interval, Topic Alias and
/// Subscription Identifiers are not part of it, since they differ from delivery to delivery. Will, retained store, queue,
/// fan-out and resend share one block; copying the handle copies nothing.
class message {
public:
    message() = default;                                           // holds nothing: see operator bool

    /// Copies topic, properties and payload into one block (one allocation). Fails when the topic is no topic name or the
    /// properties may not ride in a PUBLISH.
    static codec::result<message> make(std::string_view topic, properties const& props, bytes_view payload);

    /// The same content without copying it: `block` keeps the bytes under `p` alive. `p` must have a topic.
    static message adopt(packet::publish const& p, std::shared_ptr<void const> block);

    explicit operator bool() const noexcept { return content_ != nullptr; }

    std::string_view topic() const noexcept { return content_->topic; }
    properties       props() const noexcept { return content_->props; }
    bytes_view       payload() const noexcept { return content_->payload; }

    /// Bytes it accounts for in queues.
    std::size_t size() const noexcept;

    /// Keeps the block alive, for output that refers to the payload.
    std::shared_ptr<void const> hold() const noexcept { return content_; }

private:
    struct content {
        std::string_view topic{};
        properties       props{};
        bytes_view       payload{};
    };
    struct held_content;

    std::shared_ptr<content const> content_{};
};

/// How a message is published: what differs from delivery to delivery. `subscription_ids` is copied where it is kept.
struct publish_options {
    qos_level                      qos = qos_level::at_most_once;
    bool                           retain = false;
    std::uint16_t                  topic_alias = 0;                // 0: assigned automatically when the peer allows aliases
    std::optional<time_point>      expires_at{};
    std::span<std::uint32_t const> subscription_ids{};
};

/// An outgoing message, unique for the life of its state; packet identifiers are reused, these are not. 0 at QoS 0.
using delivery_no = std::uint64_t;

/// An incoming QoS 1 or 2 message, likewise; 0 at QoS 0.
using arrival_no = std::uint64_t;

} // namespace aldis::session
