// The columns of -T fields: fields of the packet, and what is known of its frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/dissect/field.hpp>

namespace aldis::app::dump {

enum class frame_column : std::uint8_t { none, number, time_epoch, time_relative, stream, source, target, source_port, target_port, info, violation };

/// Either a fact about the frame, or a field of its packets.
struct column {
    frame_column   frame = frame_column::none;
    dissect::field field{};
};

/// The column called `name`, as tshark calls it.
std::optional<column> find_column(std::string_view name) noexcept;

/// Every name, with its label: "mqtt.topic\tTopic\n".
std::string column_list();

} // namespace aldis::app::dump
