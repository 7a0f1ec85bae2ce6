// A message that arrived: a view that can be kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/packet.hpp>
#include <aldis/session/message.hpp>

namespace aldis::session {
class engine;
}

namespace aldis {

/// As handed to an on_message() handler it looks into the receive buffer and costs nothing; its views then live until the handler
/// returns. A copy lives as long as it is kept: small messages are copied, of large ones the receive buffer is held. What async_receive()
/// brings is such a copy.
class received_message {
public:
    received_message() = default;
    received_message(received_message const& other);
    received_message(received_message&& other) noexcept;
    received_message& operator=(received_message const& other);
    received_message& operator=(received_message&& other) noexcept;
    ~received_message() = default;

    /// A view of `seen`, the message of the last event of `from`.
    received_message(packet::publish const& seen, session::arrival_no arrival, session::engine const& from) noexcept
        : seen_(seen), arrival_(arrival), from_(&from) {}

    std::string_view  topic() const noexcept { return seen_.topic; }
    bytes_view        payload() const noexcept { return seen_.payload; }
    /// The payload as text, whatever it is.
    std::string_view  text() const noexcept { return to_text(seen_.payload); }
    qos_level         qos() const noexcept { return seen_.qos; }
    bool              retain() const noexcept { return seen_.retain; }
    /// The sender had tried before; that this message was seen before does not follow from it.
    bool              dup() const noexcept { return seen_.dup; }
    /// Of this transfer; 0 at QoS 0.
    aldis::packet_id  packet_id() const noexcept { return seen_.id; }
    aldis::properties props() const noexcept { return seen_.props; }

    std::string_view content_type() const noexcept;
    std::string_view response_topic() const noexcept;
    bytes_view       correlation_data() const noexcept;
    /// Of the subscriptions it matched, where they were given identifiers.
    std::vector<std::uint32_t> subscription_identifiers() const;

    /// The filters of the subscription objects and of the handlers for local filters that it matched; empty when it came by none.
    std::vector<std::string> const& matched() const noexcept;

    /// What client::acknowledge() needs; 0 at QoS 0.
    session::arrival_no arrival() const noexcept { return arrival_; }

    /// Whose copy of it this is; 0 when it came by no subscription object.
    std::uint32_t taker() const noexcept { return taker_; }

    /// Bytes it accounts for in queues.
    std::size_t size() const noexcept;

    /// For the client: whose copy this is to be, and what all the message matched.
    void routed(std::uint32_t taker, std::shared_ptr<std::vector<std::string> const> matched) noexcept;

private:
    void keep();

    packet::publish             seen_{};
    session::arrival_no         arrival_ = 0;
    std::uint32_t               taker_ = 0;
    session::engine const*      from_ = nullptr;                   // while it is a view
    std::shared_ptr<void const> kept_{};
    std::shared_ptr<std::vector<std::string> const> matched_{};
};

} // namespace aldis
