// Messages that clients published, to be found again where the server delivers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <aldis/follow/findings.hpp>

namespace aldis::follow {

/// How far a receiver has come in messages that are alike, so that ten messages "on" are not all taken for the first.
class delivery_memory {
public:
    std::uint64_t last(std::uint64_t digest) const noexcept;
    void          remember(std::uint64_t digest, std::uint64_t number);
    /// Something was forgotten.
    bool is_full() const noexcept;

private:
    struct entry {
        std::uint64_t digest = 0;
        std::uint64_t number = 0;
    };
    std::vector<entry> seen_{};
    std::size_t        next_ = 0;
};

/// A window over what was published, the oldest first to go.
class message_window {
public:
    struct delivery {
        std::uint64_t digest = 0;                                  // of server, topic and payload
        std::int64_t  at = 0;
        std::int64_t  since = 0;                                   // the receiver cannot have earlier ones; not known: the least number
        bool          retained = false;
    };

    void publish(std::uint64_t digest, packet_mark const& at, bool retain);
    /// The packet that published what is delivered; none where it is not known.
    packet_mark deliver(delivery const& d, delivery_memory& receiver) const;

private:
    struct message {
        std::uint64_t digest = 0;
        std::uint64_t older = 0;                                   // number of the one before with this digest; 0: none
        packet_mark   at{};
        bool          retain = false;
    };

    message const* get(std::uint64_t number) const noexcept;

    std::vector<message>                             ring_{};
    std::uint64_t                                    count_ = 0;   // the number of the latest one
    std::unordered_map<std::uint64_t, std::uint64_t> latest_{};    // digest -> number
};

} // namespace aldis::follow
