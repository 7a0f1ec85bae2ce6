// codec_bench: what decoding and encoding one packet costs in time, bytes a second and allocations, beside memcpy of the same bytes.
// `x_memcpy` is the time as a multiple of memcpy's, measured in the same row: the figure to compare between machines.
#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <benchmark/benchmark.h>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <support/no_alloc.hpp>

namespace {

using namespace aldis;

/// Text that lives as long as the program.
std::string const payload(16'384, 'x');
std::string const topic = "house/floor/room/device/property";

property_list four_properties() {
    property_list list;
    list.add<property_id::payload_format_indicator>(1)
        .add<property_id::message_expiry_interval>(3600)
        .add<property_id::content_type>("application/json")
        .add<property_id::user_property>({"trace", "0123456789abcdef012"});
    return list;
}

packet::publish publish_of(std::size_t size, properties props = {}) {
    return {.topic = topic, .payload = to_bytes(payload).first(size), .qos = qos_level::at_least_once, .id = 1234, .props = props};
}

packet::connect connect_of(protocol version) {
    packet::connect p{.version = version, .keep_alive = 60, .client_id = "client-0123456789", .user_name = "user-name", .password = to_bytes("password")};
    p.last_will = packet::will{.topic = "clients/client-0123456789/state", .payload = to_bytes("offline"), .qos = qos_level::at_least_once};
    return p;
}

byte_buffer encoded(any_packet const& p, codec::context where) {
    byte_buffer out;
    if (!codec::encode(p, where, out)) throw std::logic_error("a benchmark's packet cannot be encoded");
    return out;
}

void report(benchmark::State& state, test::allocation_count const& made, std::size_t bytes) {
    state.counters["allocs"] = benchmark::Counter(static_cast<double>(made.so_far()), benchmark::Counter::kAvgIterations);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    state.SetLabel(std::to_string(bytes) + " B");
}

void copy_once(byte_buffer const& bytes, byte_buffer& to) {
    benchmark::DoNotOptimize(bytes.data());
    std::memcpy(to.data(), bytes.data(), bytes.size());
    benchmark::ClobberMemory();
}

void copy(benchmark::State& state, byte_buffer const& bytes) {
    byte_buffer                  to(bytes.size());
    test::allocation_count const made;
    for (auto _ : state) copy_once(bytes, to);
    report(state, made, bytes.size());
}

/// Processor time since some moment: what others do on the machine in between does not count.
double now_in_ns() { return static_cast<double>(std::clock()) * (1e9 / CLOCKS_PER_SEC); }

/// What one memcpy of `bytes` takes: the best of several rounds.
double memcpy_time(byte_buffer const& bytes) {
    constexpr int rounds = 10, copies = 50'000;
    byte_buffer   to(bytes.size());
    double        best = std::numeric_limits<double>::max();
    for (int round = 0; round < rounds; ++round) {
        auto const began = now_in_ns();
        for (int i = 0; i < copies; ++i) copy_once(bytes, to);
        best = std::min(best, now_in_ns() - began);
    }
    return best / copies;
}

void report_ratio(benchmark::State& state, double began, double one_copy) {
    state.counters["x_memcpy"] = (now_in_ns() - began) / static_cast<double>(state.iterations()) / one_copy;
}

/// From bytes to the packet's struct, framing included.
template <class Packet>
void decode(benchmark::State& state, byte_buffer const& bytes, codec::context where) {
    auto const                   one_copy = memcpy_time(bytes);
    test::allocation_count const made;
    auto const                   began = now_in_ns();
    for (auto _ : state) {
        bytes_view in = bytes;
        benchmark::DoNotOptimize(in);
        auto const frame = codec::next_frame(in, max_packet_size, where.version);
        auto const packet = codec::decode_as<Packet>(**frame, where);
        if (!packet) return state.SkipWithError("not decoded");
        benchmark::DoNotOptimize(packet);
    }
    report(state, made, bytes.size());
    report_ratio(state, began, one_copy);
}

/// From the struct to bytes in a buffer that is used again. PUBLISH writes its head alone.
template <class Packet>
void encode(benchmark::State& state, Packet const& p, codec::context where, byte_buffer const& bytes) {
    byte_buffer out;
    out.reserve(65'536);
    auto const                   one_copy = memcpy_time(bytes);
    test::allocation_count const made;
    auto const                   began = now_in_ns();
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(&p);
        bool good = false;
        if constexpr (std::is_same_v<Packet, packet::publish>) good = codec::encode_head(p, where, out).has_value();
        else good = codec::encode(p, where, out).has_value();
        if (!good) return state.SkipWithError("not encoded");
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report(state, made, out.size());
    report_ratio(state, began, one_copy);
}

/// Three rows for one packet: memcpy of its bytes, decode, encode.
template <class Packet>
void add_rows(std::string const& name, Packet const& p, codec::context where) {
    auto const bytes = encoded(p, where);
    benchmark::RegisterBenchmark((name + "/memcpy").c_str(), [bytes](benchmark::State& s) { copy(s, bytes); });
    benchmark::RegisterBenchmark((name + "/decode").c_str(), [bytes, where](benchmark::State& s) { decode<Packet>(s, bytes, where); });
    auto const* const verb = std::is_same_v<Packet, packet::publish> ? "/encode_head" : "/encode";
    benchmark::RegisterBenchmark((name + verb).c_str(), [p, where, bytes](benchmark::State& s) { encode(s, p, where, bytes); });
}

} // namespace

int main(int argc, char* argv[]) {
    constexpr codec::context         v5{protocol::v5, sender::either}, v4{protocol::v3_1_1, sender::either};
    property_list const              four = four_properties();
    wire_builder<subscription>       plain, wild;
    for (int i = 0; i < 8; ++i) {
        auto const room = "house/floor/room-" + std::to_string(i);
        plain.add({.filter = room + "/t", .qos = qos_level::at_least_once});
        wild.add({.filter = room + "/+", .qos = qos_level::at_least_once});
    }

    for (std::size_t const size : {16U, 256U, 16'384U}) {
        add_rows("publish_v5_" + std::to_string(size), publish_of(size), v5);
        add_rows("publish_v5_4props_" + std::to_string(size), publish_of(size, four), v5);
        add_rows("publish_v311_" + std::to_string(size), publish_of(size), v4);
    }
    add_rows("connect_v5", connect_of(protocol::v5), v5);
    add_rows("connect_v311", connect_of(protocol::v3_1_1), v4);
    add_rows("subscribe_v5_8", packet::subscribe{.id = 1234, .filters = plain}, v5);
    add_rows("subscribe_v5_8_wildcards", packet::subscribe{.id = 1234, .filters = wild}, v5);
    add_rows("subscribe_v311_8", packet::subscribe{.id = 1234, .filters = plain}, v4);
    add_rows("puback_v5", packet::puback{.id = 1234}, v5);

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
