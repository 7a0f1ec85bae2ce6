// The link: connecting, writing, reading in any portions, hanging up.
#include "world.hpp"

#include <algorithm>
#include <cstring>

namespace aldis::simulation {

namespace {

constexpr char const* names[] = {"client", "server"};

char const* name_of_type(packet_type type) noexcept { return aldis::name_of(type).data(); }

} // namespace

line* world::line_of(side s) noexcept {
    if (s == client) return lines_[current_].ends[client] ? &lines_[current_] : nullptr;
    return attached_ >= 0 ? &lines_[static_cast<std::size_t>(attached_)] : nullptr;
}

session::engine* world::engine_of(side s) noexcept {
    auto* const l = line_of(s);
    return l ? &*l->ends[s] : nullptr;
}

/// The client opens a new connection; the server may not have noticed yet that the one before is dead.
void world::connect() {
    auto& before = lines_[current_];
    // What an abandoned CONNECT does to the server while the next one is on its way is the known limit told in README.md.
    if (before.ends[server] && static_cast<int>(current_) != attached_) lose(before, server);
    current_ = 1 - current_;
    auto& l = lines_[current_];
    if (l.ends[server]) lose(l, server);
    for (side s : {client, server}) {
        l.wires[s].clear();
        l.talks[s].clear();
        auto const& theirs = setup_.peers[other(s)].how.own;
        l.talks[s].receive_maximum = std::min(theirs.receive_maximum, setup_.peers[s].how.max_in_flight);
        l.talks[s].maximum_packet_size = theirs.maximum_packet_size;
        l.paused[s] = false;
    }
    l.serial = ++last_serial_;
    l.black_hole = l.session_present = false;
    ++tally_.connections;
    ledger_.connection_began(client);

    bool const v5 = is_v5(setup_.version);
    bool const strange = generation(server) != 0 && generation(server) != generation(client);
    bool const wipe = strange || (!states_[client]->exists() && generation(server) != 0);
    bool const clean = wipe || (!v5 && setup_.expiry == 0) || (setup_.clean_starts && !calm_ && pick_.one_in(4));
    leave_soon_ = false;
    l.clean_start = clean;

    l.ends[server].emplace(session::role::server, setup_.peers[server].how, stores_[server].clock());
    l.ends[server]->opened(now_);
    l.ends[client].emplace(session::role::client, setup_.peers[client].how, stores_[client].clock());
    property_list props;
    if (v5 && setup_.expiry != 0) props.add<property_id::session_expiry_interval>(setup_.expiry);
    packet::connect const request{.version = setup_.version, .clean_start = clean, .keep_alive = setup_.keep_alive, .client_id = "c", .props = props};
    auto const done = l.ends[client]->connect(request, *states_[client], now_);
    require(done.has_value(), "CONNECT is refused");
    trace("client connects, line %u%s", l.serial, clean ? ", clean start" : "");
}

// ---- Bytes ------------------------------------------------------------------------------------------------------------

/// Hands over some of what the engine shows, or all. False: there was nothing.
bool world::write(line& l, side s, bool all) {
    if (!l.ends[s]) return false;
    auto& e = *l.ends[s];
    auto& w = l.wires[s];
    auto const pieces = e.pending(now_);
    std::size_t const shown = w.shown();
    if (shown == 0) {
        std::size_t const begin = w.bytes.size();
        for (auto const& p : pieces) w.bytes.insert(w.bytes.end(), p.begin(), p.end());
        ledger_.sending(s, w, begin, l.talks[s]);
    } else {
        std::size_t at = w.sent;
        for (auto const& p : pieces) {
            require(w.bytes.size() - at >= p.size() && std::memcmp(w.bytes.data() + at, p.data(), p.size()) == 0,
                    "pending() shows other bytes than before");
            at += p.size();
        }
        require(at == w.bytes.size(), "pending() shows fewer bytes than before");
    }
    if (w.shown() == 0) {
        settle(l, s);                                              // pending() may have ended deliveries that expired
        if (l.ends[s] && e.finished()) close(l, s);
        return false;
    }
    std::size_t const n = all || pick_.one_in(2) ? w.shown() : 1 + pick_.below(static_cast<std::uint32_t>(std::min<std::size_t>(w.shown(), 60'000)));
    w.sent += n;
    e.sent(n, now_);
    trace("%s writes %zu bytes of %zu", names[s], n, n + w.shown());
    settle(l, s);
    return true;
}

/// Hands the engine up to `most` of the bytes that wait for it. False: there was nothing, or it does not want any.
bool world::read(line& l, side s, std::size_t most) {
    if (!l.ends[s] || l.black_hole) return false;
    auto& e = *l.ends[s];
    auto& w = l.wires[other(s)];
    if (e.finished()) {                                            // it hears nothing any more
        if (w.closed) close(l, s);
        return false;
    }
    if (w.in_transit() == 0) {
        if (!w.closed) return false;
        lose(l, s);
        return true;
    }
    if (!e.wants_input()) return false;
    auto const space = e.prepare();
    require(!space.empty(), "prepare() gives no space");
    std::size_t const n = std::min({most, w.in_transit(), space.size()});
    std::memcpy(space.data(), w.bytes.data() + w.taken, n);
    w.taken += n;
    while (!w.packets.empty() && w.packets.front().end <= w.taken) {
        auto const& p = w.packets.front();
        trace("%s receives %s id %u message %d reason %02x", names[s], name_of_type(p.type), unsigned{p.id}, p.message, static_cast<unsigned>(p.reason));
        if (p.type == packet_type::connack && !is_error(p.reason) && !p.session_present) ledger_.session_lost();
        ledger_.received(s, p, l.talks[s]);
        w.packets.pop();
    }
    e.received(n, now_);
    settle(l, s);
    return true;
}

// ---- Ends -------------------------------------------------------------------------------------------------------------

void world::settle(line& l, side s) {
    while (l.ends[s]) {
        auto const* const event = l.ends[s]->poll(now_);
        if (!event) return;
        on(l, s, *event);
    }
}

void world::lose(line& l, side s) {
    trace("%s loses line %u", names[s], l.serial);
    l.ends[s]->connection_lost(now_);
    settle(l, s);
    close(l, s);
}

void world::close(line& l, side s) {
    if (!l.ends[s]) return;
    require(l.ends[s]->finished(), "an engine is not finished after its connection was lost");
    require(l.ends[s]->poll(now_) == nullptr, "an event after closed");
    require(!l.ends[s]->deadline(), "a deadline after the end");
    trace("%s closes line %u", names[s], l.serial);
    l.ends[s].reset();
    l.wires[s].closed = true;
    if (s == client) leave_soon_ = false;
    if (s == client || attached_ < 0 || &l != &lines_[static_cast<std::size_t>(attached_)]) return;
    attached_ = -1;
    asked_.clear();
    if (states_[server]->expiry() == 0) discard_session();
    else if (states_[server]->expiry() != never) session_ends_ = now_ + std::chrono::seconds{states_[server]->expiry()};
}

} // namespace aldis::simulation
