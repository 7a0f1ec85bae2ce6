// What the printers share.
#include <aldis/follow/printer.hpp>

#include <algorithm>
#include <ctime>

#include <aldis/dissect/text.hpp>

#include "json_text.hpp"

namespace aldis::follow {
namespace {

constexpr std::int64_t second = 1'000'000'000;

void append_padded(std::string& out, std::uint64_t number, std::size_t width, char fill) {
    auto const at = out.size();
    dissect::append_number(out, number);
    auto const size = out.size() - at;
    if (size < width) out.insert(at, width - size, fill);
}

void append_clock(std::string& out, std::int64_t time) {
    auto const seconds = static_cast<std::time_t>(time / second);
    std::tm    parts{};
    char       buffer[32];
    ::localtime_r(&seconds, &parts);
    out.append(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%S", &parts));
    out += '.';
    append_padded(out, static_cast<std::uint64_t>(time % second) / 1000, 6, '0');
}

} // namespace

void output::flush() {
    struct emptied {
        std::string& what;
        ~emptied() { what.clear(); }
    } const at_the_end{text};
    if (!text.empty()) write_(text);
}

void append_seconds(std::string& out, std::int64_t nanoseconds, unsigned decimals) {
    if (nanoseconds < 0) {
        out += '-';
        nanoseconds = -nanoseconds;
    }
    dissect::append_number(out, static_cast<std::uint64_t>(nanoseconds / second));
    out += '.';
    char digits[9];
    auto part = static_cast<std::uint64_t>(nanoseconds % second);
    for (unsigned i = 9; i-- > 0; part /= 10) digits[i] = static_cast<char>('0' + part % 10);
    out.append(digits, decimals);
}

void append_peer(std::string& out, peer const& end) {
    bool const v6 = end.address.find(':') != std::string::npos;
    if (v6) out += '[';
    out += end.address;
    if (v6) out += ']';
    if (end.port != 0) out += ':', dissect::append_number(out, end.port);
}

void append_route(std::string& out, conversation const& of, unsigned from) {
    append_peer(out, of.ends[from]);
    out += " → ";
    append_peer(out, of.ends[1 - from]);
}

void append_hole(std::string& out, hole const& what) {
    out += "gap: ";
    if (what.lost > 0) dissect::append_number(out, what.lost), out += what.snapped ? " bytes cut off by the snap length" : " bytes not captured";
    else if (what.skipped == 0 || what.pause > 0) out += "bytes not captured";
    else out += "no packet begins";
    if (what.skipped > 0) out += ", ", dissect::append_number(out, what.skipped), out += " bytes skipped";
    if (what.pause > 0) out += ", ", append_seconds(out, what.pause, 6), out += " s";
}

void append_payload(std::string& out, dissect::summary const& what, payload_form form, std::size_t most) {
    if (form == payload_form::none || !what.has_payload || what.payload.empty()) return;
    auto const text = to_text(what.payload);
    auto const cut = text.substr(0, dissect::whole_characters(text, most));
    bool const as_json = form == payload_form::json && append_compact_json(out, text, most);
    if (as_json) return;
    bool const as_text = form == payload_form::text || (form != payload_form::hex && dissect::is_readable(cut));
    if (as_text) {
        dissect::append_shown(out, cut);
        if (cut.size() < text.size()) out += "…";
        return;
    }
    out += "0x";
    dissect::append_hex(out, bytes_view{what.payload.first(std::min(most / 2, what.payload.size()))});
    if (most / 2 < what.payload.size()) out += "…";
}

void printer::append_time(frame_stamp at) {
    see_time(at);
    switch (wanted_.time) {
    case time_form::relative: append_seconds(text(), at.time - first_, 6); break;
    case time_form::delta: append_seconds(text(), at.time - last_, 6); break;
    case time_form::epoch: append_seconds(text(), at.time, 9); break;
    case time_form::absolute: append_clock(text(), at.time); break;
    }
    last_ = at.time;
}

void printer::gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) {
    std::string line;
    append_hole(line, what);
    line += " from ";
    append_route(line, of, from);
    note(at, &of, line);
}

void printer::frame_done(frame_stamp at) {
    see_time(at);
    close_frame();
    if (live_) out_.flush();
}

void printer::note(frame_stamp at, conversation const*, std::string const& text) {
    std::string line;
    if (at.number > 0) line += "frame " + std::to_string(at.number) + ": ";
    dissect::append_shown(line, text);
    line += '\n';
    out_.note(line);
}

void printer::finish() {
    close_frame();
    out_.flush();
}

} // namespace aldis::follow
