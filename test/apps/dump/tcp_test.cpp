// TCP as captured: out of order, again, overlapping, lost, cut, ports used twice.
#include "recorder.hpp"
#include "support/catch.hpp"
#include "wire.hpp"

using namespace aldis::test;

namespace {

using capture = std::vector<aldis::byte_buffer>;

// Operands of << are evaluated from left to right, which a conversation needs.
capture operator<<(capture a, capture const& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

recorder play(capture const& frames, capture_options const& options = {}) { return aldis::test::play(pcap_of(frames), options); }

// So many frames of another conversation that waiting for one is over.
capture many_others(unsigned count, std::uint16_t port = 50'000) {
    capture frames;
    talk                            other{1, 1, port};
    for (unsigned i = 0; i < count; ++i) frames.push_back(other.ack_from(0));
    return frames;
}

} // namespace

TEST_CASE("a conversation is brought from SYN to FIN", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    frames = frames << capture{t.say(0, "hello"), t.say(1, "world"), t.fin_from(0), t.fin_from(1), t.ack_from(0)};

    auto const told = play(frames);

    CHECK(told.lines == lines{"4 c: hello", "5 s: world", "6 c end", "7 s end"});
    CHECK(told.done == 8);
}

TEST_CASE("segments that changed places come with the frame that fills the hole", "[dump][tcp]") {
    talk       t;
    auto       frames = t.handshake();
    auto const a = t.say(0, "aaa"), b = t.say(0, "bbb"), c = t.say(0, "ccc");

    CHECK(play(frames << capture{b, c, a, t.ack_from(1)}).lines == lines{"6 c: aaa", "6 c: bbb", "6 c: ccc"});
    CHECK(play(frames << capture{a, c, b}).lines == lines{"4 c: aaa", "6 c: bbb", "6 c: ccc"});
}

TEST_CASE("an acknowledgement before the segment that it is for does not make it lost", "[dump][tcp]") {
    talk       t;
    auto const frames = t.handshake();
    auto const a = t.say(0, "aaa"), b = t.say(0, "bbb"), acked = t.ack_from(1);

    CHECK(play(frames << capture{b, acked, a}).lines == lines{"6 c: aaa", "6 c: bbb"});
}

TEST_CASE("what is sent again is brought once and new bytes behind old ones are kept", "[dump][tcp]") {
    talk       t;
    auto       frames = t.handshake();
    auto const a = t.say(0, "abc");
    frames = frames << capture{a, a, t.again(0, 3, "abcdef"), t.again(0, 2, "bcd"), t.again(0, 0, "defg"), t.again(0, 1, "c"), t.again(0, 1, "")};

    CHECK(play(frames).lines == lines{"4 c: abc", "6 c: def", "8 c: g"});
}

TEST_CASE("overlapping segments that wait are brought once", "[dump][tcp]") {
    talk       t;
    auto       frames = t.handshake();
    auto const a = t.say(0, "ab");
    t.say(0, "cdef");
    frames = frames << capture{t.again(0, 2, "ef"), t.again(0, 3, "def"), t.again(0, 2, "efgh"), t.again(0, 4, "cd"), a};

    CHECK(play(frames).stream(0, 0) == "abcdefgh");
}

TEST_CASE("sequence numbers wrap around", "[dump][tcp]") {
    talk       t{0xFFFF'FFFC, 0xFFFF'FFFF};
    auto       frames = t.handshake();
    auto const a = t.say(0, "aaa"), b = t.say(0, "bbb"), c = t.say(0, "ccc"), d = t.say(1, "ddd");

    auto const told = play(frames << capture{b, a, c, d, t.fin_from(0), t.fin_from(1)});

    CHECK(told.lines == lines{"5 c: aaa", "5 c: bbb", "6 c: ccc", "7 s: ddd", "8 c end", "9 s end"});
}

TEST_CASE("bytes that the other end acknowledged but the capture does not hold are a gap and what follows keeps its frames", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "lost!");
    frames = frames << capture{t.say(0, "bbb"), t.say(1, "answer"), t.say(0, "ccc")};

    auto const told = play(frames << many_others(400));

    CHECK(told.lines == lines{"4 c gap 5", "4 c: bbb", "5 s: answer", "6 c: ccc"});
}

TEST_CASE("a hole at the end of the capture is a gap too", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "lost!");
    frames = frames << capture{t.say(0, "bbb"), t.say(1, "answer"), t.fin_from(0)};

    CHECK(play(frames).lines == lines{"4 c gap 5", "4 c: bbb", "5 s: answer", "6 c end"});
}

TEST_CASE("two holes are two gaps", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "12");
    auto const b = t.say(0, "bb");
    t.say(0, "345");
    auto const c = t.say(0, "cc");

    CHECK(play(frames << capture{c, b, t.ack_from(1)}).lines == lines{"5 c gap 2", "5 c: bb", "5 c gap 3", "5 c: cc"});
}

TEST_CASE("a segment that is sent again late is waited for while it was not acknowledged", "[dump][tcp]") {
    talk       t;
    auto       frames = t.handshake();
    auto const a = t.say(0, "aaa"), b = t.say(0, "bbb");
    frames = frames << capture{frame_of({1, 5001, 1001, ack | psh, "x"}), b} << many_others(5000) << capture{a};

    auto const told = play(frames);

    CHECK(told.stream(0, 0) == "aaabbb");
    CHECK(told.lines == lines{"4 s: x", "5006 c: aaa", "5006 c: bbb"});
}

TEST_CASE("what other conversations say while one waits keeps its place", "[dump][tcp]") {
    talk       t, other{7000, 8000, 50'001};
    auto const frames = t.handshake() << other.handshake();
    auto const a = t.say(0, "aaa"), b = t.say(0, "bbb");

    auto const told = play(frames << capture{b, other.say(0, "one"), a, other.say(1, "two")});

    CHECK(told.lines == lines{"8 c1: one", "9 c: aaa", "9 c: bbb", "10 s1: two"});
}

TEST_CASE("a capture that begins in the middle begins with what comes first", "[dump][tcp]") {
    talk t;
    t.handshake();
    t.say(0, "before");

    auto const told = play({t.say(1, "x"), t.ack_from(0), t.say(0, "later"), t.say(1, "yy")});

    CHECK(told.lines == lines{"1 c: x", "3 s: later", "4 c: yy"});  // the first that was seen is end 0
}

TEST_CASE("a keep-alive probe is no byte of the stream", "[dump][tcp]") {
    talk       t;
    auto const probe = frame_of({0, 1002, 5001, ack, std::string(1, '\0')});
    auto       frames = t.handshake();
    frames = frames << capture{t.say(0, "abc"), frame_of({0, 1003, 5001, ack, {}}), frame_of({0, 1003, 5001, ack, std::string(1, '\0')}), t.say(0, "def")};
    CHECK(play(frames).stream(0, 0) == "abcdef");

    CHECK(play({probe, frame_of({0, 1003, 5001, ack, "abc"})}).lines == lines{"2 c: abc"});
}

TEST_CASE("another SYN on the same ports is another conversation", "[dump][tcp]") {
    talk       first, second{90'000, 80'000};
    auto const frames = first.handshake() << capture{first.say(0, "one")} << second.handshake() << capture{second.say(0, "two"), second.say(1, "2")};

    auto const told = play(frames);

    CHECK(told.lines == lines{"4 c: one", "gone 0", "8 c1: two", "9 s1: 2"});
}

TEST_CASE("a SYN that is sent again begins nothing new", "[dump][tcp]") {
    talk       t;
    auto const asked = t.syn_from(0), answered = t.syn_from(1);

    auto const told = play({asked, asked, answered, answered, t.say(0, "one")});

    CHECK(told.lines == lines{"5 c: one"});
}

TEST_CASE("an answer to a SYN that was not seen still tells who is the client", "[dump][tcp]") {
    talk t;
    t.syn_from(0);

    auto const told = play({t.syn_from(1), t.ack_from(0), t.say(0, "one"), t.say(1, "two")});

    CHECK(told.lines == lines{"3 c: one", "4 s: two"});
}

TEST_CASE("where the answer to a SYN is missing the first acknowledgement tells where that end begins", "[dump][tcp]") {
    talk       t;
    auto const asked = t.syn_from(0);
    t.syn_from(1);
    auto const heard = t.ack_from(0), lost = t.say(1, "lost"), there = t.say(1, "bb");

    CHECK(play({asked, heard, lost, there}).lines == lines{"3 s: lost", "4 s: bb"});
    CHECK(play({asked, heard, there, t.ack_from(0)}).lines == lines{"3 s gap 4", "3 s: bb"});
    CHECK(play({asked, there, t.ack_from(0)}).lines == lines{"2 s gap 0", "2 s: bb"});
}

TEST_CASE("a hole behind what came late is told behind it", "[dump][tcp]") {
    talk       t;
    auto       frames = t.handshake();
    auto const late = t.say(0, "aaa"), lost = t.say(0, "bbb"), early = t.say(0, "ccc"), last = t.say(0, "ddd");

    auto const told = play(frames << capture{early, late, last, t.ack_from(1), t.say(0, "e")});

    CHECK(told.stream(0, 0) == "aaacccddde");
    CHECK(told.lines == lines{"5 c: aaa", "5 c gap 3", "5 c: ccc", "6 c: ddd", "8 c: e"});
}

TEST_CASE("a reset ends its direction after what waited", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "lost");
    frames = frames << capture{t.say(0, "bb"), t.rst_from(0), t.rst_from(0)};

    CHECK(play(frames).lines == lines{"4 c gap 4", "4 c: bb", "5 c end"});
}

TEST_CASE("bytes behind the snap length are cut and the stream goes on", "[dump][tcp]") {
    talk       t;
    auto const frames = t.handshake() << capture{t.say(0, "0123456789"), t.say(0, "abc")};

    auto const told = aldis::test::play(pcap_of(frames, 1, 14 + 20 + 20 + 4));

    CHECK(told.lines == lines{"4 c: 0123", "4 c cut 6", "5 c: abc"});
}

TEST_CASE("numbers far from the stream are passed over until they go on", "[dump][tcp]") {
    talk       t;
    auto const frames = t.handshake() << capture{t.say(0, "aaa"), frame_of({0, 0x4000'0000, 0, ack, "stray"}), t.say(0, "bbb")};
    CHECK(play(frames).lines == lines{"4 c: aaa", "6 c: bbb"});

    auto moved = frames;
    for (std::uint32_t i = 0; i < 4; ++i) moved.push_back(frame_of({0, 0x4000'0000 + 2 * i, 0, ack, "xy"}));
    CHECK(play(moved).lines == lines{"4 c: aaa", "6 c: bbb", "9 c gap 0", "9 c: xy", "10 c: xy"});
}

TEST_CASE("of too many conversations the one idle longest is forgotten", "[dump][tcp]") {
    capture frames;
    std::vector<talk>               talks;
    for (std::uint16_t i = 0; i < 4; ++i) talks.emplace_back(1000U, 5000U, static_cast<std::uint16_t>(30'000 + i));
    for (auto& t : talks) frames.push_back(t.syn_from(0));
    frames.push_back(talks[1].ack_from(0));

    auto const told = play(frames, capture_options{}.max_conversations(3));
    CHECK(told.lines == lines{"gone 0"});

    frames.push_back(talks[0].syn_from(0));
    CHECK(play(frames, capture_options{}.max_conversations(3)).lines == lines{"gone 0", "gone 2"});
}

TEST_CASE("what may wait in all is bounded", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "lost");
    std::string said;
    for (int i = 0; i < 50; ++i) frames.push_back(t.say(0, std::string(1000, 'x'))), said += std::string(1000, 'x');
    frames.push_back(t.ack_from(1));

    auto const told = play(frames, capture_options{}.max_held(10'000));

    CHECK(told.lines.front() == "4 c gap 4");
    CHECK(told.stream(0, 0) == said);
}

TEST_CASE("thousands of segments behind a hole are not kept for ever", "[dump][tcp]") {
    talk t;
    auto frames = t.handshake();
    t.say(0, "lost");
    for (int i = 0; i < 6000; ++i) frames.push_back(t.say(0, "x"));

    auto const told = play(frames);

    CHECK(told.lines.front() == "4100 c gap 4");
    CHECK(told.stream(0, 0) == std::string(6000, 'x'));
}
