// What all parts of a blocking client use: tickets, the log, handlers that throw.
#include "core.hpp"

#include "config.hpp"

namespace aldis::blocking {

core::core(blocking_config config) : config_(std::move(config)) {
    check(config_);
    make_client();
}

/// Nobody runs the loop any more, and nobody has a way to it.
core::~core() {
    fail_all(failed(asio::error::operation_aborted, "the client is gone"));
    client_.reset();
}

void core::make_client() {
    version_ = config_.version().value_or(protocol::v5);
    client_.reset();                                               // lets go of its store
    store_ = config_.store().empty() ? nullptr : make_sqlite_store(config_.store());
    client_.emplace(io_, to_options(config_, version_).store(store_));
    client_->on_message([this](received_message const& message) { arrived(message); });
    client_->on_disconnected([this](error_code ec, disconnect_result const& result) { ended(ec, result); });
    pass_on_log();
    pass_on_tap();
}

// ---- Tickets ----------------------------------------------------------------------------------------------------------

ticket_ptr core::make_ticket(asked_for what, std::string subject) {
    auto made = std::make_shared<ticket>();
    made->sync = sync_;
    made->asked = weak_from_this();
    made->id = next_id_++;
    made->what = what;
    made->subject = std::move(subject);
    return made;
}

void core::settle(ticket_ptr const& done, failure wrong, reason_code reason, std::vector<reason_code> codes) {
    {
        std::lock_guard const lock(sync_->mutex);
        if (done->done) return;
        done->wrong = std::move(wrong);
        done->reason = reason;
        done->codes = std::move(codes);
        done->done = true;
    }
    sync_->changed.notify_all();
    if (done->what != asked_for::publish) return;
    --unfinished_;
    unfinished_bytes_ -= done->bytes;
}

std::size_t core::fail_all(failure const& why) {
    std::size_t count = 0;
    for (auto const& each : under_way_.take_all()) settle(each, why), ++count;
    for (auto const& each : std::exchange(waiting_, {})) settle(each.ticket, why), ++count;
    for (auto const& each : asked_.take_all()) settle(each, why);
    for (auto const& each : std::exchange(requests_, {})) settle(each.ticket, why);
    for (auto const& each : std::exchange(connects_, {})) settle(each, why);
    if (count > 0) say(log_level::warning, std::to_string(count) + " messages were not delivered: " + why.cause);
    return count;
}

// ---- The log ----------------------------------------------------------------------------------------------------------

void core::log(log_handler handler) {
    calls.log.set(std::move(handler));
    asio::post(io_, [this] {
        if (client_) pass_on_log();
    });
}

void core::pass_on_log() {
    if (calls.log.take()) client_->log([this](log_level level, std::string_view line) { call(calls.log, "log", level, line); });
    else client_->log({});
}

void core::tap(tap_handler see) {
    calls.tap.set(std::move(see));
    asio::post(io_, [this] {
        if (client_) pass_on_tap();
    });
}

void core::pass_on_tap() {
    if (calls.tap.take()) client_->tap([this](direction to, bytes_view frame) { call(calls.tap, "tap", to, frame); });
    else client_->tap({});
}

void core::say(log_level level, std::string_view what) {
    auto const handler = calls.log.take();
    if (!handler) return;
    std::string line("Client ");
    line += config_.client_id().empty() ? "(null)" : config_.client_id();
    line.append(1, ' ').append(what);
    guarded("log", [&] { (*handler)(level, line); });
}

/// A log handler that throws is not told of it.
void core::handler_threw(char const* name, std::exception_ptr what) {
    if (std::string_view(name) != "log") {
        std::string cause("something that is no std::exception");
        try {
            std::rethrow_exception(what);
        } catch (std::exception const& thrown) { cause = thrown.what(); } catch (...) {}
        say(log_level::error, std::string("the handler for ") + name + " threw: " + cause);
    }
    std::lock_guard const lock(sync_->mutex);
    if (in_run_ && !thrown_) thrown_ = what;
}

// ---- User data --------------------------------------------------------------------------------------------------------

void core::user_data(std::any value) {
    std::lock_guard const lock(sync_->mutex);
    user_data_.swap(value);
}

std::any core::user_data() const {
    std::lock_guard const lock(sync_->mutex);
    return user_data_;
}

} // namespace aldis::blocking
