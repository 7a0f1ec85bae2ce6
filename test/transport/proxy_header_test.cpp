// The PROXY protocol's header in front of a connection.
#include "proxy_parse.hpp"
#include "web.hpp"

using namespace aldis::test;
using namespace aldis::transport;

namespace {

// A header of version 2: family and protocol, then what follows the length.
std::string binary(char command, char family, std::string const& rest) {
    return "\r\n\r\n\0\r\nQUIT\n"s + command + family + static_cast<char>(rest.size() >> 8) + static_cast<char>(rest.size() & 0xFF) + rest;
}

std::string const v4 = "\xC0\x00\x02\x01\xC0\x00\x02\x02\x12\x67\x07\x5B"s;
std::string const v6 = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + '\x01' + std::string(15, '\0') + "\x01\x12\x67\x07\x5B"s;
std::string const mapped = std::string(10, '\0') + "\xFF\xFF\xC0\x00\x02\x01"s + std::string(16, '\0') + "\x12\x67\x07\x5B"s;
std::string const local_path = "/run/client.sock" + std::string(92, '\0') + "/run/mqtt.sock" + std::string(94, '\0');

struct good_header {
    std::string bytes;
    std::string source;
};

std::vector<good_header> const good{
    {"PROXY TCP4 192.0.2.1 192.0.2.2 4711 1883\r\n", "192.0.2.1:4711"},
    {"PROXY TCP6 2001:db8::1 ::1 4711 1883\r\n", "[2001:db8::1]:4711"},
    {"PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n", "192.0.2.1:0"},
    {"PROXY UNKNOWN\r\n", ""},
    {"PROXY UNKNOWN whatever comes here is of no interest\r\n", ""},
    {binary('\x21', '\x11', v4), "192.0.2.1:4711"},
    {binary('\x21', '\x11', v4 + "\x02\x00\x03tls\x04\x00\x00"s), "192.0.2.1:4711"},
    {binary('\x21', '\x21', v6), "[2001:db8::1]:4711"},
    {binary('\x21', '\x21', mapped), "192.0.2.1:4711"},
    {binary('\x21', '\x31', local_path), "unix:/run/client.sock"},
    {binary('\x21', '\x00', ""), ""},
    {binary('\x20', '\x11', v4), ""},
    {binary('\x20', '\x00', ""), ""},
};

std::vector<std::string> const broken{
    "GET / HTTP/1.1\r\n",
    "PROXY\r\n",
    "PROXY TCP5 192.0.2.1 192.0.2.2 4711 1883\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 4711\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 4711 1883 9\r\n",
    "PROXY TCP4 192.0.2.256 192.0.2.2 4711 1883\r\n",
    "PROXY TCP4 ::1 ::2 4711 1883\r\n",
    "PROXY TCP6 192.0.2.1 192.0.2.2 4711 1883\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 65536 1883\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 04711 1883\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 1883\r\n",
    "PROXY TCP4  192.0.2.1 192.0.2.2 4711 1883\r\n",
    "PROXY UNKNOWN " + std::string(100, 'x') + "\r\n",
    "\x10\x10\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x00"s,
    binary('\x22', '\x11', v4),
    binary('\x11', '\x11', v4),
    binary('\x21', '\x12', v4),
    binary('\x21', '\x11', v4.substr(1)),
    binary('\x21', '\x21', v4),
    binary('\x21', '\x31', local_path.substr(1)),
    binary('\x21', '\x11', v4 + std::string(4096, '\0')),
};

stream_outcome read_header(web_loop& wire) {
    stream_outcome done;
    start_proxy_header(std::move(wire.right), wire.notes.pen(), done.handler());
    return done;
}

} // namespace

TEST_CASE("a PROXY header tells who the client is and the bytes behind it stay in the stream", "[transport][proxy]") {
    auto const split = GENERATE(as<std::size_t>{}, 1, 7, 4096);
    for (auto const& each : good) {
        web_loop   wire(memory_options{}.both(memory_direction{}.split(split)));
        auto const done = read_header(wire);
        CHECK_FALSE(wire.write(*wire.left, each.bytes + "\x10\x0E surplus"));
        wire.run(done);
        REQUIRE_FALSE(done.ec());
        auto& made = *done.value();
        CHECK(made.facts().remote == (each.source.empty() ? "memory:first" : each.source));
        CHECK(made.facts().via == (each.source.empty() ? "" : "memory:first"));
        CHECK(made.remote_name() == made.facts().remote);
        CHECK(wire.read(made, 10) == "\x10\x0E surplus");
        CHECK_FALSE(wire.write(made, "answer"));
        CHECK(wire.read(*wire.left, 6) == "answer");
    }
}

TEST_CASE("a header is whole at its last byte and not before", "[transport][proxy]") {
    for (auto const& each : good) {
        for (std::size_t size = 0; size < each.bytes.size(); ++size) {
            auto const part = parse_proxy_header(each.bytes.substr(0, size));
            CHECK(part.came.is == progress::state::more);
            CHECK(part.came.size > size);
            CHECK(part.came.size <= each.bytes.size());
        }
        auto const whole = parse_proxy_header(each.bytes + "x");
        CHECK(whole.came.is == progress::state::whole);
        CHECK(whole.came.size == each.bytes.size());
        CHECK(whole.source == each.source);
    }
}

TEST_CASE("a connection without a proper PROXY header is closed", "[transport][proxy]") {
    for (auto const& each : broken) {
        web_loop   wire;
        auto const done = read_header(wire);
        CHECK_FALSE(wire.write(*wire.left, each));
        wire.run(done);
        CHECK(done.ec() == errc::proxy_header_bad);
        CHECK(done.value() == nullptr);
        CHECK(wire.notes.failure().starts_with("no PROXY protocol header but: "));
    }
}

TEST_CASE("a connection that ends inside its PROXY header is an end of file", "[transport][proxy]") {
    web_loop   wire;
    auto const done = read_header(wire);
    CHECK_FALSE(wire.write(*wire.left, good.front().bytes.substr(0, 20)));
    wire.left->close();
    wire.run(done);
    CHECK(done.ec() == asio::error::eof);
}

TEST_CASE("a closed stream has lost the surplus behind its header", "[transport][proxy]") {
    web_loop   wire;
    auto const done = read_header(wire);
    CHECK_FALSE(wire.write(*wire.left, good.front().bytes + "surplus"));
    wire.run(done);
    auto& made = *done.value();

    wait_outcome readable;
    made.async_wait_readable(readable.handler());
    CHECK_FALSE(readable.is_done());
    wire.run(readable);
    CHECK(wire.read(made, 3) == "sur");
    made.close();
    CHECK(wire.next_read_error(made) == asio::error::bad_descriptor);
}
