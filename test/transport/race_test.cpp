// Racing the addresses of a host (RFC 8305).
#include "ports.hpp"

#include <address_race.hpp>

using namespace aldis::test;
using namespace aldis::transport;
using namespace std::chrono_literals;

namespace {

socket_address address_of(endpoint const& where) {
    socket_address made;
    REQUIRE_FALSE(make_ip_address(where.host(), where.port(), made));
    return made;
}

socket_address address(char const* host) { return address_of(endpoint(scheme::tcp, host, std::uint16_t{1883})); }

struct result {
    error_code               ec{};
    socket_address           to{};
    int                      calls = 0;
    std::vector<std::string> notes{};
};

// Runs a race of these addresses to its end.
result race(loop& on, std::vector<socket_address> addresses, connect_options options) {
    result      got;
    auto const  see = [&](note const& said) { got.notes.push_back(said.text()); };
    address_race attempts(on.ex(), options.observe(see));
    attempts.start(std::move(addresses), {}, [&](error_code ec, stream_socket, socket_address const& to) {
        got.ec = ec;
        got.to = to;
        ++got.calls;
    });
    CHECK(got.calls == 0);
    REQUIRE(on.run_until([&] { return got.calls > 0; }));
    on.settle();
    CHECK(got.calls == 1);
    return got;
}

} // namespace

TEST_CASE("families take turns and begin with the first address", "[transport][race]") {
    std::vector addresses{address("::1"), address("::2"), address("::3"), address("127.0.0.1"), address("127.0.0.2")};

    interleave_families(addresses);

    CHECK(addresses == std::vector{address("::1"), address("127.0.0.1"), address("::2"), address("127.0.0.2"), address("::3")});
}

TEST_CASE("an address that does not answer is overtaken by the next after the delay", "[transport][race]") {
    loop          on;
    listener      from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    deaf_listener const deaf(on, "127.0.0.2", from.local().port());

    auto const before = std::chrono::steady_clock::now();
    auto const got = race(on, {address_of(deaf.where()), address_of(from.local())}, connect_options{}.race_delay(50ms));

    CHECK_FALSE(got.ec);
    CHECK(got.to == address_of(from.local()));
    CHECK(std::chrono::steady_clock::now() - before >= 50ms);
    CHECK(got.notes.size() == 2);
}

TEST_CASE("an address that refuses is followed by the next at once", "[transport][race]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    silent_port const nobody(on, "127.0.0.2", from.local().port());

    auto const got = race(on, {address_of(nobody.where()), address_of(from.local())}, connect_options{}.race_delay(1h));

    CHECK_FALSE(got.ec);
    CHECK(got.to == address_of(from.local()));
    auto const refused = "127.0.0.2:" + std::to_string(from.local().port()) + ": Connection refused";
    CHECK(std::count(got.notes.begin(), got.notes.end(), refused) == 1);
}

TEST_CASE("without a race delay one address is tried at a time", "[transport][race]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    deaf_listener const deaf(on, "127.0.0.2", from.local().port());
    int                 calls = 0;
    {
        address_race attempts(on.ex(), connect_options{}.race_delay(0ms));
        attempts.start({address_of(deaf.where()), address_of(from.local())}, {},
                       [&](error_code, stream_socket, socket_address const&) { ++calls; });
        auto const until = std::chrono::steady_clock::now() + 100ms;
        on.io.restart();
        while (on.io.run_one_until(until) > 0) {}
        CHECK(calls == 0);
    }
    on.settle();
    CHECK(calls == 0); // given up with the race
}

TEST_CASE("when every address fails the last error is told", "[transport][race]") {
    loop              on;
    silent_port const first(on), second(on);

    auto const got = race(on, {address_of(first.where()), address_of(second.where())}, connect_options{});

    CHECK(got.ec == asio::error::connection_refused);
    CHECK(got.notes.size() == 4);
}

TEST_CASE("a race without addresses ends with its own error", "[transport][race]") {
    loop on;
    CHECK(race(on, {}, connect_options{}).ec == errc::no_address);
}
