// What goes to standard error: one line each.
#pragma once

#include <string>
#include <string_view>

#include <aldis/error.hpp>

#include "options.hpp"

namespace aldis::app {

/// Writes "Error: `text`" and a line feed to standard error, made safe for a terminal.
void print_error(std::string_view text);

/// Writes `text` and a line feed, without "Error: ".
void print_line(std::string_view text);

/// An exit code, and the line that explains it ("" for none).
struct failure {
    int         code = 1;
    std::string text{};
};

/// Why no connection came about, in words and as an exit code; not for refusals by CONNACK. `story` is what the transport tells of it,
/// where that is more than the error code says.
failure connect_failure(error_code const& why, std::string_view story, options const& given);

/// Why a connection that had been open ended.
failure connection_failure(error_code const& why);

/// Why a message could not be published at all; `why` is the client's refusal.
failure publish_failure(error_code const& why);

} // namespace aldis::app
