// Packets that wait for a commit: what they acknowledge must be stored before they leave.
#pragma once

#include <cstdint>
#include <vector>

#include <aldis/codec/bytes.hpp>

namespace aldis::session {

/// First in, first out; a packet leaves once the batch it was stamped with is committed.
class gate {
public:
    bool empty() const noexcept { return first_ == marks_.size(); }
    std::size_t size() const noexcept { return bytes_.size() - taken_; }

    /// Where to encode the packet; then stamp().
    byte_buffer& bytes() noexcept { return bytes_; }
    void stamp(std::uint64_t batch) { marks_.push_back({batch, bytes_.size()}); }

    /// Moves what batch `done` makes true to `out`. True when something moved.
    bool release(std::uint64_t done, byte_buffer& out) {
        std::size_t end = taken_;
        while (first_ < marks_.size() && marks_[first_].batch <= done) end = marks_[first_++].end;
        if (end == taken_) return false;
        out.insert(out.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_), bytes_.begin() + static_cast<std::ptrdiff_t>(end));
        taken_ = end;
        if (empty()) clear();
        return true;
    }

    void clear() noexcept { bytes_.clear(); marks_.clear(); first_ = taken_ = 0; }

private:
    struct mark { std::uint64_t batch; std::size_t end; };

    byte_buffer       bytes_{};
    std::vector<mark> marks_{};
    std::size_t       first_ = 0;
    std::size_t       taken_ = 0;
};

} // namespace aldis::session
