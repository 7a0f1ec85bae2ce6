// All stages from captured frames to the sink, joined.
#pragma once

#include <cstdint>
#include <string>

#include "../inputs.hpp"
#include "delivery.hpp"
#include "key_log.hpp"
#include "segment.hpp"
#include "tcp_tracker.hpp"

namespace aldis::app::dump {

class pipeline {
public:
    explicit pipeline(capture_options const& options)
        : keys_(options.key_log()), budget_(options.max_held()), tracker_(options.max_conversations()) {}

    key_log& keys() noexcept { return keys_; }

    /// What is in a frame, up to its end: done() is to follow.
    void frame(sink& to, captured_frame const& frame) {
        auto const  d = through(to);
        tcp_segment segment;
        bool const  found = finder_.find(frame, segment);
        if (finder_.has_note()) tracker_.note(d, frame.at, finder_.take_note());
        if (found) tracker_.segment(d, frame.at, segment);
    }
    void done(sink& to, frame_stamp at) { tracker_.frame_done(through(to), at); }
    void idle(sink& to, std::int64_t now) { tracker_.idle(through(to), now); }
    /// Behind the last frame, instead of done().
    void finish(sink& to, frame_stamp at) { tracker_.finish(through(to), at); }

    delivery through(sink& to) noexcept { return {to, keys_, budget_, scratch_}; }

private:
    key_log        keys_;
    memory_budget  budget_;
    byte_buffer    scratch_{};
    segment_finder finder_{};
    tcp_tracker    tracker_;
};

} // namespace aldis::app::dump
