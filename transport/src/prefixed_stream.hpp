// A stream some of whose bytes were read already, when a layer below it was made, and whose ends have other names than the socket's.
#pragma once

#include <memory>
#include <string>

#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// `surplus` is read first. `remote` and `via`, where they are not empty, are told instead of the lower stream's.
std::unique_ptr<stream> make_prefixed_stream(std::unique_ptr<stream> lower, std::string surplus, std::string remote, std::string via);

} // namespace aldis::transport
