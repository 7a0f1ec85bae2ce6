// The tree of filters against topic_matches(), which asks one filter after the other (4.7).
#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/topic_trie.hpp>
#include <support/catch.hpp>

using namespace aldis;


namespace {

using trie = topic_trie<int>;

std::vector<int> matched(trie const& from, std::string_view topic) {
    std::vector<int> all;
    from.match(topic, [&](int value) { all.push_back(value); });
    std::sort(all.begin(), all.end());
    return all;
}

/// Names of few levels from few words, so that much of it meets.
class random_topics {
public:
    explicit random_topics(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_); }

    std::string topic() { return joined({"", "a", "b", "c", "$x", "$SYS"}); }
    std::string filter() {
        auto made = joined({"", "a", "b", "c", "$x", "$SYS", "+", "+", "+"});
        if (below(3) == 0) made = below(6) == 0 ? "#" : made + "/#";
        return made;
    }

private:
    std::string joined(std::vector<std::string> const& words) {
        std::string made;
        for (auto const levels = below(5) + 1; auto const level : std::vector<int>(levels)) {
            made += words[below(words.size())] + "/";
            (void)level;
        }
        made.pop_back();
        return made.empty() ? "a" : made;
    }

    std::mt19937 random_;
};

} // namespace

TEST_CASE("a tree of filters finds what asking each filter finds", "[codec][topic][trie][MQTT-4.7.2-1][MQTT-4.7.3-4]") {
    random_topics                            made(GENERATE(range(1U, 9U)));
    trie                                     tree;
    std::vector<std::pair<std::string, int>> all;

    for (int round = 0; round < 3'000; ++round) {
        if (all.empty() || made.below(all.size() > 60 ? 4 : 2) == 0) {
            all.emplace_back(made.filter(), static_cast<int>(made.below(8)));
            tree.add(all.back().first, all.back().second);
        } else if (made.below(3) == 0) {
            auto const at = all.begin() + static_cast<std::ptrdiff_t>(made.below(all.size()));
            REQUIRE(tree.remove(at->first, at->second));
            all.erase(at);
        }
        auto const       topic = made.topic();
        std::vector<int> expected;
        for (auto const& [filter, value] : all)
            if (topic_matches(filter, topic)) expected.push_back(value);
        std::sort(expected.begin(), expected.end());
        INFO(topic);
        REQUIRE(matched(tree, topic) == expected);
        REQUIRE(tree.size() == all.size());
    }
}

TEST_CASE("a tree of filters gives up what was never in it without a change", "[codec][topic][trie]") {
    trie tree;
    tree.add("a/+/c", 1);
    tree.add("a/#", 2);

    for (auto const filter : {"a", "a/+", "a/b/c", "a/+/c/#", "#", "b", "+", "+/+/c", "a/+/c/d"}) CHECK_FALSE(tree.remove(filter, 1));
    CHECK_FALSE(tree.remove("a/+/c", 2));
    CHECK(matched(tree, "a/b/c") == std::vector{1, 2});

    CHECK(tree.remove("a/+/c", 1));
    CHECK(tree.remove("a/#", 2));
    CHECK(tree.empty());
    CHECK(matched(tree, "a/b/c").empty());
    tree.add("a/+/c", 3);
    CHECK(matched(tree, "a/b/c") == std::vector{3});
}

TEST_CASE("topics that begin with a dollar sign are not for filters that begin with a wildcard", "[codec][topic][trie][MQTT-4.7.2-1]") {
    trie tree;
    tree.add("#", 1);
    tree.add("+/x", 2);
    tree.add("$SYS/#", 3);
    tree.add("$SYS/+", 4);

    CHECK(matched(tree, "$SYS/x") == std::vector{3, 4});
    CHECK(matched(tree, "$SYS") == std::vector{3});
    CHECK(matched(tree, "SYS/x") == std::vector{1, 2});
    CHECK(matched(tree, "a/$SYS") == std::vector{1});
}

TEST_CASE("a topic of the longest kind is walked level by level without recursion", "[codec][topic][trie]") {
    std::string const slashes(65'535, '/');
    std::string       pluses;
    for (int i = 0; i < 32'000; ++i) pluses += "+/";
    trie tree;
    tree.add(pluses + "#", 1);
    tree.add("#", 2);

    CHECK(matched(tree, slashes) == std::vector{1, 2});
    CHECK(tree.remove(pluses + "#", 1));
    CHECK(matched(tree, slashes) == std::vector{2});
}
