// Dialling: what connects, what does not and why, deadlines, cancellation at every stage.
#include "ports.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace aldis::test;
using namespace aldis::transport;
using namespace std::chrono_literals;

TEST_CASE("a refused connection says so", "[transport][connect]") {
    loop              on;
    silent_port const nobody(on);

    auto const done = on.connect(nobody.where());
    on.run(done);

    CHECK(done.ec() == asio::error::connection_refused);
    CHECK(done.value() == nullptr);
}

TEST_CASE("a name that does not exist is the resolver's error", "[transport][connect]") {
    loop on;

    // A label of more than 63 characters fails without asking a server.
    auto const done = on.connect(endpoint(scheme::tcp, std::string(64, 'a') + ".example"));
    on.run(done);

    CHECK(done.ec());
    CHECK(done.ec().category() == asio::error::get_netdb_category());
    CHECK(done.value() == nullptr);
}

TEST_CASE("localhost is resolved and every address is tried", "[transport][connect]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    stream_outcome accepted;
    from.async_accept(accepted.handler());

    // Where localhost is ::1 first, that address refuses and 127.0.0.1 follows.
    auto const done = on.connect(endpoint(scheme::tcp, "localhost", from.local().port()));
    on.run(done);
    on.run(accepted);

    REQUIRE_FALSE(done.ec());
    CHECK(done.value()->remote_name() == "127.0.0.1:" + std::to_string(from.local().port()));
}

TEST_CASE("IPv6 connects and prints in brackets", "[transport][connect]") {
    loop       on;
    listener   from(on.ex());
    auto const failed = from.open(parse_endpoint("mqtt://[::1]:0").value());
    if (failed == boost::system::errc::address_not_available || failed == boost::system::errc::address_family_not_supported) {
        WARN("this machine has no IPv6: " << failed.message());
        return;
    }
    REQUIRE_FALSE(failed);

    auto const [first, second] = on.connect_pair(from);

    CHECK(first->remote_name() == "[::1]:" + std::to_string(from.local().port()));
    CHECK(second->remote_name().starts_with("[::1]:"));
    CHECK_FALSE(on.write(*first, "six"));
    CHECK(on.read(*second, 3) == "six");
}

TEST_CASE("a connection that does not come about ends at its deadline", "[transport][connect]") {
    loop                on;
    auto const          before = std::chrono::steady_clock::now();
    deaf_listener const deaf(on);

    CHECK(deaf.last_error() == errc::timed_out);
    CHECK(deaf.last_error() == boost::system::errc::timed_out);
    CHECK(deaf.last_error() != make_error_code(boost::system::errc::timed_out));
    CHECK(std::chrono::steady_clock::now() - before >= 200ms);
}

TEST_CASE("connecting is cancelled at every stage", "[transport][connect]") {
    loop                      on;
    deaf_listener const       deaf(on);
    asio::cancellation_signal stop;
    stream_outcome            done;
    auto const                type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
    auto const                start = [&](endpoint const& where) {
        async_connect(on.ex(), where, connect_options{}.timeout(0ms), asio::bind_cancellation_slot(stop.slot(), done.handler()));
    };

    SECTION("while it resolves") { start(endpoint(scheme::tcp, "localhost", deaf.where().port())); }
    SECTION("before it has run") { start(deaf.where()); }
    SECTION("while it connects") {
        start(deaf.where());
        on.settle();
    }
    stop.emit(asio::cancellation_type::none);
    on.settle();
    REQUIRE_FALSE(done.is_done());
    stop.emit(type);
    CHECK_FALSE(done.is_done());
    stop.emit(type);
    on.run(done);

    CHECK(done.ec() == asio::error::operation_aborted);
    CHECK(done.value() == nullptr);
    stop.emit(type);
    on.io.run();
    CHECK(done.calls() == 1);
}

TEST_CASE("a cancellation after the end of connecting finds nothing to cancel", "[transport][connect]") {
    loop                      on;
    listener                  from(on.ex());
    asio::cancellation_signal stop;
    stream_outcome            done;
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    async_connect(on.ex(), from.local(), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
    on.run(done);

    stop.emit(asio::cancellation_type::all);

    CHECK_FALSE(done.ec());
    CHECK_FALSE(on.write(*done.value(), "x"));
}

TEST_CASE("what cannot be dialled is refused with its own error", "[transport][connect]") {
    struct row {
        char const*     what;
        endpoint        where;
        connect_options options;
        error_code      expected;
    };
    std::string const null_in_name("local\0host", 10);
    proxy_options const proxy(proxy_options::kind::socks5, "127.0.0.1", 1080);
    row const         rows[] = {
        {"a unix socket through a proxy", local_endpoint("/tmp/x"), connect_options{}.proxy(proxy), errc::scheme_not_supported},
        {"SRV records through a proxy", endpoint(scheme::tcp, "localhost"), connect_options{}.proxy(proxy).service_lookup(true),
         errc::scheme_not_supported},
        {"SRV records for WebSocket", endpoint(scheme::ws, "localhost"), connect_options{}.service_lookup(true), errc::scheme_not_supported},
        {"empty host", endpoint(scheme::tcp, ""), {}, asio::error::invalid_argument},
        {"null in the host", endpoint(scheme::tcp, null_in_name), {}, asio::error::invalid_argument},
        {"empty path", local_endpoint(""), {}, asio::error::invalid_argument},
        {"null in the path", local_endpoint(std::string("/tmp/\0x", 7)), {}, asio::error::invalid_argument},
        {"long path", local_endpoint("/" + std::string(200, 'x')), {}, errc::path_too_long},
        {"no such socket", local_endpoint("/nonexistent/socket"), {}, system_error_code(ENOENT)},
        {"local address is a name", endpoint(scheme::tcp, "127.0.0.1"), connect_options{}.local_address("localhost"), asio::error::invalid_argument},
        {"no address of that family", endpoint(scheme::tcp, "127.0.0.1"), connect_options{}.local_address("::1"), errc::no_address},
        {"not our address", endpoint(scheme::tcp, "127.0.0.1"), connect_options{}.local_address("192.0.2.1"),
         system_error_code(EADDRNOTAVAIL)},
    };

    for (auto const& each : rows) {
        CAPTURE(each.what);
        loop       on;
        auto const done = on.connect(each.where, each.options);
        CHECK_FALSE(done.is_done());
        on.run(done);
        CHECK(done.ec() == each.expected);
        CHECK(done.value() == nullptr);
    }
}

TEST_CASE("a connection comes from the local address that was asked for", "[transport][connect]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    stream_outcome accepted;
    from.async_accept(accepted.handler());

    auto const done = on.connect(from.local(), connect_options{}
                                                      .local_address("127.0.0.2")
                                                      .keep_alive(tcp_keep_alive{})
                                                      .no_delay(false)
                                                      .timeout(connect_options::duration::max()));
    on.run(done);
    on.run(accepted);

    REQUIRE_FALSE(accepted.ec());
    CHECK(accepted.value()->remote_name().starts_with("127.0.0.2:"));
}

TEST_CASE("many connections are dialled at once", "[transport][connect]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    std::vector<stream_outcome> dialled;
    for (int i = 0; i < 50; ++i) dialled.push_back(on.connect(from.local()));

    for (auto const& each : dialled) {
        stream_outcome accepted;
        from.async_accept(accepted.handler());
        on.run(accepted);
        CHECK_FALSE(accepted.ec());
        on.run(each);
        CHECK_FALSE(each.ec());
    }
}

TEST_CASE("a connection attempt that never ends is freed with the event loop", "[transport][connect]") {
    auto const token = std::make_shared<int>();
    {
        loop                on;
        deaf_listener const deaf(on);
        async_connect(on.ex(), deaf.where(), {}, [token](error_code, stream_ptr) {});
        on.settle();
        CHECK(token.use_count() == 2);
    }
    CHECK(token.use_count() == 1);
}
