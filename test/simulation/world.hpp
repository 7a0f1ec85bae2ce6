// A client, a server, their stores, their owners and the link between them, in one thread and in virtual time.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include <aldis/session/engine.hpp>

#include "ledger.hpp"
#include "setup.hpp"
#include "store.hpp"
#include "wire.hpp"

namespace aldis::simulation {

/// One network connection. An end without an engine is closed, or was never open.
struct line {
    std::array<std::optional<session::engine>, 2> ends{};
    std::array<wire, 2>                           wires{};         // by the side that writes
    std::array<conversation, 2>                   talks{};
    std::array<bool, 2>                           paused{};
    std::uint32_t                                 serial = 0;
    std::uint32_t                                 generation = 0;  // of the session that the server resumed or made
    bool                                          session_present = false;
    bool                                          clean_start = false;
    bool                                          black_hole = false;
};

/// What a run was, for figures.
struct tally {
    std::uint64_t steps = 0;
    std::uint64_t messages = 0;
    std::uint64_t faults = 0;
    std::uint64_t connections = 0;
};

/// Runs one schedule; a violation is thrown.
class world {
public:
    world(choices pick, bool trace) : pick_(pick), trace_(trace), setup_(pick_), stores_{store{setup_.peers[0].durable}, store{setup_.peers[1].durable}},
                                      ledger_(setup_, stores_) { begin(); }
    void         run();
    tally const& counted() const noexcept { return tally_; }

private:
    using engine = session::engine;

    // ---- world.cpp: the schedule ----------------------------------------------------------------------------------------
    void begin();
    void step();
    void perform(action what);
    void calm_down();
    bool is_at_rest();
    void idle();
    void pass(std::uint32_t milliseconds);
    void tick(line& l, side s);

    // ---- link.cpp: bytes and connections --------------------------------------------------------------------------------
    void connect();
    bool write(line& l, side s, bool all);
    bool read(line& l, side s, std::size_t most);
    void lose(line& l, side s);                                    // the end learns that the connection is dead
    void close(line& l, side s);                                   // the end is given up
    void settle(line& l, side s);                                  // after an input: events, and the end if it came
    line* line_of(side s) noexcept;                                // the connection that carries the session, or null
    engine* engine_of(side s) noexcept;

    // ---- owner.cpp: what the programs on top do ---------------------------------------------------------------------------
    void publish(side s);
    void request();
    bool answer(side s, bool all);
    void acknowledge(side s, std::size_t which);
    void on(line& l, side s, session::any_event const& e);
    void on_connect(line& l, packet::connect const& p);
    void on_connected(line& l, session::event::connected const& e);
    void on_closed(line& l, side s, session::event::closed const& e);
    void discard_session();

    // ---- faults.cpp -------------------------------------------------------------------------------------------------------
    void fail(fault what);
    void cut(line& l);
    void swallow();
    void crash(side s);
    void leave(side s);
    void commit(side s);
    void check_restored(side s);

    std::uint32_t generation(side s) const noexcept { return generations_[s].empty() ? 0 : generations_[s].back().number; }
    void remember_generation(side s, std::uint32_t number) { generations_[s].push_back({number, stores_[s].clock().filling}); }

    template <class... Args>
    void trace(char const* format, Args... args) const {
        if (!trace_) return;
        std::printf("%8lld ms  ", static_cast<long long>(now_.time_since_epoch().count()));
        if constexpr (sizeof...(args) == 0) std::fputs(format, stdout);
        else std::printf(format, args...);
        std::putchar('\n');
    }

    struct unanswered { int message; session::arrival_no no; std::uint32_t serial; qos_level qos; };
    struct asked { packet_id id; packet_type type; std::size_t count; };
    struct known_generation { std::uint32_t number; batch_no since; };

    choices                                        pick_;
    bool                                           trace_;
    setup                                          setup_;
    std::array<store, 2>                           stores_;
    ledger                                         ledger_;
    std::array<std::optional<session::state>, 2>   states_{};
    std::array<line, 2>                            lines_{};
    std::size_t                                    current_ = 0;   // the client's line
    int                                            attached_ = -1; // the server's, once it accepted
    std::array<std::vector<unanswered>, 2>         unanswered_{};
    std::vector<asked>                             asked_{};       // the server's requests to answer
    std::array<std::vector<known_generation>, 2>   generations_{};
    std::uint32_t                                  last_generation_ = 0;
    std::uint32_t                                  last_serial_ = 0;
    session::time_point                            now_{};
    std::optional<session::time_point>             session_ends_{};
    std::uint32_t                                  faults_done_ = 0;
    std::uint32_t                                  next_fault_ = 0;
    bool                                           turn_away_ = false;
    bool                                           leave_soon_ = false;   // 3.1.1: this connection only wiped the session
    bool                                           calm_ = false;  // no fault any more
    tally                                          tally_{};
};

} // namespace aldis::simulation
