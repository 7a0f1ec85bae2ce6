// The MQTT session as data: queue, deliveries, identifiers, and the changes a store keeps.
#include "state_data.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace aldis::session {

// ---- The public face --------------------------------------------------------------------------------------------------

state::state(packet_id last_id) : data_(std::make_unique<data>(last_id)) {}
state::~state() = default;
state::state(state&&) noexcept = default;
state& state::operator=(state&&) noexcept = default;

enqueued state::enqueue(message content, publish_options const& options, queue_limits const& bound, time_point) {
    return data_->enqueue(std::move(content), options, bound);
}

bool state::withdraw(delivery_no no) {
    slot_no const at = data_->find_unsent(no);
    if (at == no_slot) return false;
    data_->finish(at);
    return true;
}

std::optional<time_point> state::expire(time_point now) { return data_->expire(now); }

std::vector<delivery_no> state::outstanding() const {
    std::vector<delivery_no> all;
    for (slot_no const first : {data_->pubrels.first, data_->publishes.first, data_->queue.first})
        for (slot_no at = first; at != no_slot; at = data_->all[at].next) all.push_back(data_->all[at].no);
    return all;
}

bool          state::exists() const noexcept { return data_->exists; }
std::uint32_t state::expiry() const noexcept { return data_->expiry; }
void          state::clear() { data_->clear(); }
std::size_t   state::queued_messages() const noexcept { return data_->queue.count; }
std::size_t   state::queued_bytes() const noexcept { return data_->queued_bytes; }
std::size_t   state::in_flight() const noexcept { return data_->publishes.count + data_->pubrels.count; }
std::size_t   state::in_flight_bytes() const noexcept { return data_->in_flight_bytes; }
std::size_t   state::incoming() const noexcept { return data_->arrivals.size(); }
std::size_t   state::identifiers_in_use() const noexcept { return data_->ids.in_use(); }

traffic const* state::counted() const noexcept { return data_->counted.get(); }
void           state::count_traffic() {
    if (!data_->counted) data_->counted = std::make_unique<traffic>();
}

std::vector<event::delivered> state::take_outcomes() { return std::exchange(data_->outcomes, {}); }

void state::keep_changes(bool on) noexcept { data_->keeps_changes = on; }
std::span<change const> state::changes() const noexcept { return data_->changes; }
void state::changes_taken() noexcept { data_->changes.clear(); }
std::vector<change> state::snapshot() const { return data_->snapshot(); }

// ---- Sending ----------------------------------------------------------------------------------------------------------

enqueued state::data::enqueue(message content, publish_options const& options, queue_limits const& bound) {
    if (!make_room(content.size(), bound)) {
        bool const drops = bound.when_full == overflow::drop_newest;
        if (drops && counted) ++counted->dropped;
        return {drops ? enqueued::how::dropped_new : enqueued::how::rejected, 0};
    }

    outgoing made{};
    made.no = next_delivery++;
    made.expires_at = options.expires_at;
    made.subscription_ids.assign(options.subscription_ids.begin(), options.subscription_ids.end());
    made.topic_alias = options.topic_alias;
    made.qos = options.qos;
    made.retain = options.retain;
    made.waits = options.qos == qos_level::exactly_once ? out_state::wait_pubrec : out_state::wait_puback;
    if (keeps_changes && made.qos != qos_level::at_most_once)       // QoS 0 does not outlive the process: a store could have it sent twice
        record({.kind = change::what::queued, .no = made.no, .qos = made.qos, .retain = made.retain, .content = content,
                .expires_at = made.expires_at, .subscription_ids = made.subscription_ids});
    made.content = std::move(content);
    auto const no = made.no;
    slot_no const at = all.make(std::move(made));
    all.push_back(queue, at);
    join_queue(at);
    return {enqueued::how::yes, no};
}

bool state::data::make_room(std::size_t bytes, queue_limits const& bound) {
    auto const full = [&] { return queue.count >= bound.messages || queued_bytes + bytes > bound.bytes; };
    if (!full()) return true;
    if (bytes > bound.bytes || bound.messages == 0) return false;
    if (bound.when_full == overflow::drop_oldest)
        while (full()) drop_queued(queue.first);
    if (bound.when_full == overflow::drop_qos_0_first)
        while (full() && first_qos_0 != no_slot) drop_queued(first_qos_0);
    return !full();
}

void state::data::join_queue(slot_no at) noexcept {
    auto const& d = all[at];
    queued_bytes += d.content.size();
    if (d.qos == qos_level::at_most_once && queued_qos_0++ == 0) first_qos_0 = at;
    if (d.expires_at) ++queued_to_expire;
}

/// QoS 0 joins at the end only, so the first one moves on by no more steps than messages have come.
void state::data::leave_queue(slot_no at) noexcept {
    auto const& d = all[at];
    queued_bytes -= d.content.size();
    if (d.qos == qos_level::at_most_once) --queued_qos_0;
    if (at == first_qos_0) {
        slot_no next = queued_qos_0 > 0 ? d.next : no_slot;
        while (next != no_slot && all[next].qos != qos_level::at_most_once) next = all[next].next;
        first_qos_0 = next;
    }
    if (d.expires_at) --queued_to_expire;
}

void state::data::drop_queued(slot_no at) { give_up(at, event::outcome::dropped); }

bool state::data::start_first() {
    slot_no const at = queue.first;
    packet_id const id = ids.take(at);
    if (id == 0) return false;
    auto& d = all[at];
    d.id = id;
    leave_queue(at);
    in_flight_bytes += d.content.size();
    all.remove(queue, at);
    all.push_back(publishes, at);
    record({.kind = change::what::started, .no = d.no, .id = id});
    return true;
}

void state::data::release(slot_no at, reason_code reason) {
    auto& d = all[at];
    d.waits = out_state::wait_pubcomp;
    d.reason = reason;
    in_flight_bytes -= d.content.size();
    d.content = {};
    d.subscription_ids = {};
    d.expires_at.reset();
    all.remove(publishes, at);
    all.push_back(pubrels, at);
    record({.kind = change::what::released, .no = d.no});
}

deliveries::order& state::data::list_of(slot_no at) noexcept {
    if (all[at].id == 0) return queue;
    return all[at].waits == out_state::wait_pubcomp ? pubrels : publishes;
}

void state::data::finish(slot_no at) {
    auto& d = all[at];
    if (d.id == 0) leave_queue(at);
    else if (d.waits != out_state::wait_pubcomp) in_flight_bytes -= d.content.size();
    all.remove(list_of(at), at);
    if (d.id != 0) ids.release(d.id);
    if (d.qos != qos_level::at_most_once) record({.kind = change::what::finished, .no = d.no});
    all.free(at);
}

void state::data::give_up(slot_no at, event::outcome how, reason_code reason) {
    outcomes.push_back({all[at].no, how, reason, {}});
    if (counted && how == event::outcome::dropped) ++counted->dropped;
    if (counted && how == event::outcome::expired) ++counted->expired;
    finish(at);
}

/// The youngest first: what is taken back has mostly just come.
slot_no state::data::find_unsent(delivery_no no) const noexcept {
    for (slot_no const last : {queue.last, publishes.last})
        for (slot_no at = last; at != no_slot; at = all[at].previous)
            if (all[at].no == no) return all[at].written ? no_slot : at;
    return no_slot;
}

std::optional<time_point> state::data::expire(time_point now) {
    std::optional<time_point> next;
    for (slot_no at = queued_to_expire > 0 ? queue.first : no_slot; at != no_slot;) {
        slot_no const after = all[at].next;
        auto const    due = all[at].expires_at;
        if (due && *due <= now) give_up(at, event::outcome::expired);
        else if (due && (!next || *due < *next)) next = due;
        at = after;
    }
    return next;
}

// ---- Receiving QoS 2 --------------------------------------------------------------------------------------------------

void state::data::received(packet_id id) { record({.kind = change::what::received, .id = id}); }

void state::data::completed(packet_id id) {
    arrivals.erase(id);
    record({.kind = change::what::completed, .id = id});
}

// ---- The session as a whole -------------------------------------------------------------------------------------------

void state::data::open(std::uint32_t expiry_seconds) {
    exists = true;
    expiry = expiry_seconds;
    record({.kind = change::what::opened, .expiry = expiry_seconds});
}

void state::data::lost() {
    if (publishes.count + pubrels.count + arrivals.size() == 0) return;
    while (pubrels.first != no_slot)                               // the peer had the message before it said PUBREC
        give_up(pubrels.first, event::outcome::acknowledged, all[pubrels.first].reason);
    for (slot_no at = publishes.last; at != no_slot;) {
        slot_no const before = all[at].previous;
        auto& d = all[at];
        if (d.qos == qos_level::exactly_once && d.written) {       // what was never sent cannot have arrived
            give_up(at, event::outcome::session_lost);
        } else {
            all.remove(publishes, at);
            ids.release(d.id);
            d.id = 0;
            d.written = false;
            in_flight_bytes -= d.content.size();
            all.push_front(queue, at);
            join_queue(at);
        }
        at = before;
    }
    arrivals.clear();
    if (keeps_changes) {
        record({.kind = change::what::cleared});
        for (auto& remaining : snapshot()) record(std::move(remaining));
    }
}

void state::data::clear() {
    bool const keeping = keeps_changes;
    auto const nos = std::pair{next_delivery, next_arrival};
    auto kept = std::move(changes);
    auto ends = std::move(outcomes);
    auto const engines = connection;
    auto counters = std::move(counted);
    *this = data{last_id};
    counted = std::move(counters);
    keeps_changes = keeping;
    std::tie(next_delivery, next_arrival) = nos;
    changes = std::move(kept);
    outcomes = std::move(ends);
    connection = engines;
    record({.kind = change::what::cleared});
}

std::vector<change> state::data::snapshot() const {
    std::vector<change> made;
    if (exists) made.push_back({.kind = change::what::opened, .expiry = expiry});
    auto const put = [&](slot_no first) {
        for (slot_no at = first; at != no_slot; at = all[at].next) {
            auto const& d = all[at];
            if (d.qos == qos_level::at_most_once) continue;
            made.push_back({.kind = change::what::queued, .no = d.no, .qos = d.qos, .retain = d.retain, .content = d.content,
                            .expires_at = d.expires_at, .subscription_ids = d.subscription_ids});
            if (d.id != 0) made.push_back({.kind = change::what::started, .no = d.no, .id = d.id});
            if (d.id != 0 && d.waits == out_state::wait_pubcomp) made.push_back({.kind = change::what::released, .no = d.no});
        }
    };
    put(pubrels.first);
    put(publishes.first);
    put(queue.first);
    arrivals.for_each([&](packet_id id, arrival_record const& a) {
        if (a.state == in_state::received) made.push_back({.kind = change::what::received, .id = id});
    });
    return made;
}

// ---- Restoring --------------------------------------------------------------------------------------------------------

namespace {

slot_no find_delivery(deliveries const& all, slot_no first, delivery_no no) noexcept {
    for (slot_no at = first; at != no_slot; at = all[at].next)
        if (all[at].no == no) return at;
    return no_slot;
}

slot_no find_anywhere(state::data const& d, delivery_no no) noexcept {
    for (slot_no const first : {d.queue.first, d.publishes.first, d.pubrels.first})
        if (slot_no const at = find_delivery(d.all, first, no); at != no_slot) return at;
    return no_slot;
}

bool replay_queued(state::data& d, change const& saved) {
    if (saved.no == 0 || saved.qos == qos_level::at_most_once) return false;     // QoS 0 is never kept
    if (saved.no < d.next_delivery && find_anywhere(d, saved.no) != no_slot) return false;
    if (!saved.content && saved.qos != qos_level::exactly_once) return false;    // only what awaits PUBCOMP has let its content go
    outgoing made{};
    made.no = saved.no;
    made.content = saved.content;
    made.expires_at = saved.expires_at;
    made.subscription_ids = saved.subscription_ids;
    made.qos = saved.qos;
    made.retain = saved.retain;
    made.waits = saved.qos == qos_level::exactly_once ? out_state::wait_pubrec : out_state::wait_puback;
    d.next_delivery = std::max(d.next_delivery, saved.no + 1);
    slot_no const at = d.all.make(std::move(made));
    d.all.push_back(d.queue, at);
    d.join_queue(at);
    return true;
}

bool replay_started(state::data& d, change const& saved) {
    slot_no const at = find_delivery(d.all, d.queue.first, saved.no);
    if (at == no_slot || !d.ids.take_this(saved.id, at)) return false;
    d.all[at].id = saved.id;
    d.all[at].written = true;                                      // nobody knows; the peer must be told that it may be a duplicate
    d.leave_queue(at);
    d.in_flight_bytes += d.all[at].content.size();
    d.all.remove(d.queue, at);
    d.all.push_back(d.publishes, at);
    return true;
}

bool replay_finished(state::data& d, delivery_no no) {
    slot_no const at = find_anywhere(d, no);
    if (at != no_slot) d.finish(at);
    return at != no_slot;
}

} // namespace

bool state::replay(change const& saved) {
    auto& d = *data_;
    bool const keeping = std::exchange(d.keeps_changes, false);
    bool const fits = [&] {
        using enum change::what;
        switch (saved.kind) {
        case queued: return replay_queued(d, saved);
        case started: return replay_started(d, saved);
        case released: {
            slot_no const at = find_delivery(d.all, d.publishes.first, saved.no);
            if (at == no_slot || d.all[at].waits != out_state::wait_pubrec) return false;
            d.release(at, reason_code::success);
            return true;
        }
        case finished: return replay_finished(d, saved.no);
        case received:
            if (saved.id == 0 || d.arrivals.find(saved.id)) return false;
            d.arrivals.insert(saved.id, {in_state::received, 0});
            return true;
        case completed:
            if (!d.arrivals.find(saved.id)) return false;
            d.arrivals.erase(saved.id);
            return true;
        case opened: d.open(saved.expiry); return true;
        case cleared: d.clear(); return true;
        }
        return false;
    }();
    d.keeps_changes = keeping;
    return fits;
}

} // namespace aldis::session
