// A publisher that is going to be killed: publishes numbers at QoS 1 and 2 in turn, and writes each one that completed as stored to its
// standard output.  kill_publisher URI STORE FIRST [WINDOW]    or without FIRST: sends what is left and ends.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/client.hpp>
#include <aldis/session_store.hpp>

using namespace aldis;
using namespace std::chrono_literals;

namespace {

class publisher {
public:
    publisher(boost::asio::io_context& io, char const* uri, char const* store)
        : client_(io, connect_options{uri}.client_id("killed").session_expiry(24h).queue({.when_full = session::overflow::wait}).store(make_sqlite_store(store))), again_(io) {}

    void run(unsigned long first, unsigned long window) {
        connect();
        for (next_ = first; next_ < first + window;) publish_next();
    }

    void drain() {
        client_.on_disconnected([this](error_code, disconnect_result const&) { connect(); });
        connect();
        watch();
    }

private:
    void connect() {
        client_.async_connect([](error_code ec, connect_result const& r) {
            if (!ec) return;
            std::fprintf(stderr, "%s %s\n", ec.message().c_str(), r.detail().c_str());
            std::_Exit(3);
        });
    }

    void publish_next() {
        auto const no = next_++;
        auto const qos = no % 2 == 0 ? qos_level::exactly_once : qos_level::at_least_once;
        client_.async_publish(qos == qos_level::exactly_once ? "killed/2" : "killed/1", std::to_string(no), publish_options{}.qos(qos).until_stored(true),
                              [this, no](error_code ec, publish_result const&) {
                                  if (ec) std::_Exit(4);
                                  auto const line = std::to_string(no) + '\n';
                                  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(5);
                                  publish_next();
                              });
    }

    void watch() {
        if (client_.unacknowledged() == 0 && client_.is_connected()) return client_.close();
        again_.expires_after(2ms);
        again_.async_wait([this](error_code) { watch(); });
    }

    client                    client_;
    boost::asio::steady_timer again_;
    unsigned long             next_ = 0;
};

} // namespace

int main(int argc, char* argv[]) {
    if (argc < 3) return 2;
    boost::asio::io_context io{1};
    publisher               p(io, argv[1], argv[2]);
    if (argc > 3) p.run(std::strtoul(argv[3], nullptr, 10), argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 16);
    else p.drain();
    io.run();
    return 0;
}
