// How a client's connection begins and ends: dialling, CONNECT, CONNACK, DISCONNECT, loss.
#include <algorithm>
#include <variant>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <aldis/codec/encode.hpp>
#include <aldis/transport/connect.hpp>

#include "seconds.hpp"
#include "impl.hpp"

namespace aldis {

namespace {

constexpr auto max_keep_alive = std::chrono::seconds{0xFFFF};
constexpr auto no_time_limit = std::chrono::hours{24 * 365};

session::duration limit_or_none(std::chrono::milliseconds limit) {
    return limit.count() > 0 ? std::min<session::duration>(limit, no_time_limit) : no_time_limit;
}

packet::will view_of(will_message const& w) {
    packet::will seen;
    seen.topic = w.topic();
    seen.payload = w.payload();
    seen.qos = w.qos();
    seen.retain = w.retain();
    seen.props = w.props().view();
    return seen;
}

} // namespace

// ---- The beginning ----------------------------------------------------------------------------------------------------

void client::impl::connect(std::unique_ptr<transport::stream> over, connect_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted, {});
    bool const is_ending = connection_ && connection_->engine().finished() && !is_connecting_ && !next_;
    if ((connection_ && !is_ending) || is_connecting_ || next_ || run_) return std::move(op).complete(error::already_connected, {});
    options_ = given_;
    if (auto const flaw = flaw_of_store()) return std::move(op).complete(flaw, std::move(connect_result{}.detail(store_failure_)));
    if (auto const flaw = flaw_of_options()) return std::move(op).complete(flaw, {});
    if (!over && !options_.endpoint()) return std::move(op).complete(options_.address_error(), {});

    op.on_cancel([weak = weak_from_this(), no = ++attempt_](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none || self->attempt_ != no) return;
        if (auto next = std::exchange(self->next_, std::nullopt)) return std::move(next->op).complete(asio::error::operation_aborted, {});
        if (!self->connecting_) return;
        self->give_up_connecting();
        self->connect_failed(asio::error::operation_aborted);
    });
    if (is_ending) next_.emplace(next_connect{std::move(over), std::move(op)});
    else begin(std::move(over), std::move(op));
}

void client::impl::begin(std::unique_ptr<transport::stream> over, connect_operation op) {
    connecting_.emplace(std::move(op));
    tell(link_state::connecting{1, options_.endpoint() ? *options_.endpoint() : transport::endpoint{}});
    begin(std::move(over));
}

void client::impl::begin(std::unique_ptr<transport::stream> over) {
    is_connecting_ = true;
    give_up_at_ = connection::now() + limit_or_none(options_.connect_timeout());
    if (over) attach(std::move(over));
    else dial();
}

void client::impl::begin_next() {
    if (auto next = std::exchange(next_, std::nullopt)) begin(std::move(next->over), std::move(next->op));
}

error_code client::impl::flaw_of_options() const {
    if (options_.keep_alive().count() < 0 || options_.keep_alive() > max_keep_alive) return error::invalid;
    if (auto const wrong = options_.props().flaw()) return bad_argument(*wrong);
    if (options_.will())
        if (auto const wrong = options_.will()->props().flaw()) return bad_argument(*wrong);
    return flaw_of_authenticator();
}

struct client::impl::on_dialed {
    std::shared_ptr<impl>                      self;
    std::uint64_t                              attempt;
    std::shared_ptr<asio::cancellation_signal> signal;             // its slot is looked at until the dial has ended

    void operator()(error_code ec, std::unique_ptr<transport::stream> stream) const {
        if (self->attempt_ == attempt && self->is_connecting_) self->dialed(ec, std::move(stream));
    }
};

void client::impl::dial() {
    auto how = options_.transport();
    failure_ = std::make_shared<std::string>();
    how.timeout(options_.connect_timeout()).observe([told = failure_, pass_on = how.observe(), weak = weak_from_this()](transport::note const& said) {
        if (said.weight() == transport::note::level::failure) *told = said.text();
        if (auto const self = weak.lock()) self->say(said);
        if (pass_on) pass_on(said);
    });
    dialing_ = std::make_shared<asio::cancellation_signal>();
    transport::async_connect(io_, *options_.endpoint(), std::move(how),
                             asio::bind_cancellation_slot(dialing_->slot(), on_dialed{shared_from_this(), attempt_, dialing_}));
}

void client::impl::dialed(error_code ec, std::unique_ptr<transport::stream> stream) {
    dialing_.reset();
    auto const failure = std::exchange(failure_, nullptr);
    if (!ec) return attach(std::move(stream));
    connect_result result;
    if (failure) result.detail(std::move(*failure));
    connect_failed(ec, std::move(result));
}

void client::impl::attach(std::unique_ptr<transport::stream> stream) {
    auto how = options_.settings();
    how.distrust = options_.authenticator() != nullptr;
    how.connect_timeout = std::max(give_up_at_ - connection::now(), session::duration{1});
    was_open_ = throttled_ = is_full_ = false;
    cause_ = {};
    end_.reset();
    connection_.emplace(std::move(stream), session::role::client, how, store_ ? store_->clock() : session::engine::always_committed);
    connection_->keep(std::make_shared<std::pair<std::shared_ptr<session::state>, std::shared_ptr<store_driver>>>(state_, store_));
    connection_->tap(all_taps());
    try {
        if (auto const refused = say_connect()) {
            connection_.reset();
            return connect_failed(refused);
        }
    } catch (...) {                                                // by the authenticator
        connection_.reset();
        connect_failed(error::authentication_failed);
        throw;
    }
    connection_->start(*this);
}

error_code client::impl::say_connect() {
    bool const v5 = is_v5(options_.version());
    auto const expiry = to_interval(options_.session_expiry());
    auto       props = options_.props();
    if (v5 && expiry > 0 && !props.view().has(property_id::session_expiry_interval)) props.add<property_id::session_expiry_interval>(expiry);
    introduce(props);

    packet::connect request;
    request.version = options_.version();
    request.clean_start = options_.clean_start() || (!v5 && expiry == 0);
    request.keep_alive = static_cast<std::uint16_t>(options_.keep_alive().count());
    // A session that goes on belongs to the identifier that the server assigned.
    request.client_id = options_.client_id().empty() && state_->exists() ? connected_as_.client_id() : options_.client_id();
    if (options_.will()) request.last_will = view_of(*options_.will());
    if (options_.user_name()) request.user_name = *options_.user_name();
    if (options_.password()) request.password = to_bytes(*options_.password());
    request.props = props.view();

    auto const sent = connection_->engine().connect(request, *state_, connection::now());
    if (sent) return {};
    auto const size = codec::encoded_size(request, {request.version, sender::client});
    return size ? make_error_code(sent.error()) : bad_argument(size.error().code);
}

void client::impl::connected(session::event::connected const& e) {
    if (!is_content(e.answer.props)) return;
    if (authentication_ && !connection_->engine().trust(connection::now())) return;
    was_open_ = true;
    ++opened_;
    connected_as_ = connect_result(e.answer.reason, e.answer.props, e.answer.session_present);
    connected_as_.in_use(std::string(e.client_id), e.keep_alive, e.peer);
    say(log_level::notice, connected_as_.session_present() ? "connected, the session goes on" : "connected");
    if (store_ && options_.client_id().empty()) store_->keep_client_id(connected_as_.client_id());
    for (auto const& late : std::exchange(late_answers_, {}))
        (void)connection_->engine().acknowledge(late.arrival, late.reason, {}, connection::now());
    throttle();
    if (router_) router_->connected(e.answer.session_present);
    is_connecting_ = false;
    if (run_) {
        run_->at = supervision::phase::open;
        run_->was_connected = true;
        run_->open_since = connection::now();
    }
    if (requester_) requester_->connected();
    if (connecting_) std::move(*std::exchange(connecting_, std::nullopt)).complete({}, connected_as_);
    end_waits({}, connected_as_);
    leave_if_done();
    tell(link_state::connected{connected_as_});                    // last, since its handler may end everything
}

void client::impl::connect_failed(error_code ec, connect_result result) {
    is_connecting_ = false;
    auto const cause = connection_cause::of(ec, false, answer(result.reason(), result.props().view()), result.detail());
    if (auto op = std::exchange(connecting_, std::nullopt)) std::move(*op).complete(ec, std::move(result));
    after_end(cause, false, ec == error::disconnected);
}

/// Nothing of the attempt comes back after this.
void client::impl::give_up_connecting() {
    ++attempt_;
    connection_.reset();
    if (auto const signal = std::exchange(dialing_, nullptr)) signal->emit(asio::cancellation_type::terminal);
}

// ---- What the engine says ---------------------------------------------------------------------------------------------

void client::impl::on_event(session::any_event const& said) {
    auto const self = shared_from_this();                          // handlers may destroy the client
    using namespace session::event;
    if (auto const* const e = std::get_if<message_arrived>(&said)) return arrived(*e);
    if (auto const* const e = std::get_if<delivered>(&said)) return settle(*e);
    if (auto const* const e = std::get_if<subscribed>(&said))
        return answered(packet_type::suback, e->answer.id, e->answer.codes, e->answer.props);
    if (auto const* const e = std::get_if<unsubscribed>(&said))
        return answered(packet_type::unsuback, e->answer.id, e->answer.codes, e->answer.props);
    if (auto const* const e = std::get_if<session::event::connected>(&said)) return connected(*e);
    if (auto const* const e = std::get_if<session::event::closed>(&said)) return closed(*e);
    if (auto const* const e = std::get_if<authenticate>(&said)) return ask_again(*e);
}

// ---- The end ----------------------------------------------------------------------------------------------------------

void client::impl::closed(session::event::closed const& e) {
    auto const untrusted = authentication_error();
    cause_ = untrusted ? untrusted : cause_of(e);
    bool const kept = state_->exists() && state_->expiry() > 0;
    end_.emplace(e.who, e.reason, e.props, kept);
}

error_code client::impl::cause_of(session::event::closed const& e) const {
    using by = session::event::closed::by;
    if (e.cause) return make_error_code(e.cause->code);
    if (e.expired) {
        switch (*e.expired) {
        case session::timer::handshake: return error::connect_timed_out;
        case session::timer::packet: return error::packet_timed_out;
        case session::timer::silence: return error::silence;
        case session::timer::ping:
        case session::timer::ping_response: return error::ping_timed_out;
        }
    }
    switch (e.who) {
    case by::us: return is_error(e.reason) ? own_reason(e.reason) : make_error_code(error::disconnected);
    case by::peer: return is_error(e.reason) ? make_error_code(e.reason) : make_error_code(error::closed_by_peer);
    case by::violation: return own_reason(e.reason);
    case by::network: break;
    }
    return was_open_ ? error::connection_lost : error::no_answer;
}

void client::impl::on_ended(error_code why) {
    auto const self = shared_from_this();
    connection_.reset();
    auto ended = std::exchange(end_, std::nullopt).value_or(disconnect_result{});
    auto cause = cause_ ? cause_ : why ? why : make_error_code(error::connection_lost);
    // With TLS 1.3 a server refuses our certificate when we think that all is done: what it says is more than that it hung up.
    bool const is_told = (why == condition::tls || why == condition::websocket) && why != condition::connection_lost;
    if (is_told && ended.who() == disconnect_result::by::network) cause = why;
    bool const was_open = std::exchange(was_open_, false);
    if (ended.who() == disconnect_result::by::us && was_open) say(log_level::notice, "disconnected");
    else say(log_level::warning, (was_open ? "connection lost: " : "not connected: ") + cause.message());
    bool const is_wanted = !disconnects_.empty() || (leaving_ && leaving_->has_said);
    if (!run_) count_remaining();
    // While we go on by ourselves, the next CONNACK tells what of an ended session has to be sent again.
    if (was_open && !ended.session_kept() && (is_wanted || !run_)) end_session();
    expire();

    bool const asked_for = is_wanted && ended.who() == disconnect_result::by::us;
    for (auto& op : disconnects_.take_all()) std::move(op).complete({});
    if (connecting_) {
        std::move(*std::exchange(connecting_, std::nullopt)).complete(cause, connect_result(ended.reason(), ended.props().view(), false));
    }
    is_connecting_ = false;
    if (was_open) tell_end(asked_for ? error_code{} : cause, ended);
    auto ending = connection_cause::of(cause, was_open, std::move(ended));
    if (cause == error::connection_lost && why == asio::error::eof) ending.as(cause_kind::closed_by_server);
    if (authentication_error()) ending.as(cause_kind::authentication);
    after_end(ending, was_open, is_wanted);
    begin_next();
}

void client::impl::tell_end(error_code cause, disconnect_result ended) {
    if (!on_disconnected_) return;
    asio::post(io_, [self = shared_from_this(), cause, ended = std::move(ended)] {
        if (auto const handler = self->on_disconnected_; handler && !self->dead_) handler(cause, ended);
    });
}

/// The server has forgotten everything, so what was under way can not be completed any more.
void client::impl::end_session() {
    auto const unended = state_->outstanding();
    state_->clear();
    late_answers_.clear();
    std::vector<session::delivery_no> without_handler;
    for (auto const no : unended)
        if (auto op = take_publish(no)) std::move(*op).complete(error::session_ended, {});
        else without_handler.push_back(no);
    if (without_handler.empty() || !on_delivered_) return;
    asio::post(io_, [self = shared_from_this(), ended = std::move(without_handler)] {
        for (auto const no : ended)
            if (auto const handler = self->on_delivered_) handler(no, error::session_ended, {});
    });
}

/// What belongs to the connection ends with it; deliveries belong to the session.
void client::impl::end_operations(error_code why, error_code of_receivers) {
    if (router_) router_->disconnected(why, of_receivers);
    end_authentication(why);
    for (auto& each : requests_.take_all()) std::move(each.op).complete(why, {});
    while (!waiting_.empty()) std::move(take_first(waiting_).op).complete(why, {});
    if (!of_receivers) return;                                     // there will be another connection
    for (auto& each : receivers_.take_all()) std::move(each).complete(of_receivers, {});
}

void client::impl::disconnect(disconnect_options const& how, disconnect_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted);
    if (!connection_ && !is_connecting_ && !run_) return std::move(op).complete(error::not_connected);
    if (!connection_) {                                            // still dialling, or between attempts: there is nobody to say it to
        give_up_connecting();
        if (is_connecting_) connect_failed(error::disconnected);
        else finish_running({}, connection_cause(cause_kind::stopped, error::disconnected));
        return std::move(op).complete({});
    }
    auto& engine = connection_->engine();
    if (!engine.finished()) {
        packet::disconnect leave;
        leave.reason = how.reason();
        leave.props = how.props().view();
        if (auto const wrong = leave.props.flaw()) return std::move(op).complete(bad_argument(*wrong));
        if (auto const said = engine.disconnect(leave, connection::now()); !said) return std::move(op).complete(make_error_code(said.error()));
    }
    auto const no = next_no_++;
    op.on_cancel([weak = weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || (type & asio::cancellation_type::terminal) == asio::cancellation_type::none || !self->disconnects_.has(no)) return;
        if (self->connection_) self->connection_->close();         // without waiting for the peer
    });
    disconnects_.add(no, std::move(op));
    connection_->flush();
}

void client::impl::close(bool for_good) {
    auto const self = shared_from_this();
    if (for_good) fall_silent();
    bool const ends = is_open() && state_->expiry() == 0;
    bool const was_active = run_ || is_connecting_ || connection_ || next_;
    give_up_connecting();
    was_open_ = is_connecting_ = false;
    cause_ = {};
    end_.reset();
    error_code const aborted = asio::error::operation_aborted;
    if (auto const run = std::exchange(run_, nullptr)) {
        run->timer.cancel();
        for (auto& op : run->runs) std::move(op).complete(aborted);
    }
    if (!for_good) options_ = given_;
    if (auto going = std::exchange(leaving_, std::nullopt)) std::move(going->op).complete(aborted, undelivered());
    end_publishes(aborted);
    if (ends) end_session();
    if (auto op = std::exchange(connecting_, std::nullopt)) std::move(*op).complete(aborted, {});
    if (auto next = std::exchange(next_, std::nullopt)) std::move(next->op).complete(aborted, {});
    for (auto& op : disconnects_.take_all()) std::move(op).complete(aborted);
    if (requester_) requester_->abort(aborted);
    end_operations(aborted, aborted);
    end_waits(aborted, {});
    if (was_active && !for_good) tell(link_state::given_up{connection_cause(cause_kind::stopped, aborted)});
    for (auto& op : state_waits_.take_all()) std::move(op).complete(aborted, {});
    if (for_good) {
        deadlines_->leave();
        leave_store();
    } else if (store_) {
        store_->rest();
    }
}

/// The handle is gone: no handler is called any more but those of operations.
void client::impl::fall_silent() {
    dead_ = true;
    on_message_ = nullptr;
    on_disconnected_ = nullptr;
    on_delivered_ = nullptr;
    on_state_ = nullptr;
    on_store_failure_ = nullptr;
    tap_ = nullptr;
    incoming_.clear();
    if (router_) router_->close();
}

} // namespace aldis
