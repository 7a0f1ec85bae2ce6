// A password, asked of whoever sits at the terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aldis::app {

/// Shows `prompt` on the controlling terminal, not on standard error, and reads a line of at most 1,023 bytes without showing it. Nothing
/// when there is no terminal, or it is closed. A signal that ends the program meanwhile ends it, with the terminal as it was before.
std::optional<std::string> ask_password(std::string_view prompt);

} // namespace aldis::app
