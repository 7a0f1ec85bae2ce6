// Builds captures for tests: TCP segments in IP in Ethernet frames, in a pcap file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/bytes.hpp>

namespace aldis::test {

inline void put(byte_buffer& out, std::uint64_t value, int size) {
    while (size-- > 0) out.push_back(static_cast<std::byte>(value >> (8 * size)));
}
inline void put_little(byte_buffer& out, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}
inline void put(byte_buffer& out, bytes_view bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline void put(byte_buffer& out, std::string_view text) { put(out, to_bytes(text)); }

inline constexpr unsigned fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;

/// One end's half of what a segment tells.
struct segment {
    unsigned      from = 0;
    std::uint32_t seq = 0;
    std::uint32_t acked = 0;
    unsigned      flags = ack;
    std::string   data{};
    std::uint16_t client_port = 40'000;
};

/// The segment with its TCP head.
inline byte_buffer tcp_bytes(segment const& s) {
    byte_buffer out;
    put(out, s.from == 0 ? s.client_port : 1883, 2);
    put(out, s.from == 0 ? 1883 : s.client_port, 2);
    put(out, s.seq, 4);
    put(out, s.acked, 4);
    put(out, 0x50, 1);
    put(out, s.flags, 1);
    put(out, 0xFFFF, 2);
    put(out, 0, 4);
    put(out, s.data);
    return out;
}

/// IPv4 from 10.0.0.1 (end 0) or 10.0.0.2, around any bytes.
inline byte_buffer ipv4_bytes(bytes_view carried, unsigned from, unsigned place = 0, unsigned id = 1, bytes_view options = {}) {
    byte_buffer out;
    auto const  head = 20 + options.size();
    put(out, 0x40 | head / 4, 1);
    put(out, 0, 1);
    put(out, head + carried.size(), 2);
    put(out, id, 2);
    put(out, place, 2);
    put(out, 64, 1);
    put(out, 6, 1);
    put(out, 0, 2);
    put(out, from == 0 ? 0x0A000001 : 0x0A000002, 4);
    put(out, from == 0 ? 0x0A000002 : 0x0A000001, 4);
    put(out, options);
    put(out, carried);
    return out;
}

inline byte_buffer ethernet(bytes_view ip, std::uint16_t type = 0x0800) {
    byte_buffer out(12);
    put(out, type, 2);
    put(out, ip);
    return out;
}

inline byte_buffer frame_of(segment const& s) { return ethernet(ipv4_bytes(tcp_bytes(s), s.from)); }

/// A pcap file in little-endian order with microseconds, a frame each millisecond; `snap` cuts them.
inline byte_buffer pcap_of(std::vector<byte_buffer> const& frames, std::uint32_t link = 1, std::size_t snap = 65'535) {
    byte_buffer out;
    put_little(out, 0xA1B2C3D4, 4);
    put_little(out, 2, 2);
    put_little(out, 4, 2);
    put_little(out, 0, 8);
    put_little(out, snap, 4);
    put_little(out, link, 4);
    std::uint32_t time = 0;
    for (auto const& frame : frames) {
        auto const kept = frame.size() < snap ? frame.size() : snap;
        put_little(out, 1000 + time / 1000, 4);
        put_little(out, time++ % 1000 * 1000, 4);
        put_little(out, kept, 4);
        put_little(out, frame.size(), 4);
        put(out, bytes_view{frame}.first(kept));
    }
    return out;
}

/// Two ends that talk: numbers follow from what was said. Frames are taken out of it, and may be left out or turned around.
class talk {
public:
    explicit talk(std::uint32_t client = 1000, std::uint32_t server = 5000, std::uint16_t port = 40'000) : seq_{client, server}, port_(port) {}

    byte_buffer syn_from(unsigned from) {
        auto const frame = make(from, from == 0 ? syn : syn | ack, {});
        ++seq_[from];
        return frame;
    }
    byte_buffer say(unsigned from, std::string_view text) { return make(from, ack | psh, text); }
    byte_buffer ack_from(unsigned from) { return make(from, ack, {}); }
    byte_buffer fin_from(unsigned from) {
        auto const frame = make(from, ack | fin, {});
        ++seq_[from];
        return frame;
    }
    byte_buffer rst_from(unsigned from) { return make(from, rst | ack, {}); }
    /// Says again what begins so many bytes back.
    byte_buffer again(unsigned from, std::uint32_t back, std::string_view text) const {
        return frame_of({from, seq_[from] - back, seq_[1 - from], ack | psh, std::string{text}, port_});
    }
    std::vector<byte_buffer> handshake() { return {syn_from(0), syn_from(1), ack_from(0)}; }

private:
    byte_buffer make(unsigned from, unsigned flags, std::string_view text) {
        segment const s{from, seq_[from], seq_[1 - from], flags, std::string{text}, port_};
        seq_[from] += static_cast<std::uint32_t>(text.size());
        return frame_of(s);
    }

    std::uint32_t seq_[2];
    std::uint16_t port_;
};

} // namespace aldis::test
