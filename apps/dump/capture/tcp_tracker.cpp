// TCP: segments become bytes in order.
#include "tcp_tracker.hpp"

#include <algorithm>

namespace aldis::app::dump {
namespace {

// What lies so far from the number that is wanted belongs to no window that was ever open.
constexpr std::int32_t furthest = 1 << 24;
constexpr std::uint8_t max_strays = 3;

constexpr std::size_t max_held = 4U << 20;                         // in one direction
constexpr std::size_t max_awaited = 64;

// How long the capture is kept back for a segment: one that the receiver has may have been captured late; one it has not will come again.
struct patience {
    std::uint64_t frames;
    std::int64_t  time;
};
constexpr patience when_acked{256, 200'000'000};
constexpr patience when_open{4096, 1'000'000'000};

bool is_over(patience most, frame_stamp since, frame_stamp now) noexcept {
    // Clocks of a damaged file are any numbers.
    auto const passed = static_cast<std::int64_t>(static_cast<std::uint64_t>(now.time) - static_cast<std::uint64_t>(since.time));
    return now.number - since.number >= most.frames || passed >= most.time || passed <= -most.time;
}

frame_stamp later(frame_stamp a, frame_stamp b) noexcept { return b.number > a.number ? b : a; }

void hear(flow_direction& way, tcp_segment const& s) noexcept {
    way.has_heard = s.has(tcp_flag::ack);
    way.heard = s.ack;
}

std::int32_t distance(std::uint32_t seq, std::uint32_t from) noexcept { return static_cast<std::int32_t>(seq - from); }

} // namespace

void tcp_tracker::segment(delivery const& d, frame_stamp at, tcp_segment const& s) {
    now_ = at;
    unsigned   sender = 0;
    auto const key = key_of(s, sender);
    auto*      f = flows_.find(key);
    if (f && (s.flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn) {
        auto const& way = f->directions[sender ^ f->first];
        if (way.started && way.first != s.seq) {                   // the ports are used again
            retire(d, *f, at);
            f = nullptr;
        }
    }
    if (!f) {
        if (auto* const idle_longest = flows_.in_the_way()) retire(d, *idle_longest, at);
        f = &open(s, key, sender);
    }
    auto const from = sender ^ f->first;
    auto&      way = f->directions[from];
    if (s.has(tcp_flag::ack)) {
        learn_start(*f, 1 - from, s);
        take_ack(d, *f, 1 - from, at, s.ack);
    }
    hear(way, s);

    // Nearly always: the next bytes, and nothing else to it.
    if (way.started && !way.held && !way.ended && s.seq == way.next && s.cut == 0 && (s.flags & (tcp_flag::syn | tcp_flag::fin | tcp_flag::rst)) == 0) {
        way.strays = 0;
        if (s.payload.empty()) return;
        way.next += static_cast<std::uint32_t>(s.payload.size());
        return queue_.bytes(d, *f, from, at, s.payload);
    }
    arrival a{.seq = s.seq, .cut = s.cut, .data = s.payload, .is_last = s.has(tcp_flag::fin)};
    if (s.has(tcp_flag::syn)) {
        take_syn(d, *f, from, at, s);
        ++a.seq;
    }
    if (a.length() != 0 || a.is_last) take_data(d, *f, from, at, a);
    if (s.has(tcp_flag::rst)) take_reset(d, *f, from, at);
}

flow& tcp_tracker::open(tcp_segment const& s, flow_key const& key, unsigned sender) {
    auto&      f = flows_.add(key);
    auto const is_answer = (s.flags & (tcp_flag::syn | tcp_flag::ack)) == (tcp_flag::syn | tcp_flag::ack);
    f.first = is_answer ? 1 - sender : sender;
    f.about.number = count_++;
    f.about.saw_start = s.has(tcp_flag::syn);
    for (unsigned end = 0; end < 2; ++end) {
        auto const in_key = end ^ f.first;
        f.about.ends[end] = {to_text(key.addresses[in_key], key.version), key.ports[in_key]};
    }
    if (is_answer) {                                               // it tells where the other end began
        auto& asked = f.directions[0];
        asked.started = asked.begun = true;
        asked.next = s.ack;
        asked.told = s.ack;
        asked.first = s.ack - 1;
    }
    return f;
}

void tcp_tracker::retire(delivery const& d, flow& f, frame_stamp at) {
    for (unsigned from = 0; from < 2; ++from)
        if (f.directions[from].held) lose(d, f, from, true);
    queue_.forget(d, flows_.take(f), at);
}

void tcp_tracker::take_syn(delivery const& d, flow& f, unsigned from, frame_stamp at, tcp_segment const& s) {
    auto& way = f.directions[from];
    if (way.started && way.first == s.seq) return;
    bool const again = way.started;                                // an answer to a SYN that was not seen
    if (again && way.held) lose(d, f, from, true);
    way.started = way.begun = true;
    way.first = s.seq;
    way.next = s.seq + 1;
    if (again) queue_.gap(d, f, from, at, 0, false);
    else way.told = way.next;
}

// Whoever asked for the connection, and has said nothing yet, acknowledges where the other end begins: an answer that the capture lacks.
void tcp_tracker::learn_start(flow& f, unsigned from, tcp_segment const& s) {
    auto&       way = f.directions[from];
    auto const& asked = f.directions[1 - from];
    if (way.started || !asked.begun || s.seq != asked.first + 1) return;
    way.started = way.begun = true;
    way.next = way.told = s.ack;
    way.first = s.ack - 1;
}

void tcp_tracker::take_ack(delivery const& d, flow& f, unsigned from, frame_stamp, std::uint32_t ack) {
    auto& way = f.directions[from];
    if (!way.has_ack || distance(ack, way.acked) > 0) way.acked = ack;
    way.has_ack = true;
    // The capture went on without waiting: what was lost is lost.
    if (way.held && !way.held->is_awaited && way.is_missed()) lose(d, f, from, false);
}

void tcp_tracker::take_data(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a) {
    auto& way = f.directions[from];
    if (!way.started) {
        // A keep-alive probe repeats a byte that was sent before.
        if (a.length() == 1 && !a.is_last && !a.data.empty() && a.data.front() == std::byte{0}) return;
        way.started = true;
        way.first = a.seq - 1;
        way.next = way.told = a.seq;
        if (f.about.saw_start) queue_.gap(d, f, from, at, 0, false);   // what it said before is not known
    }
    if (way.ended || is_stray(d, f, from, at, a)) return;
    if (distance(a.seq, way.next) > 0) return hold(d, f, from, at, a);
    accept(d, f, from, at, a);
    if (way.held) fill(d, f, from, at);
}

// Far away numbers are passed over, unless they go on: then that is where the connection is now.
bool tcp_tracker::is_stray(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a) {
    auto& way = f.directions[from];
    if (auto const far = distance(a.seq, way.next); far < furthest && far > -furthest) {
        way.strays = 0;
        return false;
    }
    way.strays = way.stray_next == a.seq ? static_cast<std::uint8_t>(way.strays + 1) : std::uint8_t{1};
    way.stray_next = a.seq + a.length();
    if (way.strays < max_strays) return true;
    if (way.held) lose(d, f, from, true);
    way.next = a.seq;
    queue_.gap(d, f, from, at, 0, false);
    way.strays = 0;
    return false;
}

// Brings what is new of a segment that begins at the wanted number or before.
void tcp_tracker::accept(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a) {
    auto&      way = f.directions[from];
    auto const known = way.next - a.seq;
    if (known > a.length() || way.ended) return;
    auto const size = static_cast<std::uint32_t>(a.data.size());
    if (known < size) {
        way.next = a.seq + size;
        queue_.bytes(d, f, from, at, a.data.subspan(known));
    }
    way.next = a.seq + a.length();
    auto const cut_from = std::max(known, size);
    if (cut_from < a.length()) queue_.gap(d, f, from, at, a.length() - cut_from, true);
    if (!a.is_last) return;
    ++way.next;
    way.ended = true;
    queue_.end(d, f, from, at);
}

void tcp_tracker::take_reset(delivery const& d, flow& f, unsigned from, frame_stamp at) {
    auto& way = f.directions[from];
    if (way.ended) return;
    if (way.held) lose(d, f, from, true);
    if (way.ended) return;
    way.ended = true;
    queue_.end(d, f, from, at);
}

// ---- what came too early ------------------------------------------------------------------------------------------------------------

void tcp_tracker::hold(delivery const& d, flow& f, unsigned from, frame_stamp at, arrival const& a) {
    auto& way = f.directions[from];
    if (way.held && (way.held->count() >= held_segments::max_count || way.held->size() + a.data.size() > max_held)) {
        lose(d, f, from, true);
        if (distance(a.seq, way.next) <= 0) return accept(d, f, from, at, a);
    }
    auto const charge = a.data.size() + sizeof(held_segment);
    if (!d.budget.take(charge)) {
        if (way.held) lose(d, f, from, true);
        if (auto const missing = distance(a.seq, way.next); missing > 0 && !way.ended) {
            way.next = a.seq;
            queue_.gap(d, f, from, at, static_cast<std::uint64_t>(missing), false);
        }
        return accept(d, f, from, at, a);
    }
    if (!way.held) {
        way.held = std::make_unique<held_segments>();
        way.held->opened = at;
        way.held->is_awaited = awaited_.size() < max_awaited;
        if (way.held->is_awaited) {
            awaited_.push_back({&f, from});
            queue_.keep(at);
        }
    }
    auto const count = way.held->count();
    way.held->add({.seq = a.seq, .cut = a.cut, .at = at, .heard = way.heard, .has_heard = way.has_heard, .is_last = a.is_last, .data = {a.data.begin(), a.data.end()}}, way.next);
    if (way.held->count() == count) d.budget.give(charge);
}

void tcp_tracker::drop_held(flow& f, unsigned from) {
    auto& way = f.directions[from];
    if (way.held->is_awaited) no_longer_awaited(f, from);
    way.held.reset();
}

void tcp_tracker::no_longer_awaited(flow const& f, unsigned from) {
    std::erase_if(awaited_, [&](awaited const& one) { return one.of == &f && one.from == from; });
}

// The bytes in front are there now: what was held comes with the frame that brought them.
void tcp_tracker::fill(delivery const& d, flow& f, unsigned from, frame_stamp at) {
    auto& way = f.directions[from];
    bool  has_moved = false;
    while (!way.held->empty() && distance(way.held->front().seq, way.next) <= 0) {
        auto const one = way.held->take_front();
        d.budget.give(one.data.size() + sizeof(held_segment));
        way.heard = one.heard, way.has_heard = one.has_heard;
        accept(d, f, from, at, {.seq = one.seq, .cut = one.cut, .data = one.data, .is_last = one.is_last});
        has_moved = true;
    }
    if (way.held->empty()) return drop_held(f, from);
    way.held->brought = at;
    if (!has_moved) return;
    way.held->opened = way.held->front().at;
    way.held->missed.reset();
}

// The bytes in front will not come: what is behind them is told where it was captured.
void tcp_tracker::lose(delivery const& d, flow& f, unsigned from, bool all) {
    auto&       way = f.directions[from];
    frame_stamp at = way.held->brought;                            // what is in front may have come later
    // Nothing is kept: it is too late for the frames it came in.
    if (!queue_.is_keeping()) at = now_;
    do {
        auto const& front = way.held->front();
        auto const  missing = distance(front.seq, way.next);
        at = later(at, front.at);
        if (missing > 0 && !way.ended) {
            way.next = front.seq;
            queue_.gap(d, f, from, at, static_cast<std::uint64_t>(missing), false);
        }
        while (!way.held->empty() && (way.ended || distance(way.held->front().seq, way.next) <= 0)) {
            auto const one = way.held->take_front();
            d.budget.give(one.data.size() + sizeof(held_segment));
            at = later(at, one.at);
            way.heard = one.heard, way.has_heard = one.has_heard;
            accept(d, f, from, at, {.seq = one.seq, .cut = one.cut, .data = one.data, .is_last = one.is_last});
        }
    } while (!way.held->empty() && (all || way.is_missed()));
    if (way.held->empty()) return drop_held(f, from);
    way.held->brought = at;
    way.held->opened = way.held->front().at;
    way.held->missed.reset();
}

// Whether the wait for one place is over.
bool tcp_tracker::decide(delivery const& d, awaited one, frame_stamp now) {
    auto& way = one.of->directions[one.from];
    auto& held = *way.held;
    if (way.is_missed()) {
        if (!held.missed) held.missed = now;
        if (!is_over(when_acked, *held.missed, now)) return false;
        lose(d, *one.of, one.from, false);
        return true;
    }
    if (!is_over(when_open, held.opened, now) && !queue_.is_full()) return false;
    // Nothing is seen of the other end: its word will not come either.
    if (!way.has_ack) return lose(d, *one.of, one.from, true), true;
    held.is_awaited = false;
    no_longer_awaited(*one.of, one.from);
    return true;
}

void tcp_tracker::check_awaited(delivery const& d, frame_stamp now) {
    for (std::size_t i = 0; i < awaited_.size();)
        if (!decide(d, awaited_[i], now)) ++i;
    if (queue_.is_full() && !awaited_.empty()) {
        auto const oldest = awaited_.front();
        lose(d, *oldest.of, oldest.from, true);
    }
    if (awaited_.empty()) return queue_.release_all(d);
    auto first = now.number;
    for (auto const& one : awaited_) first = std::min(first, one.of->directions[one.from].held->opened.number);
    queue_.release(d, first);
}

void tcp_tracker::frame_done(delivery const& d, frame_stamp at) {
    last_ = at;
    queue_.frame_done(d, at);
    if (queue_.is_keeping()) check_awaited(d, at);
}

void tcp_tracker::idle(delivery const& d, std::int64_t now) {
    if (queue_.is_keeping()) check_awaited(d, {last_.number, now});
}

void tcp_tracker::finish(delivery const& d, frame_stamp at) {
    now_ = at;
    queue_.keep(at);
    for (auto* f = flows_.oldest(); f; f = f->newer)
        for (unsigned from = 0; from < 2; ++from)
            if (f->directions[from].held) lose(d, *f, from, true);
    queue_.frame_done(d, at);
    queue_.release_all(d);
}

} // namespace aldis::app::dump
