// Packets spelt in a test: a first byte, a body in hexadecimal, and the verdict of the decoder as one line.
#pragma once

#include <stdexcept>
#include <string>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <support/hex.hpp>
#include <support/printers.hpp>

namespace aldis::test {

inline constexpr codec::context v5{protocol::v5, sender::either};
inline constexpr codec::context v4{protocol::v3_1_1, sender::either};
inline constexpr codec::context v3{protocol::v3_1, sender::either};

constexpr codec::context by_client(codec::context where) noexcept { return {where.version, sender::client}; }
constexpr codec::context by_server(codec::context where) noexcept { return {where.version, sender::server}; }

inline void append_varint(byte_buffer& out, std::size_t value) {
    for (; value >= 0x80; value /= 0x80) out.push_back(static_cast<std::byte>(value % 0x80 + 0x80));
    out.push_back(static_cast<std::byte>(value));
}

/// `text` as the specification's strings are: two bytes of length and the characters.
inline byte_buffer text_field(std::string_view text) {
    byte_buffer out{static_cast<std::byte>(text.size() >> 8), static_cast<std::byte>(text.size() & 0xFF)};
    for (char const c : text) out.push_back(static_cast<std::byte>(c));
    return out;
}

inline byte_buffer operator+(byte_buffer front, byte_buffer const& back) {
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

/// A packet: its first byte, the Remaining Length that fits, its body.
inline byte_buffer packet_of(unsigned first, byte_buffer const& body) {
    byte_buffer out{static_cast<std::byte>(first)};
    append_varint(out, body.size());
    return std::move(out) + body;
}
inline byte_buffer packet_of(unsigned first, std::string_view hexadecimal) { return packet_of(first, from_hex(hexadecimal)); }

/// Bytes behind their length as a Variable Byte Integer, as properties stand.
inline byte_buffer with_length(byte_buffer const& content) {
    byte_buffer out;
    append_varint(out, content.size());
    return std::move(out) + content;
}

/// What the decoder makes of the one packet in `bytes`, which must outlive it. Throws when it is not complete or not alone: the test is wrong then.
inline codec::result<any_packet> decode_packet(bytes_view bytes, codec::context where, std::size_t max_size = max_packet_size) {
    auto const frame = codec::next_frame(bytes, max_size, where.version);
    if (!frame) return frame.error();
    if (!*frame) throw std::logic_error("incomplete packet in a test: " + to_hex(bytes));
    if ((*frame)->size != bytes.size()) throw std::logic_error("more than one packet in a test: " + to_hex(bytes));
    return codec::decode(**frame, where);
}

/// The packet as one line, or "error ERRC at OFFSET".
inline std::string verdict(byte_buffer const& bytes, codec::context where) { return dump(decode_packet(bytes, where)); }
inline std::string verdict(unsigned first, std::string_view body, codec::context where) { return verdict(packet_of(first, body), where); }

/// The error alone, "ok" without one.
inline std::string error_of(byte_buffer const& bytes, codec::context where) {
    auto const packet = decode_packet(bytes, where);
    return packet ? "ok" : std::string(name_of(packet.error().code));
}
inline std::string error_of(unsigned first, std::string_view body, codec::context where) { return error_of(packet_of(first, body), where); }

/// The bytes that `p` encodes to in hexadecimal, or "error ERRC at OFFSET".
template <class Packet>
std::string encoded(Packet const& p, codec::context where) {
    byte_buffer out;
    auto const  done = codec::encode(p, where, out);
    return done ? to_hex(out) : "error " + dump(done.error());
}

} // namespace aldis::test
