// What is kept for each TCP connection, and the table that finds it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "held_segments.hpp"
#include "protocol_stack.hpp"
#include "segment.hpp"

namespace aldis::app::dump {

/// Addresses and ports of a connection, the lower end first: the same for both directions.
struct flow_key {
    std::array<ip_address, 2>    addresses{};
    std::array<std::uint16_t, 2> ports{};
    std::uint8_t                 version = 4;

    friend bool operator==(flow_key const&, flow_key const&) = default;
};

/// `lower` is the end of the segment's sender in the key: 0 or 1.
flow_key key_of(tcp_segment const& segment, unsigned& sender) noexcept;

struct flow_hash {
    std::size_t operator()(flow_key const& key) const noexcept;
};

/// One direction of a connection: what its receiver has, and what waits for missing bytes before it.
struct flow_direction {
    std::uint32_t next = 0;                                        // the sequence number that is wanted
    std::uint32_t first = 0;                                       // of the SYN, or one before the first byte
    std::uint32_t acked = 0;                                       // by the other end
    std::uint32_t stray_next = 0;                                  // where segments far from `next` go on
    std::uint8_t  strays = 0;
    bool          started = false;
    bool          has_ack = false;
    bool          ended = false;
    bool          begun = false;                                   // where it begins is known
    // who knew what
    bool          has_told = false;
    bool          has_heard = false;
    bool          has_reacted = false;
    std::uint32_t heard = 0;                                       // the acknowledgement of the segment whose bytes are handed on
    std::uint32_t told = 0;                                        // what is before this number was handed on, or told missing
    std::uint32_t reacted = 0;                                     // to what is before this number it has reacted in bytes that were handed on

    std::unique_ptr<held_segments> held{};

    /// The other end has bytes that were not seen.
    bool is_missed() const noexcept { return has_ack && static_cast<std::int32_t>(acked - next) > 0; }
};

struct flow {
    conversation                  about{};
    protocol_stack                stack{};
    std::array<flow_direction, 2> directions{};                    // by `from`
    flow_key                      key{};
    unsigned                      first = 0;                       // the end in the key that is about.ends[0]
    // in the order of use
    flow* newer = nullptr;
    flow* older = nullptr;
};

/// The connections that are remembered, the one idle longest at hand.
class flow_table {
public:
    explicit flow_table(std::size_t limit) : limit_(limit == 0 ? 1 : limit) {}

    /// The flow of `key`, which is now the one used last, or null.
    flow* find(flow_key const& key);
    /// A new one, which must not be there.
    flow& add(flow_key const& key);
    /// Takes one out.
    std::unique_ptr<flow> take(flow& one);
    /// The one idle longest when there is no room for another; null while there is.
    flow* in_the_way() noexcept { return flows_.size() >= limit_ ? oldest_ : nullptr; }

    flow* newest() const noexcept { return newest_; }
    flow* oldest() const noexcept { return oldest_; }

private:
    void unlink(flow& one) noexcept;
    void link(flow& one) noexcept;

    std::unordered_map<flow_key, std::unique_ptr<flow>, flow_hash> flows_{};
    std::size_t                                                    limit_;
    flow*                                                          newest_ = nullptr;
    flow*                                                          oldest_ = nullptr;
};

} // namespace aldis::app::dump
