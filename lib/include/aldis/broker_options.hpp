// How a broker is set up: where it listens, whom it lets in, what it bears. Constructors and chained setters.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/access/acl_file.hpp>
#include <aldis/access/password_file.hpp>
#include <aldis/broker_authenticator.hpp>
#include <aldis/broker_hooks.hpp>
#include <aldis/broker_limits.hpp>
#include <aldis/broker_listener.hpp>
#include <aldis/broker_store.hpp>
#include <aldis/log.hpp>

namespace aldis {

class broker_options {
public:
    broker_options() = default;

    // ---- Where ------------------------------------------------------------------------------------------------------------

    /// Once for each place. Without any the broker serves only the streams that the program brings.
    broker_options& listen(broker_listener value) { listeners_.push_back(std::move(value)); return *this; }
    broker_options& listen(std::string_view uri) { return listen(broker_listener(uri)); }
    broker_options& listen(char const* uri) { return listen(broker_listener(uri)); }

    /// Where broker::start() serves the broker's figures over HTTP: /metrics as Prometheus reads them (prometheus_text()), and /healthz, 200
    /// while it serves. "PORT" of this machine, or "ADDRESS:PORT", port 0 any free one; whoever can connect there is answered. Empty: nowhere.
    broker_options& metrics_listener(std::string_view where);

    // ---- Who --------------------------------------------------------------------------------------------------------------

    /// Whether clients without a user name are let in. Unset: where only this machine can come from, unless there are passwords or a hook.
    broker_options& allow_anonymous(std::optional<bool> value) noexcept { allow_anonymous_ = value; return *this; }
    /// Users and their passwords, in mosquitto's format. The path is read now; throws access::file_error.
    broker_options& password_file(std::string const& path);
    broker_options& passwords(std::shared_ptr<access::password_file const> value) { passwords_ = std::move(value); return *this; }
    /// Who may publish, receive and subscribe what, in mosquitto's format; what no rule gives is refused. Without it everything is allowed
    /// to whoever was let in. The path is read now; throws access::file_error.
    broker_options& acl_file(std::string const& path);
    broker_options& acl(std::shared_ptr<access::acl_file const> value) { acl_ = std::move(value); return *this; }
    /// Decides in place of passwords and allow_anonymous(); not asked about clients that a certificate names.
    broker_options& authenticate(authenticate_hook value);
    broker_options& authenticate_later(authenticate_later_hook value) { authenticate_ = std::move(value); return *this; }
    /// Asked for clients that name an authentication method, in place of all above; without it they are refused with 0x8C.
    broker_options& authenticate_enhanced(enhanced_hook value) { authenticate_enhanced_ = std::move(value); return *this; }
    /// Asked beside the access rules: both must allow.
    broker_options& authorise(authorise_hook value) { authorise_ = std::move(value); return *this; }

    /// Shown each message that a client publishes; may alter or refuse it.
    broker_options& on_publish(publish_hook value) { on_publish_ = std::move(value); return *this; }
    /// Shown each subscription that is allowed; may lower its QoS or refuse it.
    broker_options& on_subscribe(subscribe_hook value) { on_subscribe_ = std::move(value); return *this; }
    /// Asked about each message for each client that is to have it.
    broker_options& on_delivery(delivery_hook value) { on_delivery_ = std::move(value); return *this; }
    /// Shown the packets of connections that begin from now on.
    broker_options& tap(tap_hook value) { tap_ = std::move(value); return *this; }
    /// Told when a session gets a connection, loses it, and ends.
    broker_options& on_session(session_hook value) { on_session_ = std::move(value); return *this; }
    /// Where sessions, their messages, wills and retained messages outlive the process. PUBACK, PUBREC and PUBCOMP leave after the commit that makes
    /// them true. Read by whatever makes the broker work first, start(), listen() or serve(), which throws where that fails; a broker with a
    /// store is not started again after it was stopped. While the store cannot be written nobody is let in (0x97), and QoS 1, QoS 2 and retained
    /// messages are refused (0x97). Of wills it keeps those of sessions that outlast their connections. reload() does not change it.
    broker_options& store(std::shared_ptr<broker_store> value) { store_ = std::move(value); return *this; }

    // ---- What -------------------------------------------------------------------------------------------------------------

    broker_options& limits(broker_limits value) noexcept { limits_ = value; return *this; }
    /// Whether a client may leave its identifier to the broker, which begins it with auto_id_prefix(). On, "auto-".
    broker_options& allow_zero_length_clientid(bool value) noexcept { allow_zero_length_clientid_ = value; return *this; }
    broker_options& auto_id_prefix(std::string value) { auto_id_prefix_ = std::move(value); return *this; }
    /// Whether messages may be retained; 0x9A. On.
    broker_options& retain_available(bool value) noexcept { retain_available_ = value; return *this; }
    /// How often $SYS/broker/... is published; 0: never. 10 seconds.
    broker_options& sys_interval(std::chrono::seconds value) noexcept { sys_interval_ = value; return *this; }
    /// Told what happens, no line beyond `most`. Text that clients sent is escaped.
    broker_options& log(log_handler value, aldis::log_level most = aldis::log_level::notice) {
        log_ = std::move(value);
        log_level_ = most;
        return *this;
    }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    std::vector<broker_listener> const&                 listeners() const noexcept { return listeners_; }
    std::optional<transport::endpoint> const&           metrics_listener() const noexcept { return metrics_listener_; }
    /// What is wrong with the metrics_listener() that was given, one line for people; empty where nothing is.
    std::string const&                                  metrics_listener_fault() const noexcept { return metrics_listener_fault_; }
    std::optional<bool> const&                          allow_anonymous() const noexcept { return allow_anonymous_; }
    std::shared_ptr<access::password_file const> const& passwords() const noexcept { return passwords_; }
    std::shared_ptr<access::acl_file const> const&      acl() const noexcept { return acl_; }
    authenticate_later_hook const&                      authenticate() const noexcept { return authenticate_; }
    enhanced_hook const&                                authenticate_enhanced() const noexcept { return authenticate_enhanced_; }
    authorise_hook const&                               authorise() const noexcept { return authorise_; }
    publish_hook const&                                 on_publish() const noexcept { return on_publish_; }
    subscribe_hook const&                               on_subscribe() const noexcept { return on_subscribe_; }
    delivery_hook const&                                on_delivery() const noexcept { return on_delivery_; }
    tap_hook const&                                     tap() const noexcept { return tap_; }
    session_hook const&                                 on_session() const noexcept { return on_session_; }
    std::shared_ptr<broker_store> const&                store() const noexcept { return store_; }
    broker_limits const&                                limits() const noexcept { return limits_; }
    bool                                                allow_zero_length_clientid() const noexcept { return allow_zero_length_clientid_; }
    std::string const&                                  auto_id_prefix() const noexcept { return auto_id_prefix_; }
    bool                                                retain_available() const noexcept { return retain_available_; }
    std::chrono::seconds                                sys_interval() const noexcept { return sys_interval_; }
    log_handler const&                                  log() const noexcept { return log_; }
    aldis::log_level                                    log_level() const noexcept { return log_level_; }

private:
    std::vector<broker_listener>                 listeners_{};
    std::optional<transport::endpoint>           metrics_listener_{};
    std::string                                  metrics_listener_fault_{};
    std::shared_ptr<access::password_file const> passwords_{};
    std::shared_ptr<access::acl_file const>      acl_{};
    std::shared_ptr<broker_store>                store_{};
    authenticate_later_hook                      authenticate_{};
    enhanced_hook                                authenticate_enhanced_{};
    authorise_hook                               authorise_{};
    publish_hook                                 on_publish_{};
    subscribe_hook                               on_subscribe_{};
    delivery_hook                                on_delivery_{};
    tap_hook                                     tap_{};
    session_hook                                 on_session_{};
    log_handler                                  log_{};
    std::string                                  auto_id_prefix_ = "auto-";
    broker_limits                                limits_{};
    std::chrono::seconds                         sys_interval_{10};
    std::optional<bool>                          allow_anonymous_{};
    aldis::log_level                             log_level_ = aldis::log_level::notice;
    bool                                         allow_zero_length_clientid_ = true;
    bool                                         retain_available_ = true;
};

} // namespace aldis
