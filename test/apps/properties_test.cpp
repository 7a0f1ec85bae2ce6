// -D: properties from the command line.
#include <support/catch.hpp>

#include <cli/properties.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;

namespace {
std::vector<std::string> line(std::vector<std::string> const& more) {
    std::vector<std::string> words{"-t", "a", "-m", "b"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}
} // namespace

TEST_CASE("properties go to the packet they are given for", "[apps][properties]") {
    auto const given = pub(line({"-D", "publish", "content-type", "text/plain", "--property", "CONNECT", "receive-maximum", "7", "-D", "disconnect",
                                 "user-property", "n", "v"}));
    CHECK(given.properties_of(property_target::publish).view().get<property_id::content_type>() == "text/plain");
    CHECK(given.properties_of(property_target::connect).view().get<property_id::receive_maximum>() == 7);
    CHECK(given.properties_of(property_target::disconnect).view().get<property_id::user_property>() == text_pair{"n", "v"});
    CHECK(given.properties_of(property_target::will).empty());
}

TEST_CASE("user properties repeat and keep their order", "[apps][properties]") {
    auto const given = pub(line({"-D", "publish", "user-property", "k", "1", "-D", "publish", "user-property", "k", "-t", "-r"}));
    std::vector<text_pair> pairs;
    for (auto const& one : given.properties_of(property_target::publish).view()) pairs.push_back(one.pair);
    CHECK(pairs == std::vector<text_pair>{{"k", "1"}, {"k", "-t"}});
    CHECK(given.pub.retain);
}

TEST_CASE("a message that is -D is no property", "[apps][properties]") {
    auto const given = pub({"-m", "-D", "-t", "a", "-D", "publish", "content-type", "-m"});
    CHECK(given.pub.message == "-D");
    CHECK(given.properties_of(property_target::publish).view().get<property_id::content_type>() == "-m");
}

TEST_CASE("every property of the table can be given where a client may send it", "[apps][properties]") {
    struct place { std::string_view command; places where; property_target target; };
    for (auto const& [command, where, target] : {place{"connect", in(packet_type::connect), property_target::connect},
                                                 place{"publish", in(packet_type::publish), property_target::publish},
                                                 place{"subscribe", in(packet_type::subscribe), property_target::subscribe},
                                                 place{"unsubscribe", in(packet_type::unsubscribe), property_target::unsubscribe},
                                                 place{"disconnect", in(packet_type::disconnect), property_target::disconnect},
                                                 place{"will", in_will, property_target::will}})
        for (auto const& row : codec::property_specs) {
            options given;
            auto const name = command_line_name(row.id);
            auto words = std::vector<std::string_view>{command, name, "1"};
            if (row.id == property_id::user_property) words.emplace_back("2");
            bool const allowed = (row.allowed & where) != 0 && (row.server_only & where) == 0;
            auto const text = error_of([&] { add_property(given, join_words(words)); });
            INFO(command << ' ' << name << ": " << text);
            CHECK(text.empty() == allowed);
            CHECK(given.properties_of(target).view().has(row.id) == allowed);
        }
}

TEST_CASE("a property that cannot be used says what could", "[apps][properties]") {
    using Catch::Matchers::StartsWith;
    CHECK_THAT(pub_error(line({"-D", "publish", "foo", "bar"})), StartsWith("Invalid property name given in --property argument: 'foo', possible here: "));
    CHECK_THAT(pub_error(line({"-D", "foo", "foo", "bar"})), StartsWith("Invalid command given in --property argument: 'foo', it must be connect"));
    CHECK_THAT(pub_error(line({"-D", "publish", "receive-maximum", "3"})), StartsWith("receive-maximum property not allowed for publish in --property argument"));
    CHECK_THAT(pub_error(line({"-D", "auth", "user-property", "a", "b"})), StartsWith("user-property property not supported for auth in --property argument."));
    CHECK_THAT(pub_error(line({"-D", "publish", "content-type"})), StartsWith("--property argument given but not enough arguments specified"));
    CHECK_THAT(pub_error(line({"-D", "publish", "user-property", "k"})), StartsWith("--property argument given but not enough arguments specified"));
    CHECK_THAT(pub_error(line({"-D"})), StartsWith("-D argument given but no"));
    CHECK_THAT(pub_error(line({"-D", "connect", "receive-maximum", "99999"})), StartsWith("Property value (99999) out of range for property receive-maximum"));
    CHECK_THAT(pub_error(line({"-D", "publish", "payload-format-indicator", "7"})), StartsWith("Property value (7) out of range"));
    CHECK_THAT(pub_error(line({"-D", "publish", "message-expiry-interval", "1s"})), StartsWith("Property value (1s) out of range"));
    CHECK_THAT(pub_error(line({"-D", "publish", "content-type", "\xff"})), StartsWith("Malformed UTF-8 in the value of property content-type"));
    CHECK_THAT(pub_error(line({"-D", "publish", "content-type", std::string(65'536, 'x')})), StartsWith("Value of property content-type too long"));
    CHECK_THAT(pub_error(line({"-D", "publish", "content-type", "a", "-D", "publish", "content-type", "b"})),
               StartsWith("Error in publish properties: Duplicate property in property list"));
    CHECK_THAT(pub_error(line({"-D", "will", "content-type", "a"})), StartsWith("Will properties given, but no will topic given."));
}
