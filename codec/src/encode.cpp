// A packet of any type to bytes.
#include <aldis/codec/encode.hpp>

namespace aldis::codec {

result<void> encode(any_packet const& p, context where, byte_buffer& out) {
    return std::visit([&](auto const& packet) { return encode(packet, where, out); }, p);
}

} // namespace aldis::codec
