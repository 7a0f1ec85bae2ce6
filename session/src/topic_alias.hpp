// Topic aliases of one connection, both directions (3.3.2.3.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aldis::session {

/// What the peer calls its topics. Grows with the aliases used, never with the maximum allowed.
class incoming_aliases {
public:
    /// `alias` stands for `topic` from now on.  [MQTT-3.3.2-12]
    void set(std::uint16_t alias, std::string_view topic);

    /// The topic of `alias`, which is not 0; empty when none was set. Lives until the next set().
    std::string_view find(std::uint16_t alias) const noexcept {
        return alias <= topics_.size() ? std::string_view{topics_[alias - 1U]} : std::string_view{};
    }

private:
    std::vector<std::string> topics_{};                            // of alias 1, 2, ...
};

/// What we call our topics: the least recently used alias is given to a topic that has none.
class outgoing_aliases {
public:
    /// `maximum`: what the peer allows; `automatic`: how many of them, from 1 on, are ours to assign.
    outgoing_aliases(std::uint16_t maximum, std::uint16_t automatic) : maximum_(maximum), automatic_(automatic) {}

    struct choice {
        std::uint16_t alias = 0;                                   // 0: none
        bool          known = false;                               // the peer has it: the topic can be left out
    };

    /// The alias for `topic`, assigned now if it has none.
    choice use(std::string_view topic);

    /// By hand: `alias` is not 0 and not above the maximum.  [MQTT-3.3.2-9]
    void set(std::uint16_t alias, std::string_view topic);

    /// The topic that the peer knows for `alias`, which is not 0; empty when none.
    std::string_view find(std::uint16_t alias) const noexcept;

private:
    struct entry {
        std::string   topic{};
        std::uint16_t older = 0;                                   // a list through the automatic ones, by alias; 0 ends it
        std::uint16_t newer = 0;
    };

    entry& at(std::uint16_t alias) noexcept { return entries_[alias - 1U]; }
    void make_room_for(std::uint16_t alias);
    void unlink(std::uint16_t alias) noexcept;
    void make_newest(std::uint16_t alias) noexcept;
    void name(std::uint16_t alias, std::string_view topic);

    std::uint16_t                                  maximum_;
    std::uint16_t                                  automatic_;
    std::uint16_t                                  oldest_ = 0;
    std::uint16_t                                  newest_ = 0;
    std::uint16_t                                  assigned_ = 0;  // automatic ones in use
    std::vector<entry>                             entries_{};
    std::unordered_map<std::string, std::uint16_t> by_topic_{};
    std::string                                    key_{};         // reused for look-ups
};

} // namespace aldis::session
