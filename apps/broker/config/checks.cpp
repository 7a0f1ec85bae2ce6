// Keys that contradict or miss one another.
#include <set>
#include <string>
#include <utility>

#include "draft.hpp"

namespace aldis::app::config {
namespace {

class listener_check {
public:
    listener_check(broker_settings const& settings, listener_settings const& listener, problems& told) : settings_(settings), listener_(listener), told_(told) {}

    void run() {
        tls_files();
        client_certificates();
        socket();
        family();
        who_comes_in();
    }

private:
    listener_settings const& listener() const noexcept { return listener_; }
    tls_settings const&      tls() const noexcept { return listener_.tls; }

    void error(char const* key, std::string what, std::string advice) { told_.error(listener_.at, key, std::move(what), std::move(advice)); }

    // A key about TLS on a listener without a certificate: somebody believes it to be encrypted.
    void tls_files() {
        if (tls().certificate_file.is_given() != tls().key_file.is_given()) {
            bool const has_key = tls().key_file.is_given();
            told_.error(has_key ? tls().key_file.at : tls().certificate_file.at, has_key ? "keyfile" : "certfile",
                        has_key ? "there is no certfile for it" : "there is no keyfile for it", "give both; they may be the same file");
        }
        if (tls().is_on()) return;
        for (auto const& [name, value] : {std::pair{"cafile", &tls().ca_file}, {"capath", &tls().ca_directory}, {"crlfile", &tls().crl_file}, {"ciphers", &tls().ciphers},
                                          {"ciphers_tls1.3", &tls().suites}})
            if (value->is_given()) told_.error(value->at, name, "this listener has no certificate, so it would not be encrypted", "add certfile and keyfile, or remove the line");
        if (tls().require_certificate) error("require_certificate", "this listener has no certificate of its own, so it would not be encrypted", "add certfile, keyfile and cafile");
        if (tls().use_identity.value_or(false) || tls().use_subject.value_or(false))
            error("use_identity_as_username", "this listener has no TLS, so clients have no certificate to be named by", "add certfile, keyfile, cafile and require_certificate true");
    }

    void client_certificates() {
        if (!tls().is_on()) return;
        bool const is_named = listener_.user_name_from() != name_source::none;
        bool const has_issuers = tls().ca_file.is_given() || tls().ca_directory.is_given();
        if (tls().require_certificate && !has_issuers) error("require_certificate", "nobody is named whose certificates are good", "add cafile or capath");
        if (is_named && !tls().require_certificate)
            error("use_identity_as_username", "clients that are named by their certificates need one", "add 'require_certificate true' and cafile");
        if (tls().use_identity.value_or(false) && tls().use_subject.value_or(false))
            error("use_subject_as_username", "use_identity_as_username is on as well", "keep one of the two");
        if (tls().crl_file.is_given() && !has_issuers) told_.error(tls().crl_file.at, "crlfile", "there is no cafile for it", "add cafile or capath");
    }

    void socket() {
        bool const is_web = listener().protocol == listener_protocol::websockets;
        if (listener().socket_path.is_given()) {
            if (is_web) error("protocol", "WebSocket over a unix socket can not be had", "use 'protocol mqtt', or a TCP listener");
            if (tls().is_on()) error("certfile", "TLS over a unix socket can not be had", "use a TCP listener");
            if (listener().proxy_protocol) error("enable_proxy_protocol", "not over a unix socket", "use a TCP listener on a loopback address");
        } else if (listener().socket_permissions) {
            error("socket_permissions", "this listener is no unix socket", "write 'listener 0 /path' for one");
        }
        if (is_web) return;
        if (listener().websockets_path.is_given()) told_.error(listener().websockets_path.at, "websockets_path", "this listener speaks no WebSocket", "add 'protocol websockets'");
        if (!listener().websockets_origins.empty()) error("websockets_origin", "this listener speaks no WebSocket", "add 'protocol websockets'");
    }

    void family() {
        if (listener().family == ip_family::ipv6 && (listener().host.empty() || listener().host == "*"))
            return error("socket_domain", "every interface can not be had for IPv6 alone", "write the address behind the port, and leave this out");
        if (listener().family == ip_family::any || listener().host.empty() || listener().host == "localhost" || listener().host == "*") return;
        bool const is_v6 = listener().host.find(':') != std::string::npos;
        bool const is_v4 = listener().host.find_first_not_of("0123456789.") == std::string::npos;
        if (is_v6 || is_v4 ? is_v6 == (listener().family == ip_family::ipv6) : false) return;
        error("socket_domain", "the address " + quoted(listener().host) + " is not known to be of that family", "write an address of that family behind the port, and leave this out");
    }

    void who_comes_in() {
        if (listener().is_implicit) return;
        auto const& access = settings_.per_listener ? listener().access : settings_.access;
        bool const  is_open = access.allow_anonymous.value_or(false) || access.password_file.is_given() || listener().user_name_from() != name_source::none;
        if (!is_open) told_.warn(listener().at, "listener", "nobody can come in here", "add password_file, or 'allow_anonymous true' to let in whoever asks");
    }

    broker_settings const&   settings_;
    listener_settings const& listener_;
    problems&                told_;
};

std::string place_of(listener_settings const& each) {
    return each.socket_path.is_given() ? each.socket_path.text : (each.host.empty() ? "*" : each.host) + ':' + std::to_string(each.port);
}

void check_places(broker_settings const& settings, problems& told) {
    std::set<std::string> taken;
    for (auto const& each : settings.listeners) {
        bool const is_any_port = each.port == 0 && !each.socket_path.is_given();
        if (!is_any_port && !taken.insert(place_of(each)).second)
            told.error(each.at, "listener", "there is one at " + quoted(place_of(each)) + " already", "remove one of the two, or give one another port or address");
    }
}

} // namespace

void check_whole(broker_settings const& settings, problems& told) {
    for (auto const& each : settings.listeners) listener_check(settings, each, told).run();
    check_places(settings, told);
}

} // namespace aldis::app::config
