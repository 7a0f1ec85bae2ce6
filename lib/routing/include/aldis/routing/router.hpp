// Who receives a message: subscriptions of sessions, and groups that share one (3.8.4, 4.7, 4.8.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/codec/topic_trie.hpp>
#include <aldis/codec/wire_list.hpp>

namespace aldis::routing {

/// A session, by a number that its owner chose.
using session_no = std::uint64_t;

struct router_limits {
    std::size_t subscriptions = 1'000;                             // of one session
    std::size_t levels = 128;                                      // of a filter, without its `$share/name/`
};

/// What became of a subscription.
enum class subscribed : std::uint8_t {
    added,
    replaced,          // the session had one with this filter
    too_many,          // refused, by the limit of that name; nothing changed
    too_deep,
};

/// What a member of a shared subscription can do with a message now.
enum class readiness : std::uint8_t { now, later, never };

/// What routing needs to know of a message.
struct routed {
    std::string_view topic{};
    qos_level        qos = qos_level::at_most_once;
    bool             retain = false;                               // as it was published
    session_no       from = 0;                                     // the publisher's, for No Local; 0: nobody's
};

/// One copy of a message for one session.
struct routed_copy {
    session_no                     to = 0;
    qos_level                      qos = qos_level::at_most_once;
    bool                           retain = false;
    bool                           is_shared = false;
    std::span<std::uint32_t const> subscription_ids{};             // valid during the call
};

/// The subscriptions of all sessions. Filters are valid ones.
class router {
public:
    explicit router(router_limits limits = {}) noexcept : limits_(limits) {}

    router(router const&) = delete;
    router& operator=(router const&) = delete;

    /// Holds from the next subscribe() on; what is there stays.
    void limits(router_limits value) noexcept { limits_ = value; }

    /// Adds what `session` (not 0) wants, or changes it in one step: no message is missed meanwhile. `subscription_id` 0 is none.
    /// [MQTT-3.8.4-3]
    subscribed subscribe(session_no session, subscription const& wanted, std::uint32_t subscription_id);

    /// False when there was none with exactly this filter.
    bool unsubscribe(session_no session, std::string_view filter);

    /// Takes all that a session has.
    void remove(session_no session);

    /// Calls `deliver(routed_copy const&)` for each session that wants the message: once for all its own subscriptions together, at the highest
    /// QoS among them and with all their identifiers, and once more for each group whose turn fell on it. A group's turn goes to the next
    /// member for which `ready(session_no)` is `now`, else to the next for which it is `later`; without any the group gets nothing.
    /// Neither may change the router. Allocates only while its scratch space grows.
    /// [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]
    template <class Ready, class Deliver>
    void route(routed const& message, Ready ready, Deliver deliver) {
        collect(message);
        for (std::size_t at = 0; at < found_.size();) deliver(next_copy(message, at));
        for (auto* const each : groups_found_)
            if (auto const* const member = choose(*each, ready)) deliver(shared_copy(message, *member));
    }

    /// Subscriptions of all sessions, and of one.
    std::size_t size() const noexcept { return size_; }
    std::size_t size(session_no session) const noexcept;

    /// Calls `see(subscription const&, std::uint32_t id)` for each subscription of a session, in the order in which they were made.
    template <class See>
    void each(session_no session, See see) const {
        auto const had = sessions_.find(session);
        if (had == sessions_.end()) return;
        for (auto const& one : had->second) {
            subscription wanted;
            wanted.filter = one->filter;
            wanted.qos = one->qos;
            wanted.no_local = one->no_local;
            wanted.retain_as_published = one->retain_as_published;
            see(wanted, one->id);
        }
    }

private:
    struct group;
    struct entry {
        session_no    session = 0;
        std::string   filter{};                                    // as it was subscribed
        std::uint32_t id = 0;
        qos_level     qos = qos_level::at_most_once;
        bool          no_local = false;
        bool          retain_as_published = false;
        group*        shared = nullptr;
    };
    struct group {
        std::string         name{};                                // `$share/name/filter`
        std::vector<entry*> members{};
        std::size_t         turn = 0;
    };
    /// What the tree holds: one of the two.
    struct target {
        entry* own = nullptr;
        group* shared = nullptr;
        friend bool operator==(target const&, target const&) = default;
    };
    using owned = std::vector<std::unique_ptr<entry>>;

    static owned::iterator find(owned& all, std::string_view filter) noexcept;

    void        attach(entry& made, std::string_view filter);
    void        detach(entry& gone);
    void        collect(routed const& message);
    routed_copy next_copy(routed const& message, std::size_t& at);
    routed_copy shared_copy(routed const& message, entry const& member);

    template <class Ready>
    static entry const* choose(group& from, Ready& ready) {
        auto const  count = from.members.size();
        std::size_t chosen = count;
        for (std::size_t i = 0; i < count; ++i) {
            auto const at = (from.turn + i) % count;
            auto const state = ready(from.members[at]->session);
            if (state == readiness::later && chosen == count) chosen = at;
            if (state != readiness::now) continue;
            chosen = at;
            break;
        }
        if (chosen == count) return nullptr;
        from.turn = (chosen + 1) % count;
        return from.members[chosen];
    }

    router_limits                                           limits_;
    topic_trie<target>                                      tree_{};
    std::unordered_map<session_no, owned>                   sessions_{};
    std::unordered_map<std::string, std::unique_ptr<group>> groups_{};
    std::size_t                                             size_ = 0;

    // Scratch space of route().
    std::vector<entry const*>  found_{};
    std::vector<group*>        groups_found_{};
    std::vector<std::uint32_t> ids_{};
};

} // namespace aldis::routing
