// What keys come to, alone and together.
#include <support/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include <broker/config/keys.hpp>

#include "support.hpp"

using namespace aldis::app::config;
using namespace aldis::app::config::test;

namespace {

constexpr std::string_view tls_lines = "certfile /c\nkeyfile /k\ncafile /ca\n";

std::string with_tls(std::string_view more) { return "allow_anonymous true\nlistener 8883\n" + std::string(tls_lines) + std::string(more); }

} // namespace

TEST_CASE("keys of a listener belong to the listener line above them", "[broker_config]") {
    auto const got = parsed("listener 1883 ::1\nmax_qos 0\nlistener 9001\nprotocol websockets\nmax_connections 5\nlistener 0 /run/a b.sock\nsocket_permissions 660\n");
    CHECK(told(got) == lines{});
    auto const& all = got.settings.listeners;
    REQUIRE(all.size() == 3);
    CHECK(all[0].host == "::1");
    CHECK(all[0].max_qos == 0U);
    CHECK_FALSE(all[0].max_connections.has_value());
    CHECK(all[1].protocol == listener_protocol::websockets);
    CHECK(all[1].max_connections == 5U);
    CHECK(all[1].host.empty());
    CHECK(all[2].socket_path.text == "/run/a b.sock");
    CHECK(all[2].socket_permissions == 0660U);
}

TEST_CASE("port and bind_address open a listener of their own", "[broker_config]") {
    auto const got = parsed("port 1884\nbind_address 127.0.0.1\nmax_connections 9\nlistener 1885\nmax_connections -1\n");
    CHECK(told(got) == lines{});
    auto const& all = got.settings.listeners;
    REQUIRE(all.size() == 2);
    CHECK(all[0].port == 1884);
    CHECK(all[0].host == "127.0.0.1");
    CHECK(all[0].max_connections == 9U);
    CHECK(all[1].port == 1885);
    CHECK(all[1].max_connections == 0U);
    CHECK(told("listener 1885\nport 1884\n").size() == 1);
}

TEST_CASE("keys of a listener open nothing to the world", "[broker_config]") {
    auto const alone = parsed("max_connections 100\n");
    CHECK(told(alone) == lines{});
    REQUIRE(alone.settings.listeners.size() == 1);
    CHECK(alone.settings.listeners[0].is_implicit);
    CHECK(alone.settings.listeners[0].max_connections == 100U);

    CHECK(told("certfile /c\nlistener 8883\n") ==
          lines{"a.conf:1: error: certfile: it stands above the first listener line, so it would be about a listener that is not opened; move it below the listener that it is for"});
}

TEST_CASE("passwords and rules are of all listeners, or with per_listener_settings of one", "[broker_config]") {
    auto const all = parsed("listener 1883\npassword_file /p\nlistener 1884\nacl_file /a\n");
    CHECK(told(all) == lines{});
    CHECK(all.settings.access.password_file.text == "/p");
    CHECK(all.settings.access.acl_file.text == "/a");

    auto const each = parsed("per_listener_settings true\nlistener 1883\npassword_file /p\nlistener 1884\nallow_anonymous true\nacl_file /a\n");
    CHECK(told(each) == lines{});
    REQUIRE(each.settings.listeners.size() == 2);
    CHECK(each.settings.listeners[0].access.password_file.text == "/p");
    CHECK_FALSE(each.settings.listeners[0].access.acl_file.is_given());
    CHECK(each.settings.listeners[1].access.acl_file.text == "/a");
    CHECK(each.settings.listeners[1].access.allow_anonymous == true);
    CHECK_FALSE(each.settings.access.acl_file.is_given());
}

TEST_CASE("an ACL file that would be about no listener is refused", "[broker_config]") {
    CHECK_FALSE(parsed("per_listener_settings true\nacl_file /a\nlistener 1883\nallow_anonymous true\n").is_good());
    CHECK_FALSE(parsed("acl_file /a\nper_listener_settings true\nlistener 1883\nallow_anonymous true\n").is_good());
    CHECK(parsed("per_listener_settings true\nport 1883\nacl_file /a\nallow_anonymous true\n").settings.listeners[0].access.acl_file.text == "/a");
}

TEST_CASE("TLS keys come to TLS, with or without client certificates", "[broker_config]") {
    auto const plain = parsed(with_tls("tls_version tlsv1.3\nciphers_tls1.3 TLS_AES_128_GCM_SHA256\nciphers HIGH:!x\ncrlfile /crl\n"));
    CHECK(told(plain) == lines{});
    auto const& tls = plain.settings.listeners.at(0).tls;
    CHECK(tls.is_on());
    CHECK(tls.lowest == tls_floor::v1_3);
    CHECK(tls.suites.text == "TLS_AES_128_GCM_SHA256");
    CHECK(tls.ciphers.text == "HIGH:!x");
    CHECK(tls.crl_file.text == "/crl");

    auto const named = parsed(with_tls("require_certificate true\nuse_subject_as_username true\n"));
    CHECK(told(named) == lines{});
    CHECK(named.settings.listeners.at(0).user_name_from() == name_source::subject);
    CHECK(told(with_tls("tls_version tlsv1.1\n")) == lines{"a.conf:6: warning: tls_version: TLS before 1.2 can not be had; clients need 1.2 or 1.3"});
}

TEST_CASE("a listener that somebody believes to be encrypted is refused when it would not be", "[broker_config]") {
    for (auto const* lines_of : {"cafile /ca\n", "capath /ca\n", "crlfile /c\n", "ciphers x\n", "require_certificate true\n", "use_identity_as_username true\n", "certfile /c\n",
                                 "keyfile /k\n"}) {
        INFO(lines_of);
        CHECK_FALSE(parsed("allow_anonymous true\nlistener 8883\n" + std::string(lines_of)).is_good());
    }
    CHECK_FALSE(parsed("listener 8883\ncertfile /c\nkeyfile /k\nrequire_certificate true\n").is_good());
    CHECK_FALSE(parsed(with_tls("use_identity_as_username true\n")).is_good());
    CHECK_FALSE(parsed(with_tls("require_certificate true\nuse_identity_as_username true\nuse_subject_as_username true\n")).is_good());
}

TEST_CASE("what is given twice is refused where it is a text, and told of where it is a number", "[broker_config]") {
    CHECK(told("password_file /a\npassword_file /b\n") == lines{"a.conf:2: error: password_file: it was given before, at a.conf:1; keep one of the two"});
    auto const got = parsed("max_keepalive 60\nmax_keepalive 90\n");
    CHECK(told(got) == lines{"a.conf:2: warning: max_keepalive: this takes the place of a.conf:1"});
    CHECK(got.settings.limits.max_keepalive == 90U);
    CHECK(told("listener 1\nmax_qos 0\nlistener 2\nmax_qos 0\n") == lines{});
    CHECK_FALSE(parsed("listener 1883\nlistener 1883\n").is_good());
    CHECK(parsed("listener 1883 127.0.0.1\nlistener 1883 ::1\nlistener 0 127.0.0.1\nlistener 0 127.0.0.1\n").is_good());
}

TEST_CASE("durations have letters", "[broker_config]") {
    auto const expiry = [](std::string const& text) { return parsed("persistent_client_expiration " + text).settings.limits.persistent_client_expiration; };
    CHECK(expiry("2m") == 60U * 86'400);
    CHECK(expiry("14d") == 14U * 86'400);
    CHECK(expiry("1y") == 365U * 86'400);
    CHECK(expiry("3h") == 3U * 3'600);
    for (auto const* wrong : {"14", "d", "-1d", "0d", "1.5d", "101y", "9999999999999999999h", "1 d"}) CHECK_FALSE(parsed("persistent_client_expiration " + std::string(wrong)).is_good());
}

TEST_CASE("a remark behind a value is overlooked, and anything else there is refused", "[broker_config]") {
    auto const got = parsed("max_keepalive 60 # a minute\n");
    CHECK(got.settings.limits.max_keepalive == 60U);
    CHECK(told(got) == lines{"a.conf:1: warning: max_keepalive: the remark \"# a minute\" is not part of the value; put it on a line of its own"});
    CHECK_FALSE(parsed("max_keepalive 60 90\n").is_good());
    CHECK(parsed("password_file /a # b\n").settings.access.password_file.text == "/a # b");
}

TEST_CASE("logs go where they are sent", "[broker_config]") {
    auto const got = parsed("log_dest stdout\nlog_dest file /l\nlog_dest topic\nlog_type error warning\nlog_type notice\nlog_facility 3\nlog_timestamp false\n");
    CHECK(got.is_good());
    CHECK(got.settings.log.to_stdout);
    CHECK_FALSE(got.settings.log.to_stderr);
    CHECK(got.settings.log.to_file.text == "/l");
    CHECK(got.settings.log.kinds == unsigned{log_error | log_warning | log_notice});
    CHECK(got.settings.log.facility == 3U);
    CHECK_FALSE(got.settings.log.timestamp);
    CHECK(told(got).size() == 1);

    auto const none = parsed("log_dest stdout\nlog_dest none\n");
    CHECK(none.settings.log.is_chosen);
    CHECK_FALSE(none.settings.log.to_stdout);
    CHECK_FALSE(parsed("log_dest file\n").is_good());
    CHECK_FALSE(parsed("log_dest printer\n").is_good());
    CHECK_FALSE(parsed("log_type everything\n").is_good());
}

TEST_CASE("whoever opens a listener that lets nobody in is told", "[broker_config]") {
    auto const is_told = [](std::string_view text) {
        auto const got = parsed(text);
        return got.told.warnings() == 1 && got.is_good();
    };
    CHECK(is_told("listener 1883\n"));
    CHECK(is_told("per_listener_settings true\nlistener 1883\nallow_anonymous true\nlistener 1884\n"));
    CHECK_FALSE(is_told("listener 1883\npassword_file /p\n"));
    CHECK_FALSE(is_told("listener 1883\nallow_anonymous true\n"));
    CHECK_FALSE(is_told(""));
}

TEST_CASE("every key is known by its name and none is far from itself", "[broker_config]") {
    for (auto const* key : {"acl_file", "listener", "max_packet_size", "message_size_limit", "websockets_headers_size", "max_topic_alias", "use_identity_as_username", "sys_interval"})
        CHECK(told(std::string(key) + "x 1\n").at(0).find("did you mean " + std::string(key) + "?") != std::string::npos);
    CHECK(told("completely_other_thing 1\n") == lines{"a.conf:1: error: \"completely_other_thing\" is no key; see docs/broker-configuration.md for all keys"});
}

TEST_CASE("the page has every key but those of bridges", "[broker_config]") {
    std::ifstream     file(ALDIS_DOCS "/broker-configuration.md", std::ios::binary);
    std::string const page{std::istreambuf_iterator<char>(file), {}};
    constexpr char const* ends[]{"`", " ", "..."};
    REQUIRE(page.size() > 1'000);
    for (auto const& row : key_rows()) {
        if (row.scope == key_scope::bridge) continue;
        INFO(row.name);
        auto const name = '`' + std::string(row.name);
        bool const is_there = std::any_of(std::begin(ends), std::end(ends), [&](char const* end) { return page.find(name + end) != std::string::npos; });
        CHECK(is_there);
    }
}
