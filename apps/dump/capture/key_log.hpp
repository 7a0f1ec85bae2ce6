// Secrets of TLS sessions, in the format of SSLKEYLOGFILE: lines of label, client random and secret.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

enum class tls_secret : std::uint8_t { master, client_handshake, server_handshake, client_traffic, server_traffic };
inline constexpr std::size_t tls_secret_count = 5;

using tls_random = std::array<std::byte, 32>;

class key_log {
public:
    static constexpr std::size_t max_sessions = 1'000'000;         // of a file that the user chose
    static constexpr std::size_t max_embedded = 16'384;            // of what a capture brings with it

    using secrets = std::array<byte_buffer, tls_secret_count>;

    key_log() = default;
    /// Reads `path`; more is read from it when a session is not found. Throws input_error when it cannot be read. Empty: none.
    explicit key_log(std::string path);

    /// Adds the lines of `text`; others than those of known labels are passed over.
    void add(std::string_view text, std::size_t most = max_embedded);
    /// What is known of a session; null when it is nothing. Lives until the next call.
    secrets const* find(tls_random const& client);

    bool empty() const noexcept { return sessions_.empty(); }
    bool has_file() const noexcept { return !path_.empty(); }

private:
    void read_more(bool must_be_there);
    void add_line(std::string_view line, std::size_t most);

    std::string                   path_{};
    std::uint64_t                 read_ = 0;                       // bytes of the file, up to the end of a line
    std::map<tls_random, secrets> sessions_{};
};

} // namespace aldis::app::dump
