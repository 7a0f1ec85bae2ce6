// Conversations: two ends, how they are connected, and the frames that carry what they say.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace aldis::follow {

enum class carrier : std::uint8_t { tcp, tls, ws, wss, raw };

/// One end of a conversation, as text: "127.0.0.1", "::1".
struct peer {
    std::string   address{};
    std::uint16_t port = 0;
};

/// A conversation. Lives until sink::forget() was called for it, or as long as its source; its number is that of tshark's tcp.stream.
struct conversation {
    std::uint32_t       number = 0;
    carrier             via = carrier::tcp;                        // settled before the first piece is brought
    std::array<peer, 2> ends{};                                    // [0] sent the SYN, or the first segment seen
    bool                saw_start = false;                         // the SYN was seen: bytes begin at the beginning
};

/// Frame: number from 1, nanoseconds since the epoch; and what TCP tells of who knew what. `unordered`: something of this conversation was
/// acknowledged and has not been captured up to here, so that an answer may come before what it answers. `unheard`: its sender had not
/// received yet all that the other end said before.
struct frame_stamp {
    std::uint64_t number = 0;
    std::int64_t  time = 0;
    bool          unordered = false;
    bool          unheard = false;
};

} // namespace aldis::follow
