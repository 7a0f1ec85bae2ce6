// What the server is asked for and has answered: SUBSCRIBE and UNSUBSCRIBE for subscription objects, on this connection and the next.
#include <algorithm>

#include <boost/asio/error.hpp>

#include "impl.hpp"
#include "routing.hpp"

namespace aldis {

namespace {

constexpr std::size_t most_requests = 16;                          // without an answer at a time
constexpr std::size_t most_filters = 64;                           // in one packet, where identifiers do not ask for one each
constexpr std::size_t most_bytes = 4096;

} // namespace

// ---- The connection comes and goes ------------------------------------------------------------------------------------

void router::connected(bool session_present) {
    uses_ids_ = is_v5(of_.options_.version()) && of_.connected_as_.limits().subscription_identifier_available;
    one_by_one_ = false;
    to_ask_.clear();
    std::vector<entry*> all;
    for (auto const& each : entries_) all.push_back(each.second.get());
    std::sort(all.begin(), all.end(), [](entry const* a, entry const* b) { return a->id > b->id; });   // as they were made
    for (auto* const each : all) {
        each->is_queued = false;
        if (!session_present) each->was_sent = each->has_id = false;
        if (each->at == standing::active && !session_present) ask_again(*each);
        if (each->at == standing::to_leave && !session_present) forget(*each);
        else if (each->at == standing::to_ask || each->at == standing::to_leave) queue(*each);
    }
    ask();
}

void router::ask_again(entry& what) {
    what.at = standing::to_ask;
    for (auto const& each : what.routes) each->state = subscription_state::waiting;
}

void router::disconnected(error_code why, error_code of_receivers) {
    for (auto& each : std::exchange(requests_, {}))
        for (auto& op : each.second.leavers) std::move(op).complete(why, {});
    std::vector<shared_route> all;
    for (auto const& each : entries_) {
        auto& one = *each.second;
        if (one.at == standing::asked) one.at = standing::to_ask;
        if (one.at == standing::leaving) one.at = standing::to_leave;
        one.asked_by = 0;
        for (auto& op : std::exchange(one.leavers, {})) std::move(op).complete(why, {});
        all.insert(all.end(), one.routes.begin(), one.routes.end());
    }
    for (auto const& each : local_) all.push_back(each.second);
    for (auto const& each : all) each->fail_operations(why, of_receivers);
}

// ---- Asking -----------------------------------------------------------------------------------------------------------

void router::ask() {
    bool any = false;
    while (of_.is_open() && requests_.size() < most_requests) {
        auto const batch = next_batch();
        if (batch.empty()) break;
        auto const type = find(batch.front())->at == standing::to_leave ? packet_type::unsubscribe : packet_type::subscribe;
        auto const why = send(batch, type);
        any = true;
        if (!why) continue;
        not_sent(batch, type, why);
        if (why == error::queue_full || why == error::no_identifier || why == error::not_connected) break;
    }
    if (any) of_.connection_->flush();
}

/// Takes from the queue what can go in one packet: one filter where each is to have its identifier.
std::vector<std::uint32_t> router::next_batch() {
    std::vector<std::uint32_t> batch;
    std::size_t                bytes = 0;
    standing                   kind{};
    while (!to_ask_.empty()) {
        auto* const next = find(to_ask_.front());
        if (next && (next->at == standing::to_ask || next->at == standing::to_leave)) {
            bool const alone = one_by_one_ || (uses_ids_ && next->at == standing::to_ask);
            if (!batch.empty() && (alone || next->at != kind || batch.size() == most_filters || bytes + next->filter.size() > most_bytes)) break;
            kind = next->at;
            bytes += next->filter.size();
            batch.push_back(next->id);
            next->is_queued = false;
            to_ask_.pop_front();
            if (alone) break;
            continue;
        }
        if (next) next->is_queued = false;
        to_ask_.pop_front();
    }
    return batch;
}

error_code router::send(std::vector<std::uint32_t> const& batch, packet_type type) {
    if (type == packet_type::subscribe) return send_subscribe(batch);
    unsubscribe_list from;
    for (auto const id : batch) from.add(find(id)->filter);
    auto const done = of_.connection_->engine().unsubscribe(from.filters(), {}, connection::now());
    if (!done) return make_error_code(done.error());
    sent(*done, type, batch);
    return {};
}

error_code router::send_subscribe(std::vector<std::uint32_t> const& batch) {
    bool const     v5 = is_v5(of_.options_.version());
    subscribe_list to;
    for (auto const id : batch) {
        auto const& one = *find(id);
        aldis::subscription wanted{.filter = one.filter, .qos = one.how.qos()};
        if (v5) {
            wanted.no_local = one.how.no_local();
            wanted.retain_as_published = one.how.retain_as_published();
            wanted.retained = one.how.retained();
        }
        to.add(wanted);
    }
    if (uses_ids_) to.identifier(batch.front());
    auto const done = of_.connection_->engine().subscribe(to.filters(), to.props().view(), connection::now());
    if (!done) return make_error_code(done.error());
    sent(*done, packet_type::subscribe, batch);
    return {};
}

void router::sent(packet_id id, packet_type type, std::vector<std::uint32_t> const& batch) {
    auto& made = requests_[id];
    made.type = type;
    made.ids = batch;
    for (auto const each : batch) {
        auto& one = *find(each);
        one.asked_by = id;
        one.at = type == packet_type::subscribe ? standing::asked : standing::leaving;
        if (type == packet_type::subscribe) one.was_sent = true;
        if (type == packet_type::subscribe) one.has_id = uses_ids_;
        for (auto& op : std::exchange(one.leavers, {})) made.leavers.push_back(std::move(op));
    }
}

/// The engine did not take it: later, one by one, or never.
void router::not_sent(std::vector<std::uint32_t> const& batch, packet_type type, error_code why) {
    bool const later = why == error::queue_full || why == error::no_identifier || why == error::not_connected;
    if (later || batch.size() > 1) {
        if (!later) one_by_one_ = true;
        for (auto at = batch.rbegin(); at != batch.rend(); ++at) {
            find(*at)->is_queued = true;
            to_ask_.push_front(*at);
        }
        return;
    }
    auto& one = *find(batch.front());
    if (type == packet_type::unsubscribe) return forget(one);
    refused(one, why, {});
}

// ---- Being answered ---------------------------------------------------------------------------------------------------

bool router::answered(packet_type type, packet_id id, reason_codes const& codes, properties const& props) {
    auto const at = requests_.find(id);
    auto const asked = type == packet_type::suback ? packet_type::subscribe : packet_type::unsubscribe;
    if (at == requests_.end() || at->second.type != asked) return false;
    auto of = std::move(at->second);
    requests_.erase(at);
    if (asked == packet_type::subscribe) subscribed(of, codes, props, id);
    else unsubscribed(of, codes, props, id);
    ask();
    return true;
}

void router::subscribed(request const& to, reason_codes const& codes, properties const& props, packet_id id) {
    auto said = codes.begin();
    for (auto const each : to.ids) {
        auto const code = *said;
        ++said;
        auto* const one = find(each);
        if (!one || one->asked_by != id || one->at != standing::asked) continue;     // left, or asked again, meanwhile
        one->asked_by = 0;
        wire_builder<reason_code> alone;
        alone.add(code);
        subscribe_result const result(alone.view(), props);
        if (is_error(code)) {
            refused(*one, make_error_code(code), result);
            continue;
        }
        one->at = standing::active;
        keep(*one);
        tell(*one, {}, result);
    }
}

void router::refused(entry& what, error_code why, subscribe_result const& said) {
    what.at = standing::refused;
    what.has_id = false;
    drop(what);
    if (what.is_restored) forget(what);
    else tell(what, why, said);
}

void router::tell(entry const& of, error_code why, subscribe_result const& said) {
    auto const all = of.routes;                                    // a handler may leave
    for (auto const& each : all) each->answered(why, said);
}

void router::unsubscribed(request& to, reason_codes const& codes, properties const& props, packet_id id) {
    for (auto const each : to.ids)
        if (auto* const one = find(each); one && one->asked_by == id && one->at == standing::leaving) forget(*one);
    subscribe_result const said(codes, props);
    for (auto& op : to.leavers) std::move(op).complete(make_error_code(said.reason()), said);
}

} // namespace aldis
