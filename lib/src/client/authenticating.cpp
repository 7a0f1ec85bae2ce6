// Enhanced authentication: what the authenticator says goes out in CONNECT and AUTH, and what the server says goes to it (4.12).
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <aldis/authenticator.hpp>

#include "impl.hpp"
#include "store/mailbox.hpp"

namespace aldis {

namespace {

bytes_view data_of(properties const& props) noexcept { return props.get<property_id::authentication_data>().value_or(bytes_view{}); }

void add(property_list& props, std::string_view method, bytes_view data) {
    props.add<property_id::authentication_method>(method);
    if (!data.empty()) props.add<property_id::authentication_data>(data);
}

} // namespace

/// Who is asked stays the same for all of a connection, whatever the options become meanwhile.
struct client::impl::authentication {
    explicit authentication(std::shared_ptr<authenticator> who) : by(std::move(who)) {}
    ~authentication() { await(nullptr); }
    authentication(authentication const&) = delete;
    authentication& operator=(authentication const&) = delete;

    /// An answer that comes late, from whatever thread, may find that the loop is gone.
    void await(std::shared_ptr<mailbox> next) {
        if (auto const last = std::exchange(mail, std::move(next))) last->close();
    }

    std::shared_ptr<authenticator>  by;
    std::shared_ptr<mailbox>        mail{};                        // for the answer to the last challenge
    error_code                      wrong{};                       // what it was not content with
    std::uint64_t                   step = 0;                      // which challenge an answer belongs to
    bool                            is_again = false;              // until both sides are content
    numbered<disconnect_operation>  again{};                       // who waits for that: one, or none
};

error_code client::impl::flaw_of_authenticator() const {
    auto const& by = options_.authenticator();
    if (!by) return {};
    // Going without would be what an impostor wishes for.
    if (!is_v5(options_.version())) return error::authentication_needs_v5;
    return by->flaw();
}

/// Method and first data, for CONNECT.
void client::impl::introduce(property_list& props) {
    authentication_.reset();
    if (!options_.authenticator()) return;
    authentication_ = std::make_shared<authentication>(options_.authenticator());
    auto const data = authentication_->by->begin();
    add(props, authentication_->by->method(), data);
}

void client::impl::ask_again(session::event::authenticate const& e) {
    auto const with = authentication_;
    if (!with) return refuse_server(reason_code::bad_authentication_method, {});    // only options().props() can have named one
    if (e.request.reason == reason_code::success) return authenticated_again(data_of(e.request.props));
    auto const mail = std::make_shared<mailbox>();
    mail->open(io_);
    with->await(mail);
    auto const answer = [weak = weak_from_this(), of = std::weak_ptr(with), mail, no = ++with->step](error_code why, byte_buffer data) {
        mail->post([weak, of, no, why, said = std::move(data)] {
            auto const self = weak.lock();
            auto const to = of.lock();
            bool const is_due = self && to && self->authentication_ == to && to->step == no && self->connection_;
            if (!is_due) return;
            ++to->step;                                            // the first answer counts
            self->answer_challenge(why, said);
        });
    };
    try {
        with->by->step(data_of(e.request.props), answer);
    } catch (...) {
        refuse_server(reason_code::unspecified_error, error::authentication_failed);
        throw;
    }
}

void client::impl::answer_challenge(error_code why, byte_buffer const& data) {
    if (why) return refuse_server(reason_code::unspecified_error, why);
    if (!say_auth(reason_code::continue_authentication, data)) refuse_server(reason_code::unspecified_error, error::authentication_malformed);
}

bool client::impl::say_auth(reason_code reason, bytes_view data) {
    property_list props;
    add(props, authentication_->by->method(), data);
    packet::auth step;
    step.reason = reason;
    step.props = props.view();
    if (!connection_->engine().authenticate(step, connection::now())) return false;
    connection_->flush();
    return true;
}

error_code client::impl::verdict_on(bytes_view last) {
    auto const with = authentication_;
    ++with->step;                                                  // an answer would come too late now
    with->await(nullptr);
    try {
        return with->by->finish(last);
    } catch (...) {
        refuse_server(reason_code::unspecified_error, error::authentication_failed);
        throw;
    }
}

/// What the server proves with CONNACK. False: the connection is given up; nothing of what waits for it has gone out, and the session is as it was.
bool client::impl::is_content(properties const& props) {
    if (!authentication_) return true;
    auto const with = authentication_;
    auto const wrong = verdict_on(data_of(props));
    if (!connection_ || authentication_ != with) return false;     // closed by the authenticator
    if (wrong) refuse_server(reason_code::unspecified_error, wrong);
    return !wrong;
}

void client::impl::authenticated_again(bytes_view last) {
    auto const with = authentication_;
    auto const wrong = verdict_on(last);
    if (!connection_ || authentication_ != with) return;
    if (wrong) return refuse_server(reason_code::unspecified_error, wrong);
    with->is_again = false;
    say(log_level::notice, "authenticated again");
    for (auto& op : with->again.take_all()) std::move(op).complete({});
}

/// DISCONNECT tells it.
void client::impl::refuse_server(reason_code tell, error_code why) {
    if (authentication_ && why) authentication_->wrong = why;
    if (!connection_) return;
    packet::disconnect leave;
    leave.reason = tell;
    if (connection_->engine().disconnect(leave, connection::now())) connection_->flush();                // [MQTT-4.12.1-2]
    else connection_->close();
}

/// Of the connection that ends: what the authenticator had against it.
error_code client::impl::authentication_error() const noexcept { return authentication_ ? authentication_->wrong : error_code{}; }

void client::impl::end_authentication(error_code why) {
    auto const with = std::exchange(authentication_, nullptr);
    if (!with) return;
    for (auto& op : with->again.take_all()) std::move(op).complete(why);
}

void client::impl::reauthenticate(disconnect_operation op) {
    if (dead_) return std::move(op).complete(asio::error::operation_aborted);
    if (!is_open()) return std::move(op).complete(error::not_connected);
    auto const with = authentication_;
    if (!with) return std::move(op).complete(error::no_authenticator);
    if (with->is_again) return std::move(op).complete(error::already_authenticating);
    if (auto const wrong = with->by->flaw()) return std::move(op).complete(wrong);
    if (!say_auth(reason_code::re_authenticate, with->by->begin())) return std::move(op).complete(error::invalid);
    with->is_again = true;
    auto const no = next_no_++;
    op.on_cancel([of = std::weak_ptr(with), no](asio::cancellation_type type) {
        auto const from = of.lock();
        if (!from || (type & (asio::cancellation_type::terminal | asio::cancellation_type::partial)) == asio::cancellation_type::none) return;
        if (auto stopped = from->again.take(no)) std::move(*stopped).complete(asio::error::operation_aborted);
    });
    with->again.add(no, std::move(op));
}

} // namespace aldis
