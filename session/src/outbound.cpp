// The sending half: publishing, quotas, order, resending, and the acknowledgements that come back (3.3, 4.3, 4.4, 4.6, 4.9).
#include <algorithm>

#include <aldis/codec/topic.hpp>

#include "engine_impl.hpp"

namespace aldis::session {

namespace {

/// Whole seconds until `at`, at least 1: what has not expired is not sent as expired.
std::uint32_t seconds_left(time_point at, time_point now) noexcept {
    auto const left = std::chrono::ceil<std::chrono::seconds>(at - now).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, 0xFFFF'FFFF));
}

} // namespace

// ---- In, from the owner -----------------------------------------------------------------------------------------------

std::optional<refusal> engine::impl::check_publish(qos_level qos, bool retain) const noexcept {
    if (at_ != phase::open) return std::nullopt;                   // not known yet; looked at again when it is sent
    if (qos > peer_.maximum_qos) return refusal::qos_not_supported;                                      // [MQTT-3.2.2-11]
    if (retain && !peer_.retain_available) return refusal::retain_not_supported;                         // [MQTT-3.2.2-14]
    return std::nullopt;
}

outcome<delivery_no> engine::impl::publish(packet::publish const& p, time_point now) {
    if (auto const why = check_publish(p.qos, p.retain)) return *why;

    auto const alias = is_v5(version_) ? p.props.get<property_id::topic_alias>().value_or(0) : std::uint16_t{0};
    if (alias != 0 && at_ == phase::open) {
        if (alias > peer_.topic_alias_maximum) return refusal::alias_invalid;                            // [MQTT-3.2.2-17] [MQTT-3.2.2-18]
        if (p.topic.empty() && aliases_out_->find(alias).empty()) return refusal::alias_invalid;
    }
    if (p.qos == qos_level::at_most_once && !queues_qos_0()) {
        if (at_ != phase::open) return refusal::not_connected;
        if (out_.size() > how_.max_output) return refusal::queue_full;
        if (auto const done = publish_now(p); !done) return done.error();
        return delivery_no{0};
    }

    publish_options options{.qos = p.qos, .retain = p.retain};
    auto const topic = p.topic.empty() && alias != 0 && aliases_out_ ? aliases_out_->find(alias) : p.topic;
    options.topic_alias = alias;
    std::vector<std::uint32_t> ids;
    for (auto const& prop : p.props) {
        if (prop.id == property_id::message_expiry_interval) options.expires_at = now + std::chrono::seconds{prop.number};
        if (prop.id == property_id::subscription_identifier) ids.push_back(prop.number);
    }
    options.subscription_ids = ids;
    auto content = message::make(topic, p.props, p.payload);
    if (!content) return refusal::invalid;
    return publish(std::move(*content), options, now);
}

outcome<delivery_no> engine::impl::publish(message content, publish_options const& options, time_point now) {
    if (!content) return refusal::invalid;
    if (!options.subscription_ids.empty() && who_ == role::client) return refusal::invalid;              // [MQTT-3.3.4-6]
    if (auto const why = check_publish(options.qos, options.retain)) return *why;
    if (options.expires_at && *options.expires_at <= now) return refusal::stale;
    if (!is_v5(version_) && at_ != phase::start && !content.props().empty() && who_ == role::client) return refusal::invalid;

    if (options.qos == qos_level::at_most_once && !queues_qos_0()) {
        if (at_ != phase::open) return refusal::not_connected;
        if (out_.size() > how_.max_output) return refusal::queue_full;
        outgoing once{};
        once.content = std::move(content);
        once.expires_at = options.expires_at;
        once.subscription_ids.assign(options.subscription_ids.begin(), options.subscription_ids.end());
        once.topic_alias = options.topic_alias;
        once.retain = options.retain;
        if (auto const done = put_publish(once, now); !done) return done.error();
        return delivery_no{0};
    }
    if (!session_ || at_ == phase::finished) return refusal::not_connected;
    if (at_ == phase::open && content.size() > peer_.maximum_packet_size && content.payload().size() > peer_.maximum_packet_size)
        return refusal::too_large;                                 // [MQTT-3.2.2-15]; closer calls are made when it is sent
    auto const taken = session_->enqueue(std::move(content), options, how_.queue);
    if (taken.result != enqueued::how::yes) return refusal::queue_full;
    start(now);
    return taken.no;
}

/// QoS 0 as the owner's packet says, alias by hand or automatic.
outcome<void> engine::impl::publish_now(packet::publish p) {
    p.id = 0;
    p.dup = false;                                                 // [MQTT-3.3.1-2] [MQTT-4.3.1-1] [v3-MQTT-4.3.1-1]
    auto const alias = is_v5(version_) ? p.props.get<property_id::topic_alias>().value_or(0) : std::uint16_t{0};
    property_list with_alias;
    if (alias == 0 && aliases_out_ && codec::check_topic_name(p.topic) == std::nullopt) {
        auto const size = codec::encoded_size(p, context());
        if (!size) return refusal::invalid;
        if (*size + 4 <= peer_.maximum_packet_size) {
            if (auto const chosen = aliases_out_->use(p.topic); chosen.alias != 0) {
                with_alias = property_list{p.props};
                with_alias.add<property_id::topic_alias>(chosen.alias);
                p.props = with_alias;
                if (chosen.known) p.topic = {};
            }
        }
    }
    auto const before = out_.position();
    if (!codec::encode_head(p, context(), out_.run())) return refusal::invalid;
    if (out_.run().size() - before.run + p.payload.size() > peer_.maximum_packet_size) {                 // [MQTT-3.2.2-15] [MQTT-3.1.2-24]
        out_.rewind(before);
        return refusal::too_large;
    }
    if (alias != 0 && !p.topic.empty()) aliases_out_->set(alias, p.topic);
    auto& run = out_.run();
    run.insert(run.end(), p.payload.begin(), p.payload.end());     // the owner's bytes end with this call
    count_sent(p.qos, p.payload.size());
    return {};
}

// ---- Starting and sending ---------------------------------------------------------------------------------------------

std::uint16_t engine::impl::send_quota() const noexcept {          // [MQTT-4.9.0-1]
    return how_.max_in_flight == 0 ? peer_.receive_maximum : std::min(peer_.receive_maximum, how_.max_in_flight);
}

/// The quota counts every delivery begun and not complete, on whichever connection.  [MQTT-3.3.4-7] [MQTT-3.3.4-9] [MQTT-4.9.0-1]
bool engine::impl::may_start() const noexcept {
    auto const& s = *session_;
    if (s.publishes.count + s.pubrels.count >= send_quota()) return false;
    return s.in_flight_bytes == 0 || s.in_flight_bytes + s.all[s.queue.first].content.size() <= how_.max_in_flight_bytes;
}

/// Takes identifiers for what the quota admits, so that a store hears of it as early as can be. Nothing is sent here.
void engine::impl::start(time_point now) {
    if (at_ != phase::open) return;
    while (session_->queue.first != no_slot) {
        slot_no const at = session_->queue.first;
        auto& d = session_->all[at];
        if (d.expires_at && *d.expires_at <= now) {                // only what was not started may expire  [MQTT-3.3.2-5] [MQTT-4.3.3-7]
            session_->give_up(at, event::outcome::expired);
            continue;
        }
        if (auto const why = unsendable(d)) {
            session_->give_up(at, *why);
            continue;
        }
        if (d.qos == qos_level::at_most_once) return;              // needs no identifier; pump_one() sends it
        // The PUBLISH alone waits for quota.  [MQTT-3.3.4-8] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-3]
        if (!may_start() || !session_->start_first()) return;      // [MQTT-2.2.1-4] [v3-MQTT-2.3.1-4]
        session_->all[at].ready = clock_.filling;
        if (next_publish_ == no_slot) next_publish_ = at;
    }
}

std::optional<event::outcome> engine::impl::unsendable(outgoing const& d) const noexcept {
    if (d.qos > peer_.maximum_qos || (d.retain && !peer_.retain_available)) return event::outcome::not_supported;
    return std::nullopt;
}

/// Puts the next packet of the session into the output: PUBRELs first, then PUBLISHes in their order.  [MQTT-4.6.0-1] [MQTT-4.6.0-4]
bool engine::impl::pump_one(time_point now) {
    if (at_ != phase::open) return false;
    auto& s = *session_;
    if (next_pubrel_ != no_slot && s.all[next_pubrel_].ready <= clock_.done) {
        auto& d = s.all[next_pubrel_];
        (void)put(packet::pubrel{.id = d.id});                     // [MQTT-4.3.3-4] [MQTT-4.3.3-5]; it has waited for its commit
        d.sent_on = s.connection;
        next_pubrel_ = d.next;
        return true;
    }
    start(now);
    if (next_publish_ != no_slot && s.all[next_publish_].ready <= clock_.done &&
        publishes_sent_ + s.pubrels.count < send_quota()) {        // [MQTT-3.3.4-9] [MQTT-4.9.0-2]
        slot_no const at = next_publish_;
        next_publish_ = s.all[at].next;
        return send(at, now);
    }
    if (slot_no const at = s.queue.first; at != no_slot && s.all[at].qos == qos_level::at_most_once) {
        auto const done = put_publish(s.all[at], now);
        s.give_up(at, done ? event::outcome::acknowledged : event::outcome::too_large);
        return true;
    }
    return false;
}

/// Sends or sends again one QoS 1 or 2 PUBLISH.
bool engine::impl::send(slot_no at, time_point now) {
    auto& d = session_->all[at];
    if (!d.content || unsendable(d)) {
        session_->give_up(at, d.content ? event::outcome::not_supported : event::outcome::session_lost);
        return true;
    }
    if (!put_publish(d, now)) {
        // Too large for this peer. A server acts as if it had been sent, a client must say so.  [MQTT-3.1.2-25]
        session_->give_up(at, who_ == role::server ? event::outcome::acknowledged : event::outcome::too_large, reason_code::packet_too_large);
        return true;
    }
    d.written = true;
    d.sent_on = session_->connection;
    ++publishes_sent_;
    if (measured_ == 0) {
        measured_ = d.no;
        measured_from_ = now;
    }
    return true;
}

/// Writes the head anew for this connection: its version, aliases, and the time that is left.
outcome<void> engine::impl::put_publish(outgoing const& d, time_point now) {
    auto const& m = d.content;
    packet::publish p{.topic = m.topic(), .payload = m.payload(), .qos = d.qos, .retain = d.retain};
    p.id = d.id;
    // [MQTT-3.3.1-1] [MQTT-3.3.1-3] [MQTT-4.3.2-2] [MQTT-4.3.3-2] [v3-MQTT-3.3.1-1] [v3-MQTT-3.3.1.-1] [v3-MQTT-3.3.1-3] [v3-MQTT-4.3.2-1]
    p.dup = d.written;
    property_list extended;
    if (is_v5(version_)) {
        p.props = m.props();
        bool const by_hand = d.topic_alias != 0 && d.topic_alias <= peer_.topic_alias_maximum;
        if (d.expires_at || !d.subscription_ids.empty() || aliases_out_) {
            extended = property_list{p.props};
            if (d.expires_at) extended.add<property_id::message_expiry_interval>(seconds_left(*d.expires_at, now));   // [MQTT-3.3.2-6]
            for (auto const id : d.subscription_ids) extended.add<property_id::subscription_identifier>(id);          // [MQTT-3.3.4-3]
            p.props = extended;
            auto const size = codec::encoded_size(p, context());
            bool const room = size && *size + 4 <= peer_.maximum_packet_size;
            outgoing_aliases::choice chosen{};
            if (room && by_hand) {
                chosen = {d.topic_alias, aliases_out_->find(d.topic_alias) == m.topic()};
                aliases_out_->set(d.topic_alias, m.topic());
            } else if (room && aliases_out_) {
                chosen = aliases_out_->use(m.topic());
            }
            if (chosen.alias != 0) {
                extended.add<property_id::topic_alias>(chosen.alias);                                    // [MQTT-3.3.2-8]
                if (chosen.known) p.topic = {};
                p.props = extended;
            }
        }
    }
    auto const before = out_.position();
    if (!codec::encode_head(p, context(), out_.run())) return refusal::invalid;
    if (out_.run().size() - before.run + p.payload.size() > peer_.maximum_packet_size) {                 // [MQTT-3.1.2-24] [MQTT-3.2.2-15]
        out_.rewind(before);
        return refusal::too_large;
    }
    out_.append_payload(p.payload, m.hold());
    count_sent(d.qos, p.payload.size());
    return {};
}

// ---- Acknowledgements of what we sent ---------------------------------------------------------------------------------

/// A delivery leaves its list: cursors and counts follow.
void engine::impl::settle(slot_no at) noexcept {
    auto const& d = session_->all[at];
    if (next_publish_ == at) next_publish_ = d.next;
    if (next_pubrel_ == at) next_pubrel_ = d.next;
    if (d.waits != out_state::wait_pubcomp && d.sent_on == session_->connection) --publishes_sent_;
}

bool engine::impl::withdraw(delivery_no no, time_point now) {
    if (!session_) return false;
    slot_no const at = session_->find_unsent(no);
    if (at == no_slot) return false;
    if (session_->all[at].id != 0) settle(at);
    session_->finish(at);
    start(now);
    return true;
}

void engine::impl::count_sent(qos_level qos, std::size_t bytes) const noexcept {
    auto* const t = counted();
    if (!t) return;
    auto& of = t->sent[static_cast<std::size_t>(qos)];
    ++of.messages;
    of.bytes += bytes;
}

/// The answer to a PUBLISH came: if it is the one that is measured, the next one will be.
void engine::impl::measure(outgoing const& d, time_point now) noexcept {
    if (d.no != measured_) return;
    if (auto* const t = counted()) t->acknowledgement = now - measured_from_;
    measured_ = 0;
}

template <packet_type Type>
engine::impl::event_ptr engine::impl::on_ack(packet::ack<Type> const& p, out_input input, time_point now) {
    auto const* const purpose = session_->ids.find(p.id);
    if (!purpose) {                                                // the late answer of an earlier connection, or a confused peer
        ++stray_acks_;
        if (find_stray(input) == stray::pubrel_not_found)
            put_ack<packet_type::pubrel>(p.id, reason_code::packet_identifier_not_found);                // [MQTT-4.3.3-4]
        return nullptr;
    }
    if (*purpose == used_by_request) return refuse(reason_code::protocol_error);
    auto const* const step = find_step(session_->all[*purpose].waits, input);                            // [MQTT-4.3.3-3]
    if (!step) return refuse(reason_code::protocol_error);
    return on_step(*purpose, *step, p.reason, p.props, now);
}

engine::impl::event_ptr engine::impl::on_step(slot_no at, out_step const& step, reason_code reason, properties const& props, time_point now) {
    auto& d = session_->all[at];
    measure(d, now);
    if (!step.to) {                                                // complete  [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-4.4.0-2] [v3-MQTT-2.3.1-3]
        auto const said = step.on == out_input::pubcomp ? d.reason : reason;
        auto const no = d.no;
        settle(at);
        session_->finish(at);
        start(now);
        return raise(event::delivered{no, is_error(said) ? event::outcome::refused : event::outcome::acknowledged, said, props});
    }
    if (d.waits == out_state::wait_pubcomp) {                      // PUBREC once more: its PUBREL got lost, or is still to come
        put_ack<packet_type::pubrel>(d.id, reason_code::success);
        return nullptr;
    }
    settle(at);                                                    // the PUBLISH is never sent again  [MQTT-4.3.3-6] [v3-MQTT-4.3.3-1]
    session_->release(at, reason);
    d.ready = clock_.filling;
    if (next_pubrel_ == no_slot) next_pubrel_ = at;
    return nullptr;
}

/// Acknowledgements wait for the commit that makes them true.
template <packet_type Type>
void engine::impl::put_ack(packet_id id, reason_code reason, properties const& props) {
    packet::ack<Type> ack{.id = id};
    if (is_v5(version_)) {                                         // 3.1.1 has neither reason nor properties here
        ack.reason = reason;
        ack.props = props;
    }
    (void)put_answer(ack);
}

template engine::impl::event_ptr engine::impl::on_ack(packet::puback const&, out_input, time_point);
template engine::impl::event_ptr engine::impl::on_ack(packet::pubrec const&, out_input, time_point);
template engine::impl::event_ptr engine::impl::on_ack(packet::pubcomp const&, out_input, time_point);
template void engine::impl::put_ack<packet_type::puback>(packet_id, reason_code, properties const&);
template void engine::impl::put_ack<packet_type::pubrec>(packet_id, reason_code, properties const&);
template void engine::impl::put_ack<packet_type::pubrel>(packet_id, reason_code, properties const&);
template void engine::impl::put_ack<packet_type::pubcomp>(packet_id, reason_code, properties const&);

} // namespace aldis::session
