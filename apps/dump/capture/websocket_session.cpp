// The WebSocket connection that carries MQTT.
#include "websocket_session.hpp"

#include <algorithm>
#include <cstring>

#include "http_head.hpp"
#include "integers.hpp"

namespace aldis::app::dump {

void websocket_session::bytes(place const& at, bytes_view data) {
    auto& d = directions_[at.from];
    while (!data.empty()) {
        switch (d.now) {
        case stage::http: data = http_bytes(at, d, data); break;
        case stage::head: data = head_bytes(at, d, data); break;
        case stage::payload: data = payload_bytes(at, d, data); break;
        case stage::lost: data = find_frame(at, d, data); break;
        case stage::over: return;
        }
    }
}

// ---- HTTP ---------------------------------------------------------------------------------------------------------------------------

bytes_view websocket_session::http_bytes(place const& at, direction& d, bytes_view data) {
    constexpr std::string_view blank_line = "\r\n\r\n", begins[]{"GET ", "HTTP/"};
    auto const                 known = d.http.size();
    auto const                 count = std::min(data.size(), max_http_head - known);
    if (!d.share.resize(at.d.budget, known + count)) return nothing_more(), bytes_view{};
    d.http += to_text(data.first(count));

    // Seen from the middle there is no head: frames at once.
    auto const begins_like = [&d](std::string_view text) { return text.substr(0, d.http.size()) == d.http.substr(0, text.size()); };
    if (std::none_of(std::begin(begins), std::end(begins), begins_like)) {
        d.http.clear();
        d.now = at.of.saw_start ? stage::over : stage::lost;
        return known == 0 && !at.of.saw_start ? data : bytes_view{};
    }
    auto const end = d.http.find(blank_line, known < 3 ? 0 : known - 3);
    if (end == std::string::npos) {
        if (d.http.size() == max_http_head) nothing_more();
        return {};
    }
    auto const size = end + blank_line.size();
    d.now = stage::head;
    read_http(at, d, std::string_view{d.http}.substr(0, size));
    d.http = {};
    d.share.clear();
    return data.subspan(size - known);
}

void websocket_session::read_http(place const& at, direction& d, std::string_view text) {
    http_head const head{text};
    d.is_client = text.starts_with("GET ");
    if (d.is_client) {
        if (!head.has("upgrade", "websocket")) nothing_more();
        return;
    }
    if (head.status() != 101) {
        if (directions_[1 - at.from].is_client)
            at.d.to.note(at.at, &at.of, "The WebSocket request was answered with: " + std::string{head.first_line()});
        return nothing_more();
    }
    auto const spoken = head.value("sec-websocket-protocol");
    if (!head.has("upgrade", "websocket") || (!spoken.empty() && !is_same_text(spoken.substr(0, 4), "mqtt"))) return nothing_more();
    has_deflate_ = head.has("sec-websocket-extensions", "permessage-deflate");
    d.forgets = head.has("sec-websocket-extensions", "server_no_context_takeover");
    directions_[1 - at.from].forgets = head.has("sec-websocket-extensions", "client_no_context_takeover");
}

// ---- frames -------------------------------------------------------------------------------------------------------------------------

bytes_view websocket_session::head_bytes(place const& at, direction& d, bytes_view data) {
    auto const add = [&](std::size_t wanted) {
        auto const count = std::min(wanted - d.head_size, data.size());
        std::memcpy(d.head_bytes.data() + d.head_size, data.data(), count);
        d.head_size += count;
        data = data.subspan(count);
        return d.head_size == wanted;
    };
    if (d.head_size < 2 && !add(2)) return {};
    auto const known = bytes_view{d.head_bytes};
    auto const length = head_length(known.first(2));
    if (d.head_size < length && !add(length)) return {};
    d.head = read_head(known.first(length));
    d.head_size = 0;
    begin_frame(at, d);
    return data;
}

void websocket_session::begin_frame(place const& at, direction& d) {
    if (!d.head.is_valid) {
        at.d.to.note(at.at, &at.of, "A WebSocket frame with opcode " + std::to_string(d.head.opcode) + " and length " + std::to_string(d.head.size)
                                        + " breaks RFC 6455; what follows is read again from the next frame that carries MQTT.");
        return lose(at, d);
    }
    d.taken = 0;
    d.now = stage::payload;
    if (!d.head.is_control() && d.head.opcode != 0) {
        d.is_message_compressed = d.head.is_compressed;
        d.is_message_damaged = false;
    }
    if (d.head.size == 0) frame_done(at, d);
}

bytes_view websocket_session::payload_bytes(place const& at, direction& d, bytes_view data) {
    auto const count = static_cast<std::size_t>(std::min<std::uint64_t>(d.head.size - d.taken, data.size()));
    auto const here = data.first(count);
    auto const is_whole = d.taken == 0 && count == d.head.size;
    if (d.head.is_control()) {
        d.taken += count;
    } else if (is_whole && !d.head.is_masked && !d.is_message_compressed) {
        d.taken += count;
        at.d.to.bytes(at.of, at.from, at.at, here);                // nothing to change in it, nothing to wait for
    } else {
        take(at, d, here);
    }
    if (d.taken == d.head.size) frame_done(at, d);
    return data.subspan(count);
}

// Keeps a piece of a frame, without its mask; hands on what is too much to be kept.
void websocket_session::take(place const& at, direction& d, bytes_view data) {
    while (!data.empty()) {
        if (d.payload.size() >= max_kept || !d.share.resize(at.d.budget, d.payload.size() + std::min(data.size(), max_kept))) bring_kept(at, d);
        auto const count = std::min(data.size(), max_kept - d.payload.size());
        auto const size = d.payload.size();
        d.payload.resize(size + count);
        if (d.head.is_masked) unmask(data.first(count), d.head.mask, d.taken, d.payload.data() + size);
        else std::memcpy(d.payload.data() + size, data.data(), count);
        d.taken += count;
        data = data.subspan(count);
    }
}

void websocket_session::bring_kept(place const& at, direction& d) {
    if (d.payload.empty()) return;
    if (d.is_message_compressed) inflate(at, d, d.payload);
    else at.d.to.bytes(at.of, at.from, at.at, d.payload);
    if (d.payload.capacity() > 4096) d.payload = {};
    d.payload.clear();
    d.share.clear();
}

void websocket_session::frame_done(place const& at, direction& d) {
    constexpr std::uint8_t close = 8;
    d.now = d.head.opcode == close ? stage::over : stage::head;
    if (d.head.is_control()) return;
    bring_kept(at, d);
    if (!d.head.is_final || !d.is_message_compressed) return;
    if (d.inflate && !d.is_message_damaged && !d.has_failed) {
        auto const fine = d.inflate->finish(d.forgets, [&](bytes_view out) { at.d.to.bytes(at.of, at.from, at.at, out); });
        if (!fine) inflating_failed(at, d, "is damaged");
    }
    if (d.forgets || d.has_failed) {
        d.inflate.reset();
        d.inflate_share.clear();
    }
}

// ---- compression --------------------------------------------------------------------------------------------------------------------

bool websocket_session::start_inflating(place const& at, direction& d) {
    if (d.inflate) return true;
    if (!d.inflate_share.resize(at.d.budget, inflater::footprint)) return inflating_failed(at, d, "is one of too many at a time"), false;
    d.inflate = std::make_unique<inflater>();
    return true;
}

void websocket_session::inflate(place const& at, direction& d, bytes_view data) {
    if (d.has_failed || d.is_message_damaged || !start_inflating(at, d)) return;
    auto const fine = d.inflate->feed(data, [&](bytes_view out) { at.d.to.bytes(at.of, at.from, at.at, out); });
    if (!fine) inflating_failed(at, d, "is damaged or larger than 64 MiB");
}

void websocket_session::inflating_failed(place const& at, direction& d, std::string const& why) {
    at.d.to.note(at.at, &at.of, "Compressed WebSocket data " + why + (d.forgets ? "; the message is left out." : "; nothing more of it can be read."));
    at.d.to.gap(at.of, at.from, at.at, 0, false);
    d.is_message_damaged = true;
    d.has_failed = !d.forgets;
    d.inflate.reset();
    d.inflate_share.clear();
}

// ---- what is missing ----------------------------------------------------------------------------------------------------------------

void websocket_session::gap(place const& at, std::uint64_t size, bool snapped) {
    auto& d = directions_[at.from];
    if (d.now == stage::over) return;
    if (d.now == stage::payload && size != 0 && size <= d.head.size - d.taken && payload_gap(at, d, size, snapped)) return;
    lose(at, d);
}

// Missing bytes within a frame, whose end is known.
bool websocket_session::payload_gap(place const& at, direction& d, std::uint64_t size, bool snapped) {
    if (!d.head.is_control()) {
        if (d.is_message_compressed) {
            d.payload.clear();
            if (!d.is_message_damaged) inflating_failed(at, d, "is missing");
        } else {
            bring_kept(at, d);
            at.d.to.gap(at.of, at.from, at.at, size, snapped);
        }
    }
    d.taken += size;
    if (d.taken == d.head.size) frame_done(at, d);
    return true;
}

// Where the next frame begins is not known.
void websocket_session::lose(place const& at, direction& d) {
    if (d.now == stage::payload && !d.head.is_control() && !d.is_message_compressed) bring_kept(at, d);
    if (has_deflate_ && !d.has_failed && !d.forgets) inflating_failed(at, d, "is missing");
    else at.d.to.gap(at.of, at.from, at.at, 0, false);
    d.is_message_damaged = true;
    d.payload.clear();
    d.http = {};
    d.head_size = 0;
    d.share.clear();
    d.now = stage::lost;
}

// The next place where frames go on, in what came in one piece.
bytes_view websocket_session::find_frame(place const&, direction& d, bytes_view data) {
    constexpr std::size_t furthest = 2048;
    for (std::size_t at = 0; at < std::min(data.size(), furthest); ++at)
        if (carries_mqtt(data.subspan(at)).value_or(false)) {
            d.now = stage::head;
            return data.subspan(at);
        }
    return {};
}

void websocket_session::end(place const& at) {
    auto& d = directions_[at.from];
    if (d.now == stage::payload && !d.head.is_control()) bring_kept(at, d);
    d = direction{};
    d.now = stage::over;
}

void websocket_session::nothing_more() noexcept {
    for (auto& d : directions_) {
        d.now = stage::over;
        d.http = {};
        d.share.clear();
    }
}

} // namespace aldis::app::dump
