// What a broker says of itself under SYS: mosquitto's names, load averages, and the packets that they count.
#include <algorithm>
#include <set>

#include <load.hpp>
#include <packet_count.hpp>

#include "guests.hpp"

using namespace aldis;
using namespace aldis::test;
using serving::load_average;
using serving::packet_count;

namespace {

std::span<std::byte const> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Of mosquitto 2.0.11, but for heap, messages/stored, store/messages/count and shared_subscriptions/count.
constexpr std::string_view mosquittos[]{
    "bytes/received", "bytes/sent", "clients/active", "clients/connected", "clients/disconnected", "clients/expired", "clients/inactive", "clients/maximum",
    "clients/total", "load/bytes/received", "load/bytes/sent", "load/connections", "load/messages/received", "load/messages/sent", "load/publish/dropped",
    "load/publish/received", "load/publish/sent", "load/sockets", "messages/received", "messages/sent", "publish/bytes/received", "publish/bytes/sent",
    "publish/messages/dropped", "publish/messages/received", "publish/messages/sent", "retained messages/count", "store/messages/bytes", "subscriptions/count",
    "uptime", "version",
};

} // namespace

TEST_CASE("the broker says what mosquitto says, under its names", "[broker][sys]") {
    house h;
    h.core.begin(h.now);
    auto& reader = h.enter("reader");
    reader.subscribe("$SYS/broker/#");
    std::set<std::string> said;
    for (auto const& each : reader.got) said.insert(each.topic.substr(std::string_view("$SYS/broker/").size()));
    for (auto const name : mosquittos) {
        INFO(name);
        if (!name.starts_with("load/")) CHECK(said.count(std::string(name)) == 1);
        else
            for (auto const* const span : {"/1min", "/5min", "/15min"}) CHECK(said.count(std::string(name) + span) == 1);
    }
}

TEST_CASE("loads are told in hundredths, and fade", "[broker][sys]") {
    house h;
    h.core.begin(h.now);
    auto& reader = h.enter("reader");
    reader.subscribe("$SYS/broker/load/publish/received/1min");
    CHECK(reader.texts() == std::vector<std::string>{"0.00"});
    for (int i = 0; i < 10; ++i) reader.publish("t", "x");
    h.pass(10s);
    // 60 a minute, of which the last ten seconds make 1 - e^(-1/6).
    CHECK(reader.texts() == std::vector<std::string>{"9.21"});
    h.pass(10s);
    CHECK(reader.texts() == std::vector<std::string>{"7.80"});
    h.pass(20min);
    auto& late = h.enter("late");
    late.subscribe("$SYS/broker/load/publish/received/1min");
    CHECK(late.texts() == std::vector<std::string>{"0.00"});
}

TEST_CASE("a steady rate becomes its own average, sooner over a minute than over fifteen", "[broker][sys]") {
    load_average  of;
    std::uint64_t count = 500;
    of.note(count, 0ms);
    for (int i = 0; i < 6; ++i) of.note(count += 20, 10s);
    CHECK(of.hundredths(0) == 7'585);
    CHECK(of.hundredths(1) == 2'175);
    CHECK(of.hundredths(2) == 774);
    for (int i = 0; i < 6 * 120; ++i) of.note(count += 20, 10s);
    for (std::size_t i = 0; i < 3; ++i) CHECK(of.hundredths(i) / 100 >= 119);
}

TEST_CASE("packets are counted by their heads, however they are cut", "[broker][sys]") {
    auto const piece = GENERATE(as<std::size_t>{}, 1, 2, 3, 5, 1'000);
    std::string all = "\xC0";
    all += '\0';                                                   // PINGREQ
    all += std::string("\x30\x05\x00\x01t\xC0\x00", 7);            // PUBLISH, with what looks like another in it
    all += std::string("\x30\x82\x01", 3) + std::string(130, '\xC0');
    all += std::string("\xE0\x00", 2);
    packet_count  count;
    std::uint64_t begun = 0;
    for (std::string_view rest = all; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) begun += count.walk(bytes_of(rest.substr(0, piece)));
    CHECK(begun == 4);
    CHECK(count.walk({}) == 0);
}
