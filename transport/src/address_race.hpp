// Connecting to the first address that answers (RFC 8305, "Happy Eyeballs").
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <aldis/transport/connect_options.hpp>

#include "socket_stream.hpp"

namespace aldis::transport {

/// Families take turns, the first address's family first; within one the order stays (RFC 8305, section 4).
void interleave_families(std::vector<socket_address>& addresses);

/// Attempts under way; destroying it gives them up, and then nothing is called.
class address_race {
public:
    /// The connected socket and the address it is connected to, or the error of the last attempt.
    using race_handler = std::function<void(error_code, stream_socket, socket_address const&)>;

    address_race(asio::any_io_executor const& ex, connect_options const& options);
    address_race(address_race const&) = delete;
    address_race& operator=(address_race const&) = delete;
    ~address_race();

    /// Tries one after the other, beginning the next one when the last has failed or the race delay has passed. `local_path` is for
    /// logs. Never calls `done` inside this call. Once only.
    void start(std::vector<socket_address> addresses, std::string local_path, race_handler done);

private:
    struct race;
    std::shared_ptr<race> race_;
};

} // namespace aldis::transport
