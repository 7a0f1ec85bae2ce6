// Link layers: what stands before IP in a frame.
#include "integers.hpp"
#include "segment.hpp"

namespace aldis::app::dump {
namespace {

constexpr std::uint16_t ipv4 = 0x0800;
constexpr std::uint16_t ipv6 = 0x86DD;
constexpr std::uint16_t pppoe_session = 0x8864;
constexpr int           max_tags = 8;

void cut_front(bytes_view& data, std::size_t& size, std::size_t count) noexcept {
    data = data.subspan(count);
    size -= count;
}

bool is_tag(std::uint16_t type) noexcept { return type == 0x8100 || type == 0x88A8 || type == 0x9100 || type == 0x9200; }

// Behind an EtherType: VLAN tags, PPPoE, then IP.
bool after_type(std::uint16_t type, bytes_view& data, std::size_t& size) noexcept {
    for (int tags = 0; is_tag(type) && tags < max_tags; ++tags) {
        if (data.size() < 4) return false;
        type = be16(data, 2);
        cut_front(data, size, 4);
    }
    if (type == pppoe_session) {
        if (data.size() < 8) return false;
        auto const inner = be16(data, 6);
        type = inner == 0x0021 ? ipv4 : inner == 0x0057 ? ipv6 : std::uint16_t{0};
        cut_front(data, size, 8);
    }
    // 802.3 with a length instead of a type: LLC and SNAP.
    if (type <= 1500 && data.size() >= 8 && be32(data, 0) == 0xAAAA0300) {
        type = be16(data, 6);
        cut_front(data, size, 8);
    }
    return type == ipv4 || type == ipv6;
}

bool typed(bytes_view& data, std::size_t& size, std::size_t type_at, std::size_t head) noexcept {
    if (data.size() < head) return false;
    auto const type = be16(data, type_at);
    cut_front(data, size, head);
    return after_type(type, data, size);
}

// The protocol family of the system that captured, in its byte order. Numbers for IPv6 differ by system.
bool null_or_loop(bytes_view& data, std::size_t& size) noexcept {
    if (data.size() < 4) return false;
    auto family = be32(data, 0);
    if (family > 0xFFFF) family = __builtin_bswap32(family);
    cut_front(data, size, 4);
    return family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
}

} // namespace

bool find_ip(std::uint16_t link, bytes_view& data, std::size_t& size, bool& known) noexcept {
    switch (link) {
    case 1: return typed(data, size, 12, 14);                      // Ethernet
    case 113: return typed(data, size, 14, 16);                    // Linux cooked
    case 276: return typed(data, size, 0, 20);                     // Linux cooked, second version
    case 0: case 108: return null_or_loop(data, size);
    case 12: case 14: case 101: case 228: case 229: return !data.empty();
    default: known = false; return false;
    }
}

} // namespace aldis::app::dump
