// One event loop with a small server on it, for tests of the client: nothing waits for the clock, all ends are reached by running handlers.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <aldis/aldis.hpp>
#include <aldis/session/state.hpp>
#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listener.hpp>
#include <aldis/transport/memory.hpp>
#include <support/catch.hpp>

namespace aldis::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// What a handler was called with, and how often. Copies share it.
template <class... Values>
class outcome {
public:
    auto handler() {
        return [state = state_](Values... values) {
            ++state->calls;
            state->values.emplace(std::move(values)...);
        };
    }
    bool       is_done() const { return state_->calls > 0; }
    int        calls() const { return state_->calls; }
    error_code ec() const { return std::get<0>(state_->values.value()); }
    auto&      value() const { return std::get<1>(state_->values.value()); }

private:
    struct record {
        std::optional<std::tuple<Values...>> values{};
        int                                  calls = 0;
    };
    std::shared_ptr<record> state_ = std::make_shared<record>();
};

using connect_outcome    = outcome<error_code, connect_result>;
using publish_outcome    = outcome<error_code, publish_result>;
using subscribe_outcome  = outcome<error_code, subscribe_result>;
using receive_outcome    = outcome<error_code, received_message>;
using disconnect_outcome = outcome<error_code>;

/// A server in a few lines: sessions by client identifier, subscriptions, routing; and the ways in which it may misbehave.
class small_server {
public:
    explicit small_server(asio::any_io_executor ex) : listener_(ex), ex_(std::move(ex)) {}

    // How it behaves.
    session::settings          settings{};
    std::optional<reason_code> refuse_connect{};
    std::optional<reason_code> refuse_publish{};
    bool                       answers_connect = true;
    bool                       acknowledges = true;
    bool                       merges_overlaps = false;            // one copy of a message for all subscriptions of a client
    property_list              connack_props{};
    property_list              ack_props{};

    // What it saw.
    struct arrival {
        std::string topic;
        std::string text;
        qos_level   qos;
        bool        retain;
    };
    std::vector<arrival>                         arrivals{};
    std::vector<std::string>                     connects{};       // client identifiers
    std::vector<byte_buffer>                     connect_props{};
    std::vector<session::event::closed::by>      ends{};
    std::vector<reason_code>                     end_reasons{};
    std::size_t                                  deliveries_done = 0;
    std::vector<std::string>                     subscribed{};     // filters, in the order asked for
    std::vector<std::string>                     unsubscribed{};
    std::size_t                                  subscribes = 0;   // packets

    void serve(std::unique_ptr<transport::stream> stream) {
        peers_.emplace_back(*this, std::move(stream));
        auto& made = peers_.back();
        made.link.start(made);
    }

    /// Listens on a free loopback port, or where it is told.
    transport::endpoint listen(transport::endpoint const& where = transport::endpoint(transport::scheme::tcp, "127.0.0.1", std::uint16_t{0}),
                               transport::listen_options const& how = {}) {
        REQUIRE_FALSE(listener_.open(where, how));
        accept_next();
        return listener_.local();
    }

    /// Serves what comes of a stream when it has been through the listener's layers.
    void adopt(std::unique_ptr<transport::stream> stream) { REQUIRE_FALSE(listener_.adopt(std::move(stream))); }

    /// Cuts every connection off.
    void drop_all() {
        for (auto& each : peers_) each.link.close();
    }

    /// Says DISCONNECT to everyone.
    void dismiss_all(reason_code why) {
        for (auto& each : peers_) {
            packet::disconnect leave;
            leave.reason = why;
            (void)each.link.engine().disconnect(leave, connection::now());
            each.link.flush();
        }
    }

    /// Sends to every client that is there, whatever it subscribed to.
    void send_all(std::string_view topic, std::string_view text, qos_level qos = qos_level::at_most_once) {
        packet::publish p;
        p.topic = topic;
        p.payload = to_bytes(text);
        p.qos = qos;
        for (auto& each : peers_) {
            (void)each.link.engine().publish(p, connection::now());
            each.link.flush();
        }
    }

    /// Forgets the sessions of clients that are not there.
    void forget_sessions() {
        std::erase_if(sessions_, [](auto const& each) { return !each.second.at; });
    }

    /// Acknowledges what was withheld while `acknowledges` was false.
    void acknowledge_all() {
        for (auto& each : peers_) {
            for (auto const no : std::exchange(each.withheld, {})) (void)each.link.engine().acknowledge(no, connection::now());
            each.link.flush();
        }
    }

    std::size_t connections() const { return peers_.size(); }
    std::size_t writes() const {
        std::size_t all = 0;
        for (auto const& each : peers_) all += each.link.writes();
        return all;
    }
    /// Bytes that it has for its clients and they have not taken.
    std::size_t output_size() const {
        std::size_t all = 0;
        for (auto const& each : peers_) all += each.link.engine().output_size();
        return all;
    }
    std::size_t sessions() const { return sessions_.size(); }

private:
    struct peer;
    struct account {
        std::shared_ptr<session::state>   state = std::make_shared<session::state>();
        std::map<std::string, qos_level>  filters{};
        std::map<std::string, std::uint32_t> ids{};                // Subscription Identifiers, where given
        peer*                             at = nullptr;
    };

    struct peer final : connection_owner {
        peer(small_server& of, std::unique_ptr<transport::stream> stream)
            : server(of), link(std::move(stream), session::role::server, of.settings) {}

        void on_event(session::any_event const& said) override { server.heard(*this, said); }
        void on_ended(error_code) override { server.lost(*this); }

        small_server&                    server;
        connection                       link;
        std::string                      client_id{};
        std::vector<session::arrival_no> withheld{};
    };

    void accept_next() {
        listener_.async_accept([this](error_code ec, std::unique_ptr<transport::stream> stream) {
            if (ec) return;
            serve(std::move(stream));
            accept_next();
        });
    }

    void heard(peer& from, session::any_event const& said) {
        using namespace session::event;
        if (auto const* const connect = std::get_if<connect_request>(&said)) connecting(from, connect->request);
        if (auto const* const message = std::get_if<message_arrived>(&said)) arrived(from, *message);
        if (auto const* const wish = std::get_if<subscribe_request>(&said)) subscribing(from, wish->request);
        if (auto const* const wish = std::get_if<unsubscribe_request>(&said)) unsubscribing(from, wish->request);
        if (std::holds_alternative<delivered>(said)) ++deliveries_done;
        if (auto const* const end = std::get_if<session::event::closed>(&said)) {
            ends.push_back(end->who);
            end_reasons.push_back(end->reason);
        }
        from.link.flush();
    }

    void connecting(peer& from, packet::connect const& request) {
        connects.emplace_back(request.client_id);
        auto const wire = request.props.wire();
        connect_props.emplace_back(wire.begin(), wire.end());
        if (!answers_connect) return;
        packet::connack answer;
        answer.props = connack_props.view();
        if (refuse_connect) {
            answer.reason = *refuse_connect;
            (void)from.link.engine().reject(answer, connection::now());
            return;
        }
        from.client_id = request.client_id.empty() ? "made-up-" + std::to_string(connects.size()) : std::string(request.client_id);
        property_list with_id(connack_props.view());
        if (request.client_id.empty() && is_v5(request.version)) with_id.add<property_id::assigned_client_identifier>(from.client_id);
        answer.props = with_id.view();
        auto& mine = sessions_[from.client_id];
        if (mine.at && mine.at != &from) {
            mine.at->link.engine().connection_lost(connection::now());
            mine.at->link.close();
        }
        mine.at = &from;
        from.link.keep(mine.state);
        REQUIRE(from.link.engine().accept(answer, *mine.state, connection::now()));
    }

    void arrived(peer& from, session::event::message_arrived const& e) {
        if (refuse_publish && e.arrival != 0) {
            (void)from.link.engine().acknowledge(e.arrival, *refuse_publish, ack_props.view(), connection::now());
            return;
        }
        arrivals.push_back({std::string(e.message.topic), std::string(to_text(e.message.payload)), e.message.qos, e.message.retain});
        auto const content = session::message::make(e.message.topic, e.message.props, e.message.payload);
        REQUIRE(content);
        for (auto& each : sessions_) route(each.second, *content, e.message);
        if (e.arrival == 0) return;
        if (acknowledges) (void)from.link.engine().acknowledge(e.arrival, reason_code::success, ack_props.view(), connection::now());
        else from.withheld.push_back(e.arrival);
    }

    void route(account& to, session::message const& content, packet::publish const& p) {
        for (auto const& [filter, qos] : to.filters) {
            auto const shared = split_shared(filter);
            if (!topic_matches(shared ? shared->filter : filter, p.topic)) continue;
            session::publish_options how;
            std::vector<std::uint32_t> ids;
            if (auto const id = to.ids.find(filter); id != to.ids.end()) ids.push_back(id->second);
            if (merges_overlaps) ids = ids_matching(to, p.topic);
            how.subscription_ids = ids;
            how.qos = std::min(qos, p.qos);
            how.retain = p.retain;
            if (to.at) {
                (void)to.at->link.engine().publish(content, how, connection::now());
                to.at->link.flush();
            } else if (how.qos != qos_level::at_most_once) {
                (void)to.state->enqueue(content, how, {}, connection::now());
            }
            if (merges_overlaps) return;
        }
    }

    static std::vector<std::uint32_t> ids_matching(account const& of, std::string_view topic) {
        std::vector<std::uint32_t> all;
        for (auto const& [filter, id] : of.ids)
            if (topic_matches(filter, topic)) all.push_back(id);
        return all;
    }

    void subscribing(peer& from, packet::subscribe const& request) {
        auto&                     mine = sessions_[from.client_id];
        wire_builder<reason_code> codes;
        ++subscribes;
        for (auto const& each : request.filters) {
            subscribed.emplace_back(each.filter);
            if (each.filter.starts_with("forbidden")) {
                codes.add(reason_code::not_authorized);
                continue;
            }
            mine.filters[std::string(each.filter)] = each.qos;
            if (auto const id = request.props.get<property_id::subscription_identifier>()) mine.ids[std::string(each.filter)] = *id;
            else mine.ids.erase(std::string(each.filter));
            codes.add(static_cast<reason_code>(each.qos));
        }
        packet::suback answer;
        answer.id = request.id;
        answer.codes = codes.view();
        answer.props = ack_props.view();
        CHECK(from.link.engine().answer(answer, connection::now()));
    }

    void unsubscribing(peer& from, packet::unsubscribe const& request) {
        auto&                     mine = sessions_[from.client_id];
        wire_builder<reason_code> codes;
        for (auto const each : request.filters) unsubscribed.emplace_back(each);
        for (auto const each : request.filters)
            codes.add(mine.filters.erase(std::string(each)) > 0 ? reason_code::success : reason_code::no_subscription_existed);
        packet::unsuback answer;
        answer.id = request.id;
        answer.codes = codes.view();
        CHECK(from.link.engine().answer(answer, connection::now()));
    }

    void lost(peer& gone) {
        if (auto const at = sessions_.find(gone.client_id); at != sessions_.end() && at->second.at == &gone) {
            at->second.at = nullptr;
            if (at->second.state->expiry() == 0) sessions_.erase(at);
        }
        peers_.remove_if([&](peer const& each) { return &each == &gone; });
    }

    std::map<std::string, account> sessions_{};
    std::list<peer>                peers_{};
    transport::listener            listener_;
    asio::any_io_executor          ex_;
};

/// The loop, a server, and wires between it and clients.
class world {
public:
    asio::io_context io{1};
    small_server     server{io.get_executor()};

    asio::any_io_executor ex() { return io.get_executor(); }

    /// Runs handlers until something holds. The limit only ends a test that hangs; no test waits for it.
    template <class Predicate>
    bool run_until(Predicate is_reached) {
        auto const limit = std::chrono::steady_clock::now() + 30s;
        io.restart();
        while (!is_reached())
            if (io.run_one_until(limit) == 0) return is_reached();
        return true;
    }
    template <class... Values>
    void run(outcome<Values...> const& expected) { REQUIRE(run_until([&] { return expected.is_done(); })); }

    /// Runs all that is ready, without waiting.
    void settle() {
        io.restart();
        io.poll();
    }

    /// A stream whose other end the server serves.
    std::unique_ptr<transport::stream> wire(transport::memory_options const& how = {}) {
        auto [ours, theirs] = transport::make_memory_pair(ex(), how);
        server.serve(std::move(theirs));
        return std::move(ours);
    }

    connect_outcome start_connect(client& c, transport::memory_options const& how = {}) {
        connect_outcome done;
        c.async_connect(wire(how), done.handler());
        return done;
    }
    connect_result connect(client& c) {
        auto const done = start_connect(c);
        run(done);
        REQUIRE_FALSE(done.ec());
        return done.value();
    }
    publish_outcome start_publish(client& c, std::string_view topic, std::string_view text, publish_options const& how = {}) {
        publish_outcome done;
        c.async_publish(topic, text, how, done.handler());
        return done;
    }
    subscribe_result subscribe(client& c, subscribe_list to) {
        subscribe_outcome done;
        c.async_subscribe(std::move(to), done.handler());
        run(done);
        REQUIRE_FALSE(done.ec());
        return done.value();
    }
    receive_outcome start_receive(client& c) {
        receive_outcome done;
        c.async_receive(done.handler());
        return done;
    }
    received_message receive(client& c) {
        auto const done = start_receive(c);
        run(done);
        REQUIRE_FALSE(done.ec());
        return done.value();
    }
    error_code disconnect(client& c) {
        disconnect_outcome done;
        c.async_disconnect(done.handler());
        run(done);
        return done.ec();
    }
};

constexpr auto qos_0 = qos_level::at_most_once;
constexpr auto qos_1 = qos_level::at_least_once;
constexpr auto qos_2 = qos_level::exactly_once;

inline connect_options lamp(protocol version = protocol::v5) { return connect_options{}.client_id("lamp").version(version); }
inline connect_options lasting_lamp(protocol version = protocol::v5) { return lamp(version).session_expiry(1h); }

} // namespace aldis::test
