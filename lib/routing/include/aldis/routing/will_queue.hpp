// Wills: kept with a session, published when its connection is gone for long enough (3.1.2.5, 3.1.3.2.2).
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <aldis/routing/router.hpp>
#include <aldis/session/message.hpp>

namespace aldis::routing {

/// What a client left to be said. `expiry` counts from the publication.
struct will {
    session::message                 message{};
    qos_level                        qos = qos_level::at_most_once;
    bool                             retain = false;
    session::duration                delay{};                      // 0 or more
    std::optional<session::duration> expiry{};
};

/// The wills of all sessions, one for each at most: the owner of the sessions bounds them.
class will_queue {
public:
    struct due {
        session_no session = 0;
        will       what{};
    };

    /// A connection of `session` begins: the will of an earlier one is never published, unless that is due already (take_due() comes first),
    /// and this one is kept. Without a will nothing is kept. [MQTT-3.1.2-7] [MQTT-3.1.3-9]
    void connected(session_no session, std::optional<will> left);

    /// The connection ended with DISCONNECT 0x00. [MQTT-3.14.4-3]
    void drop(session_no session);

    /// The connection ended in another way: the will is due after its delay, or when the session ends if that is earlier;
    /// nothing as `session_ends` is a session without end. [MQTT-3.1.2-8]
    void disconnected(session_no session, session::time_point now, std::optional<session::time_point> session_ends);

    /// The session ended early, by Clean Start or by its owner: a will that waits for its delay is due at once. [MQTT-3.1.2-8]
    void ended(session_no session, session::time_point now);

    /// The next will that is due by `now`, in the order of their times; it is kept no longer. [MQTT-3.1.2-10]
    std::optional<due> take_due(session::time_point now);

    /// When the next one is due.
    std::optional<session::time_point> deadline() const noexcept;

    /// Wills that are kept, due or not.
    std::size_t size() const noexcept { return kept_.size(); }

private:
    struct kept {
        will                               what{};
        std::optional<session::time_point> due_at{};               // while the connection lasts: nothing
    };
    using all = std::unordered_map<session_no, kept>;

    void set_due(all::iterator at, session::time_point when);
    void erase(all::iterator at);

    all                                                    kept_{};
    std::set<std::pair<session::time_point, session_no>>   due_{};
};

} // namespace aldis::routing
