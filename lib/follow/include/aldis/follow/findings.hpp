// What analysis found out about a packet by looking at its conversation, for the stages behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::follow {

/// What a packet is a step of: a question with its answers.
enum class flow_kind : std::uint8_t { none, connect, publish, subscribe, unsubscribe, ping };

/// A packet that was seen before: which of its frame, when, in which conversation. Frame 0: none.
struct packet_mark {
    std::uint64_t frame = 0;
    std::int64_t  time = 0;                                        // nanoseconds since the epoch
    std::uint32_t pdu = 0;
    std::uint32_t stream = 0;                                      // the number of the conversation

    explicit operator bool() const noexcept { return frame != 0; }
};

/// Empty where nothing is known: with flows switched off, behind missing bytes, where the question was not captured. Nothing in it is a
/// guess but `delivery_of`, which goes by topic and payload.
struct findings {
    flow_kind                   flow = flow_kind::none;
    bool                        completes = false;                 // nothing more belongs to this flow
    std::optional<std::uint8_t> qos{};                             // of the PUBLISH of the flow, in its answers too
    packet_mark                 question{};                        // the packet that began the flow; none in that packet itself
    packet_mark                 answers{};                         // the step before this one: PUBREC for PUBREL, PUBREL for PUBCOMP
    std::optional<std::int64_t> latency{};                         // nanoseconds from `question` to this packet, where it completes the flow
    packet_mark                 redelivery_of{};                   // the same message, sent before with this packet identifier
    packet_mark                 delivery_of{};                     // the publisher's packet of the message that a server delivers here
    std::optional<std::int64_t> delay{};                           // nanoseconds from `delivery_of` to this packet
    packet_mark                 resumes{};                         // CONNECT, CONNACK: the CONNECT with this client identifier before it
    bool                        takes_over = false;                // CONNECT: that connection is still open
    std::string_view            topic{};                           // of the PUBLISH of the flow, in its answers; lives as long as the record
};

} // namespace aldis::follow
