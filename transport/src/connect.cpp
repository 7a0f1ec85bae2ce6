// Dialling, step by step: name, address, proxy, TLS, WebSocket. Each step has a limit in time, all of them together another.
#include <aldis/transport/connect.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "address_race.hpp"
#include "completion.hpp"
#include "layers.hpp"
#include "srv_lookup.hpp"

namespace aldis::transport {
namespace {

using asio::ip::tcp;

struct target {
    std::string   host;
    std::uint16_t port = 0;
};

constexpr auto none = connect_options::duration::zero();

constexpr bool has_tls(scheme via) noexcept { return via == scheme::tls || via == scheme::wss; }
constexpr bool has_websocket(scheme via) noexcept { return via == scheme::ws || via == scheme::wss; }

// One attempt. It ends exactly once, in finish(); whatever is still under way then finds is_done_ set and drops its share. That matters
// for resolving, which cannot be interrupted: the caller hears of a deadline at once, the resolver's answer comes when it comes.
class connect_operation : public std::enable_shared_from_this<connect_operation> {
public:
    connect_operation(asio::any_io_executor const& ex, endpoint where, connect_options options, connect_handler handler)
        : ex_(ex), where_(std::move(where)), options_(std::move(options)), completion_(std::move(handler), ex), resolver_(ex),
          whole_limit_(ex), step_limit_(ex) {}

    void start() {
        begin();
        if (auto const ec = check()) return finish(ec);
        if (where_.via() == scheme::local) return connect_local();
        if (options_.proxy()) targets_ = {{options_.proxy()->host(), options_.proxy()->port()}};
        else if (options_.service_lookup()) return look_up_service();
        else targets_ = {{where_.host(), where_.port()}};
        try_next_target();
    }

    void start_over(std::unique_ptr<stream> lower) {
        begin();
        stream_ = std::move(lower);
        secure();
    }

private:
    // ---- Limits and what can not be ---------------------------------------------------------------------------------------

    void begin() {
        completion_.when_cancelled([weak = weak_from_this()](asio::cancellation_type type) {
            auto const self = weak.lock();
            if (self && type != asio::cancellation_type::none) self->finish(asio::error::operation_aborted);
        });
        // Also without a limit: what waits here keeps the operation alive.
        auto const most = options_.timeout() > none ? options_.timeout() : connect_options::duration::max();
        limit(whole_limit_, most, "no connection in time, all steps together");
    }

    error_code check() {
        bool const is_numbered = !has_websocket(where_.via()) && where_.via() != scheme::local;
        if (options_.service_lookup() && (!is_numbered || options_.proxy()))
            return explain(errc::scheme_not_supported, "SRV records name servers for mqtt and mqtts without a proxy only");
        if (options_.proxy() && where_.via() == scheme::local)
            return explain(errc::scheme_not_supported, "a unix socket can not be reached through a proxy");
        return {};
    }

    void enter(phase step) {
        step_ = step;
        step_limit_.cancel();
        if (options_.timeout(step) > none) limit(step_limit_, options_.timeout(step), "no answer in time");
    }

    void limit(asio::steady_timer& timer, connect_options::duration after, char const* story) {
        timer.expires_after(after);
        timer.async_wait([self = shared_from_this(), story](error_code ec) {
            if (!ec && !self->is_done_) self->finish(self->explain(errc::timed_out, self->subject() + ": " + story));
        });
    }

    // Whom the present step deals with.
    std::string subject() const {
        if (step_ == phase::proxy) return "the proxy " + to_string(*options_.proxy());
        if (step_ == phase::resolve && next_target_ > 0) return "looking up " + targets_[next_target_ - 1].host;
        return to_string(where_);
    }

    error_code explain(error_code why, std::string const& story) const {
        say(note::level::failure, story, why);
        return why;
    }

    void say(note::level weight, std::string const& text, error_code why = {}) const {
        if (options_.observe()) options_.observe()(note(step_, weight, text, why));
    }

    // ---- Names ------------------------------------------------------------------------------------------------------------

    void look_up_service() {
        enter(phase::resolve);
        auto const name = (has_tls(where_.via()) ? "_secure-mqtt._tcp." : "_mqtt._tcp.") + where_.host();
        say(note::level::info, "asking for the SRV records of " + name);
        lookup_.emplace(ex_);
        lookup_->start(name, options_.name_servers(), [weak = weak_from_this(), name](error_code ec, srv_lookup::answer found) {
            auto const self = weak.lock();
            if (!self || self->is_done_) return;
            if (ec) return self->finish(self->explain(ec, name + ": " + ec.message()));
            for (auto& each : found) self->targets_.push_back({std::move(each.host), each.port});
            self->try_next_target();
        });
    }

    // Each server of the domain in turn, until TCP stands; what happens above it is final.
    void try_next_target() {
        if (next_target_ == targets_.size()) return finish(last_error_);
        enter(phase::resolve);
        auto const&    to = targets_[next_target_++];
        socket_address address;
        if (make_ip_address(to.host, to.port, address)) return resolve(to);
        race({address}, {});
    }

    void resolve(target const& to) {
        // The system's resolver would stop reading at a null character and look up another name.
        if (to.host.empty() || to.host.find('\0') != std::string::npos) return finish(asio::error::invalid_argument);
        resolver_.async_resolve(to.host, std::to_string(to.port), tcp::resolver::numeric_service,
                                [self = shared_from_this()](error_code ec, tcp::resolver::results_type const& found) {
                                    self->on_resolved(ec, found);
                                });
    }

    void on_resolved(error_code ec, tcp::resolver::results_type const& found) {
        if (is_done_) return;
        if (ec) return target_failed(explain(ec, "no address for " + targets_[next_target_ - 1].host + ": " + ec.message()));
        std::vector<socket_address> addresses;
        for (auto const& each : found) addresses.emplace_back(each.endpoint());
        race(std::move(addresses), {});
    }

    void target_failed(error_code ec) {
        last_error_ = ec;
        try_next_target();
    }

    // ---- A connection -----------------------------------------------------------------------------------------------------

    void connect_local() {
        socket_address address;
        if (auto const ec = make_local_address(where_.path(), address)) return finish(ec);
        race({address}, where_.path());
    }

    void race(std::vector<socket_address> addresses, std::string local_path) {
        enter(phase::connect);
        race_.emplace(ex_, options_);
        race_->start(std::move(addresses), std::move(local_path),
                     [weak = weak_from_this()](error_code ec, stream_socket socket, socket_address const& to) {
                         auto const self = weak.lock();
                         if (self && !self->is_done_) self->on_connected(ec, std::move(socket), to);
                     });
    }

    void on_connected(error_code ec, stream_socket socket, socket_address const& to) {
        if (ec && where_.via() == scheme::local) return finish(ec);
        if (ec) return target_failed(ec);
        stream_ = make_socket_stream(std::move(socket), describe(to, where_.path()));
        if (!options_.proxy()) return secure();
        enter(phase::proxy);
        start_proxy_connect(std::move(stream_), *options_.proxy(), where_.host(), where_.port(), options_.observe(),
                            next_layer(&connect_operation::secure));
    }

    // ---- Layers on it -----------------------------------------------------------------------------------------------------

    void secure() {
        if (!has_tls(where_.via())) return upgrade();
        enter(phase::tls);
        start_tls_connect(std::move(stream_), where_, options_.tls(), options_.observe(), next_layer(&connect_operation::upgrade));
    }

    void upgrade() {
        if (!has_websocket(where_.via())) return finish({});
        enter(phase::websocket);
        start_websocket_connect(std::move(stream_), where_, options_.websocket(), options_.observe(),
                                next_layer(&connect_operation::complete));
    }

    void complete() { finish({}); }

    // What a layer is to call when it stands; going on is then up to `next`. The signal lives as long as the layer may look at its slot.
    stream_handler next_layer(void (connect_operation::*next)()) {
        layer_ = std::make_shared<asio::cancellation_signal>();
        return asio::bind_cancellation_slot(
            layer_->slot(), [self = shared_from_this(), signal = layer_, next](error_code ec, std::unique_ptr<stream> made) {
                if (self->is_done_) return;
                self->layer_.reset();
                if (ec) return self->finish(ec);
                self->stream_ = std::move(made);
                (*self.*next)();
            });
    }

    // ---- The end ----------------------------------------------------------------------------------------------------------

    void finish(error_code ec) {
        if (is_done_) return;
        is_done_ = true;
        whole_limit_.cancel();
        step_limit_.cancel();
        resolver_.cancel();
        lookup_.reset();
        race_.reset();
        if (auto const signal = std::exchange(layer_, nullptr)) signal->emit(asio::cancellation_type::terminal);
        if (ec) stream_.reset();
        std::move(completion_).post(ec, std::move(stream_));
    }

    asio::any_io_executor                           ex_;
    endpoint                                        where_;
    connect_options                                 options_;
    completion<error_code, std::unique_ptr<stream>> completion_;
    tcp::resolver                                   resolver_;
    asio::steady_timer                              whole_limit_;
    asio::steady_timer                              step_limit_;
    std::optional<srv_lookup>                       lookup_;
    std::optional<address_race>                     race_;
    std::shared_ptr<asio::cancellation_signal>      layer_;
    std::unique_ptr<stream>                         stream_;
    std::vector<target>                             targets_;
    std::size_t                                     next_target_ = 0;
    error_code                                      last_error_ = errc::no_address;
    phase                                           step_ = phase::resolve;
    bool                                            is_done_ = false;
};

} // namespace

std::string_view name_of(phase step) noexcept {
    constexpr std::array<std::string_view, phase_count> names{"resolve", "connect", "proxy", "tls", "websocket"};
    auto const index = static_cast<std::size_t>(step);
    return index < names.size() ? names[index] : "?";
}

void start_connect(asio::any_io_executor ex, endpoint where, connect_options options, connect_handler handler) {
    std::make_shared<connect_operation>(ex, std::move(where), std::move(options), std::move(handler))->start();
}

void start_connect_over(std::unique_ptr<stream> lower, endpoint where, connect_options options, connect_handler handler) {
    auto const ex = lower->get_executor();
    std::make_shared<connect_operation>(ex, std::move(where), std::move(options), std::move(handler))->start_over(std::move(lower));
}

} // namespace aldis::transport
