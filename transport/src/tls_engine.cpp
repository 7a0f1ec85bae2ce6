// The engine of a TLS connection. Everything that happens ends in advance(), which does what can be done and then asks the lower stream
// for what is missing. Lower reads and writes belong to the engine, not to the operation that made them necessary: an operation can be
// cancelled at any time, and no byte is lost.
#include "tls_engine.hpp"

#include <algorithm>
#include <type_traits>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

template <class... Args>
void refuse(completion<error_code, Args...> done, error_code ec) {
    std::move(done).post(ec, Args{}...);
}

} // namespace

// ---- life ---------------------------------------------------------------------------------------------------------------------------

tls_engine::tls_engine(std::unique_ptr<stream> lower, std::shared_ptr<tls_context> context, observer see)
    : lower_(std::move(lower)), context_(std::move(context)), see_(std::move(see)), ssl_(SSL_new(context_->native())) {
    if (!ssl_) throw std::bad_alloc();
    connection_.context = context_.get();
    auto* const bio = make_bio(input_, output_);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), &connection_);
    if (context_->role() == tls_role::client) SSL_set_connect_state(ssl_.get());
    else SSL_set_accept_state(ssl_.get());
}

tls_engine::~tls_engine() {
    // OpenSSL takes a session for spoilt when its connection just ends; that is how many connections end.
    if (progress_ == progress::done) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

tls_trouble tls_engine::expect(std::string name, bool is_address) {
    auto* const params = SSL_get0_param(ssl_.get());
    bool        is_set = true;
    if (!is_address && !name.empty()) is_set = SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
    if (context_->options().verification() == tls_verification::peer_and_host) {
        X509_VERIFY_PARAM_set_hostflags(params, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        is_set = is_set && (is_address ? X509_VERIFY_PARAM_set1_ip_asc(params, name.c_str()) == 1
                                       : X509_VERIFY_PARAM_set1_host(params, name.data(), name.size()) == 1);
    }
    connection_.name = std::move(name);
    ERR_clear_error();
    if (!is_set) return {errc::tls_bad_option, "no certificate can be checked against the name \"" + printable(connection_.name, 120) + '"'};
    if (auto const session = context_->sessions().next(connection_.place)) SSL_set_session(ssl_.get(), session.get());
    return {};
}

stream_facts tls_engine::facts() const {
    auto known = lower_->facts();
    known.tls = describe_session(ssl_.get());
    return known;
}

void tls_engine::close() noexcept {
    if (std::exchange(is_closed_, true)) return;
    lower_->close();
    if (shake_) std::move(*std::exchange(shake_, std::nullopt)).post(asio::error::operation_aborted, nullptr);
    encrypted_ = 0;
    cancel();
    if (patience_) patience_->cancel();
    see_ = nullptr;
}

void tls_engine::cancel() noexcept {
    abort(&tls_engine::read_);
    abort(&tls_engine::write_);
    abort(&tls_engine::wait_);
    abort(&tls_engine::shutdown_);
    if (!is_closed_) advance();
}

template <class Operation>
void tls_engine::abort(Operation tls_engine::*place) noexcept {
    if (!(this->*place)) return;
    auto done = std::move((this->*place)->done);
    (this->*place).reset();
    if constexpr (std::is_same_v<Operation, waiting>) std::move(done).post(asio::error::operation_aborted);
    // What is encrypted will be sent; saying so is the only truth left.
    else if (std::is_same_v<Operation, writing> && encrypted_ > 0) std::move(done).post({}, std::exchange(encrypted_, 0));
    else std::move(done).post(asio::error::operation_aborted, 0);
}

template <class Operation, class What, class... Args>
void tls_engine::start(Operation tls_engine::*place, What what, completion<error_code, Args...> done) {
    if (is_closed_) return refuse(std::move(done), asio::error::operation_aborted);
    if (this->*place) return refuse(std::move(done), asio::error::already_started);
    auto& started = (this->*place).emplace(what, std::move(done), ++last_no_);
    started.done.when_cancelled([weak = weak_from_this(), place, no = last_no_](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        auto& still = (*self).*place;
        if (!still || still->no != no) return;
        self->abort(place);
        self->advance();
    });
    advance();
}

void tls_engine::read(asio::mutable_buffer into, completion<error_code, std::size_t> done) {
    if (into.size() == 0 && !is_closed_) return std::move(done).post({}, 0);
    start(&tls_engine::read_, into, std::move(done));
}

void tls_engine::write(std::span<asio::const_buffer const> from, completion<error_code, std::size_t> done) {
    if (asio::buffer_size(from) == 0 && !is_closed_) return std::move(done).post({}, 0);
    start(&tls_engine::write_, from, std::move(done));
}

void tls_engine::wait(completion<error_code> done) { start(&tls_engine::wait_, nullptr, std::move(done)); }
void tls_engine::shutdown(completion<error_code> done) { start(&tls_engine::shutdown_, nullptr, std::move(done)); }

void tls_engine::advance() {
    if (is_closed_) return;
    needs_input_ = awaits_input_ = false;
    if (progress_ != progress::done) step_handshake();
    if (progress_ == progress::done) {
        step_wait();
        step_read();
        step_write();
        step_shutdown();
    }
    flush();
    fetch();
}

// ---- the handshake ------------------------------------------------------------------------------------------------------------------

void tls_engine::handshake(stream_handler handler) {
    shake_.emplace(std::move(handler), lower_->get_executor());
    shake_->when_cancelled([weak = weak_from_this()](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && self->shake_ && type != asio::cancellation_type::none) self->close();
    });
    progress_ = progress::running;
    advance();
}

void tls_engine::step_handshake() {
    if (progress_ == progress::running) {
        ERR_clear_error();
        auto const result = SSL_do_handshake(ssl_.get());
        if (result == 1) {
            auto trouble = check_handshake();
            if (trouble) fail_handshake(std::move(trouble));
            else finish_handshake({});
        } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
            fail_handshake(explain_failure(ssl_.get()));
        } else if (input_end_) {
            fail_handshake(explain_end());
        } else {
            needs_input_ = true;
        }
    }
    if (progress_ == progress::failing && (output_.size() == 0 || is_broken_)) finish_handshake(std::exchange(handshake_trouble_, {}));
}

void tls_engine::fail_handshake(tls_trouble trouble) {
    handshake_trouble_ = std::move(trouble);
    progress_ = progress::failing;                                 // the peer is to hear of it, by the alert that is among the output
}

tls_trouble tls_engine::explain_end() const {
    std::string const who = context_->role() == tls_role::client ? "the server" : "the client";
    if (*input_end_) return {*input_end_, "the connection broke during the TLS handshake: " + input_end_->message()};
    if (input_.is_foreign()) return {errc::tls_failed, context_->role() == tls_role::client ? "not TLS: the server speaks something else at this port"
                                                                                            : "not TLS: the client speaks something else"};
    if (context_->role() == tls_role::server) return {errc::tls_failed, who + " closed the connection during the TLS handshake"};
    return {errc::tls_failed, who + " closed the connection during the TLS handshake; does it speak TLS at this port?"};
}

// What OpenSSL leaves to its caller: that somebody was recognized at all, and that the answer fits the question.
tls_trouble tls_engine::check_handshake() {
    connection_.idle_messages = 0;
    connection_.trouble = {};
    if (context_->role() == tls_role::server) return {};
    auto const& options = context_->options();
    auto const  known = describe_session(ssl_.get());
    bool const  is_psk = context_->has_psk() && (SSL_get_psk_identity(ssl_.get()) || SSL_session_reused(ssl_.get()) == 1);
    if (is_psk) connection_.psk_identity = options.psk_identity();
    if (!known.alpn.empty() && std::find(connection_.alpn.begin(), connection_.alpn.end(), known.alpn) == connection_.alpn.end())
        return {errc::tls_no_common_ground, "the server chose a protocol that was not offered (ALPN): " + printable(known.alpn, 40)};
    if (is_psk || options.verification() == tls_verification::insecure_accept_anyone) return {};
    if (context_->has_psk() && !context_->has_issuers()) return {errc::tls_no_common_ground, "the server has not taken the pre-shared key"};
    if (!known.is_verified) return {errc::tls_no_certificate, "the server has shown no certificate"};
    return {};
}

void tls_engine::finish_handshake(tls_trouble trouble) {
    if (!shake_) return;
    auto done = std::move(*shake_);
    shake_.reset();
    if (!trouble) {
        progress_ = progress::done;
        auto made = make_tls_stream(shared_from_this());
        tell_established();
        return std::move(done).post({}, std::move(made));
    }
    tell(trouble);
    close();
    std::move(done).post(trouble.why, nullptr);
}

void tls_engine::tell(tls_trouble const& trouble) const {
    if (see_) see_(note(phase::tls, note::level::failure, trouble.story, trouble.why));
}

void tls_engine::tell_established() {
    if (see_) {
        auto const known = describe_session(ssl_.get());
        auto       text = known.protocol + ", " + known.cipher;
        if (known.is_verified) text += ", verified " + describe(X509_get_subject_name(SSL_get0_peer_certificate(ssl_.get())));
        if (!known.psk_identity.empty()) text += ", pre-shared key " + printable(known.psk_identity, 80);
        if (known.is_resumed) text += ", resumed";
        see_(note(phase::tls, note::level::info, std::move(text)));
    }
    // A listener asked for news of connections that are not accepted yet; this one is.
    if (context_->role() == tls_role::server) see_ = nullptr;
}

} // namespace aldis::transport
