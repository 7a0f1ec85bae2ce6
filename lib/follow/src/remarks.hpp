// What is said about a packet beside Wireshark's words: QoS, sizes, reasons, rules that are broken.
#pragma once

#include <cstddef>
#include <string>

#include <aldis/follow/print_options.hpp>
#include <aldis/follow/record.hpp>

namespace aldis::follow {

/// How colours are switched on and off; empty strings where there are none.
struct palette {
    std::string_view wrong{};
    std::string_view dim{};
    std::string_view client{};
    std::string_view server{};
    std::string_view off{};
};
palette const& palette_of(bool color) noexcept;

/// `q1 r 31B "client" 0x87 Not authorized : payload`: each with a blank in front, nothing where there is nothing to say.
void append_facts(std::string& out, record const& r, print_options const& wanted);

/// " !MQTT-3.3.1-4" for each rule, " !malformed at 7: why" where reading stopped, " !cut: 51 of 300 bytes" where bytes are missing.
void append_wrongs(std::string& out, record const& r, palette const& colors);

} // namespace aldis::follow
