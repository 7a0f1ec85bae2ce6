// A connection's packets in the words of `aldis dump`.
#include <aldis/follow/transcript.hpp>

#include <utility>

#include <aldis/follow/analysis.hpp>
#include <aldis/follow/mqtt_flow.hpp>
#include <aldis/follow/printers.hpp>

namespace aldis::follow {
namespace {

std::unique_ptr<printer> make_printer(output& out, transcript_options const& how) {
    switch (how.form()) {
    case transcript_form::tree: return make_tree_printer(out, how.print(), false, true);
    case transcript_form::json: return make_json_printer(out, how.print(), true);
    case transcript_form::lines: break;
    }
    return make_line_printer(out, how.print(), false, true);
}

} // namespace

struct transcript::impl {
    impl(writer write, writer note, transcript_options const& given)
        : how(given), out(std::move(write), std::move(note)), last(make_printer(out, how)), following(how.flows() ? make_analysis(*last) : nullptr) {}

    void begin() {
        auto next = std::make_unique<conversation>();
        next->number = connections++;
        next->ends = {how.client(), how.server()};
        if (how.client().port != 0) next->ends[0].port = static_cast<std::uint16_t>(how.client().port + next->number);
        next->saw_start = true;
        at.number += capture_writer::frames_of_start;
        flow = mqtt_flow{.of = next.get(), .client = 0};
        now = std::move(next);
    }

    stage& first() noexcept { return following ? *following : *last; }

    transcript_options            how;
    output                        out;
    std::unique_ptr<printer>      last;
    std::unique_ptr<stage>        following;
    packet_maker                  maker{first(), {}};
    std::unique_ptr<conversation> now{};                           // none while no connection is open
    mqtt_flow                     flow{};
    frame_stamp                   at{};
    std::uint32_t                 connections = 0;
};

transcript::transcript(writer write, writer note, transcript_options const& how)
    : impl_(std::make_unique<impl>(std::move(write), std::move(note), how)) {}
transcript::transcript(transcript&&) noexcept = default;
transcript& transcript::operator=(transcript&&) noexcept = default;
transcript::~transcript() = default;

void transcript::packet(sender by, std::int64_t time, bytes_view bytes) {
    if (bytes.empty()) return;
    auto&      it = *impl_;
    bool const connects = by == sender::client && static_cast<packet_type>(std::to_integer<unsigned>(bytes[0]) >> 4) == packet_type::connect;
    if (connects) end(time);
    if (!it.now) it.begin();
    it.at.time = time;
    it.at.number += (bytes.size() - 1) / capture_writer::most_in_frame + 1;
    it.maker.bytes(it.flow, by == sender::server ? 1 : 0, it.at, bytes);
    it.first().frame_done(it.at);
}

void transcript::end(std::int64_t time) {
    auto& it = *impl_;
    if (!it.now) return;
    it.at.time = time;
    it.at.number += capture_writer::frames_of_end;
    for (unsigned from = 0; from < 2; ++from) it.maker.end(it.flow, from, it.at);
    it.maker.forget(it.flow);
    it.first().forget(*it.now);
    it.first().frame_done(it.at);
    it.now.reset();
}

} // namespace aldis::follow
