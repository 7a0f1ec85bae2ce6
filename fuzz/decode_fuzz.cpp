// decode: whatever the bytes, version and direction, decoding ends, reads nothing else, and everything it hands out can be walked.
#include "fuzz.hpp"

#include <variant>

using namespace aldis;

namespace {

void touch(bytes_view bytes) {
    unsigned sum = 0;
    for (auto const b : bytes) sum += std::to_integer<unsigned>(b);
    auto volatile seen = sum;
    (void)seen;
}

void touch(properties const& props) {
    for (auto const& p : props) {
        touch(to_bytes(p.text));
        touch(p.binary);
        touch(to_bytes(p.pair.name));
        touch(to_bytes(p.pair.value));
        fuzz::check(props.has(p.id), "a property that is there is found");
    }
}

template <class Element>
void touch(wire_list<Element> const& list) {
    std::size_t count = 0;
    for (auto const& element : list) {
        ++count;
        if constexpr (std::is_same_v<Element, subscription>) touch(to_bytes(element.filter));
        else if constexpr (std::is_same_v<Element, std::string_view>) touch(to_bytes(element));
    }
    fuzz::check(count == list.size(), "a list has as many elements as it says");
}

void walk(packet::connect const& p) {
    touch(to_bytes(p.client_id));
    if (p.last_will) touch(to_bytes(p.last_will->topic)), touch(p.last_will->payload), touch(p.last_will->props);
    if (p.user_name) touch(to_bytes(*p.user_name));
    if (p.password) touch(*p.password);
    touch(p.props);
}
void walk(packet::publish const& p) { touch(to_bytes(p.topic)), touch(p.payload), touch(p.props); }

template <class Packet>
void walk(Packet const& p) {
    if constexpr (requires { p.filters; }) touch(p.filters);
    if constexpr (requires { p.codes; }) touch(p.codes);
    if constexpr (requires { p.props; }) touch(p.props);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    auto const             where = fuzz::context_of(data[0]);
    fuzz::exact_copy const input{data + 1, size - 1};

    for (auto left = input.view(); !left.empty();) {
        auto const next = codec::next_frame(left, max_packet_size, where.version);
        if (!next || !*next) break;
        fuzz::check((*next)->size >= 2 && (*next)->size <= left.size(), "a frame is made of bytes that are there");
        auto const packet = codec::decode(**next, where);
        if (packet) std::visit([](auto const& p) { walk(p); }, *packet);
        else fuzz::check(packet.error().offset <= (*next)->size, "a fault lies inside its packet");
        left = left.subspan((*next)->size);
    }
    return 0;
}
