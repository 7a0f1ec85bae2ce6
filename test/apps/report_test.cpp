// Why no connection came about, as one line and an exit code.
#include <support/catch.hpp>

#include <set>

#include <boost/asio/error.hpp>

#include <aldis/transport/error.hpp>

#include <cli/exit_code.hpp>
#include <cli/report.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;
using transport::errc;

namespace {
failure failed(error_code why, std::string_view story = {}) { return connect_failure(why, story, pub({"-h", "broker.example", "-t", "a", "-n"})); }
} // namespace

TEST_CASE("a failure of TLS has the known words and code and its cause", "[apps][exit][tls]") {
    for (auto const code : {errc::tls_expired, errc::tls_not_yet_valid, errc::tls_wrong_host, errc::tls_unknown_issuer, errc::tls_self_signed,
                            errc::tls_revoked, errc::tls_no_revocations, errc::tls_bad_chain, errc::tls_no_common_ground, errc::tls_rejected,
                            errc::tls_failed, errc::tls_truncated}) {
        auto const short_one = failed(code);
        CHECK(short_one.code == exit_code::tls_failed);
        CHECK_THAT(short_one.text, Catch::Matchers::StartsWith("Error: A TLS error occurred: " + error_code(code).message() + ". "));
        CHECK_THAT(failed(code, "the story").text, Catch::Matchers::StartsWith("Error: A TLS error occurred: the story. "));
    }
}

TEST_CASE("every failure of a client's transport has an exit code and advice of its own", "[apps][exit]") {
    std::set<int> const servers_only{static_cast<int>(errc::proxy_header_bad), static_cast<int>(errc::tls_no_certificate), static_cast<int>(errc::web_bad_origin),
                                     static_cast<int>(errc::web_not_found)};
    for (int value = 0x40; value < 0xC0; ++value) {
        error_code const why{value, transport::category()};
        if (why.message() == "unknown transport error" || servers_only.count(value) != 0) continue;
        auto const [code, text] = failed(why);
        INFO(text);
        CHECK(code != 0);
        CHECK(text.find(": " + why.message() + ". ") != text.npos);
        CHECK(text.ends_with('.'));
        CHECK(text.find("host 'broker.example'") == text.npos);    // the line of those without a row
        CHECK((code == exit_code::tls_failed) == (value >= 0x80 && value < 0xA0));
        CHECK((code == exit_code::proxy_failed) == (value >= 0x40 && value < 0x60 && why != condition::local_misuse));
        if (why == condition::local_misuse) CHECK(code == exit_code::failure);
    }
}

TEST_CASE("a name that cannot be looked up is told in known words", "[apps][exit]") {
    for (auto const& why : {error_code(boost::asio::error::host_not_found), error_code(boost::asio::error::host_not_found_try_again),
                            error_code(boost::asio::error::no_data)}) {
        auto const [code, text] = failed(why);
        CHECK(code == exit_code::failure);
        CHECK_THAT(text, Catch::Matchers::StartsWith("Unable to connect (Lookup error.): no address found for host 'broker.example'"));
    }
}

TEST_CASE("a place that refuses is named with the port that was tried", "[apps][exit]") {
    auto const refused = error_code(boost::asio::error::connection_refused);
    CHECK(failed(refused).text.find("host 'broker.example', port 1883") != std::string::npos);
    auto const tls = connect_failure(refused, "", pub({"-t", "a", "-n", "--tls-use-os-certs"}));
    CHECK(tls.text.find("host 'localhost', port 8883") != std::string::npos);
    CHECK(tls.code == exit_code::failure);
    CHECK(connect_failure(refused, "", pub({"-n", "-L", "wss://h/t"})).text.find("host 'h', port 443") != std::string::npos);
}
