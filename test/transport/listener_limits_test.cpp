// What connections that are not through their handshake may cost: bounds in total and for each address, one deadline, few notes.
#include "listening.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <listener_handshakes.hpp>

using namespace aldis::test;
using namespace aldis::transport;
using namespace std::chrono_literals;

namespace {

enum finding : int { fine, not_open, no_shortage, not_recovered };

// With layers, and few descriptors: in a child, since the limit holds for all of a process.
struct short_of_descriptors : loop {
    listener       from{ex()};
    stream_outcome dialled, accepted;

    finding run_short() {
        if (from.open(tcp_on_loopback(), listen_options().proxy_protocol(true).pause(2ms))) return not_open;
        from.async_accept(accepted.handler());
        rlimit before{}, tight{};
        getrlimit(RLIMIT_NOFILE, &before);
        tight = before;
        int const next = dup(0);
        tight.rlim_cur = static_cast<rlim_t>(next) + 1;
        ::close(next);
        setrlimit(RLIMIT_NOFILE, &tight);

        dialled = connect(from.local());
        if (!run_until([&] { return dialled.is_done() && from.pauses() >= 3; }) || dialled.ec()) return no_shortage;

        setrlimit(RLIMIT_NOFILE, &before);
        auto const               header = proxy_header("192.0.2.1");
        asio::const_buffer const bytes(header.data(), header.size());
        io_outcome               wrote;
        dialled.value()->async_write_some(std::span(&bytes, 1), wrote.handler());
        if (!run_until([&] { return accepted.is_done(); }) || accepted.ec()) return not_recovered;
        return fine;
    }
};

} // namespace

// ---- For each address -----------------------------------------------------------------------------------------------------------------

TEST_CASE("one address has so many handshakes and its newest is closed", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options().max_handshakes_per_address(2));
    auto& first = on.dial("127.0.0.2");
    on.dial("127.0.0.2");
    REQUIRE(on.reaches(2));

    auto& third = on.dial("127.0.0.2");
    on.dial("127.0.0.3");

    CHECK(on.is_closed(third));
    CHECK(on.reaches(3));
    CHECK(on.from.counts().refused_for_address == 1);
    CHECK(on.from.counts().failed == 0);
    REQUIRE(on.notes.size() == 1);
    CHECK(on.notes[0].why() == errc::too_many_handshakes);
    CHECK(on.notes[0].text().starts_with("127.0.0.2:"));

    on.take(first).reset();
    REQUIRE(on.reaches(2));
    on.dial("127.0.0.2");
    CHECK(on.reaches(3));
}

TEST_CASE("an address is free again once its connections are taken", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options().max_handshakes_per_address(1));

    for (int round = 0; round < 3; ++round) {
        auto const client = on.join();
        CHECK(on.run_until([&] { return on.from.counts().ready == 1; }));
        on.talk(*client, *on.accept());
    }
    CHECK(on.from.counts().refused_for_address == 0);
}

TEST_CASE("behind a load balancer the address of the header counts", "[transport][listener]") {
    listening  on;
    auto const family = GENERATE(as<std::string>{}, "TCP4", "TCP6");
    bool const is_v4 = family == "TCP4";
    // The first two are the same client: whoever has an IPv6 address has all of its /64.
    std::string const one = is_v4 ? "192.0.2.1" : "2001:db8::1", same = is_v4 ? "192.0.2.1" : "2001:db8::2", other = is_v4 ? "192.0.2.2" : "2001:db8:0:1::1";
    on.open(scheme::tls, on.options().proxy_protocol(true).max_handshakes_per_address(1));
    auto& first = on.dial();
    auto& second = on.dial();
    auto& third = on.dial();
    REQUIRE(on.reaches(3));

    CHECK_FALSE(on.write(first, proxy_header(one, family)));
    CHECK_FALSE(on.write(third, proxy_header(other, family)));
    on.settle();
    CHECK_FALSE(on.write(second, proxy_header(same, family)));

    CHECK(on.is_closed(second));
    CHECK(on.from.counts().refused_for_address == 1);
    CHECK(on.from.counts().handshakes == 2);
    CHECK(on.notes.back().text().find(same) != std::string::npos);
}

// ---- In total -------------------------------------------------------------------------------------------------------------------------

TEST_CASE("above the bound on handshakes accepting waits until one ends", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options().max_handshakes(2));
    auto& first = on.dial();
    on.dial();
    auto& third = on.dial();
    REQUIRE(on.reaches(2));
    on.settle();
    CHECK(on.from.counts().accepted == 2);
    CHECK(on.from.counts().held_back == 1);

    on.take(first).reset();

    auto const client = on.result_of(on.start_tls(on.take(third)));
    on.talk(*client, *on.accept());
    CHECK(on.from.counts().accepted == 3);
}

TEST_CASE("connections that are through and not taken count too", "[transport][listener]") {
    listening on;
    on.open(scheme::tcp, on.options().proxy_protocol(true).max_handshakes(1));
    auto const first = on.join(proxy_header("192.0.2.1"));
    auto const second = on.join(proxy_header("192.0.2.2"));
    REQUIRE(on.run_until([&] { return on.from.counts().ready == 1; }));
    on.settle();
    CHECK(on.from.counts().accepted == 1);

    on.talk(*first, *on.accept());
    on.talk(*second, *on.accept());
}

TEST_CASE("the first connection that is through is the first taken", "[transport][listener]") {
    listening on;
    on.open(scheme::tcp, on.options().proxy_protocol(true));
    auto& slow = on.dial();
    REQUIRE(on.reaches(1));
    auto const quick = on.join(proxy_header("192.0.2.2"));
    auto const quick_server = on.accept();
    CHECK(quick_server->remote_name() == "192.0.2.2:4711");

    CHECK_FALSE(on.write(slow, proxy_header("192.0.2.1")));
    CHECK(on.accept()->remote_name() == "192.0.2.1:4711");
}

TEST_CASE("an accept that is cancelled loses no connection with layers", "[transport][listener]") {
    listening                 on;
    asio::cancellation_signal stop;
    stream_outcome            cancelled;
    on.open(scheme::tls, on.options());
    on.from.async_accept(asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    on.settle();

    stop.emit(asio::cancellation_type::total);
    on.run(cancelled);
    CHECK(cancelled.ec() == asio::error::operation_aborted);

    auto const client = on.join();
    on.talk(*client, *on.accept());
}

// ---- Time -----------------------------------------------------------------------------------------------------------------------------

TEST_CASE("a handshake that stands still is ended in every phase", "[transport][listener]") {
    listening on;
    struct row {
        scheme      via;
        bool        is_proxied;
        std::string said;
        phase       stuck_in;
    };
    auto const each = GENERATE(values<row>({{scheme::tcp, true, "", phase::proxy},
                                            {scheme::tcp, true, "PROXY TCP4 192", phase::proxy},
                                            {scheme::tls, false, "", phase::tls},
                                            {scheme::tls, false, "\x16\x03\x01", phase::tls},
                                            {scheme::tls, true, proxy_header("192.0.2.1"), phase::tls},
                                            {scheme::ws, false, "", phase::websocket},
                                            {scheme::ws, false, "GET /mqtt HTTP/1.1\r\nHost:", phase::websocket},
                                            {scheme::ws, true, proxy_header("192.0.2.1"), phase::websocket},
                                            {scheme::wss, false, "", phase::tls}}));
    on.open(each.via, on.options().proxy_protocol(each.is_proxied).handshake_timeout(30ms));
    stream_outcome accepted;
    on.from.async_accept(accepted.handler());
    auto const began = std::chrono::steady_clock::now();

    auto& client = on.dial();
    CHECK_FALSE(on.write(client, each.said));
    CHECK(on.is_closed(client));

    CHECK(std::chrono::steady_clock::now() - began >= 30ms);
    CHECK(on.run_until([&] { return on.from.counts().timed_out == 1; }));
    CHECK(on.from.counts().handshakes == 0);
    CHECK(on.from.counts().failed == 0);
    REQUIRE(on.notes.size() == 1);
    CHECK(on.notes[0].why() == errc::handshake_timed_out);
    CHECK(on.notes[0].step() == each.stuck_in);
    CHECK_FALSE(accepted.is_done());
}

TEST_CASE("a client that stops between TLS and WebSocket is ended too", "[transport][listener]") {
    listening on;
    on.open(scheme::wss, on.options().handshake_timeout(500ms));

    auto const client = on.result_of(on.start_tls(on.take(on.dial())));
    auto const ec = on.next_read_error(*client);

    CHECK(ec);
    CHECK(on.run_until([&] { return on.from.counts().timed_out == 1; }));
    CHECK(on.notes.back().step() == phase::websocket);
}

TEST_CASE("many handshakes expire in their order and those that came later have their time", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options().handshake_timeout(50ms));

    for (int i = 0; i < 20; ++i) on.dial("127.0.0." + std::to_string(2 + i % 5));

    CHECK(on.run_until([&] { return on.from.counts().timed_out == 20; }));
    for (auto const& each : on.clients) CHECK(on.is_closed(*each));
    CHECK(on.from.counts().handshakes == 0);
}

TEST_CASE("a client that says nothing costs a secure listener a few KB", "[transport][listener]") {
    constexpr std::size_t number = 50;
    listening             on;
    auto const            via = GENERATE(scheme::tls, scheme::wss);
    on.open(via, on.options());
    on.dial();
    REQUIRE(on.reaches(1));
    auto const before = mallinfo2().uordblks;                      // nothing, before and after, where a sanitizer has its own allocator

    for (std::size_t i = 1; i <= number; ++i) on.dial();
    REQUIRE(on.reaches(number + 1));

    CHECK(mallinfo2().uordblks - before < number * 8192);          // both ends of each
}

TEST_CASE("no deadline hits a connection that is through", "[transport][listener]") {
    listening on;
    on.open(scheme::tcp, on.options().proxy_protocol(true).handshake_timeout(100ms));
    auto const client = on.join(proxy_header("192.0.2.1"));
    REQUIRE(on.run_until([&] { return on.from.counts().ready == 1; }));

    CHECK(on.is_closed(on.dial()));

    on.talk(*client, *on.accept());
}

TEST_CASE("a handshake may take for ever where the limit is switched off", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options().handshake_timeout(0ms));
    auto& patient = on.dial();
    REQUIRE(on.reaches(1));

    auto const client = on.result_of(on.start_tls(on.take(patient)));

    on.talk(*client, *on.accept());
}

// ---- The end --------------------------------------------------------------------------------------------------------------------------

TEST_CASE("closing during handshakes ends them all and leaves no work", "[transport][listener]") {
    listening      on;
    auto const     via = GENERATE(scheme::tcp, scheme::tls, scheme::ws, scheme::wss);
    bool const     is_destroyed = GENERATE(false, true);
    bool const     is_proxied = via == scheme::tcp;
    auto           from = std::make_unique<listener>(on.ex());
    stream_outcome accepted;
    REQUIRE_FALSE(from->open(endpoint(via, "127.0.0.1", 0), on.options().proxy_protocol(is_proxied)));
    for (int i = 0; i < 3; ++i) {
        auto const dialled = on.connect(endpoint(scheme::tcp, "127.0.0.1", from->local().port()));
        on.run(dialled);
        on.clients.push_back(std::move(dialled.value()));
    }
    CHECK_FALSE(on.write(*on.clients[1], is_proxied ? "PROXY" : "G"));
    REQUIRE(on.run_until([&] { return from->counts().handshakes == 3; }));
    from->async_accept(accepted.handler());

    if (is_destroyed) from.reset();
    else from->close();
    on.run(accepted);

    CHECK(accepted.ec() == asio::error::operation_aborted);
    for (auto const& each : on.clients) CHECK(on.is_closed(*each));
    on.clients.clear();
    CHECK_FALSE(on.run_until([] { return false; }));
    CHECK(on.io.stopped());
    if (from) CHECK(from->counts().handshakes == 0);
}

TEST_CASE("connections that are through and not taken end with the listener", "[transport][listener]") {
    listening on;
    on.open(scheme::tcp, on.options().proxy_protocol(true));
    auto const client = on.join(proxy_header("192.0.2.1"));
    REQUIRE(on.run_until([&] { return on.from.counts().ready == 1; }));

    on.from.close();

    CHECK(on.is_closed(*client));
    CHECK(on.from.counts().ready == 0);
}

TEST_CASE("a loop that ends before its handshakes leaks nothing", "[transport][listener]") {
    auto const on = std::make_unique<listening>();
    on->open(scheme::wss, on->options());
    on->dial();
    on->dial();

    CHECK(on->reaches(2));
}

TEST_CASE("a listener with handshakes under way is closed and opened again", "[transport][listener]") {
    listening on;
    on.open(scheme::tls, on.options());
    on.dial();
    REQUIRE(on.reaches(1));
    on.from.close();

    on.open(scheme::tcp, on.options());

    CHECK(on.from.counts().accepted == 0);
    auto const [client, server] = on.connect_pair(on.from);
    on.talk(*client, *server);
}

// ---- Descriptors and notes ------------------------------------------------------------------------------------------------------------

TEST_CASE("a listener with layers waits while descriptors are short and recovers", "[transport][listener]") {
    auto const child = fork();
    if (child == 0) _exit(short_of_descriptors().run_short());
    int status = -1;
    waitpid(child, &status, 0);

    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == fine);
}

TEST_CASE("a flood of failures is told in few notes", "[transport][listener]") {
    std::vector<std::string> told;
    note_gate                gate([&](note const& each) { told.push_back(each.text()); });
    note_gate::time_point    now{1h};
    note const               failure(phase::tls, note::level::failure, "failed", errc::tls_failed);

    for (int i = 0; i < 1000; ++i) gate.tell(failure, now);
    CHECK(told.size() == note_gate::per_second);
    gate.tell(failure, now + 999ms);
    CHECK(told.size() == note_gate::per_second);

    gate.tell(failure, now + 1s);
    REQUIRE(told.size() == note_gate::per_second + 2);
    CHECK(told[note_gate::per_second] == "981 more notes were left out");
    gate.tell(failure, now + 10s);
    CHECK(told.size() == note_gate::per_second + 3);
}
