// The names of columns.
#include "columns.hpp"

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
};

} // namespace

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
