// WebSocket, both sides against each other and each against frames made by hand.
#include "web.hpp"

#include <map>

using namespace aldis::test;
using namespace aldis::transport;

TEST_CASE("WebSocket carries bytes both ways", "[transport][websocket][MQTT-6.0.0-1]") {
    web_loop web;
    web.open_both();

    CHECK_FALSE(web.write(*web.left, "ping"));
    CHECK(web.read(*web.right, 4) == "ping");
    CHECK_FALSE(web.write(*web.right, "pong"));
    CHECK(web.read(*web.left, 4) == "pong");
    CHECK(web.left->facts().websocket->target == "/mqtt");
    CHECK(web.right->facts().websocket->target == "/mqtt");
}

TEST_CASE("a server answers a request of RFC 6455 and reads masked frames", "[transport][websocket]") {
    web_loop web;
    web.open_server();

    CHECK(web.response.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
    CHECK(web.response.find("Sec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "hello"}.bytes()));
    CHECK(web.read(*web.right, 5) == "hello");
    CHECK_FALSE(web.write(*web.right, "there"));
    auto const answer = web.read_frame(*web.left);
    CHECK(answer.op == opcode::binary);
    CHECK_FALSE(answer.is_masked);
    CHECK(answer.payload == "there");
}

TEST_CASE("a shut down WebSocket reads on until its peer has closed too", "[transport][websocket]") {
    web_loop web;
    web.open_server();
    CHECK_FALSE(web.write(*web.right, "last"));

    wait_outcome ended;
    web.right->async_shutdown(ended.handler());
    web.run(ended);
    CHECK_FALSE(ended.ec());
    CHECK(web.read_frame(*web.left).payload == "last");
    auto const farewell = web.read_frame(*web.left);
    CHECK(farewell.op == opcode::close);
    CHECK(farewell.payload == "\x03\xE8"s);
    CHECK(web.write(*web.right, "more") == asio::error::broken_pipe);

    CHECK_FALSE(web.write(*web.left, frame{opcode::ping, "unheard"}.bytes() + frame{opcode::binary, "still said"}.bytes()));
    CHECK(web.read(*web.right, 10) == "still said");
    CHECK_FALSE(web.write(*web.left, frame{opcode::close, "\x03\xE8"}.bytes()));
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
    CHECK(web.next_read_error(*web.left) == asio::error::eof);
}

TEST_CASE("a close frame of the peer reads as end of file and is answered", "[transport][websocket]") {
    web_loop   web;
    auto const code = GENERATE(as<std::string>{}, "", "\x03\xE8", "\x03\xE9 going away");
    web.open_server();

    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "bye"}.bytes() + frame{opcode::close, code}.bytes()));
    CHECK(web.read(*web.right, 3) == "bye");
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
    CHECK(web.read_frame(*web.left).op == opcode::close);
    CHECK(web.write(*web.right, "late") == asio::error::broken_pipe);
    wait_outcome ended;
    web.right->async_shutdown(ended.handler());
    web.run(ended);
    CHECK_FALSE(ended.ec());
    CHECK(web.next_read_error(*web.left) == asio::error::eof);
}

TEST_CASE("a ping is answered while nobody writes and between the fragments of a message", "[transport][websocket]") {
    web_loop web;
    web.open_server();

    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "fi", false}.bytes() + frame{opcode::ping, "are you there"}.bytes()));
    CHECK(web.read(*web.right, 2) == "fi");
    std::string byte(1, '\0');
    auto const  next = web.read_some(*web.right, byte);
    auto const  answer = web.read_frame(*web.left);
    CHECK(answer.op == opcode::pong);
    CHECK(answer.payload == "are you there");
    CHECK_FALSE(web.write(*web.left, frame{opcode::pong, "unasked"}.bytes() + frame{opcode::more, "x"}.bytes()));
    web.run(next);
    CHECK(byte == "x");
}

TEST_CASE("a text message is refused with 1003", "[transport][websocket][MQTT-6.0.0-1]") {
    web_loop web;
    web.open_server();
    auto const text = GENERATE(as<frame>{}, frame{opcode::text, "{}"}, frame{opcode::text, ""}, frame{opcode::text, "\xFF"}, frame{opcode::text, "part", false});

    CHECK_FALSE(web.write(*web.left, text.bytes()));
    CHECK(web.next_read_error(*web.right) == errc::web_text_message);
    auto const answer = web.read_frame(*web.left);
    CHECK(answer.op == opcode::close);
    CHECK(answer.payload.substr(0, 1) == "\x03");
    CHECK(web.write(*web.right, "more") == asio::error::broken_pipe);
    CHECK(web.next_read_error(*web.right) == errc::web_text_message);
}

// ---- Conversations over wires of all kinds ----------------------------------------------------------------------------------------------

namespace {

// Both sides write and read at once, in pieces of all sizes.
struct conversation {
    explicit conversation(web_loop& all) : web(all) {
        for (std::size_t i = 0; i < 600; ++i) question += static_cast<char>(i * 7);
        for (std::size_t i = 0; i < 900; ++i) answer += static_cast<char>(i * 11);
    }

    // Writes `text` from `at` on, in growing pieces, as long as the stream takes it.
    void tell(stream& to, std::string const& text, std::size_t at, std::size_t size) {
        if (at == text.size()) return;
        pieces[&to] = asio::buffer(text.data() + at, std::min(size, text.size() - at));
        to.async_write_some(std::span(&pieces[&to], 1), [this, &to, &text, at, size](error_code ec, std::size_t written) {
            if (!ec) tell(to, text, at + written, size * 2);
        });
    }

    void hear(stream& from, std::string& into) {
        auto& part = parts[&from];
        part.resize(into.size() % 13 + 1);
        from.async_read_some(asio::buffer(part), [this, &from, &into](error_code ec, std::size_t size) {
            into += parts[&from].substr(0, size);
            if (!ec) return hear(from, into);
            ++ended;
            from.close();                                          // as a program would, or the other side may wait for bytes that never come
        });
    }

    void start() {
        tell(*web.left, question, 0, 1);
        tell(*web.right, answer, 0, 2);
        hear(*web.left, heard_left);
        hear(*web.right, heard_right);
    }

    web_loop&                             web;
    std::string                           question, answer, heard_left, heard_right;
    std::map<stream*, asio::const_buffer> pieces;
    std::map<stream*, std::string>        parts;
    int                                   ended = 0;
};

std::string masked(std::string const& payload, opcode op = opcode::binary, bool is_last = true) { return frame{op, payload, is_last}.bytes(); }

constexpr bool is_sanitized = ALDIS_SANITIZED;

} // namespace

TEST_CASE("a conversation is the same split trickled or coalesced", "[transport][websocket][MQTT-6.0.0-2]") {
    auto const wire = GENERATE(as<memory_direction>{}, memory_direction{}, memory_direction{}.split(1), memory_direction{}.split(2), memory_direction{}.split(13),
                               memory_direction{}.capacity(1), memory_direction{}.capacity(7).split(3), memory_direction{}.coalesce(3));
    web_loop   web(memory_options{}.both(wire));
    web.open_both();
    conversation all(web);

    all.start();
    CHECK(web.run_until([&] { return all.heard_left.size() == all.answer.size() && all.heard_right.size() == all.question.size(); }));
    CHECK(all.heard_left == all.answer);
    CHECK(all.heard_right == all.question);
}

TEST_CASE("a conversation cut after any byte ends for both sides with what came before", "[transport][websocket]") {
    for (std::size_t size = 240; size < 800; size += is_sanitized ? 13 : 1) {
        bool const is_reset = size % 2 == 0;
        auto const cut = is_reset ? memory_direction{}.reset_after(size) : memory_direction{}.eof_after(size);
        web_loop   web(memory_options{}.both(cut));
        auto const connected = web.connect_left();
        auto const accepted = web.accept_right();
        web.run(connected);
        web.run(accepted);
        REQUIRE_FALSE(connected.ec());
        REQUIRE_FALSE(accepted.ec());
        web.left = std::move(connected.value());
        web.right = std::move(accepted.value());
        conversation all(web);

        all.start();
        CHECK(web.run_until([&] { return all.ended == 2; }));
        CHECK(all.answer.starts_with(all.heard_left));
        CHECK(all.question.starts_with(all.heard_right));
        CHECK(all.heard_left.size() + all.heard_right.size() > 0);
    }
}

TEST_CASE("fragments of one byte and control frames between them are one stream", "[transport][websocket][MQTT-6.0.0-2]") {
    auto const split = GENERATE(as<std::size_t>{}, 1, 3, 4096);
    web_loop   web(memory_options{}.both(memory_direction{}.split(split).capacity(100'000)));
    web.open_server();
    std::string text, wire;
    for (int i = 0; i < 300; ++i) {
        text += static_cast<char>('a' + i % 26);
        wire += masked(text.substr(text.size() - 1), i % 100 == 0 ? opcode::binary : opcode::more, i % 100 == 99);
        if (i % 10 == 0) wire += masked("?", opcode::ping) + masked("!", opcode::pong);
        if (i % 25 == 3) wire += masked("", opcode::more, false);
    }

    CHECK_FALSE(web.write(*web.left, wire));
    CHECK(web.read(*web.right, text.size()) == text);
    for (int i = 0; i < 30; ++i) CHECK(web.read_frame(*web.left).op == opcode::pong);
}

TEST_CASE("a large message arrives and one byte more than allowed does not", "[transport][websocket]") {
    std::size_t const size = is_sanitized ? 3'000'000 : 200'000'000;
    bool const        is_too_large = GENERATE(false, true);
    web_loop          web;
    web.open_server(websocket_options{}.max_message(size));
    std::string const block(50'000, 'x');
    auto              head = frame{opcode::binary, ""}.bytes();
    head[1] = static_cast<char>(0xFF);
    std::string length;
    for (int i = 7; i >= 0; --i) length += static_cast<char>((size + (is_too_large ? 1 : 0)) >> (8 * i) & 0xFF);
    head.replace(2, 4, length + std::string(4, '\0'));             // masked with zeros

    CHECK_FALSE(web.write(*web.left, head));
    if (is_too_large) {
        CHECK(web.next_read_error(*web.right) == errc::web_message_too_large);
        CHECK(web.read_frame(*web.left).payload == "\x03\xF1");
        return;
    }
    std::string into(65'536, '\0');
    std::size_t got = 0, bad = 0;
    for (std::size_t sent = 0; sent < size; sent += block.size()) {
        CHECK_FALSE(web.write(*web.left, block));
        while (got < sent + block.size()) {
            auto const part = web.read_some(*web.right, into);
            web.run(part);
            REQUIRE_FALSE(part.ec());
            bad += into.find_first_not_of('x') < part.value() ? 1U : 0U;
            got += part.value();
        }
    }
    CHECK(got == size);
    CHECK(bad == 0);
}

TEST_CASE("fragments add up to the limit of a message", "[transport][websocket]") {
    web_loop web;
    web.open_server(websocket_options{}.max_message(10));
    CHECK_FALSE(web.write(*web.left, masked("1234567890") + masked("12345", opcode::binary, false) + masked("67890", opcode::more)));
    CHECK(web.read(*web.right, 20) == "12345678901234567890");
    CHECK_FALSE(web.write(*web.left, masked("12345", opcode::binary, false) + masked("678901", opcode::more)));
    CHECK(web.read(*web.right, 100) == "12345");
    CHECK(web.next_read_error(*web.right) == errc::web_message_too_large);
}

TEST_CASE("what a program writes goes out in messages of at most 64 KiB", "[transport][websocket]") {
    bool const is_server = GENERATE(true, false);
    web_loop   web(memory_options{}.both(memory_direction{}.capacity(1'000'000)));
    if (is_server) web.open_server();
    else web.open_client();
    auto& ours = is_server ? *web.right : *web.left;
    auto& theirs = is_server ? *web.left : *web.right;

    std::array<asio::const_buffer, 4> const few{asio::buffer("ab", 2), asio::const_buffer(), asio::buffer("cde", 3), asio::buffer("f", 1)};
    io_outcome                              done;
    ours.async_write_some(few, done.handler());
    web.run(done);
    CHECK(done.value() == 6);
    auto const batch = web.read_frame(theirs);
    CHECK(batch.payload == "abcdef");
    CHECK(batch.is_masked != is_server);
    CHECK(batch.is_last);
    CHECK(batch.op == opcode::binary);

    std::string const text(200'000, 'x');
    CHECK_FALSE(web.write(ours, text));
    std::string wire = web.read(theirs, 200'000 + 4 * (is_server ? 10 : 14) - (is_server ? 6 : 6)), all;
    frame       next;
    while (take_frame(wire, next)) {
        CHECK(next.payload.size() <= 65'536);
        all += next.payload;
    }
    CHECK(all == text);
}

TEST_CASE("broken frames end the connection with 1002", "[transport][websocket]") {
    auto const bytes = GENERATE(as<std::string>{}, frame{opcode::binary, "unmasked", true, false}.bytes(), frame{opcode::binary, "x", true, true, 4}.bytes(),
                                frame{opcode::binary, "x", true, true, 1}.bytes(), frame{static_cast<opcode>(3), "x"}.bytes(), frame{static_cast<opcode>(11), "x"}.bytes(),
                                frame{opcode::more, "x"}.bytes(), frame{opcode::ping, "x", false}.bytes(), frame{opcode::ping, std::string(126, 'x')}.bytes(),
                                frame{opcode::close, "\x03"}.bytes(), frame{opcode::close, "\x03\xEC"}.bytes(), frame{opcode::close, "\x03\xE8\xFF"}.bytes(),
                                masked("x", opcode::binary, false) + masked("y"), "\x82\xFE\x00\x01\x00\x00\x00\x00x"s, "\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00"s);
    web_loop web;
    web.open_server();
    CHECK_FALSE(web.write(*web.left, bytes));
    web.read(*web.right, 1);
    auto const why = web.next_read_error(*web.right);
    CHECK((why == errc::web_protocol_error || why == errc::web_message_too_large));
    CHECK(web.read_frame(*web.left).op == opcode::close);
    CHECK(web.next_read_error(*web.left) == asio::error::eof);
}

TEST_CASE("a client refuses what is masked", "[transport][websocket]") {
    web_loop web;
    web.open_client();
    CHECK_FALSE(web.write(*web.right, masked("x")));
    CHECK(web.next_read_error(*web.left) == errc::web_protocol_error);
}

TEST_CASE("a connection that ends without a close frame reads as it ended", "[transport][websocket]") {
    web_loop web;
    web.open_server();
    CHECK_FALSE(web.write(*web.left, masked("half a mess", opcode::binary, false)));
    web.left->close();
    CHECK(web.read(*web.right, 11) == "half a mess");
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
}

TEST_CASE("two sides of ours end one after the other", "[transport][websocket]") {
    web_loop web;
    web.open_both();
    if (GENERATE(false, true)) std::swap(web.left, web.right);
    wait_outcome first, second;
    web.left->async_shutdown(first.handler());
    web.run(first);
    CHECK(web.next_read_error(*web.right) == asio::error::eof);
    web.right->async_shutdown(second.handler());
    web.run(second);
    CHECK_FALSE(second.ec());
    CHECK(web.next_read_error(*web.left) == asio::error::eof);
}

// ---- Compression ------------------------------------------------------------------------------------------------------------------------

TEST_CASE("messages are compressed where both sides want it", "[transport][websocket]") {
    auto const both = GENERATE(table<bool, bool>({{false, false}, {false, true}, {true, false}, {true, true}}));
    auto const [client, server] = both;
    auto const split = GENERATE(as<std::size_t>{}, 5, 65'536);
    web_loop   web(memory_options{}.both(memory_direction{}.split(split)));
    web.open_both(websocket_options{}.compression(client), websocket_options{}.compression(server));
    CHECK(web.left->facts().websocket->is_compressed == (client && server));
    CHECK(web.right->facts().websocket->is_compressed == (client && server));

    auto const        before = web.wire.delivered(direction::first_to_second);
    std::string const text(20'000, 'x');
    conversation      all(web);
    all.question = all.answer = text;
    all.start();
    CHECK(web.run_until([&] { return all.heard_left.size() == text.size() && all.heard_right.size() == text.size(); }));
    CHECK(all.heard_left == text);
    CHECK(all.heard_right == text);
    CHECK((web.wire.delivered(direction::first_to_second) - before < 2'000) == (client && server));
}

TEST_CASE("a message is bounded by what it inflates to", "[transport][websocket]") {
    web_loop web;
    web.open_both(websocket_options{}.compression(true), websocket_options{}.compression(true).max_message(10'000));
    CHECK_FALSE(web.write(*web.left, std::string(10'000, 'x')));
    CHECK(web.read(*web.right, 10'000) == std::string(10'000, 'x'));
    CHECK_FALSE(web.write(*web.left, std::string(10'001, 'x')));
    auto const came = web.read(*web.right, 20'000);
    CHECK(came.size() <= 10'000);
    CHECK(web.next_read_error(*web.right) == errc::web_message_too_large);
    CHECK(web.next_read_error(*web.left) == asio::error::eof);
}

TEST_CASE("a compressed message that is none is a broken one", "[transport][websocket]") {
    web_loop web;
    web.open_server(websocket_options{}.compression(true), "GET /mqtt HTTP/1.1\r\n" + web_request_lines +
                                                               "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    CHECK(web.right->facts().websocket->is_compressed);
    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, "\xF2\x48\xCD\xC9\xC9\x07\x00"s, true, true, 4}.bytes()));     // RFC 7692, section 7.2.3.1
    CHECK(web.read(*web.right, 5) == "Hello");
    CHECK_FALSE(web.write(*web.left, frame{opcode::binary, std::string(50, '\xFF'), true, true, 4}.bytes()));
    CHECK(web.next_read_error(*web.right) == errc::web_protocol_error);
}
