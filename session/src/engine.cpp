// One connection: the loop over frames, timers and output, and the public face of the engine.
#include "engine_impl.hpp"

namespace aldis::session {

namespace {

/// One frozen batch gathers about this much; what does not fit stays in the session's bounded queue.
constexpr std::size_t most_in_a_batch = 256U << 10U;

/// A receive buffer that grew beyond this is given back when it is empty.
constexpr std::size_t keep_up_to = 64U << 10U;

} // namespace

// ---- In, from the network ---------------------------------------------------------------------------------------------

void engine::impl::received(std::size_t n, time_point now) {
    bool const fresh = in_.size() == 0;
    in_.commit(n);
    if (auto* const t = counted()) t->bytes_received += n;
    if (n == 0 || at_ == phase::finished) return;
    if (how_.packet_timeout.count() > 0 && fresh) deadlines_.set(timer::packet, now + how_.packet_timeout);
    if (deadlines_.is_set(timer::ping_response)) deadlines_.set(timer::ping_response, now + how_.ping_timeout);
}

void engine::impl::sent(std::size_t n, time_point now) {
    out_.sent(n);
    if (auto* const t = counted()) t->bytes_sent += n;
    if (out_.size() == 0 && gate_.empty()) answers_ = 0;
    if (n > 0 && who_ == role::client && keep_alive_ > 0 && at_ == phase::open)                          // [MQTT-3.1.2-20]
        deadlines_.set(timer::ping, now + std::chrono::milliseconds{std::int64_t{keep_alive_} * how_.ping_after});
}

void engine::impl::committed(time_point now) {
    if (at_ == phase::finished) return;                            // a connection that ended while its CONNACK waited does not open
    gate_.release(clock_.done, out_.run());
    if (accepted_ && gate_.empty()) open(now);
}

bool engine::impl::waits_for_commit() const noexcept {
    if (at_ == phase::finished) return false;
    auto const waits = [this](slot_no at) { return at != no_slot && session_->all[at].ready > clock_.done; };
    return !gate_.empty() || waits(next_pubrel_) || waits(next_publish_);
}

bool engine::impl::wants_input() const noexcept {
    if (at_ == phase::finished || at_ == phase::accepting || paused_ || untrusted_) return false;
    return answers_ <= how_.max_output;
}

void engine::impl::pause(bool on, time_point now) {
    if (paused_ == on || at_ == phase::finished) return;
    paused_ = on;
    if (on) {                                                      // silence that we cause is not the peer's
        deadlines_.clear(timer::silence);
        deadlines_.clear(timer::packet);
        if (deadlines_.is_set(timer::ping_response)) deadlines_.set(timer::ping_response, time_point::max() - duration{1});
    } else {
        if (who_ == role::server && at_ == phase::open && keep_alive_ > 0)
            deadlines_.set(timer::silence, now + std::chrono::milliseconds{keep_alive_ * 1500});
        if (deadlines_.is_set(timer::ping_response)) deadlines_.set(timer::ping_response, now + how_.ping_timeout);
        if (how_.packet_timeout.count() > 0 && in_.size() > 0) deadlines_.set(timer::packet, now + how_.packet_timeout);
    }
}

// ---- Events -----------------------------------------------------------------------------------------------------------

engine::impl::event_ptr engine::impl::poll(time_point now) {
    for (;;) {
        if (closed_said_) return nullptr;                          // what the session ends later, the next engine tells
        if (session_ && outcomes_said_ < session_->outcomes.size()) return raise(session_->outcomes[outcomes_said_++]);
        if (session_ && outcomes_said_ > 0) {
            session_->outcomes.clear();
            outcomes_said_ = 0;
        }
        if (at_ == phase::finished) {
            closed_said_ = true;
            return raise(*closed_);
        }
        if (at_ == phase::accepting || untrusted_) return nullptr;
        if (in_.size() == 0 && in_.capacity() <= keep_up_to) return nullptr;

        auto const next = in_.next(own_.maximum_packet_size, version_);
        if (!next) {                                               // a decoder error is terminal  [MQTT-3.1.2-24]
            refuse(next.error(), packet_type{});
            continue;
        }
        if (!*next) {
            if (in_.capacity() > keep_up_to) in_.release_if_empty();    // what a large packet needed is not kept for the next small one
            return nullptr;
        }
        if (how_.packet_timeout.count() > 0) {
            if (in_.size() > 0) deadlines_.set(timer::packet, now + how_.packet_timeout);
            else deadlines_.clear(timer::packet);
        }
        if (who_ == role::server && keep_alive_ > 0 && at_ == phase::open && !paused_)                   // [MQTT-3.1.2-22] [v3-MQTT-3.1.2-24]
            deadlines_.set(timer::silence, now + std::chrono::milliseconds{keep_alive_ * 1500});
        if (auto const* const event = dispatch(**next, now)) return event;
    }
}

template <class Packet>
engine::impl::event_ptr engine::impl::take(codec::frame const& f, time_point now) {
    auto const p = codec::decode_as<Packet>(f, {version_, peer_of(who_)});
    if (!p) {
        if constexpr (Packet::type == packet_type::connect) refuse_connect(p.error(), f.body);
        else refuse(p.error(), Packet::type);
        return nullptr;
    }
    return on(*p, now);
}

engine::impl::event_ptr engine::impl::dispatch(codec::frame const& f, time_point now) {
    if ((may_receive(who_, at_, version_) & in(f.type)) == 0) return refuse(reason_code::protocol_error);    // [v3-MQTT-3.1.0-1] [v3-MQTT-3.1.0-2]
    switch (f.type) {
    case packet_type::connect: return take<packet::connect>(f, now);
    case packet_type::connack: return take<packet::connack>(f, now);
    case packet_type::publish: return take<packet::publish>(f, now);
    case packet_type::puback: return take<packet::puback>(f, now);
    case packet_type::pubrec: return take<packet::pubrec>(f, now);
    case packet_type::pubrel: return take<packet::pubrel>(f, now);
    case packet_type::pubcomp: return take<packet::pubcomp>(f, now);
    case packet_type::subscribe: return take<packet::subscribe>(f, now);
    case packet_type::suback: return take<packet::suback>(f, now);
    case packet_type::unsubscribe: return take<packet::unsubscribe>(f, now);
    case packet_type::unsuback: return take<packet::unsuback>(f, now);
    case packet_type::pingreq: return take<packet::pingreq>(f, now);
    case packet_type::pingresp: return take<packet::pingresp>(f, now);
    case packet_type::disconnect: return take<packet::disconnect>(f, now);
    case packet_type::auth: return take<packet::auth>(f, now);
    }
    return nullptr;
}

// ---- Out --------------------------------------------------------------------------------------------------------------

std::span<bytes_view const> engine::impl::pending(time_point now) {
    if (!out_.frozen() && at_ != phase::finished) {
        committed(now);
        while (out_.filling() < most_in_a_batch && pump_one(now)) {}
    }
    return out_.pending();
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void engine::impl::tick(time_point now) {
    if (at_ == phase::finished) return;
    if (deadlines_.is_due(timer::handshake, now)) return expired(timer::handshake, reason_code::maximum_connect_time);
    if (deadlines_.is_due(timer::packet, now)) return expired(timer::packet, reason_code::maximum_connect_time);
    if (deadlines_.is_due(timer::silence, now)) return expired(timer::silence, reason_code::keep_alive_timeout);    // [MQTT-3.1.2-22]
    if (deadlines_.is_due(timer::ping_response, now)) return expired(timer::ping_response, reason_code::keep_alive_timeout);
    if (deadlines_.is_due(timer::ping, now)) {
        deadlines_.clear(timer::ping);                             // set again when it has been sent
        if (deadlines_.is_set(timer::ping_response)) return;
        if (!put(packet::pingreq{})) return;                       // [MQTT-3.1.2-20] [v3-MQTT-3.1.2-23]
        pinged_at_ = now;
        deadlines_.set(timer::ping_response, paused_ ? time_point::max() - duration{1} : now + how_.ping_timeout);
    }
}

// ---- The public face --------------------------------------------------------------------------------------------------

commit_clock const engine::always_committed{};

engine::engine(role who, settings const& how, commit_clock const& clock) : impl_(std::make_unique<impl>(who, how, clock)) {}
engine::~engine() = default;
engine::engine(engine&&) noexcept = default;
engine& engine::operator=(engine&&) noexcept = default;

void engine::opened(time_point now) {
    if (impl_->at_ == phase::start) impl_->deadlines_.set(timer::handshake, now + impl_->how_.connect_timeout);
}
bool                 engine::wants_input() const noexcept { return impl_->wants_input(); }
std::span<std::byte> engine::prepare() { return impl_->in_.prepare(); }
void                 engine::received(std::size_t n, time_point now) { impl_->received(n, now); }
void                 engine::sent(std::size_t n, time_point now) { impl_->sent(n, now); }
void                 engine::committed(time_point now) { impl_->committed(now); }
bool                 engine::waits_for_commit() const noexcept { return impl_->waits_for_commit(); }
void                 engine::connection_lost(time_point now) { impl_->connection_lost(now); }

outcome<void> engine::connect(packet::connect const& request, state& session, time_point now) { return impl_->connect(request, session, now); }
outcome<void> engine::accept(packet::connack const& answer, state& session, time_point now) { return impl_->accept(answer, session, now); }
outcome<void> engine::reject(packet::connack const& answer, time_point now) { return impl_->reject(answer, now); }
outcome<void> engine::trust(time_point now) { return impl_->trust(now); }
outcome<void> engine::authenticate(packet::auth const& step, time_point now) { return impl_->authenticate(step, now); }
outcome<delivery_no> engine::publish(packet::publish const& p, time_point now) { return impl_->publish(p, now); }
outcome<delivery_no> engine::publish(message content, publish_options const& options, time_point now) {
    return impl_->publish(std::move(content), options, now);
}
bool          engine::withdraw(delivery_no no, time_point now) { return impl_->withdraw(no, now); }
outcome<void> engine::acknowledge(arrival_no arrival, reason_code reason, properties const& props, time_point) {
    return impl_->acknowledge(arrival, reason, props);
}
outcome<packet_id> engine::subscribe(subscriptions const& filters, properties const& props, time_point) { return impl_->subscribe(filters, props); }
outcome<packet_id> engine::unsubscribe(topic_filters const& filters, properties const& props, time_point) {
    return impl_->unsubscribe(filters, props);
}
outcome<void> engine::answer(packet::suback const& with, time_point) { return impl_->answer(with); }
outcome<void> engine::answer(packet::unsuback const& with, time_point) { return impl_->answer(with); }
outcome<void> engine::disconnect(packet::disconnect const& with, time_point now) { return impl_->disconnect(with, now); }
void          engine::pause(bool on, time_point now) { impl_->pause(on, now); }
void          engine::tick(time_point now) { impl_->tick(now); }

any_event const*            engine::poll(time_point now) { return impl_->poll(now); }
std::shared_ptr<void const> engine::hold() const noexcept { return impl_->in_.hold(); }
std::span<bytes_view const> engine::pending(time_point now) { return impl_->pending(now); }
std::optional<time_point>   engine::deadline() const noexcept { return impl_->deadlines_.earliest(); }
bool                        engine::finished() const noexcept { return impl_->at_ == phase::finished; }
phase                       engine::where() const noexcept { return impl_->at_; }
protocol                    engine::version() const noexcept { return impl_->version_; }
limits const&               engine::peer_limits() const noexcept { return impl_->peer_; }
std::uint64_t               engine::stray_acknowledgements() const noexcept { return impl_->stray_acks_; }
std::size_t                 engine::output_size() const noexcept { return impl_->out_.size() + impl_->gate_.size(); }

} // namespace aldis::session
