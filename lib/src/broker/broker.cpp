// Listening, accepting, one flush for each turn of the loop, one timer, and the end of it all.
#include <aldis/broker.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <aldis/connection.hpp>

#include "address.hpp"
#include "impl.hpp"

namespace aldis {

namespace {

/// Descriptors that connections may have: the rest of the program needs some, too.
std::size_t most_connections() noexcept {
    constexpr rlim_t spare = 64;
    rlimit           of_files{};
    if (getrlimit(RLIMIT_NOFILE, &of_files) != 0 || of_files.rlim_cur == RLIM_INFINITY) return 0;
    return of_files.rlim_cur > spare ? static_cast<std::size_t>(of_files.rlim_cur - spare) : 1;
}

} // namespace

broker::impl::impl(executor_type io, broker_options how)
    : io_(std::move(io)),
      core_(std::make_shared<broker_options const>(std::move(how)), {[this] { wake(); }, [] { return connection::now(); }, most_connections()}),
      timer_(io_) {
    core_.begin(connection::now());
}

void broker::impl::log(aldis::log_level level, std::string const& line) const {
    auto const& options = core_.options();
    if (options.log() && level <= options.log_level()) options.log()(level, line);
}

// ---- Listening --------------------------------------------------------------------------------------------------------

void broker::impl::start() {
    if (std::exchange(is_started_, true)) return;
    try {
        load();
        for (auto const& each : core_.options().listeners()) open(each);
        open_pages();
    } catch (...) {
        listeners_.clear();
        if (auto const kept = std::exchange(keeping_, nullptr)) kept->leave();
        is_started_ = false;
        throw;
    }
    is_stopped_ = false;
    for (auto const& each : listeners_) accept_next(*each);
    arm();
}

/// What the store has, once.
void broker::impl::load() {
    auto const& store = core_.options().store();
    if (!store || keeping_) return;
    if (core_.notes().is_kept()) throw boost::system::system_error(make_error_code(error::store_in_use), "a broker with a store starts once");
    keeping_ = std::make_shared<serving::keeping>(io_, store, core_);
    keeping_->on_state = [this](std::string const& failure) {
        if (failure.empty()) log(log_level::notice, "the store works again");
        else log(log_level::error, "the store can not be written, nothing is acknowledged: " + failure);
    };
    if (auto const ec = keeping_->load()) {
        auto const text = keeping_->failure();
        throw boost::system::system_error(ec, text.empty() ? "the store can not be read" : text);
    }
    keeping_->gather();
}

transport::endpoint broker::impl::listen(broker_listener where) {
    load();
    auto& made = open(std::move(where));
    accept_next(made);
    is_stopped_ = false;
    arm();
    return made.socket.local();
}

broker::impl::listening& broker::impl::open(broker_listener where) {
    if (!where.address_fault().empty())
        throw boost::system::system_error(make_error_code(error::invalid), "cannot listen: " + where.address_fault());
    auto  made = std::make_unique<listening>(io_, std::move(where));
    auto& at = *made;
    at.asked = at.settings.endpoint();
    auto how = at.settings.transport();
    how.observe([this, &at, also = how.observe()](transport::note const& said) {
        if (also) also(said);
        bool const is_failure = said.weight() == transport::note::level::failure;
        if (is_failure) at.story = said.text();
        log(said.weight() == transport::note::level::info ? log_level::debug : log_level::warning, said.text());
    });
    auto const patience = core_.limits().connect_timeout();
    if (patience.count() != 0 && how.handshake_timeout() > patience) how.handshake_timeout(patience);
    if (how.websocket().max_message() > core_.limits().max_packet_size() && core_.limits().max_packet_size() != 0) {
        auto web = how.websocket();
        how.websocket(web.max_message(core_.limits().max_packet_size() + std::size_t{5}));
    }
    if (auto const ec = at.socket.open(at.asked, how)) {
        auto text = "cannot listen on " + to_string(at.asked);
        if (!at.story.empty()) text += " (" + at.story + ")";
        throw boost::system::system_error(ec, text);
    }
    listeners_.push_back(std::move(made));
    log(log_level::notice, "listening on " + to_string(at.socket.local()));
    return at;
}

void broker::impl::accept_next(listening& at) {
    at.socket.async_accept([waiting = weak_from_this(), &at](error_code ec, std::unique_ptr<transport::stream> stream) {
        auto const self = waiting.lock();
        if (!self || self->is_gone_ || ec || !at.socket.is_open()) return;
        self->serve(std::move(stream), &at.settings);
        if (!self->is_gone_ && at.socket.is_open()) self->accept_next(at);
    });
}

void broker::impl::serve(std::unique_ptr<transport::stream> stream, broker_listener const* by) {
    if (is_stopping_ || is_gone_) return stream->close();
    load();
    auto way = stream->facts();
    auto how = core_.settings_for(by);
    if (way.since.time_since_epoch().count() != 0) {               // its handshakes count, too
        auto const passed = std::chrono::steady_clock::now() - way.since;
        how.connect_timeout -= std::min(how.connect_timeout, std::chrono::floor<session::duration>(passed));
    }
    auto const made = std::make_shared<serving::link>(*this, std::move(stream), how, by);
    auto       from = serving::origin_of(way.remote);
    made->address = way.remote;
    made->address_key = std::move(from.key);
    made->is_local = from.is_local;
    if (!core_.opened(*made, std::move(way), connection::now())) return made->abandon();
    if (auto const& see = core_.options().tap()) made->watch(see(made->asking->way));
    links_.emplace(made.get(), made);
    is_stopped_ = false;
    core_.mark(*made);
}

// ---- Turns ------------------------------------------------------------------------------------------------------------

/// Whatever made output: it leaves at the end of this turn of the loop, together with all else.
void broker::impl::wake() {
    if (is_gone_ || std::exchange(is_woken_, true)) return;
    asio::post(io_, [self = shared_from_this()] { self->flush(); });
}

void broker::impl::flush() {
    is_woken_ = false;
    if (is_gone_) return;
    while (auto* const each = core_.take_dirty()) {
        auto const held = static_cast<serving::link*>(each)->shared_from_this();
        held->turn();
        if (is_gone_) return;
    }
    if (keeping_) keeping_->gather();
    arm();
}

/// A timer that is due too early just looks again.
void broker::impl::arm() {
    auto const due = core_.deadline();
    if (is_gone_ || is_stopped_ || !due || (armed_ && *armed_ <= *due)) return;
    armed_ = due;
    auto const most = connection::now() + std::chrono::hours{24 * 365};      // what is later does not fit into the clock's nanoseconds
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::min(*due, most).time_since_epoch())));
    timer_.async_wait([waiting = weak_from_this()](error_code ec) {
        auto const self = waiting.lock();
        if (ec || !self || self->is_gone_) return;
        self->armed_.reset();
        self->core_.tick(connection::now());
        if (self->keeping_) self->keeping_->gather();
        self->arm();
    });
}

// ---- The end ----------------------------------------------------------------------------------------------------------

void broker::impl::ended(serving::link& gone) {
    core_.gone(gone, connection::now());
    links_.erase(&gone);
    if (is_stopping_ && links_.empty()) stopped();
}

/// In a turn of its own: a hook may have asked for it.
void broker::impl::stop(std::optional<stop_operation> op) {
    if (op) stops_.push_back(std::move(*op));
    asio::post(io_, [self = shared_from_this()] { self->stop_now(); });
}

void broker::impl::stop_now() {
    if (is_gone_) return;
    if (!std::exchange(is_stopping_, true)) {
        log(log_level::notice, "stopping");
        for (auto const& each : listeners_) each->socket.close();
        std::vector<std::shared_ptr<serving::link>> all;
        for (auto const& [key, each] : links_) all.push_back(each);
        for (auto const& each : all) core_.dismiss(*each, reason_code::server_shutting_down, connection::now());
    }
    if (links_.empty()) stopped();
}

void broker::impl::stopped() {
    if (auto const kept = std::exchange(keeping_, nullptr)) kept->leave();
    for (auto& each : std::exchange(stops_, {})) std::move(each).complete(error_code{});
    for (auto& each : std::exchange(listeners_, {})) closed_.push_back(std::move(each));
    is_stopping_ = is_started_ = false;
    pages_.reset();
    is_stopped_ = true;                                            // nothing keeps the loop from ending
    armed_.reset();
    timer_.cancel();
}

void broker::impl::abandon() noexcept {
    is_gone_ = true;
    timer_.cancel();
    if (pages_) pages_->close();
    for (auto const& each : listeners_) each->socket.close();
    for (auto const& [key, each] : links_) each->abandon();
    if (auto const kept = std::exchange(keeping_, nullptr)) kept->leave();
    for (auto& each : std::exchange(stops_, {})) std::move(each).complete(asio::error::operation_aborted);
}

void broker::impl::reload(broker_options fresh) {
    std::vector<listening*> done;
    auto const              undo = [&] {
        for (auto* const each : done) (void)each->socket.reload_tls(each->settings.transport().tls());
    };
    std::vector<std::pair<listening*, broker_listener const*>> pairs;
    std::vector<broker_listener const*> left;                      // of the same text, port 0 for instance, each is paired once
    for (auto const& other : fresh.listeners()) left.push_back(&other);
    for (auto const& each : listeners_) {
        auto const found = std::find_if(left.begin(), left.end(), [&](auto const* other) { return other->endpoint() == each->asked; });
        if (found == left.end()) continue;
        pairs.emplace_back(each.get(), *found);
        left.erase(found);
    }
    for (auto const& [at, with] : pairs) {
        bool const has_tls = at->asked.via() == transport::scheme::tls || at->asked.via() == transport::scheme::wss;
        if (!has_tls) continue;
        auto tls = with->transport().tls();
        at->story.clear();
        if (auto const ec = at->socket.reload_tls(tls.fresh())) {
            auto text = "cannot take the new certificate of " + to_string(at->asked);
            if (!at->story.empty()) text += " (" + at->story + ")";
            undo();
            throw boost::system::system_error(ec, text);
        }
        done.push_back(at);
    }
    for (auto const& [at, with] : pairs) at->settings = *with;
    fresh.store(core_.options().store());
    core_.reload(std::make_shared<broker_options const>(std::move(fresh)), connection::now());
    log(log_level::notice, "reloaded");
    arm();
}

// ---- The handle -------------------------------------------------------------------------------------------------------

broker::broker(executor_type executor, broker_options options) : impl_(std::make_shared<impl>(std::move(executor), std::move(options))) {}
broker::broker(broker&&) noexcept = default;
broker& broker::operator=(broker&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}
broker::~broker() {
    if (!impl_) return;
    impl_->abandon();
    auto const io = impl_->io();
    asio::post(io, [kept = std::move(impl_)] { (void)kept; });    // a hook may stand on the stack above
}

broker::executor_type broker::get_executor() const noexcept { return impl_->io(); }

void                broker::start() { impl_->start(); }
transport::endpoint broker::listen(broker_listener where) { return impl_->listen(std::move(where)); }
void                broker::serve(std::unique_ptr<transport::stream> stream) { impl_->serve(std::move(stream), nullptr); }
void                broker::reload(broker_options fresh) { impl_->reload(std::move(fresh)); }
void                broker::stop() { impl_->stop(std::nullopt); }

std::vector<transport::endpoint> broker::addresses() const {
    std::vector<transport::endpoint> all;
    for (auto const& each : impl_->listeners()) all.push_back(each->socket.local());
    return all;
}

void broker::begin_stop(shared_impl const& self, stop_handler handler) { self->stop(impl::stop_operation(std::move(handler), self->io())); }

} // namespace aldis
