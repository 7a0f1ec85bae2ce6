// The columns of -T fields: fields of the packet, and what is known of its frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/dissect/field.hpp>

#include "dump/record.hpp"

namespace aldis::app::dump {

/// Behind `info` stands what each packet of a frame has of its own.
enum class frame_column : std::uint8_t {
    none, number, time_epoch, time_relative, stream, source, target, source_port, target_port,
    info, violation, client, response_to, response_time, flow, flow_time, flow_topic, redelivery_of, delivery_of, delivery_time, client_before, takes_over,
};

/// Either a fact about the frame, or a field of its packets.
struct column {
    frame_column   frame = frame_column::none;
    dissect::field field{};
};

/// The column called `name`, as tshark calls it.
std::optional<column> find_column(std::string_view name) noexcept;

/// Appends what was found out about `r`; times in seconds. Nothing where nothing is known, or `which` is no such column.
void append_finding(std::string& to, frame_column which, record const& r);

/// Every name, with its label: "mqtt.topic\tTopic\n".
std::string column_list();

} // namespace aldis::app::dump
