// The owners: programs that publish, look at what arrives, acknowledge it now or later, and answer requests.
#include "world.hpp"

#include <algorithm>

namespace aldis::simulation {

namespace {

constexpr char const* names[] = {"client", "server"};

struct filters {
    wire_builder<subscription>     wanted{};
    wire_builder<std::string_view> unwanted{};
    wire_builder<reason_code>      granted{};
    filters() {
        wanted.add({.filter = "a", .qos = qos_level::exactly_once}).add({.filter = "lamp/#", .qos = qos_level::at_least_once});
        unwanted.add("a").add("lamp/#");
        granted.add(reason_code::success).add(reason_code::success);
    }
};

filters const& requests() {
    static filters const made;
    return made;
}

/// A close that the other side chose, as opposed to one that blames it.
bool is_deliberate(reason_code why) noexcept {
    switch (why) {
    case reason_code::success:
    case reason_code::disconnect_with_will:
    case reason_code::server_busy:
    case reason_code::server_unavailable:
    case reason_code::server_shutting_down:
    case reason_code::session_taken_over:
    case reason_code::unspecified_error:                           // a client's deadline passed: it may not say 0xA0
    case reason_code::keep_alive_timeout:
    case reason_code::maximum_connect_time: return true;
    default: return false;
    }
}

} // namespace

// ---- Publishing -------------------------------------------------------------------------------------------------------

void world::publish(side s) {
    if (ledger_.count() >= most_messages || ledger_.count() >= setup_.messages + 8) return;
    bool const large = setup_.large_payloads != 0 && pick_.one_in(setup_.large_payloads);
    auto& m = ledger_.make(s, large ? 1'500 : 4 + pick_.below(60), pick_);
    session::publish_options options{.qos = m.qos, .retain = m.retain};
    if (setup_.expiring_messages && pick_.one_in(3)) m.expires_at = options.expires_at = now_ + session::duration{1 + pick_.below(400)};

    auto* const e = engine_of(s);
    if (e) {
        auto const done = e->publish(m.content, options, now_);
        if (!done) {
            auto const why = done.error();
            bool const fair = why == session::refusal::queue_full || why == session::refusal::not_connected ||
                              (why == session::refusal::too_large && ledger_.is_large(m));
            require(fair, "publish() refuses without reason");
            return;
        }
        m.no = *done;
    } else {
        if (s == server && !states_[server]->exists()) return;     // nobody to keep it for
        if (s == client && m.qos == qos_level::at_most_once) return;
        auto const taken = states_[s]->enqueue(m.content, options, setup_.peers[s].how.queue, now_);
        if (taken.result != session::enqueued::how::yes) return;
        m.no = taken.no;
        require(m.no != 0, "a queued message has no number");
    }
    trace("%s publishes message %zu, delivery %u, QoS %d", names[s], ledger_.count(), static_cast<unsigned>(m.no), static_cast<int>(m.qos));
    ledger_.published(m);
}

void world::request() {
    auto* const e = engine_of(client);
    if (!e || e->where() != session::phase::open) return;
    auto const done = pick_.one_in(2) ? e->subscribe(requests().wanted, {}, now_) : e->unsubscribe(requests().unwanted, {}, now_);
    if (!done) require(done.error() == session::refusal::no_identifier || done.error() == session::refusal::queue_full, "a request is refused without reason");
    else trace("client makes request %u", unsigned{*done});
}

// ---- Answering --------------------------------------------------------------------------------------------------------

/// Acknowledges one arrival of those that wait, or answers a request; or all of them. False: nothing waited.
bool world::answer(side s, bool all) {
    auto* const e = engine_of(s);
    if (!e || e->finished()) return false;
    if (s == server && !asked_.empty() && (all || pick_.one_in(2))) {
        std::size_t const which = pick_.below(static_cast<std::uint32_t>(asked_.size()));
        auto const a = asked_[which];
        asked_.erase(asked_.begin() + static_cast<std::ptrdiff_t>(which));
        auto const done = a.type == packet_type::subscribe ? e->answer(packet::suback{.id = a.id, .codes = requests().granted}, now_)
                                                           : e->answer(packet::unsuback{.id = a.id, .codes = requests().granted}, now_);
        require(done.has_value(), "the answer to a request is refused");
        line_of(s)->talks[s].answers.push({a.id, stores_[s].clock().filling});
    }
    auto& waiting = unanswered_[s];
    if (waiting.empty()) return false;
    do acknowledge(s, setup_.peers[s].answers_late ? pick_.below(static_cast<std::uint32_t>(waiting.size())) : 0);
    while (all && !waiting.empty() && engine_of(s) && !engine_of(s)->finished());
    return true;
}

void world::acknowledge(side s, std::size_t which) {
    auto& waiting = unanswered_[s];
    auto const a = waiting[which];
    auto& l = *line_of(s);
    bool const stale = a.qos == qos_level::at_least_once && a.serial != l.serial;
    bool const refuse = !calm_ && setup_.peers[s].refuses && pick_.one_in(6);
    auto const reason = refuse ? reason_code::quota_exceeded : reason_code::success;
    auto const done = l.ends[s]->acknowledge(a.no, reason, {}, now_);
    trace("%s %s message %d%s", names[s], refuse ? "refuses" : "acknowledges", a.message, done ? "" : ": too late");
    if (!done && done.error() == session::refusal::not_connected) return;
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(which));
    if (stale) {
        require(!done && done.error() == session::refusal::stale, "an arrival of an earlier connection is acknowledged");
        return;
    }
    require(done.has_value(), "an acknowledgement is refused");
    if (refuse && !is_v5(setup_.version)) {                        // the connection ends over it; nothing was said
        if (a.qos == qos_level::exactly_once) waiting.push_back(a);
        return settle(l, s);
    }
    ledger_.acknowledged(s, a.message, a.no, refuse, l.talks[s]);
}

// ---- Events -----------------------------------------------------------------------------------------------------------

void world::on(line& l, side s, session::any_event const& e) {
    namespace event = session::event;
    if (auto const* const arrived = std::get_if<event::message_arrived>(&e)) {
        int const number = ledger_.arrived(s, arrived->message, arrived->arrival, l.talks[s]);
        trace("%s is shown message %d as arrival %u", names[s], number, static_cast<unsigned>(arrived->arrival));
        if (arrived->arrival == 0) return;
        unanswered_[s].push_back({number, arrived->arrival, l.serial, arrived->message.qos});
        if (!setup_.peers[s].answers_late && line_of(s) == &l) acknowledge(s, unanswered_[s].size() - 1);
    } else if (auto const* const delivered = std::get_if<event::delivered>(&e)) {
        trace("%s hears that delivery %u is %s", names[s], static_cast<unsigned>(delivered->no), session::name_of(delivered->how).data());
        ledger_.ended(s, *delivered, now_);
    } else if (auto const* const asking = std::get_if<event::connect_request>(&e)) {
        on_connect(l, asking->request);
    } else if (auto const* const connected = std::get_if<event::connected>(&e)) {
        on_connected(l, *connected);
    } else if (auto const* const subscribing = std::get_if<event::subscribe_request>(&e)) {
        asked_.push_back({subscribing->request.id, packet_type::subscribe, subscribing->request.filters.size()});
    } else if (auto const* const leaving = std::get_if<event::unsubscribe_request>(&e)) {
        asked_.push_back({leaving->request.id, packet_type::unsubscribe, leaving->request.filters.size()});
    } else if (auto const* const end = std::get_if<event::closed>(&e)) {
        on_closed(l, s, *end);
    } else if (std::holds_alternative<event::authenticate>(e)) {
        violate("AUTH that nobody sent");
    }
}

void world::on_connect(line& l, packet::connect const& p) {
    auto& e = *l.ends[server];
    if (turn_away_) {
        turn_away_ = false;
        trace("server turns line %u away", l.serial);
        require(e.reject(packet::connack{.reason = reason_code::server_unavailable}, now_).has_value(), "reject() is refused");
        return;
    }
    require(p.client_id == "c", "another client");
    if (attached_ >= 0) {                                          // take-over  [MQTT-3.1.4-3]
        auto& old = lines_[static_cast<std::size_t>(attached_)];
        (void)old.ends[server]->disconnect(packet::disconnect{.reason = reason_code::session_taken_over}, now_);
        settle(old, server);
        write(old, server, true);
        if (old.ends[server]) lose(old, server);
    }
    session_ends_.reset();
    bool const exists = generation(server) != 0;
    require(states_[server]->exists() == exists, "I7: the session is not what became of it");
    bool const present = exists && !p.clean_start;
    if (!present) {
        ledger_.session_discarded(server);
        unanswered_[server].clear();
        remember_generation(server, ++last_generation_);
    }
    std::erase_if(unanswered_[server], [](auto const& a) { return a.qos == qos_level::at_least_once; });
    l.session_present = present;
    l.generation = generation(server);
    l.talks[server].accepted = stores_[server].clock().filling;
    attached_ = static_cast<int>(&l - lines_.data());
    ledger_.connection_began(server);
    auto const done = e.accept(packet::connack{}, *states_[server], now_);
    require(done.has_value(), "accept() is refused");
    trace("server accepts line %u, session %s", l.serial, present ? "present" : "new");
}

void world::on_connected(line& l, session::event::connected const& e) {
    require(e.answer.session_present == l.session_present, "I7: Session Present is not true");
    trace("client is connected");
    if (!e.answer.session_present) {
        remember_generation(client, l.generation);
        std::erase_if(unanswered_[client], [&](auto const& a) { return a.serial != l.serial; });
    }
    require(generation(client) == l.generation, "I7: a session is resumed that is another one");
    leave_soon_ = !is_v5(setup_.version) && l.clean_start && setup_.expiry != 0;
}

void world::on_closed(line& l, side s, session::event::closed const& e) {
    trace("%s: line %u closed by %d, reason %02x", names[s], l.serial, static_cast<int>(e.who), static_cast<unsigned>(e.reason));
    require(!e.cause, "an engine finds a packet of the other one malformed");
    require(e.who != session::event::closed::by::violation, "an engine finds fault with the other one");
    if (e.who == session::event::closed::by::peer) require(is_deliberate(e.reason), "an engine finds fault with the other one");
    if (calm_) require(!e.expired, "I6: a deadline passed although all is well");
}

void world::discard_session() {
    session_ends_.reset();
    ledger_.session_discarded(server);
    states_[server]->clear();
    unanswered_[server].clear();
    remember_generation(server, 0);
}

} // namespace aldis::simulation
