// IPv4 with options, IPv6 with extension headers, and the head of TCP.
#include "integers.hpp"
#include "segment.hpp"

#include <algorithm>
#include <charconv>

namespace aldis::app::dump {
namespace {

constexpr std::uint8_t tcp = 6;

// IPv6 headers that may stand before what is carried.
constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, destination = 60, mobility = 135;
constexpr int          max_headers = 16;

// Keeps `size` bytes of a packet, of which the capture may hold fewer. The link layer may have filled up behind them.
void keep(bytes_view& data, std::size_t size) noexcept { data = data.first(std::min(data.size(), size)); }

bool read_ipv4(bytes_view data, std::size_t on_wire, ip_payload& into) noexcept {
    if (data.size() < 20) return false;
    std::size_t const head = (u8(data, 0) & 0xFU) * 4;
    std::size_t       total = be16(data, 2);
    if (total == 0) total = on_wire;                               // handed to the network card in one piece, which fills it in later
    if (head < 20 || head > data.size() || total < head) return false;
    keep(data, total);
    auto const place = be16(data, 6);
    into.version = 4;
    into.protocol = u8(data, 9);
    into.addresses = {ip_address{0, be32(data, 12)}, ip_address{0, be32(data, 16)}};
    into.more = (place & 0x2000) != 0;
    into.offset = (place & 0x1FFFU) * 8;
    into.is_fragment = into.more || into.offset != 0;
    into.id = be16(data, 4);
    if (head > data.size()) return false;
    into.data = data.subspan(head);
    into.size = total - head;
    return true;
}

bool skip_headers(bytes_view data, std::size_t total, std::uint8_t next, ip_payload& into) noexcept {
    std::size_t at = 40;
    for (int i = 0; i < max_headers; ++i) {
        std::size_t size = 0;
        switch (next) {
        case hop_by_hop: case routing: case destination: case mobility:
            if (data.size() < at + 8) return false;
            size = (u8(data, at + 1) + 1U) * 8;
            break;
        case authentication:
            if (data.size() < at + 8) return false;
            size = (u8(data, at + 1) + 2U) * 4;
            break;
        case fragment: {
            if (data.size() < at + 8) return false;
            size = 8;
            auto const place = be16(data, at + 2);
            into.offset = place & 0xFFF8U;
            into.more = (place & 1) != 0;
            into.is_fragment = into.more || into.offset != 0;
            into.id = be32(data, at + 4);
            break;
        }
        default:
            into.protocol = next;
            into.data = data.subspan(at);
            into.size = total - at;
            return true;
        }
        next = u8(data, at);
        at += size;
        if (at > data.size() || at > total) return false;
        if (into.offset != 0) {                                    // what follows is the middle of something
            into.protocol = next;
            into.data = data.subspan(at);
            into.size = total - at;
            return true;
        }
    }
    return false;
}

bool read_ipv6(bytes_view data, std::size_t on_wire, ip_payload& into) noexcept {
    if (data.size() < 40) return false;
    std::size_t total = std::size_t{40} + be16(data, 4);
    if (total == 40) total = std::max<std::size_t>(on_wire, 40);   // a jumbogram, or handed to the network card in one piece
    keep(data, total);
    into.version = 6;
    into.addresses = {ip_address{be64(data, 8), be64(data, 16)}, ip_address{be64(data, 24), be64(data, 32)}};
    into.is_fragment = into.more = false;
    into.offset = 0;
    return skip_headers(data, total, u8(data, 6), into);
}

// Where the longest run of two or more zero groups is: RFC 5952.
std::pair<int, int> zero_run(std::array<unsigned, 8> const& groups) noexcept {
    std::pair<int, int> best{-1, 0};
    for (int i = 0; i < 8; ++i) {
        int end = i;
        while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) ++end;
        if (end - i > best.second && end - i > 1) best = {i, end - i};
        if (end > i) i = end;
    }
    return best;
}

} // namespace

bool read_ip(bytes_view data, std::size_t size, ip_payload& into) noexcept {
    if (data.empty()) return false;
    switch (u8(data, 0) >> 4) {
    case 4: return read_ipv4(data, size, into);
    case 6: return read_ipv6(data, size, into);
    default: return false;
    }
}

bool read_tcp(ip_payload const& ip, tcp_segment& into) noexcept {
    auto const data = ip.data;
    if (ip.protocol != tcp || data.size() < 20) return false;
    std::size_t const head = (u8(data, 12) >> 4) * std::size_t{4};
    if (head < 20 || head > ip.size) return false;
    into.version = ip.version;
    into.addresses = ip.addresses;
    into.ports = {be16(data, 0), be16(data, 2)};
    into.seq = be32(data, 4);
    into.ack = be32(data, 8);
    into.flags = u8(data, 13);
    into.payload = data.subspan(std::min(head, data.size()));
    into.cut = static_cast<std::uint32_t>(ip.size - head - into.payload.size());
    return true;
}

std::string to_text(ip_address const& address, unsigned version) {
    std::string text;
    if (version == 4) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            if (!text.empty()) text += '.';
            text += std::to_string(address.low >> shift & 0xFF);
        }
        return text;
    }
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) {
        auto const half = i < 4 ? address.high : address.low;
        groups[i] = static_cast<unsigned>(half >> (48 - 16 * (i % 4)) & 0xFFFF);
    }
    auto const [zeros, count] = zero_run(groups);
    for (int i = 0; i < 8; ++i) {
        if (i == zeros) {
            text += "::";
            i += count - 1;
            continue;
        }
        if (!text.empty() && !text.ends_with(':')) text += ':';
        char       digits[8];
        auto const end = std::to_chars(digits, digits + sizeof digits, groups[static_cast<std::size_t>(i)], 16).ptr;
        text.append(digits, end);
    }
    return text;
}

bool segment_finder::take_fragment(ip_payload& ip) {
    ip_payload whole;
    bool const complete = fragments_.add(ip, whole);
    if (fragments_.take_lost() != 0 && !told_fragments_) {
        told_fragments_ = true;
        note_ = "IP fragments are missing: datagrams that were not complete are left out.";
    }
    if (complete) ip = whole;
    return complete;
}

bool segment_finder::find(captured_frame const& frame, tcp_segment& into) {
    auto data = frame.data;
    auto size = std::max(data.size(), static_cast<std::size_t>(std::min<std::uint64_t>(frame.size, 4 * max_frame)));
    bool known = true;
    if (!find_ip(frame.link, data, size, known)) {
        if (!known && unread_links_.size() < 256 && unread_links_.insert(frame.link).second)
            note_ = "Frames of link type " + std::to_string(frame.link) + " are not read (frame " + std::to_string(frame.at.number) + " is the first).";
        return false;
    }
    ip_payload ip;
    if (!read_ip(data, size, ip)) return false;
    if (ip.is_fragment && (ip.protocol != tcp || !take_fragment(ip))) return false;
    return read_tcp(ip, into);
}

} // namespace aldis::app::dump
