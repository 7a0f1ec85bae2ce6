// A broker with a store on its event loop: the file that one leaves is the next one's, and what happens when it cannot be written.
#include <algorithm>
#include <thread>

#include <aldis/broker.hpp>
#include <lib/folder.hpp>
#include <lib/world.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// Commits end when the test says so, and as it says.
class held_store final : public broker_store {
public:
    error_code load(contents&) override { return {}; }
    void       commit(std::shared_ptr<batch const> what, commit_handler done) override {
        entries += what->size();
        if (free) return done({});
        waiting = std::move(done);
    }
    void        close() noexcept override { is_closed = true; }
    std::string failure() const override { return "no room left"; }

    void say(error_code ec) { std::exchange(waiting, nullptr)(ec); }

    commit_handler waiting{};
    std::size_t    entries = 0;
    bool           free = false;
    bool           is_closed = false;
};

class stored_world : public world {
public:
    explicit stored_world(std::shared_ptr<broker_store> in) {
        made.emplace(io, broker_options{}.store(std::move(in)).sys_interval(0s).log([this](log_level, std::string_view line) { lines.emplace_back(line); }));
    }
    void join(client& c) {
        connect_outcome done;
        c.async_connect(made->connect(), done.handler());
        run(done);
        REQUIRE_FALSE(done.ec());
    }
    void publish(client& c, std::string_view topic, std::string_view text, publish_options const& how) {
        auto const done = start_publish(c, topic, text, how);
        run(done);
        REQUIRE_FALSE(done.ec());
    }
    bool has_said(std::string_view text) const {
        return std::any_of(lines.begin(), lines.end(), [&](auto const& each) { return each.find(text) != std::string::npos; });
    }

    std::vector<std::string> lines{};
    std::optional<broker>    made{};
};

connect_options named(std::string id) { return connect_options{}.client_id(std::move(id)).session_expiry(1h); }

} // namespace

TEST_CASE("what a broker acknowledged is in the file for the next one, however it ends", "[broker][store]") {
    scratch_folder folder;
    bool const     is_stopped = GENERATE(true, false);
    {
        stored_world w(make_sqlite_broker_store(folder.file("b.db")));
        client       reader(w.io, named("reader")), writer(w.io, named("writer"));
        w.join(reader);
        w.join(writer);
        w.subscribe(reader, subscribe_list{"t/#", qos_2});
        w.disconnect(reader);
        for (auto const qos : {qos_1, qos_2}) w.publish(writer, "t/1", "kept", publish_options{}.qos(qos).retain(qos == qos_2));
        if (is_stopped) {
            outcome<error_code> stopped;
            w.made->async_stop(stopped.handler());
            w.run(stopped);
        }
    }
    stored_world w(make_sqlite_broker_store(folder.file("b.db")));
    w.made->start();
    CHECK(w.made->session("reader"));
    CHECK(w.made->metrics().retained_messages == 1);
    client reader(w.io, named("reader").resume(true));
    w.join(reader);
    for (auto const qos : {qos_1, qos_2}) CHECK(w.receive(reader).qos() == qos);
}

TEST_CASE("a store that fails is told of, holds back what is not safe, and is tried again", "[broker][store]") {
    auto const   store = std::make_shared<held_store>();
    stored_world w(store);
    client       writer(w.io, named("writer"));
    store->free = true;
    w.join(writer);
    store->free = false;
    auto const done = w.start_publish(writer, "t", "1", publish_options{}.qos(qos_1).retain(true));
    REQUIRE(w.run_until([&] { return store->waiting != nullptr; }));
    CHECK_FALSE(done.is_done());
    store->say(make_error_code(error::store_failed));
    REQUIRE(w.run_until([&] { return w.has_said("no room left"); }));
    CHECK_FALSE(done.is_done());
    REQUIRE(w.run_until([&] { return store->waiting != nullptr; }));        // it is tried again
    store->free = true;
    store->say({});
    w.run(done);
    CHECK_FALSE(done.ec());
    CHECK(w.has_said("the store works again"));
}

TEST_CASE("what the program itself does is committed at once", "[broker][store]") {
    auto const   store = std::make_shared<held_store>();
    stored_world w(store);
    store->free = true;
    w.made->start();
    w.settle();
    auto const before = store->entries;
    CHECK_FALSE(w.made->publish("t", "1", publish_options{}.retain(true)));
    REQUIRE(w.run_until([&] { return store->entries > before; }));
}

TEST_CASE("a broker that goes during a commit has given its store everything, and closes it", "[broker][store]") {
    auto const store = std::make_shared<held_store>();
    {
        stored_world w(store);
        client       writer(w.io, named("writer"));
        store->free = true;
        w.join(writer);
        store->free = false;
        auto const first = w.start_publish(writer, "t/1", "1", publish_options{}.qos(qos_1).retain(true));
        REQUIRE(w.run_until([&] { return store->waiting != nullptr; }));
        auto const second = w.start_publish(writer, "t/2", "2", publish_options{}.qos(qos_1).retain(true));
        REQUIRE(w.run_until([&] { return w.made->metrics().retained_messages == 2; }));
        auto const before = store->entries;
        store->free = true;
        std::thread late([&] { store->say({}); });
        w.made.reset();
        late.join();
        CHECK(store->entries > before);
    }
    CHECK(store->is_closed);
}

TEST_CASE("a file that is none of ours stops a broker from starting, and says why", "[broker][store]") {
    scratch_folder folder;
    write_file(folder.file("b.db"), std::string(5'000, 'x'));
    stored_world w(make_sqlite_broker_store(folder.file("b.db")));
    CHECK_THROWS_WITH(w.made->start(), Catch::Matchers::Contains("b.db"));
    CHECK(read_file(folder.file("b.db")) == std::string(5'000, 'x'));
}
