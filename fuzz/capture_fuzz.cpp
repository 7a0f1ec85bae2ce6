// capture: whatever a file, a text, segments or the pieces of a stream hold, reading ends, frames are brought in order, an end comes once, and what is
// held stays bounded. The first byte chooses which of the four the rest is.
#include "dump_sink.hpp"

#include <string>

#include <dump/capture/capture_source.hpp>
#include <dump/capture/stream_source.hpp>

using namespace aldis;
using namespace aldis::app::dump;
using fuzz::script;
using fuzz::strict_sink;

namespace {

constexpr std::size_t max_held = 64U << 10;

void run(source& from, strict_sink& to) {
    try {
        while (from.step(to)) {}
    } catch (input_error const& error) {
        fuzz::check(error.what()[0] != '\0', "an error says something");
    }
}

void play_file(bytes_view input, strict_sink& to) {
    try {
        capture_source from{memory_input(input), "input", capture_options{}.max_conversations(8).max_held(max_held)};
        run(from, to);
    } catch (input_error const&) {
        return;
    }
}

// Each segment: flags, ports and sender, a step of the sequence number, one of the acknowledgement, a length, so many bytes.
void play_segments(script of, strict_sink& to) {
    key_log        keys;
    memory_budget  budget{max_held};
    byte_buffer    scratch;
    delivery const d{to, keys, budget, scratch};
    {
        tcp_tracker   tracker{4};
        std::uint32_t seq[2]{0xFFFF'FF00, 1000};
        frame_stamp   at{};
        while (!of.is_over()) {
            at = {at.number + 1, static_cast<std::int64_t>(at.number) * 20'000'000};
            tcp_segment s;
            s.flags = static_cast<std::uint8_t>(of.byte());
            auto const who = of.byte();
            auto const from = who & 1;
            s.addresses = {ip_address{0, 1 + from}, ip_address{0, 2 - from}};
            s.ports = {static_cast<std::uint16_t>(10 + (from == 0 ? who >> 1 & 7 : 0)), static_cast<std::uint16_t>(10 + (from == 1 ? who >> 1 & 7 : 0))};
            s.seq = seq[from] + static_cast<std::uint32_t>(static_cast<std::int8_t>(of.byte())) * ((who & 16) != 0 ? 0x100'0000U : 1U);
            s.ack = seq[1 - from] + static_cast<std::uint32_t>(static_cast<std::int8_t>(of.byte()));
            s.cut = (who & 32) != 0 ? of.byte() : 0;
            s.payload = of.piece(of.byte());
            if ((who & 64) == 0) seq[from] = s.seq + s.length() + ((s.flags & 3) != 0 ? 1U : 0U);
            tracker.segment(d, at, s);
            if (!of.is_over()) tracker.frame_done(d, at);
            fuzz::check(budget.held() <= max_held, "what is held is bounded");
        }
        if (at.number != 0) tracker.finish(d, at);
    }
    fuzz::check(budget.held() == 0, "what was held is given back");
}

// Pieces of both directions as TCP brings them: a byte for sender and kind, one for the length.
void play_pieces(script of, strict_sink& to) {
    constexpr std::string_view secret = "0101010101010101010101010101010101010101010101010101010101010101";
    key_log        keys;
    memory_budget  budget{max_held};
    byte_buffer    scratch;
    for (std::string_view const label : {"CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                                         "SERVER_TRAFFIC_SECRET_0"})
        keys.add(std::string{label} + " " + std::string(64, '1') + " " + std::string{secret});
    delivery const d{to, keys, budget, scratch};
    conversation   about;
    about.ends = {peer{"c", 1}, peer{"s", 2}};
    about.saw_start = (of.byte() & 1) == 0;
    {
        protocol_stack stack;
        bool           ended[2]{};
        while (!of.is_over()) {
            auto const  kind = of.byte();
            auto const  size = of.byte() << (kind >> 6);
            place const at{d, about, kind & 1, to.next()};
            if (ended[at.from]) continue;
            if ((kind & 0x3E) == 2) stack.gap(at, size, (kind & 64) != 0);
            else if ((kind & 0x3E) == 4) stack.end(at), ended[at.from] = true;
            else stack.bytes(at, of.piece(size));
            to.frame_done(at.at);
            fuzz::check(budget.held() <= max_held, "what is held is bounded");
        }
    }
    fuzz::check(budget.held() == 0, "what was held is given back");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    fuzz::exact_copy const input{data + 1, size - 1};
    strict_sink            to;
    switch (data[0] % 4) {
    case 0: play_file(input.view(), to); break;
    case 1: {
        auto const from = open_stream_over(memory_input(input.view()), stream_form::detect, data[0] / 4 & 1U);
        run(*from, to);
        break;
    }
    case 2: play_segments(script{input.view()}, to); break;
    default: play_pieces(script{input.view()}, to); break;
    }
    return 0;
}
