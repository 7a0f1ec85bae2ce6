// Accepting connections, and waiting for better times when descriptors run out.
#include <aldis/transport/listener.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "completion.hpp"
#include "layers.hpp"
#include "listener_handshakes.hpp"
#include "listener_socket.hpp"
#include "socket_stream.hpp"

namespace aldis::transport {
namespace {

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

bool is_tls(endpoint const& where) noexcept { return where.via() == scheme::tls || where.via() == scheme::wss; }

} // namespace

// One life of a listener, from open() to close().
struct listener::state : std::enable_shared_from_this<listener::state> {
    explicit state(asio::any_io_executor const& ex) : socket(ex), pause(ex) {}

    error_code open(endpoint const& where, listen_options const& wanted);
    error_code reload(tls_options fresh);
    error_code check_tls(tls_options const& wanted, note_gate& notes);
    void       close() noexcept;

    void start(accept_handler handler);
    void pump();
    bool wants_another() noexcept;
    void accept_next();
    void on_accepted(error_code ec, stream_socket came);
    void rest(error_code why);
    void finish(error_code ec, std::unique_ptr<stream> made);
    void cancel(std::size_t which) noexcept;

    using accept_completion = completion<error_code, std::unique_ptr<stream>>;

    listening_socket                 socket;
    asio::steady_timer               pause;
    listen_options                   options;
    socket_address                   peer;
    std::shared_ptr<handshakes>      on_the_way;
    std::optional<accept_completion> waiting;
    error_code                       failure;                      // of accepting, not told to anybody yet
    std::size_t                      accept_no = 0;                // tells a late cancellation that its operation is over
    bool                             is_accepting = false;
    bool                             is_held_back = false;
};

listener::listener(asio::any_io_executor ex) : state_(std::make_shared<state>(ex)) {}
listener::~listener() { close(); }

asio::any_io_executor listener::get_executor() const { return state_->pause.get_executor(); }
bool                  listener::is_open() const noexcept { return state_->socket.acceptor().is_open(); }
endpoint const&       listener::local() const noexcept { return state_->socket.local(); }
std::size_t           listener::pauses() const noexcept { return counts().pauses; }
void                  listener::close() noexcept { state_->close(); }
void                  listener::do_accept(accept_handler handler) { state_->start(std::move(handler)); }
error_code            listener::reload_tls(tls_options fresh) { return state_->reload(std::move(fresh)); }

listener_counts listener::counts() const noexcept {
    return state_->on_the_way ? state_->on_the_way->snapshot() : listener_counts{};
}

error_code listener::open(endpoint const& where, listen_options const& options) {
    if (is_open()) return asio::error::already_open;
    // What is left of an earlier life ends on its own.
    state_ = std::make_shared<state>(get_executor());
    return state_->open(where, options);
}

error_code listener::adopt(std::unique_ptr<stream> own) {
    if (!own) return asio::error::invalid_argument;
    if (!is_open()) return asio::error::bad_descriptor;
    return state_->on_the_way->begin(std::move(own));
}

// ---- Opening and closing ------------------------------------------------------------------------------------------------------------

error_code listener::state::open(endpoint const& where, listen_options const& wanted) {
    options = wanted;
    if (is_tls(where)) {
        auto      fresh = options.tls();
        note_gate notes(options.observe());
        options.tls(fresh.fresh());
        if (auto const ec = check_tls(options.tls(), notes)) return ec;
    }
    if (auto const ec = socket.open(where, options)) return ec;
    auto on_change = [weak = weak_from_this()] {
        if (auto const self = weak.lock()) self->pump();
    };
    on_the_way = std::make_shared<handshakes>(pause.get_executor(), socket.local(), options, std::move(on_change));
    pump();
    return {};
}

error_code listener::state::check_tls(tls_options const& wanted, note_gate& notes) {
    std::string story;
    auto const  ec = check_tls_listener(wanted, story);
    if (ec) notes.tell(note(phase::tls, note::level::failure, story.empty() ? ec.message() : story, ec));
    return ec;
}

error_code listener::state::reload(tls_options fresh) {
    if (!socket.acceptor().is_open()) return asio::error::bad_descriptor;
    if (!is_tls(socket.local())) return errc::scheme_not_supported;
    fresh.fresh();
    auto const ec = check_tls(fresh, on_the_way->notes());
    if (!ec) on_the_way->use(std::move(fresh));
    return ec;
}

void listener::state::close() noexcept {
    socket.close();
    pause.cancel();
    if (on_the_way) on_the_way->stop();
    cancel(accept_no);
}

// ---- Accepting ----------------------------------------------------------------------------------------------------------------------

void listener::state::start(accept_handler handler) {
    accept_completion fresh(std::move(handler), pause.get_executor());
    if (waiting) return std::move(fresh).post(asio::error::already_started, nullptr);
    if (!socket.acceptor().is_open()) return std::move(fresh).post(asio::error::bad_descriptor, nullptr);
    if (failure) return std::move(fresh).post(std::exchange(failure, {}), nullptr);
    waiting.emplace(std::move(fresh));
    waiting->when_cancelled([weak = weak_from_this(), which = ++accept_no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && type != asio::cancellation_type::none) self->cancel(which);
    });
    pump();
}

// Hands out what is ready, and accepts where another connection is wanted.
void listener::state::pump() {
    if (!socket.acceptor().is_open()) return;
    if (waiting && on_the_way->has_ready()) finish({}, on_the_way->take());
    if (!is_accepting && wants_another()) accept_next();
}

// Without layers the system keeps connections until somebody asks for one. With layers they come in on their own, up to the bound.
bool listener::state::wants_another() noexcept {
    if (failure) return false;
    if (!on_the_way->has_layers()) return waiting.has_value();
    bool const was_held_back = std::exchange(is_held_back, on_the_way->is_full());
    if (is_held_back && !was_held_back) ++on_the_way->counts().held_back;
    return !is_held_back;
}

void listener::state::accept_next() {
    is_accepting = true;
    auto take = [self = shared_from_this()](error_code ec, stream_socket came) { self->on_accepted(ec, std::move(came)); };
    socket.acceptor().async_accept(pause.get_executor(), peer, std::move(take));
}

void listener::state::on_accepted(error_code ec, stream_socket came) {
    is_accepting = false;
    if (!socket.acceptor().is_open()) return;
    if (!ec) {
        if (!is_local(peer)) tune(came, options.no_delay(), options.keep_alive());
        on_the_way->begin(make_socket_stream(std::move(came), describe(peer, socket.local().path())));
    } else if (is_one_of(shortages, ec)) {
        return rest(ec);
    } else if (ec != asio::error::operation_aborted && !is_one_of(misfortunes, ec)) {
        if (waiting) finish(ec, nullptr);
        else failure = ec;
        return;
    }
    pump();
}

void listener::state::rest(error_code why) {
    if (++on_the_way->counts().pauses == 1)
        on_the_way->notes().tell(note(phase::connect, note::level::warning, "accepting rests: " + why.message()));
    is_accepting = true;
    pause.expires_after(options.pause());
    pause.async_wait([self = shared_from_this()](error_code) {
        self->is_accepting = false;
        self->pump();
    });
}

void listener::state::finish(error_code ec, std::unique_ptr<stream> made) {
    auto done = std::move(*waiting);
    waiting.reset();
    std::move(done).post(ec, std::move(made));
}

// A connection that comes together with the cancellation is not lost: the next accept gets it.
void listener::state::cancel(std::size_t which) noexcept {
    if (!waiting || which != accept_no) return;
    finish(asio::error::operation_aborted, nullptr);
    if (!socket.acceptor().is_open() || on_the_way->has_layers()) return;
    error_code ignored;
    socket.acceptor().cancel(ignored);
    pause.cancel();
}

} // namespace aldis::transport
