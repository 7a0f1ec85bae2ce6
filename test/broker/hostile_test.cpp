// Sockets that mean no good: what they cost before CONNECT, and how long they are borne.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <vector>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALDIS_SANITIZER_COUNTS
#include <sanitizer/allocator_interface.h>
#endif
#endif

#include <aldis/broker.hpp>
#include <transport/loop.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

std::size_t bytes_in_use() {
#ifdef ALDIS_SANITIZER_COUNTS
    return __sanitizer_get_current_allocated_bytes();
#else
    auto const now = mallinfo2();
    return now.uordblks + now.hblkhd;
#endif
}

/// A connected socket without a library around it.
class raw_socket {
public:
    explicit raw_socket(std::uint16_t port) : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(file_ >= 0);
        REQUIRE(::connect(file_, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0);
    }
    raw_socket(raw_socket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    raw_socket& operator=(raw_socket&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~raw_socket() {
        if (file_ >= 0) ::close(file_);
    }

    void send(std::string_view bytes) const { (void)!::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); }

    /// What has come; nothing at all once the other end has closed it.
    std::optional<std::string> receive() const {
        std::array<char, 256> into{};
        auto const            n = ::recv(file_, into.data(), into.size(), MSG_DONTWAIT);
        if (n > 0) return std::string(into.data(), static_cast<std::size_t>(n));
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? std::optional<std::string>("") : std::nullopt;
    }

private:
    int file_;
};

/// So many of `wanted` sockets with both their ends as there may be.
std::size_t room_for_sockets(std::size_t wanted) {
    rlimit files{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4'096);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    return std::min<std::size_t>(wanted, (files.rlim_cur - 200) / 2);
}

struct attacked : loop {
    explicit attacked(broker_limits const& limits = {}) : made(io, broker_options{}.limits(limits).sys_interval(0s)) {}

    std::uint16_t listen(char const* uri) { return made.listen(broker_listener(uri)).port(); }

    std::vector<raw_socket> dial(std::uint16_t port, std::size_t count) {
        std::vector<raw_socket> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.emplace_back(port);
            io.poll();
        }
        return all;
    }

    broker made;
};

constexpr std::string_view connect_5("\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01x", 16);

} // namespace

TEST_CASE("five bytes before CONNECT never cost more than 1 KiB", "[broker][hostile]") {
    // CONNECT of 60,000 bytes, of 256 MiB, one that ends in its length, and one that stops in its protocol name.
    auto const bytes = GENERATE(as<std::string>{}, std::string("\x10\xE0\xD4\x03\x00", 5), "\x10\xFF\xFF\xFF\x7F", std::string("\x10\x80\x80\x80\x80", 5),
                                std::string("\x10\x0E\x00\x04M", 5));
    constexpr std::size_t count = 100;
    attacked              w;
    auto const            port = w.listen("mqtt://127.0.0.1:0");
    auto const            sockets = w.dial(port, count);
    REQUIRE(w.run_until([&] { return w.made.metrics().connections == count; }));
    w.settle();

    auto const before = bytes_in_use();
    for (auto const& each : sockets) each.send(bytes);
    REQUIRE(w.run_until([&] { return w.made.metrics().bytes_received == count * bytes.size(); }));
    w.settle();
    auto const after = bytes_in_use();
    CHECK(after <= before + count * 1'024);
}

TEST_CASE("a thousand silent and slow sockets are closed in time, and clients are served meanwhile", "[broker][hostile]") {
    constexpr std::size_t at_web = 60;                             // a listener with handshakes takes 64 of them from one address
    attacked              w(broker_limits{}.connect_timeout(2s));
    auto const            port = w.listen("mqtt://127.0.0.1:0"), web = w.listen("ws://127.0.0.1:0");
    auto const            began = steady_clock::now();
    auto                  sockets = w.dial(port, room_for_sockets(1'000) - at_web);
    for (auto& each : w.dial(web, at_web)) sockets.push_back(std::move(each));

    raw_socket  client(port);
    std::string answered;
    client.send(connect_5);
    REQUIRE(w.run_until([&] {
        answered += client.receive().value_or("");
        return !answered.empty();
    }));
    CHECK(answered[0] == '\x20');

    std::vector<bool> is_closed(sockets.size());
    std::size_t       sent = 0;
    while (std::count(is_closed.begin(), is_closed.end(), false) > 0 && steady_clock::now() - began < 60s) {
        std::string_view const all("\x10\xE0\xD4\x03\x00\x04MQTT\x05\x02", 12);
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            if (is_closed[i]) continue;
            bool const is_slow = i % 2 == 0;
            if (is_slow) sockets[i].send(sent < all.size() ? all.substr(sent, 1) : "x");
            is_closed[i] = !sockets[i].receive();
        }
        ++sent;
        w.io.restart();
        w.io.run_for(100ms);
    }
    CHECK(std::count(is_closed.begin(), is_closed.end(), false) == 0);
    CHECK(steady_clock::now() - began < 10s);
    CHECK(client.receive() == "");
    CHECK(w.run_until([&] { return w.made.metrics().connections == 1; }));
}

TEST_CASE("what is slow to come after CONNECT is closed, too", "[broker][hostile]") {
    attacked   w(broker_limits{}.packet_timeout(1s));
    auto const port = w.listen("mqtt://127.0.0.1:0");
    raw_socket slow(port);
    slow.send(connect_5);
    slow.send(std::string_view("\x30\x80\x80\x04\x00\x01t", 7));
    bool is_over = false;
    while (!is_over) {
        slow.send("x");
        is_over = !slow.receive();
        w.io.restart();
        w.io.run_for(20ms);
    }
    CHECK(w.run_until([&] { return w.made.metrics().connections == 0; }));
    CHECK(w.made.metrics().messages_received == 0);
}
