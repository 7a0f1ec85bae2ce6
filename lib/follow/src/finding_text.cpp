// Findings as text and JSON.
#include "finding_text.hpp"

#include <aldis/dissect/text.hpp>

namespace aldis::follow {
namespace {

/// Milliseconds with as many decimals as a clock of nanoseconds is good for in a line, or in JSON.
void append_ms(std::string& out, std::int64_t nanoseconds, unsigned decimals) {
    if (nanoseconds < 0) out += '-';
    auto const size = nanoseconds < 0 ? 0 - static_cast<std::uint64_t>(nanoseconds) : static_cast<std::uint64_t>(nanoseconds);
    dissect::append_number(out, size / 1'000'000);
    out += '.';
    char digits[6];
    auto part = size % 1'000'000;
    for (unsigned i = 6; i-- > 0; part /= 10) digits[i] = static_cast<char>('0' + part % 10);
    out.append(digits, decimals);
}

void append_frame(std::string& out, std::string_view name, packet_mark const& at) {
    out += ' ', out += name, out += '=';
    dissect::append_number(out, at.frame);
}

void append_wait(std::string& out, std::int64_t nanoseconds) {
    out += nanoseconds < 0 ? " " : " +";
    append_ms(out, nanoseconds, 3);
    out += "ms";
}

constexpr std::string_view flow_names[]{"none", "connect", "publish", "subscribe", "unsubscribe", "ping"};

} // namespace

void append_findings(std::string& out, record const& r) {
    auto const& f = r.found;
    if (f.answers) append_frame(out, "acks", f.answers), append_wait(out, r.at.time - f.answers.time);
    bool const longer = f.latency && f.question.frame != f.answers.frame;
    if (longer) append_frame(out, "flow", f.question), append_wait(out, *f.latency);
    bool const names = f.question && !f.topic.empty();
    if (names) out += " [", dissect::append_shown(out, f.topic), out += ']';
    if (f.redelivery_of) append_frame(out, "again", f.redelivery_of);
    if (f.delivery_of) append_frame(out, "from", f.delivery_of), append_wait(out, *f.delay);
    if (f.resumes) append_frame(out, f.takes_over ? "takes-over" : "before", f.resumes);
}

char append_findings_json(std::string& out, record const& r, char before) {
    auto const& f = r.found;
    auto const  open = [&](std::string_view name, packet_mark const& at) {
        out += before, out += '"', out += name, out += "\":{\"frame\":", dissect::append_number(out, at.frame);
        out += ",\"pdu\":", dissect::append_number(out, at.pdu);
        before = ',';
    };
    auto const stream = [&](packet_mark const& at) { out += ",\"stream\":", dissect::append_number(out, at.stream); };
    auto const ms = [&](std::int64_t nanoseconds) { out += ",\"ms\":", append_ms(out, nanoseconds, 6); };
    if (f.answers) open("acks", f.answers), ms(r.at.time - f.answers.time), out += '}';
    if (f.question) {
        open("flow", f.question), stream(f.question);
        out += ",\"of\":\"", out += flow_names[static_cast<std::size_t>(f.flow)], out += '"';
        if (f.latency) ms(*f.latency);
        if (f.qos) out += ",\"qos\":", dissect::append_number(out, *f.qos);
        if (!f.topic.empty()) out += ",\"topic\":", dissect::append_json_string(out, f.topic);
        out += '}';
    }
    if (f.redelivery_of) open("redelivery_of", f.redelivery_of), stream(f.redelivery_of), out += '}';
    if (f.delivery_of) open("delivery_of", f.delivery_of), stream(f.delivery_of), ms(f.delay.value_or(0)), out += '}';
    if (f.resumes) open(f.takes_over ? "takes_over" : "client_before", f.resumes), stream(f.resumes), out += '}';
    return before;
}

} // namespace aldis::follow
