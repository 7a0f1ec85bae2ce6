// CONNECT and CONNACK: who talks, what was agreed, and which session goes on.
#include <utility>

#include <aldis/dissect/text.hpp>

#include "analysis.hpp"
#include "digest.hpp"
#include "limits.hpp"
#include "rules.hpp"

namespace aldis::follow {
namespace {

/// Client identifiers are names at one server.
std::string key_of(peer const& server, std::string_view client_id) {
    if (client_id.empty() || client_id.size() > limits::client_id) return {};
    auto key = server.address + '\n' + std::to_string(server.port) + '\n';
    return key.append(client_id);
}

/// What is kept of it for notes.
std::string_view name_of(std::string_view client_id) { return client_id.substr(0, dissect::whole_characters(client_id, limits::client_id)); }

void move_questions(question_table& from, question_table& to) {
    std::vector<question> moved;                                   // adding one may drop another
    from.for_each([&](question const& q) { moved.push_back(q); });
    from.clear();
    for (auto const& q : moved) {
        auto& added = to.add(q.id);
        added.kind = q.kind, added.qos = q.qos, added.step = q.step, added.filters = q.filters, added.digest = q.digest;
        added.first = q.first, added.last = q.last, added.topic = q.topic;
        if (q.counted) to.count(added);
    }
}

} // namespace

std::shared_ptr<session> analysis::new_session(bool complete) {
    auto made = std::make_shared<session>(pool_);
    for (auto& table : made->asked) table.complete = complete;
    return made;
}

void analysis::take_connect(talk& t, record& r) {
    auto& found = r.found;
    found.flow = flow_kind::connect;
    if (std::exchange(t.greeted, true)) {                          // a second one: nobody knows what holds now
        t.sure = false;
        leave(t);
        t.has = new_session(false);
        t.connect = {};
        return;
    }
    t.client_terms = terms_of(*r.tree);
    t.connect = mark_of(r);
    t.client_id.assign(name_of(r.what().client_id));
    t.key = key_of(r.target(), r.what().client_id);
    t.server = digest_of(to_bytes(r.target().address), 0);
    t.sure = r.of->via != carrier::raw && !r.is_wrong() && !r.tree->truncated && !t.ends[r.from].hole && r.tree->version_known;
    t.has = new_session(t.sure && t.client_terms.clean);
    t.has->connect = t.connect;
    t.pings_known = t.pings_whole = t.sure;
    t.subscribed = std::numeric_limits<std::int64_t>::max();
    if (auto const before = book_.find(t.key)) {
        found.resumes = before->connect;
        found.takes_over = before->at != nullptr;
    }
}

void analysis::take_connack(talk& t, record& r) {
    auto const& w = r.what();
    auto&       found = r.found;
    found.flow = flow_kind::connect;
    if (std::exchange(t.answered, true)) {
        if (t.judges()) accuse(*r.tree, rule::connack_again);
        return;
    }
    if (t.connect && !t.disordered) {
        found.question = found.answers = t.connect;
        found.completes = true;
        found.latency = r.at.time - t.connect.time;
    }
    t.server_terms = terms_of(*r.tree);
    t.has_all_terms = !r.tree->truncated;
    auto const assigned = std::exchange(t.server_terms.assigned_id, {});
    t.accepted_at = r.at.time;
    t.refused = w.reason.value_or(0) != 0;
    if (t.refused || !t.greeted) return;
    if (t.key.empty() && !assigned.empty()) {
        t.key = key_of(r.source(), assigned);
        t.client_id.assign(name_of(assigned));
    }
    bool const present = r.tree->version == protocol::v3_1 ? !t.client_terms.clean : t.server_terms.session_present;
    if (present && t.client_terms.clean && t.judges()) accuse(*r.tree, rule::session_after_clean_start);
    attach(t, present);
}

/// The connection has its session from here on: a new one, or the one that the client left.
void analysis::attach(talk& t, bool present) {
    auto const old = t.key.empty() ? nullptr : book_.find(t.key);
    if (old) take_over(*old, t);
    bool const complete = t.sure && !present && !t.disordered && !t.ends[0].hole && !t.ends[1].hole;
    if (complete && !t.client_terms.clean)
        for (auto& table : t.has->asked) table.complete = true;
    if (present) t.subscribed = std::numeric_limits<std::int64_t>::min();
    if (present && old) {
        for (unsigned side : {0U, 1U}) {
            auto& table = old->asked[side];
            table.complete = false;                                // it may have gone on in a connection that was not captured
            table.doubt();
            table.keep_messages();
            move_questions(t.has->asked[side], table);
        }
        t.has = old;
    } else if (present) {
        for (auto& table : t.has->asked) table.complete = false;
    }
    t.has->connect = t.connect;
    if (t.key.empty()) return;
    t.has->at = &t;
    book_.put(t.key, t.has);
}

/// Nobody is connected to its session any more.
void analysis::leave(talk& t) {
    if (t.has->at != &t) return;
    t.has->at = nullptr;
    book_.leave(t.key);
}

void analysis::take_over(session& old, talk& by) {
    auto* const loser = std::exchange(old.at, nullptr);
    if (loser == nullptr || loser == &by) return;
    loser->has = new_session(false);
    loser->taken_over = true;
    loser->sure = false;
}

} // namespace aldis::follow
