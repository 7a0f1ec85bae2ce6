// Who looks on at a connection's packets.
#pragma once

#include <cstdint>
#include <functional>

#include <aldis/codec/bytes.hpp>

namespace aldis {

enum class direction : std::uint8_t { received, sent };

/// Sees every packet of a connection as it was on the wire, in order, as whole frames.
using tap_handler = std::function<void(direction, bytes_view frame)>;

} // namespace aldis
