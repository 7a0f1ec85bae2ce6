// From the options of a command line to those of a client.
#pragma once

#include <string>

#include <aldis/options.hpp>
#include <aldis/request.hpp>

#include "options.hpp"

namespace aldis::app {

/// The version that is tried first.
protocol first_version(options const& given) noexcept;

/// The client identifier that is used in `version`; empty where the server chooses.
std::string client_id_of(options const& given, protocol version);

/// What to tell the client to connect in `version`. `client_id` is used where not empty. Throws start_error.
connect_options setup_of(options const& given, protocol version, std::string const& client_id);

/// How to leave: with the Will published or not.
disconnect_options leaving_of(options const& given, protocol version, bool with_will);

} // namespace aldis::app
