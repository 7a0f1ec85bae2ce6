// The printers, one for each form of output.
#pragma once

#include "printer.hpp"

namespace aldis::app::dump {

std::unique_ptr<printer> make_line_printer(output& out, settings const& wanted, bool color, bool live);
std::unique_ptr<printer> make_tree_printer(output& out, settings const& wanted, bool color, bool live);
std::unique_ptr<printer> make_json_printer(output& out, settings const& wanted, bool live);
std::unique_ptr<printer> make_field_printer(output& out, settings const& wanted, bool live);

} // namespace aldis::app::dump
