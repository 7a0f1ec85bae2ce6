// Where what a broker has promised outlives its process: sessions, subscriptions, messages on their way, retained ones, wills.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <aldis/codec/types.hpp>
#include <aldis/routing/retained_store.hpp>
#include <aldis/routing/will_queue.hpp>
#include <aldis/session_store.hpp>

namespace aldis {

/// A session of a broker, without what is in it.
struct kept_session {
    routing::session_no                no = 0;                     // from 1; unique among those that live, below 2^22
    std::string                        client_id{};
    std::optional<std::string>         user_name{};                // whose it is; nothing: an anonymous client's
    protocol                           version = protocol::v5;     // spoken by the last connection
    std::uint32_t                      expiry = 0;                 // seconds after the connection; 0xFFFFFFFF: never
    std::optional<session::time_point> left_at{};                  // when its connection ended; nothing: it is connected

    friend bool operator==(kept_session const&, kept_session const&) = default;
};

/// A broker's store, for one broker at a time: an acknowledgement leaves after the commit that makes it true.
class broker_store {
public:
    using session_no = routing::session_no;

    /// One session with all that is in it: the changes, applied in order to an empty session::state, make it again.
    struct loaded_session {
        kept_session                   what{};
        std::vector<session::change>   changes{};
        std::vector<kept_subscription> subscriptions{};
        std::optional<routing::will>   will{};
    };

    struct contents {
        std::vector<loaded_session>            sessions{};
        std::vector<routing::retained_message> retained{};
    };

    // What can change. A batch has them in the order in which they happened.
    struct session_is { kept_session what{}; };                    // it began, or something about it is new
    struct session_ended { session_no no = 0; };                   // with all that was in it
    struct session_changed { session_no no = 0; session::change what{}; };
    struct subscribed { session_no no = 0; kept_subscription what{}; };
    struct unsubscribed { session_no no = 0; std::string filter{}; };
    struct will_is { session_no no = 0; std::optional<routing::will> what{}; };
    struct retained_is { routing::retained_message what{}; };      // without payload: there is none of this topic
    using entry = std::variant<session_is, session_ended, session_changed, subscribed, unsubscribed, will_is, retained_is>;
    using batch = std::vector<entry>;

    using commit_handler = session_store::commit_handler;

    broker_store() = default;
    broker_store(broker_store const&) = delete;
    broker_store& operator=(broker_store const&) = delete;
    virtual ~broker_store() = default;

    // As those of session_store.
    virtual error_code  load(contents& into) = 0;
    virtual void        commit(std::shared_ptr<batch const> what, commit_handler done) = 0;
    virtual void        close() noexcept = 0;
    virtual std::string failure() const = 0;
};

/// A store in an SQLite file (write-ahead log, synchronous FULL) with a thread of its own, made with mode 0600 when load() is called. The bound
/// on messages counts each queued one of each session; a payload that is queued for many is written once for each batch. One process at
/// a time uses the file. Whoever closes it last waits until what was given is written.
std::shared_ptr<broker_store> make_sqlite_broker_store(std::string path, sqlite_store_options const& options = {});

} // namespace aldis
