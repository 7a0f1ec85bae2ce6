// Whole files: what they come to, and what is told of those that are wrong.
#include <support/catch.hpp>

#include "support.hpp"

using namespace aldis::app::config;
using namespace aldis::app::config::test;

namespace {

constexpr std::string_view debian = R"(# Place your local configuration in /etc/mosquitto/conf.d/
#
# A full description of the configuration file is at
# /usr/share/doc/mosquitto/examples/mosquitto.conf.example

pid_file /run/mosquitto/mosquitto.pid

persistence true
persistence_location /var/lib/mosquitto/

log_dest file /var/log/mosquitto/mosquitto.log

include_dir /etc/mosquitto/conf.d
)";

constexpr std::string_view folder_note = "# Any files placed in this directory with a .conf ending will be loaded\n";

} // namespace

TEST_CASE("Debian's mosquitto.conf is taken unchanged", "[broker_config]") {
    memory_files files;
    files.put("/etc/mosquitto/mosquitto.conf", std::string(debian)).put("/etc/mosquitto/conf.d/README", std::string(folder_note));

    auto const got = read_configuration("/etc/mosquitto/mosquitto.conf", files);

    CHECK(told(got) == lines{});
    CHECK(got.settings.pid_file.text == "/run/mosquitto/mosquitto.pid");
    CHECK(got.settings.persistence.is_on == true);
    CHECK(got.settings.persistence.location.text == "/var/lib/mosquitto/");
    CHECK(got.settings.log.to_file.text == "/var/log/mosquitto/mosquitto.log");
    CHECK(got.read == std::vector<std::string>{"/etc/mosquitto/mosquitto.conf"});
    REQUIRE(got.settings.listeners.size() == 1);
    CHECK(got.settings.listeners[0].is_implicit);
}

TEST_CASE("files of the folder that is included are read by name in order, and only those in .conf", "[broker_config]") {
    memory_files files;
    files.put("/m.conf", "include_dir /d/\nsys_interval 7\n");
    files.put("/d/b.conf", "max_keepalive 60\n").put("/d/a.conf", "listener 1884\r\nmax_qos 1\r\n").put("/d/a.conf~", "nonsense\n").put("/d/.conf", "nonsense\n");

    auto const got = read_configuration("/m.conf", files);

    CHECK(told(got) == lines{});
    CHECK(got.read == std::vector<std::string>{"/m.conf", "/d/a.conf", "/d/b.conf"});
    CHECK(got.settings.limits.max_keepalive == 60U);
    CHECK(got.settings.sys_interval == 7U);
    REQUIRE(got.settings.listeners.size() == 1);
    CHECK(got.settings.listeners[0].max_qos == 1U);
    CHECK(got.settings.listeners[0].at.file == "/d/a.conf");
}

TEST_CASE("a file that is included cannot include", "[broker_config]") {
    memory_files files;
    files.put("/m.conf", "include_dir /d\n").put("/d/a.conf", "\ninclude_dir /d\n");
    CHECK(told(read_configuration("/m.conf", files)) ==
          lines{"/d/a.conf:2: error: include_dir: a file that is included can not include; write it in the first file"});
}

TEST_CASE("what is not there is told with the line that names it", "[broker_config]") {
    memory_files files;
    files.put("/m.conf", "\n\ninclude_dir /nowhere\n");
    CHECK(told(read_configuration("/m.conf", files)) ==
          lines{"/m.conf:3: error: include_dir: the folder \"/nowhere\" cannot be read: No such file or directory; name a folder that is there and may be read"});
    CHECK(told(read_configuration("/n.conf", files)) == lines{"/n.conf: error: this file cannot be read: No such file or directory; name a file that is there and may be read"});
}

TEST_CASE("without a file there is one listener, for this machine", "[broker_config]") {
    auto const got = default_configuration();
    CHECK(got.is_good());
    REQUIRE(got.settings.listeners.size() == 1);
    CHECK(got.settings.listeners[0].is_implicit);
    CHECK(got.settings.listeners[0].port == 1883);
    CHECK_FALSE(got.settings.access.allow_anonymous.has_value());
}

TEST_CASE("all that is wrong is told in one pass", "[broker_config]") {
    CHECK(told("allow_anonymus true\n"
               "max_qos 3\n"
               "listener 99999\n"
               "max_keepalive soon\n"
               "psk_file /p\n"
               "retry_interval 20\n"
               "allow_anonymous maybe\n") ==
          lines{"a.conf:1: error: \"allow_anonymus\" is no key; did you mean allow_anonymous?",
                "a.conf:2: error: max_qos: 3 is too large; try a number from 0 to 2",
                "a.conf:3: error: listener: \"99999\" is no port; try 'listener 1883', or 'listener 1883 127.0.0.1' for one address",
                "a.conf:4: error: max_keepalive: \"soon\" is not a whole number; try one from 0 to 65535",
                "a.conf:5: error: psk_file: refused: the broker has no pre-shared keys; use certificates: certfile, keyfile, and cafile with require_certificate",
                "a.conf:6: warning: retry_interval: ignored: messages are sent again when a client reconnects, not before",
                "a.conf:7: error: allow_anonymous: \"maybe\" is neither true nor false; write true or false"});
}

TEST_CASE("a bridge is refused once, not line by line", "[broker_config]") {
    CHECK(told("connection one\naddress example.org\ntopic # out 1\nbridge_cafile /ca\nconnection two\naddress example.net\nlog_type all\n") ==
          lines{"a.conf:1: error: connection: refused: Aldis has no bridges; run mosquitto with this bridge beside the broker, as a client of both"});
    CHECK(told("log_type all\ntopic # out 1\naddress example.org\n") ==
          lines{"a.conf:2: error: topic: it is about a bridge, and Aldis has none; run mosquitto with this bridge beside the broker, as a client of both"});
}

TEST_CASE("what is not had is left alone where its value changes nothing", "[broker_config]") {
    CHECK(told("check_retain_source false\nupgrade_outgoing_qos false\ntls_keyform pem\nuse_username_as_clientid false\nautosave_on_changes false\n") == lines{});
    CHECK_FALSE(parsed("use_username_as_clientid true\n").is_good());
    CHECK_FALSE(parsed("check_retain_source true\n").is_good());
    CHECK(parsed("upgrade_outgoing_qos true\n").is_good());
}

TEST_CASE("a plugin with many options is told of twice, not line by line", "[broker_config]") {
    CHECK(told("plugin /p.so\nplugin_opt_a 1\nplugin_opt_b 2\nplugin_opt_c 3\n").size() == 2);
    CHECK_FALSE(parsed("auth_opt_x 1\n").is_good());
}

TEST_CASE("text that is no configuration is refused without being repeated whole", "[broker_config]") {
    auto const long_line = std::string(max_line + 1, 'x');
    CHECK(told(long_line) == lines{"a.conf:1: error: a line of 8193 bytes; is this a configuration file?"});
    CHECK(told(std::string_view("port 1\0" "883\n", 11)) == lines{"a.conf:1: error: this is not UTF-8 text; is this a configuration file?"});
    CHECK(told("port\x1b[2J 1883\n") == lines{"a.conf:1: error: there are control characters; is this a configuration file?"});
    CHECK(told("\xff\xfe\n") == lines{"a.conf:1: error: this is not UTF-8 text; is this a configuration file?"});
    for (auto const& each : told(std::string(8000, 'y'))) CHECK(each.size() < 300);
}

TEST_CASE("a byte order mark, carriage returns, tabs and spaces do no harm", "[broker_config]") {
    auto const got = parsed("\xEF\xBB\xBF  listener\t1884 \t 127.0.0.1  \r\n\t# a remark\r\n \r\nallow_anonymous   true\t\r\n");
    CHECK(told(got) == lines{});
    REQUIRE(got.settings.listeners.size() == 1);
    CHECK(got.settings.listeners[0].host == "127.0.0.1");
    CHECK(got.settings.access.allow_anonymous == true);
}

TEST_CASE("files and lines without end are refused", "[broker_config]") {
    memory_files files;
    files.put("/m.conf", std::string(max_file_size + 1, '\n'));
    CHECK(told(read_configuration("/m.conf", files)).size() == 1);

    CHECK(told(std::string(max_lines + 10, '\n')) == lines{"a.conf:50001: error: more than 50000 lines; is one file included twice?"});

    files.put("/n.conf", "include_dir /d\n");
    for (std::size_t i = 0; i <= max_included; ++i) files.put("/d/" + std::to_string(i) + ".conf", "");
    CHECK(told(read_configuration("/n.conf", files)) == lines{"/n.conf:1: error: include_dir: more than 256 files; put them together"});
}

TEST_CASE("of ten thousand problems some are kept and all are counted", "[broker_config]") {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "nonsense\n";
    auto const got = parsed(text);
    CHECK(got.told.list().size() == problems::most);
    CHECK(got.told.errors() == 10'000);
    CHECK(got.told.left_out() == 10'000 - problems::most);
}
