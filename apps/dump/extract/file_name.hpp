// File names for payloads, made of patterns and of what packets say.
#pragma once

#include <string>
#include <string_view>

#include "dump/record.hpp"

namespace aldis::app::dump {

/// What is wrong with `pattern`, or "": it may hold %t (topic), %c (client identifier), %f (frame), %p (packet of the frame), %s
/// (conversation), %n (running number) and %%.
std::string fault_of_pattern(std::string_view pattern);

/// `text` as one part of a path, whatever it says: letters, digits, `-`, `_` and `.` stay, every other byte becomes %XX, as does a dot in
/// front; what is longer than 150 bytes is cut and ends in a hash of the whole; "_" for nothing. Different texts make different names.
std::string as_file_name(std::string_view text);

/// `pattern` with its % replaced by what `r` says, made safe by as_file_name(): a slash comes from the pattern alone.
std::string expand_pattern(std::string_view pattern, record const& r, std::uint64_t number);

} // namespace aldis::app::dump
