// The error table: every code has words and a group; delays between attempts.
#include <set>

#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

TEST_CASE("every reason code from 0x80 is an error of its own with advice", "[lib][error]") {
    std::set<std::string> texts;
    for (auto const& row : codec::reason_specs()) {
        error_code const ec = row.code;
        CHECK(static_cast<bool>(ec) == is_error(row.code));
        if (!ec) continue;
        CHECK(ec == row.code);
        CHECK(ec == condition::refused);
        CHECK(reason_of(ec) == row.code);
        CHECK(ec.message().starts_with("refused: " + std::string(row.name)));
        CHECK(ec.message().size() > row.name.size() + 20);
        CHECK(texts.insert(ec.message()).second);

        auto const ours = own_reason(row.code);
        CHECK(reason_of(ours) == row.code);
        CHECK(ours != ec);
        CHECK(ours == condition::protocol_error);
    }
    CHECK(texts.size() == 0xA2 - 0x80 + 1);
    CHECK(make_error_code(static_cast<reason_code>(0xFE)).message() == "refused: unknown reason (0xFE)");
}

TEST_CASE("every fault of a packet is an error of its own with its clause", "[lib][error]") {
    for (auto const& row : codec::errc_specs()) {
        error_code const ec = row.code;
        CHECK(ec == condition::malformed);
        CHECK_FALSE(ec == condition::local_misuse);
        CHECK(ec.message().find(row.text) != std::string::npos);
        auto const mine = bad_argument(row.code);
        CHECK(mine == condition::local_misuse);
        CHECK_FALSE(mine == condition::malformed);
        CHECK(mine.message().starts_with("invalid argument: "));
    }
}

TEST_CASE("the library's own errors have words and sensible groups", "[lib][error]") {
    std::set<std::string> texts;
    for (auto const& [first, last] : {std::pair{error::not_connected, error::already_connected}, {error::connect_timed_out, error::disconnected},
                                      {error::session_ended, error::deadline_passed}, {error::store_full, error::store_needs_session}})
        for (int code = static_cast<int>(first); code <= static_cast<int>(last); ++code) {
            error_code const ec = static_cast<error>(code);
            CHECK(ec.message() != "unknown error");
            CHECK(texts.insert(ec.message()).second);
            CHECK(ec.category().name() == std::string("aldis"));
        }
    for (int why = 0; why <= static_cast<int>(session::refusal::alias_invalid); ++why)
        CHECK(texts.count(make_error_code(static_cast<session::refusal>(why)).message()) == 1);

    CHECK(error_code(error::ping_timed_out) == condition::timed_out);
    CHECK(error_code(error::ping_timed_out) == condition::connection_lost);
    CHECK(error_code(error::connect_timed_out) == condition::timed_out);
    CHECK(error_code(error::not_connected) == condition::local_misuse);
    CHECK(error_code(error::session_ended) == condition::undelivered);
    CHECK_FALSE(error_code(error::disconnected) == condition::connection_lost);
    CHECK(make_error_code(static_cast<error>(0x1FF)).message() == "unknown error");
    CHECK(make_error_code(static_cast<codec::errc>(200)).message() == "unknown fault of a packet");
}

TEST_CASE("errors of system and transport are in the same groups", "[lib][error]") {
    CHECK(error_code(asio::error::eof) == condition::connection_lost);
    CHECK(error_code(asio::error::connection_reset) == condition::connection_lost);
    CHECK(error_code(asio::error::host_not_found) == condition::connection_lost);
    CHECK(error_code(asio::error::timed_out) == condition::timed_out);
    CHECK(error_code(transport::errc::timed_out) == condition::timed_out);
    CHECK(error_code(transport::errc::uri_host_bad) == condition::local_misuse);
    CHECK_FALSE(error_code(asio::error::operation_aborted) == condition::connection_lost);
    CHECK_FALSE(error_code() == condition::refused);
    CHECK_FALSE(error_code(asio::error::eof) == make_error_condition(static_cast<condition>(99)));
    for (int i = 1; i <= static_cast<int>(condition::websocket); ++i)
        CHECK(make_error_condition(static_cast<condition>(i)).message() != "no condition");
    CHECK(make_error_condition(static_cast<condition>(99)).message() == "no condition");
}

TEST_CASE("every error of the transport is in a group", "[lib][error]") {
    int known = 0;
    for (int code = 1; code < 0x100; ++code) {
        error_code const ec{code, transport::category()};
        if (ec.message() == "unknown transport error") continue;
        ++known;
        INFO(ec.message());
        int groups = 0;
        for (int group = 1; group <= static_cast<int>(condition::websocket); ++group) groups += ec == make_error_condition(static_cast<condition>(group));
        CHECK(groups > 0);
        bool const is_option = ec.message().starts_with("the URI") || (code >= 0x60 && code < 0x80);
        if (is_option) CHECK(ec == condition::local_misuse);
        CHECK((ec == condition::proxy) == (code >= 0x40 && code < 0x60));
        CHECK((ec == condition::tls) == (code >= 0x60 && code < 0xA0));
        CHECK((ec == condition::websocket) == (code >= 0xA0 && code < 0xC0));
    }
    CHECK(known > 40);
}

TEST_CASE("what will be the same at the next attempt is no lost connection", "[lib][error]") {
    using transport::errc;
    for (auto const why : {errc::tls_expired, errc::tls_wrong_host, errc::tls_unknown_issuer, errc::tls_revoked, errc::tls_bad_issuers, errc::tls_rejected,
                           errc::proxy_unauthorized, errc::web_refused, errc::scheme_not_supported})
        CHECK_FALSE(error_code(why) == condition::connection_lost);
    for (auto const why : {errc::timed_out, errc::tls_truncated, errc::no_address, errc::no_service, errc::lookup_failed, errc::proxy_refused})
        CHECK(error_code(why) == condition::connection_lost);
}

TEST_CASE("a name that leads nowhere is told from a name service that is silent", "[lib][error]") {
    for (auto const& why : {error_code(asio::error::host_not_found), error_code(asio::error::no_data), error_code(asio::error::service_not_found),
                            error_code(transport::errc::no_address), error_code(transport::errc::no_service)}) {
        CHECK(why == condition::name_not_found);
        CHECK(why == condition::connection_lost);
    }
    for (auto const& why : {error_code(asio::error::host_not_found_try_again), error_code(transport::errc::lookup_failed)}) {
        CHECK_FALSE(why == condition::name_not_found);
        CHECK(why == condition::connection_lost);
    }
}

TEST_CASE("delays between attempts double up to a bound and are spread", "[lib][reconnect]") {
    backoff const exact{.first = 100ms, .longest = 1'000ms, .jitter = 0};
    CHECK(delay_before(0, exact, 0.7) == 100ms);
    CHECK(delay_before(1, exact, 0.7) == 200ms);
    CHECK(delay_before(3, exact, 0.7) == 800ms);
    CHECK(delay_before(4, exact, 0.7) == 1'000ms);
    CHECK(delay_before(4'000'000'000U, exact, 0.7) == 1'000ms);

    backoff const spread{.first = 100ms, .longest = 1'000ms, .jitter = 0.5};
    CHECK(delay_before(1, spread, 0) == 200ms);
    CHECK(delay_before(1, spread, 1) == 100ms);
    CHECK(delay_before(1, spread, 7) == 100ms);
    CHECK(delay_before(0, backoff{.first = 5s, .longest = 1s, .jitter = 0}, 0) == 1s);
    static_assert(delay_before(2, backoff{}, 0) == 4s);
}
