// A blocking client's configuration as the client below it takes it.
#pragma once

#include <aldis/blocking_config.hpp>
#include <aldis/options.hpp>

namespace aldis::blocking {

/// Throws validation_error for what does not fit together.
void check(blocking_config const& config);

/// For one attempt with `version`.
connect_options to_options(blocking_config const& config, protocol version);

/// Where it connects, for people; without the password.
std::string address_of(blocking_config const& config);

} // namespace aldis::blocking
