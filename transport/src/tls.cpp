// TLS on top of a stream: how a handshake begins, and the stream that comes of it.
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/ip/address.hpp>

#include "layers.hpp"
#include "tls_engine.hpp"
#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

class tls_stream final : public stream {
public:
    explicit tls_stream(std::shared_ptr<tls_engine> engine) : engine_(std::move(engine)) {}
    ~tls_stream() override { engine_->close(); }

    executor_type get_executor() const override { return engine_->lower().get_executor(); }
    std::string   remote_name() const override { return engine_->lower().remote_name(); }
    stream_facts  facts() const override { return engine_->facts(); }
    void          close() noexcept override { engine_->close(); }
    void          cancel() noexcept override { engine_->cancel(); }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override { engine_->read(into, {std::move(handler), get_executor()}); }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        engine_->write(from, {std::move(handler), get_executor()});
    }

    void do_wait_readable(wait_handler handler) override { engine_->wait({std::move(handler), get_executor()}); }
    void do_shutdown(wait_handler handler) override { engine_->shutdown({std::move(handler), get_executor()}); }

    std::shared_ptr<tls_engine> engine_;
};

void tell(observer const& see, note::level weight, std::string text, error_code why = {}) {
    if (see) see(note(phase::tls, weight, std::move(text), why));
}

void refuse(std::unique_ptr<stream> lower, tls_trouble const& trouble, observer const& see, stream_handler handler) {
    auto const ex = lower->get_executor();
    tell(see, note::level::failure, trouble.story, trouble.why);
    completion<error_code, std::unique_ptr<stream>>(std::move(handler), ex).post(trouble.why, nullptr);
}

std::vector<std::string> protocols_of(tls_options const& options, bool is_web) {
    return options.alpn().value_or(std::vector<std::string>{is_web ? "http/1.1" : "mqtt"});
}

bool is_address(std::string const& name) {
    error_code ec;
    asio::ip::make_address(name, ec);
    return !ec;
}

// As certificates spell it: without the dot that makes a name absolute, an address without its interface.
std::string peer_name(endpoint const& where, tls_options const& options) {
    auto name = options.server_name().empty() ? where.host() : options.server_name();
    if (is_address(name)) return name.substr(0, name.find('%'));
    if (name.size() > 1 && name.ends_with('.')) name.pop_back();
    return name;
}

// A name that begins with a dot would be taken for all names below it.
tls_trouble check_name(std::string const& name, tls_options const& options) {
    bool const is_needed = options.verification() == tls_verification::peer_and_host;
    if (name.empty() && is_needed) return {errc::tls_bad_option, "there is no host name to check the server's certificate against; give one with server_name"};
    if (name.starts_with('.') || name.size() > 255 || name.find('\0') != std::string::npos)
        return {errc::tls_bad_option, "no server can have the name \"" + printable(name, 120) + '"'};
    return {};
}

void warn(tls_options const& options, std::string const& name, observer const& see) {
    auto const who = name.empty() ? std::string("the server") : printable(name, 120);
    if (options.verification() == tls_verification::insecure_accept_anyone)
        tell(see, note::level::warning, "the certificate of " + who + " is NOT verified: whoever is in between can read and change everything");
    if (options.verification() == tls_verification::peer_of_any_name)
        tell(see, note::level::warning, "the name of " + who + " is NOT verified: whoever has a certificate of a trusted issuer can pose as it");
}

// The list as it is sent: each with its length before it.
void offer(SSL* ssl, std::vector<std::string> const& protocols) {
    std::string list;
    for (auto const& each : protocols) list += static_cast<char>(each.size()) + each;
    SSL_set_alpn_protos(ssl, reinterpret_cast<unsigned char const*>(list.data()), static_cast<unsigned>(list.size()));
}

// A client that has not said anything: OpenSSL's part of a connection takes some 50 KB, and is made for who speaks.
class silent_client : public std::enable_shared_from_this<silent_client> {
public:
    silent_client(std::unique_ptr<stream> lower, std::shared_ptr<tls_context> context, observer see, stream_handler handler)
        : lower_(std::move(lower)), context_(std::move(context)), see_(std::move(see)), done_(std::move(handler)) {}

    /// Cancelling may come when the first byte is there and on_first() is yet to run: it counts all the same.
    void expect(std::vector<std::string> protocols) {
        protocols_ = std::move(protocols);
        auto slot = asio::get_associated_cancellation_slot(done_);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type type) {
                auto const self = weak.lock();
                if (!self || !self->lower_ || type == asio::cancellation_type::none) return;
                self->is_cancelled_ = true;
                self->lower_->cancel();
            });
        lower_->async_wait_readable([self = shared_from_this()](error_code) { self->on_first(); });
    }

private:
    // What the wait says of the stream is found again, and told, by the handshake.
    void on_first() {
        if (is_cancelled_) {
            lower_->close();
            return completion<error_code, std::unique_ptr<stream>>(std::move(done_), lower_->get_executor()).post(asio::error::operation_aborted, nullptr);
        }
        auto const engine = std::make_shared<tls_engine>(std::move(lower_), std::move(context_), std::move(see_));
        engine->connection().alpn = std::move(protocols_);
        engine->handshake(std::move(done_));
    }

    std::unique_ptr<stream>      lower_;
    std::shared_ptr<tls_context> context_;
    observer                     see_;
    stream_handler               done_;
    std::vector<std::string>     protocols_{};
    bool                         is_cancelled_ = false;
};

} // namespace

std::unique_ptr<stream> make_tls_stream(std::shared_ptr<tls_engine> engine) { return std::make_unique<tls_stream>(std::move(engine)); }

void start_tls_connect(std::unique_ptr<stream> lower, endpoint const& where, tls_options const& options, observer const& see, stream_handler handler) {
    auto const name = peer_name(where, options);
    auto       trouble = check_name(name, options);
    auto const context = trouble ? nullptr : tls_access::context_of(options, tls_role::client, trouble);
    if (trouble) return refuse(std::move(lower), trouble, see, std::move(handler));
    warn(options, name, see);

    auto const engine = std::make_shared<tls_engine>(std::move(lower), context, see);
    auto&      connection = engine->connection();
    connection.alpn = protocols_of(options, where.via() == scheme::wss);
    connection.place = where.host() + ':' + std::to_string(where.port()) + '/' + name;
    offer(engine->native(), connection.alpn);
    if ((trouble = engine->expect(name, is_address(name)))) return refuse(engine->give_up(), trouble, see, std::move(handler));
    engine->handshake(std::move(handler));
}

void start_tls_accept(std::unique_ptr<stream> lower, tls_options const& options, bool is_web, observer const& see, stream_handler handler) {
    tls_trouble trouble;
    auto        context = tls_access::context_of(options, tls_role::server, trouble);
    if (trouble) return refuse(std::move(lower), trouble, see, std::move(handler));
    auto const client = std::make_shared<silent_client>(std::move(lower), std::move(context), see, std::move(handler));
    client->expect(protocols_of(options, is_web));
}

error_code check_tls_listener(tls_options const& options, std::string& story) {
    tls_trouble trouble;
    tls_access::context_of(options, tls_role::server, trouble);
    story = trouble.story;
    return trouble.why;
}

} // namespace aldis::transport
