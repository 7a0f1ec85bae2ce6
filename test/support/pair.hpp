// A client engine and a server engine, joined by a wire in memory, under virtual time: most session tests are conversations of these.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <aldis/session/engine.hpp>

namespace aldis::test {

using namespace std::chrono_literals;
using session::time_point;

/// What a peer saw, kept beyond the life of the event's views.
struct seen_message {
    std::string         topic{};
    std::string         payload{};
    qos_level           qos{};
    bool                retain = false;
    bool                dup = false;
    session::arrival_no arrival = 0;
    property_list       props{};
};

struct seen_delivery {
    session::event::outcome how{};
    reason_code             reason{};
    property_list           props{};
};

struct seen_closed {
    session::event::closed::by    who{};
    reason_code                   reason{};
    bool                          discard_will = false;
    std::optional<codec::fault>   cause{};
    std::optional<session::timer> expired{};
    property_list                 props{};
};

/// A packet as it went over the wire.
struct wire_packet {
    std::shared_ptr<byte_buffer> bytes{};
    any_packet                   packet{};                         // views into `bytes`
    template <class P> P const* as() const { return std::get_if<P>(&packet); }
};

/// One side of the conversation. By default it answers like a well-behaved owner: a server accepts, grants, acknowledges.
class peer {
public:
    peer(session::role who, session::settings const& chosen, session::commit_clock const& commits) : role(who), settings(chosen), clock(&commits) {
        renew();
    }

    /// A new engine for the next connection, with the settings as they are now.
    void renew() { engine = std::make_unique<session::engine>(role, settings, *clock); }

    void drain(time_point now) {
        while (auto const* event = engine->poll(now)) std::visit([&](auto const& e) { on(e, now); }, *event);
    }

    std::vector<std::string> received(std::string_view topic) const {
        std::vector<std::string> payloads;
        for (auto const& m : messages)
            if (m.topic == topic) payloads.push_back(m.payload);
        return payloads;
    }

    session::role                                     role;
    session::settings                                 settings;
    session::commit_clock const*                      clock;
    session::state                                    state{};
    std::unique_ptr<session::engine>                  engine{};

    // Behaviour
    bool                         acknowledges = true;
    bool                         answers_requests = true;
    bool                         accepts = true;
    packet::connack              connack{};
    property_list                connack_props{};

    // What was seen
    std::vector<seen_message>                         messages{};
    std::map<session::delivery_no, seen_delivery>     deliveries{};
    std::vector<session::delivery_no>                 delivery_order{};
    std::optional<seen_closed>                        closed{};
    int                                               closed_count = 0;
    std::optional<bool>                               session_present{};
    std::uint16_t                                     keep_alive = 0;
    std::string                                       client_id{};
    session::limits                                   peer_limits{};
    reason_code                                       connack_reason{};
    property_list                                     connack_seen{};
    int                                               connects = 0;
    packet::connect                                   last_connect{};                      // scalars only are safe to look at
    std::vector<packet_id>                            subscribed{};
    std::vector<std::vector<reason_code>>             granted{};
    std::vector<packet_id>                            unsubscribed{};
    std::vector<packet_id>                            requests{};                          // server: SUBSCRIBE and UNSUBSCRIBE
    std::vector<std::string>                          filters{};
    std::vector<std::pair<reason_code, std::string>>  auths{};                             // reason, data

private:
    void on(session::event::connect_request const& e, time_point now) {
        ++connects;
        last_connect = e.request;
        client_id = e.request.client_id;
        if (!accepts) return;
        auto answer = connack;
        if (!connack_props.empty()) answer.props = connack_props;
        if (is_error(answer.reason)) (void)engine->reject(answer, now);
        else (void)engine->accept(answer, state, now);
    }
    void on(session::event::connected const& e, time_point) {
        session_present = e.answer.session_present;
        connack_reason = e.answer.reason;
        connack_seen = property_list{e.answer.props};
        peer_limits = e.peer;
        client_id = e.client_id;
        keep_alive = e.keep_alive;
    }
    void on(session::event::message_arrived const& e, time_point now) {
        auto const& m = e.message;
        messages.push_back({std::string{m.topic}, std::string{to_text(m.payload)}, m.qos, m.retain, m.dup, e.arrival, property_list{m.props}});
        if (acknowledges && e.arrival != 0) (void)engine->acknowledge(e.arrival, now);
    }
    void on(session::event::delivered const& e, time_point) {
        deliveries[e.no] = {e.how, e.reason, property_list{e.props}};
        delivery_order.push_back(e.no);
    }
    void on(session::event::subscribe_request const& e, time_point now) {
        requests.push_back(e.request.id);
        wire_builder<reason_code> codes;
        for (auto const& s : e.request.filters) {
            filters.emplace_back(s.filter);
            codes.add(static_cast<reason_code>(s.qos));
        }
        if (answers_requests) (void)engine->answer(packet::suback{.id = e.request.id, .codes = codes}, now);
    }
    void on(session::event::unsubscribe_request const& e, time_point now) {
        requests.push_back(e.request.id);
        wire_builder<reason_code> codes;
        for (auto const filter : e.request.filters) {
            filters.emplace_back(filter);
            codes.add(reason_code::success);
        }
        if (answers_requests) (void)engine->answer(packet::unsuback{.id = e.request.id, .codes = codes}, now);
    }
    void on(session::event::subscribed const& e, time_point) {
        subscribed.push_back(e.answer.id);
        granted.emplace_back(e.answer.codes.begin(), e.answer.codes.end());
    }
    void on(session::event::unsubscribed const& e, time_point) { unsubscribed.push_back(e.answer.id); }
    void on(session::event::authenticate const& e, time_point) {
        auto const data = e.request.props.get<property_id::authentication_data>();
        auths.emplace_back(e.request.reason, data ? std::string{to_text(*data)} : std::string{});
    }
    void on(session::event::closed const& e, time_point) {
        closed = seen_closed{e.who, e.reason, e.discard_will, e.cause, e.expired, property_list{e.props}};
        ++closed_count;
    }
};

/// Client and server, the wire between them, and the clock.
class session_pair {
public:
    struct options {
        protocol                version = protocol::v5;
        session::settings       client{};
        session::settings       server{};
        std::uint32_t           expiry = 3600;                     // 5.0: asked for in CONNECT; 3.1.1: not 0 means Clean Session 0
        std::uint16_t           keep_alive = 0;
        std::string             client_id = "pair";
        property_list           props{};                           // further ones for CONNECT
        bool                    connect = true;
    };

    session_pair() : session_pair(options{}) {}
    explicit session_pair(options chosen)
        : how(std::move(chosen)), client(session::role::client, how.client, client_clock), server(session::role::server, how.server, server_clock) {
        if (how.connect) {
            (void)connect(true);
            run();
        }
    }

    /// Queues CONNECT; run() lets it go.
    session::outcome<void> connect(bool clean_start) {
        packet::connect request{.version = how.version, .clean_start = clean_start, .keep_alive = how.keep_alive, .client_id = how.client_id};
        if (!is_v5(how.version)) request.clean_start = how.expiry == 0;
        props_ = how.props;
        if (is_v5(how.version) && how.expiry > 0) props_.add<property_id::session_expiry_interval>(how.expiry);
        if (is_v5(how.version)) request.props = props_;
        server.engine->opened(now);
        return client.engine->connect(request, client.state, now);
    }

    /// Moves bytes both ways until nothing moves any more.
    void run() {
        bool moved = true;
        while (moved) {
            moved = step(client, server, from_client);
            moved = step(server, client, from_server) || moved;
        }
    }

    /// Lets virtual time pass, firing timers on the way, and runs.
    void pass(session::duration time) {
        auto const end = now + time;
        for (;;) {
            auto due = end;
            for (auto* p : {&client, &server})
                if (auto const at = p->engine->deadline(); at && *at < due) due = *at;
            now = std::max(now, due);
            client.engine->tick(now);
            server.engine->tick(now);
            run();
            if (now >= end) return;
        }
    }

    /// The transport breaks; what was on the way is lost.
    void cut() {
        client.engine->connection_lost(now);
        server.engine->connection_lost(now);
        client.drain(now);
        server.drain(now);
        from_client.open_ = from_server.open_ = true;
        from_client.partial_.clear();
        from_server.partial_.clear();
    }

    /// A new connection on the old states.
    void reconnect(bool clean_start = false) {
        cut();
        client.renew();
        server.renew();
        client.closed.reset();
        server.closed.reset();
        client.session_present.reset();
        (void)connect(clean_start);
        run();
    }

    /// One direction of the wire: everything that went over it, and a packet after which nothing passes.
    struct direction {
        std::vector<wire_packet>         log{};
        std::optional<packet_type>       cut_before{};             // this packet and what follows is lost
        bool                             open_ = true;
        byte_buffer                      partial_{};
        template <class P> std::vector<P> all() const {
            std::vector<P> found;
            for (auto const& w : log)
                if (auto const* p = w.template as<P>()) found.push_back(*p);
            return found;
        }
        template <class P> std::size_t count() const { return all<P>().size(); }
        void clear() { log.clear(); }
    };

    options               how;
    session::commit_clock client_clock{};
    session::commit_clock server_clock{};
    time_point            now{std::chrono::hours{1}};
    peer                  client;
    peer                  server;
    direction             from_client{};
    direction             from_server{};

    /// Bytes straight into an engine, as its peer would send them.
    void feed(peer& to, bytes_view bytes) {
        while (!bytes.empty() && !to.engine->finished()) {
            auto const space = to.engine->prepare();
            auto const n = std::min(space.size(), bytes.size());
            std::copy_n(bytes.begin(), n, space.begin());
            to.engine->received(n, now);
            bytes = bytes.subspan(n);
            to.drain(now);
        }
    }
    template <class P>
        requires requires { P::type; }
    void feed(peer& to, P const& p) {
        byte_buffer bytes;
        (void)codec::encode(p, {how.version, sender::either}, bytes);
        feed(to, bytes_view{bytes});
    }

    /// Publishes and returns the number; the outcome must not be a refusal.
    session::delivery_no publish(peer& from, std::string_view topic, std::string_view payload, qos_level qos, bool retain = false) {
        auto const no = from.engine->publish({.topic = topic, .payload = to_bytes(payload), .qos = qos, .retain = retain}, now);
        return no ? *no : session::delivery_no{0xDEAD};
    }

private:
    bool step(peer& from, peer& to, direction& way) {
        from.drain(now);
        bool moved = false;
        for (auto views = from.engine->pending(now); !views.empty(); views = from.engine->pending(now)) {
            std::size_t n = 0;
            for (auto const& v : views) {
                way.partial_.insert(way.partial_.end(), v.begin(), v.end());
                n += v.size();
            }
            from.engine->sent(n, now);
            moved = true;
        }
        deliver(to, way);
        from.drain(now);
        return moved;
    }

    void deliver(peer& to, direction& way) {
        for (;;) {
            auto const next = codec::next_frame(way.partial_);
            if (!next || !*next) return;
            auto bytes = std::make_shared<byte_buffer>(way.partial_.begin(), way.partial_.begin() + static_cast<std::ptrdiff_t>((**next).size));
            way.partial_.erase(way.partial_.begin(), way.partial_.begin() + static_cast<std::ptrdiff_t>(bytes->size()));
            auto const f = codec::next_frame(*bytes);
            auto const p = codec::decode(**f, {how.version, sender::either});
            if (way.cut_before && (**f).type == *way.cut_before) {
                way.open_ = false;
                way.cut_before.reset();
            }
            if (!way.open_) continue;
            if (p) way.log.push_back({bytes, *p});
            feed(to, bytes_view{*bytes});
        }
    }

    property_list props_{};
};

} // namespace aldis::test
