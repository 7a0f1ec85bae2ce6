// JSON in payloads: whether it is, and in one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aldis::follow {

/// Appends `text` without the blanks between its parts when it is one JSON value, at most `most` bytes of it and then "…"; false, and
/// nothing is appended, when it is not JSON. Linear, no recursion; what is nested deeper than 64 levels passes for no JSON.
bool append_compact_json(std::string& out, std::string_view text, std::size_t most);

} // namespace aldis::follow
