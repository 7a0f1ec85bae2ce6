// `-D command property value...`: MQTT 5 properties from the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace aldis::app {

/// Joins the words of one `-D` to the one value that its row in the option table takes.
std::string join_words(std::vector<std::string_view> const& words);

/// How many words follow a `-D` whose first words are `words`: 3, or 4 for a user-property.
std::size_t words_of_property(std::vector<std::string_view> const& words) noexcept;

/// Adds the property that `joined` names to the command it names; makes the connection an MQTT 5 one.
/// Throws usage_error, which says what would have been possible.
void add_property(options& given, std::string_view joined);

/// The name of `id` on the command line: the specification's, in small letters, joined by '-'.
std::string command_line_name(property_id id);

} // namespace aldis::app
