// Command lines of pub and sub: habits of the tools they replace, and mistakes.
#include <support/catch.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;

TEST_CASE("every option has a name of its own for each tool", "[apps][options]") {
    auto const& rows = option_rows();
    for (auto const which : {tool::pub, tool::sub})
        for (auto const& row : rows) {
            if (!row.belongs_to(which)) continue;
            INFO(row.name());
            CHECK(!row.name().empty());
            CHECK(!row.help.empty());
            CHECK(find_option(which, row.name()) == &row);
            if (!row.long_name.empty()) CHECK(find_option(which, row.long_name) == &row);
        }
    CHECK(find_option(tool::pub, "") == nullptr);
    CHECK(find_option(tool::pub, "-C") == nullptr);
    CHECK(find_option(tool::sub, "-m") == nullptr);
}

TEST_CASE("a message may look like an option", "[apps][options]") {
    CHECK(pub({"-t", "a", "-m", "-foo"}).pub.message == "-foo");
    CHECK(pub({"-t", "a", "-m", "-v"}).pub.message == "-v");
    CHECK(pub({"-t", "a", "-m", "-D"}).pub.message == "-D");
    CHECK(pub({"-t", "a", "-m", "--"}).pub.message == "--");
    CHECK(pub({"-t", "a", "-m", "--help"}).pub.message == "--help");
    CHECK(pub({"-t", "a", "-m", ""}).pub.message.empty());
    CHECK(pub({"-t", "a", "-m", "[1,2]"}).pub.message == "[1,2]");
    CHECK(pub({"-t", "a", "-m", "{}"}).pub.message == "{}");
    CHECK(pub({"-t", "a", "-m", "\"quoted\""}).pub.message == "\"quoted\"");
    CHECK(pub({"-t", "pub", "-m", "sub"}).pub.message == "sub");
}

TEST_CASE("topics of sub add up and that of pub is the last", "[apps][options]") {
    CHECK(sub({"-t", "a", "--topic", "b", "-t", "a"}).topics == std::vector<std::string>{"a", "b", "a"});
    CHECK(pub({"-t", "a", "-t", "b", "-n"}).topics == std::vector<std::string>{"b"});
    CHECK(sub({"-t", "a", "-T", "x/#", "-T", "y", "-U", "u/+"}).sub.filter_out == std::vector<std::string>{"x/#", "y"});
    CHECK(sub({"-U", "u/+"}).sub.unsubscribe == std::vector<std::string>{"u/+"});
}

TEST_CASE("options are applied in the order of the command line", "[apps][options]") {
    CHECK(pub({"-t", "a", "-n", "-h", "x", "-L", "mqtt://y:77/b"}).connection.host == "y");
    CHECK(pub({"-t", "a", "-n", "-L", "mqtt://y:77/b", "-h", "x"}).connection.host == "x");
    CHECK(pub({"-n", "-L", "mqtt://y:77/b", "-p", "99"}).connection.port == 99);
    CHECK(pub({"-t", "a", "-n", "-q", "1", "-q", "2"}).qos == qos_level::exactly_once);
}

TEST_CASE("a URL gives host and port and credentials and a topic that is not decoded", "[apps][options]") {
    auto const given = sub({"-L", "mqtt://us%40er:p%3Aw@[::1]:18/a/%31/#"});
    CHECK(given.connection.host == "::1");
    CHECK(given.connection.port == 18);
    CHECK(given.connection.user_name == "us@er");
    CHECK(given.connection.password == "p:w");
    CHECK(given.topics == std::vector<std::string>{"a/%31/#"});
    CHECK(sub({"-L", "mqtt://h/t"}).connection.port == 1883);
}

TEST_CASE("a URL that cannot be used says why", "[apps][options]") {
    using Catch::Matchers::StartsWith;
    CHECK_THAT(sub_error({"-L", "http://h/t"}), StartsWith("unsupported URL scheme"));
    CHECK_THAT(sub_error({"-L", "h/t"}), StartsWith("unsupported URL scheme"));
    CHECK_THAT(sub_error({"-L", "mqtt://h"}), StartsWith("Invalid URL for -L argument specified - topic missing"));
    CHECK_THAT(sub_error({"-L", "mqtt://h/"}), StartsWith("Invalid URL for -L argument specified - topic missing"));
    CHECK_THAT(sub_error({"-L", "mqtt://h:70000/t"}), StartsWith("Invalid URL for -L argument specified - "));
    CHECK_THAT(sub_error({"-L", "wss://h"}), StartsWith("Invalid URL for -L argument specified - topic missing"));
    CHECK_THAT(sub_error({"-L", "mqtt:///t"}), StartsWith("Invalid URL for -L argument specified - the host is"));
    CHECK_THAT(sub_error({"-L", "unix://", "-t", "a"}), StartsWith("Invalid URL for -L argument specified - "));
    CHECK_THAT(sub_error({"-L", "unix:///s"}), StartsWith("You must specify a topic"));
    CHECK(sub_error({"-L", "mqtt://u:se^cret@h/t"}).find("cret") == std::string::npos);
    CHECK_THAT(pub_error({"-n", "-L", "mqtt://h/a/+"}), StartsWith("Invalid publish topic 'a/+'"));
}

TEST_CASE("the version is automatic until -V or -D choose one", "[apps][options]") {
    CHECK(pub({"-t", "a", "-n"}).connection.version == protocol_choice::automatic);
    CHECK(pub({"-t", "a", "-n", "-V", "mqttv311"}).connection.version == protocol_choice::v3_1_1);
    CHECK(pub({"-t", "a", "-n", "-V", "31"}).connection.version == protocol_choice::v3_1);
    CHECK(pub({"-t", "a", "-n", "-V", "5"}).connection.version == protocol_choice::v5);
    CHECK(pub({"-t", "a", "-n", "-D", "publish", "content-type", "x"}).connection.version == protocol_choice::v5);
    CHECK(pub({"-t", "a", "-n", "-V", "311", "-D", "publish", "content-type", "x"}).connection.version == protocol_choice::v5);
    CHECK(pub_error({"-t", "a", "-n", "-D", "publish", "content-type", "x", "-V", "311"}).starts_with("-D needs MQTT 5"));
}

TEST_CASE("a session that never expires needs a client identifier", "[apps][options]") {
    CHECK(pub({"-t", "a", "-n", "-c", "-i", "x"}).connection.session_expiry == never_expires);
    CHECK(pub({"-t", "a", "-n", "-x", "\u221E", "-i", "x"}).connection.session_expiry == never_expires);
    CHECK(pub({"-t", "a", "-n", "-x", "-1", "-V", "311"}).connection.session_expiry == never_expires);
    CHECK(pub({"-t", "a", "-n", "-x", "4294967294"}).connection.session_expiry == 4'294'967'294);
    CHECK(pub_error({"-t", "a", "-n", "-c", "-V", "311"}) == "You must provide a client id if you are using the -c option.");
    CHECK(pub_error({"-t", "a", "-n", "-c", "-V", "5", "-I", "p"}).starts_with("You must provide a client id"));
    CHECK(pub_error({"-t", "a", "-n", "-x", "-1"}).starts_with("You must provide a client id"));
}

TEST_CASE("every mistake is one line that begins as people know it", "[apps][options]") {
    struct row { tool which; std::vector<std::string> words; std::string begins; };
    auto const P = tool::pub, S = tool::sub;
    std::vector<row> const rows{
        {P, {}, "Both topic and message must be supplied"},
        {P, {"-t", "a"}, "Both topic and message must be supplied"},
        {P, {"-m", "a"}, "Both topic and message must be supplied"},
        {P, {"-t", "a/+", "-n"}, "Invalid publish topic 'a/+', does it contain '+' or '#'?"},
        {P, {"-t", "", "-n"}, "Invalid publish topic '', it must not be empty."},
        {P, {"-t", "a\xff", "-n"}, "Malformed UTF-8 in -t argument."},
        {P, {"-t", "a", "-n", "-q", "3"}, "Invalid QoS given: 3"},
        {P, {"-t", "a", "-n", "-q", "x"}, "Invalid QoS given: x"},
        {P, {"-t", "a", "-n", "-V", "6"}, "Invalid protocol version argument given"},
        {P, {"-t", "a", "-n", "--bogus"}, "Unknown option '--bogus'."},
        {P, {"-t", "a", "-n", "--keep"}, "Unknown option '--keep'. Did you mean '--keepalive'?"},
        {P, {"-t", "a", "-n", "bogus"}, "Unknown option 'bogus'."},
        {P, {"-t", "a", "-n", "-W", "3"}, "Unknown option '-W'."},
        {P, {"-t", "a", "-n", "-m", "x"}, "Only one type of message can be sent at once."},
        {P, {"-n", "-t"}, "-t argument given but no topic specified."},
        {P, {"-t", "a", "-n", "-p", "70000"}, "Invalid port given: 70000"},
        {P, {"-t", "a", "-n", "-p", "0"}, "Invalid port given: 0"},
        {P, {"-t", "a", "-n", "-k", "4"}, "Invalid keepalive given, it must be between 5 and 65535 inclusive."},
        {P, {"-t", "a", "-n", "-k", "65536"}, "Invalid keepalive given"},
        {P, {"-t", "a", "-n", "-x", "abc"}, "session-expiry-interval not a number."},
        {P, {"-t", "a", "-n", "-x", "-2"}, "session-expiry-interval out of range"},
        {P, {"-t", "a", "-n", "--repeat", "0"}, "--repeat argument must be >0."},
        {P, {"-t", "a", "-n", "--repeat-delay", "-1"}, "--repeat-delay argument must be >=0.0."},
        {P, {"-t", "a", "-n", "--repeat-delay", "nan"}, "--repeat-delay argument must be >=0.0."},
        {P, {"-t", "a", "-n", "-M", "0"}, "Maximum inflight messages must be greater than 0"},
        {P, {"-t", "a", "-n", "-i", "x", "-I", "y"}, "-i and -I argument cannot be used together."},
        {P, {"-t", "a", "-n", "-i", ""}, "Invalid id"},
        {P, {"-t", "a", "-n", "--will-payload", "x"}, "Will payload given, but no will topic given."},
        {P, {"-t", "a", "-n", "--will-retain"}, "Will retain given, but no will topic given."},
        {P, {"-t", "a", "-n", "--will-topic", "x/+"}, "Invalid will topic 'x/+', does it contain '+' or '#'?"},
        {P, {"-t", "a", "-n", "--will-qos", "3"}, "Invalid will QoS 3"},
        {P, {"-t", "a", "-n", "-P", "pw"}, "Problem setting username and/or password"},
        {S, {}, "You must specify a topic to subscribe to"},
        {S, {"-t", "r/#/x"}, "Invalid subscription topic 'r/#/x', are all '+' and '#' wildcards correct?"},
        {S, {"-t", "$share/g"}, "Invalid subscription topic '$share/g'"},
        {S, {"-t", "a", "-T", "a/#/b"}, "Invalid filter topic 'a/#/b', are all '+' and '#' wildcards correct?"},
        {S, {"-t", "a", "-U", "a/b+"}, "Invalid unsubscribe topic 'a/b+'"},
        {S, {"-t", "a", "-C", "0"}, "Invalid message count \"0\"."},
        {S, {"-t", "a", "-W", "0"}, "Invalid timeout \"0\"."},
        {S, {"-t", "a", "-m", "x"}, "Unknown option '-m'."},
        {S, {"-t", "a", "-R", "--retained-only"}, "Combining '-R' and '--retained-only' makes no sense."},
        {S, {"-t", "a", "--random-filter", "0"}, "--random-filter chance must be between 0.1-100.0"},
        {S, {"-t", "a", "--random-filter", "100.1"}, "--random-filter chance must be between 0.1-100.0"},
    };
    for (auto const& [which, words, begins] : rows) {
        auto const text = error_of([&, w = which, &l = words] { parse(w, l); });
        INFO(begins);
        CHECK_THAT(text, Catch::Matchers::StartsWith(begins));
        CHECK(text.find('\n') == text.npos);
    }
}

TEST_CASE("a topic named like a shared subscription is ordinary before version 5", "[apps][options]") {
    CHECK(sub({"-t", "$share/g", "-V", "311"}).topics.front() == "$share/g");
    CHECK(sub({"-t", "$share/g/f", "-V", "5"}).topics.front() == "$share/g/f");
}

TEST_CASE("help names every option that works", "[apps][options]") {
    for (auto const which : {tool::pub, tool::sub}) {
        auto const text = help_text(which, "aldis");
        for (auto const& row : option_rows()) {
            if (!row.belongs_to(which) || row.help.ends_with("(not supported)")) continue;
            INFO(row.name());
            CHECK(text.find(std::string{row.name()}) != text.npos);
        }
    }
    CHECK(version_text("aldis pub").starts_with("aldis pub version "));
}
