// How far bytes look like MQTT: chains of packets that fit each other, and how much that says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::follow {

/// Protocol versions as a set. 3.1 is not told from 3.1.1 without its CONNECT.
enum class versions : std::uint8_t { none = 0, v3 = 1, v5 = 2, both = 3 };
constexpr versions operator&(versions a, versions b) noexcept { return static_cast<versions>(static_cast<unsigned>(a) & static_cast<unsigned>(b)); }
constexpr bool     has(versions set, versions v) noexcept { return (set & v) != versions::none; }
constexpr versions only(protocol version) noexcept { return is_v5(version) ? versions::v5 : versions::v3; }

/// A run of whole packets at the front of some bytes. Every packet keeps every rule that a receiver can check without knowing the session.
struct packet_chain {
    std::size_t packets = 0;
    std::size_t bytes = 0;                                         // in whole packets
    unsigned    evidence = 0;                                      // bits: random bytes look like this once in 2^evidence
    versions    possible = versions::both;                         // whose grammar all packets fit
    unsigned    strong_v5 = 0;                                     // packets that say more than a 3.1.1 payload would by accident
    unsigned    weak_v5 = 0;                                       // PUBLISH packets that 5.0 fits, too
    bool        from_client = false;                               // a packet that only clients send
    bool        from_server = false;
    bool        broken = false;                                    // behind the whole packets there is something that begins no packet
    bool        ends_inside = false;                               // ... or the beginning of one

    bool fits() const noexcept { return !broken && packets > 0; }
};

/// The chain at the front of `in`, by the grammars of `allowed`, sent by `from`. Looks at no more than `most` packets.
packet_chain examine(bytes_view in, versions allowed, sender from, std::size_t most = 64) noexcept;

/// Whether `in` begins like a CONNECT of any level: its type, its length, the protocol name. Nothing while too few bytes are there to say.
std::optional<bool> begins_like_connect(bytes_view in) noexcept;

/// Size of the packet at the front of `in` by its Remaining Length: nothing while it is not complete, 0 where it has more than four bytes.
std::optional<std::size_t> packet_size(bytes_view in) noexcept;

} // namespace aldis::follow
