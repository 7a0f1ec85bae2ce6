// The table of keys: mosquitto's, and our own for what mosquitto has no bound for.
#include <array>
#include <cstddef>

#include "draft.hpp"
#include "keys.hpp"

namespace aldis::app::config {
namespace {

// ---- What most rows do: keep a value in a member ------------------------------------------------------------------------------------

void keep(bool& to, given_value const& given) { to = given.what.is_on; }
void keep(std::optional<bool>& to, given_value const& given) { to = given.what.is_on; }
void keep(std::optional<std::uint64_t>& to, given_value const& given) { to = static_cast<std::uint64_t>(given.what.number); }
void keep(std::uint64_t& to, given_value const& given) { to = static_cast<std::uint64_t>(given.what.number); }
void keep(located& to, given_value const& given) { to = {given.what.text, given.at}; }
// Words of an enumeration stand in its order.
void keep(listener_protocol& to, given_value const& given) { to = given.what.number == 0 ? listener_protocol::mqtt : listener_protocol::websockets; }
void keep(ip_family& to, given_value const& given) { to = given.what.number == 0 ? ip_family::ipv4 : ip_family::ipv6; }

template <class Owner, class T>
Owner owner_of(T Owner::*);

// Where the owner of a member is found.
broker_settings&      find(draft& in, broker_settings*) { return in.settings(); }
limit_settings&       find(draft& in, limit_settings*) { return in.settings().limits; }
log_settings&         find(draft& in, log_settings*) { return in.settings().log; }
persistence_settings& find(draft& in, persistence_settings*) { return in.settings().persistence; }
access_settings&      find(draft& in, access_settings*) { return in.access(); }
listener_settings&    find(draft& in, listener_settings*) { return in.listener(); }
tls_settings&         find(draft& in, tls_settings*) { return in.listener().tls; }

template <auto Member>
void into(draft& in, given_value const& given) {
    using owner = decltype(owner_of(Member));
    keep(find(in, static_cast<owner*>(nullptr)).*Member, given);
}

// ---- How rows are written -----------------------------------------------------------------------------------------------------------

using apply_function = void (*)(draft&, given_value const&);

constexpr key_row used(std::string_view name, key_scope scope, value_rule rule, apply_function apply) {
    return {name, scope, key_fate::used, false, rule, apply};
}
constexpr key_row adds(std::string_view name, key_scope scope, value_rule rule, apply_function apply) {
    return {name, scope, key_fate::used, true, rule, apply};
}
constexpr key_row limit(std::string_view name, std::int64_t most, apply_function apply, std::int64_t least = 0) {
    return {name, key_scope::global, key_fate::used, false, number(least, most), apply};
}
constexpr key_row ignored(std::string_view name, std::string_view what, std::string_view advice = {}, std::string_view harmless = {}) {
    return {name, key_scope::global, key_fate::ignored, true, {}, nullptr, harmless, what, advice};
}
constexpr key_row refused(std::string_view name, std::string_view what, std::string_view advice, std::string_view harmless = {}) {
    return {name, key_scope::global, key_fate::refused, true, {}, nullptr, harmless, what, advice};
}
constexpr key_row bridge(std::string_view name) { return {name, key_scope::bridge, key_fate::ignored, true}; }

constexpr std::int64_t bytes = std::int64_t{1} << 40U;             // no bound that a machine could reach
constexpr std::int64_t many = 1'000'000'000;
constexpr std::int64_t seconds = std::int64_t{100} * 365 * 86'400;
constexpr std::int64_t packet = 268'435'460;
constexpr std::int64_t word16 = 65'535;

constexpr auto global = key_scope::global;
constexpr auto listener = key_scope::listener;
constexpr auto access = key_scope::access;

constexpr std::string_view no_plugins = "Aldis has no plugins";
constexpr std::string_view instead_of_plugins = "use password_file and acl_file, or embed aldis::broker and give it a hook";
constexpr std::string_view no_bridges = "Aldis has no bridges";
constexpr std::string_view no_psk = "the broker has no pre-shared keys";
constexpr std::string_view instead_of_psk = "use certificates: certfile, keyfile, and cafile with require_certificate";
constexpr std::string_view no_engines = "Aldis has no TLS engines";
constexpr std::string_view instead_of_engines = "use a key in a PEM file";
constexpr std::string_view no_autosave = "there is nothing to save now and then";

constexpr std::array rows{
    refused("accept_protocol_versions", "Aldis can not keep versions of MQTT out", "remove the line: 3.1, 3.1.1 and 5.0 are let in", "3,4,5"),
    used("acl_file", access, path(), into<&access_settings::acl_file>),
    bridge("address"),
    bridge("addresses"),
    used("allow_anonymous", access, flag(), into<&access_settings::allow_anonymous>),
    ignored("allow_duplicate_messages", "a client gets one copy, however many of its subscriptions match", {}, "false"),
    used("allow_zero_length_clientid", global, flag(), into<&broker_settings::allow_zero_length_clientid>),
    refused("auth_plugin", no_plugins, instead_of_plugins),
    ignored("auth_plugin_deny_special_chars", no_plugins),
    used("auto_id_prefix", global, text(50), into<&broker_settings::auto_id_prefix>),
    ignored("autosave_interval", no_autosave),
    ignored("autosave_on_changes", no_autosave, {}, "false"),
    used("bind_address", listener, text(255), apply_bind_address),
    refused("bind_interface", "Aldis binds to addresses, so that every interface would be open", "write the address of the interface behind the port of 'listener'"),
    used("cafile", listener, path(), into<&tls_settings::ca_file>),
    used("capath", listener, path(), into<&tls_settings::ca_directory>),
    used("certfile", listener, path(), into<&tls_settings::certificate_file>),
    refused("check_retain_source", "rights that a publisher lost do not take back what he had retained", "write false, and delete such messages when rights are taken", "false"),
    used("ciphers", listener, text(4095), into<&tls_settings::ciphers>),
    used("ciphers_tls1.3", listener, text(4095), into<&tls_settings::suites>),
    bridge("cleansession"),
    bridge("clientid"),
    refused("clientid_prefixes", "Aldis does not choose clients by how their identifiers begin", "name users in password_file, and let acl_file speak of %c"),
    limit("connect_timeout", 3'600, into<&limit_settings::connect_timeout>, 1),
    refused("connection", no_bridges, "run mosquitto with this bridge beside the broker, as a client of both"),
    used("connection_messages", global, flag(), into<&log_settings::connection_messages>),
    used("crlfile", listener, path(), into<&tls_settings::crl_file>),
    ignored("dhparamfile", "keys are agreed on elliptic curves"),
    refused("disable_client_cert_date_checks", "certificates that are not valid now are never good", "renew them", "false"),
    ignored("enable_control_api", "Aldis has no control API", {}, "false"),
    used("enable_proxy_protocol", listener, number(1, 2), apply_proxy_protocol),
    used("enforce_keepalive_v3", global, flag(), into<&limit_settings::enforce_keepalive_v3>),
    used("exempt_loopback", global, flag(), into<&limit_settings::exempt_loopback>),
    refused("global_max_clients", "sessions are bounded by max_sessions", "write 'max_sessions N'", "-1"),
    used("global_max_connections", global, number(-1, many), apply_global_max_connections),
    refused("global_plugin", no_plugins, instead_of_plugins),
    ignored("http_dir", "Aldis serves no files", "let a web server do that"),
    bridge("idle_timeout"),
    key_row{"include_dir", global, key_fate::include, true, path()},
    bridge("keepalive_interval"),
    used("keyfile", listener, path(), into<&tls_settings::key_file>),
    adds("listener", global, text(4200), apply_listener),
    refused("listener_allow_anonymous", "Aldis knows it under its older name", "make 'per_listener_settings true' the first line, and write allow_anonymous below the listener"),
    ignored("listener_auto_id_prefix", "auto_id_prefix holds for all listeners"),
    bridge("local_cleansession"),
    bridge("local_clientid"),
    bridge("local_password"),
    bridge("local_username"),
    adds("log_dest", global, line(), apply_log_dest),
    used("log_facility", global, number(0, 7), into<&log_settings::facility>),
    used("log_timestamp", global, flag(), into<&log_settings::timestamp>),
    used("log_timestamp_format", global, text(100), into<&log_settings::timestamp_format>),
    adds("log_type", global, line(), apply_log_type),
    limit("max_client_id_length", word16, into<&limit_settings::max_client_id_length>, 23),
    limit("max_connect_packet_size", packet, into<&limit_settings::max_connect_packet_size>, 64),
    limit("max_connect_rate", many, into<&limit_settings::max_connect_rate>),
    limit("max_connect_rate_per_address", many, into<&limit_settings::max_connect_rate_per_address>),
    used("max_connections", listener, number(-1, many), apply_max_connections),
    limit("max_filters_per_packet", many, into<&limit_settings::max_filters_per_packet>),
    limit("max_inflight_bytes", bytes, into<&limit_settings::max_inflight_bytes>),
    limit("max_inflight_messages", word16, into<&limit_settings::max_inflight_messages>),
    limit("max_keepalive", word16, into<&limit_settings::max_keepalive>),
    limit("max_output", bytes, into<&limit_settings::max_output>, 1024),
    limit("max_packet_size", packet, into<&limit_settings::max_packet_size>, 20),
    limit("max_publish_rate", many, into<&limit_settings::max_publish_rate>),
    used("max_qos", listener, number(0, 2), into<&listener_settings::max_qos>),
    limit("max_queued_bytes", bytes, into<&limit_settings::max_queued_bytes>),
    limit("max_queued_messages", many, into<&limit_settings::max_queued_messages>),
    limit("max_retained_bytes", bytes, into<&limit_settings::max_retained_bytes>),
    limit("max_retained_messages", many, into<&limit_settings::max_retained_messages>),
    limit("max_retained_rate", many, into<&limit_settings::max_retained_rate>),
    limit("max_session_expiry", seconds, into<&limit_settings::max_session_expiry>),
    limit("max_sessions", many, into<&limit_settings::max_sessions>),
    limit("max_subscriptions", many, into<&limit_settings::max_subscriptions>),
    used("max_topic_alias", listener, number(0, word16), into<&listener_settings::max_topic_alias>),
    limit("max_topic_alias_broker", word16, into<&limit_settings::max_topic_alias_broker>),
    limit("max_topic_length", word16, into<&limit_settings::max_topic_length>),
    limit("max_topic_levels", word16, into<&limit_settings::max_topic_levels>),
    limit("max_unauthenticated", many, into<&limit_settings::max_unauthenticated>),
    limit("max_unauthenticated_per_address", many, into<&limit_settings::max_unauthenticated_per_address>),
    limit("max_user_name_length", word16, into<&limit_settings::max_user_name_length>),
    limit("max_user_properties", many, into<&limit_settings::max_user_properties>),
    limit("max_user_property_bytes", bytes, into<&limit_settings::max_user_property_bytes>),
    limit("memory_limit", bytes, into<&limit_settings::memory_limit>),
    limit("message_size_limit", packet, into<&limit_settings::message_size_limit>),
    used("metrics_listener", global, text(300), into<&broker_settings::metrics_listener>),
    refused("mount_point", "clients of this listener would see everybody's topics", "separate them with acl_file: pattern and topic lines"),
    bridge("notification_topic"),
    bridge("notifications"),
    bridge("notifications_local_only"),
    ignored("packet_buffer_size", "buffers are as large as what arrives"),
    ignored("packet_max_auth", "max_packet_size holds for AUTH too"),
    limit("packet_max_connect", packet, into<&limit_settings::max_connect_packet_size>, 64),
    ignored("packet_max_simple", "packets without content are bounded by what they can hold"),
    ignored("packet_max_sub", "max_packet_size and max_filters_per_packet hold for SUBSCRIBE"),
    limit("packet_timeout", 86'400, into<&limit_settings::packet_timeout>),
    bridge("password"),
    used("password_file", access, path(), into<&access_settings::password_file>),
    used("per_listener_settings", global, flag(), apply_per_listener_settings),
    used("persistence", global, flag(), apply_persistence),
    used("persistence_file", global, path(), into<&persistence_settings::file>),
    used("persistence_location", global, path(), into<&persistence_settings::location>),
    used("persistent_client_expiration", global, duration(), into<&limit_settings::persistent_client_expiration>),
    used("pid_file", global, path(), into<&broker_settings::pid_file>),
    refused("plugin", no_plugins, instead_of_plugins),
    refused("plugin_load", no_plugins, instead_of_plugins),
    refused("plugin_use", no_plugins, instead_of_plugins),
    used("port", listener, number(1, word16), apply_port),
    used("protocol", listener, word("mqtt websockets"), into<&listener_settings::protocol>),
    ignored("proxy_protocol_v2_require_tls", "what the proxy says of TLS is not looked at", "let the proxy refuse connections without", "false"),
    refused("psk_file", no_psk, instead_of_psk),
    refused("psk_hint", no_psk, instead_of_psk),
    used("queue_qos0_messages", global, flag(), into<&limit_settings::queue_qos0_messages>),
    limit("receive_maximum", word16, into<&limit_settings::receive_maximum>, 1),
    bridge("remote_clientid"),
    bridge("remote_password"),
    bridge("remote_username"),
    used("require_certificate", listener, flag(), into<&tls_settings::require_certificate>),
    bridge("restart_timeout"),
    used("retain_available", global, flag(), into<&broker_settings::retain_available>),
    ignored("retain_expiry_interval", "retained messages stay until they are replaced, or expire by their own Message Expiry Interval"),
    ignored("retained_persistence", "mosquitto itself has given it up"),
    ignored("retry_interval", "messages are sent again when a client reconnects, not before"),
    bridge("round_robin"),
    limit("session_expiry_v3", seconds, into<&limit_settings::session_expiry_v3>),
    used("set_tcp_nodelay", global, flag(), into<&broker_settings::set_tcp_nodelay>),
    used("socket_domain", listener, word("ipv4 ipv6"), into<&listener_settings::family>),
    used("socket_permissions", listener, octal(0777), into<&listener_settings::socket_permissions>),
    bridge("start_type"),
    ignored("store_clean_interval", "mosquitto itself has given it up"),
    limit("sys_interval", 86'400, into<&broker_settings::sys_interval>),
    bridge("threshold"),
    refused("tls_engine", no_engines, instead_of_engines),
    refused("tls_engine_kpass_sha1", no_engines, instead_of_engines),
    refused("tls_keyform", no_engines, instead_of_engines, "pem"),
    used("tls_version", listener, word("tlsv1.3 tlsv1.2 tlsv1.1 tlsv1"), apply_tls_version),
    bridge("topic"),
    ignored("trace_level", "use log_type"),
    bridge("try_private"),
    ignored("upgrade_outgoing_qos", "messages keep the lower of both QoS, as MQTT has it", {}, "false"),
    used("use_identity_as_username", listener, flag(), into<&tls_settings::use_identity>),
    used("use_subject_as_username", listener, flag(), into<&tls_settings::use_subject>),
    refused("use_username_as_clientid", "a user could take over the session of another by his identifier", "let acl_file speak of %u; sessions belong to the user that made them", "false"),
    used("user", global, text(32), into<&broker_settings::user>),
    bridge("username"),
    used("websockets_headers_size", listener, number(1024, 1'048'576), into<&listener_settings::websockets_headers_size>),
    ignored("websockets_log_level", "use log_type"),
    adds("websockets_origin", listener, text(255), apply_websockets_origin),
    used("websockets_path", listener, text(255), into<&listener_settings::websockets_path>),
    limit("write_timeout", 86'400, into<&limit_settings::write_timeout>),
    refused("auth_opt_", no_plugins, instead_of_plugins),
    bridge("bridge_"),
    refused("plugin_opt_", no_plugins, instead_of_plugins),
};

constexpr bool is_in_order() {
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i - 1].is_prefix() && !rows[i].is_prefix()) return false;
        if (rows[i - 1].is_prefix() == rows[i].is_prefix() && rows[i - 1].name >= rows[i].name) return false;
    }
    return true;
}
static_assert(is_in_order(), "by name, prefixes last, none twice");

constexpr bool is_told() {
    for (auto const& row : rows) {
        bool const says_why = !row.what.empty() || row.scope == key_scope::bridge;
        if (row.fate == key_fate::used ? row.apply == nullptr : row.fate != key_fate::include && !says_why) return false;
        if (row.fate == key_fate::refused && row.advice.empty()) return false;
    }
    return true;
}
static_assert(is_told(), "used, or why not; refused, and what to do instead");

} // namespace

std::span<key_row const> key_rows() noexcept { return rows; }

} // namespace aldis::app::config
