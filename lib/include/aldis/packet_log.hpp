// What a connection says and hears as `aldis dump` prints it, in the program's own log; and as a capture file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include <aldis/follow/transcript.hpp>
#include <aldis/tap.hpp>

namespace aldis {

/// Makes taps for client::tap(), blocking_client::tap() and connection::tap(). Packets are told of when they were read or written, after TLS and WebSocket, with
/// the time of the system's clock. Where no tap is set nothing is paid; a tap copies each byte, dissects each packet and keeps what waits
/// for an answer, within bounds.
class packet_log {
public:
    using writer = std::function<void(std::string_view text)>;

    /// The lines of each packet go to `write`, each with its end; so do lines about what was never answered, when the next CONNECT shows that
    /// a connection is over. Control characters are escaped, passwords masked. What `write` throws leaves the event loop's run().
    packet_log& text(writer write, follow::transcript_options const& how = {}) { return write_ = std::move(write), how_ = how, *this; }

    /// All packets go to a capture file, which is made anew with mode 0600 and is whole after each packet: `aldis dump -r` and Wireshark
    /// read it, also what went through TLS. It holds passwords in clear. `failed` is called once, when a write fails; nothing is written then.
    packet_log& file(std::filesystem::path path, std::function<void(std::error_code)> failed = {}) {
        return path_ = std::move(path), failed_ = std::move(failed), *this;
    }

    /// The connection works for a server.
    packet_log& server(bool value = true) { return server_ = value, *this; }

    /// A tap of one client, or of one connection at a time; its copies are the same tap. Opens the file: throws std::system_error when that
    /// cannot be made.
    tap_handler tap() const;

private:
    writer                               write_{};
    follow::transcript_options           how_{};
    std::optional<std::filesystem::path> path_{};
    std::function<void(std::error_code)> failed_{};
    bool                                 server_ = false;
};

} // namespace aldis
