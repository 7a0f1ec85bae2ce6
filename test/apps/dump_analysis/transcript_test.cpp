// A program's own log of its packets, held against what `aldis dump` makes of the same bytes.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

#include <aldis/follow/printers.hpp>
#include <aldis/follow/transcript.hpp>
#include <dump/inputs.hpp>
#include <support/catch.hpp>

#include "followed.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

using follow::transcript_form;

constexpr std::int64_t start = 1'700'000'000'000'000'000;          // nanoseconds since the epoch

struct said {
    sender           by;
    std::string_view hex;
};

/// Two connections of one client: a message that is not answered on the first, and is sent again; a rule broken; an answer refused.
std::vector<said> const& packets() {
    using enum sender;
    static std::vector<said> const all{
        {client, resume_5}, {server, connack_5}, {client, q1_5}, {client, pingreq}, {server, pingresp},
        {client, resume_5}, {server, present_5}, {client, q1_dup_5}, {server, "40 03 00 05 87"}, {client, "36 09 00 03 61 2f 62 00 06 00 78"},
        {server, "30 06 00 01 61 00 7b 7d"}, {client, disconnect},
    };
    return all;
}

struct written {
    std::string text{};
    std::string notes{};
};

follow::transcript_options options_for(transcript_form form, follow::print_options const& print) {
    return follow::transcript_options{}.form(form).print(print).ends({"127.0.0.1", 40000}, {"127.0.0.1", 1883});
}

template <class To>
void play(To& to) {
    auto at = start;
    for (auto const& each : packets()) to.packet(each.by, at += 1'234'567, from_hex(each.hex));
    to.end(at += 1'000);
}

written logged(transcript_form form, follow::print_options const& print) {
    written            all;
    follow::transcript to{[&](std::string_view text) { all.text += text; }, [&](std::string_view text) { all.notes += text; }, options_for(form, print)};
    play(to);
    return all;
}

/// What `aldis dump -r` prints of the capture of the same packets.
written dumped(transcript_form form, follow::print_options const& print) {
    char       path[] = "/tmp/aldis-transcript-XXXXXX";
    auto const file = ::mkstemp(path);
    REQUIRE(file >= 0);
    follow::capture_writer to{[&](std::string_view bytes) { REQUIRE(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())); }};
    play(to);
    ::close(file);

    written         all;
    output          out{[&](std::string_view text) { all.text += text; }, [&](std::string_view text) { all.notes += text; }};
    auto const      last = form == transcript_form::lines ? follow::make_line_printer(out, print, false, false)
                         : form == transcript_form::tree  ? follow::make_tree_printer(out, print, false, false)
                                                          : follow::make_json_printer(out, print, false);
    auto const      middle = follow::make_analysis(*last);
    streams         in{*middle, stream_options{}};
    auto const      from = open_capture(path, capture_options{});
    while (from->step(in)) {}
    in.finish();
    std::remove(path);
    return all;
}

std::size_t lines_of(std::string const& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

} // namespace

TEST_CASE("a log of packets reads as the dump of a capture of them reads", "[dump][transcript]") {
    for (auto const form : {transcript_form::lines, transcript_form::tree, transcript_form::json}) {
        for (auto const time : {follow::time_form::relative, follow::time_form::absolute}) {
            follow::print_options const print{.bytes = form == transcript_form::tree, .time = time};
            auto const                  log = logged(form, print);
            auto const                  dump = dumped(form, print);

            CHECK(log.text == dump.text);
            CHECK(log.notes == dump.notes);
            CHECK(lines_of(log.text) >= packets().size());
        }
    }
}

TEST_CASE("a log of packets matches answers, follows the session over connections and names broken rules", "[dump][transcript]") {
    auto const log = logged(transcript_form::lines, {.time = follow::time_form::relative});

    CHECK(log.text.find("    7   0.004938 127.0.0.1:1883 → 127.0.0.1:40000 MQTT 2 Ping Response  acks=6 +1.234ms\n") != std::string::npos);
    CHECK(log.text.find("   12   0.006172 127.0.0.1:40001 → 127.0.0.1:1883 MQTT 16 Connect Command  5.0 \"x\" keep-alive=60 before=3\n") != std::string::npos);
    CHECK(log.text.find(" dup 1B \"x\" : x again=5\n") != std::string::npos);
    CHECK(log.text.find("  0x87 Not authorized acks=14 +1.234ms [a/b]\n") != std::string::npos);
    CHECK(log.text.find("!MQTT-3.3.1-4") != std::string::npos);
    CHECK(log.notes.find("has no answer to PUBLISH (id=5) of frame 5") != std::string::npos);
}

TEST_CASE("each packet is written when it comes", "[dump][transcript]") {
    std::vector<std::string> pieces;
    follow::transcript       to{[&](std::string_view text) { pieces.emplace_back(text); }, [](std::string_view) {}};

    to.packet(sender::client, start, from_hex(connect_311));
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].find(" client → server MQTT 15 Connect Command  3.1.1 \"x\" clean keep-alive=60\n") != std::string::npos);
    to.packet(sender::server, start, from_hex(connack_311));
    CHECK(pieces.size() == 2);
}

TEST_CASE("a log of packets masks passwords, and escapes what could move a cursor", "[dump][transcript]") {
    written            all;
    follow::transcript to{[&](std::string_view text) { all.text += text; }, [](std::string_view) {}, options_for(transcript_form::tree, {})};

    // Client identifier "x", user "u", password "hunter2"; then a message for "a", ESC, "[2J".
    to.packet(sender::client, start, from_hex("10 19 00 04 4d 51 54 54 04 c2 00 3c 00 01 78 00 01 75 00 07 68 75 6e 74 65 72 32"));
    to.packet(sender::client, start, from_hex("30 08 00 05 61 1b 5b 32 4a 78"));
    CHECK(all.text.find("****") != std::string::npos);
    CHECK(all.text.find("hunter2") == std::string::npos);
    CHECK(all.text.find('\x1b') == std::string::npos);
}

TEST_CASE("packets larger than a frame keep the numbers of log and capture together", "[dump][transcript]") {
    byte_buffer large = from_hex("30 f8 8a 0d 00 01 61");          // 214,392 bytes follow the head
    large.resize(4 + 214'392);
    std::string        text, file;
    follow::transcript to{[&](std::string_view more) { text += more; }, [](std::string_view) {}, options_for(transcript_form::lines, {})};
    follow::capture_writer writer{[&](std::string_view more) { file += more; }};

    for (auto const& each : {from_hex(connect_311), large, from_hex(pingreq)}) {
        to.packet(sender::client, start, each);
        writer.packet(sender::client, start, each);
    }
    CHECK(text.find("\n    7 ") != std::string::npos);             // 3, then 4 to 7
    CHECK(text.find("\n    8 ") != std::string::npos);
    CHECK(file.size() == 24 + (2 + 6) * (16 + 40) + 15 + large.size() + 2);
}
