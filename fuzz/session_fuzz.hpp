// What the two session targets share: one engine whose peer is the fuzzer, and the owner, clock, store and transport around it.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include <aldis/codec/encode.hpp>
#include <aldis/session/engine.hpp>

#include "fuzz.hpp"

namespace aldis::fuzz {

/// The fuzzer's bytes as numbers; zero once they are used up.
class script {
public:
    script(std::uint8_t const* data, std::size_t size) : at_(data), end_(data + size) {}
    bool         empty() const noexcept { return at_ == end_; }
    unsigned     next() noexcept { return empty() ? 0U : *at_++; }
    unsigned     below(unsigned n) noexcept { return next() % n; }
    bytes_view   take(std::size_t most) noexcept {
        std::size_t const n = std::min(most, static_cast<std::size_t>(end_ - at_));
        bytes_view const taken = std::as_bytes(std::span{at_, n});
        at_ += n;
        return taken;
    }

private:
    std::uint8_t const* at_;
    std::uint8_t const* end_;
};

/// One side: its state outlives the engines, which come and go.
class side {
public:
    side(session::role who, script& in) : who_(who), in_(in) {
        version_ = in.below(3) == 0 ? protocol::v3_1_1 : protocol::v5;
        how_.own.receive_maximum = static_cast<std::uint16_t>(1 + in.below(4));
        how_.own.topic_alias_maximum = static_cast<std::uint16_t>(in.below(3));
        if (in.below(4) == 0) how_.own.maximum_packet_size = 100;
        how_.queue.messages = 1 + in.below(8);
        how_.queue.when_full = static_cast<session::overflow>(in.below(4));
        how_.max_output = 64 + in.next();
        how_.max_requests = static_cast<std::uint16_t>(1 + in.below(4));
        how_.resume = in.below(2) == 0;
        how_.close_to_refuse = in.below(4) == 0;
        if (in.below(2) == 0) clock_ = {1, 0};
        how_.packet_timeout = session::duration{in.below(2) * 1000};
        state_.keep_changes(true);
        open();
    }

    ~side() {
        lose();
        check(state_.identifiers_in_use() == state_.in_flight(), "an identifier outlives its request");
        session::state again{last_id};
        for (auto const& c : state_.snapshot()) check(again.replay(c), "a snapshot cannot be replayed");
        check(again.in_flight() == state_.in_flight(), "a snapshot makes another state");
    }
    side(side const&) = delete;
    side& operator=(side const&) = delete;

    void step() {
        switch (in_.below(14)) {
        case 0: case 1: receive(in_.take(1 + in_.below(40))); break;
        case 2: case 3: case 4: receive_packet(); break;
        case 5: publish(); break;
        case 6: acknowledge(); break;
        case 7: pass(in_.next() * (in_.below(2) == 0 ? 1 : 200)); break;
        case 8: case 9: write(); break;
        case 10: request(); break;
        case 11: commit(); break;
        case 12: if (in_.below(4) == 0) { lose(); open(); } break;
        case 13: other(); break;
        }
        drain();
        check(state_.identifiers_in_use() <= last_id, "more identifiers than there are");
        check(state_.queued_messages() <= how_.queue.messages + last_id, "the queue is above its bound");
    }

private:
    static constexpr packet_id last_id = 8;

    bool is_client() const noexcept { return who_ == session::role::client; }
    codec::context ours() const noexcept { return {engine_->version(), is_client() ? sender::client : sender::server}; }

    void open() {
        engine_.emplace(who_, how_, clock_);
        arrivals_.clear();
        shown_ = 0;
        closed_ = false;
        engine_->opened(now_);
        if (!is_client()) return;
        property_list props;
        if (is_v5(version_)) props.add<property_id::session_expiry_interval>(in_.below(2) * 100);
        if (is_v5(version_) && in_.below(8) == 0) props.add<property_id::authentication_method>("m");
        check(engine_->connect({.version = version_, .clean_start = in_.below(2) == 0, .keep_alive = static_cast<std::uint16_t>(in_.below(3)),
                                .client_id = "c", .props = props}, state_, now_).has_value(), "CONNECT is refused");
    }

    void lose() {
        engine_->connection_lost(now_);
        drain();
        check(closed_ && engine_->finished() && !engine_->deadline(), "a lost connection goes on");
        engine_.reset();
        if (state_.expiry() == 0 && !is_client()) state_.clear();
    }

    // ---- In ---------------------------------------------------------------------------------------------------------------
    void receive(bytes_view bytes) {
        while (!bytes.empty() && engine_->wants_input()) {
            auto const space = engine_->prepare();
            std::size_t const n = std::min(space.size(), bytes.size());
            std::copy_n(bytes.begin(), n, space.begin());
            bytes = bytes.subspan(n);
            engine_->received(n, now_);
            drain();
        }
    }

    template <class Packet>
    void receive_encoded(Packet const& p) {
        byte_buffer out;
        if (codec::encode(p, {version_, is_client() ? sender::server : sender::client}, out)) receive(out);
    }

    /// A packet that is well-formed, so that the engine must look at what it means.
    void receive_packet() {
        auto const id = static_cast<packet_id>(1 + in_.below(last_id));
        auto const reason = in_.below(4) == 0 ? reason_code::quota_exceeded : reason_code::success;
        wire_builder<reason_code> codes;
        codes.add(reason_code::success);
        wire_builder<subscription> subscribed;
        subscribed.add({.filter = "a/#"});
        wire_builder<std::string_view> left;
        left.add("a/#");
        property_list props;
        switch (in_.below(13)) {
        case 0: case 1: case 2: {
            packet::publish p{.topic = "a", .payload = in_.take(4), .qos = static_cast<qos_level>(in_.below(3)), .dup = false, .id = id};
            if (p.qos == qos_level::at_most_once) p.id = 0;
            if (is_v5(version_) && in_.below(4) == 0) p.props = props.add<property_id::topic_alias>(static_cast<std::uint16_t>(1 + in_.below(3)));
            if (!p.props.empty() && in_.below(2) == 0) p.topic = {};
            receive_encoded(p);
            break;
        }
        case 3: receive_encoded(packet::puback{.id = id, .reason = reason}); break;
        case 4: receive_encoded(packet::pubrec{.id = id, .reason = reason}); break;
        case 5: receive_encoded(packet::pubrel{.id = id}); break;
        case 6: receive_encoded(packet::pubcomp{.id = id}); break;
        case 7: case 8:
            if (is_v5(version_)) props.add<property_id::receive_maximum>(static_cast<std::uint16_t>(1 + in_.below(4)));
            if (is_v5(version_) && in_.below(2) == 0) props.add<property_id::topic_alias_maximum>(static_cast<std::uint16_t>(in_.below(3)));
            if (is_client()) receive_encoded(packet::connack{.session_present = in_.below(2) == 0, .props = props});
            else receive_encoded(packet::connect{.version = version_, .clean_start = in_.below(2) == 0, .keep_alive = 1, .client_id = "c", .props = props});
            break;
        case 9: if (is_client()) receive_encoded(packet::suback{.id = id, .codes = codes}); else receive_encoded(packet::subscribe{.id = id, .filters = subscribed}); break;
        case 10: if (is_client()) receive_encoded(packet::unsuback{.id = id, .codes = codes}); else receive_encoded(packet::unsubscribe{.id = id, .filters = left}); break;
        case 11: if (is_client()) receive_encoded(packet::pingresp{}); else receive_encoded(packet::pingreq{}); break;
        case 12: receive_encoded(packet::disconnect{}); break;
        }
    }

    // ---- The owner ----------------------------------------------------------------------------------------------------------
    void publish() {
        auto content = session::message::make("a/b", {}, in_.take(in_.below(8)));
        check(content.has_value(), "a valid message is refused");
        session::publish_options options{.qos = static_cast<qos_level>(in_.below(3)), .topic_alias = static_cast<std::uint16_t>(in_.below(3))};
        if (in_.below(4) == 0) options.expires_at = now_ + session::duration{1 + in_.next()};
        if (in_.below(4) == 0) (void)state_.enqueue(std::move(*content), options, how_.queue, now_);
        else (void)engine_->publish(std::move(*content), options, now_);
    }

    void acknowledge() {
        if (arrivals_.empty()) return;
        std::size_t const which = in_.below(static_cast<unsigned>(arrivals_.size()));
        auto const no = arrivals_[which];
        auto const reason = in_.below(4) == 0 ? reason_code::not_authorized : reason_code::success;
        auto const done = engine_->acknowledge(no, reason, {}, now_);
        arrivals_.erase(arrivals_.begin() + static_cast<std::ptrdiff_t>(which));
        if (done) check(!engine_->acknowledge(no, now_), "an arrival is acknowledged twice");
    }

    void request() {
        wire_builder<subscription> wanted;
        wanted.add({.filter = "a/+"});
        wire_builder<reason_code> granted;
        granted.add(reason_code::granted_qos_1);
        auto const id = static_cast<packet_id>(1 + in_.below(last_id));
        if (is_client()) (void)engine_->subscribe(wanted, {}, now_);
        else if (in_.below(2) == 0) (void)engine_->answer(packet::suback{.id = id, .codes = granted}, now_);
        else (void)engine_->answer(packet::unsuback{.id = id, .codes = granted}, now_);
    }

    void other() {
        switch (in_.below(4)) {
        case 0: engine_->pause(in_.below(2) == 0, now_); break;
        case 1: (void)engine_->disconnect({.reason = in_.below(2) == 0 ? reason_code::success : reason_code::unspecified_error}, now_); break;
        case 2: (void)engine_->authenticate({.reason = reason_code::continue_authentication}, now_); break;
        case 3: if (!is_client()) (void)engine_->reject({.reason = reason_code::server_busy}, now_); break;
        }
    }

    // ---- Time, store, transport -----------------------------------------------------------------------------------------------
    void pass(unsigned milliseconds) {
        now_ += session::duration{milliseconds};
        engine_->tick(now_);
        auto const due = engine_->deadline();
        check(!due || *due > now_, "deadline() lies in the past after tick()");
    }

    void commit() {
        if (clock_.done > clock_.filling) return;
        state_.changes_taken();
        clock_.done = clock_.filling++;
        engine_->committed(now_);
    }

    /// What is shown is whole packets that decode; what is shown again is what was left.
    void write() {
        auto const pieces = engine_->pending(now_);
        byte_buffer all;
        for (auto const& p : pieces) all.insert(all.end(), p.begin(), p.end());
        check(shown_ == 0 || all.size() == shown_, "pending() shows something else than before");
        if (shown_ == 0) {
            bytes_view left{all};
            while (!left.empty()) {
                auto const f = codec::next_frame(left, max_packet_size, engine_->version());
                check(f && *f, "the output is no packet");
                check(codec::decode(**f, ours()).has_value(), "the output does not decode");
                check((*f)->size <= engine_->peer_limits().maximum_packet_size, "the output is above the peer's maximum");
                left = left.subspan((*f)->size);
            }
        }
        std::size_t const n = in_.below(2) == 0 ? all.size() : std::min<std::size_t>(all.size(), in_.next());
        engine_->sent(n, now_);
        shown_ = all.size() - n;
    }

    void drain() {
        while (auto const* const e = engine_->poll(now_)) {
            check(!closed_, "an event after closed");
            if (std::holds_alternative<session::event::closed>(*e)) closed_ = true;
            if (auto const* const m = std::get_if<session::event::message_arrived>(e); m && m->arrival != 0) arrivals_.push_back(m->arrival);
            if (std::holds_alternative<session::event::connect_request>(*e) && in_.below(8) != 0) {
                version_ = engine_->version();
                (void)engine_->accept({}, state_, now_);
            }
        }
        check(arrivals_.size() <= std::size_t{how_.own.receive_maximum} * 8 || !is_v5(version_), "more arrivals than the Receive Maximum allows");
    }

    session::role                  who_;
    script&                        in_;
    protocol                       version_{};
    session::settings              how_{};
    session::commit_clock          clock_{};
    session::state                 state_{last_id};
    std::optional<session::engine> engine_{};
    session::time_point            now_{};
    std::vector<session::arrival_no> arrivals_{};
    std::size_t                    shown_ = 0;
    bool                           closed_ = false;
};

inline void run_side(session::role who, std::uint8_t const* data, std::size_t size) {
    script in{data, std::min<std::size_t>(size, 4096)};
    side   one{who, in};
    while (!in.empty()) one.step();
}

} // namespace aldis::fuzz
