// A broker's store: whatever happens to sessions, subscriptions, wills and retained messages is what is loaded.
#include <map>
#include <memory>
#include <random>
#include <set>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <aldis/broker_store.hpp>
#include <aldis/connection.hpp>
#include <support/catch.hpp>

#include "broker_model.hpp"
#include "folder.hpp"
#include "stored.hpp"

using namespace aldis;
using namespace aldis::test;
using namespace std::chrono_literals;

namespace {

using routing::session_no;

kept_session session_of(session_no no, std::string name) { return {no, std::move(name), "someone", protocol::v5, 3600, {}}; }

broker_store::session_changed in(session_no no, change c) { return {no, std::move(c)}; }

std::string words_of(broker_store::contents const& found) {
    broker_model all;
    for (auto const& each : found.sessions) {
        all.apply(broker_store::session_is{each.what});
        for (auto const& c : each.changes) all.apply(in(each.what.no, c));
        for (auto const& s : each.subscriptions) all.apply(broker_store::subscribed{each.what.no, s});
        if (each.will) all.apply(broker_store::will_is{each.what.no, each.will});
    }
    for (auto const& each : found.retained) all.apply(broker_store::retained_is{each});
    return all.words();
}

/// Things that may happen in a broker, by chance, such that each fits what was before.
class happenings {
public:
    explicit happenings(unsigned seed) : random_(seed) {}

    broker_model now{};

    broker_store::batch next(std::size_t steps) {
        broker_store::batch all;
        while (all.size() < steps) step(all);
        return all;
    }

private:
    struct delivery { session::delivery_no no = 0; qos_level qos{}; packet_id id = 0; bool is_released = false; };
    struct shape { session::delivery_no last = 0; std::vector<delivery> out{}; std::set<packet_id> in{}; };

    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

    void add(broker_store::batch& to, broker_store::entry what) {
        now.apply(what);
        to.push_back(std::move(what));
    }

    void step(broker_store::batch& to) {
        session_no const no = 1 + below(6);
        if (!now.sessions_.contains(no)) {
            shapes_[no] = {};
            return add(to, broker_store::session_is{session_of(no, "client " + std::to_string(no) + '.' + std::to_string(random_()))});
        }
        switch (below(12)) {
        case 0: return fan_out(to);
        case 1: case 2: return queue(to, no, text("t/" + std::to_string(below(9)), std::string(below(3000), 'x')));
        case 3: case 4: case 5: case 6: return advance(to, no);
        case 7: return incoming(to, no);
        case 8: return subscribe(to, no);
        case 9: return retain(to);
        case 10: return leave(to, no);
        default: return seldom(to, no);
        }
    }

    void fan_out(broker_store::batch& to) {
        auto const shared = text("all", std::string(below(500), 'y'));
        for (auto const& each : std::map(shapes_)) if (now.sessions_.contains(each.first)) queue(to, each.first, shared);
    }

    void queue(broker_store::batch& to, session_no no, session::message m) {
        auto& at = shapes_[no];
        auto const qos = below(2) ? qos_level::at_least_once : qos_level::exactly_once;
        change c{.kind = what::queued, .no = ++at.last, .qos = qos, .retain = below(2) == 0, .content = std::move(m)};
        c.subscription_ids.resize(below(3), 7 + below(1000));
        at.out.push_back({c.no, qos});
        add(to, in(no, std::move(c)));
    }

    /// The first message that is not as far as its predecessors gets a step further.
    void advance(broker_store::batch& to, session_no no) {
        auto& out = shapes_[no].out;
        if (out.empty()) return;
        auto const waits = std::find_if(out.begin(), out.end(), [](auto const& each) { return each.id == 0; });
        if (waits != out.end() && below(2)) {
            waits->id = free_id(out);
            return add(to, in(no, started(waits->no, waits->id)));
        }
        auto& first = out.front();
        if (first.id == 0) return;
        if (first.qos == qos_level::exactly_once && !first.is_released) {
            first.is_released = true;
            return add(to, in(no, by_no(what::released, first.no)));
        }
        auto const gone = first.no;
        out.erase(out.begin());
        add(to, in(no, by_no(what::finished, gone)));
    }

    packet_id free_id(std::vector<delivery> const& out) {
        for (packet_id id = static_cast<packet_id>(1 + below(65'000));; ++id)
            if (id != 0 && std::none_of(out.begin(), out.end(), [&](auto const& each) { return each.id == id; })) return id;
    }

    void incoming(broker_store::batch& to, session_no no) {
        auto&      ids = shapes_[no].in;
        auto const id = static_cast<packet_id>(1 + below(5));
        bool const is_new = ids.insert(id).second;
        if (!is_new) ids.erase(id);
        add(to, in(no, by_id(is_new ? what::received : what::completed, id)));
    }

    void subscribe(broker_store::batch& to, session_no no) {
        auto filter = "a/" + std::to_string(below(4));
        if (below(3) == 0) return add(to, broker_store::unsubscribed{no, std::move(filter)});
        add(to, broker_store::subscribed{no, {std::move(filter), static_cast<std::uint8_t>(below(3) | (below(3) << 4)), below(5)}});
    }

    void retain(broker_store::batch& to) {
        add(to, broker_store::retained_is{{text("r/" + std::to_string(below(5)), below(3) ? std::string(1 + below(50), 'r') : ""), static_cast<qos_level>(below(3)), {}}});
    }

    void leave(broker_store::batch& to, session_no no) {
        auto what = now.sessions_[no].what;
        if (below(2)) what.left_at = connection::now() - 5s;
        else what.left_at.reset();
        what.expiry = below(1000);
        if (below(2)) what.user_name = below(2) ? "someone" : "";
        else what.user_name.reset();
        add(to, broker_store::session_is{what});
    }

    void seldom(broker_store::batch& to, session_no no) {
        switch (below(4)) {
        case 0:
            shapes_[no] = {shapes_[no].last, {}, {}};
            return add(to, in(no, {.kind = what::cleared}));
        case 1:
            if (below(3)) return;
            return add(to, broker_store::session_ended{no});
        case 2: return add(to, broker_store::will_is{no, {}});
        default: return add(to, broker_store::will_is{no, routing::will{text("w", "gone"), qos_level::at_least_once, below(2) == 0, session::duration(below(99)), std::chrono::hours{1}}});
        }
    }

    std::mt19937                random_;
    std::map<session_no, shape> shapes_{};
};

} // namespace

TEST_CASE("a broker store brings back whatever happened, in batches of any size", "[lib][broker][store]") {
    auto const seed = GENERATE(range(1U, 9U));
    CAPTURE(seed);
    scratch_folder folder;
    happenings     all(seed);
    auto const     store = make_sqlite_broker_store(folder.file("b.db"));
    for (int round = 0; round < 6; ++round) {
        broker_store::contents found;
        REQUIRE_FALSE(store->load(found));
        REQUIRE(words_of(found) == all.now.words());
        for (std::size_t const size : {1U, 7U, 60U, 300U}) REQUIRE_FALSE(commit(*store, all.next(size)));
        store->close();
    }
}

TEST_CASE("a broker store brings back properties, identifiers, expiry and when a client left", "[lib][broker][store]") {
    scratch_folder folder;
    property_list  props;
    props.add<property_id::user_property>({"k", "v"});
    change c{.kind = what::queued, .no = 1, .qos = qos_level::at_least_once, .content = *session::message::make("a", props.view(), {})};
    c.subscription_ids = {3, 268'435'455};
    c.expires_at = connection::now() + 1h;
    auto who = session_of(1, "lamp");
    who.left_at = connection::now() - 10s;
    auto const store = make_sqlite_broker_store(folder.file("b.db"));
    broker_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(found.sessions.empty());
    routing::will const will{text("w", ""), qos_level::exactly_once, true, 5s, 7s};
    routing::retained_message const kept{text("r", "still"), qos_level::exactly_once, connection::now() + 1h};
    REQUIRE_FALSE(commit(*store, {broker_store::session_is{who}, in(1, c), broker_store::will_is{1, will}, broker_store::retained_is{kept}}));
    store->close();

    REQUIRE_FALSE(store->load(found));
    REQUIRE(found.sessions.size() == 1);
    auto const& back = found.sessions[0];
    CHECK(back.what.client_id == "lamp");
    CHECK(*back.what.left_at <= connection::now() - 10s);
    CHECK(*back.what.left_at >= connection::now() - 70s);
    REQUIRE(back.changes.size() == 2);                             // `opened` is the first
    CHECK(back.changes[1].subscription_ids == c.subscription_ids);
    CHECK(back.changes[1].content.props() == props.view());
    CHECK(back.changes[1].expires_at > connection::now() + 58min);
    REQUIRE(back.will);
    CHECK(back.will->delay == 5s);
    CHECK(back.will->expiry == session::duration(7s));
    REQUIRE(found.retained.size() == 1);
    CHECK(found.retained[0].qos == qos_level::exactly_once);
    CHECK(found.retained[0].expires_at > connection::now() + 58min);
}

TEST_CASE("a payload for many is in the file once, and goes with the last that needs it", "[lib][broker][store]") {
    scratch_folder         folder;
    auto const             store = make_sqlite_broker_store(folder.file("b.db"));
    broker_store::contents found;
    REQUIRE_FALSE(store->load(found));
    broker_store::batch all;
    auto const          shared = text("all", std::string(100'000, 'x'));
    for (session_no no = 1; no <= 50; ++no) {
        all.push_back(broker_store::session_is{session_of(no, std::to_string(no))});
        all.push_back(in(no, {.kind = what::queued, .no = 1, .qos = qos_level::at_least_once, .content = shared}));
    }
    REQUIRE_FALSE(commit(*store, all));
    store->close();
    CHECK(std::filesystem::file_size(folder.file("b.db")) < 300'000);

    REQUIRE_FALSE(store->load(found));
    CHECK(found.sessions.size() == 50);
    for (auto const& each : found.sessions) CHECK(each.changes.at(1).content.payload().size() == 100'000);
    all.clear();
    for (session_no no = 2; no <= 50; ++no) all.push_back(in(no, by_no(what::finished, 1)));
    REQUIRE_FALSE(commit(*store, all));
    store->close();
    REQUIRE_FALSE(store->load(found));
    CHECK(found.sessions[0].changes.at(1).content.payload().size() == 100'000);
    REQUIRE_FALSE(commit(*store, {in(1, by_no(what::finished, 1)), in(1, queued(2, qos_level::at_least_once, std::string(100'000, 'z')))}));
    store->close();
    CHECK(std::filesystem::file_size(folder.file("b.db")) < 300'000);      // its place was used again
}

TEST_CASE("a batch that a broker store refuses leaves nothing behind", "[lib][broker][store]") {
    scratch_folder         folder;
    auto const             store = make_sqlite_broker_store(folder.file("b.db"), sqlite_store_options{}.max_messages(10));
    broker_store::contents found;
    REQUIRE_FALSE(store->load(found));
    broker_store::batch all{broker_store::session_is{session_of(1, "a")}, broker_store::session_is{session_of(2, "b")}};
    for (session::delivery_no no = 1; no <= 4; ++no) {
        auto const shared = text("t", "x");
        for (session_no to = 1; to <= 2; ++to) all.push_back(in(to, {.kind = what::queued, .no = no, .qos = qos_level::at_least_once, .content = shared}));
    }
    REQUIRE_FALSE(commit(*store, all));
    auto const three = text("t", "y");
    broker_store::batch too_many;
    for (session::delivery_no no = 5; no <= 7; ++no) too_many.push_back(in(1, {.kind = what::queued, .no = no, .qos = qos_level::at_least_once, .content = three}));
    CHECK(commit(*store, too_many) == error::store_full);
    CHECK(store->failure().find("more than 10 messages") != std::string::npos);
    too_many.pop_back();
    too_many.push_back(in(2, by_no(what::finished, 1)));
    CHECK_FALSE(commit(*store, too_many));
    store->close();
    REQUIRE_FALSE(store->load(found));
    CHECK(found.sessions.at(0).changes.size() == 1 + 6);
    CHECK(found.sessions.at(1).changes.size() == 1 + 3);
}

TEST_CASE("a damaged broker store is refused or not harmed, wherever the damage is", "[lib][broker][store]") {
    scratch_folder folder;
    happenings     all(5);
    {
        auto const             store = make_sqlite_broker_store(folder.file("b.db"));
        broker_store::contents found;
        REQUIRE_FALSE(store->load(found));
        REQUIRE_FALSE(commit(*store, all.next(200)));
    }
    auto const   whole = read_file(folder.file("b.db"));
    std::mt19937 random(11);
    int          refused = 0;
    for (std::size_t at = 0; at < whole.size(); at += 1 + random() % 600) {
        auto bytes = whole;
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U + random() % 255U));
        write_file(folder.file("d.db"), bytes);
        std::filesystem::remove(folder.file("d.db-wal"));
        auto const             store = make_sqlite_broker_store(folder.file("d.db"));
        broker_store::contents found;
        auto const             ec = store->load(found);
        INFO("byte " << at << ": " << ec.message() << ", " << store->failure());
        if (ec) CHECK(found.sessions.empty());
        else CHECK(words_of(found) == all.now.words());
        refused += ec ? 1 : 0;
    }
    CHECK(refused > 20);
}

TEST_CASE("what is in a broker's file after a kill is what was committed", "[lib][broker][store]") {
    scratch_folder folder;
    auto const     child = fork();
    if (child == 0) {
        happenings             all(3);
        broker_store::contents none;
        auto const             store = make_sqlite_broker_store(folder.file("b.db"));
        if (store->load(none)) _exit(1);
        for (int i = 0; i < 50; ++i)
            if (commit(*store, all.next(5))) _exit(2);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    happenings all(3);
    for (int i = 0; i < 50; ++i) all.next(5);
    broker_store::contents found;
    auto const             store = make_sqlite_broker_store(folder.file("b.db"));
    REQUIRE_FALSE(store->load(found));
    CHECK(words_of(found) == all.now.words());
}
