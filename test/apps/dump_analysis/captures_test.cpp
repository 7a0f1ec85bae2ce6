// Every capture: analysis accuses nobody but those who really break a rule.
#include <filesystem>
#include <map>
#include <set>

#include <dump/inputs.hpp>
#include <support/catch.hpp>

#include "followed.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// In front of analysis: how many violations packets show alone.
class alone final : public passing_stage {
public:
    using passing_stage::passing_stage;
    void packet(record& r) override {
        count = r.tree->violations.size();
        next().packet(r);
    }
    std::size_t count = 0;
};

/// Behind it: which were added, as "frame rule", and how many answers were found.
class together final : public passing_stage {
public:
    using passing_stage::passing_stage;
    void packet(record& r) override {
        auto const& all = r.tree->violations;
        for (auto i = before->count; i < all.size(); ++i) added.insert(std::to_string(r.at.number) + ' ' + std::string{all[i].id});
        answers += r.found.answers ? 1U : 0U;
        next().packet(r);
    }
    alone const*          before = nullptr;
    std::set<std::string> added{};
    std::size_t           answers = 0;
};

/// Those of captures that were made to break rules, or in which both ends send what no session would have.
std::map<std::string, std::set<std::string>> const& expected() {
    static std::map<std::string, std::set<std::string>> const all{
        // Aliases that were never set.
        {"alias_both.pcapng", {"16 3.3.2.3.4", "31 3.3.2.3.4"}},
        // A PUBREL for nothing, AUTH without a method: what a broker does with them was the question.
        {"malformed_mosq.pcapng", {"63 MQTT-2.3.1-6", "185 MQTT-4.12.0-7"}},
        // Acknowledgements for nothing, pings behind a broken DISCONNECT.
        {"malformed_raw.pcapng",
         {"177 MQTT-2.3.1-6", "386 MQTT-3.14.4-2", "464 MQTT-3.14.4-1", "736 MQTT-4.12.0-7", "762 MQTT-2.2.1-5", "801 MQTT-2.2.1-5"}},
        // Random packets in one segment, acknowledgements without messages among them; the SUBACK comes from a script.
        {"many_pdus.pcapng", {"8 MQTT-2.3.1-6", "9 MQTT-2.3.1-6", "12 MQTT-2.3.1-7"}},
        // A client that is silent for 2.4 seconds with a Keep Alive of 1.
        {"server_disconnect.pcapng", {"95 MQTT-3.1.2-20"}},
        // A client that answers a PUBREL with PUBACK first.
        {"session_resume.pcapng", {"98 MQTT-4.3.3-2"}},
        // Identifiers used again without an answer between.
        {"v311_everything.pcapng", {"89 MQTT-2.3.1-4", "92 MQTT-2.3.1-4", "95 MQTT-2.3.1-4", "97 MQTT-2.3.1-2"}},
        {"ws_edges.pcapng", {"21 MQTT-2.3.1-2"}},
        // QoS 2 and a Subscription Identifier against the CONNACK; answers with another number of codes than filters.
        {"v5_everything.pcapng", {"21 MQTT-3.2.2-11", "82 3.2.2.3.12", "86 MQTT-3.8.4-6", "89 MQTT-3.11.3-2"}},
    };
    return all;
}

void watch_capture(together& behind, std::string const& path) {
    auto const middle = follow::make_analysis(behind);
    alone      front{*middle};
    streams    in{front, stream_options{}};
    auto const keys = path.substr(0, path.rfind('.')) + ".keys";
    auto const from = open_capture(path, capture_options{}.key_log(std::filesystem::exists(keys) ? keys : ""));
    behind.before = &front;
    while (from->step(in)) {}
    in.finish();
}

} // namespace

TEST_CASE("nobody is accused in captures of real traffic but who breaks a rule", "[dump][analysis]") {
    std::size_t captures = 0, answers = 0;
    for (auto const& file : std::filesystem::directory_iterator{ALDIS_CAPTURES}) {
        auto const name = file.path().filename().string();
        if (!name.ends_with(".pcapng") && !name.ends_with(".pcap")) continue;
        follower last;
        together behind{last};
        watch_capture(behind, file.path().string());
        auto const known = expected().find(name);

        INFO(name);
        CHECK(behind.added == (known == expected().end() ? std::set<std::string>{} : known->second));
        answers += behind.answers;
        ++captures;
    }
    CHECK(captures >= 40);
    CHECK(answers >= 500);
}
