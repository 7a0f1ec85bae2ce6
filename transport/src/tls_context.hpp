// What tls_options become: a native context for each role, made at the first use and shared by the copies of the options.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <aldis/transport/tls.hpp>

#include "tls_native.hpp"

namespace aldis::transport {

enum class tls_role : std::uint8_t { client, server };

/// The last session with each place, so that the next connection to it is cheaper. Used from any thread.
class tls_sessions {
public:
    void        keep(std::string const& place, session_ptr fresh);
    /// One session of TLS 1.3 serves one connection only, lest connections be linked (RFC 8446, C.4).
    session_ptr next(std::string const& place);

private:
    static constexpr std::size_t max_places = 256;

    std::mutex                         mutex_;
    std::map<std::string, session_ptr> kept_;
};

class tls_context {
public:
    /// Where the options are wrong the trouble says so, and the context must not be used.
    tls_context(tls_options const& options, tls_role role, tls_trouble& trouble);
    ~tls_context();
    tls_context(tls_context const&) = delete;
    tls_context& operator=(tls_context const&) = delete;

    SSL_CTX*           native() const noexcept { return native_.get(); }
    tls_options const& options() const noexcept { return options_; }
    tls_role           role() const noexcept { return role_; }
    tls_sessions&      sessions() noexcept { return sessions_; }
    bool               has_psk() const noexcept;
    bool               has_issuers() const noexcept;
    /// One line of the key log.
    void               log_key(char const* line) const noexcept;

private:
    using step = tls_trouble (tls_context::*)();

    tls_trouble check();
    tls_trouble set_protocol();
    tls_trouble set_issuers();
    tls_trouble set_revocations();
    tls_trouble set_identity();
    tls_trouble set_psk();
    tls_trouble set_resumption();
    tls_trouble open_key_log();

    tls_options  options_;
    tls_role     role_;
    context_ptr  native_;
    tls_sessions sessions_;
    int          key_log_ = -1;
};

/// What belongs to one connection and is asked for from inside OpenSSL.
struct tls_connection {
    tls_context*             context = nullptr;
    std::string              name{};                               // the name, or address, that is verified; for a server empty
    std::vector<std::string> alpn{};
    std::string              place{};                              // the key of its session; empty: none is kept
    std::string              psk_identity{};
    tls_trouble              trouble{};                            // found in a callback, more to the point than OpenSSL's own error
    unsigned                 idle_messages = 0;                    // that came since the last data
};

inline tls_connection& connection_of(SSL const* ssl) noexcept { return *static_cast<tls_connection*>(SSL_get_app_data(ssl)); }

/// The way from the options to what was made of them.
class tls_access {
public:
    static std::shared_ptr<tls_context> context_of(tls_options const& options, tls_role role, tls_trouble& trouble);
    /// A copy that shares nothing: kept in a context it would otherwise keep itself alive.
    static tls_options                  bare(tls_options options);
};

// ---- tls_files.cpp ------------------------------------------------------------------------------------------------------------------

tls_trouble load_issuers(SSL_CTX* into, tls_options const& options);
tls_trouble load_revocations(SSL_CTX* into, tls_options const& options);
/// Our certificate with its chain, and our key.
tls_trouble load_identity(SSL_CTX* into, tls_options const& options);

} // namespace aldis::transport
