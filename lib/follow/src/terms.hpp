// What CONNECT and CONNACK agree about.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <aldis/dissect/tree.hpp>

namespace aldis::follow {

/// What one end has told of itself, or what the standard says where it told nothing.
struct terms {
    std::uint32_t                receive_maximum = 65'535;
    std::uint32_t                alias_maximum = 0;
    std::uint32_t                packet_maximum = 0;               // bytes; 0: none
    std::optional<std::uint32_t> keep_alive{};                     // seconds, 0: none; of a server, where it has one of its own
    std::uint32_t                maximum_qos = 2;
    bool                         retain = true;
    bool                         wildcards = true;
    bool                         identifiers = true;
    bool                         shared = true;
    bool                         clean = false;                    // CONNECT
    bool                         has_method = false;               // CONNECT: an Authentication Method
    bool                         session_present = false;          // CONNACK
    std::string_view             assigned_id{};                    // CONNACK; lives as long as the packet
};

/// Reads them from a CONNECT or CONNACK.
terms terms_of(dissect::tree const& t) noexcept;

} // namespace aldis::follow
