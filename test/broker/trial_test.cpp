// Several clients at random on a broker with a store: they come and go, publish, subscribe and hold still, the store holds up, the broker is killed.
// Held against a model that knows topics and sessions only: what is acknowledged reaches every session that was subscribed all the while, QoS 2
// once, in order, and nobody gets what he never asked for. ALDIS_TRIALS tells how many seeds, ALDIS_TRIAL_SEED the first.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <aldis/codec/topic.hpp>

#include "kept_house.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

unsigned long from_environment(char const* name, unsigned long otherwise) {
    auto const* const text = std::getenv(name);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

constexpr std::size_t readers = 4, writers = 2, people = readers + writers;
char const* const     topics[] = {"t/0", "t/1", "t/2/x", "u"};
char const* const     filters[] = {"t/0", "t/+", "t/#", "#", "u", "$share/g/t/1"};

struct message {
    std::string           topic{};
    qos_level             qos{};
    bool                  is_retained = false;
    bool                  is_acknowledged = false;
    std::size_t           writer = 0;
    session::delivery_no  no = 0;
    std::set<std::size_t> due{};                                   // readers that must have it, once it is acknowledged
};

struct person {
    session::state                   own{};                        // while there is no guest of it
    guest*                           at = nullptr;
    std::map<std::string, qos_level> subscribed{};                 // what was asked for, granted or not yet
    std::set<std::string>            ever{};
    std::map<unsigned long, int>     got{}, at_qos_2{};
    std::map<std::string, unsigned long> last{};                   // topic, QoS and publisher, of what came first in its order
};

class trial {
public:
    explicit trial(unsigned long seed) : random_(static_cast<std::mt19937::result_type>(seed)) {
        for (std::size_t i = 0; i < people; ++i) arrive(i);
        for (std::size_t i = 0; i < people; ++i) enter(i);
    }

    void run() {
        for (int i = 0; i < 250; ++i) step();
        calm();
        for (auto const& [no, m] : messages_) judge(no, m);
        judge_retained();
    }

    std::size_t kills = 0, acknowledged = 0, arrived = 0;

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    template <class All>
    auto any_of(All const& all) {
        return all[below(static_cast<unsigned>(std::size(all)))];
    }

    /// A guest for a person, in the house that stands now.
    void arrive(std::size_t who) {
        auto& one = people_[who];
        one.at = &house_->add("person " + std::to_string(who));
        one.at->own = std::move(one.own);
        one.at->on_end = [this, who](session::event::delivered const& e) { ended(who, e); };
    }
    void enter(std::size_t who) {
        auto& of = *people_[who].at;
        auto  how = lasting();
        how.keep_alive = 0;
        if (!of.engine) of.connect(how);
    }

    void ended(std::size_t who, session::event::delivered const& e) {
        for (auto& [no, m] : messages_) {
            if (m.writer != who || m.no != e.no || m.qos == qos_level::at_most_once) continue;
            CHECK(e.how == session::event::outcome::acknowledged);
            if (!m.is_acknowledged) ++acknowledged;
            m.is_acknowledged = true;
        }
    }

    /// Reads what came.
    void collect() {
        for (std::size_t who = 0; who < readers; ++who) {
            auto& one = people_[who];
            for (auto const& each : std::exchange(one.at->got, {})) take(who, one, each);
        }
    }
    void take(std::size_t who, person& one, arrival const& each) {
        auto const no = std::strtoul(each.text.c_str(), nullptr, 10);
        INFO("person " << who << " got " << no << " of " << each.topic);
        auto const known = messages_.find(no);
        REQUIRE(known != messages_.end());
        CHECK(known->second.topic == each.topic);
        CHECK(each.qos <= known->second.qos);
        bool const was_asked = std::any_of(one.ever.begin(), one.ever.end(), [&](std::string const& filter) {
            auto const shared = split_shared(filter);
            return topic_matches(shared ? shared->filter : std::string_view(filter), each.topic);
        });
        CHECK(was_asked);
        ++arrived;
        if (each.qos == qos_level::exactly_once) ++one.at_qos_2[no];
        bool const is_first = ++one.got[no] == 1;
        bool const is_in_order = !each.retain && !one.ever.contains("$share/g/t/1") && is_first && each.qos == qos_level::exactly_once;
        if (!is_in_order) return;
        auto& last = one.last[each.topic + std::to_string(known->second.writer)];                          // [MQTT-4.6.0-6]
        CHECK(last < no);
        last = no;
    }

    void step() {
        auto const who = below(people);
        auto&      of = *people_[who].at;
        switch (below(16)) {
        case 0: of.cut(); break;
        case 1: if (of.is_in()) of.leave(); break;
        case 2: case 3: case 4: enter(who); break;
        case 5: of.takes = below(3) != 0; break;
        case 6: case 7: change_subscription(below(readers)); break;
        case 8: case 9: if (below(4) == 0) house_.stall(); else house_.go_on(); break;
        case 10: if (below(3) == 0) kill(); break;
        case 11: house_->pass(std::chrono::seconds(below(3))); break;
        default: publish(readers + below(writers)); break;
        }
        house_->settle();
        collect();
    }

    void change_subscription(std::size_t who) {
        auto& one = people_[who];
        if (!one.at->is_in()) return;
        std::string const filter = any_of(filters);
        for (auto& [no, m] : messages_)
            if (!m.is_acknowledged) m.due.erase(who);              // whether it is in time is nobody's promise
        if (one.subscribed.contains(filter) && below(2) == 0) {
            one.subscribed.erase(filter);
            one.at->unsubscribe(filter);
            return;
        }
        auto const qos = static_cast<qos_level>(below(3));
        one.ever.insert(filter);
        one.at->subscribe(filter, qos);
        if (!one.at->codes.empty()) one.subscribed[filter] = qos;  // nothing is due before SUBACK
        else one.subscribed.erase(filter);
    }

    void publish(std::size_t who) {
        auto& of = *people_[who].at;
        if (!of.is_in()) return;
        auto const      no = ++count_;
        auto&           m = messages_[no];
        packet::publish p;
        auto const      text = std::to_string(no);
        m.topic = any_of(topics);
        m.qos = p.qos = static_cast<qos_level>(below(3));
        m.is_retained = p.retain = below(4) == 0 && m.qos != qos_level::at_most_once;
        m.writer = who;
        p.topic = m.topic;
        p.payload = to_bytes(text);
        for (std::size_t each = 0; each < readers; ++each)
            if (is_due(people_[each], m.topic)) m.due.insert(each);
        auto const made = of.engine->publish(p, house_->now);
        REQUIRE(made);
        m.no = *made;
    }

    static bool is_due(person const& one, std::string const& topic) {
        return std::any_of(one.subscribed.begin(), one.subscribed.end(), [&](auto const& each) {
            return each.second != qos_level::at_most_once && !is_shared(each.first) && topic_matches(each.first, topic);
        });
    }

    void kill() {
        ++kills;
        house_.stall();
        for (auto& each : people_) each.at->cut();
        collect();
        for (auto& each : people_) each.own = std::move(each.at->own);
        house_.kill();
        for (std::size_t i = 0; i < people; ++i) {
            arrive(i);
            if (below(4) != 0) enter(i);
        }
    }

    /// Nothing goes wrong any more.
    void calm() {
        house_.go_on();
        for (auto& each : people_) each.at->takes = true;
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = 0; i < people; ++i) enter(i);
            house_->pass(std::chrono::seconds(2));
            collect();
        }
        for (auto& each : people_) CHECK(each.at->is_in());
    }

    void judge(unsigned long no, message const& m) {
        if (!m.is_acknowledged) {
            CHECK(m.qos == qos_level::at_most_once);
            return;
        }
        for (auto const who : m.due) {
            INFO("message " << no << " of " << m.topic << " at QoS " << static_cast<int>(m.qos) << " for person " << who);
            CHECK(people_[who].got[no] > 0);
        }
        for (auto const& one : people_) {
            auto const times = one.at_qos_2.find(no);
            bool const is_alone = !one.ever.contains("$share/g/t/1");              // of the group it is another message
            if (is_alone && !m.is_retained && times != one.at_qos_2.end()) CHECK(times->second == 1);      // [MQTT-4.3.3-10]
        }
    }

    void judge_retained() {
        std::map<std::string, unsigned long> least;                // of one writer each, the last that it was told of
        for (auto const& [no, m] : messages_)
            if (m.is_retained && m.is_acknowledged) least[m.topic] = std::max(least[m.topic], no);
        auto& fresh = house_->enter("fresh");
        fresh.subscribe("#");
        std::set<std::string> found;
        for (auto const& each : fresh.got) found.insert(each.topic);
        for (auto const& [topic, no] : least) CHECK(found.contains(topic));
        CHECK(found.size() == least.size());
    }

    std::mt19937                     random_;
    kept_house                       house_{};
    std::array<person, people>       people_{};
    std::map<unsigned long, message> messages_{};
    unsigned long                    count_ = 0;
};

} // namespace

TEST_CASE("several clients at random, a store that holds up, and kills", "[broker][store][trial][MQTT-4.3.2-2][MQTT-4.3.3-10][MQTT-4.5.0-1][MQTT-4.6.0-6]") {
    auto const  first = from_environment("ALDIS_TRIAL_SEED", 1), trials = from_environment("ALDIS_TRIALS", 300);
    std::size_t kills = 0, acknowledged = 0, arrived = 0;
    for (auto seed = first; seed < first + trials; ++seed) {
        INFO("ALDIS_TRIAL_SEED=" << seed);
        trial one(seed);
        one.run();
        kills += one.kills;
        acknowledged += one.acknowledged;
        arrived += one.arrived;
    }
    CHECK(kills > trials);
    CHECK(acknowledged > 10 * trials);
    CHECK(arrived > 10 * trials);
    if (trials > 300) std::printf("%lu trials, %zu kills, %zu messages acknowledged, %zu arrived\n", trials, kills, acknowledged, arrived);
}
