// The schedule: steps drawn from the mixture, faults among them, then the calm in which everything must come to its end.
#include "world.hpp"

namespace aldis::simulation {

namespace {

constexpr std::uint32_t most_steps = 2'000;
constexpr std::uint32_t most_rounds = 400;                         // of the calm: two virtual seconds
constexpr std::size_t   everything = 1U << 30U;

} // namespace

void world::begin() {
    for (side s : {client, server}) {
        states_[s].emplace(setup_.peers[s].last_id);
        states_[s]->keep_changes(stores_[s].durable());
    }
    next_fault_ = pick_.between(5, 35);
}

void world::run() {
    while (tally_.steps < most_steps && !pick_.exhausted() &&
           (ledger_.count() < setup_.messages || faults_done_ < setup_.faults))
        step();
    tally_.messages = ledger_.count();
    tally_.faults = faults_done_;
    calm_down();
}

void world::step() {
    ++tally_.steps;
    if (next_fault_-- == 0) {
        next_fault_ = pick_.between(5, 35);
        if (faults_done_ < setup_.faults) {
            ++faults_done_;
            fail(setup_.fault_mixture[pick_.below(16)]);
            return;
        }
    }
    if (!lines_[current_].ends[client] && pick_.one_in(3)) return connect();
    if (leave_soon_ && pick_.one_in(3)) return leave(client);
    perform(setup_.mixture[pick_.below(128)]);
}

void world::perform(action what) {
    auto& mine = lines_[current_];
    auto& theirs = lines_[pick_.one_in(4) ? 1 - current_ : current_];    // the server may still hear of the connection before
    std::size_t const some = setup_.most_read == 0 ? everything : pick_.between(1, setup_.most_read);
    switch (what) {
    case action::publish_from_client: return publish(client);
    case action::publish_from_server: return publish(server);
    case action::write_client: write(mine, client, false); return;
    case action::write_server: write(theirs, server, false); return;
    case action::read_client: read(mine, client, some); return;
    case action::read_server: read(theirs, server, some); return;
    case action::commit_client: return commit(client);
    case action::commit_server: return commit(server);
    case action::answer_client: answer(client, false); return;
    case action::answer_server: answer(server, false); return;
    case action::request: return request();
    case action::turn:
        for (side s : {client, server}) {
            write(mine, s, false);
            read(mine, other(s), some);
            commit(s);
            answer(s, false);
        }
        return;
    case action::time: return pass(pick_.below(pick_.one_in(8) ? 500 : 20));
    case action::pause: {
        side const s = pick_.below(2);
        auto* const l = line_of(s);
        if (!l) return;
        l->paused[s] = !l->paused[s];
        trace("%s %s reading", s == client ? "client" : "server", l->paused[s] ? "stops" : "goes on");
        l->ends[s]->pause(l->paused[s], now_);
        return;
    }
    }
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void world::tick(line& l, side s) {
    auto& e = *l.ends[s];
    if (auto const due = e.deadline(); !due || *due > now_) return;
    e.tick(now_);
    auto const next = e.deadline();
    require(!next || *next > now_, "deadline() lies in the past after tick()");
    settle(l, s);
}

void world::pass(std::uint32_t milliseconds) {
    now_ += session::duration{milliseconds};
    for (auto& l : lines_)
        for (side s : {client, server})
            if (l.ends[s]) tick(l, s);
    if (session_ends_ && *session_ends_ <= now_) {
        trace("the session expires");
        discard_session();
    }
}

// ---- The calm ---------------------------------------------------------------------------------------------------------

/// Faults have stopped: within bounded time everything drains.  I6
void world::calm_down() {
    trace("calm");
    turn_away_ = false;
    for (auto& l : lines_)
        for (side s : {client, server}) {
            if (!l.ends[s]) continue;
            if (l.black_hole || !l.ends[other(s)]) lose(l, s);
            else if (l.paused[s]) l.ends[s]->pause(l.paused[s] = false, now_);
        }
    calm_ = true;
    for (std::uint32_t round = 0; round < most_rounds; ++round) {
        pass(5);
        if (!lines_[current_].ends[client]) connect();
        else if (leave_soon_) leave(client);
        for (auto& l : lines_)
            for (side s : {client, server}) {
                while (read(l, s, everything)) {}
                while (write(l, s, true)) {}
            }
        for (side s : {client, server}) {
            commit(s);
            answer(s, true);
        }
        if (is_at_rest()) {
            ledger_.at_rest();
            if (setup_.keep_alive != 0 && pick_.one_in(8)) idle();
            return;
        }
    }
    violate("I6: the faults stopped, and things did not come to rest");
}

bool world::is_at_rest() {
    auto& l = lines_[current_];
    if (attached_ != static_cast<int>(current_) || leave_soon_ || !unanswered_[0].empty() || !unanswered_[1].empty() || !asked_.empty()) return false;
    for (side s : {client, server}) {
        if (!l.ends[s] || l.ends[s]->where() != session::phase::open || l.ends[s]->output_size() != 0 || l.wires[s].in_transit() != 0) return false;
        auto const& state = *states_[s];
        if (state.queued_messages() + state.in_flight() + state.incoming() + state.identifiers_in_use() != 0) return false;
        if (state.queued_bytes() != 0) violate("I5: an empty queue counts bytes");
    }
    return true;
}

/// Nobody says anything but what keep-alive asks for, and the connection lasts.
void world::idle() {
    auto& l = lines_[current_];
    for (int round = 0; round < 40; ++round) {
        pass(setup_.keep_alive * 100U);
        for (side s : {client, server}) {
            if (l.ends[s]) write(l, s, true);
            if (l.ends[s]) commit(s);
            if (l.ends[other(s)]) read(l, other(s), everything);
        }
        require(l.ends[client] && l.ends[server], "I6: keep-alive ended an idle connection");
    }
}

} // namespace aldis::simulation
