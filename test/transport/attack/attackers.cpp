// Those who connect and then keep the listener waiting, each in its way, from addresses all over 127.0.0.0/8.
#include "attack.hpp"

#include <boost/asio/steady_timer.hpp>

#include <aldis/transport/memory.hpp>

namespace aldis::test {
namespace {

using clock = std::chrono::steady_clock;

std::string const half_request = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n";

// What a TLS client of ours says first; ALPN differs.
std::string client_hello(scheme via) {
    loop on;
    auto [near, far] = transport::make_memory_pair(on.ex());
    stream_outcome secured;
    transport::start_tls_connect(std::move(near), endpoint(via, "localhost"), trusts(), {}, secured.handler());
    std::string room(65536, '\0');
    auto const  got = on.read_some(*far, room);
    on.run_until([&] { return got.is_done(); });
    return room.substr(0, got.value());
}

std::string words_of(attack_group const& group) {
    bool const is_tls = group.via == scheme::tls || group.via == scheme::wss;
    auto const hello = is_tls ? client_hello(group.via) : std::string();
    switch (group.how) {
        case attack::silent: return {};
        case attack::hello: return hello;
        case attack::upgrade_begun: return half_request;
        case attack::upgraded: return half_request + "\r\n";
        case attack::trickle: return is_tls ? hello : group.via == scheme::tcp ? proxy_header("192.0.2.1") : half_request;
    }
    return {};
}

struct attacker : std::enable_shared_from_this<attacker> {
    attack_group                 group{};
    std::string                  words{};
    attack_result*               result = nullptr;
    std::size_t*                 left = nullptr;
    stream_ptr                   wire{};
    clock::time_point            connected{};
    std::size_t                  said = 0;
    bool                         is_saying = false;
    std::array<char, 512>        room{};
    std::array<asio::const_buffer, 1> piece{};

    void start(asio::any_io_executor const& ex, std::uint16_t port, std::string const& source) {
        auto const how = transport::connect_options().local_address(source).timeout(120s);
        transport::async_connect(ex, endpoint(scheme::tcp, "127.0.0.1", port), how, [self = shared_from_this()](error_code ec, stream_ptr made) {
            if (ec) return self->end();
            ++self->result->connected;
            self->connected = clock::now();
            if (self->group.via == scheme::wss && self->group.how == attack::upgrade_begun) return self->secure(std::move(made));
            self->begin(std::move(made));
        });
    }

    void secure(stream_ptr over) {
        transport::start_tls_connect(std::move(over), endpoint(scheme::wss, "localhost"), trusts(), {}, [self = shared_from_this()](error_code ec, stream_ptr made) {
            if (ec) return self->end();
            self->begin(std::move(made));
        });
    }

    void begin(stream_ptr made) {
        wire = std::move(made);
        if (group.how != attack::trickle) say(words.size());
        read();
    }

    // Goes on until so many bytes are said.
    void say(std::size_t until) {
        if (!wire || is_saying || said >= until) return;
        is_saying = true;
        piece[0] = asio::buffer(words.data() + said, until - said);
        wire->async_write_some(piece, [self = shared_from_this(), until](error_code ec, std::size_t n) {
            self->is_saying = false;
            self->said += n;
            if (!ec) self->say(until);
        });
    }

    // Whatever the listener answers, it is the end that is waited for.
    void read() {
        wire->async_read_some(asio::buffer(room), [self = shared_from_this()](error_code ec, std::size_t) {
            if (!ec) return self->read();
            self->end();
        });
    }

    void end() {
        if (connected != clock::time_point()) {
            ++result->closed;
            result->last_closed = std::max(result->last_closed, std::chrono::duration<double>(clock::now() - connected).count());
        }
        wire.reset();
        --*left;
    }
};

struct dripper {
    asio::steady_timer                     timer;
    milliseconds                           pace;
    std::vector<std::shared_ptr<attacker>> all{};

    void drip() {
        timer.expires_after(pace);
        timer.async_wait([this](error_code ec) {
            if (ec) return;
            for (auto const& each : all)
                if (each->group.how == attack::trickle) each->say(std::min(each->said + 1, each->words.size()));
            drip();
        });
    }
};

std::string source_of(std::size_t group, std::size_t number) {
    auto const address = number / 4;
    return "127." + std::to_string(16 + group) + '.' + std::to_string(address / 200) + '.' + std::to_string(1 + address % 200);
}

} // namespace

void attack_from(attack_plan const& plan, int director) {
    port_list ports{};
    if (!receive_value(director, ports)) return;

    loop           on;
    attack_results results{};
    std::size_t    left = plan.groups.size() * plan.sockets;
    dripper        slow{asio::steady_timer(on.io), plan.trickle};
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
        auto const words = words_of(plan.groups[g]);
        for (std::size_t i = 0; i < plan.sockets; ++i) {
            auto const one = std::make_shared<attacker>();
            one->group = plan.groups[g];
            one->words = words;
            one->result = &results[g];
            one->left = &left;
            slow.all.push_back(one);
            one->start(on.ex(), ports[number_of(one->group.via)], source_of(g, i));
        }
    }
    slow.drip();
    while (left > 0) on.io.run_one();
    send_value(director, results);
}

} // namespace aldis::test
