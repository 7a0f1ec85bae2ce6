// Conversations followed: whatever both ends say, in whatever order, with losses and ends anywhere, every record goes through once, what is
// found refers to what came before, what is printed is printable, and memory stays within its bounds.
#include "fuzz.hpp"

#include <malloc.h>

#include <array>
#include <memory>
#include <string>

#include <aldis/follow/analysis.hpp>
#include <aldis/follow/mqtt_flow.hpp>
#include <aldis/follow/printers.hpp>

using namespace aldis;
using follow::conversation;
using follow::frame_stamp;
using follow::packet_mark;
using follow::record;

/// Of the sanitizers that have an allocator of their own.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

namespace {

constexpr std::size_t most_memory = std::size_t{64} << 20;
constexpr std::size_t most_packets = 40'000;                       // of one input: enough to fill every table
constexpr unsigned    lines = 4;                                   // conversations at a time

/// Bytes on the heap.
std::size_t live() {
    if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
    auto const all = ::mallinfo2();
    return all.uordblks + all.hblkhd;
}

bool is_printable(std::string_view text) {
    for (auto const c : text)
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return false;
    return true;
}

/// The last stage: what analysis made of each record.
class judge final : public follow::stage {
public:
    void packet(record& r) override {
        ++packets;
        auto const& f = r.found;
        for (auto const& mark : {f.question, f.answers, f.redelivery_of, f.delivery_of, f.resumes})
            fuzz::check(!mark || (mark.frame <= r.at.number && mark.stream < streams), "what is found was seen before");
        fuzz::check(!f.latency || f.completes, "a latency belongs to what completes a flow");
        fuzz::check(!f.latency || *f.latency == r.at.time - f.question.time, "a latency counts from the question");
        fuzz::check(f.delay.has_value() == static_cast<bool>(f.delivery_of), "a delivery has its delay");
        if (packets <= most_printed) show(r);
        for (auto const& v : r.tree->violations) fuzz::check(!v.id.empty() && !v.text.empty() && v.at <= r.tree->size, "a broken rule has its place and its name");
    }
    void gap(conversation const&, unsigned, frame_stamp, follow::hole const&) override {}
    void end(conversation const&, unsigned, frame_stamp) override { ++ends; }
    void forget(conversation const&) override { ++forgotten; }
    void frame_done(frame_stamp) override {}
    void note(frame_stamp, conversation const*, std::string const& text) override { fuzz::check(!text.empty(), "a note says something"); }
    void finish() override { finished = true; }

    std::size_t   packets = 0, ends = 0, forgotten = 0;
    std::uint32_t streams = 0;
    bool          finished = false;

private:
    void show(record& r) {
        for (auto* const printer : {as_lines_.get(), as_tree_.get(), as_json_.get()}) {
            printer->packet(r);
            printer->frame_done(r.at);
        }
    }

    static constexpr std::size_t most_printed = 500;

    follow::print_options            how_{};
    follow::output                   out_{[](std::string_view text) { fuzz::check(is_printable(text), "nothing that a terminal could take for a command is printed"); }, [](std::string_view) {}};
    std::unique_ptr<follow::printer> as_lines_ = follow::make_line_printer(out_, how_, false, true);
    std::unique_ptr<follow::printer> as_tree_ = follow::make_tree_printer(out_, how_, false, true);
    std::unique_ptr<follow::printer> as_json_ = follow::make_json_printer(out_, how_, true);
};

/// In front of analysis: counts what goes in.
class entrance final : public follow::passing_stage {
public:
    using passing_stage::passing_stage;
    void packet(record& r) override {
        ++packets;
        next().packet(r);
    }
    std::size_t packets = 0;
};

/// Bytes as they are needed; zeros behind the end.
class chooser {
public:
    explicit chooser(bytes_view in) : in_(in) {}
    bool     done() const noexcept { return in_.empty(); }
    unsigned u8() noexcept {
        if (in_.empty()) return 0;
        auto const value = std::to_integer<unsigned>(in_[0]);
        in_ = bytes_view{in_.subspan(1)};
        return value;
    }
    bytes_view some(std::size_t most) noexcept {
        auto const part = bytes_view{in_.first(std::min(most, in_.size()))};
        in_ = bytes_view{in_.subspan(part.size())};
        return part;
    }

private:
    bytes_view in_;
};

/// A packet with a Remaining Length.
class letter {
public:
    letter& u8(unsigned value) { return body_.push_back(static_cast<std::byte>(value)), *this; }
    letter& u16(unsigned value) { return u8(value >> 8 & 0xFF).u8(value & 0xFF); }
    letter& text(std::string_view value) {
        u16(static_cast<unsigned>(value.size()));
        for (char const c : value) u8(static_cast<unsigned char>(c));
        return *this;
    }
    byte_buffer as(unsigned head) const {
        byte_buffer whole{static_cast<std::byte>(head)};
        for (auto rest = body_.size(); whole.size() == 1 || rest > 0; rest >>= 7) whole.push_back(static_cast<std::byte>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)));
        whole.insert(whole.end(), body_.begin(), body_.end());
        return whole;
    }

private:
    byte_buffer body_{};
};

byte_buffer connect_of(bool v5, unsigned flags, std::string_view client) {
    letter l;
    l.text("MQTT").u8(v5 ? 5 : 4).u8(flags & 2).u16(flags >> 2);
    if (v5) l.u8((flags & 1) != 0 ? 3 : 0);
    if (v5 && (flags & 1) != 0) l.u8(0x21).u16(1 + (flags >> 4));  // Receive Maximum
    return l.text(client).as(0x10);
}

byte_buffer publish_of(bool v5, unsigned head, unsigned id, std::string_view topic, unsigned payload) {
    letter l;
    l.text(topic);
    if ((head & 6) != 0) l.u16(id);
    if (v5) l.u8(0);
    return l.u8(payload).as(0x30 | (head & 0xF));
}

class world {
public:
    explicit world(bytes_view in) : in_(in) {
        for (unsigned i = 0; i < lines; ++i) open(i);
    }

    void run() {
        while (!in_.done() && front_.packets < most_packets) {
            step();
            fuzz::check(live() <= before_ + most_memory, "memory is bounded");
        }
        for (unsigned i = 0; i < lines; ++i)
            if ((i & 1) != 0) close(i);
        analysis_->finish();
        fuzz::check(last_.packets == front_.packets, "each record goes through once");
        fuzz::check(last_.finished, "the end goes through");
    }

private:
    struct line {
        std::unique_ptr<conversation> of{};
        follow::mqtt_flow             flow{};
        bool                          v5 = false;
        std::array<bool, 2>           ended{};
    };

    void open(unsigned i) {
        auto& l = all_[i];
        l.of = std::make_unique<conversation>();
        l.of->number = last_.streams++;
        l.of->ends = {follow::peer{"a", static_cast<std::uint16_t>(1000 + i)}, follow::peer{"b", 1883}};
        l.of->saw_start = true;
        l.flow = follow::mqtt_flow{.of = l.of.get()};
        l.ended = {};
    }
    void close(unsigned i) {
        auto& l = all_[i];
        for (unsigned from = 0; from < 2; ++from) end(l, from);
        maker_.forget(l.flow);
        analysis_->forget(*l.of);
        open(i);
    }
    void end(line& l, unsigned from) {
        if (!std::exchange(l.ended[from], true)) maker_.end(l.flow, from, at_);
    }
    void say(line& l, unsigned from, bytes_view bytes) {
        if (l.ended[from]) return;
        ++at_.number;
        at_.time += 1000;
        maker_.bytes(l.flow, from, at_, bytes);
    }

    void step() {
        auto const op = in_.u8();
        auto const i = op & 3, from = op >> 2 & 1;
        auto&      l = all_[i];
        auto const a = in_.u8(), b = in_.u8();
        at_.unordered = at_.unheard = false;
        switch (op >> 3) {
        case 0: case 1: return say(l, 0, connect_of(l.v5 = (a & 1) != 0, b, std::string(1, static_cast<char>('a' + a % 5))));
        case 2: return say(l, 1, l.v5 ? letter{}.u8(a & 1).u8(b < 200 ? 0 : b).u8(0).as(0x20) : letter{}.u8(a & 1).u8(b < 200 ? 0 : b & 7).as(0x20));
        case 3: case 4: case 5: return say(l, from, publish_of(l.v5, a, b & 7, std::string(1, static_cast<char>('a' + (b >> 3 & 3))), b >> 5));
        case 6: return say(l, from, letter{}.u16(a & 7).as(0x40));
        case 7: return say(l, from, letter{}.u16(a & 7).as(0x50));
        case 8: return say(l, from, letter{}.u16(a & 7).as(0x62));
        case 9: return say(l, from, letter{}.u16(a & 7).as(0x70));
        case 10: return say(l, 0, l.v5 ? letter{}.u16(a & 7).u8(0).text("a").u8(b & 0x2F).as(0x82) : letter{}.u16(a & 7).text("a").u8(b & 3).as(0x82));
        case 11: return say(l, 1, l.v5 ? letter{}.u16(a & 7).u8(0).u8(b).as(0x90) : letter{}.u16(a & 7).u8(b).as(0x90));
        case 12: return say(l, 0, letter{}.as(0xC0));
        case 13: return say(l, 1, letter{}.as(0xD0));
        case 14: return say(l, from, letter{}.as(0xE0));
        case 15: case 16: return say(l, from, in_.some(a));
        case 17: return maker_.gap(l.flow, from, at_, a, (b & 1) != 0);
        case 18: return end(l, from);
        case 19: return close(i);
        case 20: at_.time += std::int64_t{a} * 1'000'000'000; return;
        case 21: at_.unordered = true; return say(l, from, publish_of(l.v5, a, b & 7, "a", 1));
        case 22: at_.unheard = true; return say(l, from, publish_of(l.v5, a, b & 7, "a", 1));
        case 23: return many_publish(l, from, a, b);
        case 24: return many_clients(i, a, b);
        case 25: return many_pings(l, a);
        case 26: return many_aliases(l, from, a);
        default: return say(l, from, letter{}.u16(b).u8(a).as(a & 0xF0));
        }
    }

    void many_publish(line& l, unsigned from, unsigned count, unsigned kind) {
        std::string const topic = "00000" + std::string((kind >> 4) * 20, 'x');
        auto              whole = publish_of(l.v5, kind & 0xF, 1, topic, count);
        auto const        at = whole.size() > 129 ? 5U : 4U;       // of the topic
        for (unsigned n = 0; n < count * 257 && front_.packets < most_packets; ++n) {
            for (unsigned digit = 0, rest = n; digit < 5; ++digit, rest /= 10) whole[at + digit] = static_cast<std::byte>('0' + rest % 10);
            if ((kind & 6) != 0) {                                 // an identifier of its own
                whole[at + topic.size()] = static_cast<std::byte>((n + 1) >> 8 & 0xFF);
                whole[at + topic.size() + 1] = static_cast<std::byte>((n + 1) & 0xFF);
            }
            say(l, from, whole);
        }
    }
    void many_clients(unsigned i, unsigned count, unsigned kind) {
        for (unsigned n = 0; n < count * 40 && front_.packets < most_packets; ++n) {
            auto& l = all_[i];
            say(l, 0, connect_of(l.v5 = (kind & 1) != 0, 0, std::to_string(n) + std::string((kind >> 4) * 80, 'c')));
            say(l, 1, l.v5 ? letter{}.u16(0).u8(0).as(0x20) : letter{}.u16(0).as(0x20));
            if ((kind & 2) != 0) say(l, 0, publish_of(l.v5, 2, 1, "t", 1));
            close(i);
        }
    }
    void many_pings(line& l, unsigned count) {
        for (unsigned n = 0; n < count * 4; ++n) say(l, 0, letter{}.as(0xC0));
    }
    void many_aliases(line& l, unsigned from, unsigned count) {
        for (unsigned n = 1; n <= count * 257 && front_.packets < most_packets; ++n)
            say(l, from, letter{}.text(std::to_string(n)).u8(3).u8(0x23).u16(n).u8(1).as(0x30));
    }

    std::size_t                      before_ = live();
    chooser                          in_;
    judge                            last_{};
    std::unique_ptr<follow::stage>   analysis_ = follow::make_analysis(last_);
    entrance                         front_{*analysis_};
    follow::packet_maker             maker_{front_, {.max_packet = 4096}};
    std::array<line, lines>          all_{};
    frame_stamp                      at_{1, 1'000'000'000};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::exact_copy const input{data, size};
    world{input.view()}.run();
    return 0;
}
