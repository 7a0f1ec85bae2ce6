// What frames bring, in the order of frames. While a segment is awaited that may be missing, all that comes behind the place is kept: what the
// wait was for can then still be told at the frame it belongs to.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "delivery.hpp"
#include "flow.hpp"

namespace aldis::app::dump {

class frame_queue {
public:
    static constexpr std::size_t max_frames = 8192;
    static constexpr std::size_t max_size = 4U << 20;

    /// Keeps from this frame on.
    void keep(frame_stamp at) {
        is_keeping_ = true;
        at_frame(at);
    }
    bool is_keeping() const noexcept { return is_keeping_; }
    /// More is kept than should be.
    bool is_full() const noexcept { return frames_.size() > max_frames || size_ > max_size; }

    /// Bytes up to the `next` of their direction, from a segment that acknowledged its `heard`. The same holds for gap() and end().
    void bytes(delivery const& d, flow& of, unsigned from, frame_stamp at, bytes_view data) {
        if (!is_keeping_) return of.stack.bytes({d, of.about, from, in_order(of, from, at, numbers_of(of, from))}, data);
        keep_bytes(of, from, at, data);
    }
    void gap(delivery const& d, flow& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped);
    void end(delivery const& d, flow& of, unsigned from, frame_stamp at);
    void forget(delivery const& d, std::unique_ptr<flow> of, frame_stamp at);
    void note(delivery const& d, frame_stamp at, std::string text);
    void frame_done(delivery const& d, frame_stamp at);

    /// Hands on all frames before number `before`.
    void release(delivery const& d, std::uint64_t before);
    /// Hands on everything, and keeps no more.
    void release_all(delivery const& d);

private:
    enum class event_type : std::uint8_t { bytes, gap, snapped, end, forget, note };
    /// The sequence number behind what is handed on, and how far its sender had heard the other end.
    struct numbers {
        std::uint32_t end = 0;
        std::uint32_t heard = 0;
        bool          has_heard = false;
    };
    struct event {
        event_type            type{};
        unsigned              from = 0;
        flow*                 of = nullptr;
        numbers               at{};
        std::uint64_t         size = 0;
        byte_buffer           data{};
        std::string           text{};
        std::unique_ptr<flow> gone{};
    };
    struct frame {
        frame_stamp        at{};
        bool               is_done = false;
        std::vector<event> events{};
    };

    static numbers numbers_of(flow const& of, unsigned from) noexcept {
        auto const& way = of.directions[from];
        return {way.next, way.heard, way.has_heard};
    }
    static frame_stamp in_order(flow& of, unsigned from, frame_stamp at, numbers said) noexcept;
    void   keep_bytes(flow& of, unsigned from, frame_stamp at, bytes_view data);
    frame& at_frame(frame_stamp at);
    void   hand_on(delivery const& d, event& one, frame_stamp at);
    void   hand_on_front(delivery const& d);

    std::deque<frame> frames_{};
    std::uint64_t     released_ = 0;                               // the last frame that was handed on whole
    std::size_t       size_ = 0;
    bool              is_keeping_ = false;
};

} // namespace aldis::app::dump
