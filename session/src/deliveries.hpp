// Outgoing messages of a session in one slab, each in one of three lists that keep their order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <aldis/session/delivery.hpp>
#include <aldis/session/message.hpp>

namespace aldis::session {

using slot_no = std::uint32_t;
inline constexpr slot_no no_slot = 0xFFFF'FFFF;

/// An outgoing message between enqueue() and its end.
struct outgoing {
    message                    content{};                          // let go once PUBREC came
    delivery_no                no = 0;
    std::optional<time_point>  expires_at{};
    std::vector<std::uint32_t> subscription_ids{};
    std::uint64_t              ready = 0;                          // the batch that must be committed before the next packet leaves
    std::uint32_t              sent_on = 0;                        // the connection on which that packet last went into the output
    slot_no                    previous = no_slot;
    slot_no                    next = no_slot;
    packet_id                  id = 0;                             // 0: not started
    std::uint16_t              topic_alias = 0;
    qos_level                  qos = qos_level::at_most_once;
    bool                       retain = false;
    bool                       written = false;                    // its PUBLISH was put into a write: the next one is a duplicate
    out_state                  waits = out_state::wait_puback;
    reason_code                reason = reason_code::success;      // PUBREC's
};

class deliveries {
public:
    struct order {
        slot_no     first = no_slot;
        slot_no     last = no_slot;
        std::size_t count = 0;
    };

    outgoing&       operator[](slot_no at) noexcept { return slots_[at]; }
    outgoing const& operator[](slot_no at) const noexcept { return slots_[at]; }

    slot_no make(outgoing made) {
        if (free_ == no_slot) {
            slots_.push_back(std::move(made));
            return static_cast<slot_no>(slots_.size() - 1);
        }
        slot_no const at = free_;
        free_ = slots_[at].next;
        slots_[at] = std::move(made);
        slots_[at].next = no_slot;
        return at;
    }

    void free(slot_no at) noexcept {
        slots_[at] = outgoing{};
        slots_[at].next = free_;
        free_ = at;
    }

    void push_back(order& list, slot_no at) noexcept {
        slots_[at].previous = list.last;
        slots_[at].next = no_slot;
        (list.last == no_slot ? list.first : slots_[list.last].next) = at;
        list.last = at;
        ++list.count;
    }

    void push_front(order& list, slot_no at) noexcept {
        slots_[at].previous = no_slot;
        slots_[at].next = list.first;
        (list.first == no_slot ? list.last : slots_[list.first].previous) = at;
        list.first = at;
        ++list.count;
    }

    void remove(order& list, slot_no at) noexcept {
        auto const [previous, next] = std::pair{slots_[at].previous, slots_[at].next};
        (previous == no_slot ? list.first : slots_[previous].next) = next;
        (next == no_slot ? list.last : slots_[next].previous) = previous;
        slots_[at].previous = slots_[at].next = no_slot;
        --list.count;
    }

private:
    std::vector<outgoing> slots_{};
    slot_no               free_ = no_slot;
};

} // namespace aldis::session
