// The fixed header and the receive buffer: lengths at their edges, refusals as early as possible, memory that grows with what arrives.
#include <algorithm>
#include <random>

#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;
using codec::errc;
using codec::fault;
using codec::next_frame;

namespace {

/// What next_frame() says of `bytes`: "incomplete", an error, or the body's size.
std::string framed(bytes_view bytes, std::size_t max_size = max_packet_size) {
    auto const f = next_frame(bytes, max_size);
    if (!f) return dump(f.error());
    return *f ? std::to_string((*f)->body.size()) : "incomplete";
}

void feed(codec::frame_buffer& buffer, bytes_view bytes) {
    while (!bytes.empty()) {
        auto const space = buffer.prepare();
        auto const count = std::min(space.size(), bytes.size());
        std::copy_n(bytes.begin(), count, space.begin());
        buffer.commit(count);
        bytes = bytes.subspan(count);
    }
}

} // namespace

TEST_CASE("Remaining Length is read at all of its edges", "[codec][frame][MQTT-1.5.5-1]") {
    for (std::size_t const length : {0UL, 1UL, 127UL, 128UL, 16'383UL, 16'384UL, 2'097'151UL, 2'097'152UL}) {
        INFO(length);
        auto const packet = packet_of(0x30, byte_buffer(length));
        std::size_t const header = length < 128 ? 2 : length < 16'384 ? 3 : length < 2'097'152 ? 4 : 5;

        auto const f = next_frame(packet);

        REQUIRE(f);
        REQUIRE(*f);
        CHECK((*f)->body.size() == length);
        CHECK((*f)->size == packet.size());
        CHECK((*f)->header_size() == header);
        CHECK(framed(bytes_view{packet.data(), packet.size() - 1}) == "incomplete");
    }
    CHECK(framed("30 ff ff ff 7f 00"_hex) == "incomplete");
}

TEST_CASE("Remaining Length is as short as it can be", "[codec][frame][MQTT-1.5.5-1]") {
    CHECK(framed("c0 80 00"_hex) == "length_not_minimal at 2");
    CHECK(framed("30 81 00 00"_hex) == "length_not_minimal at 2");
    CHECK(framed("30 ff 80 00"_hex) == "length_not_minimal at 3");
    CHECK(framed("30 80 80 80 00"_hex) == "length_not_minimal at 4");
}

TEST_CASE("Remaining Length has at most four bytes and a fifth is not waited for", "[codec][frame]") {
    CHECK(framed("30 ff ff ff"_hex) == "incomplete");
    CHECK(framed("30 ff ff ff ff"_hex) == "length_too_long at 4");
    CHECK(framed("30 80 80 80 80 01"_hex) == "length_too_long at 4");
}

TEST_CASE("reserved flags are refused with the fixed header whatever its length",
          "[codec][frame][MQTT-2.1.3-1][MQTT-3.6.1-1][MQTT-3.8.1-1][MQTT-3.10.1-1][MQTT-3.14.1-1][MQTT-3.15.1-1]"
          "[v3-MQTT-2.2.2-1][v3-MQTT-2.2.2-2][v3-MQTT-3.6.1-1][v3-MQTT-3.8.1-1][v3-MQTT-3.10.1-1][v3-MQTT-3.14.1-1]") {
    for (unsigned first = 0; first < 256; ++first) {
        unsigned const type = first >> 4, flags = first & 0xF;
        unsigned const wanted = type == 6 || type == 8 || type == 10 ? 2 : 0;
        INFO(hex_byte(first));
        for (auto const* length : {"05", "80 01", "80 80 80 01"}) {
            auto const bytes = byte_buffer{static_cast<std::byte>(first)} + from_hex(length);
            if (type == 0) CHECK(framed(bytes) == "packet_type_reserved at 0");
            else if (type != 3 && flags != wanted) CHECK(framed(bytes) == "reserved_flags at 0");
            else CHECK(framed(bytes) == "incomplete");
            CHECK(framed(bytes_view{bytes.data(), bytes.size() - 1}) == "incomplete");
        }
    }
}

TEST_CASE("a packet above the maximum is refused with its length and before its bytes", "[codec][frame][MQTT-3.1.2-24][MQTT-3.2.2-15]") {
    CHECK(framed("30 80 02"_hex, 258) == "packet_too_large at 1");
    CHECK(framed("30 80 02"_hex, 259) == "incomplete");
    CHECK(framed("30 7e"_hex, 128) == "incomplete");
    CHECK(framed("30 7f"_hex, 128) == "packet_too_large at 1");
    CHECK(framed("c0 00"_hex, 2) == "0");
    CHECK(framed("c0 00"_hex, 1) == "packet_too_large at 1");
}

TEST_CASE("nothing is incomplete and not wrong", "[codec][frame]") {
    CHECK(framed({}) == "incomplete");
    CHECK(framed("30"_hex) == "incomplete");
}

TEST_CASE("a packet declared huge takes little memory while few of its bytes are there", "[codec][frame]") {
    codec::frame_buffer buffer;
    feed(buffer, "30 ff ff ff 7f"_hex);

    auto const next = buffer.next(max_packet_size);

    REQUIRE(next);
    CHECK_FALSE(*next);
    CHECK(buffer.capacity() <= 4096);
    feed(buffer, byte_buffer(10'000));
    CHECK_FALSE(*buffer.next(max_packet_size));
    CHECK(buffer.capacity() <= 32'768);
    CHECK(buffer.size() == 10'005);
}

TEST_CASE("a packet above the maximum is refused without memory for it", "[codec][frame]") {
    codec::frame_buffer buffer;
    feed(buffer, "30 ff ff ff 7f 00 00"_hex);

    auto const next = buffer.next(1000);

    REQUIRE_FALSE(next);
    CHECK(next.error() == fault{errc::packet_too_large, 1});
    CHECK(buffer.capacity() <= 4096);
}

TEST_CASE("a packet as large as the maximum needs no more memory than itself and one read", "[codec][frame]") {
    std::size_t const   max_size = 100'000;
    auto const          packet = packet_of(0x30, "00 01 61"_hex + byte_buffer(max_size - 4 - 3));
    codec::frame_buffer buffer;
    REQUIRE(packet.size() == max_size);

    for (auto const b : packet) {
        REQUIRE_FALSE(*buffer.next(max_size));
        buffer.prepare()[0] = b;
        buffer.commit(1);
    }

    auto const next = buffer.next(max_size);
    REQUIRE(next);
    REQUIRE(*next);
    CHECK((*next)->size == max_size);
    CHECK(buffer.capacity() <= max_size + 4096);
}

TEST_CASE("small packets do not make the buffer grow", "[codec][frame]") {
    codec::frame_buffer buffer;
    auto const          packet = packet_of(0x30, "00 01 61 62 63"_hex);
    for (int i = 0; i < 10'000; ++i) {
        feed(buffer, packet);
        auto const next = buffer.next(max_packet_size);
        REQUIRE(next);
        REQUIRE(*next);
        REQUIRE(to_hex((*next)->body) == "00 01 61 62 63");
    }
    CHECK(buffer.size() == 0);
    CHECK(buffer.capacity() <= 4096);
}

TEST_CASE("a peer that keeps filling the buffer gets a larger one and one that says little the small one again", "[codec][frame]") {
    codec::frame_buffer buffer;
    auto const          packet = packet_of(0x30, byte_buffer(1000, std::byte{0x55}));
    byte_buffer         stream;
    for (int i = 0; i < 300; ++i) stream.insert(stream.end(), packet.begin(), packet.end());

    bytes_view  in = stream;
    std::size_t frames = 0, reads = 0, most = 0;
    auto const  take = [&] {
        auto const space = buffer.prepare();
        auto const count = std::min(space.size(), in.size());
        std::copy_n(in.begin(), count, space.begin());
        buffer.commit(count);
        in = in.subspan(count);
        most = std::max(most, buffer.capacity());
        for (auto next = buffer.next(max_packet_size); next && *next; next = buffer.next(max_packet_size), ++frames)
            REQUIRE(std::all_of((*next)->body.begin(), (*next)->body.end(), [](std::byte b) { return b == std::byte{0x55}; }));
    };
    for (; !in.empty(); ++reads) take();
    CHECK(frames == 300);
    CHECK(reads < 40);                                             // with 4 KiB it would be more than 75
    CHECK(most == 16'384);

    for (int i = 0; i < 12; ++i) {
        in = packet;
        take();
    }
    CHECK(frames == 312);
    CHECK(buffer.capacity() == 4096);
}

TEST_CASE("a buffer grows while its bytes are held and none of them changes", "[codec][frame]") {
    codec::frame_buffer                      buffer;
    std::vector<std::shared_ptr<void const>> held;
    std::vector<bytes_view>                  bodies;
    byte_buffer                              stream;
    for (unsigned i = 0; i < 200; ++i) stream = std::move(stream) + packet_of(0x30, byte_buffer(700, static_cast<std::byte>(i)));
    bytes_view in = stream;
    while (!in.empty()) {
        auto const space = buffer.prepare();
        auto const count = std::min(space.size(), in.size());
        std::copy_n(in.begin(), count, space.begin());
        buffer.commit(count);
        in = in.subspan(count);
        for (auto next = buffer.next(max_packet_size); next && *next; next = buffer.next(max_packet_size)) {
            bodies.push_back((*next)->body);
            held.push_back(buffer.hold());
        }
    }
    REQUIRE(bodies.size() == 200);
    for (std::size_t i = 0; i < bodies.size(); ++i)
        REQUIRE(std::all_of(bodies[i].begin(), bodies[i].end(), [i](std::byte b) { return b == static_cast<std::byte>(i); }));
}

TEST_CASE("a fault of the stream is terminal", "[codec][frame][MQTT-4.13.1-1]") {
    codec::frame_buffer buffer;
    feed(buffer, "c0 00 c1 00 c0 00"_hex);

    CHECK(*buffer.next(max_packet_size));
    for (int i = 0; i < 3; ++i) {
        auto const next = buffer.next(max_packet_size);
        REQUIRE_FALSE(next);
        CHECK(next.error() == fault{errc::reserved_flags, 0});
        feed(buffer, "c0 00"_hex);
    }
}

TEST_CASE("frames stay valid until the next prepare and all of a read can be taken", "[codec][frame]") {
    codec::frame_buffer buffer;
    feed(buffer, "30 04 00 01 61 31 30 04 00 01 62 32 c0"_hex);

    auto const first = buffer.next(max_packet_size);
    auto const second = buffer.next(max_packet_size);
    auto const third = buffer.next(max_packet_size);

    REQUIRE((first && *first && second && *second && third));
    CHECK_FALSE(*third);
    CHECK(to_hex((*first)->body) == "00 01 61 31");
    CHECK(to_hex((*second)->body) == "00 01 62 32");
    CHECK(buffer.size() == 1);
}

TEST_CASE("hold keeps the bytes of a frame alive while the buffer goes on", "[codec][frame]") {
    codec::frame_buffer buffer;
    feed(buffer, packet_of(0x30, "00 01 61 68 65 6c 6c 6f"_hex));
    auto const next = buffer.next(max_packet_size);
    REQUIRE((next && *next));
    auto const body = (*next)->body;

    auto const held = buffer.hold();
    for (int i = 0; i < 2'000; ++i) {
        feed(buffer, packet_of(0x30, byte_buffer(300, std::byte{0xEE})));
        REQUIRE(*buffer.next(max_packet_size));
    }
    buffer = codec::frame_buffer{};

    REQUIRE(held);
    CHECK(to_hex(body) == "00 01 61 68 65 6c 6c 6f");
}

TEST_CASE("bytes that are not a whole packet yet survive whether earlier ones are held or not", "[codec][frame]") {
    auto const hold_every = GENERATE(1U, 3U, 1000U);
    codec::frame_buffer                      buffer;
    std::vector<std::shared_ptr<void const>> held;
    std::mt19937                             random{1};
    byte_buffer                              stream;
    for (unsigned i = 0; i < 400; ++i) stream = std::move(stream) + packet_of(0x30, byte_buffer(random() % 200, static_cast<std::byte>(i)));

    bytes_view  in = stream;
    unsigned    frames = 0;
    while (!in.empty()) {
        auto const space = buffer.prepare();
        auto const count = std::min({space.size(), in.size(), std::size_t{1 + random() % 333}});
        std::copy_n(in.begin(), count, space.begin());
        buffer.commit(count);
        in = in.subspan(count);
        for (auto next = buffer.next(max_packet_size); next && *next; next = buffer.next(max_packet_size)) {
            for (auto const b : (*next)->body) REQUIRE(b == static_cast<std::byte>(frames));
            if (++frames % hold_every == 0) held.push_back(buffer.hold());
        }
    }
    CHECK(frames == 400);
    CHECK(buffer.capacity() <= 4096);
}

TEST_CASE("memory is given back when nothing is buffered and only then", "[codec][frame]") {
    codec::frame_buffer buffer;
    feed(buffer, "c0 00 c0"_hex);
    CHECK(*buffer.next(max_packet_size));

    buffer.release_if_empty();
    CHECK(buffer.capacity() > 0);
    feed(buffer, "00"_hex);
    CHECK(*buffer.next(max_packet_size));
    buffer.release_if_empty();

    CHECK(buffer.capacity() == 0);
    CHECK(buffer.hold() == nullptr);
    CHECK_FALSE(*buffer.next(max_packet_size));
    feed(buffer, "d0 00"_hex);
    CHECK(*buffer.next(max_packet_size));
}

TEST_CASE("Variable Byte Integers are read at all of their edges", "[codec][property][MQTT-1.5.5-1]") {
    struct { std::string_view bytes; std::string_view error; std::uint32_t value; } const table[] = {
        {"01", "ok", 1}, {"7f", "ok", 127}, {"80 01", "ok", 128}, {"ff 7f", "ok", 16'383}, {"80 80 01", "ok", 16'384},
        {"ff ff 7f", "ok", 2'097'151}, {"80 80 80 01", "ok", 2'097'152}, {"ff ff ff 7f", "ok", 268'435'455},
        {"81 00", "varint_not_minimal", 0}, {"ff 80 00", "varint_not_minimal", 0}, {"81 80 80 00", "varint_not_minimal", 0},
        {"80 80 80 80 01", "varint_too_long", 0}, {"ff ff ff ff 7f", "varint_too_long", 0},
    };
    for (auto const& [bytes, error, value] : table) {
        INFO(bytes);
        auto const packet = packet_of(0x30, "00 01 61"_hex + with_length("0b"_hex + from_hex(bytes)));
        CHECK(error_of(packet, v5) == error);
        if (error != "ok") continue;
        auto const p = decode_packet(packet, v5);
        CHECK(std::get<packet::publish>(*p).props.get<property_id::subscription_identifier>() == value);
        property_list list;
        list.add<property_id::subscription_identifier>(value);
        CHECK(to_hex(list.view().wire()) == "0b " + std::string(bytes));
    }
}
