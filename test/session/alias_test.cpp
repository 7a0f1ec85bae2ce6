// Outgoing topic aliases, automatic and by hand, where they meet each other and the limits.
#include <support/catch.hpp>
#include <support/pair.hpp>

using namespace aldis;
using namespace aldis::test;
using enum qos_level;
using session::event::outcome;

namespace {

session_pair with_aliases(std::uint16_t allowed, std::uint16_t automatic, std::uint32_t packet_size = 1000) {
    session_pair::options how;
    how.server.own.topic_alias_maximum = allowed;
    how.server.own.maximum_packet_size = packet_size;
    how.client.automatic_aliases = automatic;
    return session_pair{how};
}

void publish(session_pair& peers, std::string_view topic, std::uint16_t alias, qos_level qos = at_most_once) {
    property_list props;
    if (alias != 0) props.add<property_id::topic_alias>(alias);
    REQUIRE(peers.client.engine->publish({.topic = topic, .payload = to_bytes("x"), .qos = qos, .props = props}, peers.now));
    peers.run();
}

/// Topic on the wire and alias of each PUBLISH.
std::vector<std::pair<std::string, int>> sent(session_pair const& peers) {
    std::vector<std::pair<std::string, int>> found;
    for (auto const& p : peers.from_client.all<packet::publish>())
        found.emplace_back(p.topic, p.props.get<property_id::topic_alias>().value_or(0));
    return found;
}

std::vector<std::string> arrived(session_pair const& peers) {
    std::vector<std::string> topics;
    for (auto const& m : peers.server.messages) topics.push_back(m.topic);
    return topics;
}

using wire = std::vector<std::pair<std::string, int>>;
using topics = std::vector<std::string>;

} // namespace

TEST_CASE("no alias is assigned where that is turned off", "[session][alias]") {
    auto const qos = GENERATE(at_most_once, at_least_once);
    auto peers = with_aliases(4, 0);

    for (auto i = 0; i < 2; ++i) publish(peers, "one", 0, qos);

    CHECK(sent(peers) == wire{{"one", 0}, {"one", 0}});
}

TEST_CASE("the alias used longest ago is given away wherever it stands", "[session][alias][MQTT-3.3.2-12]") {
    auto peers = with_aliases(3, 3);

    for (auto const* topic : {"a", "b", "c", "b", "d", "a", "c", "b"}) publish(peers, topic, 0);

    CHECK(sent(peers) == wire{{"a", 1}, {"b", 2}, {"c", 3}, {"", 2}, {"d", 1}, {"a", 3}, {"c", 2}, {"b", 1}});
    CHECK(arrived(peers) == topics{"a", "b", "c", "b", "d", "a", "c", "b"});
}

TEST_CASE("an alias by hand among the automatic ones is one of them from then on", "[session][alias][MQTT-3.3.2-12]") {
    auto const qos = GENERATE(at_most_once, exactly_once);
    auto peers = with_aliases(4, 3);

    publish(peers, "mine", 2, qos);
    publish(peers, "mine", 0, qos);                                // known, so it is used
    for (auto const* topic : {"a", "b", "c", "mine"}) publish(peers, topic, 0, qos);

    CHECK(arrived(peers) == topics{"mine", "mine", "a", "b", "c", "mine"});
    auto const seen = sent(peers);
    CHECK(seen[0] == std::pair{std::string{"mine"}, 2});
    CHECK(seen[1] == std::pair{std::string{}, 2});
    for (auto const& [topic, alias] : seen) CHECK((alias >= 1 && alias <= 3));
}

TEST_CASE("an alias by hand above the automatic ones is never given away", "[session][alias][MQTT-3.3.2-12]") {
    auto peers = with_aliases(4, 2);

    publish(peers, "mine", 4);
    for (auto const* topic : {"a", "b", "c", "mine"}) publish(peers, topic, 0);

    CHECK(arrived(peers) == topics{"mine", "a", "b", "c", "mine"});
    CHECK(sent(peers).back() == std::pair{std::string{}, 4});
}

TEST_CASE("a topic may have two aliases and each may get another topic", "[session][alias][MQTT-3.3.2-12]") {
    auto const qos = GENERATE(at_most_once, at_least_once);
    auto peers = with_aliases(4, 0);

    publish(peers, "t", 1, qos);
    publish(peers, "t", 2, qos);
    publish(peers, "u", 1, qos);
    publish(peers, "", 2, qos);
    publish(peers, "", 1, qos);

    CHECK(arrived(peers) == topics{"t", "t", "u", "t", "u"});
}

TEST_CASE("a topic with two aliases keeps the one that was not given away", "[session][alias][MQTT-3.3.2-12]") {
    auto peers = with_aliases(4, 2);

    publish(peers, "t", 0);                                        // automatic: 1
    publish(peers, "t", 4);
    publish(peers, "a", 0);
    publish(peers, "b", 0);                                        // takes 1
    publish(peers, "t", 0);

    CHECK(arrived(peers) == topics{"t", "t", "a", "b", "t"});
    CHECK(sent(peers).back() == std::pair{std::string{}, 4});
}

TEST_CASE("where an alias does not fit the peer's packet size the topic goes without", "[session][alias][MQTT-3.1.2-24]") {
    auto const qos = GENERATE(at_most_once, at_least_once);
    auto peers = with_aliases(4, 2, 60);
    std::string const topic(GENERATE(50U, 51U, 52U, 53U, 54U, 55U), 't');
    auto const fits = 5 + topic.size() + (qos == at_most_once ? 0 : 2) + 1 <= 60;

    auto const done = peers.client.engine->publish({.topic = topic, .payload = to_bytes("x"), .qos = qos}, peers.now);
    peers.run();

    if (!fits) CHECK(peers.server.messages.empty());
    else CHECK(arrived(peers) == topics{topic});
    if (qos == at_most_once) CHECK(done.has_value() == fits);
    else CHECK(peers.client.deliveries.at(*done).how == (fits ? outcome::acknowledged : outcome::too_large));
    CHECK_FALSE(peers.server.closed);
}

TEST_CASE("an alias by hand that the next server does not take is left out", "[session][alias][MQTT-3.3.2-9]") {
    auto peers = with_aliases(4, 0);
    peers.server.acknowledges = false;
    publish(peers, "t", 3, at_least_once);
    peers.server.settings.own.topic_alias_maximum = GENERATE(std::uint16_t{0}, std::uint16_t{2});
    peers.server.acknowledges = true;

    peers.reconnect();

    CHECK(sent(peers) == wire{{"t", 3}, {"t", 0}});
    CHECK(arrived(peers) == topics{"t", "t"});
}
