// Access rules: who may publish, receive and subscribe, and what is wrong with files.
#include <optional>

#include <aldis/access/acl_file.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::access;

namespace {

std::string refusal_of(std::string const& text) {
    try {
        acl_file::parse(text, "acl");
    } catch (file_error const& error) {
        return error.what();
    }
    return {};
}

access_rules rules(std::string_view text, std::optional<std::string_view> user = std::nullopt, std::string_view client_id = "c1") {
    return acl_file::parse(text).rules_for(user, client_id);
}

} // namespace

TEST_CASE("without a rule nothing is allowed", "[access][acl]") {
    for (auto const& none : {access_rules(), acl_file().rules_for("u", "c"), rules("# nothing\n\n"), rules("user other\ntopic #\n", "u")}) {
        CHECK_FALSE(none.may_read("a"));
        CHECK_FALSE(none.may_write("a"));
        CHECK_FALSE(none.may_subscribe("a"));
    }
}

TEST_CASE("the word of a rule tells what it gives", "[access][acl]") {
    struct { std::string_view line; bool read, write, subscribe; } const table[] = {
        {"topic a/b", true, true, true},         {"topic readwrite a/b", true, true, true}, {"topic read a/b", true, false, true},
        {"topic write a/b", false, true, false}, {"topic deny a/b", false, false, false},   {"topic subscribe a/b", false, false, true},
        {"pattern a/b", true, true, true},       {"pattern read a/b", true, false, true},   {"  topic\tread \t a/b \r\n", true, false, true},
    };
    for (auto const& [line, read, write, subscribe] : table) {
        INFO(line);
        auto const given = rules(line);
        CHECK(given.may_read("a/b") == read);
        CHECK(given.may_write("a/b") == write);
        CHECK(given.may_subscribe("a/b") == subscribe);
        CHECK_FALSE(given.may_read("a/c"));
        CHECK_FALSE(given.may_write("a/b/c"));
        CHECK_FALSE(given.may_subscribe("a/c"));
    }
}

TEST_CASE("rules before the first user are for clients without a name and others for the user named last", "[access][acl]") {
    constexpr auto text = "topic read news\nuser ann lee\ntopic ann/#\nuser bob\ntopic bob/#\nuser ann lee\ntopic more\npattern read all\n";

    CHECK(rules(text).may_read("news"));
    CHECK_FALSE(rules(text).may_read("ann/x"));
    CHECK_FALSE(rules(text, "ann lee").may_read("news"));
    CHECK(rules(text, "ann lee").may_write("ann/x"));
    CHECK(rules(text, "ann lee").may_write("more"));
    CHECK_FALSE(rules(text, "ann lee").may_write("bob/x"));
    CHECK(rules(text, "bob").may_write("bob/x"));
    CHECK_FALSE(rules(text, "bob").may_write("more"));
    CHECK_FALSE(rules(text, "ann").may_read("ann/x"));
    for (auto const& each : {rules(text), rules(text, "ann lee"), rules(text, "nobody")}) {
        CHECK(each.may_read("all"));
        CHECK_FALSE(each.may_write("all"));
    }
}

TEST_CASE("deny goes before everything else wherever it stands", "[access][acl]") {
    for (auto const text : {"topic a/#\ntopic deny a/secret/#\n", "topic deny a/secret/#\ntopic a/#\n", "topic a/#\npattern deny a/secret/#\n",
                            "pattern a/#\ntopic deny a/secret/#\n"}) {
        INFO(text);
        auto const given = rules(text);
        CHECK(given.may_write("a/b"));
        CHECK_FALSE(given.may_write("a/secret"));
        CHECK_FALSE(given.may_read("a/secret/b"));
        CHECK_FALSE(given.may_subscribe("a/secret/#"));
        CHECK_FALSE(given.may_subscribe("a/secret/+/x"));
        CHECK(given.may_subscribe("a/#"));                         // what is secret is not delivered
    }
}

TEST_CASE("patterns take the client identifier and the user name", "[access][acl]") {
    constexpr auto text = "pattern write up/%c\npattern read down/%u/#\npattern both/%u/%c\npattern dev-%c/x\n";

    auto const named = rules(text, "ann", "c/7");
    CHECK(named.may_write("up/c/7"));
    CHECK_FALSE(named.may_read("up/c/7"));
    CHECK(named.may_read("down/ann/x"));
    CHECK_FALSE(named.may_read("down/bob/x"));
    CHECK(named.may_write("both/ann/c/7"));
    CHECK(named.may_write("dev-c/7/x"));
    auto const nameless = rules(text);
    CHECK(nameless.may_write("up/c1"));
    CHECK_FALSE(nameless.may_read("down//x"));
    CHECK_FALSE(nameless.may_write("both//c1"));
}

TEST_CASE("whoever is called as a wildcard gets nothing from patterns, and loses what they deny", "[access][acl]") {
    constexpr auto text = "pattern home/%c/#\npattern mail/%u\npattern deny no/%c\npattern no/a\npattern no/plain\n";
    for (auto const name : {"+", "#", "a+", "x#y"}) {
        INFO(name);
        auto const given = rules(text, name, name);
        CHECK_FALSE(given.may_read("home/other/x"));
        CHECK_FALSE(given.may_read("mail/other"));
        CHECK_FALSE(given.may_subscribe("home/#"));
    }
    CHECK_FALSE(rules(text, "u", "+").may_read("no/a"));
    CHECK(rules(text, "u", "c").may_read("no/a"));
}

TEST_CASE("a client with a name that makes no topic gets no pattern and no crash", "[access][acl]") {
    auto const given = rules("pattern a/%c\npattern %u\n", std::string(65'535, 'u'), std::string(65'535, 'c'));

    CHECK(given.may_read(std::string(65'535, 'u')));
    CHECK_FALSE(given.may_read("a/c"));
    CHECK_FALSE(rules("pattern %u\n", "").may_read("a"));
}

TEST_CASE("topics that begin with a dollar need a rule that does", "[access][acl][MQTT-4.7.2-1]") {
    CHECK_FALSE(rules("topic #\n").may_read("$SYS/broker/uptime"));
    CHECK_FALSE(rules("topic #\n").may_subscribe("$SYS/#"));
    CHECK(rules("topic read $SYS/#\n").may_read("$SYS/broker/uptime"));
    CHECK_FALSE(rules("topic read $SYS/#\n").may_subscribe("#"));
}

TEST_CASE("a shared subscription is judged by the filter behind its name", "[access][acl][MQTT-4.8.2-1]") {
    auto const given = rules("topic read a/#\ntopic deny a/x\n");

    CHECK(given.may_subscribe("$share/group/a/+"));
    CHECK_FALSE(given.may_subscribe("$share/group/a/x"));
    CHECK_FALSE(given.may_subscribe("$share/a/b"));
    CHECK_THAT(refusal_of("topic $share/g/a\n"), Catch::Contains("acl:1: rules are for the filter behind $share/name/"));
}

TEST_CASE("subscribe rules narrow which filters may be subscribed to", "[access][acl]") {
    auto const given = rules("topic read a/#\ntopic subscribe a/+\ntopic subscribe b\n");

    CHECK(given.may_subscribe("a/+"));
    CHECK(given.may_subscribe("a/x"));
    CHECK_FALSE(given.may_subscribe("a/#"));
    CHECK_FALSE(given.may_subscribe("#"));
    CHECK(given.may_subscribe("b"));
    CHECK_FALSE(given.may_read("b"));
}

TEST_CASE("topics may contain spaces where a word stands before them", "[access][acl]") {
    CHECK(rules("topic read a b/c\n").may_read("a b/c"));
    CHECK_THAT(refusal_of("topic a b/c\n"), Catch::Contains("acl:1: \"a\" is none of read, write, readwrite, subscribe and deny; a topic with a space"));
}

TEST_CASE("rules that were handed out stay as they were", "[access][acl]") {
    auto       file = acl_file::parse("user u\ntopic a\n");
    auto const before = file.rules_for("u", "c");
    file = acl_file::parse("user u\ntopic b\n");

    CHECK(before.may_read("a"));
    CHECK(file.rules_for("u", "c").may_read("b"));
    CHECK_FALSE(file.rules_for("u", "c").may_read("a"));
}

TEST_CASE("what is wrong with a rule is told with its line", "[access][acl]") {
    struct { std::string_view line, tells; } const table[] = {
        {"topics a", "acl:2: \"topics\" is none of topic, user and pattern"},
        {"\x1B[2J", "acl:2: \"?[2J\" is none"},
        {"topic", "acl:2: there is no topic"},
        {"topic read", ""},
        {"topic reed a", "\"reed\" is none of read"},
        {"topic a/#/b", "is no valid topic filter"},
        {"topic read a+", "is no valid topic filter"},
        {"pattern read \xFF", "is no valid topic filter"},
        {"user", "acl:2: there is no user name"},
        {"user \xFF", "acl:2: there is no user name, or one that MQTT can not carry"},
    };
    for (auto const& [line, tells] : table) {
        INFO(line);
        auto const told = refusal_of("topic ok\n" + std::string(line) + "\ntopic ok\n");
        if (tells.empty()) CHECK(told.empty());
        else CHECK_THAT(told, Catch::Contains(std::string(tells)));
    }
    std::string many;
    for (int i = 0; i < 100'001; ++i) many += "topic a\n";
    CHECK_THAT(refusal_of(many), Catch::Contains("acl:100001: more than 100,000 rules"));
}
