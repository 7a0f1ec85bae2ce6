// What a client has to say of itself: lines with a level, and among them one for each packet, worded as people grep for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/types.hpp>

namespace aldis {

/// error: given up, or a mistake in the program. warning: lost, refused, a safeguard switched off. notice: connected, disconnected.
/// info: steps on the way to a connection. debug: packets.
enum class log_level : std::uint8_t { error, warning, notice, info, debug };

/// "error", "warning", "notice", "info", "debug".
std::string_view name_of(log_level level) noexcept;

/// Is given one line without its end. What the server sent can stand in it as it came: escape it before it goes to a terminal.
using log_handler = std::function<void(log_level level, std::string_view line)>;

/// Turns the frames of one client's connections into lines, "Client lamp-1 sending PUBLISH (d0, q1, r0, m1, 'a/b', ... (5 bytes))". It
/// learns from them what it needs: version and client identifier.
class packet_lines {
public:
    /// How text from elsewhere is shown: as it is, unless told otherwise.
    using show = std::string (*)(std::string_view text);

    explicit packet_lines(show how = nullptr) noexcept : show_(how) {}

    /// The lines for one whole frame, each with its end of line; nothing for what cannot be decoded. Allocates them.
    std::string sent(bytes_view frame) { return describe(frame, true); }
    std::string received(bytes_view frame) { return describe(frame, false); }
    /// The line for a step on the way to a connection.
    std::string noted(std::string_view what) const;

private:
    struct writer;

    std::string describe(bytes_view frame, bool is_sent);
    std::string text(std::string_view from) const { return show_ ? show_(from) : std::string(from); }
    std::string name() const { return client_id_.empty() ? std::string("(null)") : text(client_id_); }

    show          show_;
    protocol      version_ = protocol::v3_1_1;
    std::string   client_id_{};
    std::uint64_t unnumbered_ = 0;                                 // QoS 0 messages have no identifier: they are counted
};

} // namespace aldis
