// Packet identifiers: which are in use and for what, and which comes next (2.2.1).
#pragma once

#include <cstdint>

#include "id_map.hpp"

namespace aldis::session {

/// One rising sequence from 1 for all operations; an identifier in use is skipped, never given twice.  [MQTT-2.2.1-3] [MQTT-2.2.1-4]
class packet_ids {
public:
    explicit packet_ids(packet_id last) noexcept : last_(last) {}

    /// The next free identifier, now in use for `purpose`; 0 when all are taken.
    packet_id take(std::uint32_t purpose) {
        if (used_.size() >= last_) return 0;
        while (used_.find(next_)) step();
        packet_id const id = next_;
        used_.insert(id, purpose);
        step();
        return id;
    }

    /// Takes just this one; false when it is in use or out of range.
    bool take_this(packet_id id, std::uint32_t purpose) {
        if (id == 0 || id > last_ || used_.find(id)) return false;
        used_.insert(id, purpose);
        return true;
    }

    /// What `id` is in use for, or null.
    std::uint32_t const* find(packet_id id) const noexcept { return used_.find(id); }

    void release(packet_id id) noexcept { used_.erase(id); }
    std::size_t in_use() const noexcept { return used_.size(); }

private:
    void step() noexcept { next_ = next_ >= last_ ? packet_id{1} : static_cast<packet_id>(next_ + 1); }

    id_map<std::uint32_t> used_{};
    packet_id             last_;
    packet_id             next_ = 1;
};

} // namespace aldis::session
