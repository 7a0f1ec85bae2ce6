// A broker's core and clients of it in memory and virtual time: no stream, no loop, no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/session/engine.hpp>
#include <aldis/session/state.hpp>
#include <support/catch.hpp>

#include "core.hpp"

namespace aldis::test {

using namespace std::chrono_literals;
using session::time_point;

class house;

/// What a guest got.
struct arrival {
    std::string                topic{};
    std::string                text{};
    qos_level                  qos{};
    bool                       retain = false;
    std::uint32_t              expiry = 0;                         // seconds; 0: none
    std::vector<std::uint32_t> ids{};
    std::string                props{};                            // user properties, "a=b;"
};

/// How a guest connects.
struct entrance {
    protocol                    version = protocol::v5;
    bool                        clean = true;
    std::uint32_t               expiry = 0;
    std::uint16_t               keep_alive = 60;
    std::optional<std::string>  user{};
    std::string                 password{};
    std::optional<packet::will> will{};
    property_list               props{};
    std::string                 address = "192.0.2.1:5000";
    broker_listener const*      where = nullptr;
    session::settings           how{};
};

/// To a session that goes on, and outlives its connections.
inline entrance lasting(std::uint32_t seconds = 3'600) {
    entrance how;
    how.clean = false;
    how.expiry = seconds;
    return how;
}

/// One client: its session outlives its connections.
class guest {
public:
    guest(house& in, std::string name) : in_(&in), client_id(std::move(name)) {}

    void connect(entrance const& how = {});
    bool is_in() const { return engine && engine->where() == session::phase::open; }
    void cut();                                                    // without a word
    void leave(reason_code why = reason_code::success);

    void subscribe(std::string_view filter, qos_level qos = qos_level::exactly_once, std::uint32_t id = 0);
    void subscribe(subscription const& wanted, std::uint32_t id = 0);
    void unsubscribe(std::string_view filter);
    void publish(std::string_view topic, std::string_view text, qos_level qos = qos_level::at_most_once, bool retain = false,
                 property_list const& props = {});

    std::vector<std::string> texts() {
        std::vector<std::string> all;
        for (auto const& each : got) all.push_back(each.text);
        got.clear();
        return all;
    }

    void hear();

    house*                              in_;
    std::string                         client_id;
    session::state                      own{};
    std::optional<session::engine>      engine{};
    std::unique_ptr<serving::peer>      link{};
    std::vector<arrival>                got{};
    std::function<void(packet::auth const&)> on_step{};            // AUTH
    std::function<void(session::event::delivered const&)> on_end{};
    std::vector<reason_code>            codes{};                   // of the last SUBACK or UNSUBACK
    std::vector<reason_code>            answers{};                 // to QoS 1 and 2 messages
    std::optional<reason_code>          refused{};                 // by CONNACK
    std::optional<reason_code>          dismissed{};               // by DISCONNECT
    std::optional<session::event::closed::by> ended{};
    property_list                       connack{};
    bool                                session_present = false;
    bool                                takes = true;              // what the broker writes
    bool                                turned_away = false;       // before CONNECT
    bool                                acknowledges = true;
    bool                                session_was_open = false;
};

class house {
public:
    explicit house(broker_options how = {}) : core(std::make_shared<broker_options const>(std::move(how)), {[] {}, [this] { return now; }, 0}) {}
    ~house() {
        for (auto& each : guests)
            if (each.link) core.gone(*each.link, now);
    }

    guest& add(std::string name) { return guests.emplace_back(*this, std::move(name)); }
    guest& enter(std::string name, entrance const& how = {}) {
        auto& made = add(std::move(name));
        made.connect(how);
        return made;
    }

    /// Moves bytes until nobody has anything to say.
    void settle() {
        for (bool moved = true; moved;) {
            moved = false;
            for (auto& each : guests) moved = up(each) || moved;
            while (auto* const p = core.take_dirty()) {
                core.feed(*p, now);
                core.drain(*p, now);
                core.arm(*p);
                core.watch_commit(*p);
            }
            if (commits && (!core.notes().empty() || core.waits_for_commit())) {
                broker_store::batch all;
                auto const          no = core.notes().move_to(all);
                for (auto const& each : all) commits(each);
                core.committed(no, now);
                moved = true;
            }
            for (auto& each : guests) moved = down(each) || moved;
        }
    }

    /// Time passes, and whatever is due on the way happens when it is due.
    void pass(session::duration span) {
        auto const end = now + span;
        settle();
        for (auto due = core.deadline(); due && *due <= end; due = core.deadline()) {
            now = std::max(now, *due);
            core.tick(now);
            settle();
        }
        now = end;
        settle();
    }

    std::function<void(broker_store::entry const&)> commits{};     // with a store: what it is given
    time_point       now{std::chrono::hours{1}};
    serving::core    core;
    std::list<guest> guests{};

private:
    static bool move_bytes(std::span<bytes_view const> pieces, session::engine& from, session::engine& to, time_point at) {
        std::size_t all = 0;
        for (auto const& each : pieces) {
            for (auto left = each; !left.empty() && !to.finished();) {
                auto const space = to.prepare();
                auto const n = std::min(space.size(), left.size());
                std::copy_n(left.begin(), n, space.begin());
                to.received(n, at);
                left = left.subspan(n);
            }
            all += each.size();
        }
        from.sent(all, at);
        return all > 0;
    }
    bool up(guest& g) {
        if (!g.engine || !g.link) return false;
        auto const pieces = g.engine->pending(now);
        if (pieces.empty() || !(g.link->engine.wants_input() || g.link->engine.finished())) return false;
        bool moved = false;
        for (auto const& each : pieces) {
            auto left = each.subspan(0, std::min<std::size_t>(each.size(), 4'096));
            while (!left.empty() && g.link->engine.wants_input() && !g.link->wants_close) {
                auto const space = g.link->engine.prepare();
                auto const n = std::min(space.size(), left.size());
                std::copy_n(left.begin(), n, space.begin());
                g.link->engine.received(n, now);
                core.heard(*g.link, n, now);
                core.mark(*g.link);                                // as a link does, whatever came of it
                g.engine->sent(n, now);
                left = left.subspan(n);
                moved = true;
            }
            break;                                                 // pending() tells anew what is left
        }
        if (!moved && g.link->engine.finished()) {
            std::size_t lost = 0;
            for (auto const& each : pieces) lost += each.size();
            g.engine->sent(lost, now);
        }
        return moved;
    }

    bool down(guest& g) {
        if (!g.engine || !g.link) return false;
        bool moved = false;
        if (g.takes) moved = move_bytes(g.link->engine.pending(now), g.link->engine, *g.engine, now);
        core.drain(*g.link, now);
        g.hear();
        bool const is_over = g.link->wants_close || (g.link->engine.finished() && g.link->engine.pending(now).empty()) || g.engine->finished();
        if (!is_over || (g.engine->finished() && !g.engine->pending(now).empty() && !g.link->engine.finished())) return moved;
        g.engine->connection_lost(now);
        g.hear();
        core.gone(*g.link, now);
        g.link.reset();
        g.engine.reset();
        return true;
    }
};

inline void guest::connect(entrance const& how) {
    cut();
    refused.reset();
    dismissed.reset();
    ended.reset();
    turned_away = session_was_open = false;
    link = std::make_unique<serving::peer>(in_->core.settings_for(how.where), how.where, in_->core.notes().clock());
    link->address = how.address;
    link->address_key = how.address.substr(0, how.address.rfind(':'));
    link->is_local = link->address_key == "127.0.0.1";
    transport::stream_facts way;
    way.remote = how.address;
    if (!in_->core.opened(*link, way, in_->now)) {
        turned_away = true;
        link.reset();
        return;
    }
    auto settings = how.how;
    settings.resume = true;
    engine.emplace(session::role::client, settings);
    property_list props(how.props);
    if (how.version == protocol::v5 && how.expiry != 0) props.add<property_id::session_expiry_interval>(how.expiry);
    packet::connect request;
    request.version = how.version;
    request.clean_start = how.clean;
    request.keep_alive = how.keep_alive;
    request.client_id = client_id;
    request.last_will = how.will;
    if (how.user) {
        request.user_name = *how.user;
        request.password = to_bytes(how.password);
    }
    if (how.version == protocol::v5) request.props = props;
    REQUIRE(engine->connect(request, own, in_->now));
    in_->settle();
}

inline void guest::cut() {
    if (link) {
        in_->core.gone(*link, in_->now);
        link.reset();
    }
    if (engine) {
        engine->connection_lost(in_->now);
        engine.reset();
    }
    in_->settle();
}

inline void guest::leave(reason_code why) {
    packet::disconnect bye;
    bye.reason = why;
    REQUIRE(engine->disconnect(bye, in_->now));
    in_->settle();
}

inline void guest::subscribe(subscription const& wanted, std::uint32_t id) {
    wire_builder<subscription> filters;
    filters.add(wanted);
    property_list props;
    if (id != 0) props.add<property_id::subscription_identifier>(id);
    codes.clear();
    REQUIRE(engine->subscribe(filters.view(), props.view(), in_->now));
    in_->settle();
}
inline void guest::subscribe(std::string_view filter, qos_level qos, std::uint32_t id) {
    subscription wanted;
    wanted.filter = filter;
    wanted.qos = qos;
    subscribe(wanted, id);
}

inline void guest::unsubscribe(std::string_view filter) {
    wire_builder<std::string_view> filters;
    filters.add(filter);
    codes.clear();
    REQUIRE(engine->unsubscribe(filters.view(), {}, in_->now));
    in_->settle();
}

inline void guest::publish(std::string_view topic, std::string_view text, qos_level qos, bool retain, property_list const& props) {
    packet::publish p;
    p.topic = topic;
    p.payload = to_bytes(text);
    p.qos = qos;
    p.retain = retain;
    p.props = props;
    REQUIRE(engine->publish(p, in_->now));
    in_->settle();
}

inline void guest::hear() {
    using namespace session::event;
    while (auto const* const said = engine ? engine->poll(in_->now) : nullptr) {
        if (auto const* const c = std::get_if<connected>(said)) {
            connack = property_list(c->answer.props);
            session_present = c->answer.session_present;
        } else if (auto const* const m = std::get_if<message_arrived>(said)) {
            arrival a{std::string(m->message.topic), std::string(to_text(m->message.payload)), m->message.qos, m->message.retain, 0, {}, {}};
            a.expiry = m->message.props.get<property_id::message_expiry_interval>().value_or(0);
            for (auto const& each : m->message.props) {
                if (each.id == property_id::subscription_identifier) a.ids.push_back(each.number);
                if (each.id == property_id::user_property) a.props += std::string(each.pair.name) + "=" + std::string(each.pair.value) + ";";
            }
            got.push_back(std::move(a));
            if (m->arrival != 0 && acknowledges) REQUIRE(engine->acknowledge(m->arrival, in_->now));
        } else if (auto const* const s = std::get_if<subscribed>(said)) {
            for (auto const code : s->answer.codes) codes.push_back(code);
        } else if (auto const* const u = std::get_if<unsubscribed>(said)) {
            for (auto const code : u->answer.codes) codes.push_back(code);
        } else if (auto const* const d = std::get_if<delivered>(said)) {
            answers.push_back(d->reason);
            if (on_end) on_end(*d);
        } else if (auto const* const step = std::get_if<session::event::authenticate>(said)) {
            if (on_step) on_step(step->request);
        } else if (auto const* const end = std::get_if<closed>(said)) {
            ended = end->who;
            if (end->who == closed::by::peer) (session_was_open ? dismissed : refused) = end->reason;
        }
        session_was_open = engine->where() == session::phase::open || session_was_open;
        if (!engine) return;
    }
}

} // namespace aldis::test
