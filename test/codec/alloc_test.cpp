// Decoding allocates nothing, encoding nothing but the room in its output: counted.
#include <memory>
#include <variant>

#include <support/catch.hpp>
#include <support/no_alloc.hpp>
#include <support/packets.hpp>
#include <support/vectors.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// Decodes the packet at the front of `bytes`; tells whether it could.
bool decodes(bytes_view bytes, wire_vector const& v) {
    auto const frame = codec::next_frame(bytes, v.max_size, v.where.version);
    return frame && *frame && codec::decode(**frame, v.where);
}

} // namespace

TEST_CASE("decoding allocates nothing whatever the packet", "[codec][alloc]") {
    auto const vectors = read_vectors(ALDIS_TEST_VECTORS);
    for (auto const& v : vectors) {
        INFO(v.origin << " " << v.title);
        allocation_count const made;

        bool const good = decodes(v.bytes, v);

        auto const count = made.so_far();
        CHECK(count == 0);
        CHECK(good == !v.error);
    }
    allocation_count const control;
    auto const             number = std::make_unique<int>(1);
    CHECK(control.so_far() == 1);
}

TEST_CASE("walking lists and properties allocates nothing", "[codec][alloc]") {
    for (auto const& v : read_vectors(ALDIS_TEST_VECTORS)) {
        if (v.error) continue;
        auto const packet = decode_packet(v.bytes, v.where);
        std::size_t seen = 0;
        allocation_count const made;

        std::visit([&](auto const& p) {
            if constexpr (requires { p.props; }) for (auto const& each : p.props) seen += each.text.size() + 1;
            if constexpr (requires { p.filters; }) for (auto const& each : p.filters) seen += sizeof each;
            if constexpr (requires { p.codes; }) for (auto const each : p.codes) seen += sizeof each;
        }, *packet);

        CHECK(made.so_far() == 0);
    }
}

TEST_CASE("encoding into a buffer with room allocates nothing", "[codec][alloc]") {
    byte_buffer out;
    out.reserve(100'000);
    for (auto const& v : read_vectors(ALDIS_TEST_VECTORS)) {
        if (v.error) continue;
        auto const packet = decode_packet(v.bytes, v.where);
        out.clear();
        allocation_count const made;

        auto const size = std::visit([&](auto const& p) { return codec::encoded_size(p, v.where); }, *packet);
        auto const done = codec::encode(*packet, v.where, out);

        CHECK(made.so_far() == 0);
        CHECK((size && done && *size == out.size()));
    }
}
