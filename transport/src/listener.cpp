// Accepting connections, and waiting for better times when descriptors run out.
#include <aldis/transport/listener.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include <sys/stat.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include "completion.hpp"
#include "socket_stream.hpp"

namespace aldis::transport {
namespace {

using asio::ip::tcp;
using stream_acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

namespace condition = boost::system::errc;

// Nothing is wrong with the listener, but trying again at once would only spin.
constexpr std::array shortages{condition::too_many_files_open, condition::too_many_files_open_in_system, condition::no_buffer_space,
                               condition::not_enough_memory};

// Linux reports here what befell the connection before we came to accept it; the next one is another story.
constexpr std::array misfortunes{condition::connection_aborted,  condition::protocol_error, condition::no_protocol_option,
                                 condition::network_down,        condition::network_unreachable, condition::host_unreachable,
                                 condition::operation_not_permitted};

template <std::size_t Size>
bool is_one_of(std::array<condition::errc_t, Size> const& table, error_code ec) noexcept {
    return std::any_of(table.begin(), table.end(), [ec](auto each) { return ec == each; });
}

// Which file this is, so that a path is removed only while it is still ours.
struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(file_identity const&, file_identity const&) = default;
};

std::optional<file_identity> identify_socket(std::string const& path) noexcept {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return {};
    return file_identity{info.st_dev, info.st_ino};
}

} // namespace

struct listener::state : std::enable_shared_from_this<listener::state> {
    explicit state(asio::any_io_executor const& ex) : acceptor(ex), pause(ex) {}

    error_code open_tcp(endpoint const& where);
    error_code open_local(endpoint const& where);
    error_code listen_on(socket_address const& address);
    error_code resolve(endpoint const& where, socket_address& into);
    void       close() noexcept;

    void start(accept_handler handler);
    void accept_next();
    void on_accepted(error_code ec, stream_socket socket);
    void rest();
    void finish(error_code ec, std::unique_ptr<stream> made);
    void cancel(std::size_t which) noexcept;

    using accept_completion = completion<error_code, std::unique_ptr<stream>>;

    stream_acceptor                  acceptor;
    asio::steady_timer               pause;
    endpoint                         local;
    listen_options                   options;
    socket_address                   peer;
    std::optional<file_identity>     file;                         // of the unix socket that we made
    std::optional<accept_completion> waiting;
    std::size_t                      accept_no = 0;                // tells a late cancellation that its operation is over
    bool                             is_cancelled = false;
    std::size_t                      pauses = 0;
};

listener::listener(asio::any_io_executor ex) : state_(std::make_shared<state>(ex)) {}
listener::~listener() { close(); }

asio::any_io_executor listener::get_executor() const { return state_->acceptor.get_executor(); }
bool                  listener::is_open() const noexcept { return state_->acceptor.is_open(); }
endpoint const&       listener::local() const noexcept { return state_->local; }
std::size_t           listener::pauses() const noexcept { return state_->pauses; }
void                  listener::close() noexcept { state_->close(); }
void                  listener::do_accept(accept_handler handler) { state_->start(std::move(handler)); }

error_code listener::open(endpoint const& where, listen_options const& options) {
    if (is_open()) return asio::error::already_open;
    state_->options = options;
    error_code ec = errc::scheme_not_supported;
    if (where.via() == scheme::tcp) ec = state_->open_tcp(where);
    if (where.via() == scheme::local) ec = state_->open_local(where);
    if (ec) state_->close();
    return ec;
}

error_code listener::state::open_tcp(endpoint const& where) {
    socket_address address;
    error_code     ec;
    if (where.host().empty() || where.host() == "*") {
        // Both families where the system has both.
        ec = listen_on(tcp::endpoint(tcp::v6(), where.port()));
        if (ec == condition::address_family_not_supported || ec == condition::address_not_available)
            ec = listen_on(tcp::endpoint(tcp::v4(), where.port()));
    } else {
        ec = resolve(where, address);
        if (!ec) ec = listen_on(address);
    }
    if (ec) return ec;
    auto const bound = acceptor.local_endpoint(ec);
    if (!ec) local = endpoint(where).port(port_of(bound));
    return ec;
}

error_code listener::state::resolve(endpoint const& where, socket_address& into) {
    if (!make_ip_address(where.host(), where.port(), into)) return {};
    if (where.host().find('\0') != std::string::npos) return asio::error::invalid_argument;
    error_code    ec;
    tcp::resolver resolver(acceptor.get_executor());
    auto const    found = resolver.resolve(where.host(), std::to_string(where.port()), tcp::resolver::numeric_service, ec);
    if (ec) return ec;
    if (found.empty()) return errc::no_address;
    into = found.begin()->endpoint();
    return {};
}

error_code listener::state::open_local(endpoint const& where) {
    socket_address address;
    if (auto const ec = make_local_address(where.path(), address)) return ec;
    auto ec = listen_on(address);
    if (ec == condition::address_in_use) {
        // A socket that refuses connections was left behind by a process that is gone.
        auto const    left = identify_socket(where.path());
        stream_socket probe(acceptor.get_executor());
        error_code    refused;
        probe.connect(address, refused);
        if (!left || refused != condition::connection_refused || identify_socket(where.path()) != left) return ec;
        std::remove(where.path().c_str());
        ec = listen_on(address);
    }
    if (ec) return ec;
    file = identify_socket(where.path());
    local = where;
    return {};
}

error_code listener::state::listen_on(socket_address const& address) {
    error_code ec;
    acceptor.close(ec);
    acceptor.open(address.protocol(), ec);
    if (ec) return ec;
    if (!is_local(address)) acceptor.set_option(stream_acceptor::reuse_address(true), ec);
    error_code ignored;
    if (address.protocol().family() == AF_INET6) acceptor.set_option(asio::ip::v6_only(false), ignored);
    if (!ec) acceptor.bind(address, ec);
    if (!ec) acceptor.listen(options.backlog() > 0 ? options.backlog() : stream_acceptor::max_listen_connections, ec);
    return ec;
}

void listener::state::close() noexcept {
    error_code ignored;
    acceptor.close(ignored);
    if (file && identify_socket(local.path()) == file) std::remove(local.path().c_str());
    file.reset();
    cancel(accept_no);
}

void listener::state::start(accept_handler handler) {
    accept_completion fresh(std::move(handler), acceptor.get_executor());
    if (waiting) return std::move(fresh).post(asio::error::already_started, nullptr);
    waiting.emplace(std::move(fresh));
    is_cancelled = false;
    waiting->when_cancelled([weak = weak_from_this(), which = ++accept_no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && type != asio::cancellation_type::none) self->cancel(which);
    });
    accept_next();
}

void listener::state::accept_next() {
    auto take = [self = shared_from_this()](error_code ec, stream_socket socket) { self->on_accepted(ec, std::move(socket)); };
    acceptor.async_accept(acceptor.get_executor(), peer, std::move(take));
}

void listener::state::on_accepted(error_code ec, stream_socket socket) {
    // A connection that came together with a cancellation is not lost.
    if (!ec) {
        if (!is_local(peer)) tune(socket, options.no_delay(), options.keep_alive());
        return finish({}, make_socket_stream(std::move(socket), describe(peer, local.path())));
    }
    if (is_cancelled) return finish(asio::error::operation_aborted, nullptr);
    if (is_one_of(shortages, ec)) return rest();
    if (is_one_of(misfortunes, ec)) return accept_next();
    finish(ec, nullptr);
}

void listener::state::rest() {
    ++pauses;
    pause.expires_after(options.pause());
    pause.async_wait([self = shared_from_this()](error_code) {
        if (self->is_cancelled) self->finish(asio::error::operation_aborted, nullptr);
        else self->accept_next();
    });
}

void listener::state::finish(error_code ec, std::unique_ptr<stream> made) {
    auto done = std::move(*waiting);
    waiting.reset();
    std::move(done).post(ec, std::move(made));
}

void listener::state::cancel(std::size_t which) noexcept {
    if (!waiting || which != accept_no) return;
    is_cancelled = true;
    error_code ignored;
    acceptor.cancel(ignored);
    pause.cancel();
}

} // namespace aldis::transport
