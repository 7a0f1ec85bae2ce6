// How many packets are in a stream of bytes that comes in pieces, by their fixed headers alone: 2.1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace aldis::serving {

class packet_count {
public:
    /// The packets that begin in these bytes, which follow those of the last call.
    std::uint64_t walk(std::span<std::byte const> bytes) noexcept {
        std::uint64_t begun = 0;
        while (!bytes.empty()) {
            std::size_t step = 1;
            if (is_in_length_) {
                read_length(std::to_integer<std::uint32_t>(bytes.front()));
            } else if (left_ > 0) {
                step = std::min<std::size_t>(left_, bytes.size());
                left_ -= static_cast<std::uint32_t>(step);
            } else {
                ++begun;
                is_in_length_ = true;
            }
            bytes = bytes.subspan(step);
        }
        return begun;
    }

private:
    void read_length(std::uint32_t byte) noexcept {
        left_ |= (byte & 0x7FU) << shift_;
        shift_ = static_cast<std::uint8_t>(shift_ + 7);
        if ((byte & 0x80U) != 0 && shift_ < 28) return;
        shift_ = 0;
        is_in_length_ = false;
    }

    std::uint32_t left_ = 0;                                       // of the body; of the length while that is read
    std::uint8_t  shift_ = 0;
    bool          is_in_length_ = false;
};

} // namespace aldis::serving
