// Uses the codec alone: a PUBLISH to bytes and back.
#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>

int main() {
    aldis::packet::publish hello;
    hello.topic = "lamp/1";
    aldis::byte_buffer wire;
    if (!aldis::codec::encode(hello, {}, wire)) return 1;
    auto const frame = aldis::codec::next_frame(wire);
    if (!frame || !*frame) return 2;
    auto const back = aldis::codec::decode_as<aldis::packet::publish>(**frame, {});
    return back && *back == hello ? 0 : 3;
}
