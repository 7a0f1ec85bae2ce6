// The listeners, and a server behind them that echoes one byte; whoever sends none in the time that counts from accept is cut off.
#include "attack.hpp"

#include <fstream>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aldis::test {
namespace {

std::size_t memory_now() {
    std::size_t   total = 0, resident = 0;
    std::ifstream file("/proc/self/statm");
    file >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class session : public std::enable_shared_from_this<session> {
public:
    session(stream_ptr wire, milliseconds deadline, std::size_t& cut) : wire_(std::move(wire)), timer_(wire_->get_executor()), cut_(cut) {
        timer_.expires_at(wire_->facts().since + deadline);
    }

    void start() {
        timer_.async_wait([self = shared_from_this()](error_code ec) {
            if (ec) return;
            ++self->cut_;
            self->wire_->close();
        });
        wire_->async_read_some(asio::buffer(byte_), [self = shared_from_this()](error_code ec, std::size_t) {
            self->timer_.cancel();
            if (!ec) self->echo();
        });
    }

private:
    void echo() {
        piece_[0] = asio::buffer(byte_);
        wire_->async_write_some(piece_, [self = shared_from_this()](error_code, std::size_t) { self->wait_for_end(); });
    }
    void wait_for_end() {
        wire_->async_read_some(asio::buffer(byte_), [self = shared_from_this()](error_code, std::size_t) {});
    }

    stream_ptr                        wire_;
    asio::steady_timer                timer_;
    std::size_t&                      cut_;
    std::array<char, 1>               byte_{};
    std::array<asio::const_buffer, 1> piece_{};
};

class server {
public:
    server(loop& on, attack_plan const& plan) : plan_(plan), sampling_(on.io) {
        for (auto const via : listened) {
            auto const how = listen_options().tls(shows("server")).proxy_protocol(via == scheme::tcp).handshake_timeout(plan.deadline);
            auto&      made = listeners_.emplace_back(std::make_unique<listener>(on.ex()));
            if (made->open(endpoint(via, "127.0.0.1", 0), how)) return;
            accept_next(*made);
        }
        result_.memory_before = memory_now();
        sample();
    }

    port_list ports() const {
        port_list out{};
        for (std::size_t i = 0; i < listeners_.size(); ++i) out[i] = listeners_[i]->local().port();
        return out;
    }

    round_result finish() {
        for (std::size_t i = 0; i < listeners_.size(); ++i) result_.counts[i] = listeners_[i]->counts();
        result_.memory_after = memory_now();
        return result_;
    }

private:
    void accept_next(listener& from) {
        from.async_accept([this, &from](error_code ec, stream_ptr made) {
            if (ec) return;
            std::make_shared<session>(std::move(made), plan_.deadline, result_.cut_after_handshake)->start();
            accept_next(from);
        });
    }

    void sample() {
        result_.memory_peak = std::max(result_.memory_peak, memory_now());
        sampling_.expires_after(25ms);
        sampling_.async_wait([this](error_code ec) {
            if (!ec) sample();
        });
    }

    attack_plan const&                     plan_;
    asio::steady_timer                     sampling_;
    std::vector<std::unique_ptr<listener>> listeners_{};
    round_result                           result_{};
};

} // namespace

void defend_from(attack_plan const& plan, int director) {
    player attackers([&](int socket) { attack_from(plan, socket); });
    player clients([&](int socket) { use_from(plan, socket); });
    loop   on;
    server all(on, plan);

    // Everything below runs on one loop, the ends of both plays included.
    asio::local::stream_protocol::socket from_attackers(on.io, asio::local::stream_protocol(), dup(attackers.socket()));
    asio::local::stream_protocol::socket from_clients(on.io, asio::local::stream_protocol(), dup(clients.socket()));
    attack_results                       attacks{};
    service_results                      services{};
    bool                                 is_over = false, is_complete = true;
    send_value(attackers.socket(), all.ports());
    send_value(clients.socket(), all.ports());
    asio::async_read(from_attackers, asio::buffer(&attacks, sizeof attacks), [&](error_code ec, std::size_t) {
        is_complete = is_complete && !ec;
        clients.tell_end();
    });
    asio::async_read(from_clients, asio::buffer(&services, sizeof services), [&](error_code ec, std::size_t) {
        is_complete = is_complete && !ec;
        is_over = true;
    });
    while (!is_over) on.io.run_one();

    auto result = all.finish();
    result.attacks = attacks;
    result.services = services;
    result.is_complete = is_complete;
    send_value(director, result);
}

} // namespace aldis::test
