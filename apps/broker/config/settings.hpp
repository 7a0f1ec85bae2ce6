// What a configuration file says, as plain values: nothing is opened or loaded here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aldis::app::config {

/// Where something was said: a file and a line from 1; line 0 is the file as a whole.
struct place {
    std::string file{};
    std::size_t line = 0;
};

/// A text and where it was given; empty where it was not.
struct located {
    std::string text{};
    place       at{};

    bool is_given() const noexcept { return !text.empty(); }
};

enum class listener_protocol : std::uint8_t { mqtt, websockets };
enum class ip_family : std::uint8_t { any, ipv4, ipv6 };
enum class name_source : std::uint8_t { none, common_name, subject };
enum class tls_floor : std::uint8_t { v1_2, v1_3 };

/// Who is let in, of all listeners or of one.
struct access_settings {
    std::optional<bool> allow_anonymous{};
    located             password_file{};
    located             acl_file{};
};

struct tls_settings {
    located             ca_file{};
    located             ca_directory{};
    located             certificate_file{};
    located             key_file{};
    located             crl_file{};
    located             ciphers{};                                 // of TLS 1.2
    located             suites{};                                  // of TLS 1.3
    tls_floor           lowest = tls_floor::v1_2;
    bool                require_certificate = false;
    std::optional<bool> use_identity{};
    std::optional<bool> use_subject{};

    /// Served with TLS.
    bool is_on() const noexcept { return certificate_file.is_given() || key_file.is_given(); }
};

struct listener_settings {
    place                        at{};
    bool                         is_implicit = false;              // nobody asked for it: this machine only
    std::uint16_t                port = 1883;                      // 0: any free one
    std::string                  host{};                           // empty: every interface
    located                      socket_path{};                    // a unix socket, in place of host and port
    listener_protocol            protocol = listener_protocol::mqtt;
    ip_family                    family = ip_family::any;
    tls_settings                 tls{};
    access_settings              access{};                         // with per_listener_settings
    std::optional<std::uint64_t> max_connections{};
    std::optional<std::uint64_t> max_qos{};
    std::optional<std::uint64_t> max_topic_alias{};
    located                      websockets_path{};
    std::vector<std::string>     websockets_origins{};
    std::optional<std::uint64_t> websockets_headers_size{};
    std::optional<std::uint64_t> socket_permissions{};
    bool                         proxy_protocol = false;

    name_source user_name_from() const noexcept {
        if (tls.use_subject.value_or(false)) return name_source::subject;
        return tls.use_identity.value_or(false) ? name_source::common_name : name_source::none;
    }
};

/// Bounds, under the names that their keys have; what is not given keeps the broker's default. Times in seconds.
struct limit_settings {
    using number = std::optional<std::uint64_t>;
    using toggle = std::optional<bool>;

    number max_packet_size{}, message_size_limit{}, max_connect_packet_size{}, max_topic_levels{}, max_topic_length{};
    number max_user_properties{}, max_user_property_bytes{}, max_filters_per_packet{}, max_client_id_length{}, max_user_name_length{};
    number connect_timeout{}, max_unauthenticated{}, max_unauthenticated_per_address{}, global_max_connections{};
    number max_connect_rate{}, max_connect_rate_per_address{}, packet_timeout{}, max_keepalive{}, max_publish_rate{};
    number max_inflight_messages{}, max_inflight_bytes{}, receive_maximum{}, max_queued_messages{}, max_queued_bytes{};
    number max_output{}, write_timeout{}, max_topic_alias_broker{};
    number max_sessions{}, persistent_client_expiration{}, max_session_expiry{}, session_expiry_v3{}, max_subscriptions{};
    number max_retained_messages{}, max_retained_bytes{}, max_retained_rate{}, memory_limit{};
    toggle exempt_loopback{}, enforce_keepalive_v3{}, queue_qos0_messages{};
};

/// Kinds of log lines, one bit each.
enum log_kind : unsigned { log_error = 1, log_warning = 2, log_notice = 4, log_information = 8, log_debug = 16 };

struct log_settings {
    bool                    to_stdout = false;
    bool                    to_stderr = false;
    bool                    to_syslog = false;
    bool                    is_chosen = false;                     // a log_dest was given, perhaps none
    located                 to_file{};
    std::optional<unsigned> kinds{};
    std::uint64_t           facility = 8;                          // local0 to local7; 8: daemon
    bool                    timestamp = true;
    located                 timestamp_format{};                    // empty: as RFC 3339 has it, with milliseconds
    bool                    connection_messages = true;
};

struct persistence_settings {
    std::optional<bool> is_on{};
    place               at{};
    located             location{};
    located             file{};
};

struct broker_settings {
    std::vector<listener_settings> listeners{};                    // one at least once everything was read
    bool                           per_listener = false;
    access_settings                access{};                       // of all listeners, without per_listener
    limit_settings                 limits{};
    log_settings                   log{};
    persistence_settings           persistence{};
    located                        metrics_listener{};
    located                        pid_file{};
    located                        user{};
    located                        auto_id_prefix{};
    std::optional<bool>            allow_zero_length_clientid{};
    std::optional<bool>            retain_available{};
    std::optional<bool>            set_tcp_nodelay{};
    std::optional<std::uint64_t>   sys_interval{};
};

} // namespace aldis::app::config
