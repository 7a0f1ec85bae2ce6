// Keeping connected: the next attempt, when, where to, or none any more.
#include <random>

#include <boost/asio/error.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

using std::chrono::milliseconds;

/// A server of before 5.0 answers in words that are none in 5.0, or with the reason.
bool refuses_version(connection_cause const& cause) {
    return cause.code() == reason_code::unsupported_protocol_version || cause.kind() == cause_kind::malformed;
}

bool has_moved(connection_cause const& cause) {
    return cause.reason() == reason_code::use_another_server || cause.reason() == reason_code::server_moved;
}

std::uint64_t any_seed() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U | source()) + 1;
}

} // namespace

// ---- The beginning ----------------------------------------------------------------------------------------------------

void client::impl::start(reconnect_policy how, std::optional<disconnect_operation> op) {
    if (dead_ || run_) {
        auto const why = dead_ ? error_code(asio::error::operation_aborted) : make_error_code(error::already_connected);
        if (op) return std::move(*op).complete(why);
        if (run_) run_->policy = std::move(how);
        return;
    }
    auto const first = given_.endpoint() ? *given_.endpoint() : transport::endpoint{};
    auto const seed = how.seed() != 0 ? how.seed() : any_seed();
    run_ = std::make_shared<supervision>(io_, std::move(how), seed, first);
    if (op) run_->runs.push_back(std::move(*op));
    if (is_open()) {
        run_->at = supervision::phase::open;
        run_->was_connected = true;
        run_->open_since = connection::now();
    } else if (is_connecting_ || next_) {
        run_->at = supervision::phase::connecting;
        run_->attempt = 1;
    } else if (!connection_) {
        wait_for_attempt(milliseconds{0});
    }                                                              // otherwise the end of the connection comes, and then the first attempt
}

void client::impl::wait_for_attempt(milliseconds delay) {
    auto& run = *run_;
    run.at = supervision::phase::waiting;
    run.timer.expires_after(delay);
    run.timer.async_wait([weak = weak_from_this(), no = ++run.timer_no, of = std::weak_ptr(run_)](error_code ec) {
        auto const self = weak.lock();
        if (ec || !self || !self->run_ || self->run_ != of.lock() || self->run_->timer_no != no) return;
        self->next_attempt();
    });
}

/// What the next attempt goes by: the client's options, for the server whose turn it is.
connect_options client::impl::options_of_attempt() const {
    auto        with = given_;
    auto const& turn = run_->way.current();
    auto const* const own = given_.endpoint();
    if (!own) return with;                                         // an address that cannot be read is told of as it is
    bool const is_urls = own->user_name() && given_.user_name() == own->user_name() && given_.password() == own->password();
    if (is_urls && !turn.where.user_name()) with.user_name({}).password({});
    if (turn.where != *own) with.endpoint(turn.where);
    if (turn.speaks) with.version(*turn.speaks);
    return with;
}

void client::impl::next_attempt() {
    auto const run = run_;
    ++run->attempt;
    auto with = options_of_attempt();
    auto const& hook = run->policy.before_attempt();
    if (!hook) {
        options_ = std::move(with);
        return begin_attempt(nullptr);
    }
    run->at = supervision::phase::asking;
    auto const asked = std::make_shared<connect_attempt::body>(io_, std::move(with), run->last, run->attempt);
    asked->tell = [weak = weak_from_this(), of = std::weak_ptr(run), no = run->attempt](
                      error_code why, bool go_on, connect_options&& changed, std::unique_ptr<transport::stream> over) {
        auto const self = weak.lock();
        bool const is_due = self && self->run_ && self->run_ == of.lock() && self->run_->at == supervision::phase::asking && self->run_->attempt == no;
        if (!is_due) return;
        if (!go_on) {
            auto const code = why ? why : error_code(asio::error::operation_aborted);
            return self->finish_running(code, connection_cause(cause_kind::hook, code));
        }
        self->options_ = std::move(changed);
        self->begin_attempt(std::move(over));
    };
    auto const call = hook;                                        // which may replace the policy
    call(connect_attempt(asked));
}

void client::impl::begin_attempt(std::unique_ptr<transport::stream> over) {
    run_->at = supervision::phase::connecting;
    ++attempt_;
    auto const where = options_.endpoint() ? *options_.endpoint() : transport::endpoint{};
    tell(link_state::connecting{run_->attempt, where});
    auto const of_store = flaw_of_store();
    auto const flaw = of_store ? of_store : flaw_of_options();
    if (flaw) return connect_failed(flaw);
    if (!over && !options_.endpoint()) return connect_failed(options_.address_error());
    begin(std::move(over));
}

// ---- After the end of an attempt or a connection ------------------------------------------------------------------------

void client::impl::after_end(connection_cause const& cause, bool was_open, bool is_wanted) {
    auto const run = run_;
    last_cause_ = cause;
    if (!run) {
        end_operations(cause.code(), cause.code());
        if (is_wanted) end_waits(error::disconnected, {});
        else end_waits(cause.code(), connect_result(cause.reason(), {}, false).detail(cause.text()));
        left();
        return tell(link_state::given_up{is_wanted ? connection_cause(cause_kind::stopped, error::disconnected) : cause});
    }
    run->last = cause;
    if (run->at == supervision::phase::waiting) {                  // started while the last connection was still ending
        end_operations(cause.code(), {});
        return wait_for_attempt(milliseconds{0});
    }
    if (is_wanted) return finish_running({}, connection_cause(cause_kind::stopped, error::disconnected));
    auto const delay = delay_after(*run, cause, was_open);
    if (run != run_) return;                                       // the judge has stopped us
    if (!delay) return finish_running(cause.code(), cause);
    end_operations(cause.code(), {});
    wait_for_attempt(*delay);
    tell(link_state::lost{cause, *delay});
}

std::optional<milliseconds> client::impl::delay_after(supervision& run, connection_cause const& cause, bool was_open) {
    auto const& policy = run.policy;
    bool const  was_stable = was_open && connection::now() - run.open_since >= policy.stable_after();
    if (was_stable) {
        run.attempt = run.rounds = 0;
        run.way.arrived();
    }
    bool const is_last = policy.attempts() != 0 && run.attempt >= policy.attempts();
    auto&      here = run.way.current();
    if (!was_open && policy.fall_back() && !options_.authenticator() && is_v5(options_.version()) && refuses_version(cause)) {
        here.speaks = protocol::v3_1_1;
        return milliseconds{0};
    }
    if (!is_last && has_moved(cause) && run.way.follow(cause.server_reference(), cause.reason() == reason_code::server_moved))
        return milliseconds{0};
    if (is_last || policy.is_final(cause)) return std::nullopt;
    if (was_open) run.way.begin_again();
    else if (run.way.next()) return milliseconds{0};
    if (!run.was_connected && !policy.retry_first()) return std::nullopt;
    return delay_before(run.rounds++, policy.delays(), run.chance.next());
}

/// No attempt follows. Without `why` it was asked for.
void client::impl::finish_running(error_code why, connection_cause cause) {
    auto const run = std::exchange(run_, nullptr);
    run->timer.cancel();
    last_cause_ = cause;
    options_ = given_;
    auto const code = why ? why : make_error_code(error::disconnected);
    count_remaining();
    if (why) end_publishes(why);
    if (state_->expiry() == 0) end_session();
    end_operations(code, code);
    end_waits(code, connect_result(cause.reason(), {}, false).detail(cause.text()));
    for (auto& op : run->runs) std::move(op).complete(why);
    left();
    if (why) say(log_level::error, "given up: " + cause.text());
    tell(link_state::given_up{std::move(cause)});
}

} // namespace aldis
