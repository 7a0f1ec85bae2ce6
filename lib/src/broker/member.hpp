// A session as the broker keeps it, and a connection as it sees one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <aldis/access/acl_file.hpp>
#include <aldis/broker_authenticator.hpp>
#include <aldis/broker_hooks.hpp>
#include <aldis/broker_listener.hpp>
#include <aldis/routing/router.hpp>
#include <aldis/session/engine.hpp>
#include <aldis/session/message.hpp>
#include <aldis/session/state.hpp>

#include "deadlines.hpp"
#include "rate.hpp"

namespace aldis::serving {

using routing::session_no;

struct peer;

/// Retained messages that a new subscription is still owed: what there was no room for yet.
struct retained_walk {
    std::string       filter{};                                    // without `$share/name/`
    session::message  last{};                                      // the last one sent; nothing before the first
    std::uint32_t     id = 0;
    qos_level         qos = qos_level::at_most_once;
};

/// A client's session: it may outlive its connections, and is one identity's for all its life.
struct member final : timed {
    member(session_no number, std::string name, std::optional<std::string> owner)
        : timed(kind::member), no(number), client_id(std::move(name)), user_name(std::move(owner)) {}

    session_no const                    no;
    std::string const                   client_id;
    std::optional<std::string> const    user_name;
    session::state                      state{};
    std::optional<access::access_rules> rules{};                   // nothing: everything is allowed
    broker_listener const*              came_by = nullptr;
    peer*                               at = nullptr;              // its connection
    std::optional<time_point>           ends{};                    // while there is no connection
    std::vector<retained_walk>          owed{};
    std::size_t                         accounted = 0;             // bytes, in the broker's sum
    std::uint64_t                       dropped = 0;
    bool                                is_kept = false;           // in a store
    protocol                            version = protocol::v5;

    client_identity identity() const noexcept;
};

/// A CONNECT that was not answered yet, and what is known of the way it came.
struct attempt {
    transport::stream_facts     way{};
    packet::connect             request{};
    std::shared_ptr<void const> bytes{};                           // under the request
    std::optional<admission>    answer{};                          // to be acted upon
    peer*                       from = nullptr;                    // null once that was done, or the connection is gone
};

/// Enhanced authentication on a connection, from CONNECT to its end: a client may authenticate again.
struct proving {
    std::unique_ptr<server_authenticator> with{};
    std::string                           method{};
    std::optional<authentication_step>    said{};                  // to be acted upon
    peer*                                 from = nullptr;          // null once the connection is gone
    std::uint64_t                         steps = 0;
    bool                                  is_asked = false;        // an answer is to come
};

/// A connection without its stream. The broker points to it until gone().
struct peer : timed {
    enum class stage : std::uint8_t { unknown, admitted, over };

    peer(session::settings const& how, broker_listener const* where, session::commit_clock const& clock)
        : timed(kind::peer), engine(session::role::server, how, clock), listener(where) {}

    std::shared_ptr<member>   who{};                               // since CONNACK; the engine may look at it to its end
    session::engine           engine;
    std::shared_ptr<attempt>  asking = std::make_shared<attempt>();// until CONNACK
    std::shared_ptr<proving>  proof{};
    broker_listener const*    listener;
    std::string               address{};
    std::string               address_key{};                       // of what limits for each address count
    peer*                     next_dirty = nullptr;
    std::optional<time_point> own_deadline{};                      // of whoever drives the stream
    std::optional<time_point> paused_until{};
    rate                      publishing{};
    std::size_t               early_bytes = 0;                     // before there was a whole CONNECT
    stage                     at = stage::unknown;
    bool                      is_local = false;
    bool                      is_dirty = false;
    bool                      is_awaiting = false;                 // a commit
    bool                      is_draining = false;
    bool                      is_counted = false;                  // among those that are not let in yet
    bool                      wants_close = false;                 // at once, without a word

    /// Whoever still has something to answer it is not listened to.
    void forget_asked() noexcept {
        if (asking) asking->from = nullptr;
        if (proof) proof->from = nullptr;
    }
};

inline client_identity member::identity() const noexcept {
    return {client_id, user_name, at ? std::string_view(at->address) : std::string_view()};
}

} // namespace aldis::serving
