// What frames bring, in the order of frames.
#include "frame_queue.hpp"

#include <algorithm>
#include <utility>

namespace aldis::app::dump {

// What belongs to a frame that was handed on already is told with the first that was not.
frame_queue::frame& frame_queue::at_frame(frame_stamp at) {
    auto place = std::lower_bound(frames_.begin(), frames_.end(), at.number, [](frame const& f, std::uint64_t number) { return f.at.number < number; });
    if (place != frames_.end() && (place->at.number == at.number || at.number <= released_)) return *place;
    auto const made = frames_.insert(place, frame{.at = at});
    return *made;
}

/// What the numbers of TCP tell about the order in which things were said.
frame_stamp frame_queue::in_order(flow& of, unsigned from, frame_stamp at, numbers said) noexcept {
    auto&      way = of.directions[from];
    auto&      other = of.directions[1 - from];
    auto const is_behind = [](std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; };
    bool const unseen = said.has_heard && is_behind(other.told, said.heard);
    bool const middle = !way.begun && !std::exchange(way.has_told, true);   // what came before its first bytes is not known
    at.unordered = middle || !other.started || unseen || (other.has_reacted && is_behind(way.told, other.reacted));
    at.unheard = said.has_heard && is_behind(said.heard, other.told);
    way.told = said.end;
    if (said.has_heard && other.started && (!way.has_reacted || is_behind(way.reacted, said.heard))) way.reacted = said.heard;
    way.has_reacted |= said.has_heard && other.started;
    return at;
}

void frame_queue::keep_bytes(flow& of, unsigned from, frame_stamp at, bytes_view data) {
    size_ += data.size();
    at_frame(at).events.push_back({.type = event_type::bytes, .from = from, .of = &of, .at = numbers_of(of, from), .data = {data.begin(), data.end()}});
}

void frame_queue::gap(delivery const& d, flow& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) {
    if (!is_keeping_) {
        of.directions[from].told = of.directions[from].next;
        return of.stack.gap({d, of.about, from, at}, size, snapped);
    }
    at_frame(at).events.push_back({.type = snapped ? event_type::snapped : event_type::gap, .from = from, .of = &of, .at = numbers_of(of, from), .size = size});
}

void frame_queue::end(delivery const& d, flow& of, unsigned from, frame_stamp at) {
    if (!is_keeping_) {
        of.directions[from].told = of.directions[from].next;
        return of.stack.end({d, of.about, from, at});
    }
    at_frame(at).events.push_back({.type = event_type::end, .from = from, .of = &of, .at = numbers_of(of, from)});
}

void frame_queue::forget(delivery const& d, std::unique_ptr<flow> of, frame_stamp at) {
    if (!is_keeping_) return d.to.forget(of->about);
    at_frame(at).events.push_back({.type = event_type::forget, .gone = std::move(of)});
}

void frame_queue::note(delivery const& d, frame_stamp at, std::string text) {
    if (!is_keeping_) return d.to.note(at, nullptr, text);
    at_frame(at).events.push_back({.type = event_type::note, .text = std::move(text)});
}

void frame_queue::frame_done(delivery const& d, frame_stamp at) {
    if (is_keeping_) {
        at_frame(at).is_done = true;
        return;
    }
    released_ = at.number;
    d.to.frame_done(at);
}

void frame_queue::hand_on(delivery const& d, event& one, frame_stamp at) {
    bool const moves = one.type == event_type::gap || one.type == event_type::snapped || one.type == event_type::end;
    if (moves) one.of->directions[one.from].told = one.at.end;
    switch (one.type) {
    case event_type::bytes: return one.of->stack.bytes({d, one.of->about, one.from, in_order(*one.of, one.from, at, one.at)}, one.data);
    case event_type::gap:
    case event_type::snapped: return one.of->stack.gap({d, one.of->about, one.from, at}, one.size, one.type == event_type::snapped);
    case event_type::end: return one.of->stack.end({d, one.of->about, one.from, at});
    case event_type::forget: d.to.forget(one.gone->about); return one.gone.reset();
    case event_type::note: return d.to.note(at, nullptr, one.text);
    }
}

void frame_queue::hand_on_front(delivery const& d) {
    auto front = std::move(frames_.front());
    frames_.pop_front();
    for (auto& one : front.events) {
        hand_on(d, one, front.at);
        size_ -= one.data.size();
    }
    if (!front.is_done) return;
    released_ = front.at.number;
    d.to.frame_done(front.at);
}

void frame_queue::release(delivery const& d, std::uint64_t before) {
    while (!frames_.empty() && frames_.front().at.number < before) hand_on_front(d);
}

void frame_queue::release_all(delivery const& d) {
    while (!frames_.empty()) hand_on_front(d);
    is_keeping_ = false;
}

} // namespace aldis::app::dump
