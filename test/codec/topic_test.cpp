// Topic names and filters: which are valid, which match (4.7), shared subscriptions (4.8.2).
#include <bitset>
#include <string>
#include <vector>

#include <aldis/codec/topic.hpp>
#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace std::string_view_literals;

namespace {

/// All words of these letters, the empty one first.
std::vector<std::string> words(std::string_view letters, std::size_t longest) {
    std::vector<std::string> all{""};
    for (std::size_t from = 0, size = 1; size <= longest; ++size) {
        auto const end = all.size();
        for (; from < end; ++from)
            for (char const c : letters) all.push_back(all[from] + c);
    }
    return all;
}

} // namespace

TEST_CASE("a topic name has at least one character", "[codec][topic][MQTT-4.7.3-1][v3-MQTT-4.7.3-1]") {
    CHECK_FALSE(is_topic_name(""));
    CHECK(codec::check_topic_name("") == codec::errc::topic_empty);
    CHECK_FALSE(is_topic_filter(""));
    CHECK(codec::check_topic_filter("") == codec::errc::filter_empty);
    for (auto const topic : {"a", "/", "//", " ", "$", "$SYS/broker", "a//b", "a/", "/a", "\xC3\xA4"}) {
        CHECK(is_topic_name(topic));
        CHECK(is_topic_filter(topic));
    }
}

TEST_CASE("a topic name has no wildcards", "[codec][topic][MQTT-4.7.0-1][MQTT-3.3.2-2][v3-MQTT-4.7.1-1][v3-MQTT-3.3.2-2]") {
    for (auto const topic : {"+", "#", "a/+", "a/#", "a+b", "abcdefgh#", "abcdefghijklmnop+", "+/a", "\xC3\xA4+"}) {
        INFO(topic);
        CHECK_FALSE(is_topic_name(topic));
        CHECK(codec::check_topic_name(topic) == codec::errc::topic_wildcard);
    }
}

TEST_CASE("topics have no null character", "[codec][topic][MQTT-4.7.3-2][v3-MQTT-4.7.3-2]") {
    for (std::size_t size = 1; size < 40; ++size)
        for (std::size_t at = 0; at < size; ++at) {
            std::string topic(size, 'a');
            topic[at] = '\0';
            CHECK(codec::check_topic_name(topic) == codec::errc::utf8_null);
            CHECK(codec::check_topic_filter(topic) == codec::errc::utf8_null);
        }
}

TEST_CASE("a wildcard is found at every place of a name", "[codec][topic][MQTT-3.3.2-2][MQTT-4.7.0-1]") {
    for (std::size_t size = 1; size < 40; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (char const wild : {'+', '#'}) {
                std::string topic(size, 'a');
                topic[at] = wild;
                CHECK(codec::check_topic_name(topic) == codec::errc::topic_wildcard);
                CHECK(is_topic_filter(topic) == (size == 1));
            }
}

TEST_CASE("topics are at most 65535 bytes long", "[codec][topic][MQTT-4.7.3-3][v3-MQTT-4.7.3-3]") {
    std::string const longest(65'535, 'a');

    CHECK(is_topic_name(longest));
    CHECK(is_topic_filter(longest));
    CHECK(codec::check_topic_name(longest + 'a') == codec::errc::text_too_long);
    CHECK(codec::check_topic_filter(longest + 'a') == codec::errc::text_too_long);
}

TEST_CASE("topics are UTF-8", "[codec][topic][MQTT-1.5.4-1][v3-MQTT-1.5.3-1]") {
    for (auto const topic : {"\xC0\x80", "a/\xFF", "\xED\xA0\x80", "abcdefghijkl\x80"}) {
        CHECK(codec::check_topic_name(topic) == codec::errc::utf8_invalid);
        CHECK(codec::check_topic_filter(topic) == codec::errc::utf8_invalid);
    }
}

TEST_CASE("the multi-level wildcard stands alone and last", "[codec][topic][MQTT-4.7.1-1][v3-MQTT-4.7.1-2]") {
    for (auto const filter : {"#", "a/#", "/#", "a/b/#", "+/#", "//#"}) {
        INFO(filter);
        CHECK(is_topic_filter(filter));
        CHECK(has_wildcard(filter));
    }
    for (auto const filter : {"a#", "#a", "#/", "#/a", "a/#/b", "a/b#", "##", "a/##", "#+", "+#", "/#/"}) {
        INFO(filter);
        CHECK(codec::check_topic_filter(filter) == codec::errc::filter_invalid);
    }
}

TEST_CASE("the single-level wildcard occupies its level", "[codec][topic][MQTT-4.7.1-2][v3-MQTT-4.7.1-3]") {
    for (auto const filter : {"+", "+/a", "a/+", "a/+/b", "/+", "+/", "+/+", "+/+/+", "//+"}) {
        INFO(filter);
        CHECK(is_topic_filter(filter));
        CHECK(has_wildcard(filter));
    }
    for (auto const filter : {"a+", "+a", "a/+b", "a/b+/c", "++", "a/++", "+a/b"}) {
        INFO(filter);
        CHECK(codec::check_topic_filter(filter) == codec::errc::filter_invalid);
    }
    CHECK_FALSE(has_wildcard("a/b"));
}

TEST_CASE("wildcards are judged the same at every place of a filter, alone and in a packet", "[codec][topic][MQTT-4.7.1-1][MQTT-4.7.1-2][MQTT-3.8.3-1]") {
    auto const is_wild = [](char c) { return c == '+' || c == '#'; };
    auto const plainly = [&](std::string const& filter) {
        for (std::size_t at = 0; at < filter.size(); ++at) {
            bool const last = at + 1 == filter.size();
            if (!is_wild(filter[at])) continue;
            if ((at > 0 && filter[at - 1] != '/') || (!last && (filter[at] == '#' || filter[at + 1] != '/'))) return false;
        }
        return true;
    };
    std::size_t good = 0, bad = 0;
    for (std::string const filler : {"a", "/", "\xC3\xA4"})
        for (std::string const middle : {"+", "#", "/+", "+/", "/+/", "/#", "#/", "++", "+/+", "/+/#", "a/+", "/+a"})
            for (std::size_t before = 0; before < 18; ++before)
                for (std::size_t behind = 0; behind < 18; ++behind) {
                    std::string filter;
                    for (std::size_t i = 0; i < before; ++i) filter += filler;
                    filter += middle;
                    for (std::size_t i = 0; i < behind; ++i) filter += filler;
                    bool const expected = plainly(filter);
                    auto const bytes = packet_of(0x82, from_hex("00 01 00") + text_field(filter) + from_hex("00"));
                    if (is_topic_filter(filter) != expected || decode_packet(bytes, v5).has_value() != expected) FAIL_CHECK(filter);
                    ++(expected ? good : bad);
                }
    CHECK(good > 1'000);
    CHECK(bad > 5'000);
}

TEST_CASE("a shared subscription has a share name and a filter", "[codec][topic][MQTT-4.8.2-1][MQTT-4.8.2-2]") {
    struct { std::string_view whole, name, filter; } const good[] = {
        {"$share/g/a", "g", "a"}, {"$share/g//", "g", "/"}, {"$share/g/#", "g", "#"}, {"$share/a b/+/c", "a b", "+/c"}, {"$share/$/$SYS", "$", "$SYS"},
    };
    for (auto const& [whole, name, filter] : good) {
        INFO(whole);
        CHECK(is_topic_filter(whole));
        auto const parts = split_shared(whole);
        REQUIRE(parts);
        CHECK(parts->share_name == name);
        CHECK(parts->filter == filter);
    }
    for (auto const bad : {"$share/", "$share//a", "$share//", "$share/g", "$share/g/", "$share/+/a", "$share/#/a", "$share/g+/a", "$share/g#/a"}) {
        INFO(bad);
        CHECK(codec::check_topic_filter(bad) == codec::errc::share_name_invalid);
        CHECK_FALSE(split_shared(bad));
    }
    CHECK(codec::check_topic_filter("$share/g/a#") == codec::errc::filter_invalid);
    CHECK_FALSE(split_shared("$share/g/a#"));
}

TEST_CASE("what only looks like a shared subscription is a topic", "[codec][topic][MQTT-4.8.2-1]") {
    for (auto const filter : {"$share", "$shared/g/a", "$SHARE/g/a", "/$share/g/a", "share/g/a"}) {
        CHECK(is_topic_filter(filter));
        CHECK_FALSE(is_shared(filter));
        CHECK_FALSE(split_shared(filter));
    }
    CHECK(is_topic_name("$share/g/a"));
    CHECK_FALSE(codec::check_topic_filter("$share//a", protocol::v3_1_1));
    CHECK(codec::check_topic_filter("$share/+a/b", protocol::v3_1_1) == codec::errc::filter_invalid);
}

TEST_CASE("a filter matches the topics that the specification says", "[codec][topic][MQTT-4.7.1-1][MQTT-4.7.1-2][v3-MQTT-4.7.1-2][v3-MQTT-4.7.1-3]") {
    struct { std::string_view filter, topic; bool matches; } const table[] = {
        {"a", "a", true}, {"a", "b", false}, {"a", "A", false}, {"a", "ab", false}, {"ab", "a", false}, {"a/b", "a/b", true},
        {"a/b", "a/b/", false}, {"a/", "a", false}, {"a", "a/", false}, {"a/", "a/", true}, {"/a", "a", false}, {"/", "/", true},
        {"//", "//", true}, {"/", "//", false}, {"a//b", "a//b", true}, {"a//b", "a/b", false},
        {"+", "a", true}, {"+", "a/b", false}, {"+", "/", false}, {"+", "/a", false}, {"/+", "/a", true}, {"/+", "/", true},
        {"+/+", "/a", true}, {"+/+", "/", true}, {"+/+", "a", false}, {"+/", "a/", true}, {"+/", "a", false}, {"+/", "/", true},
        {"a/+", "a/", true}, {"a/+", "a", false}, {"a/+", "a/b", true}, {"a/+", "a/b/c", false}, {"a/+/c", "a//c", true}, {"a/+/c", "a/b/c", true},
        {"a/+/c", "a/b/d", false}, {"+/b", "a/b", true}, {"+/b", "ab", false}, {"a/+/+/d", "a/b/c/d", true},
        {"#", "a", true}, {"#", "a/b/c", true}, {"#", "/", true}, {"#", "/a", true}, {"a/#", "a", true}, {"a/#", "a/", true}, {"a/#", "a/b", true},
        {"a/#", "a/b/c", true}, {"a/#", "ab", false}, {"a/#", "b", false}, {"a/b/#", "a", false}, {"+/#", "a", true}, {"+/#", "a/b/c", true},
        {"+/b/#", "a/b", true}, {"+/b/#", "a/c", false}, {"/#", "a", false}, {"/#", "/a", true}, {"/#", "/", true}, {"a/+/#", "a", false},
        {"a/+/#", "a/b", true}, {"a/+/#", "a/b/c/d", true}, {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false}, {"abcdefgh/#", "abcdefgh", true}, {"a/b/c/d/e", "a/b/c/d/e", true},
    };
    for (auto const& [filter, topic, matches] : table) {
        INFO(filter << " and " << topic);
        CHECK(is_topic_filter(filter));
        CHECK(is_topic_name(topic));
        CHECK(topic_matches(filter, topic) == matches);
    }
}

TEST_CASE("a filter that begins with a wildcard matches no topic that begins with a dollar", "[codec][topic][MQTT-4.7.2-1][v3-MQTT-4.7.2-1]") {
    for (auto const filter : {"#", "+", "+/#", "+/x", "+/+"}) CHECK_FALSE(topic_matches(filter, "$SYS/x"));
    CHECK_FALSE(topic_matches("+", "$SYS"));
    CHECK(topic_matches("$SYS/#", "$SYS/x"));
    CHECK(topic_matches("$SYS/#", "$SYS"));
    CHECK(topic_matches("$SYS/+", "$SYS/x"));
    CHECK(topic_matches("a/+", "a/$x"));
    CHECK(topic_matches("#", "a/$SYS"));
}

TEST_CASE("matching compares bytes and normalises nothing", "[codec][topic][MQTT-4.7.3-4][v3-MQTT-4.7.3-4]") {
    constexpr auto composed = "caf\xC3\xA9"sv, decomposed = "cafe\xCC\x81"sv;

    CHECK(topic_matches(composed, composed));
    CHECK_FALSE(topic_matches(composed, decomposed));
    CHECK_FALSE(topic_matches("a", "\xEF\xBB\xBF"
                                   "a"));
    CHECK(topic_matches("a b", "a b"));
    CHECK_FALSE(topic_matches("a b", "a  b"));
}

TEST_CASE("all short filters and topics agree with a plain reading of the specification", "[codec][topic][MQTT-4.7.1-1][MQTT-4.7.1-2]") {
    auto const matches = [](auto const& self, std::string_view f, std::string_view t) -> bool {
        auto const fl = f.substr(0, f.find('/')), tl = t.substr(0, t.find('/'));
        if (fl == "#") return true;
        if (fl != "+" && fl != tl) return false;
        bool const f_ends = fl.size() == f.size(), t_ends = tl.size() == t.size();
        if (t_ends) return f_ends || f.substr(fl.size()) == "/#";
        return !f_ends && self(self, f.substr(fl.size() + 1), t.substr(tl.size() + 1));
    };
    std::size_t checked = 0;
    for (auto const& filter : words("a/+#$", 4)) {
        if (!is_topic_filter(filter)) continue;
        for (auto const& topic : words("a/$", 5)) {
            if (!is_topic_name(topic)) continue;
            bool const dollar = topic[0] == '$' && (filter[0] == '+' || filter[0] == '#');
            if (topic_matches(filter, topic) != (!dollar && matches(matches, filter, topic))) FAIL_CHECK(filter << " and " << topic);
            ++checked;
        }
    }
    CHECK(checked > 30'000);
}

TEST_CASE("filters overlap and cover one another as the topics that they match tell", "[codec][topic][MQTT-4.7.2-1]") {
    std::vector<std::string> topics, filters;
    for (auto& each : words("ab/$", 6))
        if (is_topic_name(each)) topics.push_back(std::move(each));
    for (auto& each : words("a/+#$", 4))   // so that some topic shows each overlap
        if (is_topic_filter(each)) filters.push_back(std::move(each));
    std::vector<std::bitset<6000>> matched(filters.size());
    REQUIRE(topics.size() <= matched[0].size());
    for (std::size_t f = 0; f < filters.size(); ++f)
        for (std::size_t t = 0; t < topics.size(); ++t) matched[f][t] = topic_matches(filters[f], topics[t]);

    std::size_t overlaps = 0, covers = 0;
    for (std::size_t a = 0; a < filters.size(); ++a)
        for (std::size_t b = 0; b < filters.size(); ++b) {
            bool const overlap = (matched[a] & matched[b]).any();
            bool const cover = (matched[b] & ~matched[a]).none();
            if (filters_overlap(filters[a], filters[b]) != overlap) FAIL_CHECK(filters[a] << " overlaps " << filters[b] << ": " << overlap);
            if (filter_covers(filters[a], filters[b]) != cover) FAIL_CHECK(filters[a] << " covers " << filters[b] << ": " << cover);
            overlaps += overlap;
            covers += cover;
        }
    CHECK(overlaps > 2000);
    CHECK(covers > 500);
}

TEST_CASE("nothing matches where a filter or topic is empty", "[codec][topic]") {
    CHECK_FALSE(topic_matches("", "a"));
    CHECK_FALSE(topic_matches("#", ""));
    CHECK_FALSE(topic_matches("", ""));
}

TEST_CASE("the longest topics match in linear time", "[codec][topic]") {
    std::string topic, filter;
    while (topic.size() < 65'000) topic += "a/", filter += "+/";

    CHECK(topic_matches(filter, topic));
    CHECK_FALSE(topic_matches(filter + "b", topic));
    CHECK(topic_matches(filter + "#", topic));
}
