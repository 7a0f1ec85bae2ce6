// TCP: segments become bytes in order, whatever happened to them on the way into the capture.
#pragma once

#include <cstdint>
#include <vector>

#include "flow.hpp"
#include "frame_queue.hpp"

namespace aldis::app::dump {

class tcp_tracker {
public:
    explicit tcp_tracker(std::size_t max_conversations) : flows_(max_conversations) {}

    void segment(delivery const& d, frame_stamp at, tcp_segment const& s);
    void note(delivery const& d, frame_stamp at, std::string text) { queue_.note(d, at, std::move(text)); }
    /// To be called behind each frame, whatever was in it.
    void frame_done(delivery const& d, frame_stamp at);
    /// No frame for a while: what waited long enough by the clock `now` is decided.
    void idle(delivery const& d, std::int64_t now);
    /// The capture is over: nothing missing will come. The last frame's frame_done() is to follow.
    void finish(delivery const& d, frame_stamp at);

private:
    struct awaited {
        flow*    of = nullptr;
        unsigned from = 0;
    };
    struct arrival {                                               // a segment's bytes, on their place in the sequence
        std::uint32_t seq = 0;
        std::uint32_t cut = 0;
        bytes_view    data{};
        bool          is_last = false;

        std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(data.size()) + cut; }
    };

    flow& open(tcp_segment const& s, flow_key const& key, unsigned sender);
    void  retire(delivery const& d, flow& f, frame_stamp at);
    void  take_syn(delivery const& d, flow& f, unsigned from, frame_stamp at, tcp_segment const& s);
    static void learn_start(flow& f, unsigned from, tcp_segment const& s);
    void  take_ack(delivery const& d, flow& f, unsigned from, frame_stamp at, std::uint32_t ack);
    void  take_data(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a);
    void  take_reset(delivery const& d, flow& f, unsigned from, frame_stamp at);
    bool  is_stray(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a);
    void  accept(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a);
    void  hold(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a);
    void  fill(delivery const& d, flow& f, unsigned from, frame_stamp at);
    void  lose(delivery const& d, flow& f, unsigned from, bool all);
    void  drop_held(flow& f, unsigned from);
    void  no_longer_awaited(flow const& f, unsigned from);
    bool  decide(delivery const& d, awaited one, frame_stamp now);
    void  check_awaited(delivery const& d, frame_stamp now);

    flow_table           flows_;
    frame_queue          queue_{};
    std::vector<awaited> awaited_{};
    std::uint32_t        count_ = 0;
    frame_stamp          now_{};
    frame_stamp          last_{};
};

} // namespace aldis::app::dump
