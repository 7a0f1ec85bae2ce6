// Questions and their answers: 3.3.4, 3.8.4, 3.10.4, 3.12.4 and 4.3. An answer is matched only where no other question can have been meant.
#include "analysis.hpp"

#include "digest.hpp"
#include "limits.hpp"
#include "rules.hpp"

namespace aldis::follow {
namespace {

std::uint64_t digest_of_message(dissect::tree const& t) noexcept {
    auto const& w = t.what;
    if (t.truncated || !w.has_payload || w.topic.empty()) return 0;
    return digest_of(w.payload, digest_of(to_bytes(w.topic), 0));
}

bool is_failure(record const& r) noexcept { return is_v5(r.tree->version) && r.what().reason.value_or(0) >= 0x80; }

/// What `r` says of the flow that `q` began.
void link(record& r, question const& q, std::string& topic) {
    auto& found = r.found;
    found.flow = q.kind;
    if (q.kind == flow_kind::publish) found.qos = q.qos;
    found.question = q.first;
    found.answers = q.last;
    topic.assign(q.topic);
    found.topic = topic;
}

void complete(record& r) noexcept {
    auto& found = r.found;
    found.completes = true;
    if (found.question && found.question.stream == r.of->number) found.latency = r.at.time - found.question.time;
}

rule id_in_use(record const& r) noexcept { return r.by == sender::client ? rule::client_id_in_use : rule::server_id_in_use; }

std::uint32_t receive_maximum(talk const& t, record const& r) noexcept {
    constexpr std::uint32_t none = 65'535;
    if (!is_v5(r.tree->version)) return none;
    if (r.by == sender::server) return t.client_terms.receive_maximum;
    return t.binds_client() ? t.server_terms.receive_maximum : none;
}

} // namespace

void analysis::take_publish(talk& t, record& r) {
    auto const& w = r.what();
    auto const  digest = digest_of_message(*r.tree);
    r.found.flow = flow_kind::publish;
    r.found.qos = static_cast<std::uint8_t>(w.qos());
    r.found.completes = w.qos() == 0;
    r.found.topic = w.topic;
    bool const flows = (w.qos() == 1 || w.qos() == 2) && w.id.value_or(0) != 0 && !t.disordered;
    if (flows && !take_again(t, r, digest)) {
        auto& table = t.has->asked[t.side_of(r.from)];
        auto* const before = table.find(*w.id);
        bool const in_use = before != nullptr && table.is_sure(*before) && before->last.stream == r.of->number;
        if (in_use && t.judges()) accuse(*r.tree, id_in_use(r));
        ask(t, r, table.add(*w.id), digest);
    }
    if (flows && t.judges() && t.has->asked[t.side_of(r.from)].counted() > receive_maximum(t, r))
        accuse(*r.tree, r.by == sender::client ? rule::client_receive_maximum : rule::server_receive_maximum);
    if (digest != 0) find_delivery(t, r, digest);
}

/// A PUBLISH with DUP: the same message again? False where it begins a flow of its own.
bool analysis::take_again(talk& t, record& r, std::uint64_t digest) {
    auto const& w = r.what();
    if (!w.dup() || digest == 0) return false;
    auto&       table = t.has->asked[t.side_of(r.from)];
    auto* const q = table.find(*w.id);
    if (q == nullptr) {
        auto const* const before = table.find_answered(*w.id);
        if (before != nullptr && before->digest == digest) r.found.redelivery_of = before->first;
        return false;
    }
    if (q->kind != flow_kind::publish || q->digest != digest) return false;
    r.found.redelivery_of = q->first;
    if (q->last.stream != r.of->number) {                          // on the next connection: the flow begins anew
        auto const first = q->first;
        auto&      again = table.add(*w.id);
        ask(t, r, again, digest);
        again.sent_again = true;
        r.found.redelivery_of = first;
        return true;
    }
    q->sent_again = true;
    if (t.judges() && table.is_sure(*q)) accuse(*r.tree, rule::sent_again);
    return true;
}

void analysis::ask(talk& t, record& r, question& q, std::uint64_t digest) {
    auto const& w = r.what();
    q.kind = flow_kind::publish;
    q.qos = static_cast<std::uint8_t>(w.qos());
    q.digest = digest;
    q.first = q.last = mark_of(r);
    if (w.topic.size() <= limits::topic) q.topic.assign(w.topic);
    t.has->asked[t.side_of(r.from)].count(q);
}

/// PUBACK, PUBREC and PUBCOMP.
void analysis::take_ack(talk& t, record& r) {
    auto const& w = r.what();
    r.found.flow = flow_kind::publish;
    if (w.id.value_or(0) == 0 || t.disordered) return;
    auto&       table = t.has->asked[1 - t.side_of(r.from)];
    auto* const q = table.find(*w.id);
    if (q == nullptr || q->kind != flow_kind::publish) {
        auto const* const before = table.find_answered(*w.id);
        bool const        late = before != nullptr && before->sent_again;   // one answer for each time it was sent
        if (t.judges() && table.complete && !late) accuse(*r.tree, rule::acknowledges_nothing);
        return;
    }
    bool const sure = table.is_sure(*q);
    bool const for_qos1 = w.is(packet_type::puback);
    if (for_qos1 != (q->qos == 1)) {
        if (sure && t.judges()) accuse(*r.tree, q->qos == 1 ? rule::wrong_answer_to_qos1 : rule::wrong_answer_to_qos2);
        return;
    }
    bool const received = w.is(packet_type::pubrec) && !is_failure(r);
    if (received && q->step != flow_step::asked) return;           // once more
    if (sure) link(r, *q, topic_);
    if (received) {
        q->step = flow_step::received;
        q->last = mark_of(r);
        return;
    }
    bool const in_order = !w.is(packet_type::pubcomp) || q->step == flow_step::released;
    if (!in_order) r.found.answers = {};
    if (sure) complete(r);
    table.close(*w.id);
}

void analysis::take_pubrel(talk& t, record& r) {
    auto const& w = r.what();
    r.found.flow = flow_kind::publish;
    if (w.id.value_or(0) == 0 || t.disordered) return;
    auto& table = t.has->asked[t.side_of(r.from)];
    auto* q = table.find(*w.id);
    if (q == nullptr || q->kind != flow_kind::publish || q->qos != 2) {
        bool const late = table.find_answered(*w.id) != nullptr;
        if (t.judges() && table.complete && !late) accuse(*r.tree, rule::acknowledges_nothing);
        if (q != nullptr) return;
        q = &table.add(*w.id);                                     // it is answered, whatever it belongs to
        q->kind = flow_kind::publish;
        q->qos = 2;
    } else if (q->last.stream != r.of->number) {                   // on the next connection
        if (q->step == flow_step::released) r.found.redelivery_of = q->last;
        auto const before = *q;
        q = &table.add(*w.id);
        q->kind = before.kind, q->qos = before.qos, q->digest = before.digest, q->topic = before.topic;
        r.found.qos = q->qos;
        topic_.assign(q->topic);
        r.found.topic = topic_;
    } else if (table.is_sure(*q)) {
        if (q->step == flow_step::released) r.found.redelivery_of = q->last;
        link(r, *q, topic_);
        if (q->step != flow_step::received) r.found.answers = {};
    }
    q->step = flow_step::released;
    q->last = mark_of(r);
}

/// SUBSCRIBE and UNSUBSCRIBE.
void analysis::take_request(talk& t, record& r) {
    auto const& w = r.what();
    auto const  kind = w.is(packet_type::subscribe) ? flow_kind::subscribe : flow_kind::unsubscribe;
    r.found.flow = kind;
    if (kind == flow_kind::subscribe && t.subscribed == std::numeric_limits<std::int64_t>::max()) t.subscribed = r.at.time;
    if (w.id.value_or(0) == 0 || t.disordered) return;
    auto&       table = t.has->asked[0];
    auto* const before = table.find(*w.id);
    bool const  in_use = before != nullptr && table.is_sure(*before) && before->last.stream == r.of->number;
    if (in_use && t.judges()) accuse(*r.tree, rule::client_id_in_use);
    auto& q = table.add(*w.id);
    q.kind = kind;
    q.filters = r.tree->truncated ? 0 : w.filters;
    q.first = q.last = mark_of(r);
}

/// SUBACK and UNSUBACK.
void analysis::take_reply(talk& t, record& r) {
    auto const& w = r.what();
    auto const  kind = w.is(packet_type::suback) ? flow_kind::subscribe : flow_kind::unsubscribe;
    r.found.flow = kind;
    if (w.id.value_or(0) == 0 || t.disordered) return;
    auto&       table = t.has->asked[0];
    auto* const q = table.find(*w.id);
    if (q == nullptr || q->kind != kind) {
        if (t.judges() && table.complete) accuse(*r.tree, rule::answers_nothing);
        return;
    }
    if (table.is_sure(*q)) {
        bool const fits = r.tree->truncated || q->filters == 0 || q->filters == w.filters;
        if (!fits && t.judges()) accuse(*r.tree, kind == flow_kind::subscribe ? rule::suback_codes : rule::unsuback_codes);
        link(r, *q, topic_);
        complete(r);
    }
    table.close(*w.id);
}

void analysis::take_pingreq(talk& t, record& r) {
    r.found.flow = flow_kind::ping;
    bool const quiet = t.ping_at != 0 && r.at.time - t.ping_at >= limits::ping_silence;
    if (!t.pings_known && !t.disordered && quiet) {
        t.pings.clear();
        t.pings_known = true;
    }
    t.ping_at = r.at.time;
    if (!t.pings_known) return;
    t.pings.push_back(mark_of(r));
    if (t.pings.size() <= limits::pings) return;
    t.pings.clear();
    t.pings_known = t.pings_whole = false;
}

/// A server answers pings in their order.
void analysis::take_pingresp(talk& t, record& r) {
    r.found.flow = flow_kind::ping;
    t.ping_at = r.at.time;
    if (!t.pings_known) return;
    if (t.pings.empty()) {
        if (t.judges() && t.pings_whole) accuse(*r.tree, rule::ping_answer_unasked);
        return;
    }
    r.found.question = r.found.answers = t.pings.front();
    t.pings.erase(t.pings.begin());
    complete(r);
}

/// Publishers' messages are kept; what a server delivers is looked for among them.
void analysis::find_delivery(talk& t, record& r, std::uint64_t digest) {
    auto const& w = r.what();
    if (t.server == 0) {
        auto const& server = r.by == sender::client ? r.target() : r.source();
        t.server = digest_of(to_bytes(server.address), 0);
    }
    if (r.found.redelivery_of) return;
    auto const here = mix(digest ^ t.server);
    if (r.by == sender::client) return messages_.publish(here, mark_of(r), w.retain());
    r.found.delivery_of = messages_.deliver({.digest = here, .at = r.at.time, .since = t.subscribed, .retained = w.retain()}, t.delivered);
    if (r.found.delivery_of) r.found.delay = r.at.time - r.found.delivery_of.time;
}

} // namespace aldis::follow
