// Events of a source pass at once, or wait behind the first that cannot be decided yet.
#include "streams.hpp"

#include <algorithm>
#include <utility>

namespace aldis::app::dump {
namespace {

constexpr std::size_t max_probe = std::size_t{64} << 10;           // bytes of one end among which a beginning is looked for
constexpr std::size_t event_cost = 128;                            // what an event costs beside its bytes

} // namespace

streams::streams(stage& to, stream_options options) : to_(to), options_(std::move(options)), maker_(to, options_.packets) {}

streams::talk& streams::talk_of(conversation const& of) {
    if (last_ != nullptr && last_->of == &of) return *last_;
    auto& entry = talks_[of.number];
    if (!entry) {
        entry = std::make_unique<talk>();
        entry->of = &of;
        entry->from_start = of.saw_start || of.via == carrier::raw;
    }
    return *(last_ = entry.get());
}

void streams::drop_talk(talk& t) {
    if (last_ == &t) last_ = nullptr;
    maker_.forget(t);
    talks_.erase(t.of->number);
}

void streams::bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) {
    if (data.empty()) return;
    auto& t = talk_of(of);
    if (queue_.empty() && t.state == verdict::mqtt && !t.halves[from].lost) return take(t, from, at, data);
    if (t.state == verdict::ignored) {
        constexpr unsigned awakening = 64;
        if (examine(data, versions::both, sender::either).evidence < awakening) return;
        t.state = verdict::unknown;
        t.from_start = false;
    }
    hold({.kind = what::bytes, .of = &t, .from = from, .at = at, .data = {data.begin(), data.end()}});
}

void streams::gap(conversation const& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) {
    auto& t = talk_of(of);
    if (t.state == verdict::ignored) return;
    hold({.kind = what::gap, .of = &t, .from = from, .at = at, .size = size, .snapped = snapped});
}

void streams::end(conversation const& of, unsigned from, frame_stamp at) {
    hold({.kind = what::end, .of = &talk_of(of), .from = from, .at = at});
}

void streams::frame_done(frame_stamp at) {
    if (queue_.empty()) return to_.frame_done(at);
    hold({.kind = what::frame_done, .at = at});
}

void streams::note(frame_stamp at, conversation const* of, std::string const& text) {
    if (queue_.empty()) return to_.note(at, of, text);
    hold({.kind = what::note, .of = of != nullptr ? &talk_of(*of) : nullptr, .at = at, .text = text, .about = of});
}

void streams::forget(conversation const& of) {
    auto& t = talk_of(of);
    while (t.queued > 0) step(true);
    to_.forget(of);
    drop_talk(t);
}

void streams::finish() {
    drain(true);
    for (auto& [number, t] : talks_)
        for (unsigned from : {0U, 1U})
            if (t->state == verdict::mqtt && t->halves[from].last) maker_.tell_hole(*t, from, *t->halves[from].last);
    to_.finish();
}

// ---- waiting ----

void streams::hold(event e) {
    held_ += e.data.size() + event_cost;
    if (e.of != nullptr) {
        ++e.of->queued;
        feed(*e.of, e);
    }
    queue_.push_back(std::move(e));
    drain(false);
}

/// Shows an event to whoever waits for more bytes of its end.
void streams::feed(talk& t, event const& e) {
    if (t.state != verdict::unknown && !t.halves[e.from].lost) return;
    auto& p = t.probes[e.from];
    if (e.kind == what::gap || e.kind == what::end) p.closed = p.fresh = true;
    if (e.kind != what::bytes) return;
    if (p.closed) {                                                // what stood before the gap decided nothing
        if (t.state != verdict::unknown) return;                   // refill() will see these bytes
        p.drop += p.bytes.size();
        p.clear();
        p.gapped = true;
    }
    p.pieces.push_back(p.bytes.size());
    p.bytes.insert(p.bytes.end(), e.data.begin(), e.data.end());
    p.fresh = true;
}

/// Collects what is queued of an end that has just got lost.
void streams::refill(talk& t, unsigned from) {
    auto& p = t.probes[from];
    p.clear();
    p.drop = 0;
    for (auto const& e : queue_) {
        if (e.of != &t || e.from != from || e.kind == what::note) continue;
        feed(t, e);
        if (p.closed) return;
    }
}

void streams::drain(bool force) {
    while (!queue_.empty() && step(force || is_overdue())) {}
}

bool streams::is_overdue() const noexcept {
    bool const waited = options_.max_wait > 0 && queue_.back().at.time - queue_.front().at.time > options_.max_wait;
    return held_ > options_.max_held || waited;
}

/// Handles the first event of the queue, or decides something about its conversation; false when it has to wait.
bool streams::step(bool force) {
    auto& first = queue_.front();
    if (first.of != nullptr && first.kind != what::note) {
        auto&      t = *first.of;
        bool const silent = first.kind == what::end && t.probes[0].bytes.empty() && t.probes[1].bytes.empty();
        if (t.state == verdict::unknown && !silent && !settle(t, force)) return false;
        bool const searches = t.state == verdict::mqtt && t.halves[first.from].lost && first.kind == what::bytes;
        if (searches && t.probes[first.from].drop == 0 && !settle_half(t, first.from, force)) return false;
    }
    auto e = std::move(first);
    queue_.pop_front();
    held_ -= e.data.size() + event_cost;
    if (e.of != nullptr) --e.of->queued;
    handle(e);
    return true;
}

void streams::handle(event& e) {
    if (e.kind == what::frame_done) return to_.frame_done(e.at);
    if (e.kind == what::note) return to_.note(e.at, e.about, e.text);
    auto& t = *e.of;
    if (e.kind == what::end) {
        if (t.state == verdict::mqtt) maker_.end(t, e.from, e.at);
        else to_.end(*t.of, e.from, e.at);
        if (++t.ended == 2 && t.queued == 0) drop_talk(t);
        return;
    }
    if (t.state != verdict::mqtt) return;
    if (e.kind == what::bytes) return take(t, e.from, e.at, e.data);
    maker_.gap(t, e.from, e.at, e.size, e.snapped);
    if (t.halves[e.from].lost) refill(t, e.from);
}

/// Hands bytes to a conversation that is MQTT, without those that were given up; what is left when it gets lost goes to the front again.
void streams::take(talk& t, unsigned from, frame_stamp at, bytes_view data) {
    auto& p = t.probes[from];
    if (p.drop > 0) {
        auto const dropped = static_cast<std::size_t>(std::min<std::uint64_t>(p.drop, data.size()));
        p.drop -= dropped;
        maker_.skip(t, from, dropped);
        data = bytes_view{data.subspan(dropped)};
    }
    auto const taken = maker_.bytes(t, from, at, data);
    if (!t.halves[from].lost) return;
    bytes_view const rest{data.subspan(taken)};
    if (!rest.empty()) {
        held_ += rest.size() + event_cost;
        ++t.queued;
        queue_.push_front({.kind = what::bytes, .of = &t, .from = from, .at = at, .data = {rest.begin(), rest.end()}});
    }
    if (p.drop == 0) refill(t, from);
}

// ---- deciding ----

bool streams::is_connect(talk& t, unsigned from) const noexcept {
    return follow::begins_like_connect(t.probes[from].bytes).value_or(false);
}

/// The user said so.
bool streams::is_expected(talk const& t) const noexcept {
    auto const& ends = t.of->ends;
    return t.of->via == carrier::raw || options_.mqtt_ports.contains(ends[0].port) || options_.mqtt_ports.contains(ends[1].port);
}

bool streams::is_likely(talk const& t) const noexcept {
    auto const known = [](peer const& p) { return p.port == 1883 || p.port == 8883; };
    return is_expected(t) || t.of->via == carrier::ws || t.of->via == carrier::wss || known(t.of->ends[0]) || known(t.of->ends[1]);
}

namespace {

/// The first chain that says enough: `aligned` bits where it begins at the beginning of a piece, `anywhere` bits, and as many as a topic has
/// in its first packet, elsewhere.
template <class Find>
Find search(bytes_view in, std::vector<std::size_t> const& pieces, versions allowed, sender from, unsigned aligned, unsigned anywhere) noexcept {
    constexpr unsigned first_packet = 24, whole_pieces = 8;
    auto               piece = pieces.begin();
    for (std::size_t offset = 0; offset < in.size(); ++offset) {
        while (piece != pieces.end() && *piece < offset) ++piece;
        bool const at_piece = piece != pieces.end() && *piece == offset;
        bytes_view const rest{in.subspan(offset)};
        if (!at_piece && examine(rest, allowed, from, 1).evidence < first_packet) continue;
        auto const run = examine(rest, allowed, from);
        auto const bits = run.evidence + (run.fits() && !run.ends_inside ? whole_pieces : 0);
        if (run.packets > 0 && bits >= (at_piece ? aligned : anywhere)) return {true, offset, run};
    }
    return {};
}

} // namespace

streams::finds streams::look(talk const& t) const noexcept {
    constexpr unsigned aligned = 16, anywhere = 40;
    finds              ends;
    for (unsigned from : {0U, 1U}) {
        auto const& p = t.probes[from];
        if (!t.from_start || p.gapped) ends[from] = search<find>(p.bytes, p.pieces, versions::both, sender::either, aligned, anywhere);
        else if (!p.bytes.empty()) ends[from].run = examine(p.bytes, versions::both, sender::either);
        ends[from].found |= ends[from].run.packets > 0;
    }
    bool const same_role = (ends[0].run.from_client && ends[1].run.from_client) || (ends[0].run.from_server && ends[1].run.from_server);
    bool const no_version = (ends[0].run.possible & ends[1].run.possible) == versions::none;
    if (same_role || no_version) return {};
    return ends;
}

/// How many bits there should be more.
unsigned streams::missing_evidence(talk const& t, finds const& ends, bool force) const noexcept {
    struct bar { unsigned both, single; };
    bool const likely = is_likely(t);
    bar const  wanted = likely ? (force ? bar{16, 16} : bar{24, 32}) : (force ? bar{32, 40} : bar{48, 56});
    auto const there = ends[0].run.evidence + ends[1].run.evidence;
    auto const bits = ends[0].found && ends[1].found ? wanted.both : wanted.single;
    return there >= bits ? 0 : bits - there;
}

/// No more bytes can make MQTT of it.
bool streams::is_hopeless(talk const& t, finds const& ends) const noexcept {
    for (unsigned from : {0U, 1U}) {
        auto const& p = t.probes[from];
        bool const  begins_wrong = t.from_start && !p.gapped && ends[from].run.broken && ends[from].run.packets == 0;
        if (begins_wrong || p.bytes.size() >= max_probe) return true;
    }
    return t.probes[0].closed && t.probes[1].closed;
}

/// False while more bytes could tell.
bool streams::choose_version(talk& t, finds const& ends, bool force) const noexcept {
    constexpr std::size_t enough = 12;                             // packets
    auto const& a = ends[0].run;
    auto const& b = ends[1].run;
    auto const  possible = a.possible & b.possible;
    auto const  strong = a.strong_v5 + b.strong_v5;
    bool const  certain = possible != versions::both || strong > 0;
    bool const  full = t.probes[0].bytes.size() >= max_probe || t.probes[1].bytes.size() >= max_probe;
    bool const  over = t.probes[0].closed && t.probes[1].closed;
    if (!certain && !force && !full && !over && a.packets + b.packets < enough) return false;
    bool const v5 = possible == versions::v5 || (possible == versions::both && (strong + a.weak_v5 + b.weak_v5 > 0 || a.packets + b.packets == 0));
    t.version = v5 ? protocol::v5 : protocol::v3_1_1;
    t.surely_v5 = v5 && (strong > 0 || possible == versions::v5);
    t.version_from = version_source::guess;
    return true;
}

/// Decides a conversation: MQTT or not. False while it has to wait for more bytes.
bool streams::settle(talk& t, bool force) {
    if (!force && !t.probes[0].fresh && !t.probes[1].fresh) return false;
    t.probes[0].fresh = t.probes[1].fresh = false;
    if (options_.packets.version) t.version = *options_.packets.version, t.version_from = version_source::option;
    if (t.from_start && (is_connect(t, 0) || is_connect(t, 1))) {
        t.client = is_connect(t, 0) ? 0 : 1;
        return begin(t, {find{.found = true}, find{.found = true}}), true;
    }
    auto       ends = look(t);
    bool const whole = is_expected(t) && t.from_start;             // the user's word stands for evidence
    if (whole) ends[0].found = ends[1].found = true;
    bool const last = force || is_hopeless(t, ends);
    if (!whole && missing_evidence(t, ends, last) > 0) {
        if (last) ignore(t);
        return last;
    }
    if (!options_.packets.version && !choose_version(t, ends, force)) return false;
    return begin(t, ends), true;
}

/// From here on its bytes are packets: each end's from where its chain was found.
void streams::begin(talk& t, finds const& ends) {
    t.state = verdict::mqtt;
    for (unsigned from : {0U, 1U}) {
        auto& p = t.probes[from];
        auto& run = ends[from].run;
        if (!t.client && (run.from_client || run.from_server)) t.client = run.from_client ? from : 1 - from;
        if (p.gapped) continue;                                    // its bytes were dropped; the gap comes and the search begins anew
        t.halves[from].lost = !ends[from].found;
        p.drop = ends[from].offset;
        if (!t.halves[from].lost) p.clear();
        p.fresh = true;
    }
    if (!t.client && t.of->saw_start) t.client = 0;
}

void streams::ignore(talk& t) noexcept {
    t.state = verdict::ignored;
    t.probes = {};
}

/// Looks for where packets begin again in an end that got lost. False while it has to wait for more bytes.
bool streams::settle_half(talk& t, unsigned from, bool force) {
    constexpr unsigned aligned = 24, anywhere = 40;
    auto&              p = t.probes[from];
    if (!force && !std::exchange(p.fresh, false)) return false;
    auto const found = search<find>(p.bytes, p.pieces, follow::only(t.version), t.by(from), aligned, anywhere);
    if (found.found) {
        t.halves[from].lost = false;
        p.clear();
        p.drop = found.offset;
        return true;
    }
    if (!force && !p.closed && p.bytes.size() < max_probe) return false;
    p.drop = p.bytes.size();                                       // given up: they are skipped, and what follows is looked at
    p.clear();
    return true;
}

} // namespace aldis::app::dump
