// MQTT over WebSocket as captured: heads, masks, fragments, compression, what is missing.
#include <random>

#include <zlib.h>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/hex.hpp"
#include "wire.hpp"

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;

namespace {

std::string const request = "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

std::string response(std::string const& more = "Sec-WebSocket-Protocol: mqtt\r\n") {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + more + "\r\n";
}
std::string const deflated = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

// A frame; first: FIN, RSV1 and opcode. The client's are masked.
std::string ws(unsigned from, std::string_view payload, unsigned first = 0x82) {
    byte_buffer out;
    put(out, first, 1);
    unsigned const masked = from == 0 ? 0x80 : 0;
    if (payload.size() < 126) put(out, masked | payload.size(), 1);
    else if (payload.size() < 0x10000) put(out, masked | 126, 1), put(out, payload.size(), 2);
    else put(out, masked | 127, 1), put(out, payload.size(), 8);
    constexpr unsigned char mask[]{0x12, 0x34, 0x56, 0x78};
    if (from == 0) put(out, "12 34 56 78"_hex);
    for (std::size_t i = 0; i < payload.size(); ++i) put(out, static_cast<unsigned char>(payload[i]) ^ (from == 0 ? mask[i % 4] : 0U), 1);
    return std::string{to_text(out)};
}

std::string const connect{to_text("10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00"_hex)}, connack{to_text("20 02 00 00"_hex)}, ping{to_text("c0 00"_hex)};

std::string publish(std::string_view payload) {
    byte_buffer out;
    put(out, 0x30, 1);
    auto size = payload.size() + 3;
    for (; size >= 128; size /= 128) put(out, size % 128 | 128, 1);
    put(out, size, 1);
    put(out, "00 01 61"_hex);
    put(out, payload);
    return std::string{to_text(out)};
}

// A compressor that keeps its context, as an end with context takeover does.
class deflater {
public:
    deflater() { ::deflateInit2(&z_, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY); }
    ~deflater() { ::deflateEnd(&z_); }
    deflater(deflater const&) = delete;
    deflater& operator=(deflater const&) = delete;

    std::string message(std::string text) {
        std::string out(::deflateBound(&z_, text.size()) + 16, '\0');
        z_.next_in = reinterpret_cast<Bytef*>(text.data());
        z_.avail_in = static_cast<uInt>(text.size());
        z_.next_out = reinterpret_cast<Bytef*>(out.data());
        z_.avail_out = static_cast<uInt>(out.size());
        ::deflate(&z_, Z_SYNC_FLUSH);
        out.resize(out.size() - z_.avail_out - 4);                 // without 00 00 ff ff
        return out;
    }

private:
    z_stream z_{};
};

// A conversation whose heads are exchanged.
struct session {
    explicit session(std::string const& more = "Sec-WebSocket-Protocol: mqtt\r\n") {
        frames = t.handshake();
        say(0, request);
        say(1, response(more));
    }
    void say(unsigned from, std::string const& text) { frames.push_back(t.say(from, text)); }
    recorder play() const { return test::play(pcap_of(frames)); }

    talk                     t{};
    std::vector<byte_buffer> frames{};
};

} // namespace

TEST_CASE("MQTT in WebSocket frames comes out as its bytes", "[dump][websocket]") {
    session s;
    s.say(0, ws(0, connect));
    s.say(1, ws(1, connack) + ws(1, publish("x")));

    auto const told = s.play();

    CHECK(told.lines == lines{"6 c: " + connect, "7 s: " + connack, "7 s: " + publish("x")});
    CHECK(told.vias.at(0) == carrier::ws);
    CHECK(told.notes.empty());
}

TEST_CASE("WebSocket bytes may come one by one", "[dump][websocket]") {
    talk t;
    auto frames = t.handshake();
    for (unsigned from : {0U, 1U})
        for (char const c : from == 0 ? request : response()) frames.push_back(t.say(from, std::string(1, c)));
    for (char const c : ws(0, connect) + ws(0, ping)) frames.push_back(t.say(0, std::string(1, c)));

    auto const told = play(pcap_of(frames));

    auto const first = std::to_string(3 + request.size() + response().size() + ws(0, connect).size());
    CHECK(told.lines == lines{first + " c: " + connect, std::to_string(frames.size()) + " c: " + ping});
}

TEST_CASE("frames of one byte and fragments with a ping between them are one stream", "[dump][websocket]") {
    session s;
    for (char const c : connect) s.say(0, ws(0, std::string(1, c)));
    s.say(1, ws(1, connack.substr(0, 1), 0x02) + ws(1, "are you there", 0x89) + ws(1, connack.substr(1, 2), 0x00) + ws(1, connack.substr(3), 0x80));

    auto const told = s.play();

    CHECK(told.stream(0, 0) == connect);
    CHECK(told.stream(0, 1) == connack);
}

TEST_CASE("all three ways to write a length are read", "[dump][websocket]") {
    for (std::size_t const size : {100U, 125U, 126U, 1000U, 65'535U, 65'536U, 300'000U}) {
        auto const big = publish(std::string(size, 'z'));
        session    s;
        for (unsigned const from : {0U, 1U}) {
            auto const whole = ws(from, big);
            for (std::size_t at = 0; at < whole.size(); at += 40'000) s.say(from, whole.substr(at, 40'000));
            s.say(from, ws(from, ping));
        }
        auto const told = s.play();

        CHECK(told.stream(0, 0) == big + ping);
        CHECK(told.stream(0, 1) == big + ping);
    }
}

TEST_CASE("behind a close frame nothing is read", "[dump][websocket]") {
    session s;
    s.say(0, ws(0, connect) + ws(0, "\x03\xe8", 0x88) + ws(0, ping));

    CHECK(s.play().lines == lines{"6 c: " + connect});
}

TEST_CASE("a refused WebSocket and another subprotocol bring nothing", "[dump][websocket]") {
    talk t;
    auto frames = t.handshake();
    frames.push_back(t.say(0, request));
    frames.push_back(t.say(1, "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope"));
    frames.push_back(t.say(0, ws(0, connect)));
    auto const refused = play(pcap_of(frames));
    CHECK(refused.lines.empty());
    CHECK(refused.notes == lines{"The WebSocket request was answered with: HTTP/1.1 403 Forbidden"});

    session other{"Sec-WebSocket-Protocol: graphql-ws\r\n"};
    other.say(0, ws(0, connect));
    CHECK(other.play().lines.empty());

    session none{""};
    none.say(0, ws(0, connect));
    CHECK(none.play().stream(0, 0) == connect);
}

TEST_CASE("an ordinary web page is passed over", "[dump][websocket]") {
    talk t;
    auto frames = t.handshake();
    frames.push_back(t.say(0, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    frames.push_back(t.say(1, "HTTP/1.1 200 OK\r\n\r\n<html>"));

    auto const told = play(pcap_of(frames));
    CHECK(told.lines.empty());
    CHECK(told.notes.empty());
}

TEST_CASE("compressed messages are inflated - with what came before in mind", "[dump][websocket][deflate]") {
    deflater client, server;
    session  s{deflated};
    s.say(0, ws(0, client.message(connect), 0xC2));
    auto const text = publish("the same words again and again, the same words again and again");
    for (int i = 0; i < 3; ++i) s.say(1, ws(1, server.message(text), 0xC2));
    s.say(1, ws(1, ping));                                         // need not be compressed
    auto const parts = client.message(text);
    s.say(0, ws(0, parts.substr(0, 5), 0x42) + ws(0, "", 0x89) + ws(0, parts.substr(5, 7), 0x00));
    s.say(0, ws(0, parts.substr(12), 0x80));

    auto const told = s.play();

    CHECK(told.stream(0, 0) == connect + text);
    CHECK(told.stream(0, 1) == text + text + text + ping);
    CHECK(told.notes.empty());
}

TEST_CASE("without context takeover a message that is missing costs no other", "[dump][websocket][deflate]") {
    for (bool const forgets : {true, false}) {
        session s{forgets ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=15\r\n" : deflated};
        auto const a = publish("first first first"), b = publish("second second second"), c = publish("third third third");
        deflater   keeping;
        auto const squeeze = [&](std::string const& text) { return forgets ? deflater{}.message(text) : keeping.message(text); };
        s.say(1, ws(1, squeeze(a), 0xC2));
        auto const lost = ws(1, squeeze(b), 0xC2);
        s.say(1, lost.substr(0, 4));
        s.t.say(1, lost.substr(4, 6));                             // not captured
        s.say(1, lost.substr(10));
        s.say(1, ws(1, squeeze(c), 0xC2));

        auto const told = s.play();

        CHECK(told.stream(0, 1) == (forgets ? a + c : a));
        CHECK(told.notes.size() == 1);
        CHECK(std::count_if(told.lines.begin(), told.lines.end(), [](auto const& l) { return l.find(" gap ") != std::string::npos; }) == 1);
    }
}

TEST_CASE("damaged and endless compression ends with a note", "[dump][websocket][deflate]") {
    session s{deflated};
    s.say(0, ws(0, "\xff\xff\xff\xff\xff", 0xC2));
    s.say(0, ws(0, ping, 0xC2));
    auto const damaged = s.play();
    CHECK(damaged.stream(0, 0).empty());
    CHECK(damaged.notes.size() == 1);

    session    bomb{deflated};
    deflater   d;
    auto const squeezed = ws(0, d.message(std::string(70U << 20, '\0')), 0xC2);
    for (std::size_t at = 0; at < squeezed.size(); at += 60'000) bomb.say(0, squeezed.substr(at, 60'000));
    struct counter final : sink {
        void bytes(conversation const&, unsigned, frame_stamp, bytes_view data) override { size += data.size(); }
        void gap(conversation const&, unsigned, frame_stamp, std::uint64_t, bool) override {}
        void end(conversation const&, unsigned, frame_stamp) override {}
        void forget(conversation const&) override {}
        void frame_done(frame_stamp) override {}
        void note(frame_stamp, conversation const*, std::string const&) override { ++notes; }
        std::size_t size = 0, notes = 0;
    } counted;
    auto const     file = pcap_of(bomb.frames);
    capture_source from{memory_input(file), "test", {}};
    while (from.step(counted)) {}
    CHECK(counted.size <= (65U << 20));
    CHECK(counted.notes == 1);
}

TEST_CASE("bytes missing within a frame are a gap of that size and the frame goes on", "[dump][websocket]") {
    session    s;
    auto const whole = ws(0, publish("0123456789") + publish("abc"));
    s.say(0, whole.substr(0, 14));
    s.t.say(0, whole.substr(14, 3));
    s.say(0, whole.substr(17));
    s.say(0, ws(0, ping));

    auto const told = s.play();

    auto const text = publish("0123456789") + publish("abc");
    CHECK(told.lines == lines{"7 c: " + text.substr(0, 8), "7 c gap 3", "7 c: " + text.substr(11), "8 c: " + ping});
}

TEST_CASE("after a loss across frames reading goes on at the next frame that carries MQTT", "[dump][websocket]") {
    for (unsigned const from : {0U, 1U}) {
        session s;
        s.say(from, ws(from, publish("one")));
        s.t.say(from, ws(from, publish("lost")) + ws(from, publish("lost too")).substr(0, 7));
        s.say(from, ws(from, publish("lost too")).substr(7));
        s.say(from, ws(from, publish("two")) + ws(from, publish("three")));
        s.say(from, ws(from, publish("four")));

        auto const told = s.play();

        CHECK(told.stream(0, from) == publish("one") + publish("two") + publish("three") + publish("four"));
        CHECK(told.lines[1].find("gap") != std::string::npos);
    }
}

TEST_CASE("a WebSocket seen from the middle is recognised - plain MQTT is not taken for one", "[dump][websocket]") {
    talk t;
    t.handshake();
    auto const told = play(pcap_of({t.say(0, ws(0, publish("x"))), t.say(1, ws(1, ping)), t.say(0, ws(0, ping) + ws(0, ping))}));
    CHECK(told.stream(0, 0) == publish("x") + ping + ping);
    CHECK(told.stream(0, 1) == ping);
    CHECK(told.vias.at(0) == carrier::ws);

    std::string const subscribe{to_text("82 06 00 01 00 01 61 00"_hex)};
    auto const        plain = play(pcap_of({t.say(0, subscribe), t.say(0, subscribe)}));
    CHECK(plain.lines == lines{"1 c: " + subscribe, "2 c: " + subscribe});
    CHECK(plain.vias.at(0) == carrier::tcp);
}

TEST_CASE("a frame that breaks the rules is told", "[dump][websocket]") {
    session s;
    s.say(0, ws(0, "?", 0x83));
    s.say(0, ws(0, publish("back")) + ws(0, ping));

    auto const told = s.play();

    CHECK(told.notes.size() == 1);
    CHECK(told.notes[0].starts_with("A WebSocket frame with opcode 3 and length 1 breaks RFC 6455"));
    CHECK(told.stream(0, 0) == publish("back") + ping);
}

TEST_CASE("whatever the segments - the same bytes come out", "[dump][websocket]") {
    std::mt19937 random{7};
    std::string  sent[2]{connect + publish(std::string(700, 'a')), connack + publish(std::string(70'000, 'b'))}, framed[2]{request, response()};
    for (unsigned from : {0U, 1U})
        for (std::size_t at = 0; at < sent[from].size();) {
            auto const size = std::uniform_int_distribution<std::size_t>{1, 2000}(random);
            framed[from] += ws(from, sent[from].substr(at, size));
            at += size;
        }
    for (int round = 0; round < 20; ++round) {
        talk t;
        auto frames = t.handshake();
        for (unsigned from : {0U, 1U})
            for (std::size_t at = 0; at < framed[from].size();) {
                auto const size = std::uniform_int_distribution<std::size_t>{1, 9000}(random);
                frames.push_back(t.say(from, framed[from].substr(at, size)));
                at += size;
            }
        for (int swaps = 0; swaps < 3; ++swaps) {
            auto const at = std::uniform_int_distribution<std::size_t>{3, frames.size() - 2}(random);
            std::swap(frames[at], frames[at + 1]);
        }
        auto const told = play(pcap_of(frames));
        CHECK(told.stream(0, 0) == sent[0]);
        CHECK(told.stream(0, 1) == sent[1]);
    }
}
