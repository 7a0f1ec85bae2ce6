// --stats: gathering, and the two ways to print it.
#include "stats.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <aldis/codec/reason.hpp>
#include <aldis/dissect/text.hpp>

namespace aldis::app::dump {
namespace {

constexpr std::size_t shown_rows = 20;                             // of a table in text

void count(tally& to, record const& r) {
    ++to.packets;
    to.bytes += r.tree->size;
    if (r.what().is(packet_type::publish)) {
        to.payload += r.what().payload.size();
        to.retained += r.what().retain() ? 1 : 0;
    }
    // A clock that was set back makes durations below nothing.
    if (r.found.completes && r.found.latency) to.latency.add(static_cast<std::uint64_t>(std::max<std::int64_t>(*r.found.latency, 0)));
}

bool is_reason(dissect::field id) noexcept {
    using dissect::field;
    return (id >= field::connack_reason_code && id <= field::auth_reason_code) || id == field::conack_val || id == field::suback_qos;
}

/// "PUBACK 0x87 Not authorized"
std::string reason_name(record const& r, dissect::node const& n) {
    char code[8];
    std::snprintf(code, sizeof code, " 0x%02x", static_cast<unsigned>(n.number & 0xFF));
    std::string out{dissect::type_name(r.what().type)};
    out += code;
    auto const name = dissect::value_name(dissect::spec_of(n.id), n.number);
    auto const own = name_of(static_cast<reason_code>(n.number));
    if (name && !name->empty()) out += ' ', out += *name;
    else if (is_v5(r.tree->version) && own != "unknown reason") out += ' ', out += own;
    return out;
}

std::string fixed(double number, int decimals) {
    char buffer[400];
    std::snprintf(buffer, sizeof buffer, "%.*f", decimals, number);
    return buffer;
}

std::string ms(std::uint64_t nanoseconds) { return fixed(static_cast<double>(nanoseconds) / 1e6, 3); }

/// A rate; nothing where no time passed.
double rate(std::uint64_t amount, std::int64_t span) noexcept { return span > 0 ? static_cast<double>(amount) * 1e9 / static_cast<double>(span) : 0; }

void append_cell(std::string& out, std::string const& text, std::size_t width) {
    out += ' ';
    if (text.size() < width) out.append(width - text.size(), ' ');
    out += text;
}

void append_row(std::string& out, std::string_view name, tally const& t, std::int64_t span) {
    append_cell(out, std::to_string(t.packets), 9);
    append_cell(out, std::to_string(t.bytes), 11);
    append_cell(out, fixed(rate(t.packets, span), 1), 10);
    append_cell(out, fixed(rate(t.bytes, span), 0), 11);
    append_cell(out, std::to_string(t.retained), 8);
    auto const& l = t.latency;
    for (auto const value : {l.percentile(50), l.percentile(90), l.percentile(99), l.max()}) append_cell(out, l.count() == 0 ? "-" : ms(value), 10);
    out += "  ";
    dissect::append_shown(out, name);
    out += '\n';
}

void append_table(std::string& out, std::string_view title, tally_table const& table, std::int64_t span) {
    if (table.empty()) return;
    out += '\n', out += title, out += '\n';
    out += "   packets       bytes  packets/s     bytes/s retained     p50 ms     p90 ms     p99 ms     max ms\n";
    tally       rest = table.other();
    std::size_t shown = 0;
    for (auto const& [name, row] : table.sorted()) {
        if (++shown <= shown_rows) append_row(out, name.empty() ? "(empty)" : name, *row, span);
        else rest.add(*row);
    }
    if (rest.packets > 0) append_row(out, "(other)", rest, span);
}

void append_json_tally(std::string& out, tally const& t, std::int64_t span) {
    out += "\"packets\":" + std::to_string(t.packets) + ",\"bytes\":" + std::to_string(t.bytes) + ",\"payload\":" + std::to_string(t.payload)
         + ",\"retained\":" + std::to_string(t.retained) + ",\"packets_per_s\":" + fixed(rate(t.packets, span), 3)
         + ",\"bytes_per_s\":" + fixed(rate(t.bytes, span), 3) + ",\"latency\":";
    auto const& l = t.latency;
    if (l.count() == 0) return (void)(out += "null");
    out += "{\"count\":" + std::to_string(l.count()) + ",\"p50_ms\":" + ms(l.percentile(50)) + ",\"p90_ms\":" + ms(l.percentile(90)) + ",\"p99_ms\":" + ms(l.percentile(99))
         + ",\"max_ms\":" + ms(l.max()) + "}";
}

void append_json_table(std::string& out, std::string_view title, tally_table const& table, std::int64_t span) {
    out += ",\"", out += title, out += "\":{\"rows\":[";
    bool first = true;
    for (auto const& [name, row] : table.sorted()) {
        out += first ? "{\"name\":" : ",{\"name\":";
        first = false;
        dissect::append_json_string(out, name);
        out += ',';
        append_json_tally(out, *row, span);
        out += '}';
    }
    out += "],\"other\":{";
    append_json_tally(out, table.other(), span);
    out += "}}";
}

} // namespace

void stats_printer::packet(record& r) {
    begin_ = all_.packets == 0 ? r.at.time : std::min(begin_, r.at.time);
    end_ = all_.packets == 0 ? r.at.time : std::max(end_, r.at.time);
    count(all_, r);
    count(types_.of(dissect::type_name(r.what().type)), r);
    if (!r.client.empty()) count(clients_.of(r.client), r);
    bool const is_publish = r.what().is(packet_type::publish);
    auto const topic = is_publish ? r.what().topic : r.found.topic;
    if (!topic.empty()) count(topics_.of(topic), r);
    auto const qos = is_publish ? std::optional<std::uint8_t>{static_cast<std::uint8_t>(r.what().qos())} : r.found.qos;
    if (qos) count(qos_.of(std::to_string(*qos)), r);
    add_reasons(r);
    if (r.is_wrong()) ++wrong_;
}

void stats_printer::add_reasons(record const& r) {
    for (auto const& n : r.tree->nodes)
        if (is_reason(n.id)) count(reasons_.of(reason_name(r, n)), r);
}

void stats_printer::gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) {
    ++gaps_;
    printer::gap(of, from, at, what);
}

void stats_printer::finish() {
    if (as_json_) print_json();
    else print_text();
    printer::finish();
}

void stats_printer::print_text() {
    auto const span = end_ - begin_;
    auto&      out = text();
    out += std::to_string(all_.packets) + " packets, " + std::to_string(all_.bytes) + " bytes in " + fixed(static_cast<double>(span) / 1e9, 3) + " s; "
         + std::to_string(wrong_) + " break a rule; " + std::to_string(gaps_) + " gaps\n";
    append_table(out, "By topic", topics_, span);
    append_table(out, "By client", clients_, span);
    append_table(out, "By type", types_, span);
    append_table(out, "By reason", reasons_, span);
    append_table(out, "By QoS", qos_, span);
}

void stats_printer::print_json() {
    auto const span = end_ - begin_;
    auto&      out = text();
    out += "{\"seconds\":" + fixed(static_cast<double>(span) / 1e9, 9) + ",\"wrong\":" + std::to_string(wrong_) + ",\"gaps\":" + std::to_string(gaps_) + ",\"all\":{";
    append_json_tally(out, all_, span);
    out += '}';
    append_json_table(out, "topics", topics_, span);
    append_json_table(out, "clients", clients_, span);
    append_json_table(out, "types", types_, span);
    append_json_table(out, "reasons", reasons_, span);
    append_json_table(out, "qos", qos_, span);
    out += "}\n";
}

} // namespace aldis::app::dump
