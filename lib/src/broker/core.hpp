// A broker without I/O and without a clock: sessions, routing, limits, deadlines. Each group of functions is one source file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/broker_options.hpp>
#include <aldis/routing/retained_store.hpp>
#include <aldis/routing/router.hpp>
#include <aldis/routing/will_queue.hpp>
#include <aldis/session/engine.hpp>

#include "deadlines.hpp"
#include "journal.hpp"
#include "load.hpp"
#include "member.hpp"
#include "rate.hpp"

namespace aldis::serving {

/// What the core needs of whoever drives it.
struct surroundings {
    std::function<void()>       wake;                              // there is output: call take_dirty() soon
    std::function<time_point()> now;
    std::size_t                 max_connections = 0;               // that there can be; 0: no bound
};

/// Counters that only rise, but for the first two.
struct counters {
    std::size_t   connections = 0;                                 // since accept
    std::size_t   clients = 0;                                     // since CONNACK
    std::size_t   clients_most = 0;
    std::uint64_t accepted = 0;                                    // connections
    std::uint64_t refused = 0;                                     // by CONNACK, or before it
    std::uint64_t connects = 0;                                    // CONNECT
    std::uint64_t expired_sessions = 0;
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t messages_in = 0;                                 // PUBLISH
    std::uint64_t messages_out = 0;
    std::uint64_t messages_dropped = 0;
    std::uint64_t bytes_in = 0;                                    // of everything
    std::uint64_t bytes_out = 0;
    std::uint64_t payload_in = 0;
    std::uint64_t payload_out = 0;
};

class core {
public:
    core(std::shared_ptr<broker_options const> how, surroundings around);
    core(core const&) = delete;
    core& operator=(core const&) = delete;

    // ---- Connections: core.cpp ------------------------------------------------------------------------------------------

    /// What an engine that comes by `where` is to be made with.
    session::settings settings_for(broker_listener const* where) const;

    /// A connection is there. False: it is one too many, close it at once and call nothing else.
    bool opened(peer& p, transport::stream_facts way, time_point now);

    /// The engine received `n` bytes.
    void heard(peer& p, std::size_t n, time_point now);

    /// Hands on all that the peer's engine has to say: after each of its inputs.
    void drain(peer& p, time_point now);

    /// The connection is closed and `p` about to go.
    void gone(peer& p, time_point now);

    /// The next of those that have something to write, or whose end has come.
    peer* take_dirty() noexcept;
    void  mark(peer& p);

    /// Before the output of `p` is looked at: puts more into it where there is room. Sets its deadline.
    void feed(peer& p, time_point now);
    void arm(peer& p);

    /// DISCONNECT, or the refusal that is due, to `p`.
    void dismiss(peer& p, reason_code why, time_point now);

    void                      tick(time_point now);
    std::optional<time_point> deadline() const noexcept;

    /// Other options from now on, for those that are there too.
    void reload(std::shared_ptr<broker_options const> fresh, time_point now);

    // ---- What outlives the process: restoring.cpp -----------------------------------------------------------------------

    /// There is a store, and this is what it has. Before anything else. False: it does not fit together.
    bool restore(broker_store::contents found, time_point now);

    journal&       notes() noexcept { return journal_; }
    journal const& notes() const noexcept { return journal_; }

    /// Whether a peer's output waits for a commit, and the end of its wait.
    void watch_commit(peer& p);
    bool waits_for_commit() const noexcept { return !awaiting_.empty(); }
    void committed(std::uint64_t batch, time_point now);

    // ---- For the program: publishing.cpp --------------------------------------------------------------------------------

    struct publication {
        session::message          content{};
        qos_level                 qos = qos_level::at_most_once;
        bool                      retain = false;
        std::optional<time_point> expires_at{};
    };
    /// As if a client that may do everything had published it.
    reason_code publish(publication const& what, session_no from, time_point now);

    /// Ends a session, and its connection with 0x98. False when there is none.
    bool remove_session(std::string_view client_id, time_point now);

    /// $SYS is published from now on, or no longer, as the options have it.
    void begin(time_point now);

    broker_options const&          options() const noexcept { return *options_; }
    broker_limits const&           limits() const noexcept { return options_->limits(); }
    counters const&                counted() const noexcept { return counters_; }
    std::optional<time_point>      begun() const noexcept { return begun_; }
    counters&                      counted() noexcept { return counters_; }
    routing::router const&         subscriptions() const noexcept { return router_; }
    routing::retained_store const& retained() const noexcept { return retained_; }
    std::size_t                    sessions() const noexcept { return by_name_.size(); }
    std::size_t                    bytes_kept() const noexcept { return kept_ + retained_.bytes(); }
    member const*                  find(std::string_view client_id) const;
    template <class See>
    void each_member(See see) const {
        for (auto const& [name, who] : by_name_) see(*who);
    }

private:
    // ---- connecting.cpp: CONNECT ----------------------------------------------------------------------------------------
    void                       on(peer& p, session::event::connect_request const& e, time_point now);
    std::optional<reason_code> flaw_of(peer& p, packet::connect const& request, time_point now);
    std::optional<reason_code> flaw_of_will(peer const& p, packet::will const& left) const;
    void                       authenticate(peer& p);
    admission                  judge(peer const& p) const;
    void                       admit(peer& p, time_point now);
    bool                       may_leave(peer const& p, std::string const& name, std::optional<std::string> const& user, std::string_view topic);
    std::shared_ptr<member>    enter(peer& p, std::string client_id, std::optional<std::string> const& user, time_point now);
    void                       accept(peer& p, std::shared_ptr<member> const& who, admission const& how, bool is_assigned, time_point now);
    void                       refuse(peer& p, reason_code why, std::string_view text, property_list const& props, time_point now);
    void                       refuse(peer& p, reason_code why, time_point now) { refuse(p, why, {}, {}, now); }
    std::string                invent_name();
    bool                       is_anonymous_allowed(peer const& p, bool has_passwords) const;

    // ---- proving.cpp ----------------------------------------------------------------------------------------------------
    bool begin_proof(peer& p, std::string_view method);
    void on(peer& p, session::event::authenticate const& e, time_point now);
    void prove(peer& p, bool begins, bytes_view data, time_point now);
    void take_proof(peer& p, time_point now);
    void prove_again(peer& p, authentication_step const& said, time_point now);
    void say_step(peer& p, authentication_step const& said, time_point now);

    // ---- members.cpp: sessions ------------------------------------------------------------------------------------------
    std::shared_ptr<member> make_member(std::string client_id, std::optional<std::string> const& user);
    void                    end_member(member& who, time_point now);
    void                    end_connection(peer& p, session::event::closed const& e, time_point now);
    std::optional<std::chrono::seconds> lifetime(member const& who) const;
    void                    take_over(member& who, time_point now);
    void                    give_rules(member& who);
    void                    count(member& who);
    void                    arm(member& who, time_point now);
    void                    expire(member& who, time_point now);
    routing::will           to_will(packet::will const& left) const;
    void                    publish_wills(time_point now);

    // ---- restoring.cpp --------------------------------------------------------------------------------------------------
    bool revive(broker_store::loaded_session const& from, time_point now);
    void note_session(member& who, std::uint32_t expiry, std::optional<time_point> left_at);
    void note_subscription(member const& who, subscription const& wanted, std::uint32_t id);
    void note_changes(member& who);
    void note_no_retained(std::string_view topic);
    void forget_expired(time_point now);

    // ---- subscribing.cpp ------------------------------------------------------------------------------------------------
    void        on(peer& p, session::event::subscribe_request const& e, time_point now);
    void        on(peer& p, session::event::unsubscribe_request const& e, time_point now);
    reason_code subscribe(member& who, subscription const& wanted, std::uint32_t id);
    static void forget(member& who, std::string_view filter);
    bool        has_room(member const& who) const noexcept;
    void        walk(member& who, time_point now);
    bool        walk_on(member& who, retained_walk& owed, time_point now);

    // ---- publishing.cpp -------------------------------------------------------------------------------------------------
    void        on(peer& p, session::event::message_arrived const& e, time_point now);
    reason_code take(peer& p, packet::publish const& m, time_point now);
    reason_code ask_hook(peer& p, packet::publish const& m, time_point now);
    reason_code flaw_of(peer const& p, packet::publish const& m) const;
    bool        keep(publication const& what, time_point now);
    bool        deliver(routing::routed_copy const& copy, publication const& what, time_point now);
    bool        give(member& to, session::message const& content, session::publish_options const& how, time_point now);
    routing::readiness readiness_of(session_no no, publication const& what) const;
    void        slow_down(peer& p, time_point now);

    reason_code route(publication const& what, session_no from, time_point now);

    // ---- sys.cpp --------------------------------------------------------------------------------------------------------
    void publish_sys(time_point now);
    void publish_loads(time_point now);
    void say_number(std::size_t place, std::string_view topic, std::uint64_t value, time_point now);
    std::size_t own_topics() const noexcept;
    void bound_retained();
    void say_sys(std::string_view topic, std::string_view value, time_point now);

    // ---- access: who may what -------------------------------------------------------------------------------------------
    bool may(member const& who, access_kind what, std::string_view topic) const;
    bool may_receive(member const& who, session::message const& what) const;
    static bool is_reserved(std::string_view topic) noexcept;
    bool is_good_topic(std::string_view topic) const noexcept;
    bool has_too_many_words(properties const& props) const noexcept;
    bool is_short_of_memory() const noexcept { return limits().memory_limit() != 0 && bytes_kept() > limits().memory_limit(); }

    void let_in(peer& p) noexcept;
    void note_end(member& who, session::event::delivered const& e);
    static std::string shown(std::string_view text);
    void log(aldis::log_level level, std::string_view line) const;
    bool logs(aldis::log_level level) const noexcept { return options_->log() && level <= options_->log_level(); }
    void tell(member const& who, session_event what) const;
    void log_connected(peer const& p) const;
    void log_refused(peer const& p, reason_code why) const;
    void log_end(peer const& p, session::event::closed const& e) const;

    std::shared_ptr<broker_options const>                     options_;
    surroundings                                              around_;
    counters                                                  counters_{};
    routing::router                                           router_;
    routing::retained_store                                   retained_;
    routing::will_queue                                       wills_{};
    deadlines                                                 deadlines_{};
    journal                                                   journal_{};
    std::vector<peer*>                                        awaiting_{};     // a commit
    std::unordered_map<std::string, std::shared_ptr<member>>  by_name_{};
    std::vector<member*>                                      by_no_{};        // [number - 1]; null where it is free
    std::vector<session_no>                                   free_{};
    std::unordered_map<std::string, std::size_t>              unknown_from_{}; // connections without CONNACK, by address
    std::size_t                                               unknown_ = 0;
    std::unordered_map<std::string, rate>                     connect_rates_{};
    std::unordered_map<broker_listener const*, std::size_t>   clients_of_{};
    rate                                                      connecting_{};
    rate                                                      retaining_{};
    peer*                                                     first_dirty_ = nullptr;
    peer*                                                     last_dirty_ = nullptr;
    std::size_t                                               kept_ = 0;       // bytes in sessions
    std::vector<std::pair<publication, session_no>>           postponed_{};    // published by hooks while a message is routed
    bool                                                      is_routing_ = false;
    std::optional<time_point>                                 begun_{};
    std::optional<time_point>                                 sys_due_{};
    std::optional<time_point>                                 loads_at_{};
    std::vector<load_average>                                 loads_{};
    std::vector<std::optional<std::uint64_t>>                 said_{};         // in $SYS
};

} // namespace aldis::serving
