// How packets are shown, whatever the form of the output.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aldis::follow {

enum class payload_form : std::uint8_t { automatic, text, json, hex, none };
enum class time_form : std::uint8_t { relative, absolute, epoch, delta };

struct print_options {
    bool         bytes = false;                                    // the bytes and what they are below each packet: -x
    bool         one_per_packet = false;                           // a line for each packet, not for each frame
    payload_form payload = payload_form::automatic;
    std::size_t  payload_most = 64;                                // bytes of a payload in a line
    time_form    time = time_form::relative;
    bool         secrets = false;                                  // passwords are shown
};

} // namespace aldis::follow
