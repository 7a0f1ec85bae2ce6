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
