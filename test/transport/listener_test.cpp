// Listeners: ports and paths, cancellation, and the day the file descriptors run out.
#include "loop.hpp"

#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/stream_protocol.hpp>

using namespace aldis::test;
using namespace aldis::transport;
using namespace std::chrono_literals;

namespace {

// What the child of a fork finds wrong, by number; 0 when all is well. No assertion of the test framework runs in the child.
enum finding : int { fine, no_pair, no_shortage, it_spins, session_broken, not_recovered, wrong_error };

void limit_descriptors(rlim_t highest) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = highest;
    setrlimit(RLIMIT_NOFILE, &limit);
}

rlim_t next_descriptor() {
    int const next = dup(0);
    close(next);
    return static_cast<rlim_t>(next);
}

struct short_of_descriptors : loop {
    listener       from{ex()};
    stream_outcome first, first_accepted, second, second_accepted;

    finding run_short() {
        rlimit before{};
        getrlimit(RLIMIT_NOFILE, &before);
        if (auto const ec = from.open(tcp_on_loopback(), listen_options{}.pause(2ms))) return no_pair;
        from.async_accept(first_accepted.handler());
        first = connect(from.local());
        second = connect(from.local());
        if (!run_until([&] { return first.is_done() && first_accepted.is_done() && second.is_done(); })) return no_pair;
        if (first.ec() || first_accepted.ec() || second.ec()) return no_pair;

        limit_descriptors(next_descriptor());
        from.async_accept(second_accepted.handler());
        std::size_t handlers = 0;
        bool const  rested = run_until([&] { return ++handlers, from.pauses() >= 5; });
        if (!rested || second_accepted.is_done()) return no_shortage;
        if (handlers > 30) return it_spins;
        if (!echoes()) return session_broken;

        setrlimit(RLIMIT_NOFILE, &before);
        if (!run_until([&] { return second_accepted.is_done(); }) || second_accepted.ec()) return not_recovered;
        return fine;
    }

    // Whether the connection that was there before still works. Without assertions, unlike read() and write().
    bool echoes() {
        std::string              room(1, '\0');
        asio::const_buffer const byte("x", 1);
        io_outcome               wrote;
        auto const               got = read_some(*first_accepted.value(), room);
        first.value()->async_write_some(std::span(&byte, 1), wrote.handler());
        return run_until([&] { return wrote.is_done() && got.is_done(); }) && room == "x";
    }
};

template <class Body>
int in_child(Body body) {
    auto const child = fork();
    if (child == 0) _exit(body());
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_there(std::string const& path) { return access(path.c_str(), F_OK) == 0; }

} // namespace

TEST_CASE("a listener on port 0 finds a free port and tells it", "[transport][listener]") {
    loop     on;
    listener first(on.ex()), second(on.ex());

    REQUIRE_FALSE(first.open(tcp_on_loopback()));
    REQUIRE_FALSE(second.open(tcp_on_loopback()));

    CHECK(first.is_open());
    CHECK(first.local().port() != 0);
    CHECK(first.local().port() != second.local().port());
    CHECK(to_string(first.local()) == "mqtt://127.0.0.1:" + std::to_string(first.local().port()));
    CHECK(first.get_executor() == on.ex());
    CHECK(first.open(tcp_on_loopback()) == asio::error::already_open);
}

TEST_CASE("a listener on every interface accepts IPv4 and names the peer so", "[transport][listener]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(endpoint(scheme::tcp, GENERATE(as<std::string>{}, "", "*", "0.0.0.0"), 0)));
    stream_outcome accepted;
    from.async_accept(accepted.handler());

    auto const done = on.connect(endpoint(scheme::tcp, "127.0.0.1", from.local().port()));
    on.run(done);
    on.run(accepted);

    REQUIRE_FALSE(accepted.ec());
    CHECK(accepted.value()->remote_name().starts_with("127.0.0.1:"));
}

TEST_CASE("a listener takes a name", "[transport][listener]") {
    loop     on;
    listener from(on.ex());

    REQUIRE_FALSE(from.open(endpoint(scheme::tcp, "localhost", 0)));

    auto const done = on.connect(from.local());
    on.run(done);
    CHECK_FALSE(done.ec());
}

TEST_CASE("what cannot be listened on is refused and nothing stays open", "[transport][listener]") {
    loop     on;
    listener other(on.ex());
    REQUIRE_FALSE(other.open(tcp_on_loopback()));
    struct row {
        char const* what;
        endpoint    where;
        error_code  expected;
    };
    row const rows[] = {
        {"port in use", other.local(), asio::error::address_in_use},
        {"null in the host", endpoint(scheme::tcp, std::string("a\0b", 3), 0), asio::error::invalid_argument},
        {"not our address", endpoint(scheme::tcp, "192.0.2.1", 0), system_error_code(EADDRNOTAVAIL)},
        {"long path", local_endpoint("/" + std::string(200, 'x')), errc::path_too_long},
        {"no folder", local_endpoint("/nonexistent/socket"), system_error_code(ENOENT)},
    };

    for (auto const& each : rows) {
        CAPTURE(each.what);
        listener from(on.ex());
        CHECK(from.open(each.where) == each.expected);
        CHECK_FALSE(from.is_open());
    }
    listener   from(on.ex());
    auto const unknown = from.open(endpoint(scheme::tcp, std::string(64, 'a') + ".example", 0));
    CHECK(unknown.category() == asio::error::get_netdb_category());
}

TEST_CASE("accepting on a listener that is not open fails", "[transport][listener]") {
    loop           on;
    listener       from(on.ex());
    stream_outcome accepted;

    from.async_accept(accepted.handler());
    on.run(accepted);

    CHECK(accepted.ec() == asio::error::bad_descriptor);
}

TEST_CASE("accepting ends when the listener is closed or destroyed or the wait is cancelled", "[transport][listener]") {
    loop                      on;
    auto                      from = std::make_unique<listener>(on.ex());
    asio::cancellation_signal stop;
    stream_outcome            accepted;
    REQUIRE_FALSE(from->open(tcp_on_loopback()));
    from->async_accept(asio::bind_cancellation_slot(stop.slot(), accepted.handler()));
    on.settle();
    CHECK_FALSE(accepted.is_done());

    SECTION("closed") { from->close(); }
    SECTION("destroyed") { from.reset(); }
    SECTION("cancelled") { stop.emit(asio::cancellation_type::total); }
    CHECK_FALSE(accepted.is_done());
    on.run(accepted);

    CHECK(accepted.ec() == asio::error::operation_aborted);
    CHECK(accepted.value() == nullptr);
    stop.emit(asio::cancellation_type::total);
    on.settle();
    CHECK(accepted.calls() == 1);
}

TEST_CASE("a connection that waits while its accept is cancelled goes to the next one", "[transport][listener]") {
    loop                      on;
    listener                  from(on.ex());
    asio::cancellation_signal stop;
    stream_outcome            cancelled, accepted;
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    auto const dialled = on.connect(from.local());
    on.run(dialled);

    from.async_accept(asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    stop.emit(asio::cancellation_type::total);
    on.run(cancelled);
    if (cancelled.ec()) from.async_accept(accepted.handler());
    else accepted = cancelled;
    on.run(accepted);

    REQUIRE_FALSE(accepted.ec());
    CHECK_FALSE(on.write(*dialled.value(), "x"));
    CHECK(on.read(*accepted.value(), 1) == "x");
}

TEST_CASE("a cancelled accept leaves the listener working", "[transport][listener]") {
    loop                      on;
    listener                  from(on.ex());
    asio::cancellation_signal stop;
    stream_outcome            accepted;
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    from.async_accept(asio::bind_cancellation_slot(stop.slot(), accepted.handler()));
    stop.emit(asio::cancellation_type::terminal);
    on.run(accepted);

    auto const [first, second] = on.connect_pair(from);

    CHECK_FALSE(on.write(*first, "x"));
    CHECK(on.read(*second, 1) == "x");
}

TEST_CASE("a second accept at the same time is refused and the first stays", "[transport][listener]") {
    loop           on;
    listener       from(on.ex());
    stream_outcome first, second;
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    from.async_accept(first.handler());
    from.async_accept(second.handler());
    on.run(second);
    CHECK(second.ec() == asio::error::already_started);

    auto const done = on.connect(from.local());
    on.run(first);
    CHECK_FALSE(first.ec());
}

TEST_CASE("a listener is opened again after it was closed", "[transport][listener]") {
    loop     on;
    listener from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    auto const port = from.local().port();
    from.close();

    REQUIRE_FALSE(from.open(endpoint(scheme::tcp, "127.0.0.1", port)));

    CHECK(on.connect_pair(from).first != nullptr);
}

TEST_CASE("a unix socket is made and removed with its listener", "[transport][listener]") {
    loop           on;
    scratch_folder folder;
    {
        listener from(on.ex());
        REQUIRE_FALSE(from.open(local_endpoint(folder.file())));
        CHECK(is_there(folder.file()));
        CHECK(to_string(from.local()) == "unix://" + folder.file());
    }
    CHECK_FALSE(is_there(folder.file()));
}

TEST_CASE("a unix socket has the permissions that were asked for whatever the umask", "[transport][listener]") {
    loop           on;
    scratch_folder folder;
    listener       from(on.ex());
    auto const     mode = GENERATE(0600u, 0660u, 0777u);
    auto const     before = umask(GENERATE(as<mode_t>{}, 0, 077));
    auto const     ec = from.open(local_endpoint(folder.file()), listen_options{}.permissions(mode));
    umask(before);

    REQUIRE_FALSE(ec);
    struct stat info {};
    REQUIRE(stat(folder.file().c_str(), &info) == 0);
    CHECK((info.st_mode & 07777u) == mode);
    CHECK(on.connect_pair(from).first != nullptr);
}

TEST_CASE("permissions that are none are refused and leave no file", "[transport][listener]") {
    loop           on;
    scratch_folder folder;
    listener       from(on.ex());

    CHECK(from.open(local_endpoint(folder.file()), listen_options{}.permissions(01777u)) == asio::error::invalid_argument);
    CHECK_FALSE(is_there(folder.file()));
}

TEST_CASE("a unix socket left behind is replaced but one in use is not", "[transport][listener]") {
    loop           on;
    scratch_folder folder;
    {
        // Closing this one does not remove the path, as when a process is killed.
        asio::local::stream_protocol::acceptor const killed(on.io, folder.file());
    }
    CHECK(is_there(folder.file()));

    listener first(on.ex()), second(on.ex());
    REQUIRE_FALSE(first.open(local_endpoint(folder.file())));
    CHECK(second.open(local_endpoint(folder.file())) == asio::error::address_in_use);
    second.close();
    CHECK(is_there(folder.file()));
    CHECK(on.connect_pair(first).first != nullptr);
}

TEST_CASE("a file that is no socket is never replaced nor removed", "[transport][listener]") {
    loop           on;
    scratch_folder folder;
    std::ofstream(folder.file()) << "precious";
    {
        listener from(on.ex());
        CHECK(from.open(local_endpoint(folder.file())) == asio::error::address_in_use);
    }
    CHECK(is_there(folder.file()));
}

TEST_CASE("accepting waits while descriptors are short and recovers", "[transport][listener]") {
    CHECK(in_child([] { return short_of_descriptors().run_short(); }) == fine);
}

TEST_CASE("accepting is cancelled while it waits for descriptors", "[transport][listener]") {
    auto const outcome = in_child([]() -> int {
        loop           on;
        listener       from(on.ex());
        stream_outcome accepted;
        if (from.open(tcp_on_loopback(), listen_options{}.pause(1h))) return no_pair;
        auto const dialled = on.connect(from.local());
        if (!on.run_until([&] { return dialled.is_done(); })) return no_pair;
        limit_descriptors(next_descriptor());
        from.async_accept(accepted.handler());
        if (!on.run_until([&] { return from.pauses() == 1; })) return no_shortage;

        from.close();

        if (!on.run_until([&] { return accepted.is_done(); })) return not_recovered;
        return accepted.ec() == asio::error::operation_aborted ? fine : wrong_error;
    });

    CHECK(outcome == fine);
}
