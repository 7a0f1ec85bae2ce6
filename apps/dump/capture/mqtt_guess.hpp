// Whether bytes look like MQTT packets: by type, flags and lengths alone.
#pragma once

#include <cstddef>
#include <optional>

#include <aldis/codec/bytes.hpp>

#include "integers.hpp"

namespace aldis::app::dump {

/// Whether `first` can begin a packet: a type with the flags that belong to it.
constexpr bool may_begin_packet(unsigned first) noexcept {
    auto const type = first >> 4, flags = first & 0xF;
    if (type == 3) return (flags & 6) != 6;
    return type != 0 && flags == (type == 6 || type == 8 || type == 10 ? 2U : 0U);
}

/// How many whole packets `data` begins with; nothing when it is no chain of packets. `rest`: bytes of the last one, if that is cut.
inline std::optional<std::size_t> packets_in(bytes_view data, std::size_t& rest) noexcept {
    std::size_t count = 0;
    while (!data.empty()) {
        rest = data.size();
        if (!may_begin_packet(u8(data, 0))) return {};
        std::size_t length = 0, at = 1;
        for (unsigned shift = 0;; shift += 7) {
            if (at == data.size()) return count;
            auto const b = u8(data, at++);
            length |= std::size_t{b & 0x7FU} << shift;
            if ((b & 0x80) == 0) break;
            if (shift == 21) return {};
        }
        if (length > data.size() - at) return count;
        data = data.subspan(at + length);
        ++count;
    }
    rest = 0;
    return count;
}

} // namespace aldis::app::dump
