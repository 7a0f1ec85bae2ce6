// Conversations: found, followed, closed; what was never answered in them.
#include "analysis.hpp"

#include <algorithm>

#include <aldis/follow/analysis.hpp>

#include "limits.hpp"

namespace aldis::follow {
namespace {

struct name_row {
    flow_kind        kind;
    flow_step        step;
    std::string_view name;
};

/// What waits for an answer, by the latest step.
constexpr name_row names[]{
    {flow_kind::publish, flow_step::asked, "PUBLISH"},       {flow_kind::publish, flow_step::received, "PUBREC"},
    {flow_kind::publish, flow_step::released, "PUBREL"},     {flow_kind::subscribe, flow_step::asked, "SUBSCRIBE"},
    {flow_kind::unsubscribe, flow_step::asked, "UNSUBSCRIBE"},
};

std::string name_of(question const& q) {
    for (auto const& row : names)
        if (row.kind == q.kind && row.step == q.step) return std::string{row.name} + " (id=" + std::to_string(q.id) + ')';
    return {};
}

struct waiting {
    packet_mark at{};
    std::string name{};
};

/// In the order of frames.
std::vector<waiting> waiting_in(talk const& t) {
    std::vector<waiting> all;
    if (t.greeted && !t.answered && t.sure && !t.ends[0].hole && !t.ends[1].hole) all.push_back({t.connect, "CONNECT"});
    for (auto const& table : t.has->asked) {
        table.for_each([&](question const& q) {
            if (table.is_sure(q) && q.last.stream == t.of->number) all.push_back({q.last, name_of(q)});
        });
    }
    if (t.pings_known)
        for (auto const& p : t.pings) all.push_back({p, "PINGREQ"});
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.at.frame != b.at.frame ? a.at.frame < b.at.frame : a.at.pdu < b.at.pdu; });
    return all;
}

} // namespace

std::unique_ptr<stage> make_analysis(stage& next) { return std::make_unique<analysis>(next); }

packet_mark mark_of(record const& r) noexcept { return {.frame = r.at.number, .time = r.at.time, .pdu = r.pdu, .stream = r.of->number}; }

talk& analysis::talk_of(conversation const& of) {
    if (last_ != nullptr && last_->of == &of) return *last_;
    auto& t = talks_[&of];
    if (!t) {
        t = std::make_unique<talk>();
        t->of = &of;
        t->has = new_session(false);
    }
    return *(last_ = t.get());
}

void analysis::packet(record& r) {
    now_ = r.at;
    auto& t = talk_of(*r.of);
    if (r.at.unordered) disorder(t);
    else t.disordered = false;
    if (r.by != sender::either) {
        t.client = r.by == sender::client ? r.from : 1 - r.from;
        if (r.other_misses) miss(t, 1 - r.from, r.at.time);
        if (r.tree->malformed) miss(t, r.from, r.at.time);
        else step(t, r);
        t.ends[r.from].heard = r.at.time;
    }
    next().packet(r);
}

void analysis::step(talk& t, record& r) {
    using enum packet_type;
    bool const from_client = r.by == sender::client;
    judge(t, r);
    switch (static_cast<packet_type>(r.what().type)) {
    case connect: if (from_client) take_connect(t, r); break;
    case connack: if (!from_client) take_connack(t, r); break;
    case publish: take_publish(t, r); break;
    case puback: case pubrec: case pubcomp: take_ack(t, r); break;
    case pubrel: take_pubrel(t, r); break;
    case subscribe: case unsubscribe: if (from_client) take_request(t, r); break;
    case suback: case unsuback: if (!from_client) take_reply(t, r); break;
    case pingreq: if (from_client) take_pingreq(t, r); break;
    case pingresp: if (!from_client) take_pingresp(t, r); break;
    case disconnect: t.ends[r.from].left = true; break;
    default: break;
    }
    if (from_client && t.answered && !r.at.unheard) t.heard_terms = true;
    if (t.disordered)
        for (auto& table : t.has->asked) table.complete = false;
}

/// Bytes from this end are missing: questions of its own that nobody saw, and answers to the other one's.
void analysis::miss(talk& t, unsigned from, std::int64_t at) {
    auto& end = t.ends[from];
    end.hole = true;
    end.heard.reset();
    if (!t.client) return;
    auto const side = t.side_of(from);
    t.has->asked[side].complete = false;
    t.has->asked[1 - side].doubt();
    if (side == 0 || !t.pings.empty()) t.pings_known = false;
    t.pings_whole = false;
    t.ping_at = at;
}

/// What one end said was captured behind the other's reaction to it: whatever is open may be answered already.
void analysis::disorder(talk& t) {
    if (t.disordered) return;
    t.disordered = true;
    for (auto& table : t.has->asked) {
        table.clear();
        table.complete = false;
    }
    for (auto& end : t.ends) end.hole = true;
    t.pings.clear();
    t.pings_known = t.pings_whole = false;
}

void analysis::gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) {
    miss(talk_of(of), from, at.time);
    next().gap(of, from, at, what);
}

void analysis::end(conversation const& of, unsigned from, frame_stamp at) {
    now_ = at;
    next().end(of, from, at);
    auto const found = talks_.find(&of);
    if (found == talks_.end()) return;
    auto& t = *found->second;
    t.ends[from].ended = true;
    if (!t.ends[1 - from].ended) return;
    tell_unanswered(t, at);
    close(t);
}

void analysis::forget(conversation const& of) {
    if (auto const found = talks_.find(&of); found != talks_.end()) close(*found->second);
    next().forget(of);
}

void analysis::close(talk& t) {
    leave(t);
    if (last_ == &t) last_ = nullptr;
    talks_.erase(t.of);
}

void analysis::tell_unanswered(talk& t, frame_stamp at) {
    if (t.taken_over || t.disordered) return;
    auto const all = waiting_in(t);
    if (all.empty()) return;
    auto text = "conversation " + std::to_string(t.of->number);
    if (!t.client_id.empty()) text += " (\"" + t.client_id + "\")";
    text += " has no answer to ";
    auto const named = std::min(all.size(), limits::named_in_note);
    for (std::size_t i = 0; i < named; ++i) text += (i > 0 ? ", " : "") + all[i].name + " of frame " + std::to_string(all[i].at.frame);
    if (named < all.size()) text += " and " + std::to_string(all.size() - named) + " more";
    next().note(at, t.of, text);
}

void analysis::finish() {
    std::vector<talk*> open;
    for (auto const& [of, t] : talks_)
        if (!t->taken_over && !t->disordered && !waiting_in(*t).empty()) open.push_back(t.get());
    std::sort(open.begin(), open.end(), [](talk const* a, talk const* b) { return a->of->number < b->of->number; });
    auto const told = std::min(open.size(), limits::notes_at_end);
    for (std::size_t i = 0; i < told; ++i) tell_unanswered(*open[i], now_);
    if (told < open.size()) next().note(now_, nullptr, "as many as " + std::to_string(open.size() - told) + " more conversations have unanswered packets");
    next().finish();
}

} // namespace aldis::follow
