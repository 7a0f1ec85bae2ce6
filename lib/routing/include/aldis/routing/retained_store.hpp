// Retained messages: the last one of each topic, found by name and by filter (3.3.1.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <aldis/session/message.hpp>

namespace aldis::routing {

/// What a store keeps at most. What is above is refused, and what was there stays.
struct retained_limits {
    std::size_t messages = 100'000;
    std::size_t bytes = std::size_t{256} << 20;                    // message::size() and retained_store::overhead for each
    std::size_t levels = 128;                                      // of a topic
};

/// A message as it is kept: `qos` is what it was published with.
struct retained_message {
    session::message                   message{};
    qos_level                          qos = qos_level::at_most_once;
    std::optional<session::time_point> expires_at{};
};

/// What became of a message with RETAIN.
enum class retained_outcome : std::uint8_t {
    kept,              // the first of its topic
    replaced,
    removed,           // it had no payload
    absent,            // it had no payload, and nothing was there
    too_many,          // refused, by the limit of that name
    too_large,
    too_deep,
};

/// Retained messages in the order of their levels, so that a filter skips every branch it does not lead into.
class retained_store {
public:
    /// Bytes counted for a message beside message::size().
    static constexpr std::size_t overhead = 128;

    explicit retained_store(retained_limits limits = {}) noexcept : limits_(limits) {}

    // Deadlines point at entries, so a copy would point at the original's.
    retained_store(retained_store const&) = delete;
    retained_store& operator=(retained_store const&) = delete;

    /// Holds from the next set() on; what is there stays.
    void limits(retained_limits value) noexcept { limits_ = value; }

    /// Keeps `m` in place of what its topic had; without payload removes that. What expired by `now` gives way first when room is
    /// short. Logarithmic. A refusal changes nothing else. [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]
    retained_outcome set(retained_message m, session::time_point now);

    /// The message of `topic`, or null; it stays valid until the next set() or expire(). Logarithmic.
    retained_message const* find(std::string_view topic, session::time_point now) const;

    /// Calls `see(retained_message const&)` for each message that `filter` (a valid one without its `$share/name/`) matches and that
    /// has not expired by `now`, in the order of topics. `see` must not change the store. Takes a logarithmic step for each
    /// match and each branch that had to be left. [MQTT-4.7.2-1]
    template <class See>
    void match(std::string_view filter, session::time_point now, See see) const {
        for (auto const* each = first(filter, now); each; each = next(*each, filter, now)) see(*each);
    }

    /// Drops what has expired by `now`; gives how many that were. `see(session::message const&)` is called for each before it goes.
    std::size_t expire(session::time_point now, std::function<void(session::message const&)> const& see = {});

    /// When the next one expires.
    std::optional<session::time_point> deadline() const noexcept;

    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

    /// The first match of `filter`, and the one after the topic of `from`, kept or not; null when there is none. For walks that pause.
    retained_message const* first(std::string_view filter, session::time_point now) const;
    retained_message const* next(retained_message const& from, std::string_view filter, session::time_point now) const;

private:
    /// Byte by byte with `/` before all others: what is below a topic follows it directly.
    struct by_topic {
        using is_transparent = void;
        static std::string_view topic(retained_message const& m) noexcept { return m.message.topic(); }
        static std::string_view topic(std::string_view name) noexcept { return name; }
        static bool before(std::string_view a, std::string_view b) noexcept;
        template <class A, class B>
        bool operator()(A const& a, B const& b) const noexcept { return before(topic(a), topic(b)); }
    };
    using entries = std::set<retained_message, by_topic>;

    static std::size_t cost(retained_message const& m) noexcept { return m.message.size() + overhead; }

    std::optional<retained_outcome> refusal(retained_message const& m, entries::const_iterator old) const noexcept;
    retained_message const*         seek(entries::const_iterator from, std::string_view filter, session::time_point now) const;
    void                            erase(entries::const_iterator at) noexcept;

    retained_limits                                                     limits_;
    entries                                                             entries_{};
    std::set<std::pair<session::time_point, retained_message const*>>   deadlines_{};
    std::size_t                                                         bytes_ = 0;
};

} // namespace aldis::routing
