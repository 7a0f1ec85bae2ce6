// Single packets held against what the ends agreed on: 3.1.2, 3.2.2, 3.14.4.
#include <algorithm>

#include "analysis.hpp"
#include "limits.hpp"
#include "rules.hpp"

namespace aldis::follow {
namespace {

void judge_order(talk const& t, record& r) {
    bool const server = r.by == sender::server;
    bool const goes_on = t.refused && server && !r.what().is(packet_type::connack);
    if (goes_on) accuse(*r.tree, rule::sent_after_refusal);
    bool const has_rule = !server || is_v5(r.tree->version);       // a server of 3.1.1 sends no DISCONNECT in the first place
    if (t.ends[r.from].left && has_rule) accuse(*r.tree, rule::sent_after_disconnect);
    bool const unasked = r.what().is(packet_type::auth) && !t.client_terms.has_method;
    if (unasked) accuse(*r.tree, server ? rule::server_auth_unasked : rule::client_auth_unasked);
}

void judge_alias(talk const& t, record& r) {
    auto const& w = r.what();
    bool const  client = r.by == sender::client;
    auto const  most = (client ? t.server_terms : t.client_terms).alias_maximum;
    bool const  known = !client || t.binds_client();
    if (known && *w.alias != 0 && most == 0) accuse(*r.tree, client ? rule::client_alias_unwanted : rule::server_alias_unwanted);
    else if (known && *w.alias > most) accuse(*r.tree, client ? rule::client_alias_above : rule::server_alias_above);
    bool const names_nothing = *w.alias != 0 && w.has_payload && w.topic.empty() && !t.ends[r.from].hole && r.aliases_whole;
    if (names_nothing) accuse(*r.tree, rule::alias_unknown);
}

void judge_subscribe(talk const& t, record& r) {
    auto const& has = t.server_terms;
    if (has.wildcards && has.shared && has.identifiers) return;
    auto& tree = *r.tree;
    bool  wild = false, shared = false, identified = false;
    for (auto const& n : tree.nodes) {
        using dissect::field;
        if (n.id == field::property_id) identified |= n.number == 0x0B;
        if (n.id != field::topic) continue;
        auto const filter = tree.text_of(n);
        wild |= filter.find_first_of("+#") != std::string_view::npos;
        shared |= filter.starts_with("$share/");
    }
    if (wild && !has.wildcards) accuse(tree, rule::wildcard_not_available);
    if (shared && !has.shared) accuse(tree, rule::shared_not_available);
    if (identified && !has.identifiers) accuse(tree, rule::identifier_not_available);
}

/// A client's packet against what CONNACK said.
void judge_by_connack(talk const& t, record& r) {
    auto const& w = r.what();
    auto const& has = t.server_terms;
    if (has.packet_maximum != 0 && r.tree->size > has.packet_maximum) accuse(*r.tree, rule::too_large_for_server);
    if (w.is(packet_type::publish) && w.qos() < 3 && w.qos() > has.maximum_qos) accuse(*r.tree, rule::qos_above_maximum);
    if (w.is(packet_type::publish) && w.retain() && !has.retain) accuse(*r.tree, rule::retain_not_available);
    if (w.is(packet_type::subscribe)) judge_subscribe(t, r);
}

void judge_keep_alive(talk const& t, record& r) {
    auto const& end = t.ends[r.from];
    bool const  timed = t.answered && t.has_all_terms && !t.refused && end.heard && !r.tree->truncated && r.tree->size <= limits::quick_packet;
    if (!timed) return;
    bool const servers = t.server_terms.keep_alive && t.heard_terms;
    auto const seconds = servers ? *t.server_terms.keep_alive : t.client_terms.keep_alive.value_or(0);
    auto const silent = r.at.time - std::max(*end.heard, t.accepted_at);
    if (seconds != 0 && silent > std::int64_t{seconds} * 1'500'000'000)
        accuse(*r.tree, servers ? rule::server_keep_alive_overdue : rule::keep_alive_overdue);
}

} // namespace

void judge(talk const& t, record& r) {
    if (!t.judges()) return;
    judge_order(t, r);
    bool const too_large = r.by == sender::server && t.client_terms.packet_maximum != 0 && r.tree->size > t.client_terms.packet_maximum;
    if (too_large) accuse(*r.tree, rule::too_large_for_client);
    if (r.what().is(packet_type::publish) && r.what().alias) judge_alias(t, r);
    if (r.by == sender::server) return;
    judge_keep_alive(t, r);
    if (t.binds_client()) judge_by_connack(t, r);
}

} // namespace aldis::follow
