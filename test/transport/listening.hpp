// A listener under test, what it tells, and clients that go through its layers, or do not.
#pragma once

#include <algorithm>
#include <vector>

#include <layers.hpp>
#include <support/certificates.hpp>

#include "loop.hpp"

namespace aldis::test {

using transport::endpoint;
using transport::errc;
using transport::listen_options;
using transport::listener;
using transport::note;
using transport::phase;
using transport::scheme;
using transport::tls_options;

/// Options of a server that shows `name`.pem, and of a client that trusts ca.
inline tls_options shows(std::string const& name) {
    return tls_options().certificate_file(certificate(name + ".pem")).key_file(certificate(name + ".key"));
}
inline tls_options trusts() { return tls_options().ca_file(certificate("ca.pem")); }

struct listening : loop {
    std::vector<note>       notes{};
    listener                from{ex()};
    std::vector<stream_ptr> clients{};

    listen_options options() {
        return listen_options().tls(shows("server")).observe([this](note const& each) { notes.push_back(each); });
    }

    void open(scheme via, listen_options const& how) {
        auto const ec = from.open(endpoint(via, "127.0.0.1", 0), how);
        INFO((notes.empty() ? "" : notes.back().text()));
        REQUIRE_FALSE(ec);
    }

    /// A connection to the listener's socket, without layers, from this address of the loopback network. It is kept in `clients`.
    stream& dial(std::string const& source = "127.0.0.1") {
        auto const where = from.local().via() == scheme::local ? from.local() : endpoint(scheme::tcp, "127.0.0.1", from.local().port());
        auto const done = connect(where, transport::connect_options().local_address(where.via() == scheme::local ? "" : source));
        run(done);
        REQUIRE_FALSE(done.ec());
        clients.push_back(std::move(done.value()));
        return *clients.back();
    }

    /// Takes a client's place in `clients`, to put a layer on it or to drop it.
    stream_ptr take(stream& which) {
        auto const at = std::find_if(clients.begin(), clients.end(), [&](auto const& each) { return each.get() == &which; });
        auto       out = std::move(*at);
        clients.erase(at);
        return out;
    }

    stream_outcome start_tls(stream_ptr over, tls_options const& how = trusts()) {
        stream_outcome done;
        transport::start_tls_connect(std::move(over), endpoint(from.local().via(), "127.0.0.1"), how, {}, done.handler());
        return done;
    }
    stream_outcome start_web(stream_ptr over) {
        stream_outcome done;
        transport::start_websocket_connect(std::move(over), from.local(), {}, {}, done.handler());
        return done;
    }
    stream_ptr result_of(stream_outcome const& done) {
        run(done);
        REQUIRE_FALSE(done.ec());
        return std::move(done.value());
    }

    /// A client that has all the layers of the listener.
    stream_ptr join(std::string const& proxy_header = {}) {
        auto       over = take(dial());
        auto const via = from.local().via();
        if (!proxy_header.empty()) CHECK_FALSE(write(*over, proxy_header));
        if (via == scheme::tls || via == scheme::wss) over = result_of(start_tls(std::move(over)));
        if (via == scheme::ws || via == scheme::wss) over = result_of(start_web(std::move(over)));
        return over;
    }

    stream_ptr accept() {
        stream_outcome accepted;
        from.async_accept(accepted.handler());
        return result_of(accepted);
    }

    void talk(stream& client, stream& server) {
        CHECK_FALSE(write(client, "ping"));
        CHECK(read(server, 4) == "ping");
        CHECK_FALSE(write(server, "pong"));
        CHECK(read(client, 4) == "pong");
    }

    /// Whether the listener has this many handshakes under way, now or after handlers have run.
    bool reaches(std::size_t handshakes) {
        return run_until([&] { return from.counts().handshakes == handshakes; });
    }

    /// Whether the other end closes this connection, in whatever way.
    bool is_closed(stream& client) {
        auto const ec = next_read_error(client);
        return ec == asio::error::eof || ec == asio::error::connection_reset;
    }
};

/// A PROXY header, version 1, that names a client.
inline std::string proxy_header(std::string const& client, std::string const& family = "TCP4") {
    return "PROXY " + family + ' ' + client + (family == "TCP4" ? " 127.0.0.1" : " ::1") + " 4711 1883\r\n";
}

} // namespace aldis::test
