// From the options of a command line to those of a client.
#pragma once

#include <string>

#include <aldis/options.hpp>
#include <aldis/request.hpp>
#include <aldis/transport/connect_options.hpp>

#include "options.hpp"

namespace aldis::app {

/// The version that is tried first.
protocol first_version(options const& given) noexcept;

/// The client identifier that is used in `version`; empty where the server chooses.
std::string client_id_of(options const& given, protocol version);

/// What to tell the client to connect in `version`, along the way that way_of() made. `client_id` is used where not empty.
connect_options setup_of(options const& given, transport::connect_options const& way, protocol version, std::string const& client_id);

/// How to leave: with the Will published or not.
disconnect_options leaving_of(options const& given, protocol version, bool with_will);

} // namespace aldis::app
