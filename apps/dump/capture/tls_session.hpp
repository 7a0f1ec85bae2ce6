// A TLS connection, decrypted where its keys are known: records, handshake, key changes. TLS 1.2 (RFC 5246) and 1.3 (RFC 8446).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "key_log.hpp"
#include "protocol_stack.hpp"
#include "tls_crypto.hpp"
#include "tls_suite.hpp"

namespace aldis::app::dump {

/// Handshake messages, put together from records; only those that matter are kept.
class handshake_reader {
public:
    static constexpr std::size_t max_message = 64U << 10;

    /// Calls on(type, body) for each message that became whole; body is empty for those that are not kept.
    template <class On>
    void feed(bytes_view data, On on) {
        while (!data.empty()) {
            if (!take(data)) return;
            auto const type = std::to_integer<std::uint8_t>(head_[0]);
            auto const body = std::move(body_);
            clear();
            on(type, bytes_view{body});
        }
    }
    void clear() noexcept {
        head_size_ = 0;
        body_.clear();
        left_ = 0;
    }

private:
    bool take(bytes_view& data);

    std::array<std::byte, 4> head_{};
    std::size_t              head_size_ = 0;
    std::size_t              left_ = 0;
    byte_buffer              body_{};
};

class tls_session {
public:
    tls_session();
    ~tls_session();

    /// Whether a connection that begins with these bytes speaks TLS; nothing: more bytes are needed.
    static std::optional<bool> is_tls(bytes_view data, bool from_start) noexcept;

    void bytes(place const& at, bytes_view data);
    void gap(place const& at, std::uint64_t size);
    void end(place const& at);

private:
    enum class epoch : std::uint8_t { clear, handshake, application };

    struct direction {
        epoch                                       now = epoch::clear;
        bool                                        may_be_early = false;  // 0-RTT data comes before what can be read
        bool                                        is_lost = false;       // where the next record begins is not known
        bool                                        is_unsure = false;     // records are missing: so are sequence numbers
        std::uint64_t                               skip = 0;              // the rest of a record of which bytes are missing
        std::uint64_t                               seq = 0;
        std::unique_ptr<sealed_reader>              key{};
        std::array<std::byte, nonce_size>           iv{};
        byte_buffer                                 secret{};              // of 1.3
        byte_buffer                                 record{};              // as far as it came
        budget_share                                share{};
        handshake_reader                            messages{};
    };

    bytes_view take_record(place const& at, direction& d, bytes_view data);
    bytes_view find_record(direction& d, bytes_view data) const noexcept;
    void       record(place const& at, direction& d, bytes_view whole);
    void       clear_record(place const& at, direction& d, std::uint8_t type, bytes_view body);
    void       sealed_record(place const& at, direction& d, bytes_view whole);
    bool       open(direction& d, std::uint64_t seq, bytes_view whole, byte_buffer& plain);
    bool       open_near(direction& d, bytes_view whole, byte_buffer& plain);
    void       content(place const& at, direction& d, std::uint8_t type, bytes_view data);
    void       message(place const& at, direction& d, std::uint8_t type, bytes_view body);
    void       client_hello(place const& at, bytes_view body);
    void       server_hello(place const& at, bytes_view body);
    void       agree(place const& at, std::uint16_t version, std::uint16_t suite);
    void       keys_12(bytes_view master);
    void       use_secret(direction& d, bytes_view secret);
    void       finished(place const& at, direction& d);
    void       give_up(place const& at, std::string const& why);

    bool                             is_over_ = false;
    bool                             has_client_ = false;
    unsigned                         client_ = 0;
    bool                             is_13_ = false;
    tls_suite const*                 suite_ = nullptr;
    tls_random                       client_random_{};
    tls_random                       server_random_{};
    std::array<byte_buffer, 2>       traffic_secrets_{};           // of 1.3, by direction
    std::array<direction, 2>         directions_{};
    std::unique_ptr<protocol_stack>  inside_;
};

} // namespace aldis::app::dump
