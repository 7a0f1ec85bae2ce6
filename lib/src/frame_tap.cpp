// Cuts the two byte streams of a connection into frames for whoever watches.
#include "frame_tap.hpp"

#include <algorithm>
#include <cstring>

namespace aldis {

void frame_tap::feed(direction which, bytes_view bytes) {
    auto& stream = streams_[static_cast<std::size_t>(which)];
    while (!bytes.empty()) {
        auto const space = stream.prepare();
        auto const part = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), part);
        stream.commit(part);
        bytes = bytes.subspan(part);
        for (;;) {
            auto const next = stream.next(max_packet_size);
            if (!next || !*next) break;
            auto const& frame = **next;
            see_(which, bytes_view(frame.body.data() - frame.header_size(), frame.size));
        }
    }
}

} // namespace aldis
