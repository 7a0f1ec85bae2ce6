// What is known of an established stream, beyond its bytes: who is at the other end and how the way there is protected.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace aldis::transport {

/// The TLS session of a stream.
struct tls_facts {
    std::string protocol{};                        // "TLSv1.3"
    std::string cipher{};                          // "TLS_AES_256_GCM_SHA384"
    std::string alpn{};                            // the protocol both sides agreed on; empty without
    std::string psk_identity{};                    // empty where no pre-shared key was used
    bool        is_verified = false;               // the peer's certificate was checked, and found good
    bool        is_resumed = false;
    std::string peer_common_name{};                // of the peer's certificate; empty without. UTF-8 as it stands there: check it before use
    std::string peer_subject{};                    // RFC 2253
    std::string peer_fingerprint{};                // SHA-256, lower-case hexadecimal
};

/// The WebSocket handshake of a stream.
struct websocket_facts {
    std::string target{};                          // path and query of the request
    std::string origin{};                          // as the client gave it; empty without
    bool        is_compressed = false;
};

/// Filled in by each layer when it is made. Not for hot paths.
struct stream_facts {
    std::string                    remote{};       // who the connection comes from or goes to: "192.0.2.1:1883", "unix:/run/mqtt.sock"
    std::string                    via{};          // the proxy or load balancer in between, likewise; empty without
    std::chrono::steady_clock::time_point since{}; // when TCP was connected or accepted: deadlines count from here; the epoch where that has no meaning
    std::optional<tls_facts>       tls{};
    std::optional<websocket_facts> websocket{};
};

} // namespace aldis::transport
