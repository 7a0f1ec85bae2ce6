// WebSocket, both sides against each other and each against frames made by hand.
#include "web.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

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

TEST_CASE("a ping is answered while nobody writes, and between the fragments of a message", "[transport][websocket]") {
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
