// Exit codes and the words for a refused connection.
#include <support/catch.hpp>

#include <cli/exit_code.hpp>

using namespace aldis;
using namespace aldis::app;

TEST_CASE("a refusal exits with the code that CONNACK carried", "[apps][exit]") {
    CHECK(codec::connack_code(reason_code::not_authorized, protocol::v5) == 135);
    CHECK(codec::connack_code(reason_code::quota_exceeded, protocol::v5) == 151);
    CHECK(codec::connack_code(reason_code::unsupported_protocol_version, protocol::v3_1_1) == 1);
    CHECK(codec::connack_code(reason_code::client_identifier_not_valid, protocol::v3_1_1) == 2);
    CHECK(codec::connack_code(reason_code::server_unavailable, protocol::v3_1_1) == 3);
    CHECK(codec::connack_code(reason_code::bad_user_name_or_password, protocol::v3_1) == 4);
    CHECK(codec::connack_code(reason_code::not_authorized, protocol::v3_1_1) == 5);
    CHECK(codec::connack_code(reason_code::success, protocol::v3_1_1) == 0);
}

TEST_CASE("a refusal is told in known words and with advice", "[apps][exit]") {
    using Catch::Matchers::StartsWith;
    CHECK_THAT(refusal_text(reason_code::not_authorized, protocol::v3_1_1), StartsWith("Connection error: Connection Refused: not authorised."));
    CHECK_THAT(refusal_text(reason_code::server_unavailable, protocol::v3_1_1), StartsWith("Connection error: Connection Refused: broker unavailable."));
    CHECK_THAT(refusal_text(reason_code::not_authorized, protocol::v5), StartsWith("Connection error: Not authorized."));
    CHECK_THAT(refusal_text(reason_code::malformed_packet, protocol::v5), StartsWith("Connection error: Malformed"));
    CHECK(refusal_text(reason_code::not_authorized, protocol::v5).find("-u") != std::string::npos);
}
