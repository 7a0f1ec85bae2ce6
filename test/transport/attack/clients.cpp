// Those who come with good intentions: one after the other, to each listener in turn, until the attack is over.
#include "attack.hpp"

#include <boost/asio/steady_timer.hpp>

namespace aldis::test {
namespace {

using clock = std::chrono::steady_clock;

struct good_client : loop {
    port_list ports{};

    // Whether it got its byte back. No assertion of the test framework runs in this process.
    bool is_served(scheme via) {
        stream_ptr over;
        if (!arrives(connect(endpoint(scheme::tcp, "127.0.0.1", ports[number_of(via)])), over)) return false;
        stream_outcome secured, web;
        if (via == scheme::tls || via == scheme::wss) {
            transport::start_tls_connect(std::move(over), endpoint(via, "localhost"), trusts(), {}, secured.handler());
            if (!arrives(secured, over)) return false;
        }
        if (via == scheme::ws || via == scheme::wss) {
            transport::start_websocket_connect(std::move(over), endpoint(via, "localhost"), {}, {}, web.handler());
            if (!arrives(web, over)) return false;
        }
        return echoes(*over, via == scheme::tcp ? proxy_header("192.0.2.9") + 'x' : "x");
    }

    void rest() {
        bool               is_over = false;
        asio::steady_timer timer(io, 20ms);
        timer.async_wait([&](error_code) { is_over = true; });
        run_until([&] { return is_over; });
    }

private:
    bool arrives(stream_outcome const& done, stream_ptr& into) {
        if (!run_until([&] { return done.is_done(); }) || done.ec()) return false;
        into = std::move(done.value());
        return true;
    }

    bool echoes(stream& over, std::string const& said) {
        asio::const_buffer const piece(said.data(), said.size());
        std::string              room(1, '\0');
        io_outcome               wrote;
        over.async_write_some(std::span(&piece, 1), wrote.handler());
        auto const got = read_some(over, room);
        run_until([&] { return wrote.is_done() && got.is_done(); });
        return !got.ec() && room == "x";
    }
};

bool is_over(int director) {
    char byte = 0;
    return ::recv(director, &byte, 1, MSG_DONTWAIT) == 0;
}

double quantile(std::vector<double>& sorted, double which) {
    return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(which * static_cast<double>(sorted.size() - 1))];
}

} // namespace

void use_from(attack_plan const& plan, int director) {
    good_client                                        one;
    service_results                                    results{};
    std::array<std::vector<double>, listened.size()> times{};
    if (!receive_value(director, one.ports)) return;
    do {
        for (std::size_t i = 0; i < listened.size(); ++i) {
            auto const began = clock::now();
            bool const is_served = one.is_served(listened[i]);
            auto const took = clock::now() - began;
            if (is_served) times[i].push_back(std::chrono::duration<double, std::milli>(took).count());
            else if (took < plan.deadline) ++results[i].failed;
        }
        one.rest();
    } while (!is_over(director));

    for (std::size_t i = 0; i < listened.size(); ++i) {
        std::sort(times[i].begin(), times[i].end());
        results[i].served = times[i].size();
        results[i].p50 = quantile(times[i], 0.5);
        results[i].p99 = quantile(times[i], 0.99);
    }
    send_value(director, results);
}

} // namespace aldis::test
