// Where a client's session outlives its process: messages on their way, identifiers in use, subscriptions, the client identifier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <aldis/error.hpp>
#include <aldis/session/state.hpp>

namespace aldis {

/// A subscription as a store keeps it.
struct kept_subscription {
    std::string   filter{};
    std::uint8_t  options = 0;                                     // the byte that follows the filter in SUBSCRIBE
    std::uint32_t identifier = 0;                                  // 0: none

    friend bool operator==(kept_subscription const&, kept_subscription const&) = default;
};

/// One session's store. A client that is given one lets nothing leave that the store has not made true yet: no PUBLISH before its message
/// is kept, no acknowledgement before its identifier is. One client uses it at a time.
class session_store {
public:
    using change = session::change;

    /// What was committed: the changes, applied in order to an empty session::state, make the session again.
    struct contents {
        std::string                    client_id{};                // as the server assigned it; empty where it was ours
        std::vector<change>            changes{};
        std::vector<kept_subscription> subscriptions{};
    };

    struct subscription_change {
        kept_subscription what{};
        bool              is_gone = false;                         // only the filter counts then
    };

    struct batch {
        std::vector<change>              changes{};
        std::optional<std::string>       client_id{};
        std::vector<subscription_change> subscriptions{};
    };

    using commit_handler = std::function<void(error_code)>;

    session_store() = default;
    session_store(session_store const&) = delete;
    session_store& operator=(session_store const&) = delete;
    virtual ~session_store() = default;

    /// Opens it for one client. What does not make sense is an error, and `into` is empty then. Fails with error::store_in_use until the
    /// client before has called close().
    virtual error_code load(contents& into) = 0;

    /// Makes a batch true as a whole, or fails and keeps nothing of it. `done` is called once, on any thread, also inside this call. One
    /// batch at a time; it is not changed until then. The next one may be given inside `done`, also while close() waits.
    virtual void commit(std::shared_ptr<batch const> what, commit_handler done) = 0;

    /// The client is done with it: what was given is made true first, and `done` of it called. load() may be called again.
    virtual void close() noexcept = 0;

    /// What failed last, in a line for people: "lamp.db: database or disk is full"; empty where the error code says it all. From any thread.
    virtual std::string failure() const { return {}; }
};

/// Bounds of a store in a file. A commit beyond either fails with error::store_full.
class sqlite_store_options {
public:
    sqlite_store_options() = default;

    /// Of the file, 1 GiB by default, not less than 64 KiB. Beside it lies a log of what is not in it yet, as large as the largest commits.
    sqlite_store_options& max_bytes(std::uint64_t value) noexcept { max_bytes_ = value; return *this; }
    /// Outgoing messages, 100,000 by default.
    sqlite_store_options& max_messages(std::size_t value) noexcept { max_messages_ = value; return *this; }

    std::uint64_t max_bytes() const noexcept { return max_bytes_; }
    std::size_t   max_messages() const noexcept { return max_messages_; }

private:
    std::uint64_t max_bytes_ = 1ULL << 30U;
    std::size_t   max_messages_ = 100'000;
};

/// A store in an SQLite file (write-ahead log, synchronous FULL) with a thread of its own. The file is made, with mode 0600, when load() is
/// called; its folder must exist. One process at a time uses it. Whoever closes it last waits until what was given is written.
std::shared_ptr<session_store> make_sqlite_store(std::string path, sqlite_store_options const& options = {});

/// A store that lives as long as the object: a session outlives its client, not its process.
std::shared_ptr<session_store> make_memory_store();

} // namespace aldis
