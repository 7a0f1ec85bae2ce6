// What a blocking client is told before it connects: where, who, how often again. No header of the event loop is needed to say so.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/codec/types.hpp>
#include <aldis/will_message.hpp>

struct ssl_ctx_st;                                                 // OpenSSL's SSL_CTX

namespace aldis {

enum class tls_protocol : std::uint8_t { v1_2, v1_3 };

/// How TLS is to be used. Without any of it the server is verified against the system's issuers and its name against the host.
class tls_settings {
public:
    tls_settings() = default;

    /// PEM files: trusted issuers (then the system's are not), our certificate, its key.
    tls_settings& ca_file(std::string path) { ca_file_ = std::move(path); return *this; }
    tls_settings& ca_directory(std::string path) { ca_directory_ = std::move(path); return *this; }
    tls_settings& certificate_file(std::string path) { certificate_file_ = std::move(path); return *this; }
    tls_settings& key_file(std::string path) { key_file_ = std::move(path); return *this; }
    tls_settings& key_password(std::string value) { key_password_ = std::move(value); return *this; }
    /// From 1.2 on, the newest that both have, by default.
    tls_settings& version(tls_protocol lowest, tls_protocol highest = tls_protocol::v1_3) noexcept { lowest_ = lowest; highest_ = highest; return *this; }
    /// OpenSSL's lists, of TLS 1.2 and of 1.3.
    tls_settings& ciphers(std::string list) { ciphers_ = std::move(list); return *this; }
    tls_settings& suites(std::string list) { suites_ = std::move(list); return *this; }
    /// The name to ask for and to check, where it is not the host.
    tls_settings& server_name(std::string value) { server_name_ = std::move(value); return *this; }
    /// A certificate of a trusted issuer is enough, whatever name it is for.
    tls_settings& any_name(bool value) noexcept { any_name_ = value; return *this; }
    /// Nothing is verified: whoever is in between can read and change everything. Each attempt logs a warning.
    tls_settings& insecure(bool value) noexcept { insecure_ = value; return *this; }
    /// A key known to both sides in place of certificates: its bytes, not hexadecimal.
    tls_settings& psk(std::string identity, std::string key) { psk_identity_ = std::move(identity); psk_key_ = std::move(key); return *this; }
    /// Called with OpenSSL's context when all else is set: for what is not here.
    tls_settings& context(std::function<void(ssl_ctx_st*)> change) { context_ = std::move(change); return *this; }

    std::string const&                              ca_file() const noexcept { return ca_file_; }
    std::string const&                              ca_directory() const noexcept { return ca_directory_; }
    std::string const&                              certificate_file() const noexcept { return certificate_file_; }
    std::string const&                              key_file() const noexcept { return key_file_; }
    std::optional<std::string> const&               key_password() const noexcept { return key_password_; }
    tls_protocol                                    lowest() const noexcept { return lowest_; }
    tls_protocol                                    highest() const noexcept { return highest_; }
    std::string const&                              ciphers() const noexcept { return ciphers_; }
    std::string const&                              suites() const noexcept { return suites_; }
    std::string const&                              server_name() const noexcept { return server_name_; }
    bool                                            any_name() const noexcept { return any_name_; }
    bool                                            insecure() const noexcept { return insecure_; }
    std::string const&                              psk_identity() const noexcept { return psk_identity_; }
    std::string const&                              psk_key() const noexcept { return psk_key_; }
    std::function<void(ssl_ctx_st*)> const&         context() const noexcept { return context_; }

private:
    std::string                      ca_file_{}, ca_directory_{}, certificate_file_{}, key_file_{}, ciphers_{}, suites_{}, server_name_{};
    std::string                      psk_identity_{}, psk_key_{};
    std::optional<std::string>       key_password_{};
    std::function<void(ssl_ctx_st*)> context_{};
    tls_protocol                     lowest_ = tls_protocol::v1_2;
    tls_protocol                     highest_ = tls_protocol::v1_3;
    bool                             any_name_ = false;
    bool                             insecure_ = false;
};

enum class transport_kind : std::uint8_t { tcp, websockets };

/// Who runs the loop: a thread of the client's own, which connect() starts if start() did not; or the caller, inside run(), run_for(),
/// connect() and wait().
enum class run_mode : std::uint8_t { own_thread, caller };

/// A value. Setters throw validation_error for what can not be; what only fits together badly is told when a client is made of it.
class blocking_config {
public:
    static constexpr unsigned unlimited = std::numeric_limits<unsigned>::max();

    /// The port is that of the transport unless it is given: 1883, with TLS 8883, with WebSocket 80 and 443.
    explicit blocking_config(std::string host = "localhost", std::optional<std::uint16_t> port = {});
    /// mqtt://user:password@host:port, mqtts://, ws://, wss://, unix:///path. It replaces host, port, transport and whether TLS is used.
    static blocking_config from_uri(std::string uri);

    // ---- Where ------------------------------------------------------------------------------------------------------------

    blocking_config& host(std::string value) { host_ = std::move(value); uri_.clear(); return *this; }
    blocking_config& port(std::optional<std::uint16_t> value) { port_ = value; uri_.clear(); return *this; }
    blocking_config& transport(transport_kind value) { transport_ = value; uri_.clear(); return *this; }
    /// Turns TLS on.
    blocking_config& tls(tls_settings value) { tls_ = std::move(value); return *this; }
    /// "/mqtt" by default.
    blocking_config& websocket_path(std::string value) { websocket_path_ = std::move(value); return *this; }
    blocking_config& websocket_header(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); return *this; }
    /// socks5h://user:password@host:port or http://...
    blocking_config& proxy(std::string uri);
    /// Bind to this address of ours.
    blocking_config& local_address(std::string value) { local_address_ = std::move(value); return *this; }
    /// Ask the name service for the servers of a domain (SRV).
    blocking_config& service_lookup(bool value) noexcept { service_lookup_ = value; return *this; }
    /// For one attempt: name, addresses, handshakes, CONNACK. 60 seconds by default.
    blocking_config& connect_timeout(std::chrono::milliseconds value);

    // ---- Who, and the session ---------------------------------------------------------------------------------------------

    /// Empty (the default): the server assigns one.
    blocking_config& client_id(std::string value) { client_id_ = std::move(value); return *this; }
    blocking_config& user_name(std::optional<std::string> value) { user_name_ = std::move(value); return *this; }
    blocking_config& password(std::optional<std::string> value) { password_ = std::move(value); return *this; }
    /// Begin with an empty session, which is the default. With 5.0 it then goes on over reconnects; 3.1.1 knows such a session only as one
    /// that ends with its connection. false: go on with what the server has, which needs a client identifier of our own in 3.1.1.
    blocking_config& clean_start(bool value) noexcept { clean_start_ = value; return *this; }
    /// How long the server keeps the session after the connection; 3,600 seconds by default.
    blocking_config& session_expiry(std::chrono::seconds value);
    /// 60 seconds by default; 0 turns it off; at most 65,535.
    blocking_config& keep_alive(std::chrono::seconds value);
    /// After which part of the keep-alive liveness is checked: above 0, at most 1, 0.5 by default.
    blocking_config& heartbeat_check_ratio(double value);
    /// One version and no other. Nothing, the default: 5.0, and 3.1.1 where the server does not know it.
    blocking_config& version(std::optional<protocol> value) noexcept { version_ = value; return *this; }
    /// A file that keeps what was published at QoS 1 and 2 until it is acknowledged, over the end of the process too: see aldis::make_sqlite_store().
    /// The session then goes on, whatever clean_start() says, and needs a client identifier; what is published without a connection waits in
    /// the file, up to max_unfinished(). Empty (the default): none. A file that can not be used makes connect() throw and messages fail.
    blocking_config& store(std::string path) { store_ = std::move(path); return *this; }
    blocking_config& will(std::optional<will_message> value) { will_ = std::move(value); return *this; }
    /// For CONNECT (5.0).
    blocking_config& user_property(std::string name, std::string value) { user_properties_.emplace_back(std::move(name), std::move(value)); return *this; }

    // ---- Again, and how much ----------------------------------------------------------------------------------------------

    /// After a loss: so many attempts, 10 by default, before the client gives up. 0: none; `unlimited`: for ever.
    blocking_config& max_reconnect_attempts(unsigned value) noexcept { max_reconnect_attempts_ = value; return *this; }
    /// Before the first attempt, doubling up to `maximum`, of which a random part up to the half is left out. 1 and 60 seconds by default.
    blocking_config& reconnect_delay(std::chrono::milliseconds initial, std::chrono::milliseconds maximum);
    /// The first connection is retried like any other; off by default: connect() then throws at its first failure.
    blocking_config& retry_first_connect(bool value) noexcept { retry_first_connect_ = value; return *this; }
    /// Messages kept while disconnected; 1,000 by default. 0, elsewhere "unlimited", is refused: a queue without a bound takes all memory
    /// when the server stays away, and then everything is lost.
    blocking_config& publish_queue_size(std::size_t messages);
    /// Messages that were published and have not ended, connected or not; publishing more fails. 10,000 and 64 MiB by default.
    blocking_config& max_unfinished(std::size_t messages, std::size_t bytes);
    /// QoS 0 is kept too while disconnected; on by default.
    blocking_config& queue_qos_0(bool value) noexcept { queue_qos_0_ = value; return *this; }
    /// QoS 1 and 2 messages under way at a time; 20 by default.
    blocking_config& max_in_flight(std::uint16_t value);
    /// Does nothing: MQTT sends again after a reconnect and at no other time. [MQTT-4.4.0-1]
    blocking_config& resend_interval(std::chrono::seconds) noexcept { return *this; }
    blocking_config& mode(run_mode value) noexcept { mode_ = value; return *this; }

    // ---- What was chosen --------------------------------------------------------------------------------------------------

    using pairs = std::vector<std::pair<std::string, std::string>>;

    std::string const&                 uri() const noexcept { return uri_; }
    std::string const&                 host() const noexcept { return host_; }
    std::optional<std::uint16_t>       port() const noexcept { return port_; }
    transport_kind                     transport() const noexcept { return transport_; }
    std::optional<tls_settings> const& tls() const noexcept { return tls_; }
    std::string const&                 websocket_path() const noexcept { return websocket_path_; }
    pairs const&                       websocket_headers() const noexcept { return headers_; }
    std::string const&                 proxy() const noexcept { return proxy_; }
    std::string const&                 local_address() const noexcept { return local_address_; }
    bool                               service_lookup() const noexcept { return service_lookup_; }
    std::chrono::milliseconds          connect_timeout() const noexcept { return connect_timeout_; }
    std::string const&                 client_id() const noexcept { return client_id_; }
    std::optional<std::string> const&  user_name() const noexcept { return user_name_; }
    std::optional<std::string> const&  password() const noexcept { return password_; }
    bool                               clean_start() const noexcept { return clean_start_; }
    std::chrono::seconds               session_expiry() const noexcept { return session_expiry_; }
    std::chrono::seconds               keep_alive() const noexcept { return keep_alive_; }
    double                             heartbeat_check_ratio() const noexcept { return heartbeat_check_ratio_; }
    std::optional<protocol>            version() const noexcept { return version_; }
    std::string const&                 store() const noexcept { return store_; }
    std::optional<will_message> const& will() const noexcept { return will_; }
    pairs const&                       user_properties() const noexcept { return user_properties_; }
    unsigned                           max_reconnect_attempts() const noexcept { return max_reconnect_attempts_; }
    std::chrono::milliseconds          initial_reconnect_delay() const noexcept { return initial_delay_; }
    std::chrono::milliseconds          maximum_reconnect_delay() const noexcept { return maximum_delay_; }
    bool                               retry_first_connect() const noexcept { return retry_first_connect_; }
    std::size_t                        publish_queue_size() const noexcept { return publish_queue_size_; }
    std::size_t                        max_unfinished() const noexcept { return max_unfinished_; }
    std::size_t                        max_unfinished_bytes() const noexcept { return max_unfinished_bytes_; }
    bool                               queue_qos_0() const noexcept { return queue_qos_0_; }
    std::uint16_t                      max_in_flight() const noexcept { return max_in_flight_; }
    run_mode                           mode() const noexcept { return mode_; }

private:
    std::string                  uri_{}, host_, websocket_path_ = "/mqtt", proxy_{}, local_address_{}, client_id_{}, store_{};
    std::optional<std::string>   user_name_{}, password_{};
    std::optional<tls_settings>  tls_{};
    std::optional<will_message>  will_{};
    pairs                        headers_{}, user_properties_{};
    std::chrono::milliseconds    connect_timeout_ = std::chrono::seconds(60);
    std::chrono::milliseconds    initial_delay_ = std::chrono::seconds(1);
    std::chrono::milliseconds    maximum_delay_ = std::chrono::seconds(60);
    std::chrono::seconds         session_expiry_{3'600};
    std::chrono::seconds         keep_alive_{60};
    double                       heartbeat_check_ratio_ = 0.5;
    std::size_t                  publish_queue_size_ = 1'000;
    std::size_t                  max_unfinished_ = 10'000;
    std::size_t                  max_unfinished_bytes_ = 64U << 20U;
    unsigned                     max_reconnect_attempts_ = 10;
    std::optional<std::uint16_t> port_;
    std::optional<protocol>      version_{};
    std::uint16_t                max_in_flight_ = 20;
    transport_kind               transport_ = transport_kind::tcp;
    run_mode                     mode_ = run_mode::own_thread;
    bool                         clean_start_ = true;
    bool                         service_lookup_ = false;
    bool                         retry_first_connect_ = false;
    bool                         queue_qos_0_ = true;
};

} // namespace aldis
