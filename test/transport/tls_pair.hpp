// A TLS client and a TLS server in one loop, joined in memory.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include <layers.hpp>
#include <support/certificates.hpp>

#include "loop.hpp"

namespace aldis::test {

using transport::errc;
using transport::note;
using transport::tls_client_certificate;
using transport::tls_options;
using transport::tls_verification;
using transport::tls_version;

/// Every way to give an operation up.
inline constexpr std::array cancellations{asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total};

/// What an observer was told.
class diary {
public:
    transport::observer observer() {
        return [notes = notes_](note const& each) { notes->push_back(each); };
    }

    std::vector<note> const& notes() const { return *notes_; }

    std::size_t count(note::level weight) const {
        return static_cast<std::size_t>(std::count_if(notes_->begin(), notes_->end(), [weight](auto const& each) { return each.weight() == weight; }));
    }

    /// The last note of a kind; empty without.
    std::string last(note::level weight) const {
        auto const found = std::find_if(notes_->rbegin(), notes_->rend(), [weight](auto const& each) { return each.weight() == weight; });
        return found == notes_->rend() ? std::string() : found->text();
    }

    std::string failure() const { return last(note::level::failure); }

private:
    std::shared_ptr<std::vector<note>> notes_ = std::make_shared<std::vector<note>>();
};

/// Options of a server that shows `name`.pem.
inline tls_options server_with(std::string const& name) {
    return tls_options().certificate_file(certificate(name + ".pem")).key_file(certificate(name + ".key"));
}

/// Options of a client that trusts ca.
inline tls_options trusting_client() { return tls_options().ca_file(certificate("ca.pem")); }

/// ... and shows `name`.pem itself.
inline tls_options client_with(std::string const& name) {
    return trusting_client().certificate_file(certificate(name + ".pem")).key_file(certificate(name + ".key"));
}

struct tls_pair : loop {
    using wrapping = std::function<stream_ptr(stream_ptr)>;

    tls_options               client = trusting_client();
    tls_options               server = server_with("server");
    transport::endpoint       where{transport::scheme::tls, "broker.example"};
    transport::memory_options wire{};
    wrapping                  wrap_client{}, wrap_server{};
    bool                      is_web = false;

    diary          client_diary, server_diary;
    stream_outcome connected, accepted;
    stream_ptr     first, second;                                  // the client's, the server's

    /// Starts both handshakes.
    void start() {
        client_diary = {};
        server_diary = {};
        connected = {};
        accepted = {};
        first.reset();
        second.reset();
        auto [left, right] = transport::make_memory_pair(ex(), wire);
        if (wrap_client) left = wrap_client(std::move(left));
        if (wrap_server) right = wrap_server(std::move(right));
        transport::start_tls_accept(std::move(right), server, is_web, server_diary.observer(), accepted.handler());
        transport::start_tls_connect(std::move(left), where, client, client_diary.observer(), connected.handler());
    }

    /// ... and runs them to their end.
    void shake() {
        start();
        REQUIRE(run_until([&] { return connected.is_done() && accepted.is_done(); }));
        first = std::move(connected.value());
        second = std::move(accepted.value());
    }

    /// ... which must be a good one.
    void join() {
        shake();
        INFO(client_diary.failure() << " / " << server_diary.failure());
        REQUIRE_FALSE(connected.ec());
        REQUIRE_FALSE(accepted.ec());
    }

    /// Something there and something back.
    void talk() {
        CHECK_FALSE(write(*first, "ping"));
        CHECK(read(*second, 4) == "ping");
        CHECK_FALSE(write(*second, "pong"));
        CHECK(read(*first, 4) == "pong");
    }
};

} // namespace aldis::test
