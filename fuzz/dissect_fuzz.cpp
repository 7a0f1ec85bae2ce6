// The dissector, its renderers, and the streams of dump: whatever the bytes, fields lie in the packet, what is printed is printable, and a
// packet is shown only where its bytes are.
#include "fuzz.hpp"

#include <string>

#include <aldis/dissect/dissector.hpp>
#include <aldis/dissect/render.hpp>
#include <dump/packets/streams.hpp>

using namespace aldis;
namespace dump = aldis::app::dump;

namespace {

bool is_printable(std::string_view text) {
    for (auto const c : text)
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return false;
    return true;
}

void check_tree(dissect::tree const& t) {
    for (std::size_t i = 0; i < t.nodes.size(); ++i) {
        auto const& n = t.nodes[i];
        fuzz::check(n.at + std::size_t{n.size} <= t.bytes.size(), "a field lies in its packet");
        fuzz::check(n.next == 0 || (n.next > i && n.next < t.nodes.size() && t.nodes[n.next].id == n.id), "links lead forward to the same field");
        bool const group = dissect::spec_of(n.id).is == dissect::kind::group;
        fuzz::check(!group || i + n.number < t.nodes.size(), "a group holds fields that are there");
    }
    for (auto const& v : t.violations) fuzz::check(v.at <= t.bytes.size() && !v.id.empty() && !v.text.empty(), "a broken rule has its place and its name");
    fuzz::check(!t.malformed || t.malformed->at <= t.bytes.size(), "reading stops in the packet");
}

void render(dissect::tree const& t) {
    std::string out;
    for (bool const secrets : {false, true}) {
        dissect::append_info(out, t);
        dissect::append_tree(out, t, {.secrets = secrets});
        dissect::append_json_fields(out, t, {.secrets = secrets});
        dissect::append_bytes(out, t, {.secrets = secrets});
        for (auto const& n : t.nodes) dissect::append_value(out, t, n, {.secrets = secrets});
    }
    if (t.malformed) dissect::append_reason(out, *t.malformed);
    fuzz::check(is_printable(out), "nothing that a terminal could take for a command is printed");
}

/// The records of a stream, held against its bytes.
class judge final : public dump::stage {
public:
    explicit judge(bytes_view all) : all_(all) {}

    void packet(dump::record& r) override {
        check_tree(*r.tree);
        auto const& t = *r.tree;
        fuzz::check(t.bytes.size() <= all_.size() && t.bytes.size() <= t.size, "a packet is made of bytes that came");
    }
    void gap(dump::conversation const&, unsigned, dump::frame_stamp, dump::hole const&) override {}
    void end(dump::conversation const&, unsigned, dump::frame_stamp) override {}
    void forget(dump::conversation const&) override {}
    void frame_done(dump::frame_stamp at) override {
        fuzz::check(at.number == done_ + 1, "each frame is done once, in order");
        done_ = at.number;
    }
    void note(dump::frame_stamp, dump::conversation const*, std::string const&) override {}
    void finish() override {}

private:
    bytes_view    all_;
    std::uint64_t done_ = 0;
};

/// The bytes as pieces of one conversation, cut and lost where the bytes themselves say so.
void stream(bytes_view in, unsigned how) {
    judge                        last{in};
    dump::stream_options options;
    options.max_held = 4096;
    options.packets.max_packet = 2048;
    dump::streams      streams{last, options};
    dump::conversation c{.number = 0, .ends = {dump::peer{"a", 1}, dump::peer{"b", static_cast<std::uint16_t>((how & 1) != 0 ? 1883 : 9)}}, .saw_start = (how & 2) != 0};
    std::uint64_t      frame = 0;
    while (!in.empty()) {
        auto const step = std::to_integer<unsigned>(in[0]);
        auto const size = std::min<std::size_t>(1 + step % 61, in.size());
        ++frame;
        if (step % 16 == 15) streams.gap(c, step >> 4 & 1, {frame, static_cast<std::int64_t>(frame)}, step >> 5, (step & 32) != 0);
        else streams.bytes(c, (how & 4) != 0 ? step >> 6 & 1 : 0, {frame, static_cast<std::int64_t>(frame)}, bytes_view{in.first(size)});
        streams.frame_done({frame, static_cast<std::int64_t>(frame)});
        in = bytes_view{in.subspan(size)};
    }
    if ((how & 8) != 0) streams.forget(c);
    streams.finish();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    auto const             where = fuzz::context_of(data[0]);
    fuzz::exact_copy const input{data + 2, size - 2};
    auto const             how = data[1];
    dissect::dissector     dissector;

    auto const whole = (how & 0x80) != 0 ? input.view().size() + how : 0;
    auto const& t = dissector(input.view(), {.version = where.version, .version_known = (how & 0x40) == 0, .version_agreed = (how & 0x20) == 0, .from = where.from, .size = whole});
    check_tree(t);
    render(t);
    stream(input.view(), how);
    return 0;
}
