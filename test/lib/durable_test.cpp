// The client with a store: nothing leaves before it is kept, what is kept is sent, and what can not be kept is said.
#include <deque>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <aldis/session_store.hpp>

#include "folder.hpp"
#include "stored.hpp"
#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// A store that answers when the test says so, and then as it says.
class slow_store final : public session_store {
public:
    error_code load(contents& into) override { return load_error ? load_error : kept->load(into); }
    void commit(std::shared_ptr<batch const> what, commit_handler done) override {
        ++commits;
        waiting.emplace(std::move(what), std::move(done));
        if (answers_at_once) answer({});
    }
    void close() noexcept override {
        while (waiting) answer(at_the_end);
        kept->close();
    }
    std::string failure() const override { return "the test said so"; }

    void answer(error_code ec) {
        auto [what, done] = std::move(*std::exchange(waiting, std::nullopt));
        if (ec) return done(ec);
        kept->commit(what, std::move(done));
    }

    std::shared_ptr<session_store> kept = make_memory_store();
    std::optional<std::pair<std::shared_ptr<batch const>, commit_handler>> waiting{};
    error_code  load_error{};
    error_code  at_the_end{};                                      // the answer to what waits when the store is closed
    std::size_t commits = 0;
    bool        answers_at_once = false;
};

publish_options stored(qos_level qos) { return publish_options{}.qos(qos).until_stored(true); }

} // namespace

TEST_CASE("a PUBLISH leaves after the commit that keeps it, and until_stored completes with that commit", "[lib][durable]") {
    auto const qos = GENERATE(qos_1, qos_2);
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->answers_at_once = true;
    client c(w.io, lasting_lamp().store(store));
    w.connect(c);
    w.settle();
    store->answers_at_once = false;

    auto const kept = w.start_publish(c, "t", "x", stored(qos));
    auto const answered = w.start_publish(c, "t", "y", qos);
    w.settle();
    CHECK(store->waiting);
    CHECK_FALSE(kept.is_done());
    CHECK(w.server.arrivals.empty());

    store->answers_at_once = true;
    store->answer({});
    w.run(kept);
    CHECK_FALSE(kept.ec());
    w.run(answered);
    CHECK_FALSE(answered.ec());
    REQUIRE(w.server.arrivals.size() == 2);
    CHECK(kept.calls() == 1);
}

TEST_CASE("an acknowledgement of a QoS 2 message leaves after the commit that keeps its identifier", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->answers_at_once = true;
    client c(w.io, lasting_lamp().store(store));
    int    arrived = 0;
    c.on_message([&](received_message const&) { ++arrived; });
    w.connect(c);
    w.settle();
    store->answers_at_once = false;

    w.server.send_all("t", "x", qos_2);
    w.settle();
    CHECK(arrived == 1);
    CHECK(w.server.deliveries_done == 0);
    store->answers_at_once = true;
    store->answer({});
    CHECK(w.run_until([&] { return w.server.deliveries_done == 1; }));
    CHECK(arrived == 1);
}

TEST_CASE("a session goes on in the next client of its store", "[lib][durable]") {
    auto const     version = GENERATE(protocol::v3_1_1, protocol::v5);
    bool const     in_memory = GENERATE(false, true);
    scratch_folder folder;
    auto const     options = lasting_lamp(version).store(in_memory ? make_memory_store() : make_sqlite_store(folder.file("s.db")));
    world          w;
    w.server.acknowledges = false;
    {
        client c(w.io, options);
        w.connect(c);
        auto const kept = w.start_publish(c, "t", "under way", stored(qos_1));
        w.run(kept);
        CHECK_FALSE(kept.ec());
        CHECK(w.run_until([&] { return w.server.arrivals.size() == 1; }));
        c.close();
        auto const offline = w.start_publish(c, "t", "offline", stored(qos_2));
        w.run(offline);
        CHECK_FALSE(offline.ec());
    }
    w.settle();
    w.server.acknowledges = true;
    client c(w.io, options);
    CHECK(c.unacknowledged() == 2);
    CHECK(w.connect(c).session_present());
    CHECK(w.run_until([&] { return c.unacknowledged() == 0; }));
    std::map<std::string, int> seen;
    for (auto const& each : w.server.arrivals) ++seen[each.text + std::to_string(static_cast<int>(each.qos))];
    CHECK(seen["under way1"] == 2);                                // the server had not acknowledged it
    CHECK(seen["offline2"] == 1);
}

TEST_CASE("the identifier that the server assigned is kept", "[lib][durable]") {
    scratch_folder folder;
    auto const     options = connect_options{}.session_expiry(1h).store(make_sqlite_store(folder.file("s.db")));
    world          w;
    std::string    given;
    {
        client c(w.io, options);
        given = w.connect(c).client_id();
        auto const kept = w.start_publish(c, "t", "x", stored(qos_1));
        w.run(kept);
    }
    w.settle();
    client c(w.io, options);
    CHECK(w.connect(c).client_id() == given);
    CHECK(w.server.connects.back() == given);
}

TEST_CASE("what a failing store does not have is given up with its error, and the next commit is tried without it", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->answers_at_once = true;
    client                   c(w.io, lasting_lamp().store(store));
    std::vector<std::string> failures;
    c.on_store_failure([&](error_code ec, std::string const& text) { failures.push_back(ec.message() + text); });
    w.connect(c);
    w.settle();
    store->answers_at_once = false;
    auto const kept = w.start_publish(c, "t", "x", stored(qos_1));
    auto const answered = w.start_publish(c, "t", "y", qos_2);
    w.settle();
    auto const later = w.start_publish(c, "t", "z", qos_2);

    store->answer(error::store_full);
    w.run(kept);
    w.run(answered);
    CHECK(kept.ec() == error::store_full);
    CHECK(answered.ec() == error::store_full);
    CHECK(failures.size() == 1);
    CHECK(w.server.arrivals.empty());
    auto const refused = w.start_publish(c, "t", "no", qos_1);
    w.run(refused);
    CHECK(refused.ec() == error::store_full);
    CHECK_FALSE(c.publish("t", "no", qos_1));

    store->answers_at_once = true;                                 // there is room when it is tried again
    w.run(later);
    CHECK_FALSE(later.ec());
    REQUIRE(w.server.arrivals.size() == 1);
    CHECK(w.server.arrivals[0].text == "z");
    auto const again = w.start_publish(c, "t", "again", stored(qos_1));
    w.run(again);
    CHECK_FALSE(again.ec());
}

TEST_CASE("a store that can not be opened fails publishing and connecting, and is tried again by the next connect", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->answers_at_once = true;
    store->load_error = error::store_in_use;
    client     c(w.io, lasting_lamp().store(store));
    auto const early = w.start_publish(c, "t", "x", qos_1);
    w.run(early);
    CHECK(early.ec() == error::store_in_use);
    auto const failed = w.start_connect(c);
    w.run(failed);
    CHECK(failed.ec() == error::store_in_use);
    CHECK(failed.value().detail() == "the test said so");

    store->load_error = {};
    w.connect(c);
    auto const late = w.start_publish(c, "t", "x", stored(qos_1));
    w.run(late);
    CHECK_FALSE(late.ec());
}

TEST_CASE("a store needs a session that is kept, and until_stored a store and a QoS", "[lib][durable]") {
    world  w;
    client short_lived(w.io, lamp().store(make_memory_store()));
    auto   failed = w.start_connect(short_lived);
    w.run(failed);
    CHECK(failed.ec() == error::store_needs_session);

    client without(w.io, lasting_lamp());
    client with(w.io, lasting_lamp().store(make_memory_store()));
    for (auto const& done : {w.start_publish(without, "t", "x", stored(qos_1)), w.start_publish(with, "t", "x", stored(qos_0))}) {
        w.run(done);
        CHECK(done.ec() == error::invalid);
    }
}

TEST_CASE("a client that goes while its store commits ends every operation once", "[lib][durable]") {
    enum class blow { destroy, close, stop_loop };
    auto const      with = GENERATE(blow::destroy, blow::close, blow::stop_loop);
    scratch_folder  folder;
    auto const      store = make_sqlite_store(folder.file("s.db"));
    publish_outcome kept;
    {
        world w;
        auto  c = std::make_unique<client>(w.io, lasting_lamp().store(store));
        w.connect(*c);
        kept = w.start_publish(*c, "t", "x", stored(qos_1));
        if (with == blow::stop_loop) w.settle();
        if (with == blow::destroy) c.reset();
        if (with == blow::close) c->close();
        if (with != blow::stop_loop) {
            w.run(kept);
            CHECK(kept.ec() == asio::error::operation_aborted);
        }
    }
    CHECK(kept.calls() <= 1);
    session_store::contents found;
    CHECK_FALSE(store->load(found));                               // it was closed with its client
}

TEST_CASE("what gathered while a batch was being committed is kept when the client goes, unless the store fails", "[lib][durable]") {
    auto const fails = GENERATE(false, true);
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->at_the_end = fails ? make_error_code(error::store_failed) : error_code{};
    {
        client     c(w.io, lasting_lamp().store(store));
        auto const first = w.start_publish(c, "t", "x", qos_1);
        w.settle();
        REQUIRE(store->waiting);
        auto const second = w.start_publish(c, "t", "y", qos_1);
        w.settle();
        REQUIRE(store->commits == 1);
    }
    CHECK(store->commits == (fails ? 1 : 2));
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(found.changes.size() == (fails ? 0 : 2));
}

TEST_CASE("what gathered is kept when a batch was committed and the client has not heard of it", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    {
        client     c(w.io, lasting_lamp().store(store));
        auto const first = w.start_publish(c, "t", "x", qos_1);
        w.settle();
        auto const second = w.start_publish(c, "t", "y", qos_1);
        store->answer({});
    }
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(found.changes.size() == 2);
}

TEST_CASE("a failing store is tried once more when its client goes", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    store->answers_at_once = true;
    {
        client c(w.io, lasting_lamp().store(store));
        w.connect(c);
        w.settle();
        store->answers_at_once = false;
        auto const sent = w.start_publish(c, "t", "x", qos_1);
        w.settle();
        store->answer({});
        w.run(sent);
        REQUIRE(w.run_until([&] { return store->waiting.has_value(); }));   // that it is over
        store->answer(error::store_failed);
        w.settle();
    }
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(words(found.changes).find("queued") == std::string::npos);
}

TEST_CASE("a file has all that was published before its client went", "[lib][durable]") {
    scratch_folder folder;
    auto const     store = make_sqlite_store(folder.file("s.db"));
    {
        world  w;
        client c(w.io, lasting_lamp().store(store));
        for (int i = 0; i < 50; ++i) {
            (void)w.start_publish(c, "t", "x", qos_1);
            w.settle();
        }
    }
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(found.changes.size() == 50);
}

TEST_CASE("the loop ends when a failing store's client is closed", "[lib][durable]") {
    world      w;
    auto const store = std::make_shared<slow_store>();
    client     c(w.io, lasting_lamp().store(store));
    auto const kept = w.start_publish(c, "t", "x", stored(qos_1));
    w.settle();
    store->answer(error::store_failed);
    w.run(kept);
    CHECK(kept.ec() == error::store_failed);
    c.close();
    w.io.restart();
    w.io.run();
    CHECK(store->commits == 1);
}

TEST_CASE("dropped and withdrawn messages leave the store too", "[lib][durable]") {
    world      w;
    auto const store = make_memory_store();
    auto const options = lasting_lamp().store(store).queue({.messages = 2, .bytes = 1U << 20U, .when_full = session::overflow::drop_oldest});
    {
        client                    c(w.io, options);
        asio::cancellation_signal stop;
        auto const                first = w.start_publish(c, "t", "1", qos_1);
        publish_outcome           second;
        c.async_publish("t", "2", qos_1, asio::bind_cancellation_slot(stop.slot(), second.handler()));
        auto const third = w.start_publish(c, "t", "3", stored(qos_1));
        w.run(third);
        w.run(first);
        CHECK(first.ec() == error::message_dropped);
        stop.emit(asio::cancellation_type::total);
        w.run(second);
        CHECK(second.ec() == asio::error::operation_aborted);
        auto const flushed = w.start_publish(c, "t", "4", stored(qos_1));
        w.run(flushed);
    }
    w.settle();
    client c(w.io, options);
    CHECK(c.unacknowledged() == 2);
}

// ---- Subscriptions ------------------------------------------------------------------------------------------------------

namespace {

using filters = std::vector<std::string>;

/// A process that subscribes, and is gone; the server still has its session.
struct earlier_process {
    world                          w;
    std::shared_ptr<session_store> store = make_memory_store();

    explicit earlier_process(protocol version = protocol::v5) : options(lasting_lamp(version).store(store)) {}

    void run(std::function<void(client&)> what) {
        auto c = std::make_unique<client>(w.io, options);
        w.connect(*c);
        what(*c);
        w.settle();
        c.reset();
        w.settle();
        w.server.drop_all();
        w.settle();
        w.server.subscribed.clear();
        w.server.unsubscribed.clear();
    }

    connect_options options;
};

void nothing(received_message const&) {}

} // namespace

TEST_CASE("subscriptions of an earlier process are asked for again when the server has lost the session", "[lib][durable][subscription]") {
    auto const      version = GENERATE(protocol::v5, protocol::v3_1_1);
    earlier_process before(version);
    before.run([&](client& c) {
        (void)c.subscribe("a/+", qos_2, nothing);
        (void)c.subscribe("b", qos_0, nothing);
        (void)c.subscribe("left", nothing).unsubscribe();
        (void)c.subscribe("not/kept", subscription_options{}.kept(false), nothing);
        if (is_v5(version)) (void)c.subscribe("forbidden/x", nothing);
    });
    auto&      w = before.w;
    bool const is_lost = GENERATE(true, false);
    if (is_lost) w.server.forget_sessions();

    client                   c(w.io, before.options);
    std::vector<std::string> got;
    c.on_message([&](received_message const& m) { got.emplace_back(m.topic()); });
    CHECK(c.restored_subscriptions() == filters{"a/+", "b"});
    w.connect(c);
    w.settle();
    auto asked = w.server.subscribed;
    std::sort(asked.begin(), asked.end());
    CHECK(asked == (is_lost ? filters{"a/+", "b"} : filters{}));

    client other(w.io, connect_options{}.client_id("other").version(version));
    w.connect(other);
    for (auto const* const topic : {"a/1", "b", "elsewhere"}) w.run(w.start_publish(other, topic, "x"));
    w.settle();
    CHECK(got == filters{"a/1", "b"});
}

TEST_CASE("a subscription is taken over from an earlier process and ended like any other", "[lib][durable][subscription]") {
    earlier_process before;
    before.run([&](client& c) {
        (void)c.subscribe("a", nothing);
        (void)c.subscribe("b", nothing);
    });
    auto&       w = before.w;
    std::size_t mine = 0, rest = 0;
    before.run([&](client& c) {
        c.on_message([&](received_message const&) { ++rest; });
        auto const over = c.subscribe("a", [&](received_message const&) { ++mine; });
        CHECK(c.restored_subscriptions() == filters{"b"});
        w.settle();
        w.run(w.start_publish(c, "a", "x"));
        w.run(w.start_publish(c, "b", "x"));
        w.settle();
    });
    CHECK(mine == 1);
    CHECK(rest == 1);

    SECTION("by its object") {
        before.run([&](client& c) { c.subscribe("a", nothing).unsubscribe(); });
    }
    SECTION("by its name") {
        before.run([&](client& c) {
            subscribe_outcome done;
            c.async_unsubscribe("a", done.handler());
            w.run(done);
            CHECK_FALSE(done.ec());
            CHECK(c.restored_subscriptions() == filters{"b"});
        });
    }
    CHECK(client(w.io, before.options).restored_subscriptions() == filters{"b"});
}

TEST_CASE("identifiers of an earlier process stay those of their subscriptions", "[lib][durable][subscription]") {
    earlier_process before;
    before.run([&](client& c) {
        (void)c.subscribe("a/#", nothing);
        (void)c.subscribe("a/b", nothing);
    });
    std::size_t at_a = 0, at_b = 0, at_new = 0;
    auto&       w = before.w;
    client      c(w.io, before.options);
    (void)c.subscribe("a/+", [&](received_message const&) { ++at_new; });
    w.connect(c);
    (void)c.subscribe("a/b", [&](received_message const&) { ++at_b; });
    (void)c.subscribe("a/#", [&](received_message const&) { ++at_a; });
    w.settle();
    w.run(w.start_publish(c, "a/b", "x"));
    w.settle();
    CHECK(at_a == 1);
    CHECK(at_b == 1);
    CHECK(at_new == 1);
}

TEST_CASE("beginning anew forgets the subscriptions of an earlier process", "[lib][durable][subscription]") {
    earlier_process before;
    before.run([&](client& c) { (void)c.subscribe("a", nothing); });
    before.options.clean_start(true);
    before.run([&](client& c) { CHECK(c.restored_subscriptions().empty()); });
    CHECK(before.w.server.subscribed.empty());
    before.options.clean_start(false);
    CHECK(client(before.w.io, before.options).restored_subscriptions().empty());
}

TEST_CASE("a restored subscription that the server refuses is forgotten", "[lib][durable][subscription]") {
    earlier_process before;
    before.run([&](client& c) { (void)c.subscribe("a", nothing); });
    session_store::batch changed;
    changed.subscriptions.push_back({{"forbidden/now", 1, 0}, false});
    changed.subscriptions.push_back({{"unsound/#/x", 1, 0}, false});
    changed.subscriptions.push_back({{"unsound/qos", 3, 0}, false});
    before.store->commit(std::make_shared<session_store::batch const>(changed), [](error_code) {});

    before.w.server.forget_sessions();
    before.run([&](client& c) {
        CHECK(c.restored_subscriptions() == filters{"a", "forbidden/now"});
        before.w.settle();
        CHECK(c.restored_subscriptions() == filters{"a"});
    });
    CHECK(client(before.w.io, before.options).restored_subscriptions() == filters{"a"});
}

TEST_CASE("a file keeps subscriptions from one process to the next", "[lib][durable][subscription]") {
    scratch_folder folder;
    world            w;
    auto const       options = [&] { return lasting_lamp().store(make_sqlite_store(folder.file("s.db"))); };
    {
        client c(w.io, options());
        w.connect(c);
        subscribe_outcome done;
        auto              made = c.subscribe("a/+", subscription_options(qos_2).no_local(true), nothing);
        made.async_wait_answer(done.handler());
        w.run(done);
        w.run(w.start_publish(c, "t", "x", stored(qos_1)));        // the commit of this, or one before it, has the subscription
    }
    w.settle();
    client c(w.io, options());
    CHECK(c.restored_subscriptions() == filters{"a/+"});
}
