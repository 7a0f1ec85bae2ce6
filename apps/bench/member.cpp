// One client of a run.
#include "member.hpp"

#include <algorithm>
#include <random>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "../cli/exit_code.hpp"
#include "../cli/report.hpp"
#include "../cli/setup.hpp"

namespace aldis::app::bench {
namespace {

constexpr int most_in_a_turn = 256;                                // then others have their turn

std::uint64_t random_sender() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

connect_options options_of(settings const& wanted, transport::connect_options const& way, std::string const& client_id) {
    auto out = setup_of(wanted.base, way, first_version(wanted.base), client_id);
    out.connect_timeout(std::chrono::duration_cast<std::chrono::milliseconds>(wanted.patience));
    auto made = out.settings();
    made.queue.messages = std::size_t{wanted.window} + 1;
    made.own.receive_maximum = 65'535;
    return out.settings(made);
}

} // namespace

member::member(company const& with, std::uint32_t number)
    : with_(with), number_(number), client_id_(fmt::format("{}{}", with.wanted.prefix, number)),
      topic_(fill_in(with.wanted.topic, number, client_id_, with.wanted.base.connection.user_name.value_or(""))),
      client_(with.io, options_of(with.wanted, with.way, client_id_)), timer_(with.io) {
    how_ = publish_options{with.wanted.qos, with.wanted.retain};
    client_.on_disconnected([this](error_code const& why, disconnect_result const&) { on_lost(why); });
    if (with.wanted.subscribes()) client_.on_message([this](received_message const& m) { on_message(m); });
    if (!with.wanted.publishes()) return;
    payload_.resize(with.wanted.size);
    sender_ = random_sender();
    client_.on_delivered([this](session::delivery_no no, error_code const& why, publish_result const& answer) { on_delivered(no, why, answer); });
}

// ---- Connecting -------------------------------------------------------------------------------------------------------

void member::connect(time_point intended) {
    connect_intended_ = intended;
    client_.async_connect([this](error_code const& why, connect_result const& answer) { on_connected(why, answer); });
}

void member::on_connected(error_code const& why, connect_result const& answer) {
    if (leaving_) return;
    if (why) {
        ++with_.counts.count.connect_failed;
        auto const& base = with_.wanted.base;
        bool const  is_refused = is_error(answer.reason()) && why == make_error_code(answer.reason());
        return fail_to_start(is_refused ? refusal_text(answer.reason(), first_version(base)) + "."
                                        : connect_failure(why, answer.detail(), base).text);
    }
    ++with_.counts.count.connected;
    with_.counts.connected(connect_intended_, clock::now());
    if (with_.wanted.subscribes()) return subscribe();
    ready_ = true;
    with_.owner.on_ready(true);
}

void member::subscribe() {
    subscribe_list to;
    to.add(topic_, with_.wanted.qos);
    client_.async_subscribe(std::move(to), [this](error_code const& why, subscribe_result const&) {
        if (leaving_) return;
        if (why) {
            ++with_.counts.count.subscribe_failed;
            return fail_to_start(fmt::format("Subscribing to '{}' failed: {}.", with_.wanted.topic, why.message()));
        }
        ++with_.counts.count.subscribed;
        ready_ = true;
        with_.owner.on_ready(true);
    });
}

void member::fail_to_start(std::string_view what) {
    with_.counts.failed(what.starts_with("Error: ") ? what.substr(7) : what);
    with_.owner.on_ready(false);
}

void member::on_lost(error_code const& why) {
    if (leaving_ || !ready_) return;
    ready_ = false;
    ++with_.counts.count.connection_lost;
    auto const text = connection_failure(why).text;
    with_.counts.failed(fmt::format("Connection lost: {}", text));
    sending_ = false;
    timer_.cancel();
    with_.owner.on_progress();
}

// ---- Publishing -------------------------------------------------------------------------------------------------------

void member::begin(time_point start, std::uint64_t quota) {
    if (!ready_) return;
    quota_ = quota;
    pace_ = pace{start, with_.wanted.interval};
    sending_ = true;
    pump();
}

void member::end_sending(time_point now) {
    if (!std::exchange(sending_, false)) return;
    timer_.cancel();
    auto const left = quota_ > 0 ? quota_ - sent_ : ~std::uint64_t{0};
    with_.counts.count.overrun += std::min(left, pace_.behind(now));
}

std::uint64_t member::outstanding() const noexcept {
    auto const returned = with_.wanted.what == mode::rtt ? returned_ : settled_;
    return sent_ - std::min(returned, settled_);
}

bool member::has_room() const noexcept {
    bool const is_paced = with_.wanted.what == mode::pub && with_.wanted.qos == qos_level::at_most_once;
    return is_paced || outstanding() < with_.wanted.window;
}

// Sends what is due. Whatever stops it calls it again: a due time, room in the window, room in the output.
void member::pump() {
    if (pumping_) return;
    for (int i = 0; i < most_in_a_turn; ++i) {
        if (!sending_ || !has_room()) return;
        if (quota_ > 0 && sent_ == quota_) return;
        auto const intended = pace_.take(clock::now());
        if (!intended) return wait_for_due();
        if (!send(*intended)) return;
    }
    pumping_ = true;
    asio::post(with_.io, [this] {
        pumping_ = false;
        pump();
    });
}

void member::wait_for_due() {
    pumping_ = true;
    timer_.expires_at(pace_.due());
    timer_.async_wait([this](error_code const& why) {
        pumping_ = false;
        if (!why) pump();
    });
}

// False when this one has to wait for room in the output.
bool member::send(time_point intended) {
    put_stamp(payload_, stamp{sender_, sent_++, with_.counts.wall(intended)});
    ++with_.counts.count.sent;
    auto const started = client_.publish(topic_, payload_, how_);
    if (!started && started.error() == session::refusal::queue_full && how_.qos() == qos_level::at_most_once)
        return wait_for_output(intended), false;
    if (!started) settle(intended, make_error_code(started.error()));
    else if (*started == 0) settle(intended, {});
    else under_way_.push_back({*started, intended});
    return true;
}

void member::wait_for_output(time_point intended) {
    pumping_ = true;
    client_.async_publish(topic_, payload_, how_, [this, intended](error_code const& why, publish_result const&) {
        pumping_ = false;
        if (leaving_) return;
        settle(intended, why);
        pump();
    });
}

void member::on_delivered(session::delivery_no no, error_code const& why, publish_result const&) {
    if (leaving_) return;
    auto const found = std::lower_bound(under_way_.begin(), under_way_.end(), no,
                                        [](sent_message const& each, session::delivery_no wanted) { return each.no < wanted; });
    if (found == under_way_.end() || found->no != no || found->done) return;
    found->done = true;
    auto const intended = found->intended;
    while (!under_way_.empty() && under_way_.front().done) under_way_.pop_front();
    settle(intended, why);
    pump();
}

// In rtt what counts is when the message comes back.
void member::settle(time_point intended, error_code const& why) {
    ++settled_;
    if (why) {
        ++with_.counts.count.publish_failed;
        with_.counts.failed(fmt::format("Publishing failed: {}.", why.message()));
    } else if (with_.wanted.what == mode::rtt) {
        ++with_.counts.count.completed;
    } else {
        with_.counts.completed(intended, clock::now());
    }
    with_.owner.on_progress();
}

// ---- Receiving, and the end -------------------------------------------------------------------------------------------

void member::on_message(received_message const& m) {
    bool const is_new = with_.counts.received(number_, m, with_.wanted.what == mode::rtt);
    if (is_new && find_stamp(m.payload())->sender == sender_) ++returned_;
    with_.owner.on_progress();
    if (sending_) pump();
}

void member::leave(std::function<void()> done) {
    leaving_ = true;
    timer_.cancel();
    if (!client_.is_connected()) {
        client_.close();
        return done();
    }
    client_.async_disconnect([done = std::move(done)](error_code const&) { done(); });
}

} // namespace aldis::app::bench
