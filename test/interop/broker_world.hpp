// A mosquitto of the test's own, and a loop for clients of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <lib/world.hpp>

#include "process.hpp"

namespace aldis::test {

/// A mosquitto of our own on a free loopback port, and a loop for clients of it.
class broker_world : public world {
public:
    broker_world() {
        REQUIRE(std::string_view(ALDIS_MOSQUITTO).find("NOTFOUND") == std::string_view::npos);
        for (int attempt = 0; attempt < 5 && !is_up(); ++attempt) start(free_port());
        REQUIRE(is_up());
    }

    std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
    std::string port() const { return std::to_string(port_); }

    connect_options options(std::string id, protocol version) const { return connect_options{uri()}.client_id(std::move(id)).version(version); }

    connect_result dial(client& c) {
        connect_outcome done;
        c.async_connect(done.handler());
        run(done);
        INFO(done.ec().message());
        REQUIRE_FALSE(done.ec());
        return done.value();
    }

    /// Ends it; it forgets every session.
    void stop() { mosquitto_.reset(); }
    /// On the same port.
    void start_again() {
        for (int attempt = 0; attempt < 5 && !is_up(); ++attempt) start(port_);
        REQUIRE(is_up());
    }

    /// Serves clients until a program of somebody else's has ended.
    void run_until_ended(process& other) {
        for (int i = 0; i < 3'000 && !other.has_ended(); ++i) pause();
        REQUIRE(other.has_ended());
    }

private:
    void pause() {
        asio::steady_timer  next(io, 20ms);
        outcome<error_code> again;
        next.async_wait(again.handler());
        run(again);
    }

    bool is_up() {
        if (!mosquitto_ || mosquitto_->has_ended()) return false;
        client          c(io, options("probe", protocol::v3_1_1));
        connect_outcome done;
        c.async_connect(done.handler());
        run(done);
        if (!done.ec()) disconnect(c);
        return !done.ec();
    }

    /// Starts it, and waits until it listens or has ended because somebody else took the port.
    void start(std::uint16_t port) {
        port_ = port;
        auto const file = folder_.path / "mosquitto.conf";
        std::ofstream(file) << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n";
        mosquitto_.reset();
        mosquitto_ = std::make_unique<process>(std::vector<std::string>{ALDIS_MOSQUITTO, "-c", file.string()});
        for (int i = 0; i < 500 && !mosquitto_->has_ended() && !is_up(); ++i) pause();
    }

    scratch_folder           folder_{};
    std::uint16_t            port_ = 0;
    std::unique_ptr<process> mosquitto_{};
};

} // namespace aldis::test
