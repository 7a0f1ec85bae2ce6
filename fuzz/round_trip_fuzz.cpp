// round trip: what decodes can be encoded; that decodes to the same packet, and encodes to the same bytes again.
#include "fuzz.hpp"

#include <variant>

#include <aldis/codec/encode.hpp>

using namespace aldis;

namespace {

/// `p` as bytes, with what every way of encoding says checked against the others.
template <class Packet>
byte_buffer encoded(Packet const& p, codec::context where) {
    byte_buffer out{std::byte{0xAA}};
    fuzz::check(codec::encode(p, where, out).has_value(), "what was decoded can be encoded");
    fuzz::check(out[0] == std::byte{0xAA}, "encoding appends");
    out.erase(out.begin());
    auto const size = codec::encoded_size(p, where);
    fuzz::check(size && *size == out.size(), "encoded_size tells the bytes that encode appends");
    if constexpr (std::is_same_v<Packet, packet::publish>) {
        byte_buffer head;
        fuzz::check(codec::encode_head(p, where, head).has_value(), "the head of what can be encoded can be encoded");
        head.insert(head.end(), p.payload.begin(), p.payload.end());
        fuzz::check(head == out, "head and payload are the packet");
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    auto const             where = fuzz::context_of(data[0]);
    fuzz::exact_copy const input{data + 1, size - 1};

    auto const frame = codec::next_frame(input.view(), max_packet_size, where.version);
    if (!frame || !*frame) return 0;
    auto const first = codec::decode(**frame, where);
    if (!first) return 0;

    auto const bytes = std::visit([&](auto const& p) { return encoded(p, where); }, *first);
    fuzz::check(bytes.size() <= (*frame)->size, "encoding never takes more bytes than were read");

    auto const again = codec::next_frame(bytes, max_packet_size, where.version);
    fuzz::check(again && *again && (*again)->size == bytes.size(), "what was encoded is one whole frame");
    auto const second = codec::decode(**again, where);
    fuzz::check(second.has_value(), "what was encoded can be decoded");
    fuzz::check(*second == *first, "decode(encode(p)) == p");
    fuzz::check(std::visit([&](auto const& p) { return encoded(p, where); }, *second) == bytes, "the encoded form is the one form");
    return 0;
}
