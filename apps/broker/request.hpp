// What the command line of `aldis broker` asks for, and the configuration that it comes to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace aldis::app {

struct broker_request {
    std::string                file{};                             // empty: none
    std::vector<std::uint16_t> ports{};                            // of this machine only, beside those of the file
    std::vector<std::uint16_t> web_ports{};
    std::string                store{};                            // empty: as the file has it
    std::string                metrics{};                          // [ADDRESS:]PORT, in place of that of the file
    bool                       is_verbose = false;
    bool                       packets = false;                    // shown on standard error
    bool                       only_check = false;
    bool                       as_daemon = false;
};

/// The file, or what holds without one, and the ports of the command line.
config::configuration read_configuration(broker_request const& from);

} // namespace aldis::app
