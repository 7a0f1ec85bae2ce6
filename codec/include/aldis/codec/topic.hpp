// Topic names and topic filters (4.7), shared subscriptions (4.8.2).
#pragma once

#include <optional>
#include <string_view>

#include <aldis/codec/fault.hpp>
#include <aldis/codec/types.hpp>

namespace aldis {

/// True for a topic name that may be published to: 1 to 65,535 bytes of MQTT text without `+` and `#`.
/// [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3]
bool is_topic_name(std::string_view topic) noexcept;

/// True for a topic filter: 1 to 65,535 bytes of MQTT text in which `+` and `#` stand alone in their level and `#` last;
/// a filter that begins `$share/` must have a share name and a filter.
/// [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
bool is_topic_filter(std::string_view filter) noexcept;

/// True when a message published to `topic` is for `filter` (a valid one without its `$share/name/`).
/// A filter that begins with a wildcard never matches a topic that begins with `$`. Linear, no recursion, no allocation.
/// [MQTT-4.7.2-1] [MQTT-4.7.3-4]
bool topic_matches(std::string_view filter, std::string_view topic) noexcept;

/// True when there is a topic name that both filters match (valid ones without their `$share/name/`). Linear, no allocation. [MQTT-4.7.2-1]
bool filters_overlap(std::string_view a, std::string_view b) noexcept;

/// True when `wide` matches every topic name that `narrow` matches (valid ones without their `$share/name/`). Linear, no allocation.
/// [MQTT-4.7.2-1]
bool filter_covers(std::string_view wide, std::string_view narrow) noexcept;

/// A shared subscription's filter taken apart: `$share/{share_name}/{filter}`.
struct shared_filter {
    std::string_view share_name{};
    std::string_view filter{};
};

/// `filter` taken apart, as views into it; nothing when it does not begin with `$share/` or is not valid.
std::optional<shared_filter> split_shared(std::string_view filter) noexcept;

/// True when `filter` contains a wildcard level.
bool has_wildcard(std::string_view filter) noexcept;

/// True when `filter` begins with `$share/`.
constexpr bool is_shared(std::string_view filter) noexcept { return filter.starts_with('$') && filter.starts_with("$share/"); }

namespace codec {

/// What is wrong with `topic` as a topic name, or nothing.
std::optional<errc> check_topic_name(std::string_view topic) noexcept;

/// What is wrong with `filter` as a topic filter, or nothing. `$share/` has its meaning in 5.0 only; in 3.1.1 it is a topic like any other.
std::optional<errc> check_topic_filter(std::string_view filter, protocol version = protocol::v5) noexcept;

} // namespace codec
} // namespace aldis
