// Segments of one direction that came before what belongs in front of them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <aldis/codec/bytes.hpp>

#include "../source.hpp"

namespace aldis::app::dump {

/// One of them, with the frame it came in.
struct held_segment {
    std::uint32_t seq = 0;
    std::uint32_t cut = 0;                                         // bytes behind `data` that the capture does not hold
    frame_stamp   at{};
    std::uint32_t heard = 0;                                       // its acknowledgement
    bool          has_heard = false;
    bool          is_last = false;                                 // carries FIN
    byte_buffer   data{};

    std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(data.size()) + cut; }
};

/// In the order of their sequence numbers, which are compared by their distance from the number that is wanted next.
class held_segments {
public:
    static constexpr std::size_t max_count = 4096;

    /// Adds one, unless another holds all of it.
    void add(held_segment one, std::uint32_t next) {
        auto const distance = one.seq - next;
        auto at = segments_.end();
        while (at != segments_.begin() && (at - 1)->seq - next > distance) --at;
        auto before = at;
        for (int looked_at = 0; before != segments_.begin() && looked_at < nearest; ++looked_at) {
            --before;
            if (before->seq - next + before->length() >= distance + one.length() && before->cut == 0 && before->is_last >= one.is_last) return;
        }
        size_ += one.data.size();
        segments_.insert(at, std::move(one));
    }
    held_segment take_front() {
        auto one = std::move(segments_.front());
        segments_.pop_front();
        size_ -= one.data.size();
        return one;
    }

    held_segment const& front() const noexcept { return segments_.front(); }
    bool                empty() const noexcept { return segments_.empty(); }
    std::size_t         count() const noexcept { return segments_.size(); }
    std::size_t         size() const noexcept { return size_; }

    frame_stamp                opened{};                           // when the bytes in front were first missed
    frame_stamp                brought{};                          // the frame that brought the bytes in front, if later than those that wait
    std::optional<frame_stamp> missed{};                           // when the other end was first seen to have them
    bool                       is_awaited = false;                 // what follows in the capture waits for them

private:
    static constexpr int nearest = 8;                              // neighbours that are looked at for a repetition

    std::deque<held_segment> segments_{};
    std::size_t              size_ = 0;
};

} // namespace aldis::app::dump
