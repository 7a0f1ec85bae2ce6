// Places to connect to that do not answer, or only with a refusal.
#pragma once

#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "loop.hpp"

namespace aldis::test {

using asio::ip::tcp;

// A listening socket that nobody accepts from, with its queue full: a further connection neither succeeds nor fails.
class deaf_listener {
public:
    explicit deaf_listener(loop& on, char const* address = "127.0.0.1", std::uint16_t port = 0) : acceptor_(on.io, tcp::v4()) {
        acceptor_.bind({asio::ip::make_address(address), port});
        acceptor_.listen(0);
        for (int attempt = 0; attempt < 64; ++attempt) {
            auto const done = on.connect(where(), transport::connect_options{}.timeout(std::chrono::milliseconds(200)));
            on.run(done);
            last_error_ = done.ec();
            if (last_error_) return;
            queued_.push_back(std::move(done.value()));
        }
    }

    transport::endpoint where() const {
        auto const at = acceptor_.local_endpoint();
        return transport::endpoint(transport::scheme::tcp, at.address().to_string(), at.port());
    }
    error_code last_error() const { return last_error_; }

private:
    tcp::acceptor           acceptor_;
    std::vector<stream_ptr> queued_;
    error_code              last_error_;
};

// A port on which nobody listens, held so that nobody else gets it.
struct silent_port {
    explicit silent_port(loop& on, char const* address = "127.0.0.1", std::uint16_t port = 0) : socket(on.io, tcp::v4()) {
        socket.bind({asio::ip::make_address(address), port});
    }
    transport::endpoint where() const {
        auto const at = socket.local_endpoint();
        return transport::endpoint(transport::scheme::tcp, at.address().to_string(), at.port());
    }
    tcp::socket socket;
};

} // namespace aldis::test
