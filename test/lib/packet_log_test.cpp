// A client whose packets are logged as `aldis dump` prints them.
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <aldis/packet_log.hpp>
#include <support/hex.hpp>

#include "folder.hpp"
#include "world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

/// "Publish Message (id=2) [a/b]  q1 5B ..." of a line with a clock and names in front.
std::string said(std::string const& line) {
    auto const size = line.find(" MQTT ");
    return size == std::string::npos ? line : line.substr(line.find(' ', size + 6) + 1);
}

std::size_t frames_in(std::string const& capture) {
    std::size_t count = 0;
    auto const  u8 = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(capture.at(i))); };
    for (std::size_t at = 24; at < capture.size(); ++count) at += 16 + (u8(at + 8) << 24 | u8(at + 9) << 16 | u8(at + 10) << 8 | u8(at + 11));
    return count;
}

} // namespace

TEST_CASE("a client's packets can be logged in the words of the dump, and kept in a capture file", "[lib][log]") {
    scratch_folder           at;
    world                    w;
    client                   c(w.io, lamp(protocol::v3_1_1).user_name("me").password("secret"));
    std::vector<std::string> lines;
    c.tap(packet_log{}.text([&](std::string_view text) { lines.push_back(said(std::string(text))); }).file(at.file("lamp.pcap")).tap());

    w.connect(c);
    w.run(w.start_publish(c, "a/b", "hello"));
    w.settle();
    w.disconnect(c);

    REQUIRE(lines.size() == 5);
    CHECK(lines[0].starts_with("Connect Command  3.1.1 \"lamp\" "));
    CHECK(lines[0].find("user=me") != std::string::npos);
    CHECK(lines[1].starts_with("Connect Ack  acks=3 +"));
    CHECK(lines[2] == "Publish Message (id=1) [a/b]  q1 5B \"lamp\" : hello\n");
    CHECK(lines[3].starts_with("Publish Ack (id=1)  acks=5 +"));
    CHECK(lines[4] == "Disconnect Req\n");
    auto const capture = read_file(at.file("lamp.pcap"));
    CHECK(frames_in(capture) == 2 + lines.size());
    CHECK(capture.find("secret") != std::string::npos);            // as its documentation warns
    CHECK((std::filesystem::status(at.file("lamp.pcap")).permissions() & std::filesystem::perms::all)
          == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a capture file that cannot be made is an error at once, and one that cannot be written is told of once", "[lib][log]") {
    scratch_folder at;
    CHECK_THROWS_AS(packet_log{}.file(at.path / "no" / "folder").tap(), std::system_error);

    std::vector<std::error_code> failures;
    auto const                   tap = packet_log{}.file("/dev/full", [&](std::error_code why) { failures.push_back(why); }).tap();
    tap(direction::sent, from_hex("c0 00"));
    CHECK(failures == std::vector{std::error_code{ENOSPC, std::generic_category()}});
}
