// Several connection attempts, of which the first that succeeds ends the others.
#include "address_race.hpp"

#include <algorithm>
#include <list>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aldis::transport {
namespace {

// A port of the ephemeral range on which nobody listens can be given to the very socket that dials it; TCP then connects it to itself.
bool is_connected_to_itself(stream_socket const& socket) {
    error_code local_error, remote_error;
    auto const here = socket.local_endpoint(local_error);
    auto const there = socket.remote_endpoint(remote_error);
    return !local_error && !remote_error && !is_local(there) && here == there;
}

} // namespace

void interleave_families(std::vector<socket_address>& addresses) {
    if (addresses.empty()) return;
    auto const first_family = addresses.front().protocol().family();
    auto const is_first = [first_family](socket_address const& each) { return each.protocol().family() == first_family; };
    auto const others = std::stable_partition(addresses.begin(), addresses.end(), is_first);
    std::vector<socket_address> mixed;
    mixed.reserve(addresses.size());
    for (auto a = addresses.begin(), b = others; a != others || b != addresses.end();) {
        if (a != others) mixed.push_back(*a++);
        if (b != addresses.end()) mixed.push_back(*b++);
    }
    addresses = std::move(mixed);
}

struct address_race::race : std::enable_shared_from_this<race> {
    race(asio::any_io_executor const& on, connect_options how) : ex(on), options(std::move(how)), next_start(on) {}

    struct attempt {
        stream_socket  socket;
        socket_address to;
    };
    using place = std::list<attempt>::iterator;

    error_code read_local_address() {
        if (options.local_address().empty()) return {};
        return make_ip_address(options.local_address(), 0, local) ? error_code(asio::error::invalid_argument) : error_code();
    }

    void begin_next() {
        while (next < addresses.size()) {
            auto const& to = addresses[next++];
            if (is_bound_to_other_family(to)) continue;
            auto const made = attempts.insert(attempts.end(), attempt{stream_socket(ex), to});
            if (auto const ec = prepare(*made)) {
                failed(made, ec);
                continue;
            }
            say(note::level::info, "connecting to " + describe(to, local_path), {});
            made->socket.async_connect(to, [self = shared_from_this(), made](error_code ec) { self->on_connected(made, ec); });
            return arm();
        }
        if (attempts.empty()) finish(last_error, stream_socket(ex), {});
    }

    bool is_bound(socket_address const& to) const { return !is_local(to) && !options.local_address().empty(); }
    bool is_bound_to_other_family(socket_address const& to) const { return is_bound(to) && local.protocol().family() != to.protocol().family(); }

    // A socket for the address, tuned and bound.
    error_code prepare(attempt& made) {
        error_code ec;
        made.socket.open(made.to.protocol(), ec);
        if (!ec && is_bound(made.to)) made.socket.bind(local, ec);
        if (!ec && !is_local(made.to)) tune(made.socket, options.no_delay(), options.keep_alive(), options.user_timeout());
        return ec;
    }

    void arm() {
        if (next >= addresses.size() || options.race_delay() <= connect_options::duration::zero()) return;
        next_start.expires_after(options.race_delay());
        next_start.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec && !self->is_over) self->begin_next();
        });
    }

    void on_connected(place made, error_code ec) {
        if (is_over) return;
        if (!ec && is_connected_to_itself(made->socket)) ec = asio::error::connection_refused;
        if (!ec) return finish({}, std::move(made->socket), made->to);
        failed(made, ec);
        begin_next();
    }

    void failed(place made, error_code ec) {
        say(note::level::failure, describe(made->to, local_path) + ": " + ec.message(), ec);
        last_error = ec;
        attempts.erase(made);
    }

    void finish(error_code ec, stream_socket socket, socket_address const& to) {
        is_over = true;
        next_start.cancel();
        give_up_others();
        asio::post(ex, [self = shared_from_this(), ec, won = std::move(socket), to]() mutable {
            if (auto const call = std::exchange(self->done, nullptr)) call(ec, std::move(won), to);
        });
    }

    // Their handlers still come, and hold their places until then.
    void give_up_others() {
        error_code ignored;
        for (auto& each : attempts) each.socket.close(ignored);
    }

    void say(note::level weight, std::string text, error_code why) const {
        if (options.observe()) options.observe()(note(phase::connect, weight, std::move(text), why));
    }

    asio::any_io_executor       ex;
    connect_options             options;
    asio::steady_timer          next_start;
    std::vector<socket_address> addresses;
    std::string                 local_path;
    socket_address              local;
    std::list<attempt>          attempts;
    std::size_t                 next = 0;
    error_code                  last_error = errc::no_address;
    race_handler                done;
    bool                        is_over = false;
};

address_race::address_race(asio::any_io_executor const& ex, connect_options const& options) : race_(std::make_shared<race>(ex, options)) {}

address_race::~address_race() {
    race_->done = nullptr;
    race_->is_over = true;
    race_->next_start.cancel();
    race_->give_up_others();
}

void address_race::start(std::vector<socket_address> addresses, std::string local_path, race_handler done) {
    race_->addresses = std::move(addresses);
    race_->local_path = std::move(local_path);
    race_->done = std::move(done);
    interleave_families(race_->addresses);
    if (auto const ec = race_->read_local_address()) return race_->finish(ec, stream_socket(race_->ex), {});
    race_->begin_next();
}

} // namespace aldis::transport
