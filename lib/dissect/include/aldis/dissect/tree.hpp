// A packet taken apart: its fields as a flat list with depths, each with its range of bytes; what it is in short; and what is wrong with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/fault.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/dissect/field.hpp>

namespace aldis::dissect {

/// One field. Bytes [at, at + size) of the packet hold it; a field of no bytes was made, not read.
/// `number` is its value where it has a number; for a group, how many of the following nodes are in it.
struct node {
    field         id{};
    std::uint8_t  depth = 1;                                       // 1 for what stands directly in the packet
    bool          made = false;                                    // not on the wire: a topic known through its alias
    bool          again = false;                                   // a node before it, in the same group, is of the same field
    std::uint32_t at = 0;
    std::uint32_t size = 0;
    std::uint32_t next = 0;                                        // the next one of the same field in the same group; 0: none
    std::uint64_t number = 0;
};

/// Where reading stopped, and why: the packet cannot be read to its end. Field `where` wants `wanted` bytes and only `left` are there,
/// unless `why` says something else.
struct stop {
    std::size_t      at = 0;
    field            where{};
    std::size_t      wanted = 0;
    std::size_t      left = 0;
    std::string_view why{};
};

/// A rule of the standard that the packet breaks. `id` is the statement as its document numbers it ("MQTT-3.3.1-4"), or the chapter
/// where there is no numbered statement ("2.1.4"). Both live for ever.
struct violation {
    std::string_view id{};
    std::string_view text{};
    std::size_t      at = 0;                                       // byte of the packet
};

/// What a packet is, in short: what the fields say, at hand without a search.
struct summary {
    unsigned                     type = 0;                         // 0 to 15, as in the first byte
    unsigned                     flags = 0;
    std::optional<std::uint16_t> id{};
    std::string_view             topic{};                          // PUBLISH: the name, through its alias where there is none
    bool                         has_topic = false;                // the topic, or its length of 0, could be read
    bool                         topic_resolved = false;           // through the alias
    std::optional<std::uint16_t> alias{};
    bytes_view                   payload{};
    bool                         has_payload = false;
    std::string_view             content_type{};
    bool                         is_text = false;                  // Payload Format Indicator 1
    std::string_view             client_id{};                      // CONNECT
    std::optional<std::uint8_t>  level{};                          // CONNECT: the protocol level
    std::optional<std::uint8_t>  reason{};                         // the reason or return code, of several the first
    unsigned                     filters = 0;                      // SUBSCRIBE, UNSUBSCRIBE: how many; SUBACK, UNSUBACK: codes

    bool        is(packet_type t) const noexcept { return type == static_cast<unsigned>(t); }
    unsigned    qos() const noexcept { return flags >> 1 & 3; }
    bool        retain() const noexcept { return (flags & 1) != 0; }
    bool        dup() const noexcept { return (flags & 8) != 0; }
};

/// A dissected packet. Views in it live as long as the bytes it was made from; itself until the dissector is used again.
struct tree {
    bytes_view             bytes{};                                // what is there of the packet
    std::size_t            size = 0;                               // of the whole packet, by its Remaining Length
    protocol               version = protocol::v5;
    bool                   version_known = true;
    std::vector<node>      nodes{};
    summary                what{};
    std::optional<stop>    malformed{};
    bool                   truncated = false;                      // fewer bytes are there than the packet has
    std::vector<violation> violations{};

    bytes_view       bytes_of(node const& n) const noexcept { return bytes_view{bytes.subspan(n.at, n.size)}; }
    /// The characters of a text field; of one that was made, the topic.
    std::string_view text_of(node const& n) const noexcept { return n.made ? what.topic : to_text(bytes_of(n)); }
};

} // namespace aldis::dissect
