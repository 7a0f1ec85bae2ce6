// What goes wrong: connections that end anywhere, processes that end at any time, stores that had not committed.
#include "world.hpp"

#include <algorithm>

namespace aldis::simulation {

void world::fail(fault what) {
    auto& l = lines_[current_];
    trace("fault %d", static_cast<int>(what));
    switch (what) {
    case fault::cut: return cut(l);
    case fault::client_gone:
        if (l.ends[client]) lose(l, client);
        l.wires[client].closed = false;                            // silence, not an end
        return;
    case fault::server_gone:
        if (l.ends[server]) lose(l, server);
        return;
    case fault::black_hole: return swallow();
    case fault::client_crash: return crash(client);
    case fault::server_crash: return crash(server);
    case fault::both_crash: crash(client); return crash(server);
    case fault::client_leaves: return leave(client);
    case fault::server_leaves: return leave(server);
    case fault::turned_away:
        turn_away_ = true;
        return cut(l);
    }
}

/// Each end may still get some of what was on its way to it.
void world::cut(line& l) {
    for (side s : {client, server}) {
        if (!l.ends[s]) continue;
        auto const waiting = l.wires[other(s)].in_transit();
        if (waiting > 0 && pick_.one_in(2)) read(l, s, 1 + pick_.below(static_cast<std::uint32_t>(std::min<std::size_t>(waiting, 60'000))));
        if (l.ends[s]) lose(l, s);
    }
}

/// Nothing moves and nobody is told; deadlines find out, where there are any.
void world::swallow() {
    auto& l = lines_[current_];
    l.black_hole = true;
    for (int i = 0; i < 8 && (l.ends[client] || l.ends[server]); ++i) {
        std::optional<session::time_point> next;
        for (side s : {client, server})
            if (l.ends[s])
                if (auto const due = l.ends[s]->deadline(); due && (!next || *due < *next)) next = due;
        if (!next || *next - now_ > std::chrono::minutes{3}) break;
        pass(static_cast<std::uint32_t>(std::max<std::int64_t>((*next - now_).count(), 0)));
        for (side s : {client, server}) {
            while (l.ends[s] && write(l, s, true)) {}
        }
    }
    for (side s : {client, server})
        if (l.ends[s]) lose(l, s);
}

void world::commit(side s) {
    auto& disk = stores_[s];
    if (!disk.durable()) return;
    if (!disk.busy()) {
        ledger_.batch_began(s, states_[s]->changes());
        disk.begin(*states_[s], pick_.one_in(16));
        if (!calm_ && setup_.peers[s].commit_steps > 1 && !pick_.one_in(setup_.peers[s].commit_steps)) return;
    }
    disk.commit();
    trace("%s commits batch %u", s == client ? "client" : "server", static_cast<unsigned>(disk.clock().done));
    if (auto* const e = engine_of(s)) {
        e->committed(now_);
        settle(*line_of(s), s);
    }
}

/// The process ends between two instructions, and starts again over what its store has.
void world::crash(side s) {
    trace("%s crashes", s == client ? "client" : "server");
    if (stores_[s].durable() && !stores_[s].busy() && states_[s]->changes().empty()) check_restored(s);
    for (auto& l : lines_)
        if (l.ends[s]) {
            l.ends[s].reset();
            l.wires[s].closed = true;
        }
    ledger_.crashed(s);
    auto const done = stores_[s].clock().done;
    auto& known = generations_[s];
    if (!stores_[s].durable()) known.clear();
    while (!known.empty() && known.back().since > done) known.pop_back();
    unanswered_[s].clear();
    states_[s].emplace(setup_.peers[s].last_id);
    if (stores_[s].durable()) require(stores_[s].restore(*states_[s]), "a change that was stored cannot be replayed");
    if (s == client) {
        leave_soon_ = false;
        return;
    }
    attached_ = -1;
    asked_.clear();
    session_ends_.reset();
    if (!states_[server]->exists()) return;
    if (states_[server]->expiry() == 0) discard_session();
    else if (states_[server]->expiry() != never) session_ends_ = now_ + std::chrono::seconds{states_[server]->expiry()};
}

/// All is committed: the changes in order, and the snapshot, make an equal state.
void world::check_restored(side s) {
    auto const alike = [](session::change const& a, session::change const& b) {
        return a.kind == b.kind && a.no == b.no && a.id == b.id && a.qos == b.qos && a.retain == b.retain && a.expiry == b.expiry &&
               static_cast<bool>(a.content) == static_cast<bool>(b.content) && a.expires_at == b.expires_at;
    };
    auto const by_id = [](session::change const& a, session::change const& b) { return a.no == 0 && b.no == 0 && a.id < b.id; };
    session::state again{setup_.peers[s].last_id};
    for (auto const& c : stores_[s].log()) require(again.replay(c), "a change that was stored cannot be replayed");
    auto one = states_[s]->snapshot();
    auto two = again.snapshot();
    std::stable_sort(one.begin(), one.end(), by_id);
    std::stable_sort(two.begin(), two.end(), by_id);
    require(std::equal(one.begin(), one.end(), two.begin(), two.end(), alike), "the stored changes make another state than the one they came from");
}

void world::leave(side s) {
    auto* const l = line_of(s);
    if (!l) return;
    property_list props;
    bool const v5 = is_v5(setup_.version);
    if (v5 && s == client && setup_.expiry != 0 && pick_.one_in(4)) props.add<property_id::session_expiry_interval>(pick_.one_in(2) ? 0 : setup_.expiry);
    auto const reason = s == server ? reason_code::server_shutting_down
                                    : v5 && pick_.one_in(4) ? reason_code::disconnect_with_will : reason_code::success;
    if (l->ends[s]->disconnect(packet::disconnect{.reason = reason, .props = props}, now_)) trace("%s leaves", s == client ? "client" : "server");
    settle(*l, s);
    if (s == client) leave_soon_ = false;
}

} // namespace aldis::simulation
