// From no connection to one and back: attempts, what follows a loss, the graceful end.
#include <algorithm>
#include <random>

#include <boost/asio/detached.hpp>

#include <aldis/reconnect.hpp>

#include "config.hpp"
#include "core.hpp"

namespace aldis::blocking {

namespace {

double chance() {
    thread_local std::minstd_rand draw{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(draw);
}

/// Twice the delay at the most, so that its random half lies between the full delay and the half of it.
constexpr double half = 0.5;

} // namespace

// ---- Asked for, on any thread -----------------------------------------------------------------------------------------

void core::connect() {
    keep_out_of_handlers("connect");
    std::string address;
    run_mode    mode{};
    {
        std::lock_guard const lock(sync_->mutex);
        address = address_of(config_);
        mode = config_.mode();
    }
    if (mode == run_mode::own_thread) start();
    auto const waiting = make_ticket(asked_for::connection, std::move(address));
    post_begin(waiting);
    wait(*waiting, end_of_time());
}

void core::connect_async() { post_begin(nullptr); }

void core::post_begin(ticket_ptr waiting) {
    {
        std::lock_guard const lock(sync_->mutex);
        stopped_ = over_ = false;
        gave_up_ = {};
    }
    ++connects_asked_;
    asio::post(io_, [this, waiting = std::move(waiting)] {
        begin(waiting);
        --connects_asked_;
    });
}

void core::reconnect() {
    {
        std::lock_guard const lock(sync_->mutex);
        stopped_ = over_ = false;
        gave_up_ = {};
    }
    ++connects_asked_;
    asio::post(io_, [this] {
        again();
        --connects_asked_;
    });
}

void core::disconnect(milliseconds patience) {
    if (patience.count() < 0) raise_invalid("disconnect()", "the patience is negative");
    asio::post(io_, [this, patience] { leave(patience); });
}

void core::will(std::optional<will_message> value) {
    blocking_config changed;
    {
        std::lock_guard const lock(sync_->mutex);
        changed = config_;
    }
    check(changed.will(value));
    asio::post(io_, [this, value = std::move(value)]() mutable {
        std::lock_guard const lock(sync_->mutex);
        config_.will(std::move(value));
    });
}

void core::reinitialise(blocking_config config) {
    check(config);
    calls.clear();
    user_data({});
    asio::post(io_, [this, config = std::move(config)]() mutable {
        drop_connection();
        timer_.cancel();
        fail_all(failed(asio::error::operation_aborted, "the client was reinitialised"));
        subscribed_.clear();
        restoring_ = false;
        {
            std::lock_guard const lock(sync_->mutex);
            config_ = std::move(config);
        }
        move_to(phase::idle);
        make_client();
    });
}

// ---- Attempts ---------------------------------------------------------------------------------------------------------

void core::move_to(phase next) {
    at_ = next;
    connected_ = next == phase::open || next == phase::leaving;
    {
        std::lock_guard const lock(sync_->mutex);
        idle_ = next == phase::idle;
    }
    sync_->changed.notify_all();
}

void core::begin(ticket_ptr waiting) {
    if (at_ == phase::leaving) {
        ++connects_asked_;
        return connects_after_.push_back(std::move(waiting));
    }
    if (at_ == phase::open) {
        if (waiting) settle(waiting, {});
        return;
    }
    if (waiting) connects_.push_back(std::move(waiting));
    if (at_ == phase::connecting) return;
    if (at_ == phase::idle) {
        is_first_ = true;
        failures_ = 0;
    }
    attempt();
}

void core::again() {
    if (at_ != phase::open) return begin(nullptr);
    again_ = true;
    client_->async_disconnect(asio::detached);
}

void core::attempt() {
    timer_.cancel();
    move_to(phase::connecting);
    client_->options(to_options(config_, version_).store(store_));
    client_->async_connect([this, no = ++attempt_no_](error_code ec, connect_result const& result) { attempted(no, ec, result); });
}

void core::attempted(std::uint64_t no, error_code ec, connect_result const& result) {
    if (no != attempt_no_ || at_ != phase::connecting) return;
    if (!ec) return opened(result);
    if (fall_back(ec)) return attempt();
    attempt_failed(failed(ec, result.detail()));
}

void core::opened(connect_result const& result) {
    move_to(phase::open);
    is_first_ = false;
    failures_ = 0;
    if (!result.session_present()) restoring_ = true;
    restore_subscriptions();
    for (auto& each : std::exchange(requests_, {})) send(std::move(each));
    flush_waiting();
    call(calls.connected, "connected", result);
    for (auto const& each : std::exchange(connects_, {})) settle(each, {});
}

/// A server that does not know 5.0 says so with return code 1, whose form 5.0 does not have, or just closes.
bool core::fall_back(error_code const& ec) {
    bool const does_not_know = reason_of(ec) == reason_code::unsupported_protocol_version || ec == condition::malformed || ec == error::no_answer;
    if (config_.version() || !is_v5(version_) || !does_not_know) return false;
    version_ = protocol::v3_1_1;
    say(log_level::notice, "the server does not speak MQTT 5.0; trying 3.1.1");
    return true;
}

bool core::is_final(error_code const& ec) const {
    auto const is = kind_of(ec, asked_for::connection);
    return is == kind::authentication || is == kind::validation || reason_of(ec) == reason_code::session_taken_over ||
           reason_of(ec) == reason_code::unsupported_protocol_version || (ec == condition::tls && ec != condition::connection_lost);
}

void core::attempt_failed(failure const& why) {
    if ((is_first_ && !config_.retry_first_connect()) || is_final(why.code)) give_up(why, false);
    else retry(why, false);
}

void core::retry(failure const& why, bool was_open) {
    if (failures_ >= config_.max_reconnect_attempts()) return give_up(why, false);
    auto const delay = delay_before(failures_++, {config_.initial_reconnect_delay(), config_.maximum_reconnect_delay(), half}, chance());
    say(log_level::warning, why.cause + "; attempt " + std::to_string(failures_) + " follows in " + std::to_string(delay.count()) + " ms");
    move_to(phase::waiting);
    timer_.expires_after(delay);
    timer_.async_wait([this, no = attempt_no_](error_code ec) {
        if (!ec && no == attempt_no_ && at_ == phase::waiting) attempt();
    });
    if (!was_open) return;
    disconnected_notice said;
    said.code_ = why.code;
    said.cause_ = why.cause;
    said.reason_ = reason_of(why.code);
    said.retried_ = true;
    said.retry_in_ = delay;
    call(calls.disconnected, "disconnected", said);
}

// ---- The end ----------------------------------------------------------------------------------------------------------

/// The first attempt of all leaves what was published before it where it is: the caller is told, and may try again.
void core::give_up(failure const& why, bool is_asked_for) {
    bool const          keeps = is_first_ && !is_asked_for;
    disconnected_notice said;
    said.code_ = is_asked_for ? std::error_code() : std::error_code(why.code);
    said.cause_ = why.cause;
    said.reason_ = reason_of(why.code);
    said.asked_for_ = is_asked_for;
    if (keeps) for (auto const& each : std::exchange(connects_, {})) settle(each, why);
    else said.undelivered_ = fail_all(why);
    say(is_asked_for ? log_level::notice : log_level::error, is_asked_for ? "disconnected, as asked for" : "given up: " + why.cause);
    move_to(phase::idle);
    call(calls.disconnected, "disconnected", said);
    if (!connects_after_.empty()) return begin_after_leaving();
    told_over(is_asked_for ? failure{} : why);
}

void core::told_over(failure const& why) {
    {
        std::lock_guard const lock(sync_->mutex);
        over_ = connects_asked_ == 0;
        gave_up_ = why;
    }
    sync_->changed.notify_all();
}

void core::begin_after_leaving() {
    for (auto& each : std::exchange(connects_after_, {})) {
        begin(std::move(each));
        --connects_asked_;
    }
}

/// The client below told of the end of a connection that was open.
void core::ended(error_code ec, disconnect_result const&) {
    auto const why = failed(ec ? ec : make_error_code(error::disconnected));
    if (at_ == phase::leaving) return give_up(ec ? why : failed(error::disconnected, "disconnected before it was acknowledged"), true);
    if (at_ != phase::open) return;
    if (std::exchange(again_, false)) {
        disconnected_notice said;
        said.asked_for_ = said.retried_ = true;
        said.cause_ = "reconnect() was called";
        attempt();
        return call(calls.disconnected, "disconnected", said);
    }
    if (is_final(ec)) give_up(why, false);
    else retry(why, true);
}

void core::leave(milliseconds patience) {
    if (at_ == phase::leaving) return;
    if (at_ == phase::idle) return told_over({});
    if (at_ != phase::open) {
        drop_connection();
        return give_up(failed(error::disconnected, "disconnect() came before there was a connection"), true);
    }
    move_to(phase::leaving);
    goodbye_said_ = false;
    timer_.expires_after(patience);
    timer_.async_wait([this](error_code ec) {
        if (!ec && at_ == phase::leaving) say_goodbye();
    });
    leave_if_done();
}

void core::leave_if_done() {
    if (at_ == phase::leaving && under_way_.empty() && asked_.empty()) say_goodbye();
}

void core::say_goodbye() {
    if (std::exchange(goodbye_said_, true)) return;
    timer_.cancel();
    client_->async_disconnect(asio::detached);                     // ended() follows
}

void core::drop_connection() {
    ++attempt_no_;
    again_ = false;
    for (auto const& each : std::exchange(connects_after_, {})) {
        if (each) settle(each, failed(asio::error::operation_aborted, "the client was stopped"));
        --connects_asked_;
    }
    client_->close();
}

} // namespace aldis::blocking
