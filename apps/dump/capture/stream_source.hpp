// A byte stream without a capture around it as a source; open_stream() with any input.
#pragma once

#include <memory>

#include "../inputs.hpp"
#include "byte_input.hpp"

namespace aldis::app::dump {

std::unique_ptr<source> open_stream_over(std::unique_ptr<byte_input> from, stream_form form, unsigned sender);

} // namespace aldis::app::dump
