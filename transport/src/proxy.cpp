// Through a proxy: SOCKS5 and HTTP CONNECT over a stream that leads to it, and where to find it as people write it.
#include <aldis/transport/proxy.hpp>

#include <algorithm>
#include <array>

#include "opening.hpp"
#include "prefixed_stream.hpp"
#include "proxy_parse.hpp"
#include "uri_authority.hpp"
#include "uri_text.hpp"

namespace aldis::transport {
namespace {

// ---- Asking -----------------------------------------------------------------------------------------------------------------------------

class proxy_opening : public opening {
public:
    proxy_opening(std::unique_ptr<stream> lower, proxy_options const& options, std::string host, std::uint16_t port, observer const& see,
                  stream_handler handler)
        : opening(std::move(lower), phase::proxy, see, std::move(handler)), options_(options), host_(std::move(host)), port_(port) {}

protected:
    std::string where() const { return write_host_and_port(host_, port_); }

    bool has_login() const { return options_.user_name() || options_.password(); }
    std::string user_name() const { return options_.user_name().value_or(""); }
    std::string password() const { return options_.password().value_or(""); }

    /// What the proxy sent after its answer belongs to the host.
    void done(std::size_t answer_size) {
        auto via = lower().facts().remote;
        succeed(make_prefixed_stream(take_lower(), received().substr(answer_size), where(), std::move(via)));
    }

    proxy_options options_;
    std::string   host_;
    std::uint16_t port_;
};

class socks_opening final : public proxy_opening {
public:
    using proxy_opening::proxy_opening;

private:
    void begin() override {
        auto const fits = [](std::string const& text) { return !text.empty() && text.size() <= 255; };
        if (!is_proxy_host(host_)) return fail(errc::proxy_bad_option, "the proxy cannot be asked for this host: " + printable(host_));
        if (has_login() && !(fits(user_name()) && fits(password())))
            return fail(errc::proxy_bad_option, "user name and password for SOCKS5 have 1 to 255 bytes each");
        tell("asking the SOCKS5 proxy for " + where());
        send(make_socks_greeting(has_login()), [this] { receive(2, [this] { on_method(); }); });
    }

    // The answers are read to their last byte and no further.
    void on_method() {
        if (received().size() < 2) return receive(1, [this] { on_method(); });
        auto const method = static_cast<socks_method>(received()[1]);
        bool const is_version_5 = received()[0] == 5;
        received().clear();
        if (!is_version_5) return fail(errc::proxy_bad_answer, "the proxy does not answer as SOCKS5 does");
        if (method == socks_method::none) return ask();
        if (method == socks_method::password && has_login()) return log_in();
        if (method != socks_method::unacceptable) return fail(errc::proxy_bad_answer, "the proxy chose a method that was not offered");
        fail(errc::proxy_unauthorized, has_login() ? "the proxy takes no user name and password" : "the proxy wants a user name and password");
    }

    void log_in() {
        send(make_socks_login(user_name(), password()), [this] { receive(2, [this] { on_login(); }); });
    }

    void on_login() {
        if (received().size() < 2) return receive(1, [this] { on_login(); });
        bool const is_version_1 = received()[0] == 1, is_welcome = received()[1] == 0;
        received().clear();
        if (!is_version_1) return fail(errc::proxy_bad_answer, "the proxy does not answer as SOCKS5 does");
        if (!is_welcome) return fail(errc::proxy_unauthorized);
        ask();
    }

    void ask() {
        send(make_socks_request(host_, port_), [this] { on_reply(); });
    }

    void on_reply() {
        auto const reply = parse_socks_reply(received());
        if (reply.is == progress::state::more) return receive(reply.size - received().size(), [this] { on_reply(); });
        if (reply.is == progress::state::bad) return fail(errc::proxy_bad_answer, "the proxy does not answer as SOCKS5 does");
        auto const code = static_cast<std::uint8_t>(received()[1]);
        if (code != 0) return fail(errc::proxy_refused, "the proxy did not connect to " + where() + ": " + std::string(describe_socks_reply(code)));
        done(reply.size);
    }
};

class connect_opening final : public proxy_opening {
public:
    using proxy_opening::proxy_opening;

private:
    void begin() override {
        auto const is_plain = [](std::string const& text) { return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }); };
        if (!is_proxy_host(host_)) return fail(errc::proxy_bad_option, "the proxy cannot be asked for this host: " + printable(host_));
        if (user_name().find(':') != std::string::npos || !is_plain(user_name()) || !is_plain(password()))
            return fail(errc::proxy_bad_option, "HTTP cannot carry a colon in a user name, nor control characters");
        tell("asking the HTTP proxy for " + where());
        auto const login = has_login() ? std::optional(connect_login{options_.user_name() ? *options_.user_name() : std::string_view{},
                                                                     options_.password() ? *options_.password() : std::string_view{}})
                                       : std::nullopt;
        send(make_connect_request(host_, port_, login), [this] { receive(1024, [this] { on_answer(); }); });
    }

    void on_answer() {
        auto const answer = parse_connect_answer(received());
        if (answer.came.is == progress::state::more) return receive(1024, [this] { on_answer(); });
        if (answer.came.is == progress::state::bad)
            return fail(errc::proxy_bad_answer, "the proxy does not answer as HTTP does: " + printable(received(), 40));
        if (answer.status >= 200 && answer.status < 300) return done(answer.came.size);
        auto const said = "the proxy answered " + std::to_string(answer.status) + (answer.reason.empty() ? "" : ' ' + printable(answer.reason));
        fail(answer.status == 407 ? errc::proxy_unauthorized : errc::proxy_refused, said + " when asked for " + where());
    }
};

// ---- URIs -------------------------------------------------------------------------------------------------------------------------------

struct scheme_row {
    std::string_view    name;
    proxy_options::kind how;
    std::uint16_t       port;
};

// The first name of each kind is the one we write.
constexpr std::array schemes{
    scheme_row{"socks5h", proxy_options::kind::socks5, 1080},
    scheme_row{"socks5", proxy_options::kind::socks5, 1080},
    scheme_row{"http", proxy_options::kind::http, 8080},
};

} // namespace

void start_proxy_connect(std::unique_ptr<stream> lower, proxy_options const& options, std::string const& host, std::uint16_t port,
                         observer const& see, stream_handler handler) {
    if (options.how() == proxy_options::kind::socks5)
        std::make_shared<socks_opening>(std::move(lower), options, host, port, see, std::move(handler))->start();
    else
        std::make_shared<connect_opening>(std::move(lower), options, host, port, see, std::move(handler))->start();
}

boost::system::result<proxy_options, endpoint_fault> parse_proxy(std::string_view uri) {
    if (uri.size() > endpoint::max_uri_size) return uri_fault(errc::uri_too_long, {});
    bool const may_hold_password = uri.find('@') != std::string_view::npos;
    auto const colon = uri.find("://");
    auto const name = uri.substr(0, colon);
    auto const row = std::find_if(schemes.begin(), schemes.end(), [name](auto const& each) { return is_same_text(name, each.name); });
    if (colon == std::string_view::npos || row == schemes.end())
        return uri_fault(errc::proxy_scheme_unknown, may_hold_password ? std::string_view{} : name);

    auto       rest = uri.substr(colon + 3);
    auto       authority = cut_before(rest, "/?#");
    auto const show = [may_hold_password](endpoint_fault const& why) { return may_hold_password ? endpoint_fault(why.code(), {}) : why; };
    if (!rest.empty() && rest != "/") return show(uri_fault(errc::uri_path_bad, rest));
    uri_authority taken;
    if (auto const why = read_user(authority, taken)) return *why;
    if (auto const why = read_host_and_port(authority, taken)) return *why;
    if (!is_proxy_host(taken.host) || taken.port == 0) return uri_fault(taken.port == 0 ? errc::uri_port_bad : errc::uri_host_bad, authority);
    proxy_options out(row->how, taken.host, taken.port.value_or(row->port));
    if (taken.user_name || taken.password) out.credentials(taken.user_name.value_or(""), taken.password.value_or(""));
    return out;
}

std::string to_string(proxy_options const& proxy) {
    auto const  row = std::find_if(schemes.begin(), schemes.end(), [&](auto const& each) { return each.how == proxy.how(); });
    std::string out = std::string(row->name) + "://";
    if (proxy.user_name()) out += encode(*proxy.user_name(), unreserved) + '@';
    return out + write_host_and_port(proxy.host(), proxy.port());
}

} // namespace aldis::transport
