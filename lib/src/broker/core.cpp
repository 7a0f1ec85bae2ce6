// The broker's loop without its I/O: connections come and go, events are handed on, deadlines fall due.
#include "core.hpp"

#include <algorithm>
#include <utility>

namespace aldis::serving {

namespace {

routing::router_limits router_limits_of(broker_limits const& from) {
    routing::router_limits made;
    made.subscriptions = from.max_subscriptions() == 0 ? static_cast<std::size_t>(-1) : from.max_subscriptions();
    made.levels = from.max_topic_levels() == 0 ? static_cast<std::size_t>(-1) : from.max_topic_levels();
    return made;
}

routing::retained_limits retained_limits_of(broker_limits const& from) {
    constexpr auto             none = static_cast<std::size_t>(-1);
    routing::retained_limits made;
    made.messages = from.max_retained_messages() == 0 ? none : from.max_retained_messages();
    made.bytes = from.max_retained_bytes() == 0 ? none : from.max_retained_bytes();
    made.levels = from.max_topic_levels() == 0 ? none : from.max_topic_levels();
    return made;
}

/// Rates of so many addresses are remembered; beyond, those that owe nothing are forgotten.
constexpr std::size_t most_addresses = 4'096;

} // namespace

core::core(std::shared_ptr<broker_options const> how, surroundings around)
    : options_(std::move(how)), around_(std::move(around)), router_(router_limits_of(limits())), retained_(retained_limits_of(limits())) {}

session::settings core::settings_for(broker_listener const* where) const {
    auto const&       l = limits();
    session::settings made;
    made.own.maximum_packet_size = l.max_packet_size() == 0 ? session::limits{}.maximum_packet_size : l.max_packet_size();
    made.own.receive_maximum = l.receive_maximum() == 0 ? std::uint16_t{65'535} : l.receive_maximum();
    made.own.topic_alias_maximum = where && where->max_topic_alias() ? *where->max_topic_alias() : l.max_topic_alias();
    made.own.maximum_qos = where ? where->max_qos() : qos_level::exactly_once;
    made.own.retain_available = options_->retain_available();
    made.connect_timeout = l.connect_timeout().count() == 0 ? std::chrono::hours{24 * 365} : session::duration(l.connect_timeout());
    made.packet_timeout = l.packet_timeout();
    made.max_in_flight = l.max_inflight_messages();
    made.max_in_flight_bytes = l.max_inflight_bytes() == 0 ? static_cast<std::size_t>(-1) : l.max_inflight_bytes();
    made.automatic_aliases = l.max_topic_alias_broker();
    made.max_output = l.max_output() == 0 ? static_cast<std::size_t>(-1) : l.max_output();
    made.max_requests = 64;                                        // each is answered in the turn in which it comes
    made.queue.messages = l.max_queued_messages() == 0 ? static_cast<std::size_t>(-1) : l.max_queued_messages();
    made.queue.bytes = l.max_queued_bytes() == 0 ? static_cast<std::size_t>(-1) : l.max_queued_bytes();
    made.queue.when_full = l.queue_overflow();
    return made;
}

// ---- Connections ------------------------------------------------------------------------------------------------------

bool core::opened(peer& p, transport::stream_facts way, time_point now) {
    ++counters_.accepted;
    bool const  by_address = !p.is_local || !limits().exempt_loopback();
    auto const  most = limits().max_unauthenticated(), most_of_one = limits().max_unauthenticated_per_address();
    auto const  known = unknown_from_.find(p.address_key);
    bool const  too_many_of_one = by_address && most_of_one != 0 && known != unknown_from_.end() && known->second >= most_of_one;
    if (too_many_of_one || (most != 0 && unknown_ >= most)) {
        ++counters_.refused;
        if (logs(log_level::info)) log(log_level::info, p.address + " is closed: too many connections that have not said who they are");
        return false;
    }
    ++counters_.connections;
    ++unknown_;
    ++unknown_from_[p.address_key];
    p.is_counted = true;
    p.asking->way = std::move(way);
    p.asking->from = &p;
    p.engine.opened(now);
    arm(p);
    return true;
}

/// It said who it is, or is gone: it counts among those that have not no longer.
void core::let_in(peer& p) noexcept {
    if (!std::exchange(p.is_counted, false)) return;
    --unknown_;
    auto const at = unknown_from_.find(p.address_key);
    if (at != unknown_from_.end() && --at->second == 0) unknown_from_.erase(at);
}

void core::heard(peer& p, std::size_t n, time_point now) {
    counters_.bytes_in += n;
    if (p.engine.where() == session::phase::start) p.early_bytes += n;
    drain(p, now);
    auto const most = limits().max_connect_packet_size();
    if (most != 0 && p.early_bytes > most && p.engine.where() == session::phase::start) p.wants_close = true;
}

void core::drain(peer& p, time_point now) {
    using namespace session::event;
    if (p.is_draining) return;                                     // whoever does takes what is new, too
    struct flag {
        bool& of;
        explicit flag(bool& which) : of(which) { of = true; }
        ~flag() { of = false; }
    } const draining(p.is_draining);
    while (auto const* const said = p.engine.poll(now)) {
        mark(p);
        if (auto const* const message = std::get_if<message_arrived>(said)) on(p, *message, now);
        else if (auto const* const request = std::get_if<connect_request>(said)) on(p, *request, now);
        else if (auto const* const step = std::get_if<session::event::authenticate>(said)) on(p, *step, now);
        else if (auto const* const wish = std::get_if<subscribe_request>(said)) on(p, *wish, now);
        else if (auto const* const undo = std::get_if<unsubscribe_request>(said)) on(p, *undo, now);
        else if (auto const* const end = std::get_if<delivered>(said); end && p.who) note_end(*p.who, *end);
        else if (auto const* const last = std::get_if<closed>(said)) end_connection(p, *last, now);
    }
    if (!p.who) return;
    note_changes(*p.who);
    count(*p.who);
}

void core::note_end(member& who, session::event::delivered const& e) {
    if (e.how != session::event::outcome::dropped) return;
    ++counters_.messages_dropped;
    ++who.dropped;
}

void core::gone(peer& p, time_point now) {
    p.engine.connection_lost(now);
    drain(p, now);
    let_in(p);
    p.forget_asked();
    deadlines_.clear(p);
    if (std::exchange(p.is_awaiting, false)) std::erase(awaiting_, &p);
    --counters_.connections;
    if (!p.is_dirty) return;
    peer** at = &first_dirty_;                                     // rare: it was to be written to
    peer*  before = nullptr;
    while (*at != &p) {
        before = *at;
        at = &before->next_dirty;
    }
    *at = p.next_dirty;
    if (last_dirty_ == &p) last_dirty_ = before;
    p.is_dirty = false;
}

void core::mark(peer& p) {
    if (std::exchange(p.is_dirty, true)) return;
    p.next_dirty = nullptr;
    bool const was_empty = first_dirty_ == nullptr;
    (was_empty ? first_dirty_ : last_dirty_->next_dirty) = &p;
    last_dirty_ = &p;
    if (was_empty && around_.wake) around_.wake();
}

peer* core::take_dirty() noexcept {
    auto* const p = first_dirty_;
    if (!p) return nullptr;
    first_dirty_ = p->next_dirty;
    if (!first_dirty_) last_dirty_ = nullptr;
    p->is_dirty = false;
    return p;
}

void core::feed(peer& p, time_point now) {
    if (p.asking && p.asking->from && p.asking->answer) {
        admit(p, now);
        drain(p, now);
    }
    if (p.proof && p.proof->said) {
        take_proof(p, now);
        drain(p, now);
    }
    if (p.who && p.who->at == &p && !p.who->owed.empty()) walk(*p.who, now);
}

/// A deadline that moves back with each packet costs nothing: what falls due too early is looked at again.
void core::arm(peer& p) {
    auto due = p.engine.deadline();
    for (auto const& other : {p.own_deadline, p.paused_until})
        if (other && (!due || *other < *due)) due = other;
    if (!due || (p.is_set() && p.due() <= *due)) return;
    deadlines_.set(p, *due);
}

void core::dismiss(peer& p, reason_code why, time_point now) {
    packet::disconnect leave;
    leave.reason = why;
    if (p.engine.where() == session::phase::accepting) {
        packet::connack answer;
        answer.reason = is_v5(p.engine.version()) ? why : reason_code::server_unavailable;
        if (!p.engine.reject(answer, now)) p.wants_close = true;
    } else if (!p.engine.disconnect(leave, now) && !p.engine.finished()) {
        p.wants_close = true;
    }
    drain(p, now);
    mark(p);
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void core::tick(time_point now) {
    publish_wills(now);
    forget_expired(now);
    if (sys_due_ && *sys_due_ <= now) publish_sys(now);
    while (auto* const due = deadlines_.take_due(now)) {
        if (due->what() == timed::kind::member) {
            expire(static_cast<member&>(*due), now);
            continue;
        }
        auto& p = static_cast<peer&>(*due);
        if (p.paused_until && *p.paused_until <= now) {
            p.paused_until.reset();
            p.engine.pause(false, now);
        }
        p.engine.tick(now);
        drain(p, now);
        mark(p);                                                   // its deadline is set at the end of its turn
    }
    if (connect_rates_.size() > most_addresses)
        std::erase_if(connect_rates_, [&](auto const& each) { return each.second.is_full(limits().max_connect_rate_per_address(), now); });
}

std::optional<time_point> core::deadline() const noexcept {
    std::optional<time_point> first;
    if (!deadlines_.empty()) first = deadlines_.first();
    for (auto const& other : {wills_.deadline(), retained_.deadline(), sys_due_})
        if (other && (!first || *other < *first)) first = other;
    return first;
}

void core::reload(std::shared_ptr<broker_options const> fresh, time_point now) {
    options_ = std::move(fresh);
    router_.limits(router_limits_of(limits()));
    bound_retained();
    for (auto const& [name, who] : by_name_) {
        give_rules(*who);
        if (who->ends) arm(*who, now);
    }
    if (begun_) begin(now);
}

/// The broker's own topics have room beside those of clients.
void core::bound_retained() {
    constexpr std::size_t size_of_own = 256;
    auto                  made = retained_limits_of(limits());
    if (limits().max_retained_messages() != 0) made.messages += own_topics();
    if (limits().max_retained_bytes() != 0) made.bytes += own_topics() * size_of_own;
    retained_.limits(made);
}

member const* core::find(std::string_view client_id) const {
    auto const at = by_name_.find(std::string(client_id));
    return at == by_name_.end() ? nullptr : at->second.get();
}

} // namespace aldis::serving
