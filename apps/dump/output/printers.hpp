// The printer that a command line asks for, and where its text goes.
#pragma once

#include <memory>
#include <stdexcept>

#include "dump/options.hpp"
#include "dump/record.hpp"

namespace aldis::app::dump {

/// Standard output cannot be written any more.
struct output_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Standard output, and standard error for notes. Writing throws output_error.
output standard_output();

std::unique_ptr<printer> make_field_printer(output& out, settings const& wanted, bool live);

/// `wanted` and `out` must live as long as the printer.
std::unique_ptr<printer> make_printer(output& out, settings const& wanted, bool color, bool live);

} // namespace aldis::app::dump
