// What a command line of `aldis bench` asks for, as plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../cli/options.hpp"
#include "pace.hpp"

namespace aldis::app::bench {

enum class mode : std::uint8_t { conn = 1, pub = 2, sub = 4, rtt = 8 };

struct settings {
    mode                      what = mode::conn;
    std::string_view          name{};                              // of the mode
    options                   base{};                              // the way to the broker, shared with pub and sub
    std::uint32_t             clients = 200;
    std::uint32_t             first_number = 0;                    // of the clients: %i
    duration                  connect_interval = std::chrono::milliseconds{10};
    std::string               prefix{};                            // of client identifiers; empty: made from mode and process number
    bool                      clean_start = true;
    std::string               topic{};
    std::size_t               size = 256;                          // of payloads
    qos_level                 qos = qos_level::at_most_once;
    bool                      retain = false;
    duration                  interval = std::chrono::seconds{1};  // between messages of a client; 0: as fast as the window lets them
    std::uint16_t             window = 20;                         // messages of a client on their way at once
    std::uint64_t             limit = 0;                           // messages in all; 0: no end
    duration                  run_time{0};                         // 0: no end
    duration                  warm_up{0};
    duration                  patience = std::chrono::seconds{10};
    double                    rate = 0;                            // --rate as given, in place of `interval`
    bool                      json = false;
    bool                      help = false;

    bool publishes() const noexcept { return what == mode::pub || what == mode::rtt; }
    bool subscribes() const noexcept { return what == mode::sub || what == mode::rtt; }
};

/// Reads the words behind `aldis bench`: the mode, then its options. Throws usage_error.
settings read_settings(std::vector<std::string> const& words);

/// The text of --help, of one mode or, without words, of all.
std::string settings_help(settings const& of);

/// `topic` with %i replaced by the client's number, %c by its identifier and %u by the user name.
std::string fill_in(std::string_view topic, std::uint32_t number, std::string_view client_id, std::string_view user_name);

} // namespace aldis::app::bench
