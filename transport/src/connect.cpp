// Dialling: resolve the name, try its addresses in order, within one deadline.
#include <aldis/transport/connect.hpp>

#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "completion.hpp"
#include "socket_stream.hpp"

namespace aldis::transport {
namespace {

using asio::ip::tcp;

// One attempt. It ends exactly once, in finish(); whatever is still under way then finds is_done_ set and drops its share. That matters
// for resolving, which cannot be interrupted: the caller hears of a deadline at once, the resolver's answer comes when it comes.
class connect_operation : public std::enable_shared_from_this<connect_operation> {
public:
    connect_operation(asio::any_io_executor const& ex, endpoint where, connect_options options, connect_handler handler)
        : where_(std::move(where)), options_(std::move(options)), completion_(std::move(handler), ex), resolver_(ex), deadline_(ex),
          socket_(ex) {}

    void start() {
        completion_.when_cancelled([weak = weak_from_this()](asio::cancellation_type type) {
            auto const self = weak.lock();
            if (self && type != asio::cancellation_type::none) self->finish(asio::error::operation_aborted);
        });
        start_deadline();
        if (auto const ec = check_local_address()) return finish(ec);
        if (where_.via() == scheme::local) return connect_local();
        if (where_.via() != scheme::tcp) return finish(errc::scheme_not_supported);

        socket_address address;
        if (make_ip_address(where_.host(), where_.port(), address)) return resolve();
        addresses_.push_back(address);
        try_next();
    }

private:
    void start_deadline() {
        if (options_.timeout() <= connect_options::duration::zero()) return;
        deadline_.expires_after(options_.timeout());
        deadline_.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec) self->finish(errc::timed_out);
        });
    }

    error_code check_local_address() {
        if (options_.local_address().empty()) return {};
        return make_ip_address(options_.local_address(), 0, local_) ? error_code(asio::error::invalid_argument) : error_code();
    }

    void connect_local() {
        socket_address address;
        if (auto const ec = make_local_address(where_.path(), address)) return finish(ec);
        addresses_.push_back(address);
        try_next();
    }

    void resolve() {
        // The system's resolver would stop reading at a null character and look up another name.
        if (where_.host().empty() || where_.host().find('\0') != std::string::npos) return finish(asio::error::invalid_argument);
        resolver_.async_resolve(where_.host(), std::to_string(where_.port()), tcp::resolver::numeric_service,
                                [self = shared_from_this()](error_code ec, tcp::resolver::results_type const& found) {
                                    self->on_resolved(ec, found);
                                });
    }

    void on_resolved(error_code ec, tcp::resolver::results_type const& found) {
        if (is_done_) return;
        if (ec) return finish(ec);
        for (auto const& each : found) addresses_.emplace_back(each.endpoint());
        try_next();
    }

    void try_next() {
        while (next_ < addresses_.size()) {
            auto const& to = addresses_[next_++];
            if (!prepare_socket(to)) continue;
            socket_.async_connect(to, [self = shared_from_this()](error_code ec) { self->on_connected(ec); });
            return;
        }
        finish(last_error_);
    }

    // A socket for `to`, tuned and bound; false when this address is no use.
    bool prepare_socket(socket_address const& to) {
        bool const is_bound = !is_local(to) && !options_.local_address().empty();
        if (is_bound && local_.protocol().family() != to.protocol().family()) return false;
        error_code ec;
        socket_.close(ec);
        socket_.open(to.protocol(), ec);
        if (!ec && is_bound) socket_.bind(local_, ec);
        if (ec) {
            last_error_ = ec;
            return false;
        }
        if (!is_local(to)) tune(socket_, options_.no_delay(), options_.keep_alive());
        return true;
    }

    void on_connected(error_code ec) {
        if (is_done_) return;
        if (!ec && is_connected_to_itself()) ec = asio::error::connection_refused;
        if (!ec) return finish({});
        last_error_ = ec;
        try_next();
    }

    // A port of the ephemeral range on which nobody listens can be given to the very socket that dials it; TCP then connects it to itself.
    bool is_connected_to_itself() {
        error_code local_error, remote_error;
        auto const here = socket_.local_endpoint(local_error);
        auto const there = socket_.remote_endpoint(remote_error);
        return !local_error && !remote_error && !is_local(there) && here == there;
    }

    void finish(error_code ec) {
        if (is_done_) return;
        is_done_ = true;
        deadline_.cancel();
        resolver_.cancel();
        std::unique_ptr<stream> made;
        error_code              ignored;
        if (!ec) made = make_socket_stream(std::move(socket_), describe(addresses_[next_ - 1], where_.path()));
        else socket_.close(ignored);
        std::move(completion_).post(ec, std::move(made));
    }

    endpoint                                        where_;
    connect_options                                 options_;
    completion<error_code, std::unique_ptr<stream>> completion_;
    tcp::resolver                                   resolver_;
    asio::steady_timer                              deadline_;
    stream_socket                                   socket_;
    socket_address                                  local_;
    std::vector<socket_address>                     addresses_;
    std::size_t                                     next_ = 0;
    error_code                                      last_error_ = errc::no_address;
    bool                                            is_done_ = false;
};

} // namespace

void start_connect(asio::any_io_executor ex, endpoint where, connect_options options, connect_handler handler) {
    std::make_shared<connect_operation>(ex, std::move(where), std::move(options), std::move(handler))->start();
}

} // namespace aldis::transport
