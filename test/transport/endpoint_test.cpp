// Endpoints: URIs that mean something, URIs that are refused, and what is printed of them.
#include <aldis/transport/endpoint.hpp>

#include <array>
#include <string>

#include <boost/system/system_error.hpp>

#include <support/catch.hpp>

using namespace aldis::transport;

namespace {

struct good_row {
    std::string_view uri;
    scheme           via;
    std::string_view host;
    std::uint16_t    port;
    std::string_view target;
    std::string_view printed;
};

constexpr good_row good_rows[] = {
    {"mqtt://localhost", scheme::tcp, "localhost", 1883, "", "mqtt://localhost:1883"},
    {"tcp://localhost", scheme::tcp, "localhost", 1883, "", "mqtt://localhost:1883"},
    {"MqTt://Broker.Example:1884", scheme::tcp, "Broker.Example", 1884, "", "mqtt://Broker.Example:1884"},
    {"mqtt://localhost:", scheme::tcp, "localhost", 1883, "", "mqtt://localhost:1883"},
    {"mqtt://localhost/", scheme::tcp, "localhost", 1883, "/", "mqtt://localhost:1883/"},
    {"mqtt://localhost/a/%2B/b", scheme::tcp, "localhost", 1883, "/a/%2B/b", "mqtt://localhost:1883/a/%2B/b"},
    {"mqtt://10.1.2.3:0", scheme::tcp, "10.1.2.3", 0, "", "mqtt://10.1.2.3:0"},
    {"mqtt://*:1883", scheme::tcp, "*", 1883, "", "mqtt://*:1883"},
    {"mqtt://under_score-1.example", scheme::tcp, "under_score-1.example", 1883, "", "mqtt://under_score-1.example:1883"},
    {"mqtt://%6c%6Fcalhost", scheme::tcp, "localhost", 1883, "", "mqtt://localhost:1883"},
    {"mqtt://[::1]", scheme::tcp, "::1", 1883, "", "mqtt://[::1]:1883"},
    {"mqtt://[2001:db8::1]:65535", scheme::tcp, "2001:db8::1", 65535, "", "mqtt://[2001:db8::1]:65535"},
    {"mqtt://[::ffff:192.0.2.1]:1", scheme::tcp, "::ffff:192.0.2.1", 1, "", "mqtt://[::ffff:192.0.2.1]:1"},
    {"mqtt://[fe80::1%25lo]", scheme::tcp, "fe80::1%lo", 1883, "", "mqtt://[fe80::1%25lo]:1883"},
    {"mqtts://h", scheme::tls, "h", 8883, "", "mqtts://h:8883"},
    {"ssl://h", scheme::tls, "h", 8883, "", "mqtts://h:8883"},
    {"tls://h:443", scheme::tls, "h", 443, "", "mqtts://h:443"},
    {"ws://h", scheme::ws, "h", 80, "/mqtt", "ws://h:80/mqtt"},
    {"ws://h/", scheme::ws, "h", 80, "/", "ws://h:80/"},
    {"wss://h", scheme::wss, "h", 443, "/mqtt", "wss://h:443/mqtt"},
    {"wss://h:8443/a/b?token=secret", scheme::wss, "h", 8443, "/a/b?token=secret", "wss://h:8443/a/b?..."},
    {"wss://h?x=1", scheme::wss, "h", 443, "/mqtt?x=1", "wss://h:443/mqtt?..."},
    {"unix:///run/mqtt.sock", scheme::local, "", 0, "/run/mqtt.sock", "unix:///run/mqtt.sock"},
    {"unix:///run/a%20b", scheme::local, "", 0, "/run/a b", "unix:///run/a%20b"},
};

struct bad_row {
    std::string_view uri;
    errc             code;
    std::string_view part;
};

constexpr bad_row bad_rows[] = {
    {"", errc::uri_scheme_missing, ""},
    {"localhost", errc::uri_scheme_missing, "localhost"},
    {"localhost:1883", errc::uri_scheme_missing, "localhost:1883"},
    {"mqtt:localhost", errc::uri_scheme_missing, "mqtt:localhost"},
    {"user:secret@localhost", errc::uri_scheme_missing, ""},
    {"://localhost", errc::uri_scheme_unknown, ""},
    {"http://localhost", errc::uri_scheme_unknown, "http"},
    {"mqt://localhost", errc::uri_scheme_unknown, "mqt"},
    {"mqttss://localhost", errc::uri_scheme_unknown, "mqttss"},
    {"u:secret@h://x", errc::uri_scheme_unknown, ""},
    {"mqtt://", errc::uri_host_bad, ""},
    {"mqtt://:1883", errc::uri_host_bad, ":1883"},
    {"mqtt:///topic", errc::uri_host_bad, ""},
    {"mqtt://a b", errc::uri_host_bad, "a b"},
    {"mqtt://a%20b", errc::uri_host_bad, "a%20b"},
    {"mqtt://a%00b", errc::uri_host_bad, "a%00b"},
    {"mqtt://a%", errc::uri_host_bad, "a%"},
    {"mqtt://a%4", errc::uri_host_bad, "a%4"},
    {"mqtt://a%zz", errc::uri_host_bad, "a%zz"},
    {"mqtt://a*", errc::uri_host_bad, "a*"},
    {"mqtt://::1", errc::uri_host_bad, "::1"},
    {"mqtt://2001:db8::1:1883", errc::uri_host_bad, "2001:db8::1:1883"},
    {"mqtt://[::1", errc::uri_host_bad, "[::1"},
    {"mqtt://[::1]1883", errc::uri_host_bad, "[::1]1883"},
    {"mqtt://[]", errc::uri_host_bad, "[]"},
    {"mqtt://[127.0.0.1]", errc::uri_host_bad, "[127.0.0.1]"},
    {"mqtt://[::1%00]", errc::uri_host_bad, "[::1%00]"},
    {"mqtt://[:::1]", errc::uri_host_bad, "[:::1]"},
    {"mqtt://localhost:65536", errc::uri_port_bad, "65536"},
    {"mqtt://localhost:-1", errc::uri_port_bad, "-1"},
    {"mqtt://localhost:+1", errc::uri_port_bad, "+1"},
    {"mqtt://localhost:1883x", errc::uri_port_bad, "1883x"},
    {"mqtt://localhost:99999999999999999999", errc::uri_port_bad, "99999999999999999999"},
    {"mqtt://user:se@cret@localhost", errc::uri_user_bad, ""},
    {"mqtt://user:100%@localhost", errc::uri_user_bad, ""},
    {"mqtt://us er@localhost", errc::uri_user_bad, ""},
    {"mqtt://user:se/cret@localhost", errc::uri_port_bad, ""},
    {"mqtt://user:12/cret%@localhost", errc::uri_path_bad, ""},
    {"mqtt://user:1?cr^t@localhost", errc::uri_query_bad, ""},
    {"mqtt://user:1#cret@localhost", errc::uri_fragment_refused, ""},
    {"mqtt://localhost/a b", errc::uri_path_bad, "/a b"},
    {"mqtt://localhost/%", errc::uri_path_bad, "/%"},
    {"mqtt://localhost/a\r\nb", errc::uri_path_bad, "/a\r\nb"},
    {"ws://localhost/mqtt?a b", errc::uri_query_bad, "a b"},
    {"mqtt://localhost/a/#", errc::uri_fragment_refused, "#"},
    {"unix://", errc::uri_path_bad, ""},
    {"unix://run/mqtt.sock", errc::uri_host_bad, "run"},
    {"unix:///a%00b", errc::uri_path_bad, "/a%00b"},
    {"unix:///a?b", errc::uri_query_bad, "b"},
    {"unix:///a#b", errc::uri_fragment_refused, "#b"},
};

} // namespace

TEST_CASE("a URI is taken apart and printed again", "[transport][endpoint]") {
    for (auto const& row : good_rows) {
        CAPTURE(row.uri);

        auto const where = parse_endpoint(row.uri);

        REQUIRE(where.has_value());
        CHECK(where->via() == row.via);
        CHECK(where->host() == row.host);
        CHECK(where->port() == row.port);
        CHECK(where->target() == row.target);
        CHECK(to_string(*where) == row.printed);
        CHECK_FALSE(where->user_name().has_value());
        CHECK_FALSE(where->password().has_value());
    }
}

TEST_CASE("a printed endpoint without query reads back as itself", "[transport][endpoint]") {
    for (auto const& row : good_rows) {
        CAPTURE(row.uri);
        auto const where = parse_endpoint(row.uri).value();
        if (where.query().empty()) CHECK(parse_endpoint(to_string(where)).value() == where);
    }
}

TEST_CASE("a bad URI is refused with the part that is wrong", "[transport][endpoint]") {
    for (auto const& row : bad_rows) {
        CAPTURE(row.uri);

        auto const where = parse_endpoint(row.uri);

        REQUIRE_FALSE(where.has_value());
        CHECK(make_error_code(where.error().code()) == make_error_code(row.code));
        CHECK(where.error().part() == row.part);
        CHECK(where.error().message().find("ret@") == std::string::npos);
    }
}

TEST_CASE("user name and password are decoded and absent differs from empty", "[transport][endpoint]") {
    auto const both = parse_endpoint("mqtt://us%40er:p%3A%20w@h").value();
    CHECK(both.user_name() == "us@er");
    CHECK(both.password() == "p: w");

    auto const colons = parse_endpoint("mqtt://u:a:b@h").value();
    CHECK(colons.user_name() == "u");
    CHECK(colons.password() == "a:b");

    auto const name_only = parse_endpoint("mqtt://u@h").value();
    CHECK(name_only.user_name() == "u");
    CHECK_FALSE(name_only.password().has_value());

    auto const empty = parse_endpoint("mqtt://:@h").value();
    CHECK(empty.user_name() == "");
    CHECK(empty.password() == "");

    auto const local = parse_endpoint("unix://u:p@/run/s").value();
    CHECK(local.user_name() == "u");
    CHECK(local.path() == "/run/s");
}

TEST_CASE("the password is never printed", "[transport][endpoint]") {
    auto const where = parse_endpoint("mqtt://us%40er:hush@h/t").value();

    CHECK(to_string(where) == "mqtt://us%40er@h:1883/t");
}

TEST_CASE("a fault says what is wrong in one line", "[transport][endpoint]") {
    CHECK(parse_endpoint("mqtt://h:70000").error().message() == "the port is not a number from 0 to 65535: '70000'");
    CHECK(parse_endpoint("mqtt://h/\x1b[2J\n").error().message() == "the path is not valid for this scheme: '/\\x1b[2J\\x0a'");
}

TEST_CASE("an overlong URI is refused and a long fault is cut", "[transport][endpoint]") {
    std::string const long_host(endpoint::max_uri_size, 'a');

    CHECK(parse_endpoint("mqtt://" + long_host).error().code() == errc::uri_too_long);
    CHECK(parse_endpoint("mqtt://" + long_host.substr(0, 254)).error().code() == errc::uri_host_bad);
    CHECK(parse_endpoint("mqtt://" + long_host.substr(0, 254)).error().part().size() == 80);
    CHECK(parse_endpoint("mqtt://" + long_host.substr(0, 253)).has_value());
}

TEST_CASE("the value of a refused URI throws with its message", "[transport][endpoint]") {
    try {
        (void)parse_endpoint("mqtt://h:x").value();
        FAIL("no exception");
    } catch (boost::system::system_error const& thrown) {
        CHECK(thrown.code() == make_error_code(errc::uri_port_bad));
        CHECK(std::string(thrown.what()).find("'x'") != std::string::npos);
    }
}

TEST_CASE("no text makes the URI parser fail otherwise than by refusing", "[transport][endpoint]") {
    // Every good URI with one byte replaced by every other one, and cut at every place. Counted, since a check each would take seconds.
    std::size_t taken = 0, refused = 0, with_null = 0, without_reason = 0;
    auto const  parse = [&](std::string_view uri) {
        auto const where = parse_endpoint(uri);
        ++(where ? taken : refused);
        if (where && (where->host() + where->path()).find('\0') != std::string::npos) ++with_null;
        if (!where && where.error().message().empty()) ++without_reason;
    };
    for (auto const& row : good_rows) {
        for (std::size_t at = 0; at < row.uri.size(); ++at) {
            parse(row.uri.substr(0, at));
            std::string changed(row.uri);
            for (int byte = 0; byte < 256; ++byte) {
                changed[at] = static_cast<char>(byte);
                parse(changed);
            }
        }
    }

    CHECK(taken > 10'000);
    CHECK(refused > 10'000);
    CHECK(with_null == 0);
    CHECK(without_reason == 0);
}

TEST_CASE("endpoints are made by hand with the defaults of their scheme", "[transport][endpoint]") {
    CHECK(to_string(endpoint()) == "mqtt://localhost:1883");
    CHECK(to_string(endpoint(scheme::wss, "h")) == "wss://h:443/mqtt");
    CHECK(to_string(endpoint(scheme::tls, "h", 1).user_name("u").password("p")) == "mqtts://u@h:1");
    CHECK(to_string(local_endpoint("/run/s")) == "unix:///run/s");
}

TEST_CASE("every transport error has a sentence and its own place", "[transport][endpoint]") {
    for (int code = 1; code <= static_cast<int>(errc::uri_fragment_refused); ++code) {
        CHECK(category().message(code) != category().message(0));
        for (int other = 1; other < code; ++other) CHECK(category().message(code) != category().message(other));
    }
    CHECK(category().message(0) == "unknown transport error");
    CHECK(category().message(-1) == "unknown transport error");
    CHECK(std::string(category().name()) == "aldis.transport");
    CHECK(make_error_code(errc::timed_out) == boost::system::errc::timed_out);
    CHECK(make_error_code(errc::no_address) != boost::system::errc::timed_out);
}
