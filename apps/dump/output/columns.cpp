// The names of columns.
#include "columns.hpp"

#include <aldis/dissect/text.hpp>

namespace aldis::app::dump {
namespace {

struct column_row {
    std::string_view name;
    frame_column     which;
    std::string_view label;
};

constexpr column_row rows[]{
    {"frame.number", frame_column::number, "Frame Number"},
    {"frame.time_epoch", frame_column::time_epoch, "Epoch Time"},
    {"frame.time_relative", frame_column::time_relative, "Time since the first frame"},
    {"tcp.stream", frame_column::stream, "Conversation"},
    {"ip.src", frame_column::source, "Source Address"},
    {"ipv6.src", frame_column::source, "Source Address"},
    {"ip.dst", frame_column::target, "Destination Address"},
    {"ipv6.dst", frame_column::target, "Destination Address"},
    {"tcp.srcport", frame_column::source_port, "Source Port"},
    {"tcp.dstport", frame_column::target_port, "Destination Port"},
    {"_ws.col.Info", frame_column::info, "Info"},
    {"aldis.violation", frame_column::violation, "Rules that are broken"},
    {"aldis.client", frame_column::client, "Client Identifier of the conversation"},
    {"aldis.response_to", frame_column::response_to, "Frame of the packet that this one answers"},
    {"aldis.response_time", frame_column::response_time, "Seconds since that packet"},
    {"aldis.flow", frame_column::flow, "Frame of the packet that began the exchange"},
    {"aldis.flow_time", frame_column::flow_time, "Seconds since that packet, where this one ends the exchange"},
    {"aldis.flow_topic", frame_column::flow_topic, "Topic of the PUBLISH of the exchange"},
    {"aldis.redelivery_of", frame_column::redelivery_of, "Frame of the same packet, sent before"},
    {"aldis.delivery_of", frame_column::delivery_of, "Frame in which the message was published"},
    {"aldis.delivery_time", frame_column::delivery_time, "Seconds since that frame"},
    {"aldis.client_before", frame_column::client_before, "Frame of the CONNECT with this Client Identifier before this one"},
    {"aldis.takes_over", frame_column::takes_over, "The same, where its connection was still open"},
};

void append_frame(std::string& to, packet_mark const& mark) {
    if (mark) dissect::append_number(to, mark.frame);
}

void append_time(std::string& to, std::optional<std::int64_t> nanoseconds) {
    if (nanoseconds) follow::append_seconds(to, *nanoseconds, 9);
}

} // namespace

void append_finding(std::string& to, frame_column which, record const& r) {
    auto const& f = r.found;
    switch (which) {
    case frame_column::client: return dissect::append_shown(to, r.client);
    case frame_column::response_to: return append_frame(to, f.answers);
    case frame_column::response_time: return f.answers ? append_time(to, r.at.time - f.answers.time) : void();
    case frame_column::flow: return append_frame(to, f.question);
    case frame_column::flow_time: return append_time(to, f.latency);
    case frame_column::flow_topic: return f.question ? dissect::append_shown(to, f.topic) : void();
    case frame_column::redelivery_of: return append_frame(to, f.redelivery_of);
    case frame_column::delivery_of: return append_frame(to, f.delivery_of);
    case frame_column::delivery_time: return append_time(to, f.delay);
    case frame_column::client_before: return f.takes_over ? void() : append_frame(to, f.resumes);
    case frame_column::takes_over: return f.takes_over ? append_frame(to, f.resumes) : void();
    default: return;
    }
}

std::optional<column> find_column(std::string_view name) noexcept {
    for (auto const& row : rows)
        if (row.name == name) return column{.frame = row.which};
    if (auto const field = dissect::find_field(name)) return column{.field = *field};
    return std::nullopt;
}

std::string column_list() {
    std::string list;
    auto const  add = [&](std::string_view name, std::string_view label) { list.append(name) += '\t', list.append(label) += '\n'; };
    for (auto const& row : rows) add(row.name, row.label);
    for (std::size_t i = 0; i < dissect::field_count; ++i) {
        auto const& spec = dissect::spec_of(static_cast<dissect::field>(i));
        add(spec.name, spec.label);
    }
    return list;
}

} // namespace aldis::app::dump
