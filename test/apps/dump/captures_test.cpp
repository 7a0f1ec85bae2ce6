// The captures of real traffic: what the streams in them begin and end with, and how the lossy ones are told.
#include <fstream>
#include <iterator>

#include <dump/capture/mqtt_guess.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "wire.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

std::string const folder = std::string{ALDIS_CAPTURES} + "/";

byte_buffer read_file(std::string const& name) {
    std::ifstream           in(folder + name, std::ios::binary);
    std::vector<char> const bytes{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(!bytes.empty());
    byte_buffer out(bytes.size());
    std::transform(bytes.begin(), bytes.end(), out.begin(), [](char c) { return static_cast<std::byte>(c); });
    return out;
}

// So many whole packets, in all directions that are chains of packets.
std::size_t packets(recorder const& told) {
    std::size_t count = 0, rest = 0;
    for (auto const& [who, text] : told.streams)
        if (auto const found = packets_in(to_bytes(text), rest); found) count += *found;
    return count;
}

struct expectation {
    char const* file;
    char const* keys;
    carrier     via;
    std::size_t packets;
};

} // namespace

TEST_CASE("every way MQTT is carried in the captures gives its packets", "[dump][captures]") {
    constexpr expectation rows[]{
        {"tls12.pcapng", "tls12.keys", carrier::tls, 42},  {"tls13.pcapng", "tls13.keys", carrier::tls, 42}, {"tls13_dsb.pcapng", "", carrier::tls, 42},
        {"ws_mqttjs.pcapng", "", carrier::ws, 63},         {"ws_paho.pcapng", "", carrier::ws, 19},          {"ws_edges.pcapng", "", carrier::ws, 18},
        {"ws_deflate.pcapng", "", carrier::ws, 21},        {"split_bytes.pcapng", "", carrier::tcp, 11},     {"retransmit.pcapng", "", carrier::tcp, 31},
        {"out_of_order.pcapng", "", carrier::tcp, 31},     {"vlan.pcapng", "", carrier::tcp, 23},            {"pcap_be.pcap", "", carrier::tcp, 19},
        {"pcap_nano.pcap", "", carrier::tcp, 19},          {"rawip.pcapng", "", carrier::tcp, 19},           {"cooked.pcapng", "", carrier::tcp, 19},
        {"big_gso.pcapng", "", carrier::tcp, 26},          {"port_reuse.pcapng", "", carrier::tcp, 12},      {"ipv6.pcapng", "", carrier::tcp, 14},
    };
    for (auto const& row : rows) {
        INFO(row.file);
        capture_options options;
        if (row.keys[0] != '\0') options.key_log(folder + row.keys);
        auto const told = play(read_file(row.file), options);

        CHECK(packets(told) == row.packets);
        CHECK(told.notes.empty());
        bool const is_seen = std::any_of(told.vias.begin(), told.vias.end(), [&](auto const& one) { return one.second == row.via; });
        CHECK(is_seen);
    }
}

TEST_CASE("a lost segment is one gap at the frame behind it", "[dump][captures]") {
    auto const told = play(read_file("lost_segment.pcapng"));
    std::size_t gaps = 0;
    for (auto const& line : told.lines)
        if (line.find(" gap ") != std::string::npos) {
            ++gaps;
            CHECK(line == "13 c gap 458");
        }
    CHECK(gaps == 1);
    CHECK(told.done == 31);
}

TEST_CASE("with the snap length every missing byte is told", "[dump][captures]") {
    auto const snapped = play(read_file("snaplen.pcapng"));
    auto const truth = play(read_file("snaplen.truth.pcap"));
    std::size_t missing = 0;
    for (auto const& line : snapped.lines)
        if (auto const at = line.find(" cut "); at != std::string::npos) missing += std::stoul(line.substr(at + 5));

    CHECK(missing > 0);
    CHECK(snapped.stream(0, 0).size() + missing == truth.stream(0, 0).size());
    CHECK(snapped.stream(0, 1) == truth.stream(0, 1));
}

TEST_CASE("the same capture cut anywhere brings a beginning of the same streams", "[dump][captures]") {
    auto const file = read_file("ws_paho.pcapng");
    auto const whole = play(file);
    for (std::size_t size = 200; size < file.size(); size += 97) {
        auto const part = play(bytes_view{file}.first(size));
        for (auto const& [who, text] : part.streams) CHECK(whole.stream(who.first, who.second).starts_with(text));
        CHECK(part.done <= whole.done);
    }
}
