// What the client says of itself, by level, and who sees its packets.
#include <algorithm>

#include <aldis/transport/note.hpp>

#include "impl.hpp"

namespace aldis {

/// Shared with the taps of connections that are still ending.
struct client::impl::log_sink {
    log_handler  handler;
    packet_lines lines{};

    void tell(log_level level, std::string_view text) {
        while (!text.empty()) {
            auto const end = std::min(text.find('\n'), text.size());
            handler(level, text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }
};

void client::impl::log(log_handler handler) {
    log_ = handler ? std::make_shared<log_sink>(log_sink{std::move(handler)}) : nullptr;
    if (connection_) connection_->tap(all_taps());
}

void client::impl::say(log_level level, std::string_view what) {
    if (auto const sink = log_) sink->tell(level, sink->lines.noted(what));
}

void client::impl::say(transport::note const& said) {
    using enum transport::note::level;
    say(said.weight() == info ? log_level::info : log_level::warning, said.text());
}

tap_handler client::impl::all_taps() const {
    if (!log_) return tap_;
    return [sink = log_, see = tap_](direction way, bytes_view frame) {
        sink->tell(log_level::debug, way == direction::sent ? sink->lines.sent(frame) : sink->lines.received(frame));
        if (see) see(way, frame);
    };
}

} // namespace aldis
