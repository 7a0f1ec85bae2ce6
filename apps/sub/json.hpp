// A message as JSON: %j and %J.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "format.hpp"

namespace aldis::app {

/// `message` as a JSON object. With `payload_is_json` the payload stands in it as the JSON it is, and nothing is returned when it is
/// not; otherwise as a string, or as an array of byte values where it is not UTF-8.
std::optional<std::string> json_of(arrival const& message, bool payload_is_json, bool pretty);

/// True when all of `text` is one JSON value.
bool is_json(std::string_view text);

/// Appends `json`, which must be valid, without white space between its parts; with `pretty` over several lines, as cJSON lays it out,
/// `depth` levels deep. Numbers and strings stay as they were written.
void append_json(std::string& out, std::string_view json, bool pretty, std::size_t depth);

} // namespace aldis::app
