// The vectors of test/vectors: read, written, cut everywhere, and complete: every way to fail has one.
#include <set>

#include <support/catch.hpp>
#include <support/packets.hpp>
#include <support/vectors.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

std::vector<wire_vector> const& vectors() {
    static auto const all = read_vectors(ALDIS_TEST_VECTORS);
    return all;
}

std::string expected(wire_vector const& v) { return v.error ? "error " + dump(*v.error) : v.dump; }

/// What comes out when `bytes` arrive in pieces of these sizes, the last size for all that is left: packets and the fault, as lines.
std::vector<std::string> fed(bytes_view bytes, std::vector<std::size_t> const& sizes, wire_vector const& v) {
    std::vector<std::string> lines;
    codec::frame_buffer      buffer;
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        auto const wanted = turn < sizes.size() ? sizes[turn] : sizes.back();
        auto const space = buffer.prepare();
        auto const count = std::min({wanted, space.size(), bytes.size()});
        std::copy_n(bytes.begin(), count, space.begin());
        buffer.commit(count);
        bytes = bytes.subspan(count);
        for (;;) {
            auto const next = buffer.next(v.max_size, v.where.version);
            if (!next) return lines.push_back("error " + dump(next.error())), lines;
            if (!*next) break;
            lines.push_back(dump(codec::decode(**next, v.where)));
        }
    }
    return lines;
}

} // namespace

TEST_CASE("every vector is read as it says", "[codec][vectors]") {
    for (auto const& v : vectors()) {
        INFO(v.origin << " " << v.title);

        auto const packet = decode_packet(v.bytes, v.where, v.max_size);

        CHECK(dump(packet) == expected(v));
    }
}

TEST_CASE("every vector that is a packet is written as it was read", "[codec][vectors]") {
    for (auto const& v : vectors()) {
        if (v.error) continue;
        INFO(v.origin << " " << v.title);
        auto const packet = decode_packet(v.bytes, v.where);
        REQUIRE(packet);

        byte_buffer out;
        auto const  done = codec::encode(*packet, v.where, out);

        REQUIRE(done);
        CHECK(to_hex(out) == to_hex(v.canonical));
        CHECK(*decode_packet(out, v.where) == *packet);
    }
}

TEST_CASE("every vector cut at any byte and fed byte by byte says the same", "[codec][vectors][frame]") {
    for (auto const& v : vectors()) {
        INFO(v.origin << " " << v.title);
        auto const twice = v.bytes + v.bytes;                      // a packet and what stands behind it
        auto const whole = fed(twice, {twice.size()}, v);
        CHECK(whole.front() == expected(v));

        CHECK(fed(twice, {1}, v) == whole);
        for (std::size_t cut = 1; cut < twice.size(); ++cut) {
            INFO("cut at " << cut);
            REQUIRE(fed(twice, {cut, twice.size()}, v) == whole);
        }
    }
}

TEST_CASE("a packet that is cut off is incomplete or refused and never another packet", "[codec][vectors][frame]") {
    for (auto const& v : vectors()) {
        INFO(v.origin << " " << v.title);
        for (std::size_t size = 0; size < v.bytes.size(); ++size) {
            auto const next = codec::next_frame(bytes_view{v.bytes.data(), size}, v.max_size, v.where.version);
            if (!next) CHECK(next.error() == v.error.value_or(codec::fault{}));
            else CHECK_FALSE(*next);
        }
    }
}

TEST_CASE("the clause of every vector is the one that its error tells", "[codec][vectors][fault]") {
    for (auto const& v : vectors()) {
        if (v.clause.empty()) continue;
        INFO(v.origin << " " << v.title);
        REQUIRE(v.error);

        auto const type = static_cast<packet_type>(std::to_integer<unsigned>(v.bytes.at(0)) >> 4);

        CHECK(codec::clause_of(v.error->code, v.where.version, type) == v.clause);
    }
}

TEST_CASE("every error of the decoder has a vector", "[codec][vectors][fault]") {
    std::set<codec::errc> missing;
    for (auto const& row : codec::errc_specs()) missing.insert(row.code);
    for (auto const& v : vectors())
        if (v.error) missing.erase(v.error->code);

    // These three are about packets that cannot be spelt: encode_test.cpp has them.
    for (auto const code : {codec::errc::not_expressible, codec::errc::text_too_long, codec::errc::packet_id_misplaced}) missing.erase(code);

    for (auto const code : missing) FAIL_CHECK("no vector for " << name_of(code));
}

TEST_CASE("every packet type has a vector in each version that has it", "[codec][vectors]") {
    std::set<std::pair<packet_type, protocol>> seen;
    for (auto const& v : vectors())
        if (!v.error) seen.emplace(type_of(*decode_packet(v.bytes, v.where)), v.where.version);

    for (unsigned type = 1; type <= 15; ++type)
        for (auto const version : {protocol::v3_1_1, protocol::v5}) {
            if (type == 15 && version != protocol::v5) continue;
            INFO("type " << type << " in " << name_of(version));
            CHECK(seen.contains({static_cast<packet_type>(type), version}));
        }
}

TEST_CASE("every property has a vector", "[codec][vectors][property]") {
    std::string all;
    for (auto const& v : vectors()) all += v.dump;

    for (auto const& row : codec::property_specs) {
        INFO(row.name);
        CHECK(all.find(std::string(row.name) + "=") != all.npos);
    }
}
