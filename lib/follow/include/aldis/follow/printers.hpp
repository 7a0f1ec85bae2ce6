// The printers that show packets one by one, a function for each form.
#pragma once

#include <aldis/follow/printer.hpp>

namespace aldis::follow {

/// `wanted` and `out` must live as long as the printer. `color`: escape sequences of terminals. `live`: each frame is written at once.
std::unique_ptr<printer> make_line_printer(output& out, print_options const& wanted, bool color, bool live);
std::unique_ptr<printer> make_tree_printer(output& out, print_options const& wanted, bool color, bool live);
std::unique_ptr<printer> make_json_printer(output& out, print_options const& wanted, bool live);

} // namespace aldis::follow
