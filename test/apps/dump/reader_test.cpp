// Capture files: pcap and pcapng in both byte orders, clocks, sections, what is cut and what is damaged.
#include <fstream>
#include <iterator>

#include <dump/capture/frame_reader.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "wire.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

struct seen_frame {
    std::int64_t  time;
    unsigned      link;
    std::string   data;
    std::uint64_t size;

    friend bool operator==(seen_frame const&, seen_frame const&) = default;
};
std::ostream& operator<<(std::ostream& out, seen_frame const& f) {
    return out << f.time << ' ' << f.link << " '" << f.data << "' " << f.size;
}

struct seen_file {
    std::vector<seen_frame> frames{};
    std::string             early_end{};
    std::string             error{};
    std::string             secrets{};
};

seen_file read(bytes_view file) {
    seen_file seen;
    try {
        auto const     reader = open_frames(memory_input(file), "test", [&](bytes_view text) { seen.secrets += to_text(text); });
        captured_frame frame;
        while (reader->next(frame)) {
            CHECK(frame.at.number == seen.frames.size() + 1);
            seen.frames.push_back({frame.at.time, frame.link, std::string{to_text(frame.data)}, frame.size});
        }
        seen.early_end = reader->early_end();
    } catch (input_error const& error) {
        seen.error = error.what();
    }
    return seen;
}

// Writes files of one byte order.
struct writer {
    bool        big;
    byte_buffer out{};

    void u(std::uint64_t value, int size) { big ? put(out, value, size) : put_little(out, value, size); }

    writer& pcap_head(std::uint32_t magic, unsigned link) {
        u(magic, 4), u(2, 2), u(4, 2), u(0, 8), u(65'535, 4), u(link, 4);
        return *this;
    }
    writer& pcap_frame(std::uint32_t seconds, std::uint32_t fraction, std::string_view data, std::uint32_t size) {
        u(seconds, 4), u(fraction, 4), u(data.size(), 4), u(size, 4);
        put(out, data);
        return *this;
    }
    writer& block(std::uint32_t type, byte_buffer body) {
        while (body.size() % 4 != 0) body.push_back(std::byte{0});
        u(type, 4), u(body.size() + 12, 4);
        put(out, body);
        u(body.size() + 12, 4);
        return *this;
    }
    writer& section() {
        writer body{big};
        body.u(0x1A2B3C4D, 4), body.u(1, 2), body.u(0, 2), body.u(~std::uint64_t{0}, 8);
        return block(0x0A0D0D0A, body.out);
    }
    writer& interface(unsigned link, std::uint32_t snap = 0, int resolution = -1, std::int64_t offset = 0) {
        writer body{big};
        body.u(link, 2), body.u(0, 2), body.u(snap, 4);
        body.u(2, 2), body.u(3, 2), body.u(0x6C6F3000, 4);         // if_name, which has no meaning here
        if (resolution >= 0) body.u(9, 2), body.u(1, 2), put(body.out, static_cast<unsigned>(resolution), 1), put(body.out, 0, 3);
        if (offset != 0) body.u(14, 2), body.u(8, 2), body.u(static_cast<std::uint64_t>(offset), 8);
        body.u(0, 4);
        return block(1, body.out);
    }
    writer& enhanced(unsigned interface, std::uint64_t time, std::string_view data, std::uint32_t size) {
        writer body{big};
        body.u(interface, 4), body.u(time >> 32, 4), body.u(time & 0xFFFF'FFFF, 4), body.u(data.size(), 4), body.u(size, 4);
        put(body.out, data);
        return block(6, body.out);
    }
    writer& simple(std::string_view data, std::uint32_t size) {
        writer body{big};
        body.u(size, 4);
        put(body.out, data);
        return block(3, body.out);
    }
    writer& old(unsigned interface, std::uint64_t time, std::string_view data) {
        writer body{big};
        body.u(interface, 2), body.u(0, 2), body.u(time >> 32, 4), body.u(time & 0xFFFF'FFFF, 4), body.u(data.size(), 4), body.u(data.size(), 4);
        put(body.out, data);
        return block(2, body.out);
    }
    writer& secrets(std::string_view text) {
        writer body{big};
        body.u(0x544C534B, 4), body.u(text.size(), 4);
        put(body.out, text);
        return block(10, body.out);
    }
};

writer small_pcapng(bool big) {
    writer file{big};
    file.section().interface(1).enhanced(0, 1'000'001, "one", 3).secrets("CLIENT_RANDOM").enhanced(0, 2'000'000, "two!", 9).simple("three", 5);
    return file;
}

} // namespace

TEST_CASE("pcap is read in both byte orders - with microseconds and nanoseconds", "[dump][pcap]") {
    for (bool const big : {false, true}) {
        writer micro{big}, nano{big};
        micro.pcap_head(0xA1B2C3D4, 101).pcap_frame(7, 5, "abc", 3).pcap_frame(8, 999'999, "de", 100);
        nano.pcap_head(0xA1B23C4D, 1).pcap_frame(4'000'000'000, 5, "abc", 3);

        CHECK(read(micro.out).frames == std::vector<seen_frame>{{7'000'005'000, 101, "abc", 3}, {8'999'999'000, 101, "de", 100}});
        CHECK(read(nano.out).frames == std::vector<seen_frame>{{4'000'000'000'000'000'005, 1, "abc", 3}});
    }
}

TEST_CASE("pcapng is read in both byte orders - with every kind of block", "[dump][pcapng]") {
    for (bool const big : {false, true}) {
        auto file = small_pcapng(big);
        file.old(0, 3'000'000, "four").block(0x0BAD, byte_buffer(40));

        auto const seen = read(file.out);

        CHECK(seen.frames == std::vector<seen_frame>{{1'000'001'000, 1, "one", 3}, {2'000'000'000, 1, "two!", 9}, {0, 1, "three", 5}, {3'000'000'000, 1, "four", 4}});
        CHECK(seen.secrets == "CLIENT_RANDOM");
        CHECK(seen.early_end.empty());
    }
}

TEST_CASE("each interface of a section has its own link type and clock", "[dump][pcapng]") {
    writer file{false};
    file.section().interface(1).interface(113, 0, 9).interface(276, 0, 0x80 | 10).interface(101, 0, 3, 1000).interface(12, 0, 0x80 | 40, -1);
    file.enhanced(1, 1'700'000'000'123'456'789, "nano", 4).enhanced(2, 1536, "half", 4).enhanced(3, 2500, "late", 4).enhanced(0, 1'500'000, "micro", 5);
    file.enhanced(4, std::uint64_t{3} << 39, "fine", 4);

    CHECK(read(file.out).frames
          == std::vector<seen_frame>{{1'700'000'000'123'456'789, 113, "nano", 4},
                                     {1'500'000'000, 276, "half", 4},
                                     {1'002'500'000'000, 101, "late", 4},
                                     {1'500'000'000, 1, "micro", 5},
                                     {500'000'000, 12, "fine", 4}});
}

TEST_CASE("a section of the other byte order forgets the interfaces before it", "[dump][pcapng]") {
    auto file = small_pcapng(false);
    auto const other = writer{true}.section().interface(228).enhanced(0, 5, "big", 3).out;
    put(file.out, other);
    CHECK(read(file.out).frames.back() == seen_frame{5000, 228, "big", 3});

    put(file.out, writer{false}.section().enhanced(0, 5, "none", 4).out);
    auto const seen = read(file.out);
    CHECK(seen.frames.size() == 4);
    CHECK(seen.error.find("behind frame 4, is of interface 0, which was not described") != std::string::npos);
}

TEST_CASE("a simple packet is as long as the snap length let it be", "[dump][pcapng]") {
    writer file{false};
    file.section().interface(1, 6).simple("123456", 100);

    CHECK(read(file.out).frames == std::vector<seen_frame>{{0, 1, "123456", 100}});
}

TEST_CASE("a capture cut at any byte gives the frames before and says where it was cut", "[dump][pcap][pcapng]") {
    auto const pcap = pcap_of({frame_of({.data = "abc"}), frame_of({.data = "defgh"})});
    auto const pcapng = small_pcapng(true).out;
    for (bytes_view const file : {bytes_view{pcap}, bytes_view{pcapng}}) {
        auto const whole = read(file).frames;
        for (std::size_t size = 0; size < file.size(); ++size) {
            byte_buffer const cut{file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)};
            auto const        seen = read(cut);

            CHECK(seen.frames.size() < whole.size());
            CHECK(std::equal(seen.frames.begin(), seen.frames.end(), whole.begin()));
            // Silence is for the places between frames or blocks: one more byte there is told.
            if (seen.early_end.empty() && seen.error.empty()) {
                byte_buffer const more{file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size + 1)};
                CHECK_FALSE(read(more).early_end.empty());
            }
        }
    }
    CHECK(read(bytes_view{pcap}.first(pcap.size() - 1)).early_end
          == "test ends within frame 2, at byte " + std::to_string(pcap.size() - 1)
                 + ": 1 bytes of it are not there. The capture was cut off, or is still being written.");
}

TEST_CASE("a capture with any byte changed is read to an end", "[dump][pcap][pcapng]") {
    talk t;
    auto frames = t.handshake();
    frames.push_back(t.say(0, "abc"));
    auto const pcap = pcap_of(frames);
    for (auto const& original : {pcap, small_pcapng(false).out})
        for (std::size_t at = 0; at < original.size(); ++at)
            for (unsigned const change : {0x01U, 0x80U, 0xFFU}) {
                auto file = original;
                file[at] ^= static_cast<std::byte>(change);
                try {
                    auto const told = play(file);
                    CHECK(told.done <= frames.size());
                } catch (input_error const& error) {
                    CHECK(std::string{error.what()}.starts_with("test"));
                }
            }
}

TEST_CASE("damage is told with its place", "[dump][pcap][pcapng]") {
    writer pcap{false};
    pcap.pcap_head(0xA1B2C3D4, 1).pcap_frame(1, 1, "abc", 3);
    auto const size = std::to_string(pcap.out.size());
    pcap.u(0, 8), pcap.u(300'000, 4), pcap.u(300'000, 4);
    CHECK(read(pcap.out).error.find("frame 2 at byte " + size + " says it has 300000 bytes") != std::string::npos);

    auto file = small_pcapng(false);
    auto const at = std::to_string(file.out.size());
    file.u(6, 4), file.u(15, 4), file.u(0, 4);
    CHECK(read(file.out).error.find("block at byte " + at + ", behind frame 3, says it has 15 bytes") != std::string::npos);

    auto other_end = small_pcapng(false);
    other_end.out.back() = std::byte{1};
    CHECK(read(other_end.out).error.find("ends with another size than it begins with") != std::string::npos);
}

TEST_CASE("a block that says it is huge is passed over - not kept", "[dump][pcapng]") {
    auto file = small_pcapng(false);
    file.u(0x0BAD, 4), file.u(0xFFFF'FFF0, 4), file.u(0, 4);

    auto const seen = read(file.out);

    CHECK(seen.frames.size() == 3);
    CHECK(seen.early_end.find("after 12 bytes of it") != std::string::npos);
}

TEST_CASE("what is no capture is refused with advice", "[dump][pcap]") {
    CHECK(read({}).error == "test is empty: nothing was captured into it.");
    CHECK(read(to_bytes("\x1F\x8B\x08\x01")).error.find("gunzip -c test") != std::string::npos);
    CHECK(read(to_bytes("hello world")).error.find("neither pcap nor pcapng") != std::string::npos);
    CHECK(read(to_bytes("\xD4\xC3\xB2\xA1")).error.find("ends after 4") != std::string::npos);
    CHECK_THROWS_WITH(open_capture("/nowhere/to/be/found", {}), Catch::Contains("cannot be opened"));
    CHECK_THROWS_WITH(open_capture("/", {}), Catch::Contains("is a directory"));
}

TEST_CASE("a damaged capture still brings what came before", "[dump][pcap]") {
    talk t;
    auto frames = t.handshake();
    frames.push_back(t.say(0, "abc"));
    auto file = pcap_of(frames);
    put(file, std::string(16, '\xFF'));
    recorder       told;
    capture_source from{memory_input(file), "test", {}};

    CHECK_THROWS_AS([&] { while (from.step(told)) {} }(), input_error);
    CHECK(told.lines == lines{"4 c: abc"});
    CHECK(told.done == 4);
    CHECK_FALSE(from.step(told));
}

TEST_CASE("a source that is told to stop brings its last frame to an end", "[dump][pcap]") {
    talk           t;
    auto const     file = pcap_of({t.syn_from(0), t.syn_from(1), t.ack_from(0)});
    recorder       told;
    capture_source from{memory_input(file), "test", {}};

    CHECK(from.step(told));
    CHECK(from.step(told));
    from.stop();
    CHECK_FALSE(from.step(told));
    CHECK(told.done == 2);
    CHECK(from.position().total == file.size());
}
