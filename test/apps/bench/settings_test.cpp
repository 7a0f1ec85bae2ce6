// The command line of `aldis bench`.
#include <string>
#include <vector>

#include <bench/settings.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::bench;
using namespace std::chrono_literals;

namespace {

std::string refusal(std::vector<std::string> const& words) {
    try {
        (void)read_settings(words);
    } catch (usage_error const& error) {
        return error.what();
    }
    return {};
}

} // namespace

TEST_CASE("bench takes the letters of emqtt_bench", "[apps][bench]") {
    auto const s = read_settings({"pub", "-h", "broker", "-p", "1884", "-V", "4", "-c", "50", "-n", "7", "-i", "2", "-I", "0.5", "-t", "b/%i", "-s", "64",
                                  "-q", "2", "-r", "true", "-k", "30", "-C", "false", "-u", "me", "-P", "secret", "-F", "100"});

    CHECK(s.what == mode::pub);
    CHECK(s.base.connection.host == "broker");
    CHECK(s.base.connection.port == 1884);
    CHECK(s.base.connection.version == protocol_choice::v3_1_1);
    CHECK(s.clients == 50);
    CHECK(s.first_number == 7);
    CHECK(s.connect_interval == 2ms);
    CHECK(s.interval == 500us);
    CHECK(s.topic == "b/%i");
    CHECK(s.size == 64);
    CHECK(s.qos == qos_level::exactly_once);
    CHECK(s.retain);
    CHECK(s.base.connection.keep_alive == 30);
    CHECK_FALSE(s.base.connection.clean_start);
    CHECK(s.base.connection.user_name == "me");
    CHECK(s.base.connection.password == "secret");
    CHECK(s.base.connection.max_in_flight == 100);
}

TEST_CASE("bench has the defaults of emqtt_bench", "[apps][bench]") {
    auto const s = read_settings({"rtt"});

    CHECK(s.clients == 200);
    CHECK(s.connect_interval == 10ms);
    CHECK(s.interval == 1s);
    CHECK(s.size == 256);
    CHECK(s.qos == qos_level::at_most_once);
    CHECK(s.base.connection.keep_alive == 300);
    CHECK(s.base.connection.version == protocol_choice::v5);
    CHECK(s.topic == "bench/rtt/%c");
}

TEST_CASE("a rate is shared by all clients of bench", "[apps][bench]") {
    CHECK(read_settings({"pub", "-t", "t", "-c", "10", "--rate", "1000"}).interval == 10ms);
    CHECK(read_settings({"pub", "-t", "t", "--rate", "1000", "-c", "10"}).interval == 10ms);
    CHECK(read_settings({"conn", "-R", "500"}).connect_interval == 2ms);
}

TEST_CASE("bench takes options of the way to the broker as pub and sub do", "[apps][bench]") {
    auto const s = read_settings({"sub", "-L", "mqtts://me@broker:8884/a/+", "--insecure", "--tls-use-os-certs"});

    CHECK(s.base.connection.host == "broker");
    CHECK(s.base.connection.tls.is_on());
    CHECK(s.base.connection.tls.any_name);
    CHECK(s.topic == "a/+");
}

TEST_CASE("bench fills in topics", "[apps][bench]") {
    CHECK(fill_in("a/%i/%c/%u/%x/%", 7, "id7", "me") == "a/7/id7/me/%x/%");
    CHECK(fill_in("", 7, "", "").empty());
}

TEST_CASE("bench says what is wrong with a command line", "[apps][bench]") {
    struct row { std::vector<std::string> words; std::string says; };
    std::vector<row> const rows{
        {{}, "Nothing to do given"},
        {{"fly"}, "Unknown bench 'fly'"},
        {{"pub"}, "-t topic"},
        {{"pub", "-t", "a/#"}, "Invalid topic 'a/#'"},
        {{"sub", "-t", "a/#b"}, "Invalid topic 'a/#b'"},
        {{"pub", "-t", "t", "-s", "27"}, "Invalid -s '27'"},
        {{"pub", "-t", "t", "-q", "3"}, "Invalid -q '3'"},
        {{"pub", "-t", "t", "-V", "6"}, "Invalid -V '6'"},
        {{"pub", "-t", "t", "-C", "maybe"}, "true or false"},
        {{"pub", "-t", "t", "-c"}, "-c argument given but no count specified."},
        {{"conn", "-c", "0"}, "Invalid -c '0'"},
        {{"conn", "-c", "many"}, "Invalid -c 'many'"},
        {{"conn", "-t", "t"}, "Unknown option '-t'"},
        {{"sub", "-t", "t", "-I", "1"}, "Unknown option '-I'"},
        {{"rtt", "-t", "same"}, "topic of its own"},
        {{"rtt", "--duration", "1", "--warm-up", "1"}, "--warm-up"},
    };
    for (auto const& row : rows) {
        CAPTURE(row.words);
        CHECK(refusal(row.words).find(row.says) != std::string::npos);
    }
    CHECK(refusal({"rtt", "-t", "same", "-c", "1"}).empty());
}

TEST_CASE("the help of bench names every option of its mode", "[apps][bench]") {
    auto const help = settings_help(read_settings({"pub", "--help"}));

    for (auto const* name : {"-c, --count", "-I, --interval_of_msg", "--rate", "-F, --inflight", "--json", "--cafile", "-h, --host"})
        CHECK(help.find(name) != std::string::npos);
    CHECK(settings_help(read_settings({"conn", "--help"})).find("--interval_of_msg") == std::string::npos);
    CHECK(settings_help(read_settings({"--help"})).find("aldis bench rtt") != std::string::npos);
}
