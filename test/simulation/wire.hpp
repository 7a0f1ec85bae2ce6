// One direction of a connection: the bytes on their way, and what each packet among them is about.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <aldis/codec/decode.hpp>

namespace aldis::simulation {

/// What the simulation remembers of a packet, so that it knows when the other side has it.
struct packet_note {
    std::size_t  end = 0;                                          // the first byte behind it
    packet_type  type{};
    packet_id    id = 0;
    int          message = -1;                                     // of a PUBLISH
    reason_code  reason = reason_code::success;
    bool         session_present = false;                          // of a CONNACK
};

/// A queue without memory traffic: emptied again and again.
template <class T>
class fifo {
public:
    bool empty() const noexcept { return first_ == items_.size(); }
    T& front() noexcept { return items_[first_]; }
    void push(T item) { items_.push_back(item); }
    void pop() noexcept { ++first_; }
    void clear() noexcept { items_.clear(); first_ = 0; }
    auto begin() noexcept { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() noexcept { return items_.end(); }

private:
    std::vector<T> items_{};
    std::size_t    first_ = 0;
};

struct wire {
    byte_buffer                  bytes{};                          // all that the sender ever showed
    std::size_t                  sent = 0;                         // of these the sender has handed over,
    std::size_t                  taken = 0;                        // and the receiver has read
    fifo<packet_note>            packets{};                        // not read yet
    std::array<std::int8_t, 16>  aliases{};                        // the topic by alias, -1: none
    bool                         closed = false;                   // the sender hung up

    void clear() noexcept {
        bytes.clear();
        sent = taken = 0;
        packets.clear();
        aliases.fill(-1);
        closed = false;
    }
    std::size_t in_transit() const noexcept { return sent - taken; }
    std::size_t shown() const noexcept { return bytes.size() - sent; }
};

} // namespace aldis::simulation
