// From a captured frame to the TCP segment in it: link layer, IP, fragments, TCP.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <aldis/codec/bytes.hpp>

#include "frame_reader.hpp"

namespace aldis::app::dump {

/// An IP address of either version; IPv4 in the last four bytes.
struct ip_address {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend auto operator<=>(ip_address const&, ip_address const&) = default;
};

/// As people write it; `version` is 4 or 6.
std::string to_text(ip_address const& address, unsigned version);

namespace tcp_flag {
inline constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;
} // namespace tcp_flag

struct tcp_segment {
    std::uint8_t              version = 4;                         // of IP
    std::uint8_t              flags = 0;
    std::array<ip_address, 2> addresses{};                         // [0] sent it
    std::array<std::uint16_t, 2> ports{};
    std::uint32_t             seq = 0;
    std::uint32_t             ack = 0;
    bytes_view                payload{};
    std::uint32_t             cut = 0;                             // bytes of payload that the capture does not hold

    bool          has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
    std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(payload.size()) + cut; }
};

/// What IP carries, and how much of it: `size` is more than data where the capture cut it.
struct ip_payload {
    std::uint8_t              version = 4;
    std::uint8_t              protocol = 0;
    std::array<ip_address, 2> addresses{};
    bytes_view                data{};
    std::size_t               size = 0;
    // of a fragment
    bool          is_fragment = false;
    bool          more = false;
    std::uint32_t id = 0;
    std::uint32_t offset = 0;
};

/// Puts fragments of datagrams together, a bounded number at a time.
class fragment_store {
public:
    static constexpr std::size_t max_datagrams = 64;
    static constexpr std::size_t max_datagram = 65'535;

    fragment_store();
    ~fragment_store();

    /// Adds a fragment; true when `whole` is the datagram it completed, which lives until the next call.
    bool add(ip_payload const& fragment, ip_payload& whole);
    /// How many datagrams were given up incomplete since the last call.
    std::size_t take_lost() noexcept { return std::exchange(lost_, 0); }

private:
    struct datagram;

    datagram& find(ip_payload const& fragment);

    std::vector<std::unique_ptr<datagram>> open_{};                // oldest first
    std::unique_ptr<datagram>              done_{};
    std::size_t                            lost_ = 0;
};

/// Finds the TCP segment in each frame.
class segment_finder {
public:
    /// False when there is none.
    bool find(captured_frame const& frame, tcp_segment& into);
    /// What has to be told about the frame; empty mostly.
    std::string take_note() { return std::exchange(note_, {}); }
    bool        has_note() const noexcept { return !note_.empty(); }

private:
    bool take_fragment(ip_payload& ip);

    fragment_store          fragments_{};
    std::set<std::uint16_t> unread_links_{};
    bool                    told_fragments_ = false;
    std::string             note_{};
};

/// The IP packet in a frame of link type `link`: false when there is none. `known` tells whether the link type is read at all.
bool find_ip(std::uint16_t link, bytes_view& data, std::size_t& size, bool& known) noexcept;
/// Takes an IP header with its options or extension headers off.
bool read_ip(bytes_view data, std::size_t size, ip_payload& into) noexcept;
/// Takes the TCP header off.
bool read_tcp(ip_payload const& ip, tcp_segment& into) noexcept;

} // namespace aldis::app::dump
