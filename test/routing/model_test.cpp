// Router and retained store against models that ask everything one by one, with random operations.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <aldis/codec/topic.hpp>
#include <aldis/routing/retained_store.hpp>
#include <aldis/routing/router.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::routing;
using namespace std::chrono_literals;

namespace {

/// Names of few levels from few words, so that much of it meets.
class dice {
public:
    explicit dice(unsigned seed) : random_(seed) {}

    unsigned below(unsigned bound) { return std::uniform_int_distribution<unsigned>{0, bound - 1}(random_); }
    bool     one_in(unsigned bound) { return below(bound) == 0; }

    std::string topic() { return joined({"", "a", "ab", "b", "a\x01", "a!", "$x"}); }
    std::string filter() {
        auto made = joined({"", "a", "ab", "b", "a\x01", "$x", "+", "+", "+"});
        return !one_in(3) ? made : one_in(4) ? "#" : made + "/#";
    }

private:
    std::string joined(std::vector<std::string> const& words) {
        std::string made;
        for (auto left = below(4) + 1; left > 0; --left) made += words[below(static_cast<unsigned>(words.size()))] + "/";
        made.pop_back();
        return made.empty() ? "a" : made;
    }

    std::mt19937 random_;
};

struct wish {
    qos_level     qos{};
    bool          no_local{}, as_published{};
    std::uint32_t id{};
};

using expected_copy = std::tuple<session_no, bool, qos_level, bool, std::vector<std::uint32_t>>;

/// Every subscription in one list; a group is told by its whole filter.
class naive_router {
public:
    std::map<std::pair<session_no, std::string>, wish> all{};

    /// The copies for sessions' own subscriptions.
    std::vector<expected_copy> own(routed const& m) const {
        std::map<session_no, expected_copy> found;
        for (auto const& [key, w] : all) {
            if (is_shared(key.second) || !topic_matches(key.second, m.topic) || (w.no_local && key.first == m.from)) continue;
            auto& [to, shared, qos, retain, ids] = found[key.first];
            to = key.first;
            qos = std::max(qos, std::min(w.qos, m.qos));
            retain = retain || (w.as_published && m.retain);
            if (w.id != 0) ids.push_back(w.id);
            std::sort(ids.begin(), ids.end());
        }
        std::vector<expected_copy> copies;
        for (auto const& [to, each] : found) copies.push_back(each);
        return copies;
    }

    /// The groups that must get a copy: those with a member that can take it.
    std::size_t groups(std::string_view topic, std::vector<readiness> const& of) const {
        std::map<std::string, bool> served;
        for (auto const& [key, w] : all)
            if (is_shared(key.second) && topic_matches(split_shared(key.second)->filter, topic))
                served[key.second] |= of[key.first] != readiness::never;
        return static_cast<std::size_t>(std::count_if(served.begin(), served.end(), [](auto const& g) { return g.second; }));
    }

    /// Whether a member of a matching group could have got exactly this copy.
    bool explains(expected_copy const& c, routed const& m, std::vector<readiness> const& of) const {
        auto const& [to, shared, qos, retain, ids] = c;
        for (auto const& [key, w] : all) {
            if (key.first != to || !is_shared(key.second) || !topic_matches(split_shared(key.second)->filter, m.topic)) continue;
            auto const own_ids = w.id != 0 ? std::vector{w.id} : std::vector<std::uint32_t>{};
            bool const is_so = qos == std::min(w.qos, m.qos) && retain == (w.as_published && m.retain) && ids == own_ids;
            if (is_so && of[to] != readiness::never) return true;
        }
        return false;
    }
};

void compare(router& real, naive_router const& model, routed const& m, std::vector<readiness> const& of) {
    std::vector<expected_copy> own;
    std::size_t                groups = 0;
    real.route(m, [&](session_no s) { return of[s]; }, [&](routed_copy const& c) {
        expected_copy copy{c.to, c.is_shared, c.qos, c.retain, {c.subscription_ids.begin(), c.subscription_ids.end()}};
        std::sort(std::get<4>(copy).begin(), std::get<4>(copy).end());
        if (!c.is_shared) return own.push_back(copy);
        ++groups;
        REQUIRE(model.explains(copy, m, of));
    });
    REQUIRE(own == model.own(m));
    REQUIRE(groups == model.groups(m.topic, of));
    REQUIRE(real.size() == model.all.size());
}

} // namespace

TEST_CASE("the router sends what asking each subscription sends", "[routing][router][model]") {
    dice         random(GENERATE(range(1U, 7U)));
    router       real;
    naive_router model;

    for (std::uint32_t round = 0; round < 1'500; ++round) {
        session_no const who = random.below(6) + 1;
        auto const       filter = random.one_in(3) ? "$share/" + std::string(random.one_in(2) ? "g/" : "h/") + random.filter() : random.filter();
        wish const       w{static_cast<qos_level>(random.below(3)), random.one_in(3) && !is_shared(filter), random.one_in(2), random.below(4)};
        if (random.one_in(60)) {
            real.remove(who);
            std::erase_if(model.all, [&](auto const& each) { return each.first.first == who; });
        } else if (random.one_in(3)) {
            REQUIRE(real.unsubscribe(who, filter) == (model.all.erase({who, filter}) == 1));
        } else {
            auto const is_new = model.all.insert_or_assign({who, filter}, w).second;
            auto const done = real.subscribe(who, {filter, w.qos, w.no_local, w.as_published, {}}, w.id);
            REQUIRE(done == (is_new ? subscribed::added : subscribed::replaced));
        }
        std::vector<readiness> of(7);
        for (auto& each : of) each = static_cast<readiness>(random.below(3));
        auto const topic = random.topic();
        INFO(round << ' ' << topic);
        compare(real, model, {topic, static_cast<qos_level>(random.below(3)), random.one_in(2), random.below(7)}, of);
    }
}

TEST_CASE("the retained store finds what asking each message finds", "[routing][retained][model]") {
    dice                                    random(GENERATE(range(1U, 7U)));
    retained_store                          real;
    std::map<std::string, retained_message> model;
    session::time_point                     now{};

    for (int round = 0; round < 1'500; ++round) {
        now += std::chrono::seconds(random.below(3));
        auto const       topic = random.topic();
        retained_message m{*session::message::make(topic, {}, std::as_bytes(std::span(topic).first(random.one_in(4) ? 0 : 1))), {}, {}};
        if (random.one_in(2)) m.expires_at = now + std::chrono::seconds(random.below(200) + 1);
        std::erase_if(model, [&](auto const& each) { return each.second.expires_at && *each.second.expires_at <= now; });
        auto const had = model.erase(topic) == 1;
        if (m.message.payload().empty()) {
            REQUIRE(real.set(m, now) == (had ? retained_outcome::removed : retained_outcome::absent));
        } else {
            REQUIRE(real.set(m, now) == (had ? retained_outcome::replaced : retained_outcome::kept));
            model[topic] = m;
        }

        auto const later = now + std::chrono::seconds(random.below(20));
        auto const filter = random.filter();
        std::vector<std::string> expected, found;
        std::size_t              bytes = 0;
        for (auto const& [name, each] : model) {
            bytes += each.message.size() + retained_store::overhead;
            if (topic_matches(filter, name) && !(each.expires_at && *each.expires_at <= later)) expected.push_back(name);
        }
        real.match(filter, later, [&](retained_message const& each) { found.emplace_back(each.message.topic()); });
        std::sort(found.begin(), found.end());
        INFO(round << ' ' << filter);
        REQUIRE(found == expected);
        REQUIRE(real.size() == model.size());
        REQUIRE(real.bytes() == bytes);
    }
}
