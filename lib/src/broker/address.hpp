// Who a connection comes from, as the limits for each address see it.
#pragma once

#include <string>
#include <string_view>

namespace aldis::serving {

struct origin {
    std::string key{};                                             // the address; of IPv6 the network it is in, /64
    bool        is_local = false;                                  // from this machine
};

/// `remote` as stream_facts have it: "192.0.2.1:1883", "[::1]:1883", "unix:...".
origin origin_of(std::string_view remote);

} // namespace aldis::serving
