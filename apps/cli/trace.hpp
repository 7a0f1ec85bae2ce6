// -d: a line for each packet sent and received, worded as people grep for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::app {

/// Turns the frames of one client's connections into lines. It learns from them what it needs: version and client identifier.
class packet_trace {
public:
    /// `escape` is for a terminal: see append_visible().
    explicit packet_trace(bool escape) noexcept : escape_(escape) {}

    /// The lines for one whole frame, each with its end of line; nothing for what cannot be decoded.
    std::string sent(bytes_view frame) { return describe(frame, true); }
    std::string received(bytes_view frame) { return describe(frame, false); }
    /// The line for a step on the way to a connection.
    std::string noted(std::string_view what) const;

private:
    struct renderer;

    std::string describe(bytes_view frame, bool is_sent);
    std::string text(std::string_view from) const;
    std::string name() const;

    bool          escape_;
    protocol      version_ = protocol::v3_1_1;
    std::string   client_id_{};
    std::uint64_t unnumbered_ = 0;                                 // QoS 0 messages have no identifier: they are counted
};

} // namespace aldis::app
