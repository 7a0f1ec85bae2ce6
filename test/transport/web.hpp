// WebSocket for tests: layers over the memory pair, and frames and heads made by hand for the side that is not ours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/transport/memory.hpp>

#include "layers.hpp"
#include "loop.hpp"

namespace aldis::test {

using namespace std::string_literals;
using transport::errc;
using transport::websocket_options;

enum class opcode : unsigned { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A frame as RFC 6455, section 5.2 draws it; what clients send is masked.
struct frame {
    opcode      op = opcode::binary;
    std::string payload{};
    bool        is_last = true;
    bool        is_masked = true;
    unsigned    reserved = 0;                      // RSV1 is 4

    std::string bytes() const {
        std::string out(1, static_cast<char>((is_last ? 0x80U : 0U) | reserved << 4 | static_cast<unsigned>(op)));
        unsigned const mask = is_masked ? 0x80U : 0U;
        auto const     size = payload.size();
        int const      wide = size < 126 ? 0 : size < 65'536 ? 2 : 8;
        out += static_cast<char>(mask | (wide == 0 ? static_cast<unsigned>(size) : wide == 2 ? 126U : 127U));
        for (int i = wide - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i) & 0xFF);
        if (!is_masked) return out + payload;
        constexpr std::array<unsigned, 4> key{0x37, 0xFA, 0x21, 0x3D};
        for (auto const each : key) out += static_cast<char>(each);
        for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ key[i % 4]);
        return out;
    }
};

/// Takes the first frame off `wire`; false where it is not whole.
inline bool take_frame(std::string& wire, frame& into) {
    auto const byte = [&wire](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(wire[at])}; };
    if (wire.size() < 2) return false;
    std::size_t   head = 2;
    std::uint64_t size = byte(1) & 0x7F;
    if (size >= 126) {
        std::size_t const wide = size == 126 ? 2 : 8;
        if (wire.size() < head + wide) return false;
        size = 0;
        for (std::size_t i = 0; i < wide; ++i) size = size << 8 | byte(head + i);
        head += wide;
    }
    into.is_masked = (byte(1) & 0x80) != 0;
    std::size_t const key = head;
    if (into.is_masked) head += 4;
    if (wire.size() < head + size) return false;
    into.op = static_cast<opcode>(byte(0) & 0x0F);
    into.is_last = (byte(0) & 0x80) != 0;
    into.reserved = static_cast<unsigned>(byte(0) >> 4 & 7);
    into.payload = wire.substr(head, size);
    for (std::size_t i = 0; into.is_masked && i < size; ++i) into.payload[i] = static_cast<char>(static_cast<unsigned char>(into.payload[i]) ^ byte(key + i % 4));
    wire.erase(0, head + size);
    return true;
}

inline transport::endpoint web_endpoint() { return transport::endpoint(transport::scheme::ws, "broker.example", 8080); }

/// The key of RFC 6455, section 1.3, and what a server answers to it.
inline std::string const web_request_lines = "Host: broker.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
inline std::string const web_request = "GET /mqtt HTTP/1.1\r\n" + web_request_lines + "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

/// Notes of an attempt.
struct web_diary {
    std::vector<transport::note> notes{};

    transport::observer pen() {
        return [this](transport::note const& each) { notes.push_back(each); };
    }
    std::string failure() const {
        for (auto const& each : notes)
            if (each.weight() == transport::note::level::failure) return each.text();
        return {};
    }
};

/// A wire in memory with a layer at one end, or at both.
struct web_loop : loop {
    explicit web_loop(transport::memory_options const& options = {}) : wire(options.control()) { std::tie(left, right) = transport::make_memory_pair(ex(), options); }

    stream_outcome connect_left(websocket_options const& options = {}, transport::endpoint const& where = web_endpoint()) {
        stream_outcome done;
        transport::start_websocket_connect(std::move(left), where, options, notes.pen(), done.handler());
        return done;
    }

    stream_outcome accept_right(websocket_options const& options = {}, transport::endpoint const& where = web_endpoint()) {
        stream_outcome done;
        transport::start_websocket_accept(std::move(right), where, options, notes.pen(), done.handler());
        return done;
    }

    /// Our client and our server.
    void open_both(websocket_options const& client = {}, websocket_options const& server = {}) {
        auto const connected = connect_left(client);
        auto const accepted = accept_right(server);
        run(connected);
        run(accepted);
        REQUIRE_FALSE(connected.ec());
        REQUIRE_FALSE(accepted.ec());
        left = std::move(connected.value());
        right = std::move(accepted.value());
    }

    /// Our server, and a client made by hand that has read the response.
    void open_server(websocket_options const& options = {}, std::string const& asked = web_request) {
        auto const accepted = accept_right(options);
        CHECK_FALSE(write(*left, asked));
        run(accepted);
        REQUIRE_FALSE(accepted.ec());
        right = std::move(accepted.value());
        response = read_head(*left);
    }

    /// Our client, and a server made by hand that has answered.
    void open_client(websocket_options const& options = {}, std::string const& more_lines = {}) {
        auto const connected = connect_left(options);
        answer_client([&](std::string& head) { head.insert(head.size() - 2, more_lines); });
        run(connected);
        REQUIRE_FALSE(connected.ec());
        left = std::move(connected.value());
    }

    /// Answers the client at the left: what a server of ours would say, after `change`.
    void answer_client(std::function<void(std::string&)> const& change) {
        request = read_head(*right);
        web_loop other;
        auto const accepted = other.accept_right();
        CHECK_FALSE(other.write(*other.left, request));
        other.run(accepted);
        auto head = other.read_head(*other.left);
        change(head);
        CHECK_FALSE(write(*right, head));
    }

    std::string read_head(stream& from) {
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            auto const byte = read(from, 1);
            if (byte.empty()) break;
            head += byte;
        }
        return head;
    }

    frame read_frame(stream& from) {
        std::string bytes;
        frame       out;
        while (!take_frame(bytes, out)) {
            auto const byte = read(from, 1);
            REQUIRE_FALSE(byte.empty());
            bytes += byte;
        }
        return out;
    }

    web_diary       notes;
    transport::memory_control wire;
    stream_ptr  left;
    stream_ptr  right;
    std::string request;                           // what our client sent
    std::string response;                          // what our server sent
};

} // namespace aldis::test
