// What runs over a TCP connection, told by its first bytes.
#include "protocol_stack.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "integers.hpp"
#include "tls_session.hpp"
#include "websocket_session.hpp"

namespace aldis::app::dump {

// The first bytes, until they tell enough. Whoever spoke first decides.
struct protocol_stack::beginning {
    static constexpr std::size_t most = 16'384;

    std::array<byte_buffer, 2> said{};
    unsigned                   first = 0;
    budget_share               share{};

    // False: no more can be kept.
    bool add(place const& at, bytes_view data) {
        if (!share.resize(at.d.budget, sizeof(beginning) + said[0].size() + said[1].size() + data.size())) return false;
        said[at.from].insert(said[at.from].end(), data.begin(), data.end());
        return said[at.from].size() <= most;
    }
};

namespace {

bool begins_like(bytes_view data, std::string_view text) noexcept {
    auto const size = std::min(data.size(), text.size());
    return to_text(data.first(size)) == text.substr(0, size);
}

// Nothing: more bytes are needed.
std::optional<bool> is_http(bytes_view data) noexcept {
    constexpr std::string_view request = "GET /", response = "HTTP/1.1 ";
    if (begins_like(data, request)) return data.size() >= request.size() ? std::optional{true} : std::nullopt;
    if (begins_like(data, response)) return data.size() >= response.size() ? std::optional{true} : std::nullopt;
    return false;
}

} // namespace

protocol_stack::protocol_stack(bool inside_tls) noexcept : inside_tls_(inside_tls) {}
protocol_stack::~protocol_stack() = default;

void protocol_stack::other_bytes(place const& at, bytes_view data) {
    switch (speaks_) {
    case protocol::undecided: return begin(at, data);
    case protocol::plain: return at.d.to.bytes(at.of, at.from, at.at, data);
    case protocol::websocket: return websocket_->bytes(at, data);
    case protocol::tls: return tls_->bytes(at, data);
    }
}

// Keeps what was said until it is enough to tell; what cannot be kept is taken for MQTT, which must know what to make of it.
void protocol_stack::begin(place const& at, bytes_view data) {
    if (data.empty()) return;
    auto const whole = !beginning_ || beginning_->add(at, data);
    if (beginning_ && at.from != beginning_->first && whole) return;

    auto const speaks = tell(at, beginning_ ? bytes_view{beginning_->said[at.from]} : data);
    if (speaks != protocol::undecided || !whole) {
        decide(at, speaks);
        return beginning_ ? hand_on_beginning(at) : other_bytes(at, data);
    }
    if (beginning_) return;
    beginning_ = std::make_unique<beginning>();
    beginning_->first = at.from;
    if (beginning_->add(at, data)) return;
    beginning_.reset();
    decide(at, protocol::plain);
    other_bytes(at, data);
}

protocol_stack::protocol protocol_stack::tell(place const& at, bytes_view said) const noexcept {
    auto const from_start = at.of.saw_start && !is_torn_;
    auto const http = is_http(said);
    auto const tls = inside_tls_ ? std::optional{false} : tls_session::is_tls(said, from_start);
    if (http.value_or(false)) return protocol::websocket;
    if (tls.value_or(false)) return protocol::tls;
    auto const frames = from_start ? std::optional{false} : websocket_session::is_websocket(said);
    if (frames.value_or(false)) return protocol::websocket;
    return http && tls && frames ? protocol::plain : protocol::undecided;
}

void protocol_stack::hand_on_beginning(place const& at) {
    auto const said = std::move(beginning_);
    for (auto const from : {said->first, 1 - said->first})
        if (!said->said[from].empty()) other_bytes({at.d, at.of, from, at.at}, said->said[from]);
}

void protocol_stack::decide(place const& at, protocol speaks) {
    speaks_ = speaks == protocol::undecided ? protocol::plain : speaks;
    auto& via = at.of.via;
    if (speaks == protocol::tls) {
        via = carrier::tls;
        tls_ = std::make_unique<tls_session>();
    } else if (speaks == protocol::websocket) {
        via = inside_tls_ ? carrier::wss : carrier::ws;
        websocket_ = std::make_unique<websocket_session>();
    }
}

void protocol_stack::gap(place const& at, std::uint64_t size, bool snapped) {
    is_torn_ = true;
    if (beginning_) {                                              // what there is must do
        decide(at, protocol::plain);
        hand_on_beginning(at);
    }
    if (websocket_) return websocket_->gap(at, size, snapped);
    if (tls_) return tls_->gap(at, size);
    at.d.to.gap(at.of, at.from, at.at, size, snapped);
}

void protocol_stack::end(place const& at) {
    if (websocket_) websocket_->end(at);
    if (tls_) tls_->end(at);
    if (!inside_tls_) at.d.to.end(at.of, at.from, at.at);
}

} // namespace aldis::app::dump
