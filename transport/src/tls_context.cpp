// From options to native contexts: versions, ciphers, verification, keys, sessions, the key log.
#include "tls_context.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tls_verify.hpp"

namespace aldis::transport {
namespace {

constexpr std::size_t max_psk_identity = 256;                      // what OpenSSL takes
constexpr std::size_t max_psk_key = 512;

tls_trouble bad_option(std::string story) { return {errc::tls_bad_option, std::move(story)}; }

int native_version(tls_version version) noexcept { return version == tls_version::v1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

bool is_psk_sound(std::string_view identity, std::string_view key) noexcept {
    return identity.size() <= max_psk_identity && identity.find('\0') == std::string_view::npos && !key.empty() && key.size() <= max_psk_key;
}

bool is_alpn_sound(std::vector<std::string> const& protocols) noexcept {
    std::size_t size = 0;
    for (auto const& each : protocols) {
        if (each.empty() || each.size() > 255) return false;
        size += each.size() + 1;
    }
    return size <= 0xFFFF;
}

// ---- called by OpenSSL --------------------------------------------------------------------------------------------------------------

tls_context& context_of(SSL const* ssl) noexcept { return *connection_of(ssl).context; }

void on_key_log(SSL const* ssl, char const* line) { context_of(ssl).log_key(line); }

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto& connection = connection_of(ssl);
    if (connection.place.empty()) return 0;
    connection.context->sessions().keep(connection.place, session_ptr(session));
    return 1;                                                      // it is ours now
}

// Messages after the handshake that carry no data: a peer could keep us busy with nothing else.
void on_message(int is_ours, int, int content, void const*, std::size_t, SSL* ssl, void*) {
    if (is_ours == 0 && content == SSL3_RT_HANDSHAKE) ++connection_of(ssl).idle_messages;
}

bool is_offered(std::string const& protocol, unsigned char const* offered, unsigned size) noexcept {
    for (unsigned at = 0; at < size; at += offered[at] + 1U) {
        std::string_view const each(reinterpret_cast<char const*>(offered) + at + 1, offered[at]);
        if (each == protocol) return true;
    }
    return false;
}

std::string list_protocols(unsigned char const* offered, unsigned size) {
    std::string out;
    for (unsigned at = 0; at < size && out.size() < 100; at += offered[at] + 1U) {
        if (!out.empty()) out += ", ";
        out += printable({reinterpret_cast<char const*>(offered) + at + 1, offered[at]}, 40);
    }
    return out;
}

int on_protocols_offered(SSL* ssl, unsigned char const** out, unsigned char* out_size, unsigned char const* offered, unsigned size, void*) {
    auto& connection = connection_of(ssl);
    if (connection.alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
    for (auto const& each : connection.alpn)
        if (is_offered(each, offered, size)) {
            *out = reinterpret_cast<unsigned char const*>(each.data());
            *out_size = static_cast<unsigned char>(each.size());
            return SSL_TLSEXT_ERR_OK;
        }
    connection.trouble = {errc::tls_no_common_ground, "the client offers only other protocols (ALPN): " + list_protocols(offered, size)};
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

unsigned on_psk_wanted(SSL* ssl, char const*, char* identity, unsigned identity_room, unsigned char* key, unsigned key_room) {
    auto const& options = context_of(ssl).options();
    if (options.psk_identity().size() >= identity_room || options.psk_key().size() > key_room) return 0;
    std::memcpy(identity, options.psk_identity().c_str(), options.psk_identity().size() + 1);
    std::memcpy(key, options.psk_key().data(), options.psk_key().size());
    return static_cast<unsigned>(options.psk_key().size());
}

std::optional<std::string> find_psk(tls_options const& options, std::string_view identity) {
    if (options.psk_lookup()) return options.psk_lookup()(identity);
    if (identity == options.psk_identity()) return options.psk_key();
    return {};
}

unsigned on_psk_shown(SSL* ssl, char const* identity, unsigned char* key, unsigned key_room) {
    auto&                  connection = connection_of(ssl);
    std::string_view const name(identity ? identity : "");
    auto                   found = find_psk(connection.context->options(), name);
    if (!found || !is_psk_sound(name, *found) || found->size() > key_room) {
        connection.trouble = {errc::tls_no_common_ground, "no pre-shared key is known for the client's identity \"" + printable(name, 80) + '"'};
        return 0;
    }
    connection.trouble = {};
    connection.psk_identity = name;
    std::memcpy(key, found->data(), found->size());
    auto const size = static_cast<unsigned>(found->size());
    OPENSSL_cleanse(found->data(), found->size());
    return size;
}

} // namespace

// ---- sessions -----------------------------------------------------------------------------------------------------------------------

void tls_sessions::keep(std::string const& place, session_ptr fresh) {
    std::lock_guard const lock(mutex_);
    if (kept_.size() >= max_places && !kept_.contains(place)) kept_.erase(kept_.begin());
    kept_[place] = std::move(fresh);
}

session_ptr tls_sessions::next(std::string const& place) {
    std::lock_guard const lock(mutex_);
    auto const            found = kept_.find(place);
    if (found == kept_.end()) return {};
    auto out = std::move(found->second);
    if (SSL_SESSION_get_protocol_version(out.get()) >= TLS1_3_VERSION) {
        kept_.erase(found);
        return out;
    }
    SSL_SESSION_up_ref(out.get());
    found->second.reset(out.get());
    return out;
}

// ---- the context --------------------------------------------------------------------------------------------------------------------

tls_context::tls_context(tls_options const& options, tls_role role, tls_trouble& trouble)
    : options_(tls_access::bare(options)), role_(role), native_(SSL_CTX_new(role == tls_role::client ? TLS_client_method() : TLS_server_method())) {
    static constexpr step steps[] = {&tls_context::check,         &tls_context::set_protocol, &tls_context::set_issuers,    &tls_context::set_revocations,
                                     &tls_context::set_identity, &tls_context::set_psk,      &tls_context::set_resumption, &tls_context::open_key_log};
    ERR_clear_error();
    if (!native_) trouble = {errc::tls_failed, "OpenSSL cannot be used"};
    for (auto const each : steps)
        if (!trouble) trouble = (this->*each)();
    if (!trouble && options_.native()) options_.native()(native_.get());
    ERR_clear_error();
}

tls_context::~tls_context() {
    if (key_log_ >= 0) ::close(key_log_);
}

bool tls_context::has_psk() const noexcept { return !options_.psk_key().empty() || (role_ == tls_role::server && options_.psk_lookup()); }

bool tls_context::has_issuers() const noexcept {
    return !options_.ca_file().empty() || !options_.ca_directory().empty() || !options_.ca_text().empty() || options_.system_store().value_or(false);
}

void tls_context::log_key(char const* line) const noexcept {
    if (key_log_ < 0) return;
    try {
        auto const text = std::string(line) + '\n';
        // In one piece: other processes may append to the same file.
        [[maybe_unused]] auto const written = ::write(key_log_, text.data(), text.size());
    } catch (std::bad_alloc const&) {
    }
}

tls_trouble tls_context::check() {
    if (options_.lowest() > options_.highest()) return bad_option("the lowest TLS version is above the highest");
    if (options_.alpn() && !is_alpn_sound(*options_.alpn())) return bad_option("a protocol name (ALPN) must have 1 to 255 bytes");
    if (!options_.psk_key().empty() || !options_.psk_identity().empty())
        if (!is_psk_sound(options_.psk_identity(), options_.psk_key()))
            return bad_option("a pre-shared key needs an identity of at most 256 bytes and a key of 1 to 512 bytes");
    if (!options_.certificate_file().empty() && !options_.certificate_text().empty()) return bad_option("the certificate is given as a file and as a text");
    if (!options_.key_file().empty() && !options_.key_text().empty()) return bad_option("the key is given as a file and as a text");
    if (role_ == tls_role::client) return {};
    bool const has_certificate = !options_.certificate_file().empty() || !options_.certificate_text().empty();
    if (!has_certificate && !has_psk()) return bad_option("a TLS listener needs a certificate with its key, or a pre-shared key");
    if (options_.client_certificate() != tls_client_certificate::none && !has_issuers())
        return bad_option("certificates of clients cannot be checked: name their issuers with ca_file");
    return {};
}

tls_trouble tls_context::set_protocol() {
    auto* const ctx = native_.get();
    SSL_CTX_set_min_proto_version(ctx, native_version(options_.lowest()));
    SSL_CTX_set_max_proto_version(ctx, native_version(options_.highest()));
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_msg_callback(ctx, on_message);
    SSL_CTX_set_alpn_select_cb(ctx, on_protocols_offered, nullptr);
    // With a pre-shared key alone there is nothing to check a certificate against, so none is asked for.
    bool const is_psk_only = has_psk() && !has_issuers() && options_.certificate_file().empty() && options_.certificate_text().empty();
    auto       list = options_.ciphers().empty() && is_psk_only ? std::string("PSK") : options_.ciphers();
    // Neither without authentication nor without encryption, whatever the list says.
    if (!list.empty() && SSL_CTX_set_cipher_list(ctx, (list + ":!aNULL:!eNULL").c_str()) != 1)
        return bad_option("no cipher is known of the list \"" + printable(list, 100) + '"');
    if (!options_.suites().empty() && SSL_CTX_set_ciphersuites(ctx, options_.suites().c_str()) != 1)
        return bad_option("a cipher suite is not known of the list \"" + printable(options_.suites(), 100) + '"');
    return {};
}

tls_trouble tls_context::set_issuers() {
    int mode = SSL_VERIFY_PEER;
    if (role_ == tls_role::client && options_.verification() == tls_verification::insecure_accept_anyone) mode = SSL_VERIFY_NONE;
    if (role_ == tls_role::server && options_.client_certificate() == tls_client_certificate::none) mode = SSL_VERIFY_NONE;
    if (role_ == tls_role::server && options_.client_certificate() == tls_client_certificate::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(native_.get(), mode, judge_certificate);
    // What was named must be there, even where it is not used.
    if (role_ == tls_role::server && mode == SSL_VERIFY_NONE && !has_issuers()) return {};
    return load_issuers(native_.get(), options_);
}

tls_trouble tls_context::set_revocations() { return load_revocations(native_.get(), options_); }

tls_trouble tls_context::set_identity() { return load_identity(native_.get(), options_); }

// The callbacks of TLS 1.2 serve 1.3 as well: an external key with AES-128-GCM and SHA-256.
tls_trouble tls_context::set_psk() {
    if (!has_psk()) return {};
    if (role_ == tls_role::client) SSL_CTX_set_psk_client_callback(native_.get(), on_psk_wanted);
    else SSL_CTX_set_psk_server_callback(native_.get(), on_psk_shown);
    return {};
}

tls_trouble tls_context::set_resumption() {
    auto* const ctx = native_.get();
    // A pre-shared key is resumption enough, and a ticket would be taken for one.
    bool const is_on = options_.resumption() && !has_psk();
    if (role_ == tls_role::client) {
        SSL_CTX_set_session_cache_mode(ctx, is_on ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE : SSL_SESS_CACHE_OFF);
        SSL_CTX_sess_set_new_cb(ctx, on_new_session);
        return {};
    }
    static constexpr unsigned char name[] = "aldis";
    SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);       // tickets are kept by the clients
    if (is_on) return {};
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    return {};
}

tls_trouble tls_context::open_key_log() {
    auto const& path = options_.key_log_file();
    if (path.empty()) return {};
    key_log_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (key_log_ < 0) return {errc::tls_bad_key_log, printable(path, 200) + ": " + std::strerror(errno)};
    struct stat info {};
    if (::fstat(key_log_, &info) != 0 || !S_ISREG(info.st_mode)) return {errc::tls_bad_key_log, printable(path, 200) + ": not a regular file"};
    SSL_CTX_set_keylog_callback(native_.get(), on_key_log);
    return {};
}

// ---- what the options hold ----------------------------------------------------------------------------------------------------------

struct tls_options::made {
    std::mutex                   mutex{};
    std::shared_ptr<tls_context> contexts[2]{};                    // by role
};

std::shared_ptr<tls_options::made> tls_options::hold_nothing() { return std::make_shared<made>(); }

std::shared_ptr<tls_context> tls_access::context_of(tls_options const& options, tls_role role, tls_trouble& trouble) {
    auto const            held = options.made_ ? options.made_ : tls_options::hold_nothing();
    std::lock_guard const lock(held->mutex);
    auto&                 place = held->contexts[static_cast<std::size_t>(role)];
    if (place) return place;
    // What failed is not kept: the next attempt reads it again, and fails or not by what it finds.
    auto fresh = std::make_shared<tls_context>(options, role, trouble);
    if (!trouble) place = fresh;
    return trouble ? nullptr : fresh;
}

tls_options tls_access::bare(tls_options options) {
    options.made_.reset();
    return options;
}

} // namespace aldis::transport
