// The table of errors: complete, readable, and with clauses that look like clauses.
#include <set>

#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;

TEST_CASE("every error has one row with a text and a reason to tell the peer", "[codec][fault]") {
    auto const rows = codec::errc_specs();
    REQUIRE(rows.size() == errc_names.size());

    std::set<std::string_view> texts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const& row = rows[i];
        INFO(name_of(row.code));
        CHECK(row.code == errc_names[i].first);
        CHECK(&codec::spec_of(row.code) == &row);
        CHECK(row.text.size() > 10);
        CHECK(texts.insert(row.text).second);
        CHECK(is_error(row.tell_peer));
    }
}

TEST_CASE("the clause of an error is the id of a statement or nothing", "[codec][fault]") {
    for (auto const& row : codec::errc_specs()) {
        INFO(name_of(row.code) << " " << row.clause << " " << row.v3_clause);
        CHECK((row.clause.empty() || row.clause.starts_with("MQTT-")));
        CHECK((row.v3_clause.empty() || row.v3_clause.starts_with("v3-MQTT-")));
    }
}

TEST_CASE("what an error tells the peer may stand in CONNACK or DISCONNECT", "[codec][fault][MQTT-4.13.1-1]") {
    for (auto const& row : codec::errc_specs()) {
        INFO(name_of(row.code));
        bool const connack = codec::may_carry(packet_type::connack, row.tell_peer, sender::server);
        bool const disconnect = codec::may_carry(packet_type::disconnect, row.tell_peer, sender::server);
        CHECK((connack || disconnect));
    }
}

TEST_CASE("a fault is told from another by its kind and its place", "[codec][fault]") {
    codec::fault const f{codec::errc::truncated, 3};

    CHECK(f == codec::fault{codec::errc::truncated, 3});
    CHECK(f != codec::fault{codec::errc::truncated, 4});
    CHECK(f != codec::fault{codec::errc::trailing_bytes, 3});
}
