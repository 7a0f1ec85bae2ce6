// Packets as a capture file: pcap, raw IPv4, TCP.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <aldis/follow/transcript.hpp>

namespace aldis::follow {
namespace {

constexpr std::uint32_t magic_nanoseconds = 0xA1B2'3C4D;
constexpr std::uint32_t longest_frame = 262'144;
constexpr std::uint32_t link_raw_ip = 101;
constexpr std::uint32_t loopback = 0x7F00'0001;
constexpr std::uint16_t first_port = 40'000, server_port = 1883;
constexpr std::int64_t  second = 1'000'000'000;
constexpr std::size_t   head_size = 40;                            // of IPv4 and TCP, without options
constexpr unsigned      fin = 0x01, syn = 0x02, push = 0x08, ack = 0x10;

/// Numbers in network order.
class octets {
public:
    octets& u8(unsigned value) { return text_ += static_cast<char>(value & 0xFF), *this; }
    octets& u16(unsigned value) { return u8(value >> 8).u8(value); }
    octets& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xFFFF); }

    std::string& text() noexcept { return text_; }

private:
    std::string text_{};
};

/// The checksum of IP and TCP, of whole words.
unsigned checksum(std::string_view of) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < of.size(); i += 2) sum += static_cast<unsigned char>(of[i]) * 256U + static_cast<unsigned char>(of[i + 1]);
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
    return ~sum & 0xFFFF;
}

} // namespace

capture_writer::capture_writer(std::function<void(std::string_view bytes)> write) : write_(std::move(write)) {
    octets head;
    head.u32(magic_nanoseconds).u16(2).u16(4).u32(0).u32(0).u32(longest_frame).u32(link_raw_ip);
    write_(head.text());
}

void capture_writer::packet(sender by, std::int64_t time, bytes_view bytes) {
    if (bytes.empty()) return;
    bool const connects = by == sender::client && static_cast<packet_type>(std::to_integer<unsigned>(bytes[0]) >> 4) == packet_type::connect;
    if (connects) end(time);
    if (!std::exchange(open_, true)) {
        ++connections_;
        for (unsigned from = 0; from < 2; ++from) next_[from] = 1000 * connections_;
        frame(0, time, {}, syn);
        frame(1, time, {}, syn | ack);
    }
    auto const text = to_text(bytes);
    for (std::size_t at = 0; at < text.size(); at += most_in_frame) frame(by == sender::server ? 1 : 0, time, text.substr(at, most_in_frame), push | ack);
}

void capture_writer::end(std::int64_t time) {
    if (!std::exchange(open_, false)) return;
    for (unsigned from = 0; from < 2; ++from) frame(from, time, {}, fin | ack);
}

void capture_writer::frame(unsigned from, std::int64_t time, std::string_view part, unsigned flags) {
    auto const client_port = static_cast<std::uint16_t>(first_port + (connections_ - 1) % 20'000);
    auto const ports = std::pair<unsigned, unsigned>{from == 0 ? client_port : server_port, from == 0 ? server_port : client_port};

    octets ip;
    ip.u16(0x4500).u16(static_cast<unsigned>(head_size + part.size())).u32(0x4000).u8(64).u8(6).u16(0).u32(loopback).u32(loopback);
    auto const sum = checksum(ip.text());
    ip.text()[10] = static_cast<char>(sum >> 8);
    ip.text()[11] = static_cast<char>(sum & 0xFF);
    octets tcp;
    tcp.u16(ports.first).u16(ports.second).u32(next_[from]).u32((flags & ack) != 0 ? next_[1 - from] : 0);
    tcp.u8(0x50).u8(flags).u16(0xFFFF).u32(0);
    next_[from] += static_cast<std::uint32_t>(part.size()) + ((flags & (fin | syn)) != 0 ? 1 : 0);

    auto const whole = static_cast<std::uint32_t>(head_size + part.size());
    octets     record;
    record.u32(static_cast<std::uint32_t>(std::max<std::int64_t>(time, 0) / second)).u32(static_cast<std::uint32_t>(std::max<std::int64_t>(time, 0) % second));
    record.u32(whole).u32(whole);
    write_(record.text().append(ip.text()).append(tcp.text()).append(part));
}

} // namespace aldis::follow
